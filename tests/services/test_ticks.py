"""Ticks and leases: each due time once, a dead runner's tick is found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.core import clock, leases
from app.core.db import Database
from app.models import JobTick
from app.services import ticks

DUE = datetime(2026, 3, 5, 22, 0, tzinfo=UTC)


def test_a_due_time_is_taken_once(session: Session) -> None:
    assert ticks.take(session, job="rules", due_at=DUE, owner="one")
    assert not ticks.take(session, job="rules", due_at=DUE, owner="two")
    assert ticks.take(session, job="rules", due_at=DUE + timedelta(days=1), owner="two")
    assert ticks.take(session, job="other", due_at=DUE, owner="two")


def test_the_outcome_belongs_to_the_runner(session: Session) -> None:
    ticks.take(session, job="rules", due_at=DUE, owner="one")
    assert not ticks.finish(session, job="rules", due_at=DUE, owner="two", outcome="ok: ")
    assert ticks.finish(session, job="rules", due_at=DUE, owner="one", outcome="ok: 3 warnings")
    tick = ticks.latest(session, job="rules")
    assert tick is not None
    session.refresh(tick)
    assert tick.outcome == "ok: 3 warnings"
    assert tick.finished_at is not None
    assert not ticks.hold(session, job="rules", due_at=DUE, owner="one")


def test_a_running_tick_is_left_alone_and_a_dead_ones_is_adopted(database: Database) -> None:
    with database.transaction() as session:
        ticks.take(session, job="rules", due_at=DUE, owner="one")
    with database.transaction() as running:
        assert ticks.hold(running, job="rules", due_at=DUE, owner="one")
        with database.transaction() as session:
            assert ticks.adopt_interrupted(session, job="rules", owner="two") is None
    with database.transaction() as session:
        assert ticks.adopt_interrupted(session, job="rules", owner="two") == DUE
    with database.transaction() as session:
        assert not ticks.hold(session, job="rules", due_at=DUE, owner="one")
        assert ticks.hold(session, job="rules", due_at=DUE, owner="two")


def test_finished_and_own_ticks_are_not_adopted(session: Session) -> None:
    assert ticks.adopt_interrupted(session, job="rules", owner="two") is None
    ticks.take(session, job="rules", due_at=DUE, owner="one")
    assert ticks.adopt_interrupted(session, job="rules", owner="one") is None
    ticks.finish(session, job="rules", due_at=DUE, owner="one", outcome="ok: ")
    assert ticks.adopt_interrupted(session, job="rules", owner="two") is None


def test_cleanup_leaves_what_is_needed_for_catching_up(session: Session) -> None:
    now = clock.now()
    ticks.take(session, job="rules", due_at=now - timedelta(days=91), owner="one")
    ticks.take(session, job="rules", due_at=now - timedelta(days=89), owner="one")
    assert ticks.cleanup(session, now=now) == 0, "nobody knows how it ended"
    session.execute(update(JobTick).values(outcome="ok: "))
    assert ticks.cleanup(session, now=now) == 1


def test_a_tick_has_one_winner_among_many(database: Database) -> None:
    def compete(owner: str) -> int:
        won = 0
        for minute in range(20):
            with database.transaction() as session:
                won += ticks.take(session, job="rules", due_at=DUE + timedelta(minutes=minute), owner=owner)
        return won

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(compete, "abcd")) == 20


def test_a_lease_has_one_holder(session: Session) -> None:
    fence = leases.acquire(session, "scheduler", "one", 60)
    assert fence == 1
    assert leases.acquire(session, "scheduler", "two", 60) is None
    assert leases.acquire(session, "other", "two", 60) == 1
    assert leases.renew(session, "scheduler", "one", fence, 60)
    assert not leases.renew(session, "scheduler", "two", fence, 60)
    assert leases.release(session, "scheduler", "one", fence)
    assert not leases.renew(session, "scheduler", "one", fence, 60)
    assert leases.acquire(session, "scheduler", "two", 60) == 2


def test_a_lease_runs_out_by_the_clock_of_the_database(session: Session) -> None:
    fence = leases.acquire(session, "scheduler", "one", 60)
    assert fence is not None
    session.execute(text("UPDATE lease SET until = until - interval '61 seconds'"))
    assert not leases.renew(session, "scheduler", "one", fence, 60)
    assert not leases.release(session, "scheduler", "one", fence)
    assert leases.acquire(session, "scheduler", "two", 60) == fence + 1


@pytest.mark.parametrize("part", ["worker", "scheduler"])
def test_owners_differ(part: str) -> None:
    assert leases.new_owner(part) != leases.new_owner(part)
    assert leases.new_owner(part).startswith(part + ":")
