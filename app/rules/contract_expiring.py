"""R01 合同即将到期: a lease ends and nobody has prepared what follows."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import day


class ContractExpiringThresholds(Thresholds):
    """Days to the end of the term. 30 and 7 follow the common practice of village contract ledgers; the
    programme itself publishes no lead time, so the county may set its own."""

    yellow_days: int = Field(default=30, ge=1, le=366, description="到期前多少天黄色预警（天）")
    red_days: int = Field(default=7, ge=0, le=366, description="到期前多少天红色预警（天）")


class ContractExpiring(Rule[ContractExpiringThresholds]):
    """Yellow from 30 days before the end of a lease, red from 7 days before it and after it, until the
    re-tender notice is published or the contract is renewed, ended or cancelled in the ledger."""

    key = "contract.expiring"
    code = "R01"
    version = 2
    title = "合同即将到期"
    meaning = "集体土地、房屋的出租合同快到期或已到期，还没有公开新一轮招租。"
    source = "杭州市萧山区「清廉小脑」公开案例：合同到期前黄色预警，提示重新招投标。"
    clears_by = "公开与该合同关联的重新招租公告，或在台账中登记续签、收回、解除。"
    line = Line.AGRICULTURE
    needs = (Need("contract", "合同台账"),)
    exclusions = ("承租、工程、采购、用工合同", "已公开重新招租公告的合同")
    subject = "contract"
    thresholds = ContractExpiringThresholds
    SELECT = """
    SELECT c.village_id, c.id::text AS subject_id,
           CASE WHEN c.state <> 'active' AND coalesce(c.state_since, :as_of) <= :as_of THEN NULL
                WHEN notice.id IS NOT NULL THEN NULL
                WHEN c.ends_on - :as_of <= :red_days THEN 'red'
                WHEN c.ends_on - :as_of <= :yellow_days THEN 'yellow' END AS colour,
           CASE WHEN c.ends_on IS NULL AND c.state = 'active' THEN '合同到期日' END AS missing,
           c.id AS contract_id, c.number, c.title, c.state AS contract_state, c.ends_on,
           c.ends_on - :as_of AS days_left, notice.id AS disclosure_id
    FROM contract c
    LEFT JOIN LATERAL (
        SELECT d.id FROM disclosure d
        WHERE d.contract_id = c.id AND d.kind = 'retender_notice' AND d.state = 'published'
          AND (d.published_at AT TIME ZONE 'Asia/Shanghai')::date <= :as_of
        ORDER BY d.published_at LIMIT 1
    ) notice ON true
    WHERE c.kind = 'lease_out' AND c.voided_at IS NULL AND c.starts_on <= :as_of
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: ContractExpiringThresholds) -> Words:
        """「村口鱼塘承包还有 20 天到期」, with the last day and the thresholds."""
        left = row["days_left"]
        when = f"还有 {left} 天到期" if left > 0 else ("今天到期" if left == 0 else f"已过期 {-left} 天")
        return Words(
            title=f"{row['title']}{when}",
            basis=(
                f"{village}的合同「{row['title']}」（编号 {row['number']}）于"
                f"{day(row['ends_on'])}到期，{when}，尚未公开重新招租公告。"
                f"依据：到期前 {thresholds.yellow_days} 天黄色预警，"
                f"到期前 {thresholds.red_days} 天或已到期红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: ContractExpiringThresholds) -> str:
        """By the published notice, or by what the ledger says about the contract since."""
        if row["disclosure_id"] is not None:
            return "已公开重新招租公告。"
        return {
            "renewed": "台账已登记续签。",
            "ended": "台账已登记到期收回。",
            "cancelled": "台账已登记解除。",
        }.get(row["contract_state"], "合同期限已变更，不在预警范围内。")
