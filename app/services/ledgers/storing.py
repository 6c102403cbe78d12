"""Writing many rows of one table in one statement: they travel as one JSON parameter."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    Select,
    String,
    Table,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.sql.selectable import TableValuedAlias

CHUNK = 4000
_AS_IT_IS = (str, int, bool, list, dict)
T = TypeVar("T")


def table_of(model: type[Any]) -> Table:
    """The table of a model."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def plain(value: Any) -> Any:
    """A value as JSON has it: days in ISO form, choices as their text, decimals as text."""
    if value is None or type(value) in _AS_IT_IS:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    return value


def chunks(rows: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The rows in lists of at most `size`."""
    coming = iter(rows)
    while chunk := list(islice(coming, size)):
        yield chunk


def _unpacked(table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> TableValuedAlias:
    packed = [{name: plain(row.get(name)) for name in names} for row in rows]
    parameter = cast(bindparam(None, packed, type_=JSONB), JSONB)
    columns = [column(name, table.columns[name].type) for name in names]
    return (
        func.jsonb_to_recordset(parameter)
        .table_valued(*columns, name="coming")
        .render_derived(with_types=True)
    )


def insert_new(
    session: Session,
    table: Table,
    names: Sequence[str],
    unique: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
) -> list[Any]:
    """Insert the first version of the rows whose `unique` columns nobody has used; returns `unique` and
    id of those that are in now. The audit row is the caller's."""
    done: list[Any] = []
    for chunk in chunks(rows):
        coming = _unpacked(table, names, chunk)
        values = [*(coming.c[name] for name in names), literal(1)]
        statement = (
            insert(table)
            .from_select([*names, "lock_version"], select(*values), include_defaults=False)
            .on_conflict_do_nothing(index_elements=list(unique))
            .returning(*(table.columns[name] for name in unique), table.columns["id"])
        )
        done += session.execute(statement).all()
    return done


def append(session: Session, table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that nothing can collide with."""
    for chunk in chunks(rows):
        coming = _unpacked(table, names, chunk)
        statement = insert(table).from_select(
            list(names), select(*(coming.c[name] for name in names)), include_defaults=False
        )
        session.execute(statement)


def overwrite(session: Session, table: Table, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> int:
    """Set `names` of the rows by `id`, as long as their `lock_version` is still the one given; it grows.
    Returns how many were set."""
    done = 0
    for chunk in chunks(rows):
        coming = _unpacked(table, ["id", "lock_version", *names], chunk)
        values: dict[str, Any] = {name: coming.c[name] for name in names}
        values["lock_version"] = table.columns["lock_version"] + 1
        statement = (
            update(table)
            .where(
                table.columns["id"] == coming.c["id"],
                table.columns["lock_version"] == coming.c["lock_version"],
            )
            .values(values)
            .returning(table.columns["id"])
            .execution_options(synchronize_session=False)
        )
        done += len(session.execute(statement).all())
    return done


def looked_up(
    table: Table, names: Sequence[str], places: Iterable[Sequence[Any]], kept: Sequence[str]
) -> Select[*tuple[Any, ...]]:
    """The rows whose `names` hold one of `places`, each looked up by the index (OFFSET keeps PostgreSQL from
    turning the question round): it knows nothing yet of a table that an import is just filling."""
    columns = table.columns
    lists = zip(*places, strict=True)
    asked = func.unnest(
        *(cast(list(values), ARRAY(columns[name].type)) for name, values in zip(names, lists, strict=True))
    ).table_valued(*(column(name, columns[name].type) for name in names))
    asked = asked.render_derived()
    one = (
        select(*(columns[name] for name in kept))
        .where(*(columns[name] == asked.c[name] for name in names))
        .offset(0)
        .lateral()
    )
    return select(one).select_from(asked.join(one, true()))


@cache
def blank(table: Table, name: str) -> Any:
    """What an attribute holds when nothing is given: null where it may, else the column's own default. Null
    also for a number or day that must be there: it is derived, or missing."""
    kept = table.columns[name]
    if kept.nullable:
        return None
    if isinstance(kept.type, JSONB):
        return []
    default = kept.default
    if isinstance(default, ScalarElementColumnDefault):
        return default.arg
    return "" if isinstance(kept.type, String) else None
