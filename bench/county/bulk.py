"""Many rows at once: collected in memory, filled with the defaults of their models, written with COPY."""

from __future__ import annotations

import enum
import random
import uuid
from collections import defaultdict
from functools import cache
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Column, Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.models.base import Base, Ordered

Row = dict[str, Any]


@cache
def _order() -> tuple[Table, ...]:
    return tuple(Base.metadata.sorted_tables)


class Batch:
    """Rows of many tables, written in the order that foreign keys ask for. Keys come from `draw`, so that the
    same seed makes the same keys."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._next: dict[str, int] = defaultdict(int)
        self.written: dict[str, int] = defaultdict(int)

    def key(self) -> uuid.UUID:
        """A new random key."""
        return uuid.UUID(int=self._draw.getrandbits(128), version=4)

    def add(self, model: type[Base], **values: Any) -> Row:
        """One row. Its key is made here; the row may still be changed until `flush`."""
        name = model.__tablename__
        if "id" not in values:
            column = model.__table__.columns["id"]
            if isinstance(column.type.python_type, type) and column.type.python_type is int:
                self._next[name] += 1
                values["id"] = self._next[name]
            else:
                values["id"] = self.key()
        self._rows[name].append(values)
        return values

    def rows(self, model: type[Base]) -> list[Row]:
        """What is collected for a table and not yet written."""
        return self._rows[model.__tablename__]

    def keep(self, model: type[Base], rows: list[Row]) -> None:
        """Only these rows of a table are written."""
        self._rows[model.__tablename__] = rows

    def flush(self, session: Session) -> None:
        """Write all rows and forget them."""
        connection = session.connection().connection.driver_connection
        assert connection is not None
        for table in _order():
            rows = self._rows.pop(table.name, [])
            if not rows:
                continue
            self.written[table.name] += len(rows)
            columns = _columns(table, rows)
            names = ", ".join(f'"{column.name}"' for column, _ in columns)
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row([_value(row, column, json) for column, json in columns])

    def finish(self, session: Session) -> None:
        """Let the counters of the database go on behind the numbers given here; fresh statistics."""
        for name in self._next:
            session.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
            )
        for name in self.written:
            session.execute(text(f"ANALYZE {name}"))


def _columns(table: Table, rows: list[Row]) -> list[tuple[Column[Any], bool]]:
    """The columns to write: those that a row gives and those that the model fills; and which are JSON."""
    given = {name for row in rows for name in row}
    unknown = given - set(table.columns.keys())
    assert not unknown, f"{table.name}: {unknown}"
    return [
        (column, isinstance(column.type, JSONB | Ordered))
        for column in table.columns
        if column.name in given or column.default is not None
    ]


def _value(row: Row, column: Column[Any], json: bool) -> Any:
    value = row[column.name] if column.name in row else _default(column)
    if json and value is not None:
        pairs = isinstance(column.type, Ordered)
        return Jsonb([[key, item] for key, item in value.items()] if pairs else value)
    return value.value if isinstance(value, enum.Enum) else value


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg
