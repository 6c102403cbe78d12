"""Words about the 10+X list: how often, who, what kind of field, and a change told in a line."""

from __future__ import annotations

from typing import Any

from app.core import clock
from app.core.pii import Kind
from app.models import SettingHistory
from app.models.categories import Cadence, DayUnit, FieldType, Layout
from app.models.people import Role
from app.services.category_rules import NAMES

CADENCES = {
    Cadence.MONTH: "每月",
    Cadence.QUARTER: "每季度",
    Cadence.YEAR: "每年",
    Cadence.ON_CHANGE: "有变动就公开",
    Cadence.EVENT: "某件事发生后",
}
UNITS = {DayUnit.CALENDAR: "自然日", DayUnit.WORK: "工作日"}
LAYOUTS = {
    Layout.TABLE: "明细表",
    Layout.TIMELINE: "时间线",
    Layout.FLOW: "流程图",
    Layout.TEXT: "正文",
}
REVIEWERS = {Role.LIAISON_OFFICER: "联络员", Role.TOWN_INSPECTOR: "镇街纪检"}
TYPES = {
    FieldType.TEXT: "一行字",
    FieldType.LONG_TEXT: "一段话",
    FieldType.MONEY: "金额",
    FieldType.NUMBER: "数",
    FieldType.DATE: "日期",
    FieldType.MONTH: "月份",
    FieldType.PERSON: "姓名",
    FieldType.GROUP: "村民小组",
    FieldType.BIRTH: "出生日期",
    FieldType.ID_CARD: "身份证号",
    FieldType.PHONE: "电话",
    FieldType.BANK: "银行账号",
    FieldType.ILLNESS: "病因",
    FieldType.CHOICE: "选项",
    FieldType.YES_NO: "是否",
}
EXCUSABLE = {
    Kind.PHONE: "手机号",
    Kind.LANDLINE: "固定电话",
    Kind.ADDRESS: "详细地址",
    Kind.EMAIL: "邮箱",
}
_VALUES: dict[str, dict[Any, str]] = {
    "cadence": {one.value: word for one, word in CADENCES.items()},
    "due_unit": {one.value: word for one, word in UNITS.items()},
    "notice_unit": {one.value: word for one, word in UNITS.items()},
    "layout": {one.value: word for one, word in LAYOUTS.items()},
    "reviewed_by": {one.value: word for one, word in REVIEWERS.items()},
    "drafted_by": {Role.INFORMATION_OFFICER.value: "信息员"},
}


def changed(row: SettingHistory) -> list[tuple[str, str, str]]:
    """What a change did, in lines: what, before, after. Definitions of fields are told by their names."""
    return [
        (NAMES.get(key, key), _value(key, row.before.get(key)), _value(key, value))
        for key, value in row.after.items()
    ]


def _value(key: str, value: Any) -> str:
    if value in (None, "", []):
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if key in ("fields", "columns"):
        return "、".join(str(one["label"]) for one in value)
    if isinstance(value, list):
        return "、".join(EXCUSABLE.get(one, str(one)) for one in value)
    return _VALUES.get(key, {}).get(value, str(value))


def who(row: SettingHistory, names: dict[str, str]) -> str:
    """Who changed it: an officer by name, otherwise the administrator."""
    return names.get(row.actor_id or "", "管理员" if row.actor_kind == "administrator" else "系统")


def when(row: SettingHistory) -> str:
    """When, as people read it."""
    return clock.spoken(row.at)
