"""A power workflow (小微权力流程) drawn as a flow chart: boxes from top to bottom, a branch where a step has
an 「否则」. It is HTML with styles, so that it wraps on a phone, grows in big type and is read in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

# What a column is about, by its key or by words in its heading.
PARTS = {
    "step": ("步骤", "环节", "流程"),
    "otherwise": ("否则", "不通过", "未通过", "没通过"),
    "who": ("谁", "办理人", "经办", "责任", "岗位"),
    "material": ("材料", "资料", "带什么"),
    "days": ("几天", "多久", "时限", "天数", "时间", "期限"),
}
LABELS = {"who": "谁来办", "material": "要带", "days": "多久"}
_COUNT = re.compile(r"\d+(?:\.\d+)?")

_CHART = Markup(
    '<figure class="flow"><figcaption>{caption}</figcaption>'
    '<ol>{steps}</ol><p class="flow-end">办结</p></figure>'
)
_STEP = Markup('<li><div class="flow-step"><strong>{step}</strong>{facts}</div>{branch}</li>')
_FACT = Markup('<span><span class="muted">{label}：</span>{value}</span>')
_BRANCH = Markup(
    '<div class="flow-branch"><span class="flow-yes">通过</span>'
    '<p class="flow-no"><span>否则</span>{otherwise}</p></div>'
)


def svg(table: Mapping[str, Any]) -> Markup:
    """The chart of a table of steps; empty markup when the table has none.

    The columns are known by the table's `keys`, or else by their headings; the first one is the step when no
    heading says so. Further columns are shown with their headings."""
    columns, rows = list(table.get("columns") or ()), list(table.get("rows") or ())
    if not columns or not rows:
        return Markup()
    parts = _parts(columns, table.get("keys"))
    steps = Markup().join(_step(columns, parts, row) for row in rows)
    return _CHART.format(caption=_caption(parts, rows), steps=steps)


def _parts(columns: Sequence[str], keys: Sequence[str] | None) -> list[str]:
    """What each column is about; "" for others."""
    parts: list[str] = []
    for place, heading in enumerate(columns):
        key = keys[place] if keys and len(keys) == len(columns) else ""
        known = (part for part, words in PARTS.items() if any(word in heading for word in words))
        part = key if key in PARTS else next(known, "")
        parts.append("" if part in parts else part)
    if "step" not in parts:
        parts[0] = "step"
    return parts


def _step(columns: Sequence[str], parts: Sequence[str], row: Sequence[Any]) -> Markup:
    cells = {place: str(cell).strip() for place, cell in enumerate(row) if str(cell).strip()}
    by_part = {parts[place]: words for place, words in cells.items()}
    facts = Markup().join(
        _FACT.format(
            label=LABELS.get(parts[place], columns[place]),
            value=_days(words) if parts[place] == "days" else words,
        )
        for place, words in cells.items()
        if parts[place] not in ("step", "otherwise")
    )
    otherwise = by_part.get("otherwise")
    branch = _BRANCH.format(otherwise=otherwise) if otherwise else ""
    return _STEP.format(step=by_part.get("step", ""), facts=facts, branch=branch)


def _days(words: str) -> str:
    return f"{words} 天" if _COUNT.fullmatch(words) else words


def _caption(parts: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    caption = f"一共 {len(rows)} 步"
    if "days" in parts:
        days = [str(row[parts.index("days")]).strip() for row in rows]
        counts = [float(day) for day in days if _COUNT.fullmatch(day)]
        if counts and all(_COUNT.fullmatch(day) or not day for day in days):
            return f"{caption}，最多 {sum(counts):g} 天"
    return caption
