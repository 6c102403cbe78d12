"""The form of a disclosure: figures and tables typed as plain lines, read and written back."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form

from app.core.errors import BadInput
from app.models.disclosures import DisclosureKind
from app.services.disclosures import Draft, Item

MOST_FIGURES = 8
MOST_COLUMNS = 8
MOST_ROWS = 300
_CELLS = re.compile(r"\t|[,，]|\s*\|\s*")


@dataclass(frozen=True)
class Typed:
    """What an information officer typed."""

    village: str = ""
    category: str = ""
    title: str = ""
    summary: str = ""
    body: str = ""
    figures: str = ""
    table: str = ""
    contract: str = ""
    kind: str = DisclosureKind.PLAIN.value
    notice_days: str = ""
    uploads: tuple[str, ...] = ()


def typed(
    village: Annotated[str, Form()] = "",
    category: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    summary: Annotated[str, Form()] = "",
    body: Annotated[str, Form()] = "",
    figures: Annotated[str, Form()] = "",
    table: Annotated[str, Form()] = "",
    contract: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = DisclosureKind.PLAIN.value,
    notice_days: Annotated[str, Form()] = "",
    uploads: Annotated[list[str] | None, Form()] = None,
) -> Typed:
    """Dependency: the fields of the form as they came."""
    return Typed(
        village=village,
        category=category,
        title=title,
        summary=summary,
        body=body.replace("\r\n", "\n"),
        figures=figures,
        table=table,
        contract=contract,
        kind=kind,
        notice_days=notice_days,
        uploads=tuple(uploads or ()),
    )


def read(form: Typed, uploads: tuple[str, ...]) -> Draft:
    """The draft that the form means. Raises BadInput naming the line that cannot be read."""
    known = {kind.value for kind in DisclosureKind}
    return Draft(
        category_code=form.category,
        title=form.title,
        summary=form.summary,
        body=form.body,
        kind=DisclosureKind(form.kind) if form.kind in known else DisclosureKind.PLAIN,
        contract_id=_contract(form.contract),
        figures=_figures(form.figures),
        table=_table(form.table),
        notice_days=_days(form.notice_days),
        uploads=uploads,
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
        contract=str(draft.contract_id or ""),
        kind=draft.kind.value,
        notice_days=str(draft.notice_days or ""),
    )


def from_item(item: Item, village: str) -> Typed:
    """A stored disclosure as it stands in the form."""
    return Typed(
        village=village,
        category=item.category.code,
        title=item.version.title,
        summary=item.version.summary,
        body=item.version.body,
        figures=_lines(item.version.figures),
        table=_rows(item.version.table),
        contract=str(item.disclosure.contract_id or ""),
        kind=item.disclosure.kind.value,
    )


def _contract(text: str) -> uuid.UUID | None:
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise BadInput(
            "disclosure.contract_unknown", "所选合同不对，请重新选择。", field="contract"
        ) from error


def _days(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal() or not 1 <= int(text) <= 365:
        raise BadInput("disclosure.notice_days_wrong", "公示天数请填 1 到 365 的整数。", field="notice_days")
    return int(text)


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
    rows = [[cell.strip() for cell in _CELLS.split(line)] for line in _nonempty(text)]
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


def _nonempty(text: str) -> list[str]:
    return [line.strip(" ") for line in text.splitlines() if line.strip()]


def _lines(figures: dict[str, Any]) -> str:
    return "\n".join(f"{label}：{value}" for label, value in figures.items())


def _rows(table: dict[str, Any]) -> str:
    rows = [table["columns"], *table["rows"]] if table.get("columns") else []
    return "\n".join(" | ".join(str(cell) for cell in row) for row in rows)
