"""Small works as a ledger (工程台账), so that a sheet can enter and complete them; they are kept by
`services.projects`, whose words are public. A change and an acceptance become stages."""

from __future__ import annotations

from app.models import Project
from app.services.ledgers import readers
from app.services.ledgers.base import Field, Ledger, day, link, money, text

STAGED = ("changed_on", "change_fen", "change_text", "accepted_on")


def _staged(one: Field) -> Field:
    """A field that becomes a stage and is no attribute of the project."""
    return Field(one.column, "", signed=one.signed)


PROJECTS = Ledger(
    "projects",
    "小型工程",
    Project,
    (
        text("number", "工程编号", "项目编号", "编号", "序号", required=True, longest=60,
             reads=readers.number, help="本村内不重复", example="GC-2026-03"),
        text("name", "工程名称", "项目名称", "名称", "工程项目名称", required=True, longest=60,
             example="村道硬化"),
        text("description", "工程内容", "建设内容", "主要内容", "说明", longest=500,
             help="会公开，不要写个人信息"),
        money("estimate_fen", "估算金额", "预算金额", "概算", "工程预算", "控制价", "项目预算"),
        day("approved_on", "决策日期", "批准日期", "立项日期", "审批日期"),
        day("planned_start_on", "计划开工", "开工日期", "计划开工日期"),
        day("planned_end_on", "计划完工", "竣工日期", "计划竣工日期", "完工日期", "计划完工日期"),
        link("contract_number", "合同编号", "contract_id", "contracts", "合同号"),
        money("final_fen", "决算金额", "审定金额", "结算金额", "决算价", "审定价"),
        _staged(day("changed_on", "变更日期")),
        _staged(money("change_fen", "变更金额", "增减金额", signed=True, help="增加为正，减少为负")),
        _staged(text("change_text", "变更说明", "变更事由", "变更内容", longest=500)),
        _staged(day("accepted_on", "验收日期", "竣工验收日期")),
    ),
    natural=("number",),
    searched=("number", "name"),
)  # fmt: skip
