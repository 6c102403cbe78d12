"""The form of a disclosure: what an officer typed, kept as it was typed, and what it means.

A category with fields of its own is filled in field by field and record by record (`f.<key>`,
`r.<row>.<key>`); records may also be pasted as lines. Other categories take figures and a table as lines."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from app.core import clock, money
from app.core.errors import BadInput
from app.models import Disclosure, DisclosureCategory, DisclosureVersion, Organisation
from app.models.disclosures import DisclosureKind
from app.services.disclosures import Draft, summaries
from app.services.disclosures.fields import Field, columns_of, fields_of
from app.services.disclosures.values import FieldType

MOST_FIGURES = 8
MOST_COLUMNS = 8
MOST_ROWS = 300
# A browser's form may have 1,000 fields; longer tables are typed as lines.
MOST_CELLS = 600
BLANK_ROWS = 3
MORE_ROWS = 5
_SEPARATORS = (re.compile(r"\t"), re.compile(r"\s*\|\s*"), re.compile(r"[,，]"))
_RECORD = re.compile(r"r\.(\d{1,4})\.(\w+)")
_SINGLE = [
    "village",
    "category",
    "fields_of",
    "title",
    "summary",
    "body",
    "figures",
    "table",
    "lines",
    "contract",
    "project",
    "kind",
    "period",
    "notice_days",
    "publish_at",
    "expires_at",
    "reason",
    "seen",
]


@dataclass(frozen=True)
class Typed:
    """What an information officer typed. `fields_of` is the category whose fields the form showed, `seen` the
    version that it was opened with. `sentence` is the present sentence when the program wrote it: left empty,
    it is written anew from what is filled in now."""

    village: str = ""
    category: str = ""
    fields_of: str = ""
    title: str = ""
    summary: str = ""
    body: str = ""
    figures: str = ""
    table: str = ""
    lines: str = ""
    contract: str = ""
    project: str = ""
    kind: str = DisclosureKind.PLAIN.value
    period: str = ""
    notice_days: str = ""
    publish_at: str = ""
    expires_at: str = ""
    reason: str = ""
    seen: str = ""
    sentence: str = ""
    filled: dict[str, str] = field(default_factory=dict)
    records: list[dict[str, str]] = field(default_factory=list)
    uploads: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


async def _typed(request: Request) -> Typed:
    """The fields of the form as they came. (Async because the form is read from the request's stream; the
    framework has read it by then.)"""
    form = await request.form()
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    single = {name: value.replace("\r\n", "\n") for name, value in texts if name in _SINGLE}
    rows: dict[int, dict[str, str]] = {}
    for name, value in texts:
        if match := _RECORD.fullmatch(name):
            rows.setdefault(int(match[1]), {})[match[2]] = value
    return Typed(
        **single,
        filled={name[2:]: value for name, value in texts if name.startswith("f.")},
        records=[rows[number] for number in sorted(rows)],
        uploads=tuple(value for name, value in texts if name == "uploads"),
        dropped=tuple(value for name, value in texts if name == "dropped"),
    )


AsTyped = Annotated[Typed, Depends(_typed)]


def with_lines(form: Typed, category: DisclosureCategory) -> Typed:
    """The form with its pasted lines behind the records that were typed. Raises BadInput naming the line."""
    columns = columns_of(category)
    pasted = _records(form.lines, columns)
    kept = [row for row in form.records if any(value.strip() for value in row.values())]
    return replace(form, records=kept + pasted, lines="") if pasted else form


def room(form: Typed, category: DisclosureCategory, more: int = 0) -> Typed:
    """The form as it is shown: blank rows to type into, or all records as lines when there are too many."""
    columns = columns_of(category)
    if not columns:
        return form
    kept = [row for row in form.records if any(value.strip() for value in row.values())]
    if (len(kept) + BLANK_ROWS + more) * len(columns) > MOST_CELLS:
        lines = ["\t".join(row.get(column.key, "") for column in columns) for row in kept]
        return replace(form, records=[], lines="\n".join([*lines, form.lines]).strip("\n"))
    blank: list[dict[str, str]] = [
        {} for _ in range(max(more, 0 if form.records and not more else BLANK_ROWS))
    ]
    return replace(form, records=(form.records if not more else kept) + blank)


def as_filled(category: DisclosureCategory, disclosure: Disclosure) -> DisclosureCategory:
    """The category as this item's form has it: once persons were taken out of an item, what is left are
    figures and a table without the records that they were made from."""
    if disclosure.reduced_at is None:
        return category
    return DisclosureCategory(
        code=category.code,
        name=category.name,
        cadence=category.cadence,
        notice_days=category.notice_days,
        notice_unit=category.notice_unit,
        fields=[],
        columns=[],
    )


def read(form: Typed, uploads: tuple[str, ...], category: DisclosureCategory) -> Draft:
    """The draft that the form means. Raises BadInput naming the field or line that cannot be read."""
    known = {kind.value for kind in DisclosureKind}
    own = bool(category.fields or category.columns)
    return Draft(
        category_code=category.code,
        title=form.title,
        summary=form.summary,
        body=form.body,
        kind=DisclosureKind(form.kind) if form.kind in known else DisclosureKind.PLAIN,
        contract_id=_key(form.contract, "contract", "所选合同不对，请重新选择。"),
        project_id=_key(form.project, "project", "所选工程不对，请重新选择。"),
        period=form.period.strip() or None,
        figures={} if own else _figures(form.figures),
        table={} if own else _table(form.table),
        filled=form.filled if own else {},
        records=form.records if own else (),
        notice_days=_days(form.notice_days),
        publish_at=moment(form.publish_at, "publish_at"),
        expires_at=moment(form.expires_at, "expires_at"),
        uploads=uploads,
        dropped=[key for key in (_key(one, "photos", "附件不对。") for one in form.dropped) if key],
    )


def from_draft(draft: Draft, village: str) -> Typed:
    """A draft as it stands in the form."""
    return Typed(
        village=village,
        category=draft.category_code,
        title=draft.title,
        summary=draft.summary,
        body=draft.body,
        figures=_lines(draft.figures),
        table=_rows(draft.table),
        filled={key: str(value) for key, value in draft.filled.items()},
        contract=str(draft.contract_id or ""),
        kind=draft.kind.value,
        notice_days=str(draft.notice_days or ""),
    )


def from_version(
    disclosure: Disclosure,
    version: DisclosureVersion,
    category: DisclosureCategory,
    village: Organisation,
) -> Typed:
    """A stored text as it stands in the form."""
    own = bool(category.fields or category.columns)
    written = summaries.sentence(
        category,
        village=village,
        filled=version.filled or {},
        records=version.records,
        figures=version.figures,
        period=disclosure.period,
    )
    by_program = version.summary == written
    return Typed(
        village=village.code,
        category=category.code,
        fields_of=category.code,
        title=version.title,
        summary="" if by_program else version.summary,
        sentence=written if by_program else "",
        body=version.body,
        figures="" if own else _lines(version.figures),
        table="" if own else _rows(version.table),
        contract=str(disclosure.contract_id or ""),
        project=str(disclosure.project_id or ""),
        kind=disclosure.kind.value,
        period=disclosure.period or "",
        notice_days=str(disclosure.notice_days or ""),
        publish_at=local(disclosure.publish_at),
        expires_at=local(disclosure.expires_at),
        reason=version.reason,
        seen=str(version.number),
        filled=_as_typed(fields_of(category), version.filled or {}),
        records=[_as_typed(columns_of(category), row) for row in version.records],
    )


def _as_typed(fields: Sequence[Field], stored: Mapping[str, Any]) -> dict[str, str]:
    return {one.key: _one_as_typed(one, stored.get(one.key)) for one in fields}


def _one_as_typed(one: Field, value: Any) -> str:
    if value is None:
        return ""
    if one.type == FieldType.MONEY and isinstance(value, int):
        return money.decimal(value)
    if one.type == FieldType.YES_NO:
        return "是" if value else "否"
    return str(value)


def seen(form: Typed) -> int | None:
    """The version that the form was opened with."""
    return int(form.seen) if form.seen.isdecimal() and len(form.seen) < 7 else None


def moment(text: str, name: str) -> datetime | None:
    """What a date-and-time input sent (2026-10-01T09:00, Asia/Shanghai), as UTC. Raises BadInput."""
    if not text.strip():
        return None
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(
            "disclosure.time_malformed", "时间请写成 2026-10-01 09:00 这样的形式。", field=name
        ) from error
    return clock.at(read.date(), read.hour, read.minute)


def local(value: datetime | None) -> str:
    """A moment as a date-and-time input shows it."""
    return f"{clock.local(value):%Y-%m-%dT%H:%M}" if value else ""


def _key(text: str, name: str, wrong: str) -> uuid.UUID | None:
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise BadInput("disclosure.choice_unknown", wrong, field=name) from error


def _days(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal() or not 1 <= int(text) <= 366:
        raise BadInput("disclosure.notice_days_wrong", "公示天数请填 1 到 366 的整数。", field="notice_days")
    return int(text)


def _records(text: str, columns: Sequence[Field]) -> list[dict[str, str]]:
    """Pasted lines as records, their cells in the order of the columns; a line of headings is left out."""
    heads = [column.label for column in columns]
    found = []
    for number, line in enumerate(_nonempty(text), start=1):
        cells = _cells(line)
        if cells == heads[: len(cells)]:
            continue
        if len(cells) > len(columns):
            raise BadInput(
                "disclosure.line_malformed",
                f"粘贴的第 {number} 行有 {len(cells)} 格，但只有 {len(columns)} 栏，请核对。",
                field="lines",
            )
        found.append({column.key: cell for column, cell in zip(columns, cells, strict=False)})
    return found


def _figures(text: str) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for number, line in enumerate(_nonempty(text), start=1):
        label, _, value = re.sub("[:：]", ":", line, count=1).partition(":")
        if not label.strip() or not value.strip():
            raise BadInput(
                "disclosure.figure_malformed",
                f"关键数字第 {number} 行「{line[:20]}」请写成「名称：数字」。",
                field="figures",
            )
        figures[label.strip()] = value.strip()
    if len(figures) > MOST_FIGURES:
        raise BadInput("disclosure.figures_many", f"关键数字最多 {MOST_FIGURES} 个。", field="figures")
    return figures


def _table(text: str) -> dict[str, Any]:
    rows = [_cells(line) for line in _nonempty(text)]
    if not rows:
        return {}
    columns, body = rows[0], rows[1:]
    for number, row in enumerate(body, start=2):
        if len(row) != len(columns):
            raise BadInput(
                "disclosure.table_malformed",
                f"明细表第 {number} 行有 {len(row)} 格，第 1 行有 {len(columns)} 格，请补齐。",
                field="table",
            )
    if not body or len(columns) > MOST_COLUMNS or len(body) > MOST_ROWS:
        raise BadInput(
            "disclosure.table_size",
            f"明细表要有表头和内容，最多 {MOST_COLUMNS} 列 {MOST_ROWS} 行。",
            field="table",
        )
    return {"columns": columns, "rows": body}


def _cells(line: str) -> list[str]:
    """The cells of a line: between tabs, else between bars, else between commas (1,200.50 has one)."""
    mark = next((one for one in _SEPARATORS if one.search(line)), _SEPARATORS[0])
    return [cell.strip() for cell in mark.split(line)]


def _nonempty(text: str) -> list[str]:
    return [line.strip(" ") for line in text.splitlines() if line.strip()]


def _lines(figures: Mapping[str, Any]) -> str:
    return "\n".join(f"{label}：{value}" for label, value in figures.items())


def _rows(table: Mapping[str, Any]) -> str:
    rows = [table["columns"], *table["rows"]] if table.get("columns") else []
    return "\n".join(" | ".join(str(cell) for cell in row) for row in rows)
