"""What a portrait (画像) is made of: five components, each of indicators.

An indicator is one SELECT of rows: `village_id`, `row_id`, `day`, `label`, `fen` (or null), `share` (how good
the row is, 0 to 1) and `weight`. Its figure is the weighted mean of `share`; the list behind a point is the
same SELECT. Only what was known at the end of `:until` counts, so that a month can be computed again. Binds
`since`, `until` (days, both included) and `cutoff` (the moment at which `until` is over).
"""

from __future__ import annotations

from dataclasses import dataclass

from app.services.access_complaints import COUNTABLE_SQL


@dataclass(frozen=True)
class Component:
    """One of the five parts."""

    key: str
    title: str


@dataclass(frozen=True)
class Indicator:
    """`there`: SQL over village `v`, whether its ledger is kept at all; else it lacks what `lacking` says.
    `minimum`: below so many rows the village's own rows do not count (one could point at a person).
    `rows_of`: the noun of `row_id`."""

    key: str
    component: str
    title: str
    words: str
    rows_of: str
    select: str
    there: str = "true"
    lacking: str = ""
    minimum: int = 1
    deducts: bool = False


COMPONENTS = (
    Component("disclosure", "公开及时"),
    Component("money", "资金规范"),
    Component("contracts", "合同资产"),
    Component("people", "群众诉求"),
    Component("alerts", "预警处置"),
)

