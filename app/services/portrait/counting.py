"""The figures of all villages of a county as of the end of a day: one statement per indicator."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Organisation, RuleVerdict
from app.models.organisations import OrganisationKind
from app.models.rules import Verdict
from app.services import county_settings, peers
from app.services.portrait.indicators import INDICATORS, Indicator
from app.services.portrait.method import Middle, Own, Portrait, Scored, portrait, score
from app.services.portrait.terms import Method, Weights

WEIGHTS, METHOD = "portrait.weights", "portrait.method"


@dataclass(frozen=True)
class Terms:
    """The settings in force when a portrait is made."""

    weights: Weights
    method: Method
    peers: peers.Matching

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON, to be kept with the portrait."""
        return {
            "points": dict(self.weights.points),
            "method": self.method.model_dump(),
            "peers": {"spread_percent": self.peers.spread_percent, "minimum": self.peers.minimum},
        }


@dataclass(frozen=True)
class Rules:
    """How many rules were run for a village, how many of them could be judged, and which could not."""

    computed: int = 0
    of: int = 0
    lacking: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """None when none was run."""
        return self.computed / self.of if self.of else None


@dataclass(frozen=True)
class Drawn:
    """A village's portrait with the peers' median of the points."""

    village: Organisation
    portrait: Portrait
    rules: Rules
    peers_points: float | None
    peers_n: int


@dataclass
class _County:
    """The figures under way: own by indicator and village, peers by village."""

    villages: Sequence[Organisation]
    matched: Mapping[uuid.UUID, Sequence[uuid.UUID]]
    own: dict[str, dict[uuid.UUID, Own]] = field(default_factory=dict)


def terms(session: Session) -> Terms:
    """As the county has set them."""
    return Terms(
        weights=county_settings.get(session, WEIGHTS),
        method=county_settings.get(session, METHOD),
        peers=peers.matching(session),
    )


def window(as_of: date, method: Method) -> dict[str, Any]:
    """What the statements of indicators bind: the months up to a day, and the settings of warnings."""
    number = as_of.year * 12 + as_of.month - method.months
    return {
        "since": date(number // 12, number % 12 + 1, 1),
        "until": as_of,
        "cutoff": clock.at(as_of + timedelta(days=1)),
        "alert_red_percent": method.red_percent,
        "alert_yellow_percent": method.yellow_percent,
        "alert_grace_days": method.grace_days,
        "alert_full_days": method.full_days,
    }


def draw(session: Session, *, county_id: uuid.UUID, as_of: date, given: Terms) -> list[Drawn]:
    """The portraits of all active villages of a county at the end of a day, in the order of their codes."""
    villages = session.scalars(
        select(Organisation)
        .where(
            Organisation.ancestry.contains([county_id]),
            Organisation.kind == OrganisationKind.VILLAGE,
            Organisation.active,
        )
        .order_by(Organisation.code)
    ).all()
    keys = [village.id for village in villages]
    county = _County(villages, peers.of(session, keys, given.peers.spread_percent))
    values = window(as_of, given.method)
    for indicator in INDICATORS:
        county.own[indicator.key] = _own(session, indicator, keys, values)
    rules = _rules(session, keys)
    scored = _scored(county, given)
    drawn = {
        key: portrait(scored[key], rules.get(key, Rules()).share, given.weights, given.method) for key in keys
    }
    return [_drawn(village, county, drawn, rules, given) for village in villages]


def _own(
    session: Session, indicator: Indicator, villages: Collection[uuid.UUID], values: Mapping[str, Any]
) -> dict[uuid.UUID, Own]:
    statement = text(
        f"""
        WITH mine AS (SELECT id FROM organisation WHERE id = ANY(:villages)),
        figure AS (
            SELECT village_id, count(*) AS n, count(*) FILTER (WHERE share >= 1) AS good,
                   sum(share) AS sum, sum(share * weight) / nullif(sum(weight), 0) AS mean
            FROM ({indicator.select}) r WHERE village_id = ANY(:villages) GROUP BY village_id
        )
        SELECT v.id, coalesce(n, 0), coalesce(good, 0), sum, mean, {indicator.there}
        FROM mine v LEFT JOIN figure ON figure.village_id = v.id
        """  # noqa: S608  (put together from constants of `indicators`)
    )
    bound = {**values, "villages": list(villages)}
    names = statement.compile().params.keys()
    rows = session.execute(statement, {name: bound[name] for name in names})
    return {key: _figure(indicator, *rest) for key, *rest in rows}


def _figure(indicator: Indicator, n: int, good: int, total: Any, mean: Any, there: bool) -> Own:
    if indicator.deducts:
        return Own(n, 0, max(0.0, 1.0 - float(total or 0)), there)
    return Own(n, good, None if mean is None else float(mean), there)


def _rules(session: Session, villages: Collection[uuid.UUID]) -> dict[uuid.UUID, Rules]:
    rows = session.execute(
        select(RuleVerdict.village_id, RuleVerdict.rule, RuleVerdict.verdict)
        .where(RuleVerdict.village_id.in_(villages))
        .order_by(RuleVerdict.rule)
    )
    found: dict[uuid.UUID, Rules] = {}
    for village_id, rule, verdict in rows:
        known = found.get(village_id, Rules())
        told = verdict != Verdict.NOT_COMPUTABLE
        found[village_id] = Rules(
            known.computed + told, known.of + 1, known.lacking if told else (*known.lacking, rule)
        )
    return found


def _scored(county: _County, given: Terms) -> dict[uuid.UUID, list[Scored]]:
    found: dict[uuid.UUID, list[Scored]] = {village.id: [] for village in county.villages}
    for indicator in INDICATORS:
        own = county.own[indicator.key]
        means = {key: one.mean for key, one in own.items() if one.mean is not None and one.counts(indicator)}
        for village in county.villages:
            middle = _middle(village.id, means, county.matched, given.peers.minimum)
            found[village.id].append(
                score(indicator, own.get(village.id, Own()), middle, given.weights, given.method)
            )
    return found


def _middle(
    village_id: uuid.UUID,
    means: Mapping[uuid.UUID, float],
    matched: Mapping[uuid.UUID, Sequence[uuid.UUID]],
    minimum: int,
) -> Middle:
    """Of the peers; where too few of them have the figure, of the other villages of the county; else none."""
    same = [means[peer] for peer in matched.get(village_id, ()) if peer in means]
    if len(same) >= minimum:
        return Middle(median(same), len(same))
    others = [mean for key, mean in means.items() if key != village_id]
    if len(others) >= minimum:
        return Middle(median(others), len(others), county=True)
    return Middle(None, len(same))


def _drawn(
    village: Organisation,
    county: _County,
    drawn: Mapping[uuid.UUID, Portrait],
    rules: Mapping[uuid.UUID, Rules],
    given: Terms,
) -> Drawn:
    others = [
        points
        for peer in county.matched.get(village.id, ())
        if peer in drawn and (points := drawn[peer].points) is not None
    ]
    enough = len(others) >= given.peers.minimum
    return Drawn(
        village=village,
        portrait=drawn[village.id],
        rules=rules.get(village.id, Rules()),
        peers_points=median(others) if enough else None,
        peers_n=len(others),
    )
