"""All rules over the days of a year, as the nightly run would see them."""

from __future__ import annotations

import calendar
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.core.db import Database
from app.rules.base import Finding, Judged, Rule
from bench.county.truth import Truth

SOON = (15, 45, 75)  # days


@dataclass
class Seen:
    """What one rule said: its findings by day, its verdicts of the last day, its seconds; `unknown`: of which
    subjects (`village:subject`) it said on some day that it cannot tell, and for want of what."""

    rule: Rule[Any]
    days: dict[date, Sequence[Finding]] = field(default_factory=dict)
    verdicts: Mapping[uuid.UUID, Judged] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def findings(self) -> list[Finding]:
        """Of all days."""
        return [finding for found in self.days.values() for finding in found]


def month_ends(year: int, months: Iterable[int] = range(1, 13)) -> list[date]:
    """The last days of these months."""
    return [date(year, month, calendar.monthrange(year, month)[1]) for month in months]


def observe(
    database: Database,
    truth: Truth,
    rules: Iterable[Rule[Any]],
    days: Sequence[date],
    kinds: Mapping[str, str],
) -> dict[str, Seen]:
    """Every rule as of every one of the days, and, as the nightly run would, some weeks after each case of
    its kinds could be known (where that shows only until a day: on that day). Rules speak with their own
    thresholds."""
    passing: dict[str, set[date]] = {}
    for case in truth.cases:
        if case.kind in kinds:
            soon = {min(case.known_on + timedelta(days=days), truth.last) for days in SOON}
            passing.setdefault(kinds[case.kind], set()).update({case.until} if case.until else soon)
    result: dict[str, Seen] = {}
    for rule in rules:
        seen = result[rule.key] = Seen(rule)
        wanted = sorted({*days, *passing.get(rule.key, set())})
        for day in wanted:
            begin = time.perf_counter()
            with database.reading() as session:
                said = rule.evaluate(session, as_of=day, thresholds=rule.thresholds())
            seen.seconds += time.perf_counter() - begin
            seen.days[day] = said.findings
            seen.unknown.update(said.unknown)
            if day == max(wanted):
                seen.verdicts = said.villages
    return result
