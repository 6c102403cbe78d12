"""Which villages a village is compared with: those of its size in its county (规模相近的村)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.rules.peers import PEERS
from app.services import county_settings

SPREAD, MINIMUM = "peers.spread_percent", "peers.minimum"

_PEERS = text(
    f"""
    WITH live_village AS (SELECT id, name FROM organisation WHERE kind = 'village' AND active), {PEERS}
    SELECT village_id, array_agg(peer_id) FROM peer
    WHERE :everybody OR village_id = ANY(CAST(:villages AS uuid[])) GROUP BY village_id
    """  # noqa: S608  (put together from a constant of ours)
)


@dataclass(frozen=True)
class Matching:
    """The county's idea of a peer: households within ± `spread_percent`, at least `minimum` of them."""

    spread_percent: int
    minimum: int


@dataclass(frozen=True)
class Middle:
    """The median and quartiles of `n` peers; None for fewer than the minimum: that is no comparison."""

    n: int
    minimum: int
    low: float | None = None
    median: float | None = None
    high: float | None = None


def matching(session: Session) -> Matching:
    """As the county has set it."""
    return Matching(county_settings.get(session, SPREAD), county_settings.get(session, MINIMUM))


def of(
    session: Session, villages: Collection[uuid.UUID] | None, spread_percent: int
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """The peers of these villages, or of all; a village without any is left out. One query."""
    rows = session.execute(
        _PEERS,
        {
            "peer_spread_percent": spread_percent,
            "everybody": villages is None,
            "villages": list(villages or ()),
        },
    )
    return {village_id: list(found) for village_id, found in rows}


def middle(values: Sequence[float], minimum: int) -> Middle:
    """Median and quartiles as PostgreSQL's `percentile_cont` computes them."""
    if len(values) < max(minimum, 2):
        return Middle(len(values), minimum)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Middle(len(values), minimum, low, median(values), high)
