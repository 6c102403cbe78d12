"""What an entry of the 10+X list may be changed to: every value is checked here before it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from app.core import text
from app.core.errors import BadInput
from app.core.pii import Kind
from app.models import DisclosureCategory
from app.models.categories import NUMERIC, SECRET, Cadence, DayUnit, FieldType, Layout
from app.models.people import Role

EDITABLE = (
    "name",
    "explanation",
    "position",
    "active",
    "cadence",
    "due_days",
    "due_unit",
    "event",
    "notice_days",
    "notice_unit",
    "drafted_by",
    "reviewed_by",
    "review_days",
    "layout",
    "fields",
    "columns",
    "person_days",
    "excusable",
    "source",
    "in_force_from",
    "in_force_until",
)
NAMES = {
    "name": "名称",
    "explanation": "说明",
    "position": "次序",
    "active": "启用",
    "cadence": "多久公开一次",
    "due_days": "期限天数",
    "due_unit": "期限按",
    "event": "什么事之后",
    "notice_days": "公示天数",
    "notice_unit": "公示按",
    "drafted_by": "谁起草",
    "reviewed_by": "谁审核",
    "review_days": "审核期限（工作日）",
    "layout": "怎样展示",
    "fields": "要填的项目",
    "columns": "明细的列",
    "person_days": "个人信息保留天数",
    "excusable": "可说明理由保留的信息",
    "source": "依据",
    "in_force_from": "从哪天起",
    "in_force_until": "到哪天止",
}
LONGEST_NAME, LONGEST_TEXT, LONGEST_HELP = 16, 500, 100
MOST_FIELDS, MOST_COLUMNS, MOST_OPTIONS = 20, 12, 30
LONGEST_LABEL = 12
DRAFTERS = frozenset({Role.INFORMATION_OFFICER})
REVIEWERS = frozenset({Role.LIAISON_OFFICER, Role.TOWN_INSPECTOR})
_KEY = re.compile(r"[a-z][a-z0-9_]{0,29}")
_KNOWN = frozenset(
    {"key", "label", "type", "required", "public", "help", "options", "unit", "total", "shown"}
)


def check_changes(changes: Mapping[str, Any], category: DisclosureCategory | None) -> dict[str, Any]:
    """The values as they are stored. Raises BadInput (`category.value_wrong`, `category.field_wrong`) naming
    the first that is against the rules; `category` is None for a new entry."""
    checked: dict[str, Any] = {}
    for key, value in changes.items():
        if key not in _CHECKS:
            raise BadInput("category.value_wrong", f"「{NAMES.get(key, key)}」不能改。", field=key)
        checked[key] = _CHECKS[key](key, value)
    _together(checked, category)
    return checked


def _together(checked: Mapping[str, Any], category: DisclosureCategory | None) -> None:
    def now(key: str, default: Any = None) -> Any:
        return checked.get(key, getattr(category, key, default))

    if category is not None and category.fixed and checked.get("active") is False:
        raise _wrong("active", "十项必须公开的不能停用")
    if now("cadence") == Cadence.EVENT and not now("event"):
        raise _wrong("event", "按事情公开的，要写明是什么事之后")
    begins, ends = now("in_force_from"), now("in_force_until")
    if begins and ends and ends < begins:
        raise _wrong("in_force_until", "不能早于开始的那天")
    for part in ("fields", "columns"):
        _same_types(part, checked.get(part), getattr(category, part, None))
    if now("drafted_by", Role.INFORMATION_OFFICER) == now("reviewed_by", Role.LIAISON_OFFICER):
        raise _wrong("reviewed_by", "起草和审核不能是同一种人")


def _same_types(part: str, new: Any, old: Any) -> None:
    """What was filled in is stored in the form of its type, and whoever it names expires by it: another type
    is another field."""
    before = {one["key"]: one["type"] for one in old or ()}
    for number, one in enumerate(new or (), start=1):
        if before.get(one["key"], one["type"]) != one["type"]:
            raise _field_wrong(part, number, "已有的一项不能换类型，请去掉它，另加一项新代码的")


def _wrong(key: str, why: str) -> BadInput:
    return BadInput("category.value_wrong", f"「{NAMES.get(key, key)}」{why}。", field=key)


def _words(least: int, most: int) -> Callable[[str, Any], str]:
    def check(key: str, value: Any) -> str:
        if not isinstance(value, str):
            raise _wrong(key, "要填文字")
        plain = text.one_line(value)
        if not least <= len(plain) <= most:
            raise _wrong(key, f"要填写，最多 {most} 个字" if least else f"最多 {most} 个字")
        return plain

    return check


def _whole(least: int, most: int, *, empty: bool = False) -> Callable[[str, Any], int | None]:
    def check(key: str, value: Any) -> int | None:
        if value is None and empty:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _wrong(key, f"要填 {least} 到 {most} 之间的整数")
        return value

    return check


def _one_of(kind: type[StrEnum], allowed: frozenset[Any] | None = None) -> Callable[[str, Any], Any]:
    def check(key: str, value: Any) -> Any:
        try:
            chosen = kind(value)
        except ValueError:
            raise _wrong(key, "没有这个选项") from None
        if allowed is not None and chosen not in allowed:
            raise _wrong(key, "不能选这一种")
        return chosen

    return check


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, "要选是或否")
    return value


def _day(key: str, value: Any) -> date | None:
    if value is None:
        return None
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong(key, "日期请写成 2026-03-05 这样的形式") from None
    return day


def _kinds(key: str, value: Any) -> list[str]:
    try:
        return sorted({Kind(one).value for one in value})
    except (TypeError, ValueError):
        raise _wrong(key, "有不认识的信息种类") from None


# --- definitions of fields ------------------------------------------------------------------------


def _definitions(most: int, *, in_records: bool) -> Callable[[str, Any], list[dict[str, Any]]]:
    def check(key: str, value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list) or len(value) > most:
            raise _wrong(key, f"最多 {most} 项")
        made = [_definition(key, number, one, in_records) for number, one in enumerate(value, start=1)]
        for part, name in (("key", "代码"), ("label", "名称")):
            used = [one[part] for one in made]
            if len(set(used)) < len(used):
                raise _field_wrong(key, 0, f"{name}有重复的")
        return made

    return check


def _definition(key: str, number: int, given: Any, in_records: bool) -> dict[str, Any]:
    if not isinstance(given, dict) or not given.keys() <= _KNOWN:
        raise _field_wrong(key, number, "写法不对")
    if not _KEY.fullmatch(str(given.get("key", ""))):
        raise _field_wrong(key, number, "代码要用小写字母、数字和下划线，以字母开头")
    label = text.one_line(str(given.get("label", "")))
    if not 1 <= len(label) <= LONGEST_LABEL:
        raise _field_wrong(key, number, f"名称要填写，最多 {LONGEST_LABEL} 个字")
    try:
        kind = FieldType(given.get("type", ""))
    except ValueError:
        raise _field_wrong(key, number, "类型不对") from None
    hidden = kind in SECRET or (in_records and kind == FieldType.PHONE)
    made: dict[str, Any] = {
        "key": given["key"],
        "label": label,
        "type": kind.value,
        "required": given.get("required", False),
        "public": given.get("public", not hidden),
        "help": text.one_line(str(given.get("help", ""))),
    }
    if not isinstance(made["required"], bool) or not isinstance(made["public"], bool):
        raise _field_wrong(key, number, "「必填」和「公开」要选是或否")
    if len(made["help"]) > LONGEST_HELP:
        raise _field_wrong(key, number, f"填写说明最多 {LONGEST_HELP} 个字")
    if made["public"] and hidden:
        raise _field_wrong(key, number, "这种个人信息不能公开")
    return made | _extras(key, number, given, kind)


def _extras(key: str, number: int, given: Mapping[str, Any], kind: FieldType) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if kind == FieldType.CHOICE:
        extras["options"] = _options(key, number, given.get("options"))
    if kind == FieldType.NUMBER and given.get("unit"):
        extras["unit"] = text.cut(text.one_line(str(given["unit"])), 6, "")
    if kind in NUMERIC and given.get("total"):
        extras["total"] = True
    if kind == FieldType.PERSON and given.get("shown") == "masked":
        extras["shown"] = "masked"
    return extras


def _options(key: str, number: int, given: Any) -> list[dict[str, str]]:
    if not isinstance(given, list) or not 2 <= len(given) <= MOST_OPTIONS:
        raise _field_wrong(key, number, f"选项要有 2 到 {MOST_OPTIONS} 个")
    made = []
    for one in given:
        pair = {"value": one, "label": one} if isinstance(one, str) else one
        if not isinstance(pair, dict) or pair.keys() != {"value", "label"}:
            raise _field_wrong(key, number, "选项的写法不对")
        made.append({part: text.cut(text.one_line(str(pair[part])), 40, "") for part in ("value", "label")})
    if any(not one["value"] or not 1 <= len(one["label"]) <= LONGEST_LABEL for one in made):
        raise _field_wrong(key, number, f"选项要填写，最多 {LONGEST_LABEL} 个字")
    if len({one["label"] for one in made}) < len(made) or len({one["value"] for one in made}) < len(made):
        raise _field_wrong(key, number, "选项有重复的")
    return made


def _field_wrong(key: str, number: int, why: str) -> BadInput:
    place = f"第 {number} 项" if number else ""
    return BadInput("category.field_wrong", f"「{NAMES[key]}」{place}{why}。", field=key, item=number)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "name": _words(1, LONGEST_NAME),
    "explanation": _words(0, LONGEST_TEXT),
    "position": _whole(1, 9999),
    "active": _flag,
    "cadence": _one_of(Cadence),
    "due_days": _whole(0, 366),
    "due_unit": _one_of(DayUnit),
    "event": _words(0, 60),
    "notice_days": _whole(0, 366),
    "notice_unit": _one_of(DayUnit),
    "drafted_by": _one_of(Role, DRAFTERS),
    "reviewed_by": _one_of(Role, REVIEWERS),
    "review_days": _whole(0, 60),
    "layout": _one_of(Layout),
    "fields": _definitions(MOST_FIELDS, in_records=False),
    "columns": _definitions(MOST_COLUMNS, in_records=True),
    "person_days": _whole(0, 3660, empty=True),
    "excusable": _kinds,
    "source": _words(0, LONGEST_TEXT),
    "in_force_from": _day,
    "in_force_until": _day,
}
