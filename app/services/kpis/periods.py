"""Months, quarters and years that key figures are told by."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.errors import BadInput

MOST_PERIODS = 120
_ONE_DAY = timedelta(days=1)


class Grain(enum.StrEnum):
    """month 月, quarter 季, year 年."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months it has."""
        return {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[self]


@dataclass(frozen=True, order=True)
class Period:
    """A month, quarter or year, both days included; `text` is 2026-10, 2026-Q4 or 2026."""

    first: date
    last: date
    text: str


def around(day: date, grain: Grain) -> Period:
    """The period in which a day lies."""
    number = day.year * 12 + day.month - 1
    begin = number - number % grain.months
    first, following = _first(begin), _first(begin + grain.months)
    text = {
        Grain.MONTH: f"{first:%Y-%m}",
        Grain.QUARTER: f"{first.year}-Q{(first.month + 2) // 3}",
        Grain.YEAR: f"{first.year}",
    }[grain]
    return Period(first, following - _ONE_DAY, text)


def between(since: date, until: date, grain: Grain) -> list[Period]:
    """The whole periods from that of `since` to that of `until`. Raises BadInput for none or too many."""
    if until < since:
        raise BadInput("kpi.span_wrong", "起止日期不对：先起后止。", field="from")
    found, day = [], since
    while day <= until:
        period = around(day, grain)
        found.append(period)
        day = period.last + _ONE_DAY
        if len(found) > MOST_PERIODS:
            raise BadInput("kpi.span_wrong", f"一次最多看 {MOST_PERIODS} 期，请缩短时间。", field="from")
    return found


def year_earlier(day: date) -> date:
    """The same day a year before; of 29 February, the 28th."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _first(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)
