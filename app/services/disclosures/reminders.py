"""What time does to reviews: the reviewers are reminded before and after the deadline, then their town is
told. Run by the scheduler; each step happens once for a review, however often it runs."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Disclosure
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services.actors import System
from app.services.disclosures.review import reviewers, tell
from app.services.disclosures.states import record

BATCH = 200
ACTING = System("disclosures.remind")


class Step(enum.IntEnum):
    """SOON 快到期, to the reviewers; LATE 已超期, to them again; TOWN 超期报镇街."""

    SOON = 1
    LATE = 2
    TOWN = 3


# How long before (negative) or after the deadline each step is taken: ordinary items, urgent notices.
AFTER = {
    Step.SOON: (timedelta(days=-1), timedelta(minutes=-30)),
    Step.LATE: (timedelta(), timedelta()),
    Step.TOWN: (timedelta(days=1), timedelta(minutes=30)),
}
TASKS = {Step.SOON: "审核快到期", Step.LATE: "审核已超期", Step.TOWN: "辖区村审核超期"}


def remind(session: Session) -> int:
    """Take the next step for reviews that are due for one; how many. Those who decide are not held up: an
    item that is locked is left for the next run."""
    now = clock.now()
    waiting = session.scalars(
        select(Disclosure)
        .where(
            Disclosure.review_due_at.is_not(None),
            or_(
                Disclosure.state == DisclosureState.SUBMITTED,
                Disclosure.proposed_state == DisclosureState.SUBMITTED,
            ),
            or_(*(_due_for(step, now) for step in Step)),
        )
        .order_by(Disclosure.review_due_at, Disclosure.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for disclosure in waiting:
        _remind(session, disclosure, now)
    return len(waiting)


def _due_for(step: Step, now: datetime) -> ColumnElement[bool]:
    ordinary, urgent = AFTER[step]
    is_urgent = Disclosure.kind == DisclosureKind.URGENT_NOTICE
    return and_(
        Disclosure.review_reminders < step,
        or_(
            and_(~is_urgent, Disclosure.review_due_at <= now - ordinary),
            and_(is_urgent, Disclosure.review_due_at <= now - urgent),
        ),
    )


def _remind(session: Session, disclosure: Disclosure, now: datetime) -> None:
    """The furthest step that is due; those before it would come too late to be of use, except that the
    reviewers always hear of it before their town does."""
    urgent = disclosure.kind == DisclosureKind.URGENT_NOTICE
    assert disclosure.review_due_at is not None
    late = now - disclosure.review_due_at
    reached = max(step for step in Step if AFTER[step][urgent] <= late)
    mark = f"{disclosure.review_due_at.isoformat()}"
    if disclosure.review_reminders < Step.LATE <= reached:
        tell(session, disclosure, reviewers(session, disclosure), task=TASKS[Step.LATE], mark=mark)
    elif reached == Step.SOON:
        tell(session, disclosure, reviewers(session, disclosure), task=TASKS[Step.SOON], mark=mark)
    if reached == Step.TOWN:
        whom = reviewers(session, disclosure, of_town=True)
        tell(session, disclosure, whom, task=TASKS[Step.TOWN], mark=mark)
    disclosure.review_reminders = reached
    record(session, ACTING, "review_reminded", disclosure, step=int(reached))
