"""Taking work from a table: leases, fences, back-off, dead letters. For every table with `Leased` columns.

    pending ──claim──▶ claimed ──finish──▶ done | failed | unknown | waiting | skipped
       ▲                  │ lease runs out: claimed again by anybody, fence + 1, attempts + 1
       └──retry/put_back──┘

`FOR UPDATE SKIP LOCKED` lets workers pass each other; the claim is committed before the work begins, so
nothing is locked meanwhile. A result counts only if it bears the fence of the present claim: a worker that
slept through its lease cannot overwrite what its successor did. Machinery, not a use case: no audit rows.

`lease_until` of a pending row means "not before": it carries the back-off of rows whose `due_at` is kept by
whole days.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.db import database_now
from app.models.base import WorkState

LONGEST_DELAY = timedelta(minutes=30)
REASON_LIMIT = 500

_jitter = random.Random()  # noqa: S311  (spreads retries; nothing secret)


class Work(Protocol):
    """A row with the columns of `Leased` and a random key."""

    id: Any
    state: Any
    due_at: Any
    attempts: Any
    lease_owner: Any
    lease_until: Any
    fence: Any
    error_code: Any
    error_text: Any


Row = TypeVar("Row", bound=Work)


def claimable(model: type[Row], now: datetime) -> ColumnElement[bool]:
    """Due and free, or taken by somebody whose lease ran out."""
    free = or_(model.lease_until.is_(None), model.lease_until <= now)
    return and_(model.state.in_([WorkState.PENDING, WorkState.CLAIMED]), model.due_at <= now, free)


def claim(
    session: Session,
    model: type[Row],
    *,
    owner: str,
    limit: int,
    lease_seconds: float,
    now: datetime | None = None,
    where: Sequence[ColumnElement[bool]] = (),
    order: Sequence[InstrumentedAttribute[Any]] = (),
) -> list[Row]:
    """Take up to `limit` rows for `owner`, oldest due first (`order` names other columns). `now` is the
    database's clock when not given. The caller commits before it begins to work."""
    moment = now or database_now(session)
    rows = session.scalars(
        select(model)
        .where(claimable(model, moment), *where)
        .order_by(*(order or (model.due_at, model.id)))
        .limit(limit)
        .with_for_update(skip_locked=True, of=model)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.state = WorkState.CLAIMED
        row.lease_owner = owner
        row.lease_until = moment + timedelta(seconds=lease_seconds)
        row.fence += 1
        row.attempts += 1
    session.flush()
    return list(rows)


def held(session: Session, row: Work) -> bool:
    """Whether the claim is still the present one; locks the row until the end of the transaction."""
    model: Any = type(row)
    return session.scalar(select(model.id).where(*_mine(row)).with_for_update()) is not None


def extend(session: Session, row: Work, lease_seconds: float) -> bool:
    """Lengthen the lease of long work; False when the claim was lost meanwhile."""
    return note(session, row, lease_until=database_now(session) + timedelta(seconds=lease_seconds))


def finish(session: Session, row: Work, state: WorkState, **values: object) -> bool:
    """Record the end of a claim: `state` and further columns. False, and nothing is written, when the claim
    is no longer the present one."""
    kept = {"error_code": None, "error_text": None, **values}
    kept["error_text"] = _short(kept["error_text"])
    return note(session, row, state=state, lease_owner=None, lease_until=None, **kept)


def retry(
    session: Session,
    row: Work,
    *,
    error: str,
    reason: str,
    max_attempts: int,
    delay: timedelta | None = None,
    **values: object,
) -> bool:
    """Try again later: after `delay`, or 1, 2, 4, … seconds (with jitter, at most 30 minutes). After
    `max_attempts` the row becomes a dead letter that keeps the last `error` code and its `reason`."""
    if row.attempts >= max_attempts:
        text = f"试了 {row.attempts} 次都没有成功，最后一次：{reason}"
        return finish(session, row, WorkState.FAILED, error_code=error, error_text=text, **values)
    wait = delay or backoff(row.attempts)
    return put_back(session, row, wait, error=error, reason=reason, values=values)


def put_back(
    session: Session,
    row: Work,
    delay: timedelta,
    *,
    error: str | None = None,
    reason: str | None = None,
    counted: bool = True,
    values: Mapping[str, object] | None = None,
) -> bool:
    """Back to pending, not before `delay` has passed. With `counted=False` the attempt is not counted: for
    work that was not begun because something else stands in the way."""
    moment = database_now(session) + delay
    columns: dict[str, object] = {"due_at": moment, "lease_until": None}
    if getattr(row, "coarse", False):
        columns = {"lease_until": moment}
    if not counted:
        columns["attempts"] = max(row.attempts - 1, 0)
    return note(
        session,
        row,
        state=WorkState.PENDING,
        lease_owner=None,
        error_code=error,
        error_text=_short(reason),
        **columns,
        **(values or {}),
    )


def backoff(attempts: int) -> timedelta:
    """The wait after the `attempts`-th failure: 1, 2, 4, … seconds ± a quarter, at most 30 minutes."""
    seconds: float = min(2.0 ** min(max(attempts - 1, 0), 20), LONGEST_DELAY.total_seconds())
    return min(timedelta(seconds=seconds * _jitter.uniform(0.75, 1.25)), LONGEST_DELAY)


def _mine(row: Work) -> tuple[ColumnElement[bool], ...]:
    model: Any = type(row)
    return (
        model.id == row.id,
        model.fence == row.fence,
        model.lease_owner == row.lease_owner,
        model.state == WorkState.CLAIMED,
    )


def note(session: Session, row: Work, **values: object) -> bool:
    """Write columns while the claim is held; False, and nothing is written, when it was lost."""
    model: Any = type(row)
    result = session.execute(
        update(model).where(*_mine(row)).values(**values).execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount == 1)


def _short(reason: object) -> str | None:
    return str(reason)[:REASON_LIMIT] if reason is not None else None


def revive(session: Session, model: type[Row], row_id: uuid.UUID, states: Sequence[WorkState]) -> bool:
    """Make a row that came to rest in one of `states` pending again, as if it were new; False otherwise."""
    table: Any = model
    result = session.execute(
        update(table)
        .where(table.id == row_id, table.state.in_(states))
        .values(
            state=WorkState.PENDING,
            attempts=0,
            lease_owner=None,
            lease_until=None,
            error_code=None,
            error_text=None,
        )
        .execution_options(synchronize_session="fetch")
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount == 1)
