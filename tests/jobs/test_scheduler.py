"""The scheduler: each due time once among several, take-over, catching up."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.core.db import Database, database_now
from app.core.settings import Settings
from app.jobs.schedule import JOBS, Cron, Every, Job
from app.jobs.scheduler import LEASE, Scheduler
from app.models import JobTick, Lease
from app.services import ticks
from tests.jobs import support
from tests.support import eventually

DAILY = Cron(hour="6")


def counting(calls: list[str], *, fails: bool = False) -> Any:
    def body(_database: Database, _settings: Settings) -> str:
        calls.append("ran")
        if fails:
            raise RuntimeError("a villager's words")
        return "done=1"

    return body


def outcome(database: Database) -> str | None:
    with database.reading() as session:
        return session.scalars(select(JobTick.outcome)).one()


def test_a_due_time_runs_once_whoever_tries(database: Database, tmp_path: Path) -> None:
    calls: list[str] = []
    job = Job("j", DAILY, counting(calls))
    settings = support.settings_in(tmp_path)
    one, two = (Scheduler(database, settings, name, [job]) for name in ("one", "two"))
    assert one.tick(job, support.moment())
    assert not two.tick(job, support.moment())
    assert not one.tick(job, support.moment())
    assert calls == ["ran"]
    assert outcome(database) == "ok: done=1"


def test_a_failure_is_recorded_by_its_kind_alone(database: Database, tmp_path: Path) -> None:
    job = Job("j", DAILY, counting([], fails=True))
    assert Scheduler(database, support.settings_in(tmp_path), "one", [job]).tick(job, support.moment())
    assert outcome(database) == "failed: RuntimeError"


def test_catching_up_runs_the_newest_missed_time_only(database: Database, tmp_path: Path) -> None:
    calls: list[str] = []
    job = Job("j", DAILY, counting(calls))
    scheduler = Scheduler(database, support.settings_in(tmp_path), "one", [job])
    assert scheduler.catch_up() == 0, "a new installation has missed nothing"
    with database.transaction() as session:
        newest = job.latest_due(database_now(session))
        assert newest is not None
        ticks.take(session, job="j", due_at=newest - timedelta(days=5), owner="gone")
        ticks.finish(session, job="j", due_at=newest - timedelta(days=5), owner="gone", outcome="ok: ")
    assert scheduler.catch_up() == 1
    assert scheduler.catch_up() == 0
    assert calls == ["ran"]
    with database.reading() as session:
        latest = ticks.latest(session, job="j")
        assert latest is not None
        assert latest.due_at == newest


def test_a_job_may_ask_to_run_on_a_new_installation(database: Database, tmp_path: Path) -> None:
    calls: list[str] = []
    job = Job("j", DAILY, counting(calls), at_first_start=True)
    scheduler = Scheduler(database, support.settings_in(tmp_path), "one", [job])

    assert [scheduler.catch_up(), scheduler.catch_up()] == [1, 0]
    assert calls == ["ran"]


def test_jobs_that_need_no_catching_up_wait_for_their_next_time(database: Database, tmp_path: Path) -> None:
    calls: list[str] = []
    job = Job("j", DAILY, counting(calls), catch_up=False)
    with database.transaction() as session:
        ticks.take(session, job="j", due_at=support.moment() - timedelta(days=500), owner="gone")
        session.execute(update(JobTick).values(outcome="ok: "))
    assert Scheduler(database, support.settings_in(tmp_path), "one", [job]).catch_up() == 0


def test_an_interrupted_tick_is_run_again_by_the_successor(database: Database, tmp_path: Path) -> None:
    calls: list[str] = []
    job = Job("j", DAILY, counting(calls))
    with database.transaction() as session:
        due = job.latest_due(database_now(session))
        assert due is not None
        ticks.take(session, job="j", due_at=due, owner="died in the middle")
    assert Scheduler(database, support.settings_in(tmp_path), "two", [job]).catch_up() == 1
    assert calls == ["ran"]
    assert outcome(database) == "ok: done=1"


def test_stopping_gives_the_lease_back(database: Database, tmp_path: Path) -> None:
    stop = threading.Event()
    scheduler = Scheduler(database, support.settings_in(tmp_path), "one", [])
    thread = threading.Thread(target=scheduler.run, args=(stop,))
    thread.start()
    eventually(lambda: scheduler.leading)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    with database.reading() as session:
        assert session.scalars(select(Lease.until <= database_now(session))).one()


def test_who_lost_the_lease_stops_its_jobs(database: Database, tmp_path: Path) -> None:
    stop = threading.Event()
    calls: list[str] = []
    scheduler = Scheduler(
        database, support.settings_in(tmp_path), "one", [Job("j", Every(1), counting(calls))]
    )
    thread = threading.Thread(target=scheduler.run, args=(stop,))
    thread.start()
    eventually(lambda: calls)
    with database.transaction() as session:
        session.execute(
            update(Lease)
            .where(Lease.name == LEASE)
            .values(owner="another", fence=99, until=database_now(session) + timedelta(minutes=5))
        )
    eventually(lambda: not scheduler.leading)
    before = len(calls)
    assert not stop.wait(2.2)
    assert len(calls) == before
    stop.set()
    thread.join(10)


def test_our_own_jobs_run_on_an_empty_database(database: Database, tmp_path: Path) -> None:
    scheduler = Scheduler(database, support.settings_in(tmp_path), "one")
    for job in JOBS:
        assert scheduler.tick(job, support.moment())
    with database.reading() as session:
        found = dict(session.execute(select(JobTick.job, JobTick.outcome)).all())
    assert {name: text for name, text in found.items() if not str(text).startswith("ok: ")} == {}


# --- real processes -------------------------------------------------------------------------------

GAPS = """
    SELECT count(*) FROM (
        SELECT due_at - lag(due_at) OVER (ORDER BY due_at) AS step FROM job_tick
    ) AS steps WHERE step > interval '1 second'
