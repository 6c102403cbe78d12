"""The pure parts: what a run does with a subject, what is new evidence, the ladder, quiet hours."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.core import clock
from app.core.quiet import QuietHours
from app.core.workdays import Calendar
from app.models.rules import Colour
from app.models.warnings import WarningState
from app.rules.base import MOST_ROWS
from app.services.warnings import ladder
from app.services.warnings.decisions import Change, Known, Settled, decide, grown
from app.services.warnings.terms import DEFAULT

Y, R = Colour.YELLOW, Colour.RED
OPEN, TAKEN, PROPOSED, CLEARED = (
    WarningState.OPEN,
    WarningState.ACKNOWLEDGED,
    WarningState.PROPOSED,
    WarningState.CLEARED,
)


@pytest.mark.parametrize(
    ("found", "known", "settled", "expected"),
    [
        (Y, None, None, Change.FIRED),
        (Y, None, Settled(Y), Change.SETTLED),
        (Y, None, Settled(R), Change.SETTLED),
        (R, None, Settled(Y), Change.FIRED),
        (R, None, Settled(R), Change.SETTLED),
        (Y, None, Settled(R, grown=True), Change.FIRED),
        (None, None, None, Change.STILL_CLEAR),
        (Y, Known(Y, OPEN), None, Change.SAME),
        (Y, Known(Y, OPEN, grown=True), None, Change.SAME),
        (R, Known(Y, TAKEN), None, Change.WORSE),
        (Y, Known(R, OPEN), None, Change.BETTER),
        (R, Known(Y, PROPOSED), None, Change.WORSE),
        (Y, Known(Y, PROPOSED, grown=True), None, Change.RETURNED),
        (Y, Known(Y, PROPOSED), None, Change.SAME),
        (Y, Known(Y, CLEARED), None, Change.REFIRED),
        (R, Known(Y, CLEARED), None, Change.REFIRED),
        (None, Known(R, PROPOSED), None, Change.CLEARED),
        (None, Known(R, CLEARED), None, Change.STILL_CLEAR),
        (Y, Known(Y, OPEN, told_days=6), None, Change.SAME),
        (Y, Known(Y, OPEN, told_days=7), None, Change.REPEATED),
        (Y, Known(Y, TAKEN, told_days=70), None, Change.SAME),
        (R, Known(Y, OPEN, told_days=70), None, Change.WORSE),
    ],
)
def test_what_a_run_does(
    found: Colour | None, known: Known | None, settled: Settled | None, expected: Change
) -> None:
    assert decide(found, known, settled, repeat_days=7) == expected


def test_nothing_is_repeated_without_a_number_of_days() -> None:
    assert decide(Y, Known(Y, OPEN, told_days=999)) == Change.SAME


def _rests_on(*keys: int, count: int | None = None) -> tuple[dict[str, Any], str]:
    return {"rows": list(keys), "row_count": count or len(keys)}, "-".join(map(str, keys))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (_rests_on(1, 2), _rests_on(1, 2), False),
        (_rests_on(1, 2), _rests_on(2), False),
        (_rests_on(1, 2), _rests_on(2, 3), True),
        (({}, "subject"), ({}, "subject"), False),
        (({}, "subject"), _rests_on(1), True),
        (_rests_on(1, count=MOST_ROWS + 1), _rests_on(1, 2, count=MOST_ROWS), True),
    ],
)
def test_new_rows_are_new_evidence_and_rows_that_left_are_not(
    before: tuple[dict[str, Any], str], now: tuple[dict[str, Any], str], expected: bool
) -> None:
    assert grown(*before, *now) is expected


# Friday before the Spring Festival of 2026 (15 to 23 February); the 14th and the 28th are worked.
FRIDAY = clock.at(date(2026, 2, 13), 10)


def _due(steps: ladder.Steps) -> list[tuple[str, str]]:
    days = [clock.local(datetime.fromisoformat(step["due_at"])) for step in steps]
    return [(step["step"], f"{day:%m-%d %H}") for step, day in zip(steps, days, strict=True)]


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        (R, [("acknowledge", "02-15 00"), ("mend", "03-06 00")]),
        (Y, [("acknowledge", "02-26 00"), ("mend", "03-13 00")]),
    ],
)
def test_the_ladder_counts_work_days_over_the_spring_festival(
    colour: Colour, expected: list[tuple[str, str]]
) -> None:
    assert _due(ladder.frozen(DEFAULT, colour, FRIDAY, Calendar())) == expected


def test_a_year_without_a_notice_is_provisional() -> None:
    late = clock.at(date(2035, 1, 30), 10)
    assert all(step["provisional"] for step in ladder.frozen(DEFAULT, R, late, Calendar()))


def test_worse_brings_deadlines_forward_and_never_back() -> None:
    calendar = Calendar()
    steps = ladder.frozen(DEFAULT, Y, FRIDAY, calendar)
    sooner = ladder.tightened(steps, DEFAULT, R, clock.at(date(2026, 2, 24), 9), calendar)
    assert _due(sooner) == [("acknowledge", "02-26 00"), ("mend", "03-10 00")]
    later = ladder.tightened(steps, DEFAULT, R, clock.at(date(2026, 3, 13), 9), calendar)
    assert _due(later) == _due(steps)


def test_the_ladder_never_ends_while_nothing_is_done() -> None:
    calendar, steps = Calendar(), ladder.frozen(DEFAULT, R, FRIDAY, Calendar())
    seen = []
    for _ in range(5):
        due = ladder.next_due(steps)
        assert due is not None
        late, marked = ladder.missed(steps, due)
        seen += [(step["step"], step["level"]) for step in late]
        steps = ladder.climbing(marked, DEFAULT, due, calendar)
    assert seen == [("acknowledge", "town"), ("mend", "county"), *[("again", "county")] * 3]


def test_review_and_return() -> None:
    calendar = Calendar()
    steps = ladder.done(ladder.frozen(DEFAULT, Y, FRIDAY, calendar), ("acknowledge",), FRIDAY)
    asked = ladder.reviewing(steps, DEFAULT, FRIDAY, calendar)
    assert [step["step"] for step in asked if not step["done_at"]] == ["review"]
    back = ladder.sent_back(asked, DEFAULT, FRIDAY, calendar)
    assert [step["step"] for step in back if not step["done_at"]] == ["mend"]
    again = ladder.reviewing(back, DEFAULT, FRIDAY, calendar)
    assert len([step for step in again if not step["done_at"]]) == 1
    missed = ladder.missed(back, datetime(2026, 6, 1, tzinfo=UTC))[1]
    returned = ladder.sent_back(
        ladder.reviewing(missed, DEFAULT, FRIDAY, calendar), DEFAULT, FRIDAY, calendar
    )
    assert [step["step"] for step in returned if not step["done_at"]] == ["again"]


@pytest.mark.parametrize(
    ("hours", "moment", "quiet"),
    [
        ("21:00-07:30", (20, 59), False),
        ("21:00-07:30", (21, 0), True),
        ("21:00-07:30", (0, 0), True),
        ("21:00-07:30", (7, 29), True),
        ("21:00-07:30", (7, 30), False),
        ("12:00-14:00", (13, 0), True),
        ("12:00-14:00", (23, 0), False),
    ],
)
def test_quiet_hours(hours: str, moment: tuple[int, int], quiet: bool) -> None:
    parsed = QuietHours.parse(hours)
    assert parsed is not None
    assert parsed.holds(clock.at(date(2026, 3, 5), *moment)) is quiet


@pytest.mark.parametrize("wrong", ["21-7", "25:00-07:00", "21:00-21:00", "21:00–07:30"])
def test_quiet_hours_that_nobody_can_read(wrong: str) -> None:
    assert QuietHours.parse(" ") is None
    with pytest.raises(ValueError, match="21:00-07:30"):
        QuietHours.parse(wrong)
