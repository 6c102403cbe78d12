"""Due times of scheduled jobs: each is run by whoever inserts its row, once. Machinery: no audit rows.

A tick is claimed and committed before its body runs. While it runs, its row stays locked by the runner's
connection: when the process dies the database lets go, and a successor can tell "still running" from
"was interrupted" without any clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.models import JobTick

KEPT = timedelta(days=90)
OUTCOME_LIMIT = 500


def take(session: Session, *, job: str, due_at: datetime, owner: str) -> bool:
    """Claim one due time of a job; False when anybody has claimed it before."""
    added = session.execute(
        insert(JobTick)
        .values(job=job, due_at=due_at, owner=owner)
        .on_conflict_do_nothing()
        .returning(JobTick.job)
    )
    return added.first() is not None


def hold(session: Session, *, job: str, due_at: datetime, owner: str) -> bool:
    """Lock the tick for the rest of the transaction; False when it is locked, finished or another's."""
    row = session.execute(
        select(JobTick.job)
        .where(
            JobTick.job == job, JobTick.due_at == due_at, JobTick.owner == owner, JobTick.outcome.is_(None)
        )
        .with_for_update(skip_locked=True)
    )
    return row.first() is not None


def finish(session: Session, *, job: str, due_at: datetime, owner: str, outcome: str) -> bool:
    """Record how the tick ended: `ok: …` or `failed: …`. False when another took it over."""
    result = session.execute(
        update(JobTick)
        .where(
            JobTick.job == job, JobTick.due_at == due_at, JobTick.owner == owner, JobTick.outcome.is_(None)
        )
        .values(outcome=outcome[:OUTCOME_LIMIT], finished_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount == 1)


def adopt_interrupted(session: Session, *, job: str, owner: str) -> datetime | None:
    """Take over the newest tick of a job if its runner died in the middle: its due time, else None."""
    row = session.scalar(
        select(JobTick)
        .where(JobTick.job == job)
        .order_by(JobTick.due_at.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None or row.outcome is not None or row.owner == owner:
        return None
    row.owner = owner
    session.flush()
    return row.due_at


def latest(session: Session, *, job: str) -> JobTick | None:
    """The newest tick of a job."""
    return session.scalar(select(JobTick).where(JobTick.job == job).order_by(JobTick.due_at.desc()).limit(1))


def cleanup(session: Session, *, now: datetime) -> int:
    """Delete finished ticks older than 90 days; how many. The newest of each job is needed for catching up,
    and a job that did not run for 90 days starts anew. (A running one is locked by its runner.)"""
    result = session.execute(delete(JobTick).where(JobTick.due_at < now - KEPT, JobTick.outcome.is_not(None)))
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
