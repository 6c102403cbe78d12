"""The flow chart of a power workflow: every step with who, what and how long, and its branch."""

from __future__ import annotations

from datetime import date

from app.h5.flowchart import svg
from app.services.disclosures import fields
from tests.services.test_fields import seeded

STEPS = [
    {"step": "本人申请", "who": "户主", "material": "户口簿、申请表", "days": 1},
    {"step": "村里审查", "who": "村委会", "days": 5, "otherwise": "三天内书面说明原因，退回补材料"},
    {"step": "镇街批准", "who": "镇街自然资源所", "days": "12.5"},
]


def test_steps_as_the_catalogue_defines_them() -> None:
    made = fields.present(
        seeded("power_workflow"),
        filled={"matter": "宅基地申请"},
        records=STEPS,
        period=None,
        today=date(2026, 11, 24),
    )

    chart = svg(made.table)

    assert made.table["layout"] == "flow"
    assert chart.count("<li>") == 3
    assert "一共 3 步，最多 18.5 天" in chart
    assert chart.index("本人申请") < chart.index("村里审查") < chart.index("镇街批准")
    assert "谁来办：</span>村委会" in chart
    assert "户口簿、申请表" in chart
    assert chart.count("否则") == 1
    assert "退回补材料" in chart


def test_free_tables_are_understood_by_their_headings() -> None:
    chart = svg(
        {"columns": ["步骤", "谁来办", "要多久"], "rows": [["申请", "村民", "当天"], ["盖章", "村会计", "2"]]}
    )
    assert "一共 2 步</figcaption>" in chart
    assert "村会计" in chart
    assert "2 天" in chart
    strange = svg({"columns": ["甲", "乙"], "rows": [["第一", ""], ["第二", "其他"]]})
    assert "<strong>第一</strong>" in strange
    assert "乙：</span>其他" in strange


def test_nothing_to_draw_and_nothing_to_inject() -> None:
    assert svg({}) == ""
    assert svg({"columns": ["步骤"], "rows": []}) == ""
    chart = svg({"columns": ["步骤", "<b>"], "rows": [["<script>{0}", "&"]]})
    assert "<script>" not in chart
    assert "&lt;script&gt;{0}" in chart
