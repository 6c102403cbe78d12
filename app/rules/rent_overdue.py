"""R03 租金逾期: an amount that somebody owes the village is overdue."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import day, yuan


class RentOverdueThresholds(Thresholds):
    """Red at two months is the published line of one programme; yellow at one month is a proposal."""

    yellow_days: int = Field(default=30, ge=1, le=366, description="逾期满多少天黄色预警（天）")
    red_days: int = Field(default=60, ge=1, le=732, description="逾期满多少天红色预警（天）")
    tolerance_fen: int = Field(default=100, ge=0, le=100_000, description="欠款不超过多少视为已缴清（分）")
    match_days: int = Field(
        default=180,
        ge=0,
        le=732,
        description="应收日前多少天起，没有写明对应哪笔应收款的到账可能就是这笔钱（天）",
    )


class RentOverdue(Rule[RentOverdueThresholds]):
    """What is outstanding on a day is the amount less the receipts that name it until then. Receipts of the
    same contract or debtor that name nothing might be that money, the oldest debt first: where they would
    cover it, the rule cannot tell."""

    key = "rent.overdue"
    code = "R03"
    title = "租金逾期未缴"
    meaning = "承租方该交的租金、承包款或其他应收款，过了约定日期还没有交清。"
    source = (
        "杭州市萧山区「清廉小脑」公开案例：拖欠租金超过两个月红色预警。黄色预警天数为本系统建议值，各县自定。"
    )
    clears_by = "收款台账登记的到账款补足欠款。"
    line = Line.AGRICULTURE
    needs = (
        Need("receivable", "应收款台账", "t.voided_at IS NULL"),
        Need("receipt", "收款台账", "t.voided_at IS NULL", recent="received_on", days=400),
    )
    exclusions = ("保证金、押金", "合同解除以后才到期的款", "尾差不超过容差的款", "已作废的应收款和收款")
    subject = "receivable"
    rows_of = "receivables"
    thresholds = RentOverdueThresholds
    SELECT = """
    WITH paid AS (
        SELECT receivable_id, sum(amount_fen)::bigint AS paid_fen FROM receipt
        WHERE receivable_id IS NOT NULL AND voided_at IS NULL AND received_on <= :as_of
        GROUP BY receivable_id
    ), owed AS (
        SELECT r.id, r.village_id, r.number, r.title, r.contract_id, r.debtor, r.debtor_key, r.due_on,
               r.amount_fen, coalesce(p.paid_fen, 0) AS paid_fen,
               r.amount_fen - coalesce(p.paid_fen, 0) AS outstanding_fen, :as_of - r.due_on AS days_overdue,
               coalesce(c.state = 'cancelled' AND c.state_since <= :as_of AND c.state_since < r.due_on, false)
                   AS released,
               coalesce(c.state = 'cancelled' AND c.state_since IS NULL, false) AS unsure,
               coalesce(r.contract_id::text, '') || '/' || r.debtor_key AS account
        FROM receivable r
        LEFT JOIN paid p ON p.receivable_id = r.id
        LEFT JOIN contract c ON c.id = r.contract_id AND c.voided_at IS NULL
        WHERE r.kind <> 'deposit' AND r.voided_at IS NULL
    ), queue AS (
        SELECT id, village_id, account, contract_id, debtor_key,
               sum(outstanding_fen) OVER (PARTITION BY village_id, account ORDER BY due_on, id) AS queued_fen,
               min(due_on) OVER (PARTITION BY village_id, account) AS first_due_on
        FROM owed WHERE outstanding_fen > :tolerance_fen AND NOT released AND due_on <= :as_of
    ), debtors AS (
        SELECT DISTINCT village_id, account, contract_id, debtor_key, first_due_on FROM queue
    ), loose AS (
        SELECT village_id, account, sum(amount_fen)::bigint AS loose_fen
        FROM (
            SELECT d.village_id, d.account, rc.amount_fen
            FROM debtors d JOIN receipt rc ON rc.contract_id = d.contract_id
            WHERE rc.receivable_id IS NULL AND rc.voided_at IS NULL AND rc.category !~ '保证金|押金'
              AND rc.received_on BETWEEN d.first_due_on - :match_days AND :as_of
            UNION ALL
            SELECT d.village_id, d.account, rc.amount_fen
            FROM debtors d JOIN receipt rc ON rc.village_id = d.village_id AND rc.payer_key = d.debtor_key
            WHERE rc.receivable_id IS NULL AND rc.contract_id IS NULL AND rc.voided_at IS NULL
              AND d.debtor_key <> '' AND rc.category !~ '保证金|押金'
              AND rc.received_on BETWEEN d.first_due_on - :match_days AND :as_of
        ) unnamed
        GROUP BY village_id, account
    )
    SELECT o.village_id, o.id::text AS subject_id,
           CASE WHEN o.outstanding_fen <= :tolerance_fen OR o.released THEN NULL
                WHEN o.days_overdue >= :red_days THEN 'red'
                WHEN o.days_overdue >= :yellow_days THEN 'yellow' END AS colour,
           CASE WHEN o.outstanding_fen <= :tolerance_fen OR o.released
                     OR o.days_overdue < least(:yellow_days, :red_days) THEN NULL
                WHEN o.unsure THEN '合同解除日期'
                WHEN l.loose_fen >= q.queued_fen - :tolerance_fen THEN '收款对应的应收款' END AS missing,
           o.number, o.title, o.debtor, o.due_on, o.days_overdue, o.amount_fen, o.paid_fen, o.outstanding_fen,
           coalesce(l.loose_fen, 0) AS unnamed_fen, o.released, o.contract_id, ARRAY[o.id] AS rows
    FROM owed o
    LEFT JOIN queue q ON q.id = o.id
    LEFT JOIN loose l ON l.village_id = o.village_id AND l.account = o.account
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: RentOverdueThresholds) -> Words:
        """「鱼塘租金逾期 61 天，欠 12,000.00 元」, with what was owed, paid and when it was due."""
        late, left = row["days_overdue"], yuan(row["outstanding_fen"])
        paid = f"已缴 {yuan(row['paid_fen'])}，" if row["paid_fen"] else "一直未缴，"
        return Words(
            title=f"{row['title']}逾期 {late} 天，欠 {left}",
            basis=(
                f"{village}的应收款「{row['title']}」（编号 {row['number']}，应缴方 {row['debtor']}）"
                f"{yuan(row['amount_fen'])}，应于{day(row['due_on'])}前缴清，{paid}"
                f"到{day(as_of)}逾期 {late} 天，还欠 {left}。"
                f"依据：逾期满 {thresholds.yellow_days} 天黄色预警，满 {thresholds.red_days} 天红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: RentOverdueThresholds) -> str:
        """By receipts, or because it is no longer owed."""
        if row["outstanding_fen"] <= thresholds.tolerance_fen:
            return f"已到账 {yuan(row['paid_fen'])}，应收 {yuan(row['amount_fen'])}已缴清。"
        if row["released"]:
            return "合同在应收日之前已解除，此款不再应收。"
        return f"应收日为{day(row['due_on'])}，未达到预警天数。"
