"""An item's fields and records: checked against its category, and what of them the public may see.

`present` makes figures and table out of what an officer filled in; only public columns get there, and minors
show as 王某. `reduce` is what stays when the data of persons expire: counts and sums, no rows of persons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.errors import BadInput
from app.models.base import Json
from app.models.categories import (
    NUMERIC,
    PERSONAL,
    PERSONAL_IN_RECORDS,
    Cadence,
    DisclosureCategory,
    FieldType,
    Layout,
)
from app.models.disclosures import DisclosureVersion
from app.services.disclosures.values import (
    Field as Field,
)
from app.services.disclosures.values import (
    Unreadable,
    is_minor,
    minor_name,
    read,
    show,
)

MOST_RECORDS = 500
PERIODS = {
    Cadence.MONTH: (re.compile(r"\d{4}-(?:0[1-9]|1[0-2])"), "2026-10"),
    Cadence.QUARTER: (re.compile(r"\d{4}-Q[1-4]"), "2026-Q3"),
    Cadence.YEAR: (re.compile(r"\d{4}"), "2026"),
}
STAYS = NUMERIC | {FieldType.DATE, FieldType.MONTH, FieldType.CHOICE, FieldType.YES_NO}
HEADS = "人数"
COUNT = "条数"
_FIGURE = re.compile(r"[-+]?[\d,.]+ ?%?[^\d\s]{0,4}")


@dataclass(frozen=True)
class Presented:
    """What an item shows: `figures` label → text, `table` with `columns`, `rows` and the columns' `keys`;
    `persons` when it has data of persons. `filled` and `records` are what was filled in, as it is stored."""

    figures: dict[str, Any]
    table: Json
    persons: bool
    filled: Json
    records: list[Json]


@dataclass(frozen=True)
class Fault:
    """What is wrong with one value. `row` counts records from 1 and is None for the item's own fields."""

    row: int | None
    key: str
    label: str
    text: str


def fields_of(category: DisclosureCategory) -> list[Field]:
    """The item's own fields."""
    return [Field.of(one) for one in category.fields]


def columns_of(category: DisclosureCategory) -> list[Field]:
    """The columns of its records. A person's phone is never public."""
    columns = [Field.of(one) for one in category.columns]
    return [replace(one, public=False) if one.type == FieldType.PHONE else one for one in columns]


def present(
    category: DisclosureCategory,
    *,
    filled: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    period: str | None,
    today: date,
) -> Presented:
    """Figures and table for the public, and the cleaned values for the store.

    Raises BadInput (`disclosure.field_wrong`) naming row and column of the first wrong value, and
    `disclosure.period_wrong` for a period that does not fit the category's cadence."""
    check_period(category, period)
    clean_filled, clean_records, faults = check(category, filled=filled, records=records)
    if faults:
        raise _refusal(faults)
    fields, columns = fields_of(category), columns_of(category)
    minors = minors_in(category, filled=clean_filled, records=clean_records, today=today)
    own = _shown_row(fields, clean_filled, today, minors)
    rows = [_shown_row(columns, record, today, minors) for record in clean_records]
    public = [column for column in columns if column.public]
    figures = {field.label: own[field.key] for field in fields if own.get(field.key)}
    for label, value in totals(columns, clean_records).items():
        figures.setdefault(label, value)
    table = _table(category, public, _in_order(category, columns, clean_records, rows))
    persons = _personal(fields, [clean_filled], PERSONAL) or _personal(
        columns, clean_records, PERSONAL_IN_RECORDS
    )
    return Presented(figures, table, persons, clean_filled, clean_records)


