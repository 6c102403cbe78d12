"""The office's steps: accept, answer, note. Each takes the version that the officer saw, so that two
people at once get a clear refusal instead of a lost update."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import Assignment, Complaint, Organisation
from app.models.complaints import ComplaintState, EventKind
from app.models.disclosures import AttachmentOwner
from app.services import access, attachments
from app.services.actors import Actor, Officer
from app.services.complaints import timeline

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
    complaint, officer = _in_hand(session, acting, complaint_id, version)
    move(complaint, ComplaintState.ACCEPTED)
    complaint.accepted_at = timeline.moment(complaint)
    event = timeline.add(
        session,
        complaint,
        EventKind.ACCEPTED,
        acting=acting,
        who=_office(session, complaint),
        officer_id=officer.officer_id,
        text="已受理，正在办理。",
    )
    timeline.tell_villager(session, complaint, "已受理，正在办理", event=event)
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
    """Answer the complaint (答复), with pictures: filed | accepted → answered. The villager is told.

    Raises BadInput for an empty or overlong answer."""
    complaint, officer = _in_hand(session, acting, complaint_id, version)
    text = text.strip()
    if not text:
        raise BadInput("complaint.answer_empty", "请写明办理结果再答复。", field="text")
    if len(text) > LONGEST_ANSWER:
        raise BadInput("complaint.answer_too_long", f"答复最多 {LONGEST_ANSWER} 个字。", field="text")
    move(complaint, ComplaintState.ANSWERED)
    now = timeline.moment(complaint)
    complaint.accepted_at = complaint.accepted_at or now
    complaint.answered_at = now
    complaint.first_replied_at = complaint.first_replied_at or now
    event = timeline.add(
        session,
        complaint,
        EventKind.ANSWERED,
        acting=acting,
        who=_office(session, complaint),
        officer_id=officer.officer_id,
        text=text,
    )
    attachments.adopt(
        session,
        keys=keys,
        tokens=uploads,
        owner_kind=AttachmentOwner.COMPLAINT_EVENT,
        owner_id=event.id,
        coarse=complaint.anonymous,
        official=True,
    )
    timeline.tell_villager(session, complaint, "已答复，请您评价", event=event)
    return complaint


def note(session: Session, *, acting: Actor, complaint_id: uuid.UUID, text: str) -> Complaint:
    """Write an internal note (内部备注): never shown to the villager, never moves a deadline."""
    complaint, officer = _in_hand(session, acting, complaint_id, None)
    if not text.strip():
        raise BadInput("complaint.note_empty", "备注不能为空。", field="text")
    timeline.add(
        session,
        complaint,
        EventKind.NOTE,
        acting=acting,
        who=officer.name,
        officer_id=officer.officer_id,
        text=text.strip()[:LONGEST_ANSWER],
        visible=False,
    )
    return complaint


def _in_hand(
    session: Session, acting: Actor, complaint_id: uuid.UUID, version: int | None
) -> tuple[Complaint, Officer]:
    complaint = access.access_complaint(session, acting, complaint_id)
    officer = access.require_handler(session, acting, complaint)
    lock(session, complaint)
    if version is not None and version != complaint.lock_version:
        raise Conflict("complaint.changed", "刚才有人处理过这件诉求，请刷新页面看清楚再办。")
    return complaint, officer


def lock(session: Session, complaint: Complaint) -> None:
    """Wait for whoever changes the complaint right now, and see what he left."""
    # Only its own row: what was loaded along with it may be missing, and cannot be locked then.
    session.refresh(complaint, with_for_update={"of": Complaint})


def _office(session: Session, complaint: Complaint) -> str:
    name = session.scalar(
        select(Organisation.name)
        .join(Assignment, Assignment.organisation_id == Organisation.id)
        .where(Assignment.complaint_id == complaint.id, Assignment.until.is_(None))
    )
    return name or "承办单位"
