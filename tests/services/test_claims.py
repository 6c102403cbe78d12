"""Claims: order, leases, fences, back-off, dead letters."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database, database_now
from app.models import Export
from app.models.base import WorkState
from app.services import claims

MINUTE = timedelta(minutes=1)


def work(session: Session, *, due: timedelta = -MINUTE) -> Export:
    row = Export(
        id=uuid.uuid4(), kind="test", requested_by="test", parameters={}, due_at=database_now(session) + due
    )
    session.add(row)
    session.flush()
    return row


def take(
    session: Session, owner: str = "one", *, now: datetime | None = None, limit: int = 10
) -> list[Export]:
    return claims.claim(session, Export, owner=owner, limit=limit, lease_seconds=60, now=now)


def reread(session: Session, row: Export) -> Export:
    session.expire_all()
    return session.scalars(select(Export).where(Export.id == row.id)).one()


def test_oldest_due_first_and_nothing_that_is_not_due(session: Session) -> None:
    younger, older, later = work(session), work(session, due=-2 * MINUTE), work(session, due=MINUTE)
    assert [row.id for row in take(session)] == [older.id, younger.id]
    assert reread(session, later).state is WorkState.PENDING


def test_a_claim_is_not_given_twice(session: Session) -> None:
    work(session)
    assert len(take(session)) == 1
    assert take(session, "two") == []


def test_an_expired_lease_goes_to_the_next_with_a_higher_fence(session: Session) -> None:
    work(session)
    (first,) = take(session)
    session.expunge(first)
    later = database_now(session) + 2 * MINUTE
    (second,) = take(session, "two", now=later)
    assert (second.fence, second.attempts, second.lease_owner) == (first.fence + 1, 2, "two")
    session.expunge(second)
    assert not claims.finish(session, first, WorkState.DONE)
    assert not claims.extend(session, first, 60)
    assert claims.finish(session, second, WorkState.DONE)


def test_a_finished_row_takes_no_second_result(session: Session) -> None:
    work(session)
    (row,) = take(session)
    session.expunge(row)
    assert claims.held(session, row)
    assert claims.finish(session, row, WorkState.DONE, file_name="a.zip")
    assert not claims.finish(session, row, WorkState.FAILED)
    assert not claims.held(session, row)
    found = reread(session, row)
    assert (found.state, found.file_name, found.lease_owner) == (WorkState.DONE, "a.zip", None)


def test_retry_waits_then_becomes_a_dead_letter(session: Session) -> None:
    made = work(session)
    now = database_now(session)
    for attempt in range(1, 4):
        (row,) = take(session, now=now)
        session.expunge(row)
        assert row.attempts == attempt
        assert claims.retry(session, row, error="busy", reason="没有回应", max_attempts=3)
        now = database_now(session) + timedelta(hours=1)
    dead = reread(session, made)
    assert dead.state is WorkState.FAILED
    assert dead.error_code == "busy"
    assert "3 次" in str(dead.error_text)
    assert "没有回应" in str(dead.error_text)
    assert take(session, now=now + timedelta(days=1)) == []


def test_put_back_without_counting_the_attempt(session: Session) -> None:
    made = work(session)
    (row,) = take(session)
    session.expunge(row)
    claims.put_back(session, row, timedelta(hours=2), counted=False)
    found = reread(session, made)
    assert found.attempts == 0
    assert found.due_at > database_now(session) + timedelta(minutes=110)


def test_revive_takes_only_rows_at_rest(session: Session) -> None:
    made = work(session)
    assert not claims.revive(session, Export, made.id, [WorkState.FAILED])
    (row,) = take(session)
    session.expunge(row)
    claims.finish(session, row, WorkState.FAILED, error_code="x", error_text="y")
    assert claims.revive(session, Export, made.id, [WorkState.FAILED])
    found = reread(session, made)
    assert (found.state, found.attempts, found.error_code) == (WorkState.PENDING, 0, None)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (5, 16), (11, 1024)])
def test_backoff_doubles(attempts: int, seconds: int) -> None:
    waits = {claims.backoff(attempts).total_seconds() for _ in range(50)}
    assert all(seconds * 0.75 <= wait <= seconds * 1.25 for wait in waits)
    assert len(waits) > 1


@pytest.mark.parametrize("attempts", [12, 40, 100_000])
def test_backoff_ends_at_half_an_hour(attempts: int) -> None:
    assert timedelta(minutes=22) < claims.backoff(attempts) <= timedelta(minutes=30)


def test_many_claimers_share_without_overlap(database: Database) -> None:
    with database.transaction() as session:
        expected = {work(session).id for _ in range(200)}
    start = threading.Barrier(6)

    def claimer(name: str) -> list[uuid.UUID]:
        mine: list[uuid.UUID] = []
        start.wait()
        while True:
            with database.transaction() as session:
                rows = take(session, name, limit=7)
            if not rows:
                return mine
            mine += [row.id for row in rows]

    with ThreadPoolExecutor(6) as pool:
        shares = list(pool.map(claimer, [f"worker{number}" for number in range(6)]))
    taken = [row_id for share in shares for row_id in share]
    assert sorted(taken) == sorted(expected)
