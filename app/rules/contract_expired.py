"""R02 合同已到期未处置: a lease is over, and the asset is used on or nothing was tendered."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.leases import OVER, gone
from app.rules.wording import day


class ContractExpiredThresholds(Thresholds):
    """Days after the end of the term. The programmes publish the warning, not its days."""

    yellow_days: int = Field(default=7, ge=1, le=366, description="到期满多少天未处置黄色预警（天）")
    red_days: int = Field(default=30, ge=1, le=732, description="到期满多少天未处置红色预警（天）")
    ahead_days: int = Field(
        default=180, ge=0, le=732, description="到期前多少天起公开的招租、中标或续签信息算作已处置（天）"
    )
    tender_days: int = Field(
        default=90, ge=1, le=732, description="登记为仍在使用的，公告发布后多少天内算正在招租（天）"
    )


class ContractExpired(Rule[ContractExpiredThresholds]):
    """A term is over on its last day, or on the day of cancelling. It is settled by a renewal in the ledger,
    a following lease of the same asset, taking the asset back, or a disclosure of what follows. An asset
    that is known to be used on keeps the warning up unless a tender is running."""

    key = "contract.expired"
    code = "R02"
    title = "合同已到期未处置"
    meaning = "出租合同到期好些天了，资产还在被人使用，或者没有公开重新招租、中标或续签的信息。"
    source = (
        "杭州市桐庐县「亲清地图」公开案例：合同已到期、资产仍在使用的，提示及时处置；"
        "杭州市萧山区「清廉小脑」合同预警。天数为本系统建议值，各县自定。"
    )
    clears_by = "公开重新招租、中标或续签信息，或在台账中登记续签、收回，或登记同一资产的新合同。"
    line = Line.AGRICULTURE
    needs = (Need("contract", "合同台账", "t.voided_at IS NULL"),)
    exclusions = (
        "承租、工程、采购、用工合同",
        "已登记续签、收回或解除，且没有登记仍在使用的合同",
        "同一资产已有新合同的",
        "已作废的合同",
    )
    subject = "contract"
    rows_of = "contracts"
    thresholds = ContractExpiredThresholds
    SELECT = f"""
    WITH lease AS (
        SELECT c.id, c.village_id, c.number, c.title, c.counterparty, c.asset_id, c.starts_on, c.still_used,
               CASE WHEN {OVER} THEN c.state ELSE 'active' END AS state,
               CASE WHEN NOT {OVER} THEN c.ends_on
                    WHEN c.state = 'cancelled' THEN least(c.ends_on, c.state_since)
                    ELSE coalesce(c.ends_on, c.state_since) END AS over_on
        FROM contract c
        WHERE c.kind = 'lease_out' AND c.voided_at IS NULL AND c.starts_on <= :as_of
    ), looked AS (
        SELECT lease.*, :as_of - over_on AS days_over, next.id AS next_id, next.number AS next_number,
               notice.id AS disclosure_id, notice.published_on,
               lease.state = 'renewed' OR next.id IS NOT NULL
               OR (lease.state IN ('ended', 'cancelled') AND lease.still_used IS NOT TRUE)
               OR (notice.id IS NOT NULL AND (lease.still_used IS NOT TRUE
                   OR :as_of - notice.published_on <= :tender_days)) AS settled
        FROM lease
        LEFT JOIN LATERAL (
            SELECT n.id, n.number FROM contract n
            WHERE n.asset_id = lease.asset_id AND n.village_id = lease.village_id AND n.id <> lease.id
              AND n.kind = 'lease_out' AND n.voided_at IS NULL AND n.starts_on > lease.starts_on
              AND n.starts_on <= :as_of AND coalesce(n.ends_on >= :as_of, true)
            ORDER BY n.starts_on DESC, n.id LIMIT 1
        ) next ON true
        LEFT JOIN LATERAL (
            SELECT d.id, (d.published_at AT TIME ZONE 'Asia/Shanghai')::date AS published_on
            FROM disclosure d
            WHERE d.contract_id = lease.id
              AND (d.state = 'published' OR d.state = 'withdrawn'
                   AND (d.withdrawn_at AT TIME ZONE 'Asia/Shanghai')::date > :as_of)
              AND (d.published_at AT TIME ZONE 'Asia/Shanghai')::date
                  BETWEEN lease.over_on - :ahead_days AND :as_of
            ORDER BY d.published_at DESC LIMIT 1
        ) notice ON true
    )
    SELECT village_id, id::text AS subject_id,
           CASE WHEN settled THEN NULL WHEN days_over >= :red_days THEN 'red'
                WHEN days_over >= :yellow_days THEN 'yellow' END AS colour,
           CASE WHEN over_on IS NULL AND NOT settled THEN '合同到期日' END AS missing,
           number, title, counterparty, state AS contract_state, over_on, days_over, still_used,
           next_number, disclosure_id, ARRAY[id] AS rows
    FROM looked
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: ContractExpiredThresholds) -> Words:
        """「村口鱼塘承包已到期 35 天未处置」, with the last day, what is known and the thresholds."""
        use = "，台账登记为仍在使用" if row["still_used"] else ""
        public = "公开的招租已超过期限" if row["disclosure_id"] else "没有公开招租、中标或续签信息"
        return Words(
            title=f"{row['title']}已到期 {row['days_over']} 天未处置",
            basis=(
                f"{village}的合同「{row['title']}」（编号 {row['number']}，承租方 {row['counterparty']}）于"
                f"{day(row['over_on'])}到期，已过 {row['days_over']} 天{use}，{public}，也没有登记新合同。"
                f"依据：到期满 {thresholds.yellow_days} 天未处置黄色预警，"
                f"满 {thresholds.red_days} 天红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: ContractExpiredThresholds) -> str:
        """By the following contract, the disclosure, or what the ledger says about the contract."""
        if row["next_number"] is not None:
            return f"同一资产已登记新合同（编号 {row['next_number']}）。"
        told = gone(row["contract_state"])
        if told and not (row["disclosure_id"] and row["still_used"]):
            return told
        return "已公开到期后的处置信息。" if row["disclosure_id"] else "合同期限已变更，不在预警范围内。"
