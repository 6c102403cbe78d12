"""R21 互斥补助: one person draws two kinds of aid for the same time that rule each other out."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import yuan


class ExclusiveBenefitsThresholds(Thresholds):
    """How far back payments are looked at. Which kinds exclude each other stands in the county's list."""

    window_days: int = Field(default=366, ge=1, le=1100, description="只看最近多少天发放的补助（天）")


class ExclusiveBenefits(Rule[ExclusiveBenefitsThresholds]):
    """The same person by identity number, whichever villages paid; where a number is missing by name and
    group within the village, which the words say. Without a group a name may be a namesake's, and a yearly
    payment beside a monthly one may belong to other months: then yellow.

    A kind of the county's list may hold several names, parted by 「、」."""

    key = "benefit.exclusive"
    code = "R21"
    title = "重复享受互斥补助"
    meaning = "同一个人在同一时期领取了政策规定不能同时享受的两种补助。"
    source = "贵州黔东南州公开做法：互斥补助资金比对。互斥组合以县级维护的清单为准。"
    clears_by = "停发其中一种并更正发放记录，或由县级更正互斥清单；多发的追回后，由第二人复核销号。"
    line = Line.CIVIL_AFFAIRS
    needs = (Need("benefit", "补助发放台账", condition="t.voided_at IS NULL", recent="paid_on", days=366),)
    exclusions = (
        "不在互斥清单中的补助",
        "规定生效之前或失效之后的月份",
        "证件号码不同的同名人",
        "已作废的发放记录",
    )
    subject = "recipient"
    rows_of = "benefits"
    thresholds = ExclusiveBenefitsThresholds
    SELECT = """
    WITH pair AS (
        SELECT id, kind_a, kind_b, source, valid_from, coalesce(valid_until, 'infinity') AS valid_until
        FROM benefit_exclusion WHERE valid_from <= :as_of
    ), named AS (
        SELECT id AS pair_id, 'a' AS side, btrim(unnest(string_to_array(kind_a, '、'))) AS kind FROM pair
        UNION ALL
        SELECT id, 'b', btrim(unnest(string_to_array(kind_b, '、'))) FROM pair
    ), kinds AS MATERIALIZED (
        SELECT DISTINCT b.kind AS written, n.kind FROM (SELECT DISTINCT kind FROM benefit) b
        JOIN named n ON n.kind = btrim(b.kind)
    ), drawer AS (
        SELECT row_number() OVER () AS number, drawn.*,
               md5(coalesce(recipient_digest, village_id || recipient_key || coalesce(recipient_group, '')))
                   AS person
        FROM (
            SELECT b.village_id, k.kind, b.recipient_key, b.recipient_digest,
                   nullif(b.recipient_group, '') AS recipient_group, min(b.recipient) AS recipient,
                   sum(b.amount_fen)::bigint AS amount_fen,
                   bool_or(b.period !~ '^[0-9]{4}(-(0[1-9]|1[0-2]))?$') AS unread
            FROM benefit b JOIN kinds k ON k.written = b.kind
            WHERE b.voided_at IS NULL AND b.paid_on > :as_of - :window_days AND b.paid_on <= :as_of
            GROUP BY 1, 2, 3, 4, 5
        ) drawn
    ), sided AS (
        SELECT d.*, n.pair_id, n.side FROM drawer d JOIN named n ON n.kind = d.kind
    ), clash AS (
        SELECT a.number AS a_number, b.number AS b_number, a.pair_id, true AS sure, true AS alike
        FROM sided a JOIN sided b ON b.recipient_digest = a.recipient_digest AND b.pair_id = a.pair_id
        WHERE a.side = 'a' AND b.side = 'b'
        UNION ALL
        SELECT a.number, b.number, a.pair_id, false, coalesce(a.recipient_group = b.recipient_group, false)
        FROM sided a
        JOIN sided b ON b.village_id = a.village_id AND b.recipient_key = a.recipient_key
         AND b.pair_id = a.pair_id
        WHERE a.side = 'a' AND b.side = 'b' AND a.recipient_key <> ''
          AND (a.recipient_digest IS NULL OR b.recipient_digest IS NULL)
          AND (a.recipient_group = b.recipient_group) IS NOT FALSE
    ), paid AS (
        SELECT d.number, b.id, b.period ~ '^[0-9]{4}$' AS yearly,
               CASE WHEN b.period ~ '^[0-9]{4}$' THEN make_date(b.period::int, 1, 1)
                    ELSE to_date(b.period, 'YYYY-MM') END AS starts
        FROM drawer d
        JOIN kinds k ON k.kind = d.kind
        JOIN benefit b ON b.village_id = d.village_id AND b.kind = k.written
         AND b.recipient_key = d.recipient_key
         AND b.recipient_digest IS NOT DISTINCT FROM d.recipient_digest
         AND nullif(b.recipient_group, '') IS NOT DISTINCT FROM d.recipient_group
        WHERE (d.number IN (SELECT a_number FROM clash) OR d.number IN (SELECT b_number FROM clash))
          AND b.voided_at IS NULL AND b.paid_on > :as_of - :window_days AND b.paid_on <= :as_of
          AND b.period ~ '^[0-9]{4}(-(0[1-9]|1[0-2]))?$'
    ), timed AS (
        SELECT number, id, yearly, starts,
               (starts + CASE WHEN yearly THEN interval '1 year' ELSE interval '1 month' END)::date - 1
                   AS ends
        FROM paid
    ), found AS (
        SELECT c.sure, c.alike AND a.yearly = b.yearly AS certain, pair.source, a.id AS a_id, b.id AS b_id,
               one.kind AS a_kind, other.kind AS b_kind, greatest(a.starts, b.starts) AS since,
               ends.village_id, ends.person
        FROM clash c
        JOIN pair ON pair.id = c.pair_id
        JOIN drawer one ON one.number = c.a_number
        JOIN drawer other ON other.number = c.b_number
        JOIN timed a ON a.number = c.a_number
        JOIN timed b ON b.number = c.b_number
         AND greatest(a.starts, b.starts, pair.valid_from) <= least(a.ends, b.ends, pair.valid_until)
        CROSS JOIN LATERAL (
            SELECT one.village_id,
                   CASE WHEN one.recipient_digest IS NULL AND other.recipient_digest IS NOT NULL
                        THEN other.person ELSE one.person END AS person
            UNION
            SELECT other.village_id,
                   CASE WHEN one.recipient_digest IS NULL AND other.recipient_digest IS NOT NULL
                        THEN other.person ELSE one.person END
        ) ends
    ), fired AS (
        SELECT village_id, person, bool_or(certain) AS certain, bool_and(sure) AS sure,
               count(DISTINCT since) AS periods, to_char(min(since), 'YYYY-MM') AS first_period,
               to_char(max(since), 'YYYY-MM') AS last_period,
               string_agg(DISTINCT a_kind || '和' || b_kind, '；') AS kinds,
               string_agg(DISTINCT source, '；') AS rules,
               array_agg(DISTINCT a_id) || array_agg(DISTINCT b_id) AS rows
        FROM found GROUP BY village_id, person
    ), looked_at AS (
        SELECT village_id, person, min(recipient) AS recipient, bool_or(unread) AS unread,
               sum(amount_fen)::bigint AS amount_fen
        FROM drawer GROUP BY village_id, person
    )
    SELECT village_id, person AS subject_id,
           CASE WHEN certain THEN 'red' WHEN certain IS NOT NULL THEN 'yellow' END AS colour,
           CASE WHEN certain IS NULL AND unread THEN '所属期' END AS missing,
           recipient, amount_fen, kinds, periods, first_period, last_period, sure, certain, rules, rows
    FROM looked_at LEFT JOIN fired USING (village_id, person)
    UNION ALL
    SELECT v.id, 'all', NULL, '互斥规定', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM organisation v
    WHERE v.kind = 'village' AND v.active AND NOT EXISTS (SELECT 1 FROM pair WHERE valid_until >= :as_of)
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: ExclusiveBenefitsThresholds) -> Words:
        """The name stands in the basis only: the title goes into messages."""
        first, last = row["first_period"], row["last_period"]
        when = first if first == last else f"{first} 至 {last}"
        how = "证件号码相同。" if row["sure"] else "缺少证件号码，按本村姓名和村民小组比对，请先核对身份。"
        if not row["certain"]:
            how += "身份或月份还不能确定，因此黄色预警。"
        return Words(
            title=f"同时领取{row['kinds']}",
            basis=(
                f"{village}的补助名单中，{row['recipient']}在 {when} 同时领取{row['kinds']}，"
                f"共 {row['periods']} 期。{how}依据：{row['rules']}"
            ),
        )

    def cleared(self, row: Row, *, thresholds: ExclusiveBenefitsThresholds) -> str:
        """By a corrected list or a corrected payment."""
        return f"补助台账中已没有同期领取互斥补助的记录（清单内补助共 {yuan(row['amount_fen'])}）。"
