"""R08 用工支出占比异常: far more of a village's money goes into labour than before and than elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from app.models.organisations import Line
from app.models.rules import RuleMode
from app.rules import vocabulary
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.peers import PEERS, median_of_peers
from app.rules.wording import day, percent, yuan


class LabourShareThresholds(Thresholds):
    """The published case gives the way of looking (a year of payments, labour against the rest) and no
    threshold: all numbers are this system's proposal; the county sets its own."""

    yellow_percent: int = Field(default=30, ge=1, le=100, description="用工占总支出超过多少才看（%）")
    yellow_growth_percent: int = Field(
        default=50, ge=1, le=1000, description="比往年、比同类村高出多少黄色预警（%）"
    )
    red_percent: int = Field(default=50, ge=1, le=100, description="用工占总支出超过多少红色预警（%）")
    red_growth_percent: int = Field(
        default=100, ge=1, le=1000, description="比往年、比同类村高出多少红色预警（%）"
    )
    least_total_fen: int = Field(default=30_000_000, ge=1, description="一年支出低于多少不比较（分）")
    least_labour_fen: int = Field(default=10_000_000, ge=1, description="一年用工支出低于多少不看（分）")
    least_payments: int = Field(default=30, ge=1, le=10_000, description="一年付款少于多少笔不比较（笔）")
    unknown_percent: int = Field(
        default=20, ge=1, le=100, description="科目不明的金额超过多少就无法判断（%）"
    )
    peer_spread_percent: int = Field(default=30, ge=1, le=100, description="同类村：户数相差不超过多少（%）")
    least_peers: int = Field(default=5, ge=2, le=100, description="同类村少于多少个就不比（个）")