_LOCAL = "AT TIME ZONE 'Asia/Shanghai'"
_OWED = """
    SELECT o.village_id, o.id::text AS row_id, o.due_on AS day, o.title AS label, NULL::bigint AS fen,
           CASE WHEN o.met_on <= {by} THEN 1.0 ELSE 0.0 END AS share, 1.0 AS weight
    FROM obligation o
    WHERE o.due_on BETWEEN :since AND :until AND o.state <> 'waived'
"""
_OWES = "EXISTS (SELECT 1 FROM obligation o WHERE o.village_id = v.id AND o.due_on BETWEEN :since AND :until)"
_PAID = """
    SELECT p.village_id, p.id::text AS row_id, p.paid_on AS day, p.voucher || ' ' || p.payee AS label,
           p.amount_fen AS fen, CASE WHEN {good} THEN 1.0 ELSE 0.0 END AS share, 1.0 AS weight
    FROM payment p
    WHERE p.paid_on BETWEEN :since AND :until AND p.voided_at IS NULL
"""
_PAYS = (
    "EXISTS (SELECT 1 FROM payment p WHERE p.village_id = v.id AND p.voided_at IS NULL"
    " AND p.paid_on BETWEEN :since AND :until)"
)
_BUDGETED = (
    "EXISTS (SELECT 1 FROM budget b WHERE b.village_id = v.id AND b.voided_at IS NULL"
    " AND b.year = extract(year FROM CAST(:until AS date)))"
)
# The first row of an invoice is the right one; the same invoice, payee and amount on another voucher is not.
_DUPLICATES = """
    SELECT i.village_id, i.row_id, i.day, i.label, i.fen,
           CASE WHEN i.place = 1 THEN 1.0 ELSE 0.0 END AS share, 1.0 AS weight
    FROM (
        SELECT p.village_id, p.id::text AS row_id, p.paid_on AS day, p.amount_fen AS fen,
               p.invoice_number || ' ' || p.payee AS label,
               dense_rank() OVER (PARTITION BY p.village_id, p.invoice_number, p.payee_key, p.amount_fen
                                  ORDER BY p.paid_on, p.voucher) AS place
        FROM payment p
        WHERE p.paid_on BETWEEN :since AND :until AND p.voided_at IS NULL AND p.invoice_number <> ''
    ) i
"""
_BUDGET = """
    SELECT b.village_id, b.id::text AS row_id, make_date(b.year, 12, 31) AS day,
           b.year || '年 ' || b.category AS label, b.amount_fen AS fen,
           CASE WHEN coalesce(spent.fen, 0) <= b.amount_fen THEN 1.0 ELSE 0.0 END AS share, 1.0 AS weight
    FROM budget b
    LEFT JOIN (
        SELECT p.village_id, p.category, sum(p.amount_fen) AS fen
        FROM payment p
        WHERE p.voided_at IS NULL
          AND p.paid_on BETWEEN date_trunc('year', CAST(:until AS date))::date AND :until
        GROUP BY p.village_id, p.category
    ) spent ON spent.village_id = b.village_id AND spent.category = b.category
    WHERE b.voided_at IS NULL AND b.year = extract(year FROM CAST(:until AS date))
      AND coalesce(b.adopted_on, :until) <= :until
"""
_LEASES = """
    SELECT c.village_id, c.id::text AS row_id, c.ends_on AS day, c.number || ' ' || c.title AS label,
           c.amount_fen AS fen, CASE WHEN c.ends_on >= :until THEN 1.0 ELSE 0.0 END AS share, 1.0 AS weight
    FROM contract c
    WHERE c.kind = 'lease_out' AND c.voided_at IS NULL AND c.ends_on IS NOT NULL AND c.starts_on <= :until
      AND (c.state = 'active' OR c.state_since > :until)
"""
_RENT = """
    SELECT r.village_id, r.id::text AS row_id, r.due_on AS day, r.number || ' ' || r.title AS label,
           r.amount_fen AS fen, least(1.0, coalesce(paid.fen, 0)::numeric / r.amount_fen) AS share,
           r.amount_fen::numeric AS weight
    FROM receivable r
    LEFT JOIN (
        SELECT receivable_id, sum(amount_fen) AS fen FROM receipt
        WHERE receivable_id IS NOT NULL AND voided_at IS NULL AND received_on <= :until
        GROUP BY receivable_id
    ) paid ON paid.receivable_id = r.id
    WHERE r.voided_at IS NULL AND r.amount_fen > 0 AND r.due_on BETWEEN :since AND :until
"""
# What passes the village by, or is about a person, is not the village's to answer, and no figure tells of it.
# When it was first replied to stands in the events, because reopening clears the columns.
_COMPLAINTS = """
    SELECT k.village_id, k.id::text AS row_id, {day} AS day, k.number AS label, NULL::bigint AS fen,
           {share} AS share, 1.0 AS weight
    FROM complaint k
    LEFT JOIN LATERAL (
        SELECT min(e.at) FILTER (WHERE e.kind IN ('accepted', 'answered')) AS taken,
               min(e.at) FILTER (WHERE e.kind = 'answered') AS answered
        FROM complaint_event e WHERE e.complaint_id = k.id AND e.at < :cutoff
    ) first ON true
    LEFT JOIN LATERAL (
        SELECT satisfaction FROM rating WHERE rating.complaint_id = k.id AND rating.at < :cutoff
        ORDER BY round DESC LIMIT 1
    ) rated ON true
    WHERE {where} AND {countable}
"""
RATING_DAYS = 15  # nobody has to rate at once; afterwards "not rated" is not satisfied
_FILED = f"(k.filed_at {_LOCAL})::date"
# The state at the cutoff is what the last event before it made it: what waits for a second person, because
# the data mended it or the village explained it, does not count against the village.
_OVERDUE = f"""
    SELECT w.village_id, w.id::text AS row_id, w.first_seen_on AS day, w.title AS label, NULL::bigint AS fen,
           least(1.0, greatest(0, :until - until.day)::numeric / :alert_full_days)
               * CASE w.colour WHEN 'red' THEN :alert_red_percent ELSE :alert_yellow_percent END / 100.0
               AS share, 1.0 AS weight
    FROM warning w
    LEFT JOIN LATERAL (
        SELECT e.kind FROM warning_event e
        WHERE e.warning_id = w.id AND e.at < :cutoff
          AND e.kind IN ('fired', 'refired', 'acknowledged', 'returned', 'proposed', 'cleared', 'closed')
        ORDER BY e.position DESC LIMIT 1
    ) last ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(
            (SELECT min(((step ->> 'due_at')::timestamptz - interval '1 second') {_LOCAL})::date
             FROM jsonb_array_elements(w.ladder) step WHERE step ->> 'step' = 'mend'),
            w.first_seen_on + :alert_grace_days) AS day
    ) until
    WHERE w.mode = 'active' AND w.first_seen_on <= :until AND until.day < :until
      AND coalesce(last.kind, w.state) IN
          ('fired', 'refired', 'acknowledged', 'returned', 'open')
"""  # noqa: S608  (put together from constants of this file)

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        key="disclosure.on_time",
        component="disclosure",
        title="按时公开",
        words="一年内到期的应公开事项，在应公开日前公开的比例。",
        rows_of="obligation",
        select=_OWED.format(by="least(o.due_on, :until)"),
        there=_OWES,
        lacking="应公开事项",
    ),
    Indicator(
        key="disclosure.published",
        component="disclosure",
        title="最终公开",
        words="一年内到期的应公开事项，到月末已经公开的比例，迟公开的也算。",
        rows_of="obligation",
        select=_OWED.format(by=":until"),
        there=_OWES,
        lacking="应公开事项",
    ),
    Indicator(
        key="money.cashless",
        component="money",
        title="非现金支付",
        words="一年内的付款，用转账或村务卡付的笔数比例。",
        rows_of="payment",
        select=_PAID.format(good="p.method IN ('transfer', 'card')"),
        there=_PAYS,
        lacking="付款台账",
    ),
    Indicator(
        key="money.purpose",
        component="money",
        title="用途清楚",
        words="一年内的付款，写明用途的笔数比例。",
        rows_of="payment",
        select=_PAID.format(good="coalesce(p.purpose, '') <> ''"),
        there=_PAYS,
        lacking="付款台账",
    ),
    Indicator(
        key="money.budget",
        component="money",
        title="预算之内",
        words="本年预算各项，到月末没有超支的比例。",
        rows_of="budget",
        select=_BUDGET,
        there=f"{_BUDGETED} AND {_PAYS}",
        lacking="预算和付款台账",
    ),
    Indicator(
        key="money.single",
        component="money",
        title="一票一付",
        words="一年内有发票号的付款，同一张发票没有按同样金额付第二次的比例。",
        rows_of="payment",
        select=_DUPLICATES,
        there="EXISTS (SELECT 1 FROM payment p WHERE p.village_id = v.id AND p.voided_at IS NULL"
        " AND p.paid_on BETWEEN :since AND :until AND p.invoice_number <> '')",
        lacking="发票号",
    ),
    Indicator(
        key="contracts.current",
        component="contracts",
        title="合同在期",
        words="出租、发包中的合同，到月末没有过期的比例。",
        rows_of="contract",
        select=_LEASES,
        there="EXISTS (SELECT 1 FROM contract c WHERE c.village_id = v.id AND c.voided_at IS NULL)",
        lacking="合同台账",
    ),
    Indicator(
        key="contracts.rent",
        component="contracts",
        title="租金到账",
        words="一年内到期的应收款，到月末已经收到的金额比例。",
        rows_of="receivable",
        select=_RENT,
        there="EXISTS (SELECT 1 FROM receivable r WHERE r.village_id = v.id AND r.voided_at IS NULL)"
        " AND EXISTS (SELECT 1 FROM receipt c WHERE c.village_id = v.id AND c.voided_at IS NULL)",
        lacking="应收款和收款台账",
    ),
    Indicator(
        key="people.first_reply",
        component="people",
        title="及时受理",
        words="一年内到受理期限的诉求，按时受理或答复的比例；按规定不经村办理的不算。",
        rows_of="complaint",
        select=_COMPLAINTS.format(
            countable=COUNTABLE_SQL,
            day=_FILED,
            share="CASE WHEN first.taken <= k.accept_at THEN 1.0 ELSE 0.0 END",
            where=f"{_FILED} BETWEEN :since AND :until AND k.accept_at <= :cutoff",
        ),
        minimum=5,
    ),
    Indicator(
        key="people.on_time",
        component="people",
        title="按时办结",
        words="一年内到承诺日的诉求，按时答复的比例。",
        rows_of="complaint",
        select=_COMPLAINTS.format(
            countable=COUNTABLE_SQL,
            day="k.promised_on",
            share="CASE WHEN coalesce(k.answered_at, k.closed_at, 'infinity') <= k.finish_at"
            " THEN 1.0 ELSE 0.0 END",
            where="k.promised_on BETWEEN :since AND :until",
        ),
        minimum=5,
    ),
    Indicator(
        key="people.satisfied",
        component="people",
        title="群众满意",
        words="一年内答复的诉求，评价满意的算 1，基本满意的算一半，不满意和满 15 天没有评价的算 0："
        "等于已评价的满意率乘评价率。",
        rows_of="complaint",
        select=_COMPLAINTS.format(
            countable=COUNTABLE_SQL,
            day=f"(first.answered {_LOCAL})::date",
            share="CASE rated.satisfaction WHEN 'satisfied' THEN 1.0 WHEN 'partly' THEN 0.5 ELSE 0.0 END",
            where=f"(first.answered {_LOCAL})::date BETWEEN :since AND :until"
            f" AND (rated.satisfaction IS NOT NULL OR (first.answered {_LOCAL})::date"
            f" <= CAST(:until AS date) - {RATING_DAYS})",
        ),
        minimum=5,
    ),
    Indicator(
        key="alerts.left_open",
        component="alerts",
        title="预警不拖",
        words="正式预警过了整改期限还没有整改或说明的，按颜色和拖延天数扣分；发出预警本身不扣分，"
        "等待复核的不扣分。",
        rows_of="warning",
        select=_OVERDUE,
        there="EXISTS (SELECT 1 FROM rule_verdict x WHERE x.village_id = v.id"
        " AND x.verdict <> 'not_computable')",
        lacking="能判断的规则",
        deducts=True,
    ),
)
BY_KEY = {indicator.key: indicator for indicator in INDICATORS}
KEYS = tuple(BY_KEY)
