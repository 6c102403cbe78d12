"""What people read about warnings: states, colours, reasons, modes, steps."""

from __future__ import annotations

from app.models.organisations import Line
from app.models.rules import Colour, RuleMode, Verdict
from app.models.warnings import CloseReason, WarningState

STATES = {
    WarningState.OPEN: "待处置",
    WarningState.ACKNOWLEDGED: "处置中",
    WarningState.PROPOSED: "待复核",
    WarningState.CLEARED: "待复核",
    WarningState.CLOSED: "已销号",
}
REASONS = {
    CloseReason.MENDED: "已整改",
    CloseReason.EXPLAINED: "已说明",
    CloseReason.FALSE_ALARM: "误报",
    CloseReason.TRANSFERRED: "已移送",
}
COLOURS = {Colour.YELLOW: "黄色预警", Colour.RED: "红色预警"}
MODES = {RuleMode.OFF: "停用", RuleMode.SHADOW: "试运行", RuleMode.ACTIVE: "启用"}
VERDICTS = {Verdict.FIRED: "有预警", Verdict.CLEAR: "正常", Verdict.NOT_COMPUTABLE: "数据不足，无法判断"}
LINES = {
    Line.AGRICULTURE: "农业农村",
    Line.CONSTRUCTION: "住建",
    Line.CIVIL_AFFAIRS: "民政",
    Line.FINANCE: "财政",
    Line.DISCIPLINE: "纪检",
}
LEVELS = {"town": "镇街", "county": "区级"}
STEPS = {"acknowledge": "签收", "mend": "整改或说明", "review": "复核销号", "again": "仍未销号，再次督办"}
