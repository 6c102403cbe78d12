"""R07 租金明显偏低: a rent far below what the same class of asset is let for."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.models.rules import RuleMode
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.leases import ASSET, IN_FORCE, LAND, LAND_NAMES
from app.rules.peers import PEERS
from app.rules.wording import yuan


class RentBelowPeersThresholds(Thresholds):
    """All of these are proposals."""

    yellow_percent: int = Field(default=70, ge=1, le=99, description="低于中位数的百分之多少黄色预警（%）")
    red_percent: int = Field(default=50, ge=1, le=99, description="低于中位数的百分之多少红色预警（%）")
    own_contracts: int = Field(default=5, ge=3, le=100, description="本村同类合同至少多少份才同本村比（份）")
    peer_contracts: int = Field(default=8, ge=3, le=500, description="规模相近村同类合同至少多少份（份）")
    peer_villages: int = Field(default=3, ge=2, le=50, description="这些合同至少来自多少个村（个）")
    peer_spread_percent: int = Field(
        default=30, ge=5, le=100, description="户数相差不超过百分之多少算规模相近（%）"
    )
    started_within_years: int = Field(
        default=10, ge=1, le=70, description="只比较最近多少年内开始的合同，更早的价格不可比（年）"
    )


class RentBelowPeers(Rule[RentBelowPeersThresholds]):
    """Rent per mu of land, per square metre of a building, against the median of leases of the same class
    that bind on the day: the village's own when there are enough, else those of size-matched villages with
    its own. Free leases are judged but are no measure. Where all pay alike, nothing lies below."""

    key = "rent.below_peers"
    code = "R07"
    title = "租金明显偏低"
    meaning = "同一类土地或房屋，这份合同的单位面积租金明显低于本村或规模相近村的中间水平。"
    source = "上海市嘉定区租赁合同监管公开做法列有「租金过低」一类；比例和样本数为本系统建议值，各县自定。"
    clears_by = "在台账中登记变更后的租金或面积，或登记合同收回、解除。"
    line = Line.AGRICULTURE
    mode = RuleMode.SHADOW
    needs = (Need("contract", "合同台账", "t.voided_at IS NULL"),)
    exclusions = (
        "家庭承包地（依法不收承包费）",
        "其他资产（类别不一，不可比）",
        "开始年份过早的合同",
        "已到期、已收回、已续签、已解除的合同",
        "已作废的合同",
    )
    subject = "contract"
    rows_of = "contracts"
    thresholds = RentBelowPeersThresholds
    SELECT = f"""
    WITH {PEERS}, lease AS (
        SELECT c.id, c.village_id, c.number, c.title, c.counterparty, c.starts_on, c.annual_rent_fen,
               {LAND} AS land, a.kind AS asset_kind,
               coalesce(CASE c.area_unit WHEN 'mu' THEN c.area * 2000 / 3 WHEN 'square_metre' THEN c.area END,
                        CASE a.area_unit WHEN 'mu' THEN a.area * 2000 / 3 WHEN 'square_metre' THEN a.area END)
                   AS metres, {IN_FORCE} AS in_force
        FROM contract c {ASSET}
        WHERE c.kind = 'lease_out' AND c.voided_at IS NULL AND c.starts_on <= :as_of
          AND c.starts_on > CAST(:as_of - make_interval(years => :started_within_years) AS date)
    ), priced AS (
        SELECT lease.*,
               CASE WHEN land = 'building' AND asset_kind IN ('shop', 'factory') THEN asset_kind
                    ELSE land END AS class,
               annual_rent_fen / nullif(metres, 0)
                   * CASE WHEN land = 'building' THEN 1 ELSE 2000.0 / 3 END AS rate
        FROM lease WHERE coalesce(land NOT IN ('household_land', 'other'), true)
    ), own AS (
        SELECT village_id, class, count(*) AS contracts, 1 AS villages,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY rate) AS median
        FROM priced WHERE in_force AND rate > 0 AND class IS NOT NULL GROUP BY village_id, class
    ), wanting AS (
        SELECT DISTINCT p.village_id, p.class FROM priced p
        LEFT JOIN own ON own.village_id = p.village_id AND own.class = p.class
        WHERE p.in_force AND p.class IS NOT NULL AND p.rate IS NOT NULL
          AND coalesce(own.contracts, 0) < :own_contracts
    ), circle AS (
        SELECT village_id, peer_id FROM peer
        UNION ALL SELECT DISTINCT village_id, village_id FROM wanting
    ), peers AS (
        SELECT w.village_id, w.class, count(*) AS contracts, count(DISTINCT p.village_id) AS villages,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY p.rate) AS median
        FROM wanting w
        JOIN circle c ON c.village_id = w.village_id
        JOIN priced p ON p.village_id = c.peer_id AND p.class = w.class AND p.rate > 0 AND p.in_force
        GROUP BY w.village_id, w.class
        HAVING count(*) >= :peer_contracts AND count(DISTINCT p.village_id) >= :peer_villages
    ), judged AS (
        SELECT p.*, coalesce(own.contracts >= :own_contracts, false) AS own_sample, v.households,
               CASE WHEN own.contracts >= :own_contracts THEN own.median ELSE peers.median END AS median,
               CASE WHEN own.contracts >= :own_contracts THEN own.contracts ELSE peers.contracts END AS sample
        FROM priced p
        JOIN organisation v ON v.id = p.village_id
        LEFT JOIN own ON own.village_id = p.village_id AND own.class = p.class
        LEFT JOIN peers ON peers.village_id = p.village_id AND peers.class = p.class
    )
    SELECT village_id, id::text AS subject_id,
           CASE WHEN NOT in_force THEN NULL
                WHEN rate * 100 < median * :red_percent THEN 'red'
                WHEN rate * 100 < median * :yellow_percent THEN 'yellow' END AS colour,
           CASE WHEN NOT in_force THEN NULL
                WHEN class IS NULL THEN '土地类别' WHEN annual_rent_fen IS NULL THEN '年租金'
                WHEN rate IS NULL THEN '面积' WHEN median IS NOT NULL THEN NULL
                WHEN households IS NULL THEN '户数' ELSE '足够的同类合同' END AS missing,
           number, title, counterparty, class, starts_on, annual_rent_fen, round(metres, 2) AS square_metres,
           round(rate)::bigint AS rate_fen, round(median)::bigint AS median_fen, sample, own_sample, in_force,
           CASE WHEN land = 'building' THEN '平方米' ELSE '亩' END AS per,
           floor(rate * 100 / median::numeric)::int AS percent, ARRAY[id] AS rows
    FROM judged
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: RentBelowPeersThresholds) -> Words:
        """「店面出租的租金只有同类中位数的 42%」, with rate, median and sample."""
        among = "本村" if row["own_sample"] else "规模相近村"
        return Words(
            title=f"{row['title']}的租金只有同类中位数的 {row['percent']}%",
            basis=(
                f"{village}的合同「{row['title']}」（编号 {row['number']}，承租方 {row['counterparty']}）"
                f"年租金 {yuan(row['annual_rent_fen'])}，每{row['per']} {yuan(row['rate_fen'])}；"
                f"{among} {row['sample']} 份{LAND_NAMES[row['class']]}合同的中位数为每{row['per']} "
                f"{yuan(row['median_fen'])}，只有其 {row['percent']}%。"
                f"依据：低于中位数的 {thresholds.yellow_percent}% 黄色预警，"
                f"低于 {thresholds.red_percent}% 红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: RentBelowPeersThresholds) -> str:
        """By the present rent and the present median, or because the contract no longer binds."""
        if not row["in_force"]:
            return "合同已到期、收回、续签或解除。"
        return f"单位面积租金为同类中位数的 {row['percent']}%，不在预警范围内。"
