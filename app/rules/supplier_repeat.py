"""R29 同一供应商反复中标: one firm gets many of a village's works and purchases."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.models.rules import RuleMode
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import yuan


class SupplierRepeatThresholds(Thresholds):
    """Contracts of one firm within twelve months: proposals, the county sets its own."""

    yellow_contracts: int = Field(default=3, ge=2, le=100, description="一家单位拿到几份合同黄色预警（份）")
    red_contracts: int = Field(default=5, ge=2, le=100, description="一家单位拿到几份合同红色预警（份）")
    red_percent: int = Field(
        default=60, ge=1, le=100, description="占全村同类合同金额超过百分之几红色预警（%）"
    )
    share_contracts: int = Field(
        default=3, ge=1, le=100, description="按金额占比判断时，这家单位至少几份合同（份）"
    )
    share_total_fen: int = Field(
        default=200_000_00, ge=0, description="按金额占比判断时，全村工程和采购合同至少多少（分）"
    )
    least_fen: int = Field(default=2_000_00, ge=0, description="低于多少的零星合同不计（分）")
    window_days: int = Field(default=365, ge=30, le=1100, description="看多少天内签订的合同（天）")


class SupplierRepeat(Rule[SupplierRepeatThresholds]):
    """Works and purchase contracts of one other side in a village. What the same firm has in other villages
    of the town stands beside it and changes no colour."""

    key = "supplier.repeat"
    code = "R29"
    title = "同一供应商反复中标"
    meaning = "一年内村里的工程、采购合同反复给了同一家单位，或大部分金额给了同一家单位。"
    source = "本系统建议值，各县自定：宁夏招投标监督公开案例关注同一主体反复中标，没有公布次数。"
    clears_by = "作废或更正登记有误的合同；其余说明选定供应商的办法后，由第二人复核销号。"
    line = Line.CONSTRUCTION
    mode = RuleMode.SHADOW
    needs = (
        Need(
            "contract",
            "工程和采购合同台账",
            condition="t.voided_at IS NULL AND t.kind IN ('works', 'purchase')"
            " AND coalesce(t.signed_on, t.starts_on) <= :as_of"
            " AND coalesce(t.signed_on, t.starts_on) > :as_of - 1100",
        ),
    )
    exclusions = ("供水、供电、燃气、通信等公用事业单位", "已解除的合同", "零星小额合同", "已作废的合同")
    subject = "supplier"
    rows_of = "contracts"
    thresholds = SupplierRepeatThresholds
    SELECT = """
    WITH signed AS (
        SELECT c.id, c.village_id, v.parent_id AS town_id, c.counterparty, c.counterparty_key, c.amount_fen,
               coalesce(c.signed_on, c.starts_on) AS signed_on
        FROM contract c JOIN organisation v ON v.id = c.village_id
        WHERE c.kind IN ('works', 'purchase') AND c.voided_at IS NULL AND c.amount_fen >= :least_fen
          AND coalesce(c.signed_on, c.starts_on) > :as_of - :window_days
          AND coalesce(c.signed_on, c.starts_on) <= :as_of
          AND NOT (c.state = 'cancelled' AND coalesce(c.state_since, :as_of) <= :as_of)
          AND c.counterparty !~ '供电|电力公司|自来水|燃气|电信|移动通信|联通|有线电视'
    ), firm AS (
        SELECT village_id, town_id, counterparty_key, min(counterparty) AS counterparty,
               count(*) AS contracts, sum(amount_fen)::bigint AS amount_fen, min(signed_on) AS first_on,
               max(signed_on) AS last_on, array_agg(id) AS rows
        FROM signed GROUP BY 1, 2, 3
    ), beside AS (
        SELECT firm.*,
               sum(amount_fen) OVER (PARTITION BY village_id)::bigint AS village_fen,
               count(*) OVER (PARTITION BY town_id, counterparty_key) - 1 AS other_villages,
               sum(contracts) OVER (PARTITION BY town_id, counterparty_key)::bigint - contracts
                   AS other_contracts
        FROM firm
    )
    SELECT village_id, md5(counterparty_key) AS subject_id,
           CASE WHEN counterparty_key = '' THEN NULL
                WHEN contracts >= :red_contracts THEN 'red'
                WHEN contracts >= :share_contracts AND village_fen >= :share_total_fen
                 AND amount_fen * 100 > village_fen * :red_percent THEN 'red'
                WHEN contracts >= :yellow_contracts THEN 'yellow' END AS colour,
           CASE WHEN counterparty_key = '' THEN '对方单位' END AS missing,
           counterparty, contracts, amount_fen, village_fen, first_on, last_on,
           other_villages, other_contracts, rows
    FROM beside
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: SupplierRepeatThresholds) -> Words:
        """「一年内与某公司签订 5 份合同」, with its share of all."""
        count, share = row["contracts"], row["amount_fen"] * 100 / max(row["village_fen"], 1)
        elsewhere = ""
        if row["other_villages"]:
            elsewhere = f"同镇还有 {row['other_villages']} 个村与其签订 {row['other_contracts']} 份。"
        return Words(
            title=f"{thresholds.window_days} 天内与{row['counterparty']}签订 {count} 份工程采购合同",
            basis=(
                f"{village}近 {thresholds.window_days} 天与{row['counterparty']}"
                f"签订工程、采购合同 {count} 份，"
                f"共 {yuan(row['amount_fen'])}，占全村同类合同金额的 {share:.1f}%。{elsewhere}"
                f"依据：{thresholds.yellow_contracts} 份黄色预警，{thresholds.red_contracts} 份，"
                f"或至少 {thresholds.share_contracts} 份且金额占比超过 {thresholds.red_percent}% 红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: SupplierRepeatThresholds) -> str:
        """By fewer contracts within the months looked at."""
        days, count = thresholds.window_days, row["contracts"]
        return f"近 {days} 天与{row['counterparty']}的合同为 {count} 份，不在预警范围内。"
