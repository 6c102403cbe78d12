"""The complainant's steps: add something, rate the answer. Only he may rate; silence is not satisfaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock, ids
from app.core.errors import BadInput, Conflict, NotFound
from app.core.keys import Keys
from app.models import Complaint, ComplaintClass, Rating
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintState, EventKind, Outcome, Satisfaction
from app.models.delivery import MessageKind
from app.models.disclosures import AttachmentOwner
from app.services import access, attachments, calendar
from app.services.actors import Actor, Visitor
from app.services.complaints import colours, deadlines, ladder, routing, subjects, timeline
from app.services.complaints.filing import LONGEST
from app.services.complaints.handling import lock, move

REOPENINGS = 1
SATISFACTION_NAMES = {
    Satisfaction.SATISFIED: "满意",
    Satisfaction.PARTLY: "基本满意",
    Satisfaction.UNSATISFIED: "不满意",
}
LONGEST_REASON = 500


def by_receipt(session: Session, *, keys: Keys, typed: str) -> Complaint:
    """The complaint of a receipt, anonymous or registered by an officer. Wrong, expired and unknown ones
    answer alike (NotFound) and cost the same work: one digest and one look-up."""
    digits = ids.receipt_digits(typed) or "0" * ids.RECEIPT_DIGITS
    found = session.scalar(select(Complaint).where(Complaint.receipt_digest == keys.receipt_digest(digits)))
    if found is None:
        raise NotFound("receipt.not_found", "没有查到。请核对 16 位查询码后再试。")
    return found


def own(session: Session, *, acting: Actor, complaint: Complaint) -> Complaint:
    """The complaint, if the actor filed it; a visitor proves that by having found it by its receipt."""
    if isinstance(acting, Visitor) and complaint.receipt_digest is not None:
        return complaint
    access.require_villager(acting)
    return access.access_complaint(session, acting, complaint.id)


def add(
    session: Session,
    *,
    acting: Actor,
    complaint: Complaint,
    text: str,
    keys: Keys,
    uploads: Sequence[str] = (),
    content_check: str | None = None,
) -> Complaint:
    """Add words or pictures to one's own open complaint (补充). It moves no deadline.
    `content_check` is what the platform thought of the text, where it was asked.

    Raises Conflict when it is closed, BadInput when there is nothing to add."""
    own(session, acting=acting, complaint=complaint)
    lock(session, complaint)
    if complaint.state == ComplaintState.CLOSED:
        raise Conflict("complaint.closed", "这件诉求已经办结；有新的情况，请另提一件。")
    if not text.strip() and not uploads:
        raise BadInput("complaint.addition_empty", "请写几句话或添加图片。", field="text")
    subjects.recuse(session, complaint, text, acting=acting)
    noted: dict[str, Any] = {"content_check": content_check} if content_check else {}
    event = timeline.add(
        session, complaint, EventKind.ADDED, acting=acting, who="村民", text=text.strip()[:LONGEST], **noted
    )
    attachments.adopt(
        session,
        keys=keys,
        tokens=uploads,
        owner_kind=AttachmentOwner.COMPLAINT_EVENT,
        owner_id=event.id,
        coarse=complaint.anonymous,
    )
    return complaint


def chosen(satisfaction: Satisfaction | None) -> Satisfaction:
    """The choice of a rating form. Raises BadInput when none was made: silence is not satisfaction."""
    if satisfaction is None:
        raise BadInput("complaint.rating_missing", "请先选择满意、基本满意或不满意。", field="satisfaction")
    return satisfaction


def rate(
    session: Session,
    *,
    acting: Actor,
    complaint: Complaint,
    satisfaction: Satisfaction,
    reason: str = "",
) -> Complaint:
    """Rate the answer (评价): answered → closed; the first "unsatisfied" reopens it one level up instead.

    Raises Conflict unless it is answered and not yet rated in this round."""
    own(session, acting=acting, complaint=complaint)
    lock(session, complaint)
    if complaint.state != ComplaintState.ANSWERED:
        raise Conflict(
            "complaint.not_answered", "还没有答复，或已经评价过，现在不能评价。", state=complaint.state
        )
    reason = reason.strip()[:LONGEST_REASON]
    subjects.recuse(session, complaint, reason, acting=acting)
    session.add(
        Rating(
            id=uuid.uuid4(),
            complaint_id=complaint.id,
            round=complaint.reopened + 1,
            satisfaction=satisfaction,
            reason=reason,
            at=timeline.moment(complaint),
        )
    )
    complaint.unsatisfied += satisfaction == Satisfaction.UNSATISFIED
    words = SATISFACTION_NAMES[satisfaction] + (f"：{reason}" if reason else "")
    timeline.add(session, complaint, EventKind.RATED, acting=acting, who="村民", text=f"评价为{words}")
    if satisfaction == Satisfaction.UNSATISFIED and complaint.reopened < REOPENINGS:
        _reopen(session, complaint, acting=acting)
    else:
        close(session, complaint, acting=acting, text="诉求已办结。")
        if complaint.unsatisfied >= colours.UNSATISFIED:
            _tell_county(session, complaint)
    return complaint


def _tell_county(session: Session, complaint: Complaint) -> None:
    """Twice unsatisfied: it stays red, and the county is told (督办)."""
    _, _, officer = routing.desk(session, complaint, Level.COUNTY)
    if officer is not None:
        timeline.tell_officer(
            session,
            complaint,
            officer.id,
            key="unsatisfied",
            kind=MessageKind.COMPLAINT_OVERDUE,
            overdue="两次评价不满意",
        )


def withdraw(session: Session, *, acting: Actor, complaint: Complaint) -> Complaint:
    """Take it back (撤回): filed | accepted → closed, outcome withdrawn. The handler is told by the timeline.

    Raises Conflict when it is answered or closed already."""
    own(session, acting=acting, complaint=complaint)
    lock(session, complaint)
    if complaint.state not in deadlines.OPEN:
        raise Conflict("complaint.not_open", "这件诉求已经答复或办结，不用撤回了。", state=complaint.state)
    complaint.state, complaint.outcome = ComplaintState.CLOSED, Outcome.WITHDRAWN
    complaint.closed_at = timeline.moment(complaint)
    ladder.start(session, complaint)
    timeline.add(session, complaint, EventKind.WITHDRAWN, acting=acting, who="村民", text="村民撤回了诉求。")
    return complaint


def close(session: Session, complaint: Complaint, *, acting: Actor, text: str) -> None:
    """answered → closed."""
    move(complaint, ComplaintState.CLOSED)
    complaint.closed_at = timeline.moment(complaint)
    ladder.start(session, complaint)
    timeline.add(session, complaint, EventKind.CLOSED, acting=acting, who="系统", text=text)


def _reopen(session: Session, complaint: Complaint, *, acting: Actor) -> None:
    move(complaint, ComplaintState.FILED)
    complaint.reopened += 1
    complaint.accepted_at = complaint.answered_at = complaint.outcome = complaint.merged_into_id = None
    grade = session.get_one(ComplaintClass, complaint.class_code)
    deadlines.start(complaint, grade, calendar.load(session), clock.now())
    event = timeline.add(
        session,
        complaint,
        EventKind.REOPENED,
        acting=acting,
        who="系统",
        text=f"村民不满意，重新办理，{complaint.promised_on.month}月{complaint.promised_on.day}日前答复。",
    )
    routing.assign(session, complaint, acting=acting, level=routing.above(complaint.level))
    ladder.start(session, complaint)
    timeline.tell_villager(session, complaint, "不满意，已交上一级办理", event=event)