"""


@pytest.mark.processes
def test_two_schedulers_run_each_tick_once(database: Database, tmp_path: Path) -> None:
    support.make_ran(database)
    settings = support.settings_in(tmp_path)
    with (
        support.process(support.schedule, database.url, settings, "one", "every_second"),
        support.process(support.schedule, database.url, settings, "two", "every_second"),
    ):
        eventually(lambda: support.number(database, "SELECT count(*) FROM job_tick") >= 5, timeout=30)
    # The body writes before its outcome does: of the tick that was killed nothing is said.
    finished = support.number(database, "SELECT count(*) FROM job_tick WHERE outcome LIKE 'ok%'")
    ran = support.number(database, "SELECT count(*) FROM ran")
    assert ran - finished in (0, 1)
    assert support.number(database, "SELECT count(DISTINCT pid) FROM ran") == 1
    assert support.number(database, GAPS) == 0


@pytest.mark.processes
def test_a_killed_leader_is_replaced_and_its_tick_finished(database: Database, tmp_path: Path) -> None:
    support.make_ran(database)
    settings = support.settings_in(tmp_path)
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO job_tick (job, due_at, owner, outcome)"
                " VALUES ('hanging', now() - interval '9 days', 'before', 'ok: ')"
            )
        )
    with support.process(support.schedule, database.url, settings, "one", "hanging") as leader:
        eventually(lambda: support.number(database, "SELECT count(*) FROM ran") == 1, timeout=30)
        with support.process(support.schedule, database.url, settings, "two", "hanging") as heir:
            leader.kill()
            ended = "SELECT count(*) FROM job_tick WHERE outcome = 'ok: written' AND owner = 'two'"
            eventually(lambda: support.number(database, ended) == 1, timeout=30)
            assert support.number(database, "SELECT count(*) FROM ran") == 2
            heir.terminate()
            heir.join(support.DEADLINE)
            assert heir.exitcode == 0
    assert support.number(database, "SELECT count(*) FROM lease WHERE until <= clock_timestamp()") == 1
