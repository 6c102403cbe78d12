"""Due times: all processes agree on them, whenever they look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.core import clock
from app.jobs.schedule import JOBS, Cron, Every, Job


def job(when: Cron | Every) -> Job:
    return Job("j", when, lambda _database, _settings: "")


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=clock.SHANGHAI)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("when", "now", "due"),
    [
        (Cron(hour="6"), local(2026, 3, 5, 6, 0), local(2026, 3, 5, 6, 0)),
        (Cron(hour="6"), local(2026, 3, 5, 5, 59, 59), local(2026, 3, 4, 6, 0)),
        (Cron(hour="6"), local(2026, 3, 5, 23, 0), local(2026, 3, 5, 6, 0)),
        (Cron(minute="*/10"), local(2026, 3, 5, 6, 9, 59), local(2026, 3, 5, 6, 0)),
        (Cron(minute="*"), local(2026, 3, 5, 6, 9, 59), local(2026, 3, 5, 6, 9)),
        (Cron(hour="6", day_of_week="mon"), local(2026, 3, 5, 7, 0), local(2026, 3, 2, 6, 0)),
        (Cron(hour="6", day="1"), local(2026, 3, 31, 7, 0), local(2026, 3, 1, 6, 0)),
        (Every(30), local(2026, 3, 5, 6, 0, 29), local(2026, 3, 5, 6, 0, 0)),
        (Every(30), local(2026, 3, 5, 6, 0, 30), local(2026, 3, 5, 6, 0, 30)),
    ],
)
def test_the_newest_due_time(when: Cron | Every, now: datetime, due: datetime) -> None:
    assert job(when).latest_due(now.astimezone(UTC)) == due


def test_days_are_days_of_shanghai() -> None:
    due = job(Cron(hour="6")).latest_due(datetime(2026, 3, 5, 0, 0, tzinfo=UTC))
    assert due == datetime(2026, 3, 4, 22, 0, tzinfo=UTC)


def test_the_alarm_clock_rings_at_the_same_times() -> None:
    now = local(2026, 3, 5, 6, 0, 17)
    for when in (Cron(minute="*"), Cron(hour="6"), Every(30), Every(7)):
        following = when.trigger().get_next_fire_time(None, now)
        assert following is not None
        assert job(when).latest_due(following + timedelta(milliseconds=3)) == following


def test_every_job_has_a_name_of_its_own_and_a_due_time() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
    assert all(job.latest_due(clock.now()) is not None for job in JOBS)
