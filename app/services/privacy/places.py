"""The places of a disclosure where personal data can stand: every text of it that somebody will read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.core import pii
from app.core.documents import CELLS
from app.models import Attachment, AttachmentText, DisclosureCategory, DisclosureVersion
from app.models.categories import FieldType

_TEXTS = (("title", "标题"), ("summary", "一句话说明"), ("body", "正文"), ("reason", "更正原因"))


@dataclass(frozen=True)
class Spot:
    """A text and where it stands: `key` for programs, `words` for people, `path` to change it (empty inside
    a file), `lead` the heading of its column, which says what kind of value it is. Spots of one `row` belong
    together."""

    key: str
    words: str
    text: str
    path: tuple[str | int, ...] = ()
    lead: str = ""
    row: str = ""
    file: uuid.UUID | None = None


def of_version(version: DisclosureVersion, category: DisclosureCategory | None) -> Iterator[Spot]:
    """All texts of one version, the public ones of what was filled in too unless the table shows the same."""
    for name, words in _TEXTS:
        if text := getattr(version, name):
            yield Spot(name, words, text, (name,))
    public = list(_figures(version.figures)) + list(_table(version.table))
    yield from public
    shown = {spot.text for spot in public}
    for spot in _entered(version, category):
        if spot.text not in shown:
            yield spot


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _leaves(inner, (*path, position))
    elif value is not None and not isinstance(value, bool) and str(value).strip():
        yield path, str(value)


def _key(path: tuple[str | int, ...]) -> str:
    return "/".join(str(part).replace("/", "∕") for part in path)


def _figures(figures: dict[str, Any]) -> Iterator[Spot]:
    for label, value in figures.items():
        words = f"关键数字“{pii.mask(label)}”"
        yield Spot(_key(("figures", label, "label")), f"{words}的名称", label, ("figures", label))
        for path, text in _leaves(value, ("figures", label)):
            yield Spot(_key(path), words, text, path, lead=label)


def _table(table: dict[str, Any]) -> Iterator[Spot]:
    columns = [_heading(column) for column in table.get("columns") or []]
    for name, inner in table.items():
        if name == "rows" and isinstance(inner, list):
            yield from _rows(inner, columns)
        else:
            where = "表头" if name == "columns" else ""
            for path, text in _leaves(inner, ("table", name)):
                yield Spot(_key(path), f"表格{where}", text, path)


def names_persons(table: dict[str, Any]) -> bool:
    """Whether a table that was written freely has a column of persons' names with a name in it."""
    columns = [_heading(column) for column in table.get("columns") or []]
    return any(
        pii.is_name_heading(heading) and pii.is_full_name(str(cell))
        for row in table.get("rows") or []
        for heading, cell in zip(columns, row, strict=False)
    )


def _heading(column: Any) -> str:
    if isinstance(column, dict):
        return str(column.get("label") or column.get("name") or column.get("key") or "")
    return str(column)


def _rows(rows: list[Any], columns: list[str]) -> Iterator[Spot]:
    for number, row in enumerate(rows):
        for path, text in _leaves(row, ("table", "rows", number)):
            place = path[3] if len(path) > 3 else 0
            heading = columns[place] if isinstance(place, int) and place < len(columns) else ""
            words = f"表格第{number + 1}行" + (f"“{pii.mask(heading)}”列" if heading else "")
            yield Spot(_key(path), words, text, path, lead=heading, row=f"table/{number}")
        cells = [str(cell) for cell in row] if isinstance(row, list) else []
        for whole in pii.joined(cells):
            yield Spot(f"table/rows/{number}/joined", f"表格第{number + 1}行几格连起来", whole)


def _entered(version: DisclosureVersion, category: DisclosureCategory | None) -> Iterator[Spot]:
    fields = {str(field.get("key")): field for field in (category.fields if category else [])}
    columns = {str(column.get("key")): column for column in (category.columns if category else [])}
    for key, value in version.filled.items():
        if (label := _public(fields, key)) is not None:
            for path, text in _leaves(value, ("filled", key)):
                yield Spot(_key(path), f"填写项“{label}”", text, path, lead=label)
    for number, record in enumerate(version.records):
        for key, value in record.items():
            if (label := _public(columns, key)) is None:
                continue
            for path, text in _leaves(value, ("records", number, key)):
                words = f"明细第{number + 1}条“{label}”"
                yield Spot(_key(path), words, text, path, lead=label, row=f"records/{number}")


def children_in(version: DisclosureVersion, category: DisclosureCategory | None) -> set[str]:
    """Names of children as fields and records tell, hidden ones too: the table shows them masked already."""
    found: set[str] = set()
    for entries, values in (
        (category.fields if category else [], version.filled),
        *((category.columns if category else [], record) for record in version.records),
    ):
        defined = {str(entry["key"]): entry for entry in entries}
        labels = {key: str(entry["label"]) for key, entry in defined.items()}
        cells = [(labels.get(key, key), str(value)) for key, value in values.items()]
        if not pii.is_minors_row(cells):
            continue
        found |= {text for heading, text in cells if pii.is_name_heading(heading) and pii.is_full_name(text)}
        # Whoever stands in a field for persons is one, whatever his name looks like.
        persons = [key for key, entry in defined.items() if entry["type"] == FieldType.PERSON]
        found |= {
            str(values[key]).strip()
            for key in persons
            if pii.is_name_heading(labels[key]) and len(str(values.get(key, "")).strip()) > 1
        }
    return found


def _public(fields: dict[str, Any], key: str) -> str | None:
    field = fields.get(key)
    if field is None:
        return key  # nothing says that it is hidden
    return str(field.get("label") or key) if field.get("public", True) else None


# Files


def file_name(file: Attachment) -> Spot:
    """The name of an attached file."""
    return Spot(f"file/{file.id}/name", "附件的文件名", file.name, ("file",), file=file.id)


def file_words(file: Attachment) -> str:
    """How a file is called in a place; its name may hold personal data itself."""
    return f"附件《{pii.mask(file.name)}》"


def of_page(file: Attachment, page: AttachmentText) -> Iterator[Spot]:
    """The text of one page, or of one sheet cell by cell: each under the heading of its column."""
    words = f"{file_words(file)}{pii.mask(page.label)}"
    key = f"file/{file.id}/{page.position}"
    if CELLS not in page.text:
        yield Spot(key, words, page.text, file=file.id)
        return
    columns: list[str] = []
    for number, line in enumerate(page.text.split("\n"), start=1):
        cells = line.split(CELLS)
        if any(pii.is_heading(cell) for cell in cells):
            columns = cells
        for place, cell in enumerate(cells):
            if not cell.strip():
                continue
            heading = columns[place] if columns is not cells and place < len(columns) else ""
            yield Spot(
                f"{key}/{number}/{place + 1}",
                f"{words}第{number}行",
                cell,
                lead=heading.strip(),
                row=f"{key}/{number}",
                file=file.id,
            )
        for whole in pii.joined(cells):
            yield Spot(f"{key}/{number}/joined", f"{words}第{number}行几格连起来", whole, file=file.id)
