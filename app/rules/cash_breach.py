"""R14 违规使用现金: cash where the money should have gone by transfer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models.organisations import Line
from app.rules import vocabulary
from app.rules.base import Clearing, Need, Row, Rule, Thresholds, Words
from app.rules.wording import yuan


class CashBreachThresholds(Thresholds):
    """A single payment of more than 1,000 yuan may not be cash (新昌县南明街道, 高邮市); a day's cash of
    10,000 yuan needs the town's approval (萧山区). How many make it red is this system's proposal."""

    single_fen: int = Field(
        default=100_000, ge=0, description="单笔现金超过多少预警（分），依据：新昌县南明街道"
    )
    day_total_fen: int = Field(
        default=1_000_000, ge=1, description="一天现金合计达到多少须镇街批准（分），依据：萧山区无现金收付"
    )
    red_singles: int = Field(default=3, ge=1, le=100, description="一个月内多少笔超限现金红色预警（笔）")
    window_days: int = Field(default=180, ge=31, le=1098, description="往前看多少天（天）")


class CashBreach(Rule[CashBreachThresholds]):
    """Yellow for one cash payment above the limit in a month; red for three, or for a day whose cash needed
    the town's approval and did not have it."""

    key = "cash.breach"
    code = "R14"
    title = "违规使用现金"
    meaning = "该转账的钱用了现金：单笔超过限额，或一天的现金合计较大而没有镇街审批。"
    source = (
        "新昌县南明街道：与单位往来超过 1,000 元不得用现金；高邮市村务卡：1,000 元以上转账；"
        "杭州市萧山区无现金收付：当天现金支出 1 万元以上须镇街批准，慰问等经批准的零星事项可用现金。"
        "一个月 3 笔转为红色是本系统建议值，各县自定。"
    )
    clears_by = "补登镇街审批，或更正误录的付款方式（作废后重新录入）。"
    line = Line.FINANCE
    needs = (Need("payment", "付款台账", "t.voided_at IS NULL", recent="paid_on", days=366),)
    exclusions = (
        "慰问、吊唁等慰问金的单笔现金（一天的合计照算）",
        "有镇街审批的单笔现金",
        "提取备用金等往来款",
    )
    subject = "month"
    rows_of = "payments"
    thresholds = CashBreachThresholds
    SELECT = """
    WITH cash AS (
        SELECT p.id, p.village_id, p.paid_on, p.amount_fen, to_char(p.paid_on, 'YYYY-MM') AS month,
               btrim(coalesce(p.town_approval, '')) <> '' AS approved,
               p.category || coalesce(p.purpose, '') ~ :condolence AS condolence
        FROM payment p
        WHERE p.method = 'cash' AND p.voided_at IS NULL AND p.amount_fen > 0
          AND p.paid_on <= :as_of
          AND p.paid_on >= date_trunc('month', CAST(:as_of AS date) - :window_days)::date
          AND p.expense IS DISTINCT FROM 'transfer'
    ), recording AS (
        SELECT DISTINCT p.village_id FROM payment p
        WHERE btrim(p.town_approval) <> '' AND p.voided_at IS NULL
          AND p.paid_on <= :as_of AND p.paid_on > CAST(:as_of AS date) - 366
    ), day AS (
        SELECT village_id, month, paid_on, sum(amount_fen) AS day_fen, array_agg(id) AS ids
        FROM cash GROUP BY village_id, month, paid_on
        HAVING sum(amount_fen) >= :day_total_fen AND NOT bool_and(approved)
    ), days AS (
        SELECT village_id, month, count(*) AS days, max(day_fen) AS most_fen,
               jsonb_agg(jsonb_build_object('day', paid_on, 'amount_fen', day_fen) ORDER BY paid_on) AS listed
        FROM day GROUP BY village_id, month
    ), counted AS (
        SELECT c.village_id, c.month, sum(c.amount_fen) AS cash_fen, count(*) AS payments,
               count(*) FILTER (WHERE c.single) AS singles,
               coalesce(max(c.amount_fen) FILTER (WHERE c.single), 0) AS largest_fen,
               array_agg(c.id) FILTER (WHERE c.single OR c.in_day) AS ids
        FROM (
            SELECT cash.*, amount_fen > :single_fen AND NOT condolence AND NOT approved AS single,
                   day.ids IS NOT NULL AS in_day
            FROM cash LEFT JOIN day USING (village_id, month, paid_on)
        ) c
        GROUP BY c.village_id, c.month
    ), judged AS (
        SELECT counted.*, coalesce(days.days, 0) AS days_without_approval, days.most_fen AS largest_day_fen,
               coalesce(days.listed, '[]') AS days_listed, recording.village_id IS NOT NULL AS recorded,
               CASE WHEN days.days > 0 AND recording.village_id IS NOT NULL THEN 'red'
                    WHEN counted.singles >= :red_singles THEN 'red'
                    WHEN counted.singles > 0 THEN 'yellow' END AS colour
        FROM counted
        LEFT JOIN days USING (village_id, month)
        LEFT JOIN recording USING (village_id)
    )
    SELECT village_id, month AS subject_id, colour,
           CASE WHEN colour IS NULL AND days_without_approval > 0 AND NOT recorded THEN '审批记录' END
               AS missing,
           month, cash_fen, payments, singles, largest_fen, days_without_approval, largest_day_fen,
           days_listed, coalesce(ids, '{}') AS rows
    FROM judged
    """

    def parameters(self, thresholds: CashBreachThresholds) -> dict[str, Any]:
        """With the words of condolence money."""
        return {**super().parameters(thresholds), "condolence": vocabulary.condolence()}

    def words(self, row: Row, *, village: str, as_of: date, thresholds: CashBreachThresholds) -> Words:
        """「2026年3月超限额现金付款 3 笔」, with the largest payment and the largest day."""
        month = f"{row['month'][:4]}年{int(row['month'][5:])}月"
        found = []
        if row["singles"]:
            found.append(
                f"单笔超过 {yuan(thresholds.single_fen)}的现金付款 {row['singles']} 笔，"
                f"最大一笔 {yuan(row['largest_fen'])}"
            )
        if row["days_without_approval"]:
            found.append(
                f"有 {row['days_without_approval']} 天现金合计达到 "
                f"{yuan(thresholds.day_total_fen)}而没有镇街审批，最多一天 {yuan(row['largest_day_fen'])}"
            )
        short = (
            f"超限额现金付款 {row['singles']} 笔"
            if row["singles"]
            else f"{row['days_without_approval']} 天大额现金未经审批"
        )
        return Words(
            title=f"{month}{short}",
            basis=(
                f"{village}{month}{'；'.join(found)}。依据：单笔现金不超过 {yuan(thresholds.single_fen)}，"
                f"一天合计 {yuan(thresholds.day_total_fen)}以上须镇街批准（慰问金的单笔除外）；"
                f"一个月 {thresholds.red_singles} 笔或大额未经审批为红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: CashBreachThresholds) -> str:
        """The month's cash is within the limits, or approved."""
        return "台账已补登审批或更正付款，本月现金支出未超过限额。"

    def vanished(self, session: Session, *, as_of: date, subjects: Sequence[str]) -> dict[str, Clearing]:
        """A month without any valid cash payment left is clear."""
        left = set(
            session.execute(
                text(
                    "SELECT DISTINCT village_id::text || ':' || to_char(paid_on, 'YYYY-MM') FROM payment "
                    "WHERE method = 'cash' AND voided_at IS NULL AND paid_on <= :as_of "
                    "AND village_id::text || ':' || to_char(paid_on, 'YYYY-MM') "
                    "= ANY(CAST(:subjects AS text[]))"
                ),
                {"as_of": as_of, "subjects": list(subjects)},
            ).scalars()
        )
        reason = "这个月的现金付款已全部作废或更正为转账。"
        return {key: Clearing(reason, {"cash_payments": 0}) for key in subjects if key not in left}
