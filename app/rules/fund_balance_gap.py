"""R30 资金结存不符: the figures of a fund as it was shown do not add up."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import yuan


class FundBalanceGapThresholds(Thresholds):
    """Any difference is red; a county may let roundings pass."""

    tolerance_fen: int = Field(default=0, ge=0, description="差额在多少以内不预警（分）")
    window_days: int = Field(default=366, ge=31, le=1100, description="只看最近多少天的月份（天）")


class FundBalanceGap(Rule[FundBalanceGapThresholds]):
    """A statement counts from the day after its month. Without an opening balance that of the month before
    takes its place; the first statement of a fund has none to be compared with."""

    key = "fund.balance_gap"
    code = "R30"
    title = "资金结存对不上"
    meaning = "公布的资金收支算不平：上月结存加收入减支出不等于本月结存，或本月期初不等于上月结存。"
    source = "湖南等地公开资金去向、腾讯为村公开案例：使用和余额都要公布；结存等于期初加收入减支出。"
    clears_by = "更正有误的资金收支结存，使其算得平并与上月衔接。"
    line = Line.FINANCE
    needs = (
        Need(
            "fund_statement",
            "资金收支结存",
            condition="t.voided_at IS NULL AND t.period >= to_char(CAST(:as_of AS date) - 183, 'YYYY-MM')"
            " AND t.period < to_char(CAST(:as_of AS date), 'YYYY-MM')",
        ),
    )
    exclusions = ("还没有结束的月份", "已作废的结存记录")
    subject = "fund_statement"
    rows_of = "fund_statements"
    thresholds = FundBalanceGapThresholds
    SELECT = """
    WITH monthly AS (
        SELECT s.*, CASE WHEN s.period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' THEN to_date(s.period, 'YYYY-MM') END
                   AS month
        FROM fund_statement s WHERE s.voided_at IS NULL
    ), told AS (
        SELECT monthly.*,
               lag(month) OVER earlier AS last_month, lag(balance_fen) OVER earlier AS last_balance_fen,
               lag(id) OVER earlier AS last_id
        FROM monthly
        WHERE month IS NULL OR (month + interval '1 month')::date <= :as_of
        WINDOW earlier AS (PARTITION BY fund_id, month IS NULL ORDER BY month)
    ), joined AS (
        SELECT told.*, last_month = (month - interval '1 month')::date AS follows,
               coalesce(opening_fen,
                        CASE WHEN last_month = (month - interval '1 month')::date THEN last_balance_fen END)
                   AS from_fen
        FROM told
        WHERE month IS NULL OR (month + interval '1 month')::date > :as_of - :window_days
    ), judged AS (
        SELECT joined.*, from_fen + income_fen - expense_fen - balance_fen AS gap_fen,
               CASE WHEN follows THEN opening_fen - last_balance_fen END AS carried_gap_fen
        FROM joined
    )
    SELECT j.village_id, j.fund_id || ':' || j.period AS subject_id,
           CASE WHEN abs(gap_fen) > :tolerance_fen OR abs(carried_gap_fen) > :tolerance_fen THEN 'red' END
               AS colour,
           CASE WHEN month IS NULL THEN '月份'
                WHEN abs(gap_fen) > :tolerance_fen THEN NULL
                WHEN from_fen IS NULL OR follows IS FALSE THEN '上月结存' END AS missing,
           f.name AS fund, j.period, j.opening_fen, j.last_balance_fen, j.income_fen, j.expense_fen,
           j.balance_fen, j.from_fen, j.gap_fen, j.carried_gap_fen,
           array_remove(ARRAY[j.id, CASE WHEN follows THEN j.last_id END], NULL) AS rows
    FROM judged j JOIN fund f ON f.id = j.fund_id AND f.voided_at IS NULL
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: FundBalanceGapThresholds) -> Words:
        """Which of the two sums fails, with all figures."""
        wrong, gap, carried = [], row["gap_fen"], row["carried_gap_fen"]
        if gap is not None and abs(gap) > thresholds.tolerance_fen:
            wrong.append(
                f"期初 {yuan(row['from_fen'])}加收入 {yuan(row['income_fen'])}"
                f"减支出 {yuan(row['expense_fen'])}，"
                f"应结存 {yuan(row['balance_fen'] + gap)}，公布结存 {yuan(row['balance_fen'])}，"
                f"相差 {yuan(abs(gap))}"
            )
        if carried is not None and abs(carried) > thresholds.tolerance_fen:
            wrong.append(
                f"期初 {yuan(row['opening_fen'])}与上月结存 {yuan(row['last_balance_fen'])}"
                f"相差 {yuan(abs(carried))}"
            )
        return Words(
            title=f"{row['fund']} {row['period']} 结存对不上",
            basis=(
                f"{village}的资金「{row['fund']}」{row['period']}：{'；'.join(wrong)}。"
                "依据：期初应等于上月结存，期初加收入减支出应等于结存，不符即红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: FundBalanceGapThresholds) -> str:
        """By figures that add up."""
        return f"{row['period']} 的期初、收入、支出与结存 {yuan(row['balance_fen'])}已算平。"
