"""What R11 sums up, as SQL: the money for works, and the project or object that each payment belongs to.

An object of works is what payments of labour, material and works have in common by their `purpose_key`: the
same key; a key that begins with another one (道路硬化, 道路硬化侧石); a key that ends with another one when
that is the only such key (王家办公楼装修); for a building of which a village has one, building and kind of
work. Everyday upkeep is no object. Payments that name a project belong to it, and so do those of the same
object.
"""

from __future__ import annotations

from app.rules.limits import LIMIT_SPANS, in_force

# Keys shorter than this are too general to hold others together.
_LEAST = 4

WORKS_MONEY = f"""
{LIMIT_SPANS}, project_of_contract AS (
    SELECT contract_id, (array_agg(id ORDER BY number))[1] AS project_id
    FROM project WHERE contract_id IS NOT NULL AND state <> 'cancelled' GROUP BY contract_id
), money AS MATERIALIZED (
    SELECT p.id, p.village_id, p.paid_on, p.amount_fen, p.payee_key, p.expense, p.purpose, p.purpose_key,
           p.contract_id, coalesce(p.project_id, pc.project_id) AS project_id,
           coalesce(p.expense IN ('labour', 'material', 'works'), false) AS core
    FROM payment p LEFT JOIN project_of_contract pc ON pc.contract_id = p.contract_id
    WHERE p.voided_at IS NULL AND p.paid_on <= :as_of
      AND p.paid_on > CAST(:as_of AS date) - :window_days - 730
      AND (p.expense IS NULL OR p.expense IN ('labour', 'material', 'works', 'upkeep', 'other'))
), word AS MATERIALIZED (
    SELECT purpose_key, named,
           CASE WHEN purpose_key ~ :single
                THEN substring(purpose_key FROM :single) || coalesce(substring(purpose_key FROM :works), '')
                ELSE purpose_key END AS base
    FROM (SELECT purpose_key, purpose_key ~ :works AS named
          FROM (SELECT DISTINCT purpose_key FROM money WHERE purpose_key IS NOT NULL) every
          WHERE NOT purpose_key ~ :upkeep) kept
), trade AS MATERIALIZED (
    SELECT purpose FROM (SELECT DISTINCT purpose FROM money JOIN word USING (purpose_key)
                         WHERE core AND NOT named) every
    WHERE purpose ~ :trades
), works_key AS MATERIALIZED (
    SELECT m.village_id, w.purpose_key, w.named, w.base
    FROM money m JOIN word w USING (purpose_key) LEFT JOIN trade t ON t.purpose = m.purpose
    GROUP BY m.village_id, w.purpose_key, w.named, w.base
    HAVING w.named OR bool_or(t.purpose IS NOT NULL AND m.core)
        OR coalesce(sum(m.amount_fen) FILTER (WHERE m.expense = 'works'), 0) * 2 > sum(m.amount_fen)
), base AS MATERIALIZED (
    SELECT village_id, base, bool_or(named) AS named FROM works_key GROUP BY village_id, base
), any_base AS MATERIALIZED (
    SELECT base FROM base GROUP BY base
), begins AS MATERIALIZED (
    SELECT b.base, r.base AS part
    FROM any_base b
    CROSS JOIN LATERAL generate_series(2, length(b.base) - 1) AS length
    JOIN any_base r ON r.base = left(b.base, length)
), ends AS MATERIALIZED (
    SELECT b.base, r.base AS part
    FROM any_base b
    CROSS JOIN LATERAL generate_series({_LEAST}, length(b.base) - 1) AS length
    JOIN any_base r ON r.base = right(b.base, length)
), held AS (
    SELECT b.village_id, b.base, r.base AS root, 2 AS rank
    FROM begins n
    JOIN base b ON b.base = n.base
    JOIN base r ON r.village_id = b.village_id AND r.base = n.part
    WHERE r.named AND length(r.base) >= {_LEAST}
    UNION ALL
    SELECT b.village_id, min(b.base), r.base, 3
    FROM ends n
    JOIN base b ON b.base = n.base
    JOIN base r ON r.village_id = b.village_id AND r.base = n.part
    GROUP BY b.village_id, r.base HAVING count(*) = 1
    UNION ALL
    SELECT b.village_id, r.base, min(b.base), 1
    FROM begins n
    JOIN base b ON b.base = n.base AND b.named
    JOIN base r ON r.village_id = b.village_id AND r.base = n.part AND NOT r.named
    GROUP BY b.village_id, r.base HAVING count(*) = 1
), step AS MATERIALIZED (
    SELECT DISTINCT ON (village_id, base) village_id, base, root
    FROM held ORDER BY village_id, base, rank, length(root), root
), rooted AS MATERIALIZED (
    SELECT k.village_id, k.purpose_key, coalesce(second.root, first.root, k.base) AS root
    FROM works_key k
    LEFT JOIN step first ON first.village_id = k.village_id AND first.base = k.base
    LEFT JOIN step second ON second.village_id = k.village_id AND second.base = first.root
)
"""

SUMMED = """
root AS (
    SELECT DISTINCT village_id, root FROM rooted WHERE length(root) >= 3
), live_project AS (
    SELECT p.id, p.village_id, p.name, p.approved_on, p.estimate_fen, t.id IS NOT NULL AS tendered,
           p.state IN ('approved', 'under_way', 'accepted', 'settled') AS decided
    FROM project p LEFT JOIN tendered_project t ON t.id = p.id
    WHERE p.state <> 'cancelled' AND coalesce(p.approved_on, :as_of) <= :as_of
), linked_root AS (
    SELECT m.village_id, r.root, m.project_id, m.contract_id, min(m.paid_on) AS since
    FROM money m JOIN rooted r USING (village_id, purpose_key)
    WHERE m.project_id IS NOT NULL OR m.contract_id IS NOT NULL
    GROUP BY m.village_id, r.root, m.project_id, m.contract_id
), project_root AS MATERIALIZED (
    SELECT DISTINCT ON (village_id, root) village_id, root, project_id, since FROM (
        SELECT l.village_id, l.root, l.project_id, 1 AS rank, coalesce(p.approved_on, l.since) AS since
        FROM linked_root l JOIN live_project p ON p.id = l.project_id
        UNION ALL
        SELECT r.village_id, r.root, min(p.id::text)::uuid, 2, min(p.approved_on)
        FROM root r JOIN live_project p ON p.village_id = r.village_id AND strpos(p.name, r.root) > 0
        GROUP BY r.village_id, r.root HAVING count(*) = 1
    ) found ORDER BY village_id, root, rank, since, project_id
), contract_root AS MATERIALIZED (
    SELECT village_id, root, min(since) AS since FROM (
        SELECT l.village_id, l.root, least(c.starts_on, l.since) AS since
        FROM linked_root l JOIN tendered_contract c ON c.id = l.contract_id
        UNION ALL
        SELECT r.village_id, r.root, c.starts_on
        FROM root r JOIN tendered_contract c ON c.village_id = r.village_id AND strpos(c.title, r.root) > 0
    ) found GROUP BY village_id, root
), placed AS MATERIALIZED (
    SELECT m.id, m.village_id, m.paid_on, m.amount_fen, m.payee_key, m.expense, m.purpose, m.core, r.root,
           CASE WHEN m.project_id IS NOT NULL THEN 'project:' || m.project_id
                WHEN tc.id IS NOT NULL THEN NULL
                WHEN m.paid_on >= coalesce(pr.since, m.paid_on) - 90 AND pr.project_id IS NOT NULL
                THEN 'project:' || pr.project_id
                WHEN m.paid_on >= cr.since - 30 THEN NULL
                WHEN r.root IS NOT NULL THEN 'purpose'
                WHEN c.kind = 'works' THEN 'contract:' || c.id END AS object,
           m.purpose_key IS NULL AND m.project_id IS NULL AND m.contract_id IS NULL
           AND (m.core OR m.expense IS NULL) AS unknown
    FROM money m
    LEFT JOIN rooted r ON r.village_id = m.village_id AND r.purpose_key = m.purpose_key
    LEFT JOIN tendered_contract tc ON tc.id = m.contract_id
    LEFT JOIN contract c ON c.id = m.contract_id AND c.voided_at IS NULL
    LEFT JOIN project_root pr ON pr.village_id = m.village_id AND pr.root = r.root
    LEFT JOIN contract_root cr ON cr.village_id = m.village_id AND cr.root = r.root
), large AS MATERIALIZED (
    SELECT village_id, root FROM placed WHERE object = 'purpose' GROUP BY village_id, root
    HAVING sum(amount_fen) * 4 >= (SELECT min(tender_fen) FROM tender_limit)
), stepped AS (
    SELECT p.*, p.paid_on - lag(p.paid_on) OVER (PARTITION BY village_id, root ORDER BY paid_on, id)
                > :gap_days AS apart
    FROM placed p JOIN large USING (village_id, root) WHERE p.object = 'purpose'
), spanned AS (
    SELECT s.*, count(*) FILTER (WHERE apart) OVER w AS span,
           sum(amount_fen) OVER (PARTITION BY village_id, root ORDER BY paid_on
                                 RANGE BETWEEN INTERVAL '364 days' PRECEDING AND CURRENT ROW) AS year_fen
    FROM stepped s
    WINDOW w AS (PARTITION BY village_id, root ORDER BY paid_on, id)
), member AS (
    SELECT id, village_id, paid_on, amount_fen, payee_key, expense, purpose, root, year_fen,
           'purpose:' || root || ':' || to_char(
               min(paid_on) OVER (PARTITION BY village_id, root, span), 'YYYY') AS object
    FROM spanned
    UNION ALL
    SELECT id, village_id, paid_on, amount_fen, payee_key, expense, purpose, root, NULL, object
    FROM placed WHERE object <> 'purpose'
), summed AS (
    SELECT village_id, object, max(root) AS root, sum(amount_fen) AS paid_fen, max(year_fen) AS year_fen,
           count(*) AS payments,
           coalesce(sum(amount_fen) FILTER (WHERE expense = 'labour'), 0) AS labour_fen,
           coalesce(sum(amount_fen) FILTER (WHERE expense = 'material'), 0) AS material_fen,
           coalesce(sum(amount_fen) FILTER (
               WHERE expense IS NULL OR expense NOT IN ('labour', 'material')), 0) AS works_fen,
           count(DISTINCT payee_key) AS payees, min(paid_on) AS first_on, max(paid_on) AS last_on,
           (array_agg(DISTINCT purpose) FILTER (WHERE purpose IS NOT NULL))[1:12] AS purposes,
           array_agg(DISTINCT payee_key) AS payee_keys, array_agg(id) AS ids
    FROM member GROUP BY village_id, object
)
"""

