"""R11 应招标未招标: works above the line without a tender."""

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
from app.rules.limits import TENDERED
from app.rules.wording import day, yuan
from app.rules.works_objects import JUDGED, SUMMED, WORKS_MONEY


class WorksUntenderedThresholds(Thresholds):
    """The line is the county's tender limit for works. 180 days are the published practice of 桐庐 (six
    months after the approval); the rest is this system's proposal, the county sets its own."""

    red_days: int = Field(default=180, ge=1, le=1098, description="决策或首笔付款后多少天红色预警（天）")
    red_times: int = Field(default=2, ge=1, le=100, description="超过限额几倍红色预警（倍）")
    gap_days: int = Field(default=180, ge=30, le=730, description="同一事项的付款间隔多久算两件事（天）")
    unknown_percent: int = Field(
        default=30, ge=1, le=100, description="用工、材料、工程款中用途不明的占比超过多少就无法判断（%）"
    )
    window_days: int = Field(default=365, ge=31, le=1098, description="最后一笔付款在多少天以内才看（天）")


class WorksUntendered(Rule[WorksUntenderedThresholds]):
    """Yellow where labour, material and works paid for one project or one object reach the tender limit and
    there is no tender; red after half a year, or far above the limit."""

    key = "works.untendered"
    code = "R11"
    title = "应招标未招标"
    meaning = "一个工程项目，或用途上是同一件工程的用工、材料、工程款，合起来达到招标限额，却没有招标记录。"
    source = (
        "杭州市桐庐县：立项后 6 个月以上没有招标即预警；"
        "杭州市萧山区义桥镇：办公楼装修以用工名义支付、应招标未招标；"
        "限额按各区县付款当日执行的标准。两倍、用途不明 30% 是本系统建议值，各县自定。"
    )
    clears_by = "登记项目的招标公告或中标公示、在合同上登记招标编号，或经批准登记免招标的理由。"
    line = Line.CONSTRUCTION
    needs = (
        Need("payment", "付款台账", "t.voided_at IS NULL", recent="paid_on", days=366),
        # a village that never writes down what a payment was for cannot be found clean
        Need(
            "payment",
            "付款用途",
            "t.voided_at IS NULL AND btrim(t.purpose) <> ''",
            recent="paid_on",
            days=366,
        ),
    )
    exclusions = (
        "日常保洁、养护、值班、抢险等不属于工程的用工和材料",
        "登记了免招标理由（如应急抢修）的项目",
        "经过招标的合同、项目下的付款，以及同一事项的零星付款",
        "已取消的项目",
    )
    subject = "works"
    rows_of = "payments"
    thresholds = WorksUntenderedThresholds
    SELECT = f"WITH {TENDERED}, {WORKS_MONEY}, {SUMMED} {JUDGED}"

    def parameters(self, thresholds: WorksUntenderedThresholds) -> dict[str, Any]:
        """With the words that tell works from upkeep."""
        return {
            **super().parameters(thresholds),
            "works": vocabulary.works(),
            "upkeep": vocabulary.upkeep(),
            "trades": vocabulary.trades(),
            "single": vocabulary.single(),
        }

    def words(self, row: Row, *, village: str, as_of: date, thresholds: WorksUntenderedThresholds) -> Words:
        """「办公楼装修共付 67.5 万元，没有招标」, with labour, material, the line and the days."""
        name = row["name"]
        parts = [
            f"{label} {yuan(row[column])}"
            for label, column in (
                ("用工", "labour_fen"),
                ("材料", "material_fen"),
                ("工程款及其他", "works_fen"),
            )
            if row[column]
        ]
        paid = (
            f"从{day(row['first_on'])}到{day(row['last_on'])}共付 {row['payments']} 笔 "
            f"{yuan(row['paid_fen'])}（{'、'.join(parts)}），收款方 {row['payees']} 个"
            if row["payments"]
            else f"估算 {yuan(row['amount_fen'])}，尚未付款"
        )
        possible = (
            f"同一时期付给这些收款方、没写用途的还有 {row['possible']} 笔 "
            f"{yuan(row['possible_fen'])}，未计入。"
            if row["possible"]
            else ""
        )
        since = "决策" if row["approved"] else "首笔付款"
        return Words(
            title=f"{name}共 {yuan(row['amount_fen'])}，没有招标记录",
            basis=(
                f"{village}的「{name}」{paid}，达到当时的招标限额 {yuan(row['line_fen'])}，"
                f"{since}至今 {row['days']} 天，没有招标、中标记录。{possible}"
                f"依据：达到限额黄色预警；超过 {thresholds.red_days} 天或限额的 "
                f"{thresholds.red_times} 倍红色预警；没有立项的事项按一年内的付款合计。"
            ),
        )

    def cleared(self, row: Row, *, thresholds: WorksUntenderedThresholds) -> str:
        """By a tender, by an exemption, or because what was paid stays below the line."""
        if row["tendered"]:
            return "已登记招标或中标，或经批准免招标。"
        return "付款已更正，合计未达到招标限额。"

    def vanished(self, session: Session, *, as_of: date, subjects: Sequence[str]) -> dict[str, Clearing]:
        """A project that was cancelled, an object whose payments were voided or now belong to a project or a
        contract. What only grew old stays open."""
        found = session.execute(text(_LEFT), {"as_of": as_of, "subjects": list(subjects)}).mappings()
        return {
            row["key"]: Clearing(row["reason"], {"payments_left": row["valid"]})
            for row in found
            if row["valid"] == 0 or row["small"]
        }


_LEFT = """
WITH wanted AS (
    SELECT key, CAST(split_part(key, ':', 1) AS uuid) AS village_id, split_part(key, ':', 2) AS form,
           split_part(key, ':', 3) AS name, split_part(key, ':', 4) AS year
    FROM unnest(CAST(:subjects AS text[])) AS key
)
SELECT w.key, count(p.id) AS valid, false AS small, '项目已取消。' AS reason
FROM wanted w LEFT JOIN project p ON p.id::text = w.name AND p.state <> 'cancelled'
WHERE w.form = 'project' GROUP BY w.key
UNION ALL
SELECT w.key, count(p.id),
       coalesce(sum(p.amount_fen), 0) * 4 < (SELECT min(tender_fen) FROM tender_limit),
       '付款已作废或更正，或已关联项目、合同，按项目、合同重新判断。'
FROM wanted w LEFT JOIN payment p
  ON p.village_id = w.village_id AND p.voided_at IS NULL AND p.project_id IS NULL AND p.contract_id IS NULL
 AND p.paid_on <= :as_of AND p.paid_on >= CAST(w.year || '-01-01' AS date)
 AND (strpos(p.purpose_key, left(w.name, 3)) > 0 OR strpos(w.name, p.purpose_key) > 0)
WHERE w.form = 'purpose' GROUP BY w.key
UNION ALL
SELECT w.key, count(p.id), false, '合同下的付款已作废，或已关联项目。'
FROM wanted w LEFT JOIN payment p
  ON p.contract_id::text = w.name AND p.voided_at IS NULL AND p.project_id IS NULL AND p.paid_on <= :as_of
WHERE w.form = 'contract' GROUP BY w.key
"""
