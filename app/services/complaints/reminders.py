"""What nobody rated is closed when its time is over (待评价); it stays "not rated". What nobody accepted or
answered climbs the `ladder`."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Complaint
from app.models.complaints import ComplaintState
from app.services.actors import System
from app.services.complaints import feedback

RATING_WINDOW = timedelta(days=15)
BATCH = 500
ACTING = System("complaints.remind")


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
