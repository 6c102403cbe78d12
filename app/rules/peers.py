"""Size-matched peers: the villages that a village is compared with, as SQL.

A village's peers are the other live villages of its county whose number of households differs by no more
than a share of its own. Too few of them say nothing: whoever compares asks for a least number and calls the
rest not computable.
"""

from __future__ import annotations

# CTEs for the WITH of a rule: `peer(village_id, peer_id)`. Binds `:peer_spread_percent`. A village without
# its number of households has no peers.
PEERS = """
sized_village AS (
    SELECT v.id, v.households, c.id AS county_id
    FROM live_village l
    JOIN organisation v ON v.id = l.id
    LEFT JOIN organisation c ON c.kind = 'county' AND c.id = ANY(v.ancestry)
    WHERE v.households > 0
), peer AS (
    SELECT mine.id AS village_id, other.id AS peer_id
    FROM sized_village mine
    JOIN sized_village other
      ON other.county_id IS NOT DISTINCT FROM mine.county_id AND other.id <> mine.id
     AND other.households BETWEEN mine.households * (100 - :peer_spread_percent) / 100.0
                              AND mine.households * (100 + :peer_spread_percent) / 100.0
)
"""


def median_of_peers(figures: str, value: str) -> str:
    """A SELECT of `village_id`, `peer_median` and `peer_count` over peers that have a value. `figures` is a
    relation with `village_id`; `value` one of its columns. Binds `:least_peers`: with fewer peers the median
    is null."""
    return f"""
    SELECT peer.village_id, count(*) AS peer_count,
           CASE WHEN count(*) >= :least_peers
                THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY figure.{value}) END AS peer_median
    FROM peer JOIN {figures} figure ON figure.village_id = peer.peer_id AND figure.{value} IS NOT NULL
    GROUP BY peer.village_id
    """
