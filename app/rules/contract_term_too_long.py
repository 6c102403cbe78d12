"""R05 合同期限过长: a lease runs longer than the law lets it."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.leases import ASSET, IN_FORCE, LAND, LAND_NAMES, OVER, gone
from app.rules.wording import day


class ContractTermThresholds(Thresholds):
    """Years by what is let. The law gives grassland 30 to 50 years and forest 30 to 70; fifty years for waste
    land is the line of clean-ups. The round of contracting ends in different years in different places."""

    household_years: int = Field(default=30, ge=1, le=100, description="家庭承包耕地最长多少年（年）")
    grassland_years: int = Field(default=50, ge=30, le=50, description="草地最长多少年，法定 30 至 50（年）")
    forest_years: int = Field(default=70, ge=30, le=70, description="林地最长多少年，法定 30 至 70（年）")
    waste_years: int = Field(default=50, ge=1, le=100, description="四荒地承包最长多少年（年）")
    lease_years: int = Field(default=20, ge=1, le=100, description="房屋、水面和其他资产租赁最长多少年（年）")
    round_ends_year: int = Field(
        default=2029, ge=2020, le=2100, description="本轮土地承包到哪一年年底届满，流转不得超过（公历年份）"
    )
    tolerance_days: int = Field(default=1, ge=0, le=31, description="起止写成同月同日的，多少天不计较（天）")


class ContractTermTooLong(Rule[ContractTermThresholds]):
    """Only leases that bind on the day. A lease whose kind of land nobody named is clear when every limit
    lets it, red when none does, and cannot be judged in between."""

    key = "contract.term_too_long"
    code = "R05"
    title = "合同期限过长"
    meaning = "出租、发包或承租合同的期限超过了法律允许的年限；流转的农用地超过了本轮承包的剩余期限。"
    source = (
        "《民法典》第七百零五条（租赁期限不得超过二十年）；《农村土地承包法》第二十一条"
        "（耕地三十年、草地三十至五十年、林地三十至七十年）、第三十八条（流转期限不得超过承包期的剩余期限）。"
        "四荒地五十年为清理合同的通行做法；本轮承包届满年份各县按实际填写。"
    )
    clears_by = "在台账中登记变更后的期限，或登记合同收回、解除。"
    line = Line.AGRICULTURE
    needs = (Need("contract", "合同台账", "t.voided_at IS NULL"),)
    exclusions = ("工程、采购、用工合同", "已到期、已收回、已续签、已解除的合同", "已作废的合同")
    subject = "contract"
    rows_of = "contracts"
    thresholds = ContractTermThresholds
    SELECT = f"""
    WITH lease AS (
        SELECT c.id, c.village_id, c.number, c.title, c.counterparty, c.starts_on, c.ends_on,
               {LAND} AS land, {IN_FORCE} AS in_force,
               CASE WHEN {OVER} THEN c.state ELSE 'active' END AS state,
               make_date(:round_ends_year, 12, 31) AS round_ends_on
        FROM contract c {ASSET}
        WHERE c.kind IN ('lease_out', 'lease_in') AND c.voided_at IS NULL
          AND coalesce(c.signed_on, c.starts_on) <= :as_of
    ), yeared AS (
        SELECT lease.*, CASE land WHEN 'household_land' THEN :household_years
                   WHEN 'grassland' THEN :grassland_years WHEN 'forest' THEN :forest_years
                   WHEN 'waste_land' THEN :waste_years WHEN 'farmland' THEN NULL
                   ELSE :lease_years END AS years,
               greatest(:household_years, :grassland_years, :forest_years, :waste_years, :lease_years)
                   AS most_years
        FROM lease
    ), limited AS (
        SELECT yeared.*,
               CASE WHEN land = 'farmland' THEN round_ends_on
                    WHEN land IS NULL AND starts_on <= round_ends_on
                        THEN least(round_ends_on - :tolerance_days,
                                   CAST(starts_on + make_interval(years => years) AS date) - 1)
                    ELSE CAST(starts_on + make_interval(years => years) AS date) - 1 END AS limit_on,
               greatest(round_ends_on, CAST(starts_on + make_interval(years => most_years) AS date) - 1)
                   AS last_limit_on
        FROM yeared
    )
    SELECT village_id, id::text AS subject_id,
           CASE WHEN NOT in_force OR ends_on IS NULL THEN NULL
                WHEN land IS NULL AND ends_on <= last_limit_on + :tolerance_days THEN NULL
                WHEN land = 'farmland' AND starts_on > round_ends_on THEN NULL
                WHEN ends_on > limit_on + CASE WHEN land = 'farmland' THEN 0 ELSE :tolerance_days END
                    THEN 'red' END AS colour,
           CASE WHEN NOT in_force THEN NULL
                WHEN ends_on IS NULL THEN '合同到期日'
                WHEN land IS NULL AND ends_on > limit_on + :tolerance_days
                     AND ends_on <= last_limit_on + :tolerance_days THEN '土地类别'
                WHEN land = 'farmland' AND starts_on > round_ends_on THEN '本轮承包届满年份' END AS missing,
           number, title, counterparty, land, starts_on, ends_on, limit_on, years, in_force,
           state AS contract_state, ends_on - limit_on AS days_over, ARRAY[id] AS rows
    FROM limited
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: ContractTermThresholds) -> Words:
        """「厂房出租期限超过法定年限」, with both ends, the kind of land and the last lawful day."""
        if row["land"] == "farmland":
            rule = f"本轮承包到{day(row['limit_on'])}届满，流转期限不得超过承包期的剩余期限"
        elif row["land"] is None:
            rule = "台账没有写明土地类别，但已超过各类土地的最长年限"
        else:
            rule = f"{LAND_NAMES[row['land']]}最长 {row['years']} 年，最迟到{day(row['limit_on'])}"
        return Words(
            title=f"{row['title']}的期限超过法定年限",
            basis=(
                f"{village}的合同「{row['title']}」（编号 {row['number']}，对方 {row['counterparty']}）期限从"
                f"{day(row['starts_on'])}到{day(row['ends_on'])}。依据：{rule}，"
                f"本合同超出 {row['days_over']} 天，红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: ContractTermThresholds) -> str:
        """By the end of the contract, or by a shorter term in the ledger."""
        told = gone(row["contract_state"])
        if told:
            return told
        return "合同期限在法定年限以内。" if row["in_force"] else "合同已到期。"