class LabourShare(Rule[LabourShareThresholds]):
    """Yellow where labour is more than 30 % of what a village spent in the four quarters that are over, and
    half as much again as in the four before and as in villages of its size; red above 50 %, or twice as much.

    One subject per village: the quarter of the four in which most was paid for labour, so that the same swell
    is one warning for as long as it is in sight. The evidence breaks labour down by object, project and kind
    of payee, and says how much of it names no purpose."""

    key = "labour.share"
    code = "R08"
    title = "用工支出占比异常"
    meaning = "一年里用工支出占总支出的比例很高，比自己往年、比户数相近的村都高出许多。"
    source = (
        "杭州市萧山区义桥镇：比对一年付款发现一村用工支出超过百万元，其中六成是村级建设用工。"
        "案例没有公布比例；30%、50% 等是本系统建议值，各县自定。"
    )
    clears_by = "更正误录的科目或付款，使占比回到正常范围；确有原因的由镇街核实说明。"
    line = Line.AGRICULTURE
    mode = RuleMode.SHADOW
    needs = (Need("payment", "付款台账", "t.voided_at IS NULL", recent="paid_on", days=366),)
    exclusions = (
        "往来款不算支出",
        "一年支出、付款笔数或用工支出太少的村",
        "还没有结束的季度",
    )
    subject = "quarter"
    rows_of = "payments"
    thresholds = LabourShareThresholds
    SELECT = f"""
    WITH {PEERS}, turn AS (
        SELECT date_trunc('quarter', CAST(:as_of AS date) + 1)::date AS ended
    ), year AS (
        SELECT ended, (ended - INTERVAL '12 months')::date AS since,
               (ended - INTERVAL '24 months')::date AS before
        FROM turn
    ), quarterly AS MATERIALIZED (
        SELECT p.village_id, date_trunc('quarter', p.paid_on)::date AS quarter,
               date_trunc('quarter', p.paid_on)::date >= y.since AS now,
               sum(p.amount_fen) AS total_fen, count(*) AS payments,
               coalesce(sum(p.amount_fen) FILTER (WHERE p.expense = 'labour'), 0) AS labour_fen,
               coalesce(sum(p.amount_fen) FILTER (WHERE p.expense IS NULL), 0) AS unclassed_fen
        FROM payment p, year y
        WHERE p.voided_at IS NULL AND p.paid_on >= y.before AND p.paid_on < y.ended
          AND p.expense IS DISTINCT FROM 'transfer'
        GROUP BY p.village_id, date_trunc('quarter', p.paid_on)::date, y.since
    ), yearly AS (
        SELECT village_id, now, sum(total_fen) AS total_fen, sum(payments) AS payments,
               sum(labour_fen) AS labour_fen, sum(unclassed_fen) AS unclassed_fen,
               sum(unclassed_fen) * 100 > sum(total_fen) * :unknown_percent AS unclear,
               sum(total_fen) >= :least_total_fen AND sum(payments) >= :least_payments AS enough,
               (array_agg(quarter ORDER BY labour_fen DESC, quarter))[1] AS peak
        FROM quarterly GROUP BY village_id, now
    ), shared AS MATERIALIZED (
        SELECT y.*,
               CASE WHEN enough AND NOT unclear THEN labour_fen::float8 / nullif(total_fen, 0) END AS share
        FROM yearly y
    ), present AS MATERIALIZED (
        SELECT * FROM shared WHERE now
    ), peers AS (
        {median_of_peers("present", "share")}
    ), compared AS (
        SELECT n.village_id, n.peak, n.total_fen, n.payments, n.labour_fen, n.unclassed_fen, n.unclear,
               n.share, b.share AS own_before, peers.peer_median, coalesce(peers.peer_count, 0) AS peer_count,
               coalesce(v.households, 0) > 0 AS sized,
               greatest(b.share, peers.peer_median) AS base
        FROM present n
        JOIN organisation v ON v.id = n.village_id
        LEFT JOIN shared b ON b.village_id = n.village_id AND NOT b.now
        LEFT JOIN peers ON peers.village_id = n.village_id
        WHERE n.enough AND (n.labour_fen >= :least_labour_fen OR n.unclear)
    ), coloured AS MATERIALIZED (
        SELECT c.*, (share / nullif(base, 0) - 1) * 100 AS growth_percent,
               CASE WHEN unclear THEN NULL
                    WHEN share * 100 > :red_percent THEN 'red'
                    WHEN share * 100 > :yellow_percent
                         AND share > base * (100 + :red_growth_percent) / 100.0 THEN 'red'
                    WHEN share * 100 > :yellow_percent
                         AND share > base * (100 + :yellow_growth_percent) / 100.0 THEN 'yellow' END
                   AS colour,
               CASE WHEN unclear THEN '科目'
                    WHEN share * 100 > :yellow_percent AND share * 100 <= :red_percent AND base IS NULL
                    THEN CASE WHEN sized THEN '上年同期付款' ELSE '户数' END END AS missing
        FROM compared c
    ), labour AS MATERIALIZED (
        SELECT p.village_id, p.id, p.amount_fen, p.purpose IS NULL OR btrim(p.purpose) = '' AS unsaid,
               p.purpose_key, p.project_id, p.payee_kind,
               coalesce(p.purpose_key ~ :works OR p.purpose ~ :trades, false)
               AND NOT coalesce(p.purpose_key ~ :upkeep, false) OR p.project_id IS NOT NULL AS building
        FROM payment p
        JOIN coloured c ON c.village_id = p.village_id AND c.colour IS NOT NULL
        CROSS JOIN year y
        WHERE p.expense = 'labour' AND p.voided_at IS NULL AND p.paid_on >= y.since AND p.paid_on < y.ended
    ), object AS (
        SELECT village_id, jsonb_agg(jsonb_build_object('purpose', purpose_key, 'amount_fen', fen,
                   'payments', payments) ORDER BY fen DESC) FILTER (WHERE place <= 10) AS purposes
        FROM (SELECT village_id, purpose_key, sum(amount_fen) AS fen, count(*) AS payments,
                     row_number() OVER (PARTITION BY village_id ORDER BY sum(amount_fen) DESC) AS place
              FROM labour WHERE purpose_key IS NOT NULL GROUP BY village_id, purpose_key) ranked
        GROUP BY village_id
    ), linked AS (
        SELECT village_id, jsonb_agg(jsonb_build_object('project', name, 'amount_fen', fen) ORDER BY fen DESC)
               AS projects
        FROM (SELECT l.village_id, pr.name, sum(l.amount_fen) AS fen
              FROM labour l JOIN project pr ON pr.id = l.project_id
              GROUP BY l.village_id, pr.id, pr.name) named
        GROUP BY village_id
    ), broken AS (
        SELECT village_id, coalesce(sum(amount_fen) FILTER (WHERE building), 0) AS building_fen,
               coalesce(sum(amount_fen) FILTER (WHERE unsaid), 0) AS unsaid_fen,
               count(*) FILTER (WHERE unsaid) AS unsaid, count(*) AS labour_payments,
               coalesce(sum(amount_fen) FILTER (WHERE payee_kind = 'firm'), 0) AS firms_fen,
               coalesce(sum(amount_fen) FILTER (WHERE payee_kind = 'person'), 0) AS persons_fen,
               array_agg(id) AS ids
        FROM labour GROUP BY village_id
    )
    SELECT c.village_id, to_char(c.peak, 'YYYY"Q"Q') AS subject_id, c.colour, c.missing,
           y.since AS from_on, y.ended - 1 AS until_on, c.total_fen, c.payments, c.labour_fen,
           c.unclassed_fen, c.share, c.own_before, c.peer_median, c.peer_count, c.growth_percent,
           coalesce(b.building_fen, 0) AS building_fen, coalesce(b.unsaid_fen, 0) AS unsaid_fen,
           coalesce(b.unsaid, 0) AS unsaid, coalesce(b.labour_payments, 0) AS labour_payments,
           coalesce(b.firms_fen, 0) AS firms_fen, coalesce(b.persons_fen, 0) AS persons_fen,
           coalesce(o.purposes, '[]') AS purposes, coalesce(l.projects, '[]') AS projects,
           coalesce(b.ids, '{{}}') AS rows
    FROM coloured c
    CROSS JOIN year y
    LEFT JOIN broken b USING (village_id)
    LEFT JOIN object o USING (village_id)
    LEFT JOIN linked l USING (village_id)
    """

    def parameters(self, thresholds: LabourShareThresholds) -> dict[str, Any]:
        """With the words that tell works from upkeep."""
        return {
            **super().parameters(thresholds),
            "works": vocabulary.works(),
            "upkeep": vocabulary.upkeep(),
            "trades": vocabulary.trades(),
        }

    def words(self, row: Row, *, village: str, as_of: date, thresholds: LabourShareThresholds) -> Words:
        """「一年用工 112.8 万元，占支出 46%」, with what it is compared with and where it went."""
        labour = row["labour_fen"]
        compared = [
            f"{label} {percent(row[column])}"
            for label, column in (("上一年占", "own_before"), ("户数相近的村一般占", "peer_median"))
            if row[column] is not None
        ]
        drilled = [
            f"{percent(row[column] / labour)}{label}"
            for label, column in (("是工程建设用工", "building_fen"), ("没有写用途", "unsaid_fen"))
            if row[column]
        ]
        largest = [f"「{one['purpose']}」{yuan(one['amount_fen'])}" for one in row["purposes"][:3]]
        return Words(
            title=f"一年用工支出 {yuan(labour)}，占总支出 {percent(row['share'])}",
            basis=(
                f"{village}从{day(row['from_on'])}到{day(row['until_on'])}用工支出 {yuan(labour)}，"
                f"占总支出 {yuan(row['total_fen'])}的 {percent(row['share'])}"
                f"{'；' + '，'.join(compared) if compared else ''}。"
                f"{'其中 ' + '，'.join(drilled) + '。' if drilled else ''}"
                f"{'最多的是' + '、'.join(largest) + '。' if largest else ''}"
                f"依据：占比超过 {thresholds.yellow_percent}% "
                f"且高出 {thresholds.yellow_growth_percent}% 黄色预警，"
                f"超过 {thresholds.red_percent}% 或高出 {thresholds.red_growth_percent}% 红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: LabourShareThresholds) -> str:
        """The share is back in the usual range."""
        return "更正后，用工支出占比不再超过预警线。"
