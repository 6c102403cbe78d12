"""R17 超预算: more was spent under an account title than the year's budget allows."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.models.rules import RuleMode
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import yuan


class BudgetOverrunThresholds(Thresholds):
    """Percent of the budget; no programme publishes such lines, so each county sets its own."""

    yellow_percent: int = Field(default=100, ge=1, le=1000, description="超过预算的百分之几黄色预警（%）")
    red_percent: int = Field(default=110, ge=1, le=1000, description="超过预算的百分之几红色预警（%）")
    unbudgeted_fen: int = Field(
        default=10_000_00, ge=0, description="没有预算的科目全年支出达到多少才指出缺预算（分）"
    )
    close_days: int = Field(default=92, ge=0, le=366, description="年度结束后还看多少天（天）")


class BudgetOverrun(Rule[BudgetOverrunThresholds]):
    """Actual spending of a year and title, whatever its level is written with, beside the budget. A year is
    looked at until some months after its end, as vouchers come late."""

    key = "budget.overrun"
    code = "R17"
    title = "支出超预算"
    meaning = "某个科目当年的实际支出超过了年初预算。"
    source = (
        "本系统建议值，各县自定：村级财务管理制度普遍要求按预算支出、超预算须重新表决，未见公开的预警比例。"
    )
    clears_by = "在预算台账中登记经会议通过的预算调整，或更正记错科目、重复登记的付款。"
    line = Line.FINANCE
    mode = RuleMode.SHADOW
    needs = (
        Need("budget", "预算台账", condition="t.voided_at IS NULL"),
        Need("payment", "付款台账", condition="t.voided_at IS NULL", recent="paid_on", days=366),
    )
    exclusions = ("往来款", "没有预算且支出很少的科目", "已作废的付款和预算")
    subject = "budget"
    rows_of = "payments"
    thresholds = BudgetOverrunThresholds
    SELECT = """
    WITH titled AS (
        SELECT g.*, translate(category, ' 　-—–/／、>＞:：', '') AS title
        FROM (
            SELECT village_id, extract(year FROM paid_on)::int AS year, category,
                   sum(amount_fen)::bigint AS spent_fen
            FROM payment
            WHERE voided_at IS NULL AND expense IS DISTINCT FROM 'transfer' AND paid_on <= :as_of
              AND paid_on >= date_trunc('year', CAST(:as_of AS date) - :close_days)::date
            GROUP BY 1, 2, 3
        ) g
    ), spent AS (
        SELECT village_id, year, title, min(category) AS category, sum(spent_fen)::bigint AS spent_fen
        FROM titled GROUP BY 1, 2, 3
    ), planned AS (
        SELECT village_id, year, translate(category, ' 　-—–/／、>＞:：', '') AS title,
               min(category) AS category, sum(amount_fen)::bigint AS budget_fen
        FROM budget
        WHERE voided_at IS NULL AND (adopted_on IS NULL OR adopted_on <= :as_of)
          AND expense IS DISTINCT FROM 'transfer'
          AND year BETWEEN extract(year FROM CAST(:as_of AS date) - :close_days)
                       AND extract(year FROM CAST(:as_of AS date))
        GROUP BY 1, 2, 3
    ), judged AS (
        SELECT village_id, year, title, coalesce(p.category, s.category) AS category,
               p.budget_fen, coalesce(s.spent_fen, 0) AS spent_fen,
               CASE WHEN s.spent_fen * 100 > p.budget_fen * :red_percent THEN 'red'
                    WHEN s.spent_fen * 100 > p.budget_fen * :yellow_percent THEN 'yellow' END AS colour
        FROM spent s FULL JOIN planned p USING (village_id, year, title)
        WHERE p.budget_fen IS NOT NULL OR s.spent_fen >= :unbudgeted_fen
    ), behind AS (
        SELECT j.village_id, j.year, j.title, array_agg(p.id) AS rows
        FROM judged j
        JOIN titled t USING (village_id, year, title)
        JOIN payment p ON p.village_id = t.village_id AND p.category = t.category
         AND p.paid_on >= make_date(t.year, 1, 1) AND p.paid_on < make_date(t.year + 1, 1, 1)
        WHERE j.colour IS NOT NULL AND p.voided_at IS NULL AND p.expense IS DISTINCT FROM 'transfer'
          AND p.paid_on <= :as_of
        GROUP BY 1, 2, 3
    )
    SELECT village_id, year || ':' || title AS subject_id, colour,
           CASE WHEN budget_fen IS NULL THEN '预算' END AS missing,
           year, category, budget_fen, spent_fen, rows
    FROM judged LEFT JOIN behind USING (village_id, year, title)
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: BudgetOverrunThresholds) -> Words:
        """「办公费超预算 12.5%」, with both amounts."""
        spent, budget = row["spent_fen"], row["budget_fen"]
        over = f"超预算 {(spent - budget) * 100 / budget:.1f}%" if budget else "没有预算额度却有支出"
        return Words(
            title=f"{row['year']}年{row['category']}{over}",
            basis=(
                f"{village}{row['year']}年「{row['category']}」预算 {yuan(budget)}，实际支出 {yuan(spent)}，"
                f"多出 {yuan(spent - budget)}。"
                f"依据：实际支出超过预算的 {thresholds.yellow_percent}% 黄色预警，"
                f"超过 {thresholds.red_percent}% 红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: BudgetOverrunThresholds) -> str:
        """By a higher budget or lower spending."""
        return f"预算 {yuan(row['budget_fen'])}，实际支出 {yuan(row['spent_fen'])}，没有超出。"
