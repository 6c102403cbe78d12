"""Periods (所属期间) of the 10+X list: 2026-10 a month, 2026-Q3 a quarter, 2026 a year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.errors import BadInput
from app.models.categories import Cadence

MONTHS = {Cadence.MONTH: 1, Cadence.QUARTER: 3, Cadence.YEAR: 12}
"""How many months a period of a cadence has; what is not here has no periods."""

_TEXT = re.compile(r"(?P<year>(19|20)\d\d)(-(?P<month>0[1-9]|1[0-2])|-Q(?P<quarter>[1-4]))?")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A month, a quarter or a year, both days included. `text` is how it is stored."""

    text: str
    first: date
    last: date

    @property
    def label(self) -> str:
        """As people read it: 2026年10月, 2026年第3季度, 2026年."""
        year, _, part = self.text.partition("-")
        if not part:
            return f"{year}年"
        return f"{year}年第{part[1]}季度" if part.startswith("Q") else f"{year}年{int(part)}月"


def of(cadence: Cadence, day: date) -> Period | None:
    """The period in which `day` lies; None for a cadence without periods."""
    months = MONTHS.get(cadence)
    return None if months is None else _period(day.year * 12 + day.month - 1, months)


def _period(month: int, months: int) -> Period:
    """The period of so many months around a month counted from the beginning of year 0."""
    begin = month - month % months
    first, following = _first_day(begin), _first_day(begin + months)
    part = {1: f"-{first.month:02}", 3: f"-Q{(first.month + 2) // 3}", 12: ""}[months]
    return Period(f"{first.year}{part}", first, following - _ONE_DAY)


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def before(period: Period) -> Period:
    """The period before this one."""
    return _neighbour(period, period.first - _ONE_DAY)


def after(period: Period) -> Period:
    """The period after this one."""
    return _neighbour(period, period.last + _ONE_DAY)


def _neighbour(period: Period, day: date) -> Period:
    months = 1 if len(period.text) == 7 and "Q" not in period.text else 12 if len(period.text) == 4 else 3
    return _period(day.year * 12 + day.month - 1, months)


def read(text: str) -> Period:
    """The period that is written so. Raises BadInput for anything else."""
    found = _TEXT.fullmatch(text.strip().upper())
    if found is None:
        raise BadInput(
            "period.malformed", "所属期间请写成 2026、2026-Q3 或 2026-10 这样的形式。", field="period"
        )
    year = int(found["year"]) * 12
    if found["month"]:
        return _period(year + int(found["month"]) - 1, 1)
    return _period(year + int(found["quarter"]) * 3 - 1, 3) if found["quarter"] else _period(year, 12)


def choices(cadence: Cadence, today: date, back: int = 5) -> list[Period]:
    """What an item published now may be about, the likeliest first: the period that is just over, the present
    one, then earlier ones. Empty for a cadence without periods."""
    present = of(cadence, today)
    if present is None:
        return []
    earlier = list(_backwards(before(present), back))
    return [earlier[0], present, *earlier[1:]]


def _backwards(period: Period, count: int) -> Iterator[Period]:
    for _ in range(count):
        yield period
        period = before(period)


def not_begun(today: date) -> list[str]:
    """The texts of the periods that come next: what is owed for them stands in the table already, but nobody
    need look at it yet."""
    present = (of(cadence, today) for cadence in MONTHS)
    return [after(period).text for period in present if period is not None]


def within(period: Period) -> list[str]:
    """The texts of this period and of those that lie within it."""
    found = {period.text}
    day = period.first
    while day <= period.last:
        parts = (of(cadence, day) for cadence in MONTHS)
        found |= {
            part.text for part in parts if part and part.first >= period.first and part.last <= period.last
        }
        day = (day + timedelta(days=31)).replace(day=1)
    return sorted(found)
