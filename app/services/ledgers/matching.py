"""Which receivable a receipt pays, where nobody said so: its contract's, or its payer's if only one fits."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, String, Uuid, and_, any_, cast, exists, or_, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.core import clock
from app.models import LedgerChange, Receipt, Receivable
from app.services.actors import Actor
from app.services.ledgers import receivables, storing

FOUND = "自动对上应收款"
BEFOREHAND = timedelta(days=60)
"""A payment by name and amount alone counts for what is due up to so many days later."""


def match_late(session: Session, acting: Actor, which: ColumnElement[bool]) -> int:
    """Tie the receipts that came into the ledger before `which` receivables that they pay: whether the bank's
    list or the contracts are entered first must not make a debt. Returns how many were."""
    columns = Receivable.village_id, Receivable.debtor_key, Receivable.contract_id
    rows = session.execute(select(*columns).where(which, Receivable.voided_at.is_(None)).distinct()).all()
    found: set[uuid.UUID] = set()
    for chunk in storing.chunks(rows, 1000):
        named = Receipt.contract_id == any_(_keys({row.contract_id for row in chunk} - {None}))
        payers = [(row.village_id, row.debtor_key) for row in chunk if row.debtor_key]
        by_name = and_(
            Receipt.contract_id.is_(None), tuple_(Receipt.village_id, Receipt.payer_key).in_(payers)
        )
        free = select(Receipt.id).where(Receipt.receivable_id.is_(None), Receipt.voided_at.is_(None))
        found.update(session.scalars(free.where(or_(named, by_name))))
    return match(session, found, acting=acting, late=True) if found else 0


def match(session: Session, receipt_ids: Iterable[uuid.UUID], *, acting: Actor, late: bool = False) -> int:
    """Tie the receipts among these that name no receivable to the one they pay; returns how many were.

    Of the contract that a receipt names: the oldest of which exactly this amount is open, else the oldest of
    which at least so much is. Without a contract: the only open one of that payer with exactly this amount,
    due by two months later. What fits none, or several, stays as it is and can be tied by hand; what somebody
    untied stays untied. Writes no audit row of its own: it belongs to entering the receipts, or the
    receivables (`late`); of receipts that stood there before it leaves history."""
    query = select(Receipt).where(
        Receipt.id == any_(cast(list(receipt_ids), ARRAY(Uuid()))),
        Receipt.voided_at.is_(None),
        Receipt.receivable_id.is_(None),
        ~_untied(),
    )
    receipts = session.scalars(query.order_by(Receipt.received_on, Receipt.voucher, Receipt.line)).all()
    open_ = _Open(session, receipts) if receipts else None
    tied = []
    for receipt in receipts:
        assert open_ is not None
        found = open_.find(receipt)
        if found is not None:
            tied.append((receipt, found))
    for chunk in storing.chunks(tied):
        for receipt, found in chunk:
            if late or receipt.lock_version > 1:
                session.add(_tied(acting, receipt, found))
            receipt.receivable_id, receipt.contract_id = found.id, found.contract_id
        session.flush()
    return len(tied)


def _untied() -> ColumnElement[bool]:
    """Whether somebody said that the receipt pays no receivable."""
    return exists().where(
        LedgerChange.noun == "receipts",
        LedgerChange.noun_id == cast(Receipt.id, String),
        LedgerChange.after["receivable_id"] == JSONB.NULL,
    )


def _tied(acting: Actor, receipt: Receipt, found: Any) -> LedgerChange:
    before = {"receivable_id": None, "contract_id": receipt.contract_id}
    after = {"receivable_id": found.id, "contract_id": found.contract_id}
    different = [name for name in after if before[name] != after[name]]
    return LedgerChange(
        id=uuid.uuid4(),
        noun="receipts",
        noun_id=str(receipt.id),
        village_id=receipt.village_id,
        at=clock.now(),
        actor_kind=acting.kind,
        actor_id=acting.id,
        reason=FOUND,
        before={name: storing.plain(before[name]) for name in different},
        after={name: storing.plain(after[name]) for name in different},
    )


class _Open:
    """The receivables that these receipts may pay, with what is open on each."""

    def __init__(self, session: Session, receipts: Sequence[Receipt]) -> None:
        contracts = {receipt.contract_id for receipt in receipts if receipt.contract_id is not None}
        payers = {
            (receipt.village_id, receipt.payer_key) for receipt in receipts if receipt.contract_id is None
        }
        rows = list(session.execute(self._query(Receivable.contract_id == any_(_keys(contracts)))))
        for chunk in storing.chunks(sorted(payers, key=str), 1000):
            mine = tuple_(Receivable.village_id, Receivable.debtor_key).in_(chunk)
            rows += session.execute(self._query(mine))
        self._open = receivables.outstanding(session, {row.id for row in rows})
        self._of_contract: dict[Any, list[Any]] = defaultdict(list)
        self._of_payer: dict[Any, list[Any]] = defaultdict(list)
        for row in sorted({row.id: row for row in rows}.values(), key=lambda row: (row.due_on, row.number)):
            self._of_contract[row.contract_id].append(row)
            self._of_payer[row.village_id, row.debtor_key].append(row)

    def _query(self, condition: Any) -> Any:
        columns = ("id", "village_id", "number", "contract_id", "debtor_key", "due_on")
        return select(*(getattr(Receivable, name) for name in columns)).where(
            condition, Receivable.voided_at.is_(None)
        )

    def find(self, receipt: Receipt) -> Any:
        """The receivable that it pays, which from now on owes less; None when it is not clear."""
        amount = receipt.amount_fen
        if receipt.contract_id is not None:
            rows = self._of_contract[receipt.contract_id]
            exact = [row for row in rows if self._open[row.id] == amount]
            fitting = exact or [row for row in rows if self._open[row.id] > amount]
        else:
            until = receipt.received_on + BEFOREHAND
            rows = self._of_payer[receipt.village_id, receipt.payer_key]
            fitting = [row for row in rows if self._open[row.id] == amount and row.due_on <= until]
            fitting = fitting if len(fitting) == 1 else []
        if not fitting:
            return None
        self._open[fitting[0].id] -= amount
        return fitting[0]


def _keys(keys: Iterable[uuid.UUID]) -> Any:
    return cast(list(keys), ARRAY(Uuid()))
