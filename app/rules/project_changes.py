"""R18 工程变更过大: changes to small works that add up to much of the contract sum."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.models.rules import RuleMode
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import yuan


class ProjectChangesThresholds(Thresholds):
    """Percent of the contract sum: the county sets its own."""

    yellow_percent: int = Field(
        default=5, ge=0, le=1000, description="变更合计超过合同价的百分之几黄色预警（%）"
    )
    red_percent: int = Field(
        default=10, ge=0, le=1000, description="变更合计超过合同价的百分之几红色预警（%）"
    )
    window_days: int = Field(default=731, ge=1, le=3660, description="只看最近多少天有进展的工程（天）")


class ProjectChanges(Rule[ProjectChangesThresholds]):
    """Changes count with their sign, so that what is left out sets off what is added. The contract sum is
    that of the linked contract, else of the stage of contract, else of the award."""

    key = "project.changes"
    code = "R18"
    title = "工程变更金额过大"
    meaning = "小型工程施工中的变更加起来占合同价的比例过高，可能是低价中标、变更增收。"
    source = "本系统建议值，各县自定：各地小型工程管理办法普遍限制变更增加额，未见全省统一的公开比例。"
    clears_by = "更正登记有误的变更金额、合同价，或说明变更的审批情况后由第二人复核销号。"
    line = Line.CONSTRUCTION
    mode = RuleMode.SHADOW
    needs = (Need("project", "工程台账"),)
    exclusions = ("已取消的工程", "没有开始的工程", "减少工程量的变更与增加的相抵")
    subject = "project"
    rows_of = "project_stages"
    thresholds = ProjectChangesThresholds
    SELECT = """
    WITH staged AS (
        SELECT s.project_id, max(s.day) AS last_on,
               count(*) FILTER (WHERE s.kind = 'change') AS changes,
               count(*) FILTER (WHERE s.kind = 'change' AND s.amount_fen IS NULL) AS unpriced,
               coalesce(sum(s.amount_fen) FILTER (WHERE s.kind = 'change'), 0)::bigint AS changed_fen,
               array_agg(s.id) FILTER (WHERE s.kind = 'change') AS rows,
               (array_agg(s.amount_fen ORDER BY s.kind = 'contract' DESC, s.day DESC, s.id)
                   FILTER (WHERE s.kind IN ('contract', 'award') AND s.amount_fen > 0))[1] AS stage_fen
        FROM project_stage s WHERE s.day <= :as_of GROUP BY s.project_id
    ), summed AS (
        SELECT p.village_id, p.id, p.number, p.name, s.changes, s.unpriced, s.changed_fen, s.rows,
               coalesce(nullif(c.amount_fen, 0), s.stage_fen) AS contract_fen
        FROM project p
        JOIN staged s ON s.project_id = p.id
        LEFT JOIN contract c ON c.id = p.contract_id AND c.voided_at IS NULL
         AND coalesce(c.signed_on, c.starts_on) <= :as_of
        WHERE p.state <> 'cancelled' AND s.last_on > :as_of - :window_days
    ), judged AS (
        SELECT summed.*,
               CASE WHEN changed_fen * 100 > contract_fen * :red_percent THEN 'red'
                    WHEN changed_fen * 100 > contract_fen * :yellow_percent THEN 'yellow' END AS reached
        FROM summed
    )
    SELECT village_id, id::text AS subject_id, reached AS colour,
           CASE WHEN changes = 0 THEN NULL
                WHEN contract_fen IS NULL THEN '合同金额'
                WHEN unpriced > 0 AND reached IS NULL THEN '变更金额' END AS missing,
           number, name, changes, unpriced, changed_fen, contract_fen, rows
    FROM judged
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: ProjectChangesThresholds) -> Words:
        """「村道硬化变更增加 12.0%」, with the sums."""
        share = row["changed_fen"] * 100 / row["contract_fen"]
        more = f"（其中 {row['unpriced']} 次没有登记金额）" if row["unpriced"] else ""
        return Words(
            title=f"{row['name']}变更增加 {share:.1f}%",
            basis=(
                f"{village}的工程「{row['name']}」（编号 {row['number']}）"
                f"合同价 {yuan(row['contract_fen'])}，已变更 {row['changes']} 次{more}，"
                f"合计增加 {yuan(row['changed_fen'])}，占合同价 {share:.1f}%。"
                f"依据：超过 {thresholds.yellow_percent}% 黄色预警，超过 {thresholds.red_percent}% 红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: ProjectChangesThresholds) -> str:
        """By lower changes or a higher contract sum."""
        if not row["changes"]:
            return "台账中已没有变更。"
        return f"变更合计 {yuan(row['changed_fen'])}，合同价 {yuan(row['contract_fen'])}，比例在范围内。"
