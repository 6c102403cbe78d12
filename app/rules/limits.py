"""The tender limit in force for a village, a kind of purchase and a day (招标限额), as SQL."""

from __future__ import annotations

# Two CTEs for the WITH of a rule; `limit_span` holds, per village and kind, the lines and the days from
# `valid_from` up to but not including `valid_until`. What the county entered goes before what holds
# everywhere. Needs `live_village`, which every rule's statement has.
LIMIT_SPANS = """
village_county AS (
    SELECT v.id AS village_id, c.id AS county_id
    FROM live_village l
    JOIN organisation v ON v.id = l.id
    LEFT JOIN organisation c ON c.kind = 'county' AND c.id = ANY(v.ancestry)
), limit_row AS (
    SELECT t.*, lead(t.valid_from, 1, DATE 'infinity')
               OVER (PARTITION BY t.county_id, t.kind ORDER BY t.valid_from) AS valid_until
    FROM tender_limit t
), limit_span AS (
    SELECT vc.village_id, r.kind, r.valid_from,
           CASE WHEN r.county_id IS NULL THEN least(r.valid_until, own.since) ELSE r.valid_until END
               AS valid_until,
           r.vote_fen, r.tender_fen, r.law_fen
    FROM village_county vc
    JOIN limit_row r ON r.county_id IS NULL OR r.county_id = vc.county_id
    LEFT JOIN LATERAL (
        SELECT min(t.valid_from) AS since FROM tender_limit t
        WHERE t.county_id = vc.county_id AND t.kind = r.kind
    ) own ON true
)
"""


def in_force(village: str, kind: str, day: str, name: str = "limit_span") -> str:
    """The condition under which a row of `limit_span` holds; the arguments are SQL expressions."""
    return (
        f"{name}.village_id = {village} AND {name}.kind = {kind} "
        f"AND {name}.valid_from <= {day} AND {name}.valid_until > {day}"
    )


# Contracts and projects that went through a tender by `:as_of`: a number of the tender at the contract, a
# stage of tender or award, a published invitation, or an exemption that was entered with its reason.
TENDERED = """
opened_project AS (
    SELECT s.project_id AS id FROM project_stage s
    WHERE s.kind IN ('tender', 'award') AND s.day <= :as_of
    UNION
    SELECT p.id FROM project p WHERE p.exempt && CAST(ARRAY['tender', 'award'] AS varchar[])
    UNION
    SELECT t.project_id FROM tender t
    WHERE t.project_id IS NOT NULL AND t.state IN ('open', 'closed', 'awarded')
      AND (t.opens_at AT TIME ZONE 'Asia/Shanghai')::date <= :as_of
), tendered_contract AS (
    SELECT c.id, c.village_id, c.title, c.counterparty_key, c.starts_on
    FROM contract c
    WHERE c.voided_at IS NULL
      AND (btrim(coalesce(c.tender_ref, '')) <> ''
           OR c.id IN (SELECT t.contract_id FROM tender t
                       WHERE t.state = 'awarded' AND t.awarded_on <= :as_of)
           OR c.id IN (SELECT p.contract_id FROM project p JOIN opened_project USING (id)))
), tendered_project AS (
    SELECT id FROM opened_project
    UNION
    SELECT p.id FROM project p JOIN tendered_contract c ON c.id = p.contract_id
)
"""
