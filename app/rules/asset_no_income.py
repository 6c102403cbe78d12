"""R04 出租资产无收入: an asset stands as let, and nothing came in for it in a whole pay period."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.leases import OVER
from app.rules.wording import day


class AssetNoIncomeThresholds(Thresholds):
    """The programme publishes the comparison, not its days."""

    period_days: int = Field(
        default=365, ge=28, le=1100, description="合同没有写明付款日期的，多久算一个付款期（天）"
    )
    grace_days: int = Field(default=30, ge=0, le=366, description="付款期届满后再宽限多少天（天）")
    ahead_days: int = Field(default=60, ge=0, le=366, description="付款期开始前多少天内的提前付款也算（天）")


class AssetNoIncome(Rule[AssetNoIncomeThresholds]):
    """The lease that governs is the newest one that has begun. Its pay period runs between its last two due
    days (of the schedule or the receivables) that are past with grace; with one due day only, from the
    beginning on; without any, it is a year. Any receipt through any lease of the asset counts."""

    key = "asset.no_income"
    code = "R04"
    title = "出租资产没有收入"
    meaning = "台账登记为出租的资产，整整一个付款期内没有一笔租金到账。"
    source = "杭州市桐庐县分水镇公开做法：资产状态为「出租」而租金收入为零的，比对预警。"
    clears_by = "收款台账登记该资产合同的到账款，或按实际更正资产状态、合同状态。"
    line = Line.AGRICULTURE
    needs = (
        Need("asset", "资产资源台账", "t.voided_at IS NULL"),
        Need("receipt", "收款台账", "t.voided_at IS NULL", recent="received_on", days=400),
    )
    exclusions = (
        "保证金、押金不算收入",
        "合同金额为零的免租合同（租金高低由「租金明显偏低」比对）",
        "合同款已全部收取的",
        "出租不满一个付款期的",
        "已作废的资产、合同和收款",
    )
    absence = True
    subject = "asset"
    rows_of = "assets"
    thresholds = AssetNoIncomeThresholds
    SELECT = f"""
    WITH lease AS (
        SELECT c.id, c.asset_id, c.number, c.counterparty, c.counterparty_key, c.starts_on, c.schedule,
               c.amount_fen, c.annual_rent_fen,
               row_number() OVER (PARTITION BY c.asset_id ORDER BY c.starts_on DESC, c.id) AS place
        FROM contract c
        WHERE c.asset_id IS NOT NULL AND c.kind = 'lease_out' AND c.voided_at IS NULL
          AND c.starts_on <= :as_of AND NOT {OVER}
    ), let AS (
        SELECT a.id AS asset_id, a.village_id, a.number, a.name, a.location,
               a.status = 'let' AND coalesce(a.status_since, :as_of) <= :as_of AS is_let,
               l.id AS lease_id, l.number AS contract_number, l.counterparty, l.counterparty_key, l.schedule,
               l.amount_fen, l.annual_rent_fen = 0 AS paid_once,
               greatest(l.starts_on, a.status_since) AS let_since,
               l.amount_fen = 0 AND coalesce(l.annual_rent_fen, 0) = 0 AS for_nothing
        FROM asset a LEFT JOIN lease l ON l.asset_id = a.id AND l.place = 1
        WHERE a.voided_at IS NULL
    ), due AS (
        SELECT let.lease_id, CAST(part ->> 'due_on' AS date) AS due_on
        FROM let CROSS JOIN LATERAL jsonb_array_elements(let.schedule) AS part
        WHERE pg_input_is_valid(part ->> 'due_on', 'date')
        UNION
        SELECT r.contract_id, r.due_on FROM receivable r JOIN let ON let.lease_id = r.contract_id
        WHERE r.kind IN ('rent', 'instalment') AND r.voided_at IS NULL
    ), dues AS (
        SELECT lease_id, count(*) AS times,
               (array_agg(due_on ORDER BY due_on DESC) FILTER (WHERE due_on <= :as_of - :grace_days))[2]
                   AS period_from,
               max(due_on) FILTER (WHERE due_on <= :as_of - :grace_days) AS last_due_on
        FROM due GROUP BY lease_id
    ), period AS (
        SELECT let.*, coalesce(d.times, 0) AS times,
               CASE WHEN d.times > 1 THEN d.period_from
                    WHEN d.times = 1 AND d.last_due_on <= :as_of - :period_days - :grace_days
                        THEN least(d.last_due_on, let.let_since)
                    WHEN d.times IS NULL AND let.let_since <= :as_of - :period_days - :grace_days
                        THEN :as_of - :period_days - :grace_days END AS period_from
        FROM let LEFT JOIN dues d ON d.lease_id = let.lease_id
    ), income AS (
        SELECT l.asset_id, sum(rc.amount_fen)::bigint AS ever_fen, max(rc.received_on) AS last_received_on
        FROM receipt rc
        LEFT JOIN receivable r ON r.id = rc.receivable_id
        JOIN contract l ON l.id = coalesce(rc.contract_id, r.contract_id)
            AND l.asset_id IS NOT NULL AND l.kind = 'lease_out' AND l.voided_at IS NULL
        WHERE rc.voided_at IS NULL AND rc.received_on <= :as_of AND rc.amount_fen > 0
          AND coalesce(r.kind, 'rent') <> 'deposit' AND rc.category !~ '保证金|押金'
        GROUP BY l.asset_id
    ), unnamed AS (
        SELECT p.asset_id, max(rc.received_on) AS unnamed_on
        FROM period p JOIN receipt rc ON rc.village_id = p.village_id AND rc.payer_key = p.counterparty_key
        WHERE rc.contract_id IS NULL AND rc.receivable_id IS NULL AND rc.voided_at IS NULL
          AND p.counterparty_key <> '' AND rc.received_on <= :as_of AND rc.category !~ '保证金|押金'
        GROUP BY p.asset_id
    ), kept AS (
        SELECT village_id, min(received_on) AS books_since FROM receipt
        WHERE voided_at IS NULL GROUP BY village_id
    ), judged AS (
        SELECT p.*, k.books_since, i.ever_fen, i.last_received_on, u.unnamed_on,
               p.period_from - :ahead_days AS earliest_on,
               p.is_let AND p.lease_id IS NOT NULL AND NOT p.for_nothing AND p.period_from IS NOT NULL
               AND coalesce(i.ever_fen < p.amount_fen OR p.amount_fen = 0, true)
               AND coalesce(i.last_received_on <= p.period_from - :ahead_days, true) AS nothing
        FROM period p
        LEFT JOIN income i ON i.asset_id = p.asset_id
        LEFT JOIN unnamed u ON u.asset_id = p.asset_id
        LEFT JOIN kept k ON k.village_id = p.village_id
    )
    SELECT village_id, asset_id::text AS subject_id, CASE WHEN nothing THEN 'red' END AS colour,
           CASE WHEN is_let AND lease_id IS NULL THEN '资产的出租合同'
                -- a rent paid once at signing, before the books begin, cannot be seen
                WHEN nothing AND paid_once AND times = 0 AND let_since < books_since THEN '签约时的收款'
                WHEN nothing AND unnamed_on > earliest_on THEN '收款对应的合同' END AS missing,
           number, name, location, is_let, for_nothing, contract_number, counterparty, let_since, period_from,
           last_received_on, coalesce(ever_fen, 0) AS received_fen, ARRAY[asset_id] AS rows
    FROM judged
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: AssetNoIncomeThresholds) -> Words:
        """「村口店面登记为出租，一个付款期没有收入」, with the contract, the period and the last receipt."""
        last = row["last_received_on"]
        since = f"最近一笔到账在{day(last)}" if last else "从未有过到账"
        return Words(
            title=f"{row['name']}登记为出租，整个付款期没有收入",
            basis=(
                f"{village}的资产「{row['name']}」（编号 {row['number']}）登记为出租，合同编号 "
                f"{row['contract_number']}，承租方 {row['counterparty']}；"
                f"从{day(row['period_from'])}起的付款期到{day(as_of)}没有一笔租金到账，{since}。"
                f"依据：状态为出租的资产，一个完整付款期（宽限 {thresholds.grace_days} 天）"
                "没有收入，红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: AssetNoIncomeThresholds) -> str:
        """By a receipt, or by what the ledgers say about asset and contract."""
        if not row["is_let"]:
            return "台账登记该资产已不是出租状态。"
        if row["for_nothing"]:
            return "台账登记的合同为免租合同。"
        if row["last_received_on"] is not None and row["period_from"] is not None:
            return f"已有租金到账，最近一笔在{day(row['last_received_on'])}。"
        return "出租还不满一个付款期。"
