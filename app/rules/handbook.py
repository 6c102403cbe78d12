"""The rule book (规则手册): what every rule looks at, as one document, written from the rules themselves.

`docs/rules.md` is this; a house test compares the two."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic.fields import FieldInfo

from app.core import money
from app.models.organisations import Line
from app.models.rules import Colour, RuleMode
from app.rules.base import Rule

LINES = {
    Line.AGRICULTURE: "农业农村",
    Line.CONSTRUCTION: "住建",
    Line.CIVIL_AFFAIRS: "民政",
    Line.FINANCE: "财政",
    Line.DISCIPLINE: "纪检监察",
}
MODES = {RuleMode.OFF: "停用", RuleMode.SHADOW: "试运行", RuleMode.ACTIVE: "启用"}
COLOURS = {Colour.YELLOW: "黄", Colour.RED: "红"}
BOUNDS = (("ge", "≥ "), ("gt", "> "), ("le", "≤ "), ("lt", "< "))

INTRODUCTION = """# Rules of 码上督

Generated from `app/rules` by `python -m tests.house.rule_book --write`; a test keeps it true.

A rule judges every subject in one of three ways: it fires (yellow or red), it is clear, or it cannot be
computed, and then the missing field or ledger is named. Missing data never look clean, and what is not
there because nobody ever records it is missing, not broken. Everything is judged as of a day: facts of later
days do not count, so that a back-test sees what could be seen then. Voided rows are left out; a warning whose
row was voided stays open until people say why. Thresholds are the county's to set, within the bounds given
here. 启用 rules push warnings; 试运行 rules are computed and shown to the county only, until a back-test
shows that their proposed thresholds are worth a push.
"""


def rendered(rules: Iterable[Rule[Any]]) -> str:
    """The whole document, in the order of the rules."""
    listed = list(rules)
    overview = ["", "| 编号 | 规则 | 颜色与阈值 | 默认 | 条线 |", "|---|---|---|---|---|"]
    overview += [_overview(rule) for rule in listed]
    return INTRODUCTION + "\n".join([*overview, *(line for rule in listed for line in _chapter(rule))]) + "\n"


def colours(rule: Rule[Any]) -> list[Colour]:
    """The colours that a rule can take."""
    return [colour for colour in Colour if f"'{colour.value}'" in rule.SELECT]


def thresholds(rule: Rule[Any]) -> Iterator[tuple[str, str, str, str]]:
    """Name, default, bounds and description (with the unit) of each threshold."""
    for name, field in rule.thresholds.model_fields.items():
        yield name, _default(name, field), _bounds(field), field.description or ""


def fields_named(rule: Rule[Any]) -> list[str]:
    """The fields that the SELECT names as missing."""
    told = re.search(r"AS colour,(.*?)AS missing", rule.SELECT, re.DOTALL)
    return list(dict.fromkeys(re.findall(r"'([^'a-z]*[一-鿿][^']*)'", told[1]))) if told else []


def _default(name: str, field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, int) and name.endswith("_fen"):
        return f"{value}（{money.spoken(value)}）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _bounds(field: FieldInfo) -> str:
    found = {
        name: getattr(part, name) for part in field.metadata for name, _ in BOUNDS if hasattr(part, name)
    }
    return "，".join(f"{sign}{found[name]}" for name, sign in BOUNDS if name in found)


def _overview(rule: Rule[Any]) -> str:
    shown = "、".join(COLOURS[colour] for colour in colours(rule))
    numbers = "；".join(f"`{name}` {default}" for name, default, _, _ in thresholds(rule))
    link = f"[{rule.title}](#{_anchor(rule)})<br>`{rule.key}`"
    return f"| {rule.code} | {link} | {shown}：{numbers} | {MODES[rule.mode]} | {LINES[rule.line]} |"


def _anchor(rule: Rule[Any]) -> str:
    """How Markdown viewers name the heading of the chapter."""
    return re.sub(r"[^\w-]", "", f"{rule.code} {rule.title}".lower().replace(" ", "-"))


def _chapter(rule: Rule[Any]) -> Iterator[str]:
    yield from ("", f"## {rule.code} {rule.title}", "")
    about = f"第 {rule.version} 版，{LINES[rule.line]}条线，默认{MODES[rule.mode]}"
    yield f"`{rule.key}`，{about}。{rule.meaning}"
    yield from ("", inspect.cleandoc(type(rule).__doc__ or ""), "")
    for label, words in _facts(rule):
        yield f"- {label}：{words}"
    yield from ("", "| 阈值 | 默认 | 范围 | 说明 |", "|---|---|---|---|")
    for name, default, bounds, description in thresholds(rule):
        yield f"| `{name}` | {default} | {bounds} | {description} |"
    yield from ("", "```sql", textwrap.dedent(rule.SELECT).strip(), "```")


def _facts(rule: Rule[Any]) -> Iterator[tuple[str, str]]:
    needs = "、".join(f"{need.label}{_fresh(need.days)}" for need in rule.needs)
    yield "来源", rule.source
    yield "颜色", "、".join(COLOURS[colour] for colour in colours(rule))
    yield "需要的台账", needs or "无"
    fields = fields_named(rule)
    if fields:
        yield "缺少时无法判断", "、".join(f"「{field}」" for field in fields)
    yield "不列入", "；".join(rule.exclusions) or "无"
    yield "如何销号", rule.clears_by
    if rule.absence:
        yield "静默", "因「没有」而触发：村里整体没有数据上报时不提醒"


def _fresh(days: int) -> str:
    return f"（最近 {days} 天有记录）" if days else ""
