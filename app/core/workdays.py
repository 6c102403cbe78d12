"""Work days (工作日) of the Chinese calendar, with the make-up working days (调休) of each year's notice.

The State Council's notice on the arrangement of public holidays (国务院办公厅关于部分节假日安排的通知) comes
out in the autumn for the following year. The package `holidays` carries the notices of past years; rows
of the table `calendar_day` (here: `overrides`) win over it and bring newer notices in. A deadline that
needs a year whose notice is not known is *provisional*: a best guess, computed again later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from importlib.metadata import version
from itertools import pairwise

import holidays

from app.core import clock

ONE_DAY = timedelta(days=1)
SATURDAY = 5
TUESDAY = 1
FIRST_MOVABLE_DECEMBER_DAY = 28
LONGEST_WALK = 5000
_PACKAGE = version("holidays")


def deadline_at(day: date) -> datetime:
    """The UTC moment at which `day` is over in Asia/Shanghai (24:00): a deadline of that day."""
    return clock.at(day + ONE_DAY)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day by whose end something is due; `provisional` when the calendar up to it is not yet known."""

    day: date
    provisional: bool

    @property
    def moment(self) -> datetime:
        """The UTC moment after which the deadline is missed."""
        return deadline_at(self.day)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Office hours of a work day, as spans of Asia/Shanghai time; by default eight hours."""

    spans: tuple[tuple[time, time], ...] = ((time(8, 30), time(12)), (time(13, 30), time(18)))

    def __post_init__(self) -> None:
        edges = [edge for span in self.spans for edge in span]
        if not edges or any(later <= earlier for earlier, later in pairwise(edges)):
            raise ValueError("working hours must be spans in rising order")

    def on(self, day: date) -> list[tuple[datetime, datetime]]:
        """The spans of `day` as UTC moments."""
        return [
            (clock.at(day, begin.hour, begin.minute), clock.at(day, end.hour, end.minute))
            for begin, end in self.spans
        ]


OFFICE_HOURS = WorkingHours()


@dataclass(frozen=True, slots=True)
class _Year:
    days_off: frozenset[date]
    make_up: frozenset[date]


@lru_cache(maxsize=64)
def _published(year: int) -> _Year:
    """What the package knows of `year`. Its own object grows while it is read; this copy never changes."""
    known = holidays.country_holidays("CN", years=year, expand=False)
    return _Year(frozenset(known), frozenset(day for day in known.weekend_workdays if day.year == year))


class Calendar:
    """Answers which days are work days. Immutable and cheap: build one per request or job.

    `overrides` (day → is it a work day) win over the package. A year counts as known when the package has
    its make-up days, when the overrides make one of its weekend days a work day (every notice does), or
    when `known_years` names it.
    """

    def __init__(
        self, overrides: Mapping[date, bool] | None = None, known_years: Collection[int] = ()
    ) -> None:
        self._overrides = dict(overrides or {})
        entered = {day.year for day, work in self._overrides.items() if work and day.weekday() >= SATURDAY}
        self._entered = frozenset(entered | set(known_years))

    @cached_property
    def digest(self) -> str:
        """Tells one calendar from another: what was counted under a different one is to be counted anew."""
        days = ",".join(f"{day.isoformat()}{work:d}" for day, work in sorted(self._overrides.items()))
        text = f"{_PACKAGE};{sorted(self._entered)};{days}"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def is_work_day(self, day: date) -> bool:
        """Whether offices work on `day`."""
        entered = self._overrides.get(day)
        if entered is not None:
            return entered
        year = _published(day.year)
        return day in year.make_up or (day.weekday() < SATURDAY and day not in year.days_off)

    def is_known(self, day: date) -> bool:
        """Whether the notice that decides about `day` is known.

        A New Year's Day on a Tuesday draws the last days of December into the next year's notice: in 2018
        people worked on Saturday, 29 December and were off on Monday, 31 December."""
        if not self._knows(day.year):
            return False
        late = day.month == 12 and day.day >= FIRST_MOVABLE_DECEMBER_DAY
        bridged = late and date(day.year + 1, 1, 1).weekday() == TUESDAY
        return not bridged or self._knows(day.year + 1)

    def add_work_days(self, start: date, n: int) -> Deadline:
        """The `n`th work day after `start`, which itself does not count (开始当日不计入).

        With `n` = 0: `start`, or the next work day if `start` is none. Provisional when any day of the walk
        is not yet decided by a known notice. Raises ValueError for a negative `n`."""
        if n < 0:
            raise ValueError("n must not be negative")
        day, left, provisional = start, n, not self.is_known(start)
        if n == 0 and not self.is_work_day(day):
            left = 1
        for _ in range(LONGEST_WALK):
            if left == 0:
                return Deadline(day, provisional)
            day += ONE_DAY
            provisional = provisional or not self.is_known(day)
            left -= self.is_work_day(day)
        raise ValueError("the deadline is too far away")

    def work_days_between(self, earlier: date, later: date) -> int:
        """How many work days lie after `earlier` up to and with `later`; negative the other way round."""
        if later < earlier:
            return -self.work_days_between(later, earlier)
        span = (later - earlier).days
        return sum(self.is_work_day(earlier + timedelta(days=step)) for step in range(1, span + 1))

    def add_working_hours(
        self, moment: datetime, hours: float, office: WorkingHours = OFFICE_HOURS
    ) -> datetime:
        """The UTC moment at which `hours` working hours have passed since `moment`.

        Outside office hours the count waits for the next work day to begin. Raises ValueError unless
        `hours` is positive and `moment` aware."""
        if hours <= 0 or moment.tzinfo is None:
            raise ValueError("needs positive hours and an aware moment")
        left = timedelta(hours=hours)
        day = clock.local(moment).date()
        for _ in range(LONGEST_WALK):
            for begin, end in office.on(day) if self.is_work_day(day) else ():
                available = end - max(begin, moment)
                if available >= left:
                    return (max(begin, moment) + left).astimezone(UTC)
                left -= max(available, timedelta())
            day += ONE_DAY
        raise ValueError("the deadline is too far away")

    def _knows(self, year: int) -> bool:
        return year in self._entered or bool(_published(year).make_up)
