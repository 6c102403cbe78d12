"""Open complaints are counted anew when the calendar changes (放假安排公布后重算期限)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Complaint, ComplaintClass
from app.models.complaints import ComplaintState, EventKind
from app.services import calendar
from app.services.actors import System
from app.services.complaints import deadlines, ladder, timeline

BATCH = 500
ACTING = System("complaints.recount")


def recount(session: Session) -> int:
    """Count open complaints anew that were counted under another calendar, a batch, the earliest promise
    first; returns how many. The next step of the ladder moves along.

    Who missed nothing yet under the new calendar is on time again; what happened stays in the timeline, and
    where the promised day moves, the complainant reads it there."""
    work_days = calendar.load(session)
    rows = session.execute(
        select(Complaint, ComplaintClass)
        .join(ComplaintClass, ComplaintClass.code == Complaint.class_code)
        .where(
            Complaint.state != ComplaintState.CLOSED,  # so that the index of those not closed serves
            Complaint.state.in_(deadlines.OPEN),
            Complaint.counted_under != work_days.digest,
        )
        .order_by(Complaint.finish_at, Complaint.id)
        .limit(BATCH)
        .with_for_update(of=Complaint, skip_locked=True)
    ).all()
    for complaint, grade in rows:
        promised = complaint.promised_on
        deadlines.count(complaint, grade, work_days)
        ladder.replan(session, complaint, work_days)
        if complaint.promised_on != promised:
            timeline.add(
                session,
                complaint,
                EventKind.NOTIFIED,
                acting=ACTING,
                who="系统",
                text=f"放假安排有变，答复日期由{clock.spoken_day(promised)}"
                f"调整为{clock.spoken_day(complaint.promised_on)}。",
            )
    session.flush()
    return len(rows)
