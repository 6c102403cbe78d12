"""Rows of ledgers as the product would have written them: with everything that it derives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.models import Base
from app.services.ledgers import LEDGERS

Row = dict[str, Any]
"""A row to insert, by the names of its model's attributes."""


def complete(key: str, rows: Iterable[Base]) -> None:
    """Derive what this ledger derives of each row."""
    ledger = LEDGERS[key]
    for row in rows:
        before = {name: getattr(row, name) for name in ledger.attributes}
        values = dict(before)
        ledger.derive(values)
        for name, value in values.items():
            if value is not None and value != before[name]:
                setattr(row, name, value)


def completed(key: str, row: Row) -> Row:
    """The row with what this ledger derives of it."""
    values = dict.fromkeys(LEDGERS[key].attributes) | row
    LEDGERS[key].derive(values)
    return (
        row
        | {name: values[name] for name in LEDGERS[key].derived}
        | {name: values[name] for name in row if name in values}
    )
