"""Money that is in the ledger from another source already (疑似重复): a bank's line and the voucher of the
same payment bear different numbers, so the natural key does not tell.

The same village, day, amount and other side is only probably the same payment: two true payments may look so,
and dividing one into several does. So it is a question to the officer, never an error and never final."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.services.ledgers import storing
from app.services.ledgers.base import Ledger, Values
from app.services.ledgers.collecting import RECEIPTS
from app.services.ledgers.trade import PAYMENTS

UNCLASSED = "银行支出（未分科目）"
"""The account title of a bank's line: a bank knows none."""
LIKE: Mapping[str, tuple[str, ...]] = {
    PAYMENTS.key: ("paid_on", "amount_fen", "payee_key"),
    RECEIPTS.key: ("received_on", "amount_fen", "payer_key"),
}
"""By what the same money is recognised, the other side's name last; within a village."""


def find(
    session: Session, ledger: Ledger, coming: Sequence[tuple[uuid.UUID, Values]], known: Collection[Any]
) -> dict[int, Row[Any]]:
    """For those of the new rows, (village id, values), that are probably there: the row that each is, by
    place. A row stands for one of them at most; `known` are the ids of rows of the same source, which are
    others. A name that says nothing (「***」) is no sign."""
    names = LIKE[ledger.key]
    places = {
        at: _place(names, village, whole) for at, (village, whole) in enumerate(coming) if whole[names[-1]]
    }
    free: dict[tuple[Any, ...], list[Row[Any]]] = defaultdict(list)
    kept = ("id", "village_id", *ledger.attributes, "voided_at", "batch_id", "lock_version")
    table = storing.table_of(ledger.model)
    for chunk in storing.chunks(dict.fromkeys(places.values())):
        for row in session.execute(storing.looked_up(table, ("village_id", *names), chunk, kept)):
            if row.voided_at is None and row.id not in known:
                free[(row.village_id, *(getattr(row, name) for name in names))].append(row)
    for rows in free.values():
        rows.sort(key=lambda row: (row.voucher, row.line), reverse=True)
    return {at: free[place].pop() for at, place in places.items() if free.get(place)}


def _place(names: Sequence[str], village: uuid.UUID, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return (village, *(values[name] for name in names))


def filling(ledger: Ledger, before: Values, given: Values) -> Values:
    """What the other source adds to a row: only what is empty there, and the title to a bank's line."""
    return {
        name: value
        for name, value in given.items()
        if name not in ledger.fixed and before.get(name) in (None, "", [], UNCLASSED)
    }
