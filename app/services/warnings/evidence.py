"""The ledger rows that a warning rests on, as far as the reader may see them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.core import clock, money
from app.core.errors import NotFound
from app.core.sheets import Type
from app.models import EarlyWarning
from app.services import access_ledgers, ledgers
from app.services.actors import Actor
from app.services.ledgers import Ledger
from app.services.ledgers.base import Key

TABLES = {ledger.noun: key for key, ledger in ledgers.LEDGERS.items()}
"""Ledgers by the names of their tables, for evidence that names the table."""
IN_A_LINE = 5
MOST_SHOWN = 50


@dataclass(frozen=True)
class LedgerRow:
    """A row of a ledger, with what is filled in by the headings of its sheet."""

    ledger: Ledger
    key: str
    voided: bool
    values: list[tuple[str, str]]

    @property
    def line(self) -> str:
        """The first of its values, in one line."""
        return " · ".join(value for _, value in self.values[:IN_A_LINE])


@dataclass(frozen=True)
class Rows:
    """The rows behind a warning: the first of them, and how many there are in all. `ledger` is None when the
    warning rests on no ledger of ours, or on one that the reader may not see."""

    ledger: Ledger | None
    rows: Sequence[LedgerRow]
    total: int


def of(session: Session, *, acting: Actor, warning: EarlyWarning) -> Rows:
    """The rows that the evidence names and the actor may see; one about a ledger's row rests on that."""
    ledger, keys, total = _named(warning)
    if ledger is None:
        return Rows(None, (), 0)
    model = ledger.model
    found = session.scalars(
        select(model)
        .where(model.id.in_(keys[:MOST_SHOWN]), access_ledgers.visible_rows(acting, model))
        .options(joinedload(model.village))
        .order_by(getattr(model, ledger.day or "created_at"), model.id)
    ).all()
    return Rows(ledger if found else None, [_row(ledger, one) for one in found], total)


def one(session: Session, *, acting: Actor, warning: EarlyWarning, row_id: str) -> LedgerRow:
    """One of these rows in full. Raises NotFound for a row that the warning does not name."""
    ledger, keys, _ = _named(warning)
    wanted = next((key for key in keys if str(key) == row_id), None)
    if ledger is None or wanted is None:
        raise NotFound("ledger.row_not_found", "没有找到这条台账记录，可能不属于您负责的村社。")
    return _row(ledger, ledgers.find(session, acting=acting, ledger=ledger, row_id=wanted))


def _named(warning: EarlyWarning) -> tuple[Ledger | None, list[Key], int]:
    """The ledger, the keys of its rows, and their true number."""
    evidence = warning.evidence
    if evidence.get("rows"):
        name, keys = str(evidence.get("rows_of", "")), list(evidence["rows"])
        total = int(evidence.get("row_count", len(keys)))
    else:
        name, keys, total = warning.subject_kind, [warning.subject_id], 1
    ledger = ledgers.LEDGERS.get(TABLES.get(name, name))
    if ledger is None:
        return None, [], 0
    kind = ledger.model.__table__.columns["id"].type.python_type  # numbers or UUIDs
    try:
        return ledger, [kind(str(key)) for key in keys], total
    except ValueError:
        return None, [], 0


def _row(ledger: Ledger, row: Any) -> LedgerRow:
    return LedgerRow(ledger, str(row.id), row.voided_at is not None, list(_values(ledger, row)))


def _values(ledger: Ledger, row: Any) -> Iterator[tuple[str, str]]:
    for one in ledger.fields:
        value = getattr(row, one.attribute, None) if one.attribute else None
        if value is None or value == "" or one.person or one.link or isinstance(value, uuid.UUID):
            continue
        shown = one.shown(value)
        if one.column.type == Type.MONEY:
            shown = money.yuan(value)
        elif one.column.type == Type.DATE:
            shown = clock.spoken_day(value)
        elif isinstance(shown, bool):
            shown = "是" if shown else "否"
        yield one.column.label, str(shown)
