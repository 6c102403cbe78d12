"""The escalation ladder of a warning: frozen when it fires, in work days; a later change of the county's
setting does not touch what runs already. Each step is {step, level, due_at, done_at, missed}. Here all is
pure data; `escalation` acts on it.

    acknowledge 签收 ─ else the town is told        mend 整改或说明 ─ else the county is told
    review 复核销号 (once it is cleared or proposed) ─ else the county is told
    again: after the last step the county is reminded for as long as the warning is not closed
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from app.core import clock
from app.core.workdays import Calendar
from app.models.base import Json
from app.models.rules import Colour
from app.services.warnings.terms import Deadlines, Ladder, Level

ACKNOWLEDGE, MEND, REVIEW, AGAIN = "acknowledge", "mend", "review", "again"
Steps = list[Json]


def frozen(terms: Ladder, colour: Colour, now: datetime, work_days: Calendar) -> Steps:
    """The steps of a warning that fires now."""
    deadlines = _of(terms, colour)
    return [
        _step(ACKNOWLEDGE, Level.TOWN, now, deadlines.acknowledge, work_days),
        _step(MEND, Level.COUNTY, now, deadlines.mend, work_days),
    ]


def tightened(steps: Steps, terms: Ladder, colour: Colour, now: datetime, work_days: Calendar) -> Steps:
    """After a warning became worse: what is not done is due no later than if it had fired now."""
    fresh = {step["step"]: step["due_at"] for step in frozen(terms, colour, now, work_days)}
    return [
        step
        if step["done_at"]
        else step | {"due_at": min(step["due_at"], fresh.get(step["step"], step["due_at"]))}
        for step in steps
    ]


def done(steps: Steps, kinds: Collection[str], now: datetime) -> Steps:
    """These steps were taken in time, as far as they were not done or missed already."""
    at = _iso(now)
    return [
        step | {"done_at": at} if step["step"] in kinds and not step["done_at"] else step for step in steps
    ]


def reviewing(steps: Steps, terms: Ladder, now: datetime, work_days: Calendar) -> Steps:
    """It waits for a second person: whatever came before is done."""
    taken = done(steps, (ACKNOWLEDGE, MEND, AGAIN, REVIEW), now)
    return [*taken, _step(REVIEW, Level.COUNTY, now, terms.review, work_days)]


def sent_back(steps: Steps, terms: Ladder, now: datetime, work_days: Calendar) -> Steps:
    """The reviewer returned it: the deadline for mending counts again; where it was missed before or there
    was none, the county is reminded."""
    taken = done(steps, (REVIEW, AGAIN), now)
    reopened = [
        step | {"done_at": None} if step["step"] == MEND and not step["missed"] else step for step in taken
    ]
    return reopened if next_due(reopened) else climbing(reopened, terms, now, work_days)


def climbing(steps: Steps, terms: Ladder, now: datetime, work_days: Calendar) -> Steps:
    """With a reminder of the county at the end, if nothing else is due any more."""
    if next_due(steps) is not None:
        return steps
    return [*steps, _step(AGAIN, Level.COUNTY, now, terms.again, work_days)]


def missed(steps: Steps, now: datetime) -> tuple[Steps, Steps]:
    """The steps whose time is over, and all steps with these marked."""
    at = _iso(now)
    late = [step for step in steps if not step["done_at"] and _moment(step) <= now]
    marked = [step | {"done_at": at, "missed": True} if step in late else step for step in steps]
    return late, marked


def next_due(steps: Iterable[Json]) -> datetime | None:
    """When the first step that is not done is due."""
    return min((_moment(step) for step in steps if not step["done_at"]), default=None)


def _of(terms: Ladder, colour: Colour) -> Deadlines:
    return terms.red if colour == Colour.RED else terms.yellow


def _step(kind: str, level: Level, now: datetime, days: int, work_days: Calendar) -> Json:
    deadline = work_days.add_work_days(clock.local(now).date(), days)
    return {
        "step": kind,
        "level": level.value,
        "work_days": days,
        "due_at": _iso(deadline.moment),
        "provisional": deadline.provisional,
        "done_at": None,
        "missed": False,
    }


def _iso(moment: datetime) -> str:
    """In UTC, so that texts compare as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _moment(step: Json) -> datetime:
    return datetime.fromisoformat(step["due_at"])