def check(
    category: DisclosureCategory, *, filled: Mapping[str, Any], records: Sequence[Mapping[str, Any]]
) -> tuple[Json, list[Json], list[Fault]]:
    """The values as they are to be stored, without empty records, and everything that is wrong with them."""
    clean_filled, faults = _read_row(fields_of(category), filled, None)
    columns, clean_records = columns_of(category), []
    if len(records) > MOST_RECORDS:
        return clean_filled, [], [*faults, Fault(MOST_RECORDS + 1, "", "", f"最多 {MOST_RECORDS} 行")]
    for number, record in enumerate(records, start=1):
        if not any(str(value).strip() for value in record.values() if value is not None):
            continue
        row, wrong = _read_row(columns, record, number)
        clean_records.append(row)
        faults += wrong
    return clean_filled, clean_records, faults


def check_period(category: DisclosureCategory, period: str | None) -> None:
    """Raise BadInput when a period is given that the category's cadence does not have."""
    form, example = PERIODS.get(category.cadence, (None, ""))
    if period and form is not None and not form.fullmatch(period):
        raise BadInput("disclosure.period_wrong", f"所属期间请写成 {example} 这样的形式。", field="period")


def totals(columns: Sequence[Field], records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """How many persons there are, and the sums of the columns that are to be added up."""
    if not records:
        return {}
    found = {}
    if any(column.type == FieldType.PERSON for column in columns):
        found[HEADS] = f"{len(records)} 人"
    for column in columns:
        if column.total and column.public:
            found[f"{column.label}合计"] = show(column, add_up(column, records))
    return found


def add_up(column: Field, records: Iterable[Mapping[str, Any]]) -> int | str:
    """The sum of a money (fen) or number column."""
    added = sum((Decimal(str(record.get(column.key) or 0)) for record in records), Decimal())
    return int(added) if added == added.to_integral_value() else f"{added.normalize():f}"


def reduce(category: DisclosureCategory, version: DisclosureVersion) -> tuple[dict[str, Any], Json]:
    """Figures and table when the data of persons have expired (公示期满): sums and counts stay, persons go.

    The records become one row for each public choice (kind of aid, result …), with their number and sums."""
    fields, columns = fields_of(category), columns_of(category)
    defined = {field.label: field for field in fields}
    sums = totals(columns, version.records)
    figures = {
        label: value
        for label, value in version.figures.items()
        if (
            defined[label].type in STAYS
            if label in defined
            else label in sums or _FIGURE.fullmatch(str(value))
        )
    }
    return figures, _summed_table(columns, version.records)


def without_persons(category: DisclosureCategory, version: DisclosureVersion) -> tuple[Json, list[Json]]:
    """`filled` and `records` to keep after `reduce`: nothing that could name a person, and no records of a
    category that has persons in its columns, or had: nobody knows any more what a removed column holds."""
    filled = {
        field.key: version.filled[field.key]
        for field in fields_of(category)
        if field.type in STAYS and field.key in version.filled
    }
    columns = columns_of(category)
    has_persons = any(column.type in PERSONAL_IN_RECORDS for column in columns)
    known = {column.key for column in columns}
    keeps = not has_persons and all(record.keys() <= known for record in version.records)
    return filled, list(version.records) if keeps else []


# --- checking -------------------------------------------------------------------------------------


def _read_row(fields: Sequence[Field], given: Mapping[str, Any], row: int | None) -> tuple[Json, list[Fault]]:
    clean: Json = {}
    known = {field.key for field in fields}
    faults = [Fault(row, str(key), str(key), "没有这一项") for key in given if key not in known]
    for field in fields:
        try:
            value = read(field, given.get(field.key))
        except Unreadable as wrong:
            faults.append(Fault(row, field.key, field.label, str(wrong)))
            continue
        if value is not None:
            clean[field.key] = value
        elif field.required:
            faults.append(Fault(row, field.key, field.label, "要填写"))
    return clean, faults


def _refusal(faults: Sequence[Fault]) -> BadInput:
    first = faults[0]
    place = f"第 {first.row} 行" if first.row else ""
    column = f"「{first.label}」" if first.label else ""
    return BadInput(
        "disclosure.field_wrong",
        f"{place}{column}{first.text}。",
        field=first.key if first.row is None else "records",
        row=first.row,
        column=first.label,
        wrong=len(faults),
    )


# --- showing --------------------------------------------------------------------------------------


def minors_in(
    category: DisclosureCategory,
    *,
    filled: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    today: date,
) -> set[str]:
    """The names in the item's own fields and in records that say somebody is under 18 on `today`."""
    fields, columns = fields_of(category), columns_of(category)
    rows = [(fields, filled), *((columns, record) for record in records)]
    return {
        str(row[field.key])
        for defined, row in rows
        if _of_minor(defined, row, today)
        for field in defined
        if field.type == FieldType.PERSON and row.get(field.key)
    }


def without_names(words: str, minors: Iterable[str]) -> str:
    """`words` with these minors' names cut to 王某."""
    for name in sorted(minors, key=len, reverse=True):
        words = words.replace(name, minor_name(name))
    return words


def _of_minor(fields: Sequence[Field], row: Mapping[str, Any], today: date) -> bool:
    return any(is_minor(field, row.get(field.key), today) for field in fields)


def _shown_row(fields: Sequence[Field], row: Json, today: date, minors: set[str]) -> dict[str, str]:
    """The public values of a record: a minor's name is cut, in his own record and in everybody's words."""
    minor = _of_minor(fields, row, today)
    shown = {}
    for field in fields:
        if not field.public:
            continue
        words = show(field, row.get(field.key))
        if minor and field.type == FieldType.PERSON:
            words = minor_name(str(row.get(field.key) or ""))
        elif field.type in (FieldType.TEXT, FieldType.LONG_TEXT):
            words = without_names(words, minors)
        shown[field.key] = words
    return shown


def _in_order(
    category: DisclosureCategory,
    columns: Sequence[Field],
    records: Sequence[Json],
    rows: list[dict[str, str]],
) -> list[dict[str, str]]:
    """A timeline runs by its days, everything else as it was written."""
    day = next((column.key for column in columns if column.type == FieldType.DATE), None)
    if category.layout != Layout.TIMELINE or day is None:
        return rows
    ranked = sorted(zip(records, rows, strict=True), key=lambda pair: str(pair[0].get(day, "9999")))
    return [row for _, row in ranked]


def _table(category: DisclosureCategory, public: Sequence[Field], rows: Sequence[dict[str, str]]) -> Json:
    used = [column for column in public if column.required or any(row[column.key] for row in rows)]
    if not rows or not used:
        return {}
    return {
        "columns": [_heading(column) for column in used],
        "rows": [[_cell(column, row[column.key]) for column in used] for row in rows],
        "keys": [column.key for column in used],
        "layout": category.layout.value,
    }


def _heading(column: Field) -> str:
    unit = "元" if column.type == FieldType.MONEY else column.unit
    return f"{column.label}（{unit}）" if unit else column.label


def _cell(column: Field, shown: str) -> str:
    """The unit stands in the heading."""
    unit = "元" if column.type == FieldType.MONEY else column.unit
    return shown.removesuffix(f" {unit}") if unit else shown


def _personal(
    fields: Sequence[Field], rows: Iterable[Mapping[str, Any]], types: frozenset[FieldType]
) -> bool:
    keys = {field.key for field in fields if field.type in types}
    return any(row.get(key) not in (None, "") for row in rows for key in keys)


def _summed_table(columns: Sequence[Field], records: Sequence[Json]) -> Json:
    if not records:
        return {}
    kind = next((column for column in columns if column.public and column.type == FieldType.CHOICE), None)
    added = [column for column in columns if column.public and column.total]
    groups: dict[str, list[Json]] = {}
    for record in records:
        groups.setdefault(show(kind, record.get(kind.key)) if kind else "", []).append(record)
    return {
        "columns": [*([kind.label] if kind else []), COUNT, *(_heading(column) for column in added)],
        "rows": [
            [
                *([name or "其他"] if kind else []),
                str(len(group)),
                *(_cell(column, show(column, add_up(column, group))) for column in added),
            ]
            for name, group in groups.items()
        ],
    }
