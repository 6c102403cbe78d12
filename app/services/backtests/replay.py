"""The replay itself: a rule judged as of one day after the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.core.db import Database
from app.models.rules import Colour
from app.rules.base import Evaluation, Finding, Judged, Rule, Thresholds


@dataclass
class Episode:
    """One subject that would have fired: from when, when red first, when last, and its newest words.

    `pushes` counts first, worse and fired-again; `ended_on` is the first day on which it no longer fired."""

    finding: Finding
    first_on: date
    red_on: date | None
    last_on: date
    ended_on: date | None = None
    pushes: int = 1

    def again(self, finding: Finding, day: date) -> None:
        """It fires on this day too."""
        worse = finding.colour is Colour.RED and self.finding.colour is not Colour.RED
        self.pushes += worse or self.ended_on is not None
        self.red_on = self.red_on or (day if finding.colour is Colour.RED else None)
        self.finding, self.last_on, self.ended_on = finding, day, None


@dataclass
class Replay:
    """What came of it. `episodes` by village and subject; `fired_on`: how many subjects fired on each day;
    `villages`: what the rule said of each village on the last day. `within`: the villages that count, None
    for all."""

    rule: Rule[Any]
    days: Sequence[date]
    within: frozenset[uuid.UUID] | None = None
    episodes: dict[str, Episode] = field(default_factory=dict)
    fired_on: dict[date, int] = field(default_factory=dict)
    villages: dict[uuid.UUID, Judged] = field(default_factory=dict)

    def note(self, day: date, said: Evaluation) -> None:
        """Take in one day."""
        firing = {finding.key: finding for finding in said.findings if self._counts(finding.village_id)}
        for key, finding in firing.items():
            known = self.episodes.get(key)
            if known is None:
                red_on = day if finding.colour is Colour.RED else None
                self.episodes[key] = Episode(finding, day, red_on, day)
            else:
                known.again(finding, day)
        for key, episode in self.episodes.items():
            if key not in firing and episode.ended_on is None:
                episode.ended_on = day
        self.fired_on[day] = len(firing)
        self.villages = {key: judged for key, judged in said.villages.items() if self._counts(key)}

    def _counts(self, village_id: uuid.UUID) -> bool:
        return self.within is None or village_id in self.within


def days_between(since: date, until: date, step_days: int) -> list[date]:
    """The days on which the rule is judged: in steps, and always the last."""
    days = [since + timedelta(days=gone) for gone in range(0, (until - since).days + 1, step_days)]
    return days if days and days[-1] == until else [*days, until]


def replay(
    database: Database,
    rule: Rule[Any],
    *,
    thresholds: Thresholds,
    days: Sequence[date],
    within: frozenset[uuid.UUID] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Replay:
    """Judge the rule as of each day, each in a transaction of its own that only reads; of the villages
    `within` alone, compared with all as ever."""
    done = Replay(rule, days, within)
    for number, day in enumerate(days, start=1):
        with database.reading() as session:
            done.note(day, rule.evaluate(session, as_of=day, thresholds=thresholds))
        progress(number, len(days))
    return done
