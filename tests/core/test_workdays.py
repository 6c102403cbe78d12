"""Work days against the published notices of 2024 to 2026, and what happens beyond them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import clock
from app.core.workdays import Calendar, Deadline, WorkingHours, deadline_at

CALENDAR = Calendar()
DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("day", "work"),
    [
        ("2024-02-04", True),  # Sunday made up for Spring Festival
        ("2024-02-09", True),  # the eve of 2024 was an ordinary Friday by the notice
        ("2024-09-16", False),
        ("2024-10-12", True),
        ("2025-01-26", True),
        ("2025-01-28", False),
        ("2025-02-05", True),
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2026-01-04", True),
        ("2026-02-14", True),
        ("2026-02-15", False),
        ("2026-02-16", False),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-02-28", True),
        ("2026-05-09", True),
        ("2026-09-20", True),
        ("2026-09-25", False),
        ("2026-09-30", True),
        ("2026-10-01", False),
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),
        ("2026-10-11", False),
    ],
)
def test_days_of_the_published_notices(day: str, work: bool) -> None:
    assert CALENDAR.is_work_day(date.fromisoformat(day)) is work


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-09-30", 3, "2026-10-10"),  # the third is the make-up Saturday
        ("2026-09-30", 4, "2026-10-12"),
        ("2026-10-03", 1, "2026-10-08"),  # filed in the holidays
        ("2026-10-03", 0, "2026-10-08"),
        ("2026-10-09", 0, "2026-10-09"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-14", 1, "2026-02-24"),
        ("2026-02-14", 5, "2026-02-28"),
        ("2026-09-18", 1, "2026-09-20"),  # the make-up Sunday
        ("2025-12-31", 1, "2026-01-04"),
    ],
)
def test_adding_work_days(start: str, n: int, end: str) -> None:
    assert CALENDAR.add_work_days(date.fromisoformat(start), n) == Deadline(date.fromisoformat(end), False)


def test_a_deadline_in_a_year_without_a_notice_is_provisional() -> None:
    assert CALENDAR.add_work_days(date(2026, 12, 30), 1) == Deadline(date(2026, 12, 31), False)
    assert CALENDAR.add_work_days(date(2026, 12, 30), 2) == Deadline(date(2027, 1, 4), True)
    assert CALENDAR.add_work_days(date(2027, 3, 1), 1).provisional


def test_an_entered_notice_settles_the_year_and_moves_the_deadline() -> None:
    entered = Calendar({date(2027, 1, 3): True, date(2027, 1, 4): False})
    assert entered.add_work_days(date(2026, 12, 31), 1) == Deadline(date(2027, 1, 3), False)
    assert entered.add_work_days(date(2026, 12, 31), 2) == Deadline(date(2027, 1, 5), False)


def test_a_single_day_off_does_not_make_a_year_known() -> None:
    typhoon = Calendar({date(2027, 8, 10): False})
    assert typhoon.add_work_days(date(2027, 8, 9), 1) == Deadline(date(2027, 8, 11), True)
    named = Calendar({date(2027, 8, 10): False}, known_years={2027})
    assert named.add_work_days(date(2027, 8, 9), 1) == Deadline(date(2027, 8, 11), False)


def test_overrides_win_over_the_package() -> None:
    calendar = Calendar({date(2026, 10, 10): False, date(2026, 10, 9): False})
    assert calendar.add_work_days(date(2026, 10, 8), 1).day == date(2026, 10, 12)


def test_late_december_waits_for_a_notice_that_may_move_it() -> None:
    known = Calendar(known_years={2029})
    assert known.add_work_days(date(2029, 12, 26), 1) == Deadline(date(2029, 12, 27), False)
    assert known.add_work_days(date(2029, 12, 27), 1).provisional  # New Year's Day 2030 is a Tuesday


def test_a_deadline_day_ends_at_midnight_in_shanghai() -> None:
    assert deadline_at(date(2026, 10, 8)) == datetime(2026, 10, 8, 16, tzinfo=UTC)
    assert CALENDAR.add_work_days(date(2026, 9, 30), 1).moment == datetime(2026, 10, 8, 16, tzinfo=UTC)


@given(start=DAYS, n=st.integers(1, 40))
def test_adding_and_counting_agree(start: date, n: int) -> None:
    end = CALENDAR.add_work_days(start, n).day
    assert CALENDAR.is_work_day(end)
    assert CALENDAR.work_days_between(start, end) == n
    assert CALENDAR.work_days_between(end, start) == -n


@pytest.mark.parametrize(
    ("begin", "hours", "end"),
    [
        ((date(2026, 9, 30), 9, 0), 1, (date(2026, 9, 30), 10, 0)),
        ((date(2026, 9, 30), 11, 30), 1, (date(2026, 9, 30), 14, 0)),
        ((date(2026, 9, 30), 8, 30), 8, (date(2026, 9, 30), 18, 0)),
        ((date(2026, 9, 30), 8, 31), 8, (date(2026, 10, 8), 8, 31)),
        ((date(2026, 9, 30), 22, 0), 8, (date(2026, 10, 8), 18, 0)),
        ((date(2026, 10, 9), 17, 0), 2, (date(2026, 10, 10), 9, 30)),  # into the make-up Saturday
        ((date(2026, 10, 3), 10, 0), 8, (date(2026, 10, 8), 18, 0)),
        ((date(2026, 9, 30), 12, 30), 0.5, (date(2026, 9, 30), 14, 0)),
    ],
)
def test_adding_working_hours(begin: tuple[date, int, int], hours: float, end: tuple[date, int, int]) -> None:
    assert CALENDAR.add_working_hours(clock.at(*begin), hours) == clock.at(*end)


@given(day=DAYS, minute=st.integers(0, 24 * 60 - 1), first=st.integers(1, 900), second=st.integers(1, 900))
def test_working_time_adds_up(day: date, minute: int, first: int, second: int) -> None:
    begin = clock.at(day) + timedelta(minutes=minute)
    halfway = CALENDAR.add_working_hours(begin, first / 60)
    assert CALENDAR.add_working_hours(begin, (first + second) / 60) == pytest.approx(
        CALENDAR.add_working_hours(halfway, second / 60), abs=timedelta(seconds=1)
    )


def test_other_office_hours() -> None:
    short = WorkingHours(((time(9), time(11)),))
    end = CALENDAR.add_working_hours(clock.at(date(2026, 9, 29), 10), 2, short)
    assert end == clock.at(date(2026, 9, 30), 10)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        CALENDAR.add_work_days(date(2026, 1, 1), -1)
    with pytest.raises(ValueError, match="positive hours"):
        CALENDAR.add_working_hours(clock.now(), 0)
    with pytest.raises(ValueError, match="rising"):
        WorkingHours(((time(12), time(9)),))
    with pytest.raises(ValueError, match="too far"):
        CALENDAR.add_work_days(date(2026, 1, 1), 100_000)
