"""The form of an entry of the 10+X list: what was typed, kept as it was typed, and what it means.

Fields and columns come as rows (`fields.3.label`, `columns.0.type`); an empty row is no field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request

from app.core.errors import BadInput
from app.models import DisclosureCategory
from app.models.categories import NUMERIC, FieldType

BLANK_ROWS = 2
WORDS = ("name", "explanation", "event", "source")
NUMBERS = ("due_days", "notice_days", "review_days", "position")
CHOICES = ("cadence", "due_unit", "notice_unit", "reviewed_by", "layout")
DAYS = ("in_force_from", "in_force_until")
LISTS = ("fields", "columns")
EMPTY_ROW = dict.fromkeys(
    ("key", "label", "type", "required", "public", "help", "options", "unit", "total", "masked"), ""
)
_CELL = re.compile(r"(fields|columns)\.(\d{1,2})\.(\w{1,12})")
_COMMA = re.compile(r"[、,，;；\n]")

Typed = dict[str, Any]
"""Texts by name; `excusable` is a list, `fields` and `columns` are lists of rows of texts."""


async def _typed(request: Request) -> Typed:
    """The form as it came. (Async because the form is read from the request's stream; the framework has
    read it by then.)"""
    pairs = [(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)]
    typed: Typed = {name: value.replace("\r\n", "\n") for name, value in pairs if not _CELL.fullmatch(name)}
    typed["excusable"] = [value for name, value in pairs if name == "excusable"]
    for name in LISTS:
        rows: dict[int, dict[str, str]] = {}
        for key, value in pairs:
            if (cell := _CELL.fullmatch(key)) and cell[1] == name:
                rows.setdefault(int(cell[2]), {})[cell[3]] = value
        typed[name] = [rows[number] for number in sorted(rows)]
    return typed


FromForm = Annotated[Typed, Depends(_typed)]


def typed_of(row: DisclosureCategory) -> Typed:
    """An entry as its form shows it."""
    typed: Typed = {
        key: _text(getattr(row, key)) for key in (*WORDS, *NUMBERS, *CHOICES, *DAYS, "person_days")
    }
    typed["active"] = "1" if row.active else ""
    typed["excusable"] = list(row.excusable)
    for name in LISTS:
        typed[name] = [_row_of(one) for one in getattr(row, name)]
    return typed | {"version": str(row.revision), "reason": ""}


def blank() -> Typed:
    """The form of a new entry."""
    texts = dict.fromkeys((*WORDS, *NUMBERS, *CHOICES, *DAYS, "person_days", "reason", "version"), "")
    defaults = {"cadence": "on_change", "due_days": "0", "notice_days": "0", "review_days": "2"}
    return {
        **texts,
        **defaults,
        "active": "1",
        "layout": "table",
        "excusable": [],
        "fields": [],
        "columns": [],
    }


def with_blank_rows(typed: Typed) -> Typed:
    """The same with empty rows behind the fields and columns."""
    empty: list[dict[str, str]] = [{} for _ in range(BLANK_ROWS)]
    rows = {name: [*(row for row in typed[name] if row.get("label")), *empty] for name in LISTS}
    return {**typed, **{name: [EMPTY_ROW | row for row in rows[name]] for name in LISTS}}


def changes(typed: Typed) -> dict[str, Any]:
    """What the form means, for `categories.edit`. Raises BadInput for what is no number."""
    found: dict[str, Any] = {key: typed.get(key, "") for key in WORDS}
    found |= {key: typed[key] for key in CHOICES if typed.get(key)}
    found |= {key: typed.get(key, "").strip() or None for key in DAYS}
    found |= {key: _whole(key, typed[key]) for key in NUMBERS if typed.get(key, "").strip()}
    found["person_days"] = _whole("person_days", typed["person_days"]) if typed.get("person_days") else None
    found["active"] = typed.get("active") == "1"
    found["excusable"] = typed["excusable"]
    return found | {name: _definitions(typed[name]) for name in LISTS}


def _whole(key: str, given: str) -> int:
    if not re.fullmatch(r"\s*\d{1,5}\s*", given, re.ASCII):
        raise BadInput("category.value_wrong", "天数和次序要填整数。", field=key)
    return int(given)


def _definitions(rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    taken = {row.get("key", "") for row in rows}
    made = []
    for row in rows:
        if not row.get("label", "").strip():
            continue
        kind = row.get("type", "")
        one: dict[str, Any] = {
            "key": row.get("key") or _free_key(taken),
            "label": row["label"],
            "type": kind,
            "required": row.get("required") == "1",
            "public": row.get("public") == "1",
            "help": row.get("help", ""),
        }
        if kind == FieldType.CHOICE:
            one["options"] = _options(row.get("options", ""))
        if kind == FieldType.NUMBER and row.get("unit", "").strip():
            one["unit"] = row["unit"].strip()
        if kind in NUMERIC and row.get("total") == "1":
            one["total"] = True
        if kind == FieldType.PERSON and row.get("masked") == "1":
            one["shown"] = "masked"
        made.append(one)
    return made


def _free_key(taken: set[str]) -> str:
    number = next(number for number in range(1, 1000) if f"field_{number}" not in taken)
    taken.add(f"field_{number}")
    return f"field_{number}"


def _options(text: str) -> list[dict[str, str]]:
    """同意、反对; an option whose stored value differs is written 通过=passed."""
    words = [word.strip() for word in _COMMA.split(text) if word.strip()]
    pairs = [word.partition("=") for word in words]
    return [{"label": label.strip(), "value": value.strip() or label.strip()} for label, _, value in pairs]


def _row_of(one: Mapping[str, Any]) -> dict[str, str]:
    return {
        "key": one["key"],
        "label": one["label"],
        "type": one["type"],
        "required": "1" if one.get("required") else "",
        "public": "1" if one.get("public", True) else "",
        "help": one.get("help", ""),
        "options": "、".join(
            option["label"] if option["label"] == option["value"] else f"{option['label']}={option['value']}"
            for option in one.get("options", ())
        ),
        "unit": one.get("unit", ""),
        "total": "1" if one.get("total") else "",
        "masked": "1" if one.get("shown") == "masked" else "",
    }


def _text(value: object) -> str:
    return "" if value is None else str(value)