JUDGED = f"""
, matter AS (
    SELECT s.village_id, s.object, s.root AS name, s.year_fen AS amount_fen, NULL::date AS approved_on,
           false AS tendered, false AS overdue_tender, s.paid_fen, s.payments, s.labour_fen, s.material_fen,
           s.works_fen, s.payees, s.first_on, s.last_on, s.purposes, s.payee_keys, s.ids
    FROM summed s WHERE s.object LIKE 'purpose:%'
    UNION ALL
    SELECT s.village_id, s.object, c.title, s.paid_fen, NULL, false, false, s.paid_fen, s.payments,
           s.labour_fen, s.material_fen, s.works_fen, s.payees, s.first_on, s.last_on, s.purposes,
           s.payee_keys, s.ids
    FROM summed s JOIN contract c ON 'contract:' || c.id = s.object
    UNION ALL
    SELECT p.village_id, 'project:' || p.id, p.name, greatest(coalesce(s.paid_fen, 0), p.estimate_fen),
           p.approved_on, p.tendered, p.decided AND p.approved_on < CAST(:as_of AS date) - :red_days,
           coalesce(s.paid_fen, 0), coalesce(s.payments, 0), coalesce(s.labour_fen, 0),
           coalesce(s.material_fen, 0), coalesce(s.works_fen, 0), coalesce(s.payees, 0), s.first_on,
           s.last_on, s.purposes, s.payee_keys, s.ids
    FROM live_project p LEFT JOIN summed s ON s.object = 'project:' || p.id
    WHERE s.object IS NOT NULL OR p.approved_on IS NOT NULL
), weighed AS (
    SELECT m.*, coalesce(m.approved_on, m.first_on) AS since,
           CASE WHEN m.object LIKE 'purpose:%' THEN m.amount_fen ELSE m.paid_fen END AS measured_fen,
           l.tender_fen AS line_fen
    FROM matter m
    LEFT JOIN limit_span l
      ON {in_force("m.village_id", "'works'", "coalesce(m.approved_on, m.first_on)", "l")}
    WHERE coalesce(m.last_on, m.approved_on + :red_days) > CAST(:as_of AS date) - :window_days
), coloured AS MATERIALIZED (
    SELECT w.*, CAST(:as_of AS date) - w.since AS days,
           CASE WHEN w.tendered THEN NULL
                WHEN w.measured_fen >= w.line_fen AND (w.since < CAST(:as_of AS date) - :red_days
                     OR w.measured_fen > w.line_fen * :red_times) THEN 'red'
                WHEN w.measured_fen >= w.line_fen THEN 'yellow'
                WHEN w.amount_fen >= w.line_fen AND w.overdue_tender THEN 'red' END AS colour
    FROM weighed w
), possible AS (
    SELECT c.village_id, c.object, count(*) AS payments, sum(p.amount_fen) AS fen,
           (array_agg(p.id))[1:50] AS ids
    FROM coloured c
    JOIN placed p ON p.village_id = c.village_id AND p.unknown AND p.payee_key = ANY(c.payee_keys)
     AND p.paid_on BETWEEN c.first_on - 30 AND c.last_on + 30
    WHERE c.colour IS NOT NULL
    GROUP BY c.village_id, c.object
), remainder AS (
    SELECT p.village_id, coalesce(sum(p.amount_fen) FILTER (WHERE p.unknown), 0) AS unknown_fen,
           count(*) FILTER (WHERE p.unknown) AS unknown, sum(p.amount_fen) AS total_fen
    FROM placed p
    WHERE (p.core OR p.unknown) AND p.paid_on > CAST(:as_of AS date) - :window_days
    GROUP BY p.village_id
)
SELECT c.village_id, c.object AS subject_id, c.colour,
       CASE WHEN c.line_fen IS NULL AND NOT c.tendered THEN '招标限额' END AS missing,
       c.name, c.amount_fen, c.paid_fen, c.payments, c.labour_fen, c.material_fen, c.works_fen, c.payees,
       c.first_on, c.last_on, c.approved_on IS NOT NULL AS approved, c.approved_on, c.days, c.line_fen,
       c.tendered, c.purposes, coalesce(p.payments, 0) AS possible, coalesce(p.fen, 0) AS possible_fen,
       p.ids AS possible_rows, NULL::bigint AS unknown_fen, NULL::bigint AS total_fen,
       coalesce(c.ids, '{{}}') AS rows
FROM coloured c LEFT JOIN possible p ON p.village_id = c.village_id AND p.object = c.object
UNION ALL
SELECT r.village_id, 'remainder', NULL,
       CASE WHEN r.unknown_fen * 100 > r.total_fen * :unknown_percent AND r.unknown_fen >= l.tender_fen
            THEN '用途' END,
       '用途不明的付款', r.unknown_fen, r.unknown_fen, r.unknown, 0, 0, 0, 0, NULL, NULL, false, NULL, NULL,
       l.tender_fen, false, NULL, 0, 0, NULL, r.unknown_fen, r.total_fen, NULL
FROM remainder r
LEFT JOIN limit_span l ON {in_force("r.village_id", "'works'", "CAST(:as_of AS date)", "l")}
"""
