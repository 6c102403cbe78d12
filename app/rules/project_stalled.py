"""R19 工程逾期: small works past their planned end that nobody has accepted."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from app.models.organisations import Line
from app.models.rules import RuleMode
from app.rules.base import Need, Row, Rule, Thresholds, Words
from app.rules.wording import day


class ProjectStalledThresholds(Thresholds):
    """Calendar days past the planned end: the county sets its own."""

    yellow_days: int = Field(default=30, ge=0, le=3660, description="超过计划完工日多少天黄色预警（天）")
    red_days: int = Field(default=90, ge=0, le=3660, description="超过计划完工日多少天红色预警（天）")
    window_days: int = Field(default=1100, ge=1, le=3660, description="计划完工日早于多少天的不再看（天）")


class ProjectStalled(Rule[ProjectStalledThresholds]):
    """The planned end is the project's own, else the end of its contract. Works that are under way without
    either cannot be judged; what is only proposed has no end to keep."""

    key = "project.stalled"
    code = "R19"
    title = "工程逾期未验收"
    meaning = "小型工程过了计划完工日还没有验收。"
    source = "本系统建议值，各县自定：浙江省工程领域公开的监督模型关注逾期未完工而未追责，没有公布天数。"
    clears_by = "登记验收或决算，登记经批准的新计划完工日，或取消工程。"
    line = Line.CONSTRUCTION
    mode = RuleMode.SHADOW
    needs = (Need("project", "工程台账"),)
    exclusions = ("只有提议、尚未决策的工程", "已取消的工程", "已验收或已决算的工程")
    absence = True
    subject = "project"
    rows_of = "projects"
    thresholds = ProjectStalledThresholds
    SELECT = """
    WITH staged AS (
        SELECT s.project_id,
               min(s.day) FILTER (WHERE s.kind IN ('acceptance', 'final_account')) AS done_on,
               min(s.day) FILTER (WHERE s.kind NOT IN ('proposal', 'vote')) AS decided_on,
               min(s.day) FILTER (WHERE s.kind = 'contract') AS contracted_on
        FROM project_stage s GROUP BY s.project_id
    ), known AS (
        SELECT p.village_id, p.id, p.number, p.name, p.state AS project_state,
               coalesce(p.planned_end_on, c.ends_on) AS planned_end_on,
               CASE WHEN s.done_on <= :as_of THEN s.done_on END AS done_on,
               s.done_on IS NULL AND p.state IN ('accepted', 'settled') AS done,
               p.state = 'under_way' OR coalesce(s.contracted_on <= :as_of, false) AS under_way
        FROM project p
        LEFT JOIN staged s ON s.project_id = p.id
        LEFT JOIN contract c ON c.id = p.contract_id AND c.voided_at IS NULL
        WHERE p.state <> 'cancelled'
          AND coalesce(
              least(p.approved_on, s.decided_on),
              CASE WHEN p.state <> 'proposed'
                   THEN least(p.planned_start_on, (p.created_at AT TIME ZONE 'Asia/Shanghai')::date) END
          ) <= :as_of
    ), judged AS (
        SELECT known.*, :as_of - planned_end_on AS days_late, done OR done_on IS NOT NULL AS finished
        FROM known
        WHERE planned_end_on > :as_of - :window_days
           OR (planned_end_on IS NULL AND (under_way OR done OR done_on IS NOT NULL))
    )
    SELECT village_id, id::text AS subject_id,
           CASE WHEN finished THEN NULL
                WHEN days_late >= :red_days THEN 'red' WHEN days_late >= :yellow_days THEN 'yellow' END
               AS colour,
           CASE WHEN NOT finished AND planned_end_on IS NULL THEN '计划完工日' END AS missing,
           number, name, project_state, planned_end_on, done_on, finished, days_late, ARRAY[id] AS rows
    FROM judged
    """

    def words(self, row: Row, *, village: str, as_of: date, thresholds: ProjectStalledThresholds) -> Words:
        """「村道硬化逾期 45 天未验收」."""
        late = row["days_late"]
        return Words(
            title=f"{row['name']}逾期 {late} 天未验收",
            basis=(
                f"{village}的工程「{row['name']}」（编号 {row['number']}）"
                f"计划{day(row['planned_end_on'])}完工，已过 {late} 天，台账中没有验收记录。"
                f"依据：超过计划完工日 {thresholds.yellow_days} 天黄色预警，"
                f"{thresholds.red_days} 天红色预警。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: ProjectStalledThresholds) -> str:
        """By acceptance, or by a new planned end."""
        if row["done_on"] is not None:
            return f"已于{day(row['done_on'])}验收或决算。"
        if row["finished"]:
            return "台账已登记为验收或决算。"
        return f"计划完工日为{day(row['planned_end_on'])}，不在预警范围内。"
