"""The office's steps: accept, ask back, answer, note, extend, reclass, send away. Each takes the version that
the officer saw, so that two people at once get a clear refusal instead of a lost update."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import Assignment, Complaint, ComplaintCategory, ComplaintClass, ComplaintEvent, Organisation
from app.models.complaints import AssignmentKind, ComplaintState, EventKind, Outcome
from app.models.disclosures import AttachmentOwner
from app.services import access_complaints, attachments, calendar
from app.services.actors import Actor, Officer
from app.services.complaints import deadlines, ladder, routing, timeline

STATE_NAMES = {
    ComplaintState.FILED: "待受理",
    ComplaintState.ACCEPTED: "办理中",
    ComplaintState.ANSWERED: "已答复",
    ComplaintState.CLOSED: "已办结",
}
TRANSITIONS: dict[ComplaintState, frozenset[ComplaintState]] = {
    ComplaintState.FILED: frozenset({ComplaintState.ACCEPTED, ComplaintState.ANSWERED}),
    ComplaintState.ACCEPTED: frozenset({ComplaintState.ANSWERED}),
    ComplaintState.ANSWERED: frozenset({ComplaintState.CLOSED, ComplaintState.FILED}),
    ComplaintState.CLOSED: frozenset(),
}
LONGEST_ANSWER = 5000
LONGEST_REASON = 500

Kind = TypeVar("Kind", ComplaintCategory, ComplaintClass)


def move(complaint: Complaint, to: ComplaintState) -> None:
    """Change the state. Raises Conflict when the present state does not allow it."""
    if to not in TRANSITIONS[complaint.state]:
        raise Conflict(
            "complaint.state_wrong",
            f"这件诉求现在是「{STATE_NAMES[complaint.state]}」，不能再做这一步。",
            state=complaint.state,
        )
    complaint.state = to


def accept(
    session: Session, *, acting: Actor, complaint_id: uuid.UUID, version: int | None = None
) -> Complaint:
    """Take the complaint in hand (受理): filed → accepted. The villager is told."""
    complaint, officer = in_hand(session, acting, complaint_id, version)
    take(session, complaint)
    _tell_accepted(session, complaint, acting, officer)
    _take_followers(session, complaint, acting, officer)
    return complaint


def _take_followers(session: Session, complaint: Complaint, acting: Actor, officer: Officer) -> None:
    """What is handled together with it is accepted with it."""
    for one in followers(session, complaint):
        if one.state == ComplaintState.FILED:
            take(session, one)
            _tell_accepted(session, one, acting, officer)


def _tell_accepted(session: Session, complaint: Complaint, acting: Actor, officer: Officer) -> None:
    event = _say(session, complaint, EventKind.ACCEPTED, acting, officer, "已受理，正在办理。")
    timeline.tell_villager(session, complaint, "已受理，正在办理", event=event)


def take(session: Session, complaint: Complaint) -> None:
    """filed → accepted, without a word."""
    move(complaint, ComplaintState.ACCEPTED)
    complaint.accepted_at = timeline.moment(complaint)
    ladder.start(session, complaint)


def ask(
    session: Session,
    *,
    acting: Actor,
    complaint_id: uuid.UUID,
    text: str,
    keys: Keys,
    uploads: Sequence[str] = (),
    version: int | None = None,
) -> Complaint:
    """Ask the complainant something (追问): it counts as the first reply, and moves no deadline. A filed one
    is accepted by it. Raises BadInput for an empty or overlong text, Conflict when it is answered or
    closed."""
    complaint, officer = in_hand(session, acting, complaint_id, version)
    words = _words(text, "complaint.question_empty", "请写明要问的事。", LONGEST_ANSWER)
    if complaint.state == ComplaintState.FILED:
        take(session, complaint)
        _take_followers(session, complaint, acting, officer)
    require_open(complaint)
    _replied(complaint)
    event = _say(session, complaint, EventKind.ASKED, acting, officer, words)
    _attach(session, keys, uploads, complaint, event)
    timeline.tell_villager(session, complaint, "承办单位想向您了解情况", event=event)
    return complaint


def answer(
    session: Session,
    *,
    acting: Actor,
    complaint_id: uuid.UUID,
    text: str,
    keys: Keys,
    uploads: Sequence[str] = (),
    version: int | None = None,
) -> Complaint:
    """Answer the complaint (答复), with pictures: filed | accepted → answered. The villager is told; so are
    those whose complaints are handled together with it (并案), and each rates for himself.

    Raises BadInput for an empty or overlong answer."""
    complaint, officer = in_hand(session, acting, complaint_id, version)
    words = _words(text, "complaint.answer_empty", "请写明办理结果再答复。", LONGEST_ANSWER)
    event = _finish(session, complaint, acting, officer, EventKind.ANSWERED, words, Outcome.ANSWERED)
    _attach(session, keys, uploads, complaint, event)
    for one in followers(session, complaint):
        _finish(session, one, acting, officer, EventKind.ANSWERED, words, Outcome.MERGED)
    return complaint


def give_back(
    session: Session,
    *,
    acting: Actor,
    complaint_id: uuid.UUID,
    reason: str,
    address: str,
    version: int | None = None,
) -> Complaint:
    """It is not a matter for this platform (不属受理范围): answered with the reason and where to turn to
    instead; filed | accepted → answered. The villager may be unsatisfied with that too.

    Raises BadInput without a reason or the right address."""
    complaint, officer = in_hand(session, acting, complaint_id, version)
    because = _words(reason, "complaint.reason_missing", "请写明为什么不属于受理范围。", LONGEST_REASON)
    where = _words(address, "complaint.address_missing", "请写明应当找哪个单位、怎么联系。", LONGEST_REASON)
    words = f"不属于本平台受理范围：{because}\n请联系：{where}"
    _finish(session, complaint, acting, officer, EventKind.RETURNED, words, Outcome.RETURNED)
    return complaint


def _finish(
    session: Session,
    complaint: Complaint,
    acting: Actor,
    officer: Officer,
    kind: EventKind,
    words: str,
    outcome: Outcome,
) -> ComplaintEvent:
    move(complaint, ComplaintState.ANSWERED)
    now = timeline.moment(complaint)
    complaint.accepted_at = complaint.accepted_at or now
    complaint.answered_at = now
    complaint.outcome = outcome
    _replied(complaint)
    ladder.start(session, complaint)
    event = _say(session, complaint, kind, acting, officer, words)
    timeline.tell_villager(session, complaint, "已答复，请您评价", event=event)
    return event


def note(session: Session, *, acting: Actor, complaint_id: uuid.UUID, text: str) -> Complaint:
    """Write an internal note (内部备注), also as an office that was asked to join: never shown to the
    villager, never moves a deadline."""
    complaint, officer = in_hand(session, acting, complaint_id, None, joint=True)
    words = _words(text, "complaint.note_empty", "备注不能为空。", LONGEST_ANSWER)
    timeline.add(
        session,
        complaint,
        EventKind.NOTE,
        acting=acting,
        who=officer.name,
        officer_id=officer.officer_id,
        text=words,
        visible=False,
    )
    return complaint


def extend(
    session: Session, *, acting: Actor, complaint_id: uuid.UUID, reason: str, version: int | None = None
) -> Complaint:
    """Promise a later day, with a reason that the complainant reads (延期): accepted stays accepted; as many
    times as the class allows, by its work days each, and only before the promised day is over.

    Raises BadInput without a reason, Conflict after the last extension, when it is late, or not accepted."""
    complaint, officer = in_hand(session, acting, complaint_id, version)
    because = _words(reason, "complaint.reason_missing", "请写明延期的原因，村民会看到。", LONGEST_REASON)
    grade = session.get_one(ComplaintClass, complaint.class_code)
    if complaint.state != ComplaintState.ACCEPTED:
        raise Conflict("complaint.not_accepted", "受理以后、答复以前才能延期。", state=complaint.state)
    if complaint.extensions >= grade.extensions_most:
        raise Conflict(
            "complaint.extensions_used", f"最多延期 {grade.extensions_most} 次，已经用完，请尽快答复。"
        )
    if complaint.finish_at < clock.now():
        raise Conflict("complaint.extend_late", "已经超过答应的日期，不能再延期，请尽快答复。")
    complaint.extensions += 1
    complaint.extended_days += grade.extension_days
    deadlines.count(complaint, grade, calendar.load(session))
    ladder.start(session, complaint)
    text = f"延期办理（第 {complaint.extensions} 次）：{because}\n{_spoken(complaint.promised_on)}前答复。"
    event = _say(session, complaint, EventKind.EXTENDED, acting, officer, text)
    timeline.tell_villager(session, complaint, "已延期，请看原因", event=event)
    return complaint


def regrade(
    session: Session,
    *,
    acting: Actor,
    complaint_id: uuid.UUID,
    category_code: str | None = None,
    class_code: str | None = None,
    reason: str,
    version: int | None = None,
) -> Complaint:
    """Put it into another category or class (调整类别、分级): its deadlines are counted anew from where they
    began. What turns out to be about a cadre leaves the village.

    Raises BadInput without a reason or for an unknown category or class, Conflict when nothing changes or it
    is answered."""
    complaint, officer = in_hand(session, acting, complaint_id, version)
    because = _words(reason, "complaint.reason_missing", "请写明调整的原因。", LONGEST_REASON)
    require_open(complaint)
    category = _known(session.get(ComplaintCategory, category_code or complaint.category_code))
    by_category = category.class_code if category_code else complaint.class_code
    grade = _known(session.get(ComplaintClass, class_code or by_category))
    if (category.code, grade.code) == (complaint.category_code, complaint.class_code):
        raise Conflict("complaint.class_same", "类别和分级都没有变，不用调整。")
    complaint.category_code, complaint.class_code = category.code, grade.code
    if grade.skips_village or category.skips_village:
        complaint.publishable = False
        for one in followers(session, complaint):
            part(session, one, acting=acting)
    deadlines.count(complaint, grade, calendar.load(session))
    ladder.start(session, complaint)
    text = f"调整为「{category.name}·{grade.name}」：{because}\n{_spoken(complaint.promised_on)}前答复。"
    event = _say(session, complaint, EventKind.REGRADED, acting, officer, text)
    timeline.tell_villager(session, complaint, "类别已调整", event=event)
    least = routing.least(session, complaint)
    if routing.highest(least, complaint.level) != complaint.level:
        routing.assign(session, complaint, acting=acting, level=least)
    return complaint


def _known(found: Kind | None) -> Kind:
    if found is None:
        raise BadInput("complaint.category_unknown", "请选择一个诉求类别。", field="category")
    return found


# --- what the steps share -------------------------------------------------------------------------


def in_hand(
    session: Session,
    acting: Actor,
    complaint_id: uuid.UUID,
    version: int | None,
    *,
    joint: bool = False,
    merged: bool = False,
) -> tuple[Complaint, Officer]:
    """The complaint, locked, and the officer who handles it or, with `joint`, was asked to join. Raises
    NotFound, Forbidden, or Conflict when somebody was faster or, without `joint` or `merged`, when it is
    handled together with another."""
    complaint = access_complaints.access_complaint(session, acting, complaint_id)
    # Locked first: who waited here while it was handed over is no longer its handler.
    lock(session, complaint)
    require = access_complaints.require_party if joint else access_complaints.require_handler
    officer = require(session, acting, complaint)
    if version is not None and version != complaint.lock_version:
        raise Conflict("complaint.changed", "刚才有人处理过这件诉求，请刷新页面看清楚再办。")
    if complaint.merged_into_id is not None and not (joint or merged):
        raise Conflict("complaint.merged", "这件诉求已并案，请在主件里办理；答复会一并送给提出人。")
    return complaint, officer


def lock(session: Session, complaint: Complaint) -> None:
    """Wait for whoever changes the complaint right now, and see what he left."""
    # Only its own row: what was loaded along with it may be missing, and cannot be locked then.
    session.refresh(complaint, with_for_update={"of": Complaint})


def require_open(complaint: Complaint) -> None:
    """Raise Conflict when it is answered or closed."""
    if complaint.state not in deadlines.OPEN:
        raise Conflict(
            "complaint.state_wrong",
            f"这件诉求现在是「{STATE_NAMES[complaint.state]}」，不能再做这一步。",
            state=complaint.state,
        )


def followers(session: Session, complaint: Complaint) -> Sequence[Complaint]:
    """The open complaints that are handled together with this one (并案), locked, in a fixed order."""
    query = select(Complaint).where(
        Complaint.merged_into_id == complaint.id, Complaint.state.in_(deadlines.OPEN)
    )
    return session.scalars(query.order_by(Complaint.id).with_for_update()).all()


def part(session: Session, complaint: Complaint, *, acting: Actor) -> None:
    """Handle a merged complaint on its own again, because what it was merged with must not be read by the
    same people any more. The reason stands nowhere: it would tell them."""
    complaint.merged_into_id = None
    ladder.start(session, complaint)
    timeline.add(
        session,
        complaint,
        EventKind.MERGED,
        acting=acting,
        who="系统",
        text="改为单独办理。",
        visible=False,
    )


def _replied(complaint: Complaint) -> None:
    complaint.first_replied_at = complaint.first_replied_at or timeline.moment(complaint)


def _say(
    session: Session, complaint: Complaint, kind: EventKind, acting: Actor, officer: Officer, text: str
) -> ComplaintEvent:
    return timeline.add(
        session,
        complaint,
        kind,
        acting=acting,
        who=office_of(session, complaint),
        officer_id=officer.officer_id,
        text=text,
    )


def _attach(
    session: Session, keys: Keys, uploads: Sequence[str], complaint: Complaint, event: ComplaintEvent
) -> None:
    attachments.adopt(
        session,
        keys=keys,
        tokens=uploads,
        owner_kind=AttachmentOwner.COMPLAINT_EVENT,
        owner_id=event.id,
        coarse=complaint.anonymous,
        official=True,
    )


def _words(text: str, code: str, missing: str, longest: int) -> str:
    words = text.strip()
    if not words:
        raise BadInput(code, missing, field="text")
    if len(words) > longest:
        raise BadInput("complaint.answer_too_long", f"最多 {longest} 个字，请精简。", field="text")
    return words


def _spoken(day: date) -> str:
    return f"{day.month}月{day.day}日"


def office_of(session: Session, complaint: Complaint) -> str:
    """The name of the office that handles it."""
    main = complaint.merged_into_id or complaint.id
    name = session.scalar(
        select(Organisation.name)
        .join(Assignment, Assignment.organisation_id == Organisation.id)
        .where(
            Assignment.complaint_id == main,
            Assignment.until.is_(None),
            Assignment.kind == AssignmentKind.LEAD,
        )
    )
    return name or "承办单位"
