"""The timeline of a complaint, and the messages that go with its steps."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Complaint, ComplaintEvent, Organisation
from app.models.complaints import EventKind
from app.models.delivery import MessageClass, MessageKind
from app.services import audit, outbox
from app.services.actors import Actor

# Push texts pass through the platform and lock screens: they never say what a complaint is about.
NEUTRAL_CATEGORY = "群众诉求"


def moment(complaint: Complaint) -> datetime:
    """Now, as it may be written down for this complaint: anonymous ones keep whole days only."""
    now = clock.now()
    return clock.whole_day(now) if complaint.anonymous else now


def add(
    session: Session,
    complaint: Complaint,
    kind: EventKind,
    *,
    who: str,
    acting: Actor,
    text: str = "",
    visible: bool = True,
    officer_id: uuid.UUID | None = None,
    **data: object,
) -> ComplaintEvent:
    """Append one step and its audit row."""
    last = session.scalar(
        select(func.max(ComplaintEvent.position)).where(ComplaintEvent.complaint_id == complaint.id)
    )
    event = ComplaintEvent(
        id=uuid.uuid4(),
        complaint_id=complaint.id,
        position=(last or 0) + 1,
        kind=kind,
        at=moment(complaint),
        who=who,
        officer_id=officer_id,
        text=text,
        visible=visible,
        data=data,
    )
    session.add(event)
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=kind.value,
        noun="complaint",
        noun_id=complaint.id,
        village_id=complaint.village_id,
        at=moment(complaint) if complaint.anonymous else None,
        state=complaint.state,
        level=complaint.level,
    )
    return event


def tell_officer(
    session: Session,
    complaint: Complaint,
    officer_id: uuid.UUID,
    *,
    key: str,
    kind: MessageKind,
    overdue: str = "",
) -> None:
    """Queue a template message to the officer who has the complaint. It names the number, not the matter."""
    village = session.get_one(Organisation, complaint.village_id)
    data = {
        "number": complaint.number,
        "village": village.name,
        "category": NEUTRAL_CATEGORY,
        "filed_at": clock.spoken(complaint.filed_at),
        "deadline": clock.spoken(clock.at(complaint.promised_on, 18)),
    }
    if overdue:
        data["overdue"] = overdue
    outbox.enqueue(
        session,
        kind=kind,
        officer_id=officer_id,
        village_id=complaint.village_id,
        subject_kind="complaint",
        subject_id=str(complaint.id),
        data=data,
        path=f"/desk/complaints/{complaint.id}",
        key=f"complaint:{complaint.id}:{key}:{officer_id}",
        message_class=MessageClass.URGENT if overdue else MessageClass.ORDINARY,
        coarse=complaint.anonymous,
    )


def tell_villager(session: Session, complaint: Complaint, progress: str, *, event: ComplaintEvent) -> None:
    """Queue the news for a complainant whom we know; an anonymous one reads them with his receipt."""
    if complaint.villager_id is None:
        return
    outbox.enqueue(
        session,
        kind=MessageKind.COMPLAINT_PROGRESS,
        villager_id=complaint.villager_id,
        village_id=complaint.village_id,
        subject_kind="complaint",
        subject_id=str(complaint.id),
        data={
            "number": complaint.number,
            "progress": progress,
            "updated_at": clock.spoken(clock.now()),
        },
        path=f"/my/{complaint.number}",
        key=f"complaint:{complaint.id}:progress:{event.position}",
    )
