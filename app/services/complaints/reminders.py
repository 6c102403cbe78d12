"""What time does to complaints: reminders, escalation of what nobody accepted or answered, closing of what
nobody rated. Run by the scheduler; each step happens once, oldest first, in batches."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Assignment, Complaint
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintState, EventKind
from app.models.delivery import MessageKind
from app.services.actors import System
from app.services.complaints import feedback, routing, timeline

RATING_WINDOW = timedelta(days=15)
BATCH = 500
ACTING = System("complaints.remind")


def remind(session: Session) -> int:
    """Escalate what is overdue at the village or town, remind the county's officer; returns how many.

    Overdue is: not accepted by `accept_at`, or not answered by `finish_at`. Each climbs one level a day:
    escalating sets `remind_at` a day ahead, and until then later runs leave the complaint alone."""
    now = clock.now()
    overdue = session.scalars(
        select(Complaint)
        .where(
            or_(
                (Complaint.state == ComplaintState.FILED) & (Complaint.accept_at < now),
                Complaint.state.in_([ComplaintState.FILED, ComplaintState.ACCEPTED])
                & (Complaint.finish_at < now),
            ),
            or_(Complaint.remind_at.is_(None), Complaint.remind_at < now),
        )
        .order_by(Complaint.finish_at, Complaint.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for complaint in overdue:
        _escalate(session, complaint)
    return len(overdue)


def _escalate(session: Session, complaint: Complaint) -> None:
    late = "逾期未受理" if complaint.state == ComplaintState.FILED else "逾期未办结"
    complaint.remind_at = clock.now() + timedelta(days=1)
    if complaint.level != Level.COUNTY:
        timeline.add(
            session, complaint, EventKind.ESCALATED, acting=ACTING, who="系统", text=f"{late}，转上一级督办。"
        )
        routing.assign(session, complaint, acting=ACTING, level=routing.above(complaint.level))
        return
    timeline.add(session, complaint, EventKind.REMINDED, acting=ACTING, who="系统", text=late, visible=False)
    holder = session.scalar(
        select(Assignment.officer_id).where(
            Assignment.complaint_id == complaint.id, Assignment.until.is_(None)
        )
    )
    if holder:
        timeline.tell_officer(
            session,
            complaint,
            holder,
            key=f"overdue:{clock.today()}",
            kind=MessageKind.COMPLAINT_OVERDUE,
            overdue=late,
        )


def close_unrated(session: Session) -> int:
    """Close what was answered and not rated within 15 days. It stays "not rated", never "satisfied"."""
    answered = session.scalars(
        select(Complaint)
        .where(
            Complaint.state == ComplaintState.ANSWERED,
            Complaint.answered_at < clock.now() - RATING_WINDOW,
        )
        .order_by(Complaint.answered_at, Complaint.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for complaint in answered:
        feedback.close(session, complaint, acting=ACTING, text="15 天内未评价，诉求办结（未评价）。")
    return len(answered)
