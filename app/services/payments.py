"""The ledger of payments (收付凭证): entering single ones and reading them, on the ground of
`services.ledgers`. Amount, day and payee never change."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.models import Organisation, Payment
from app.models.ledgers import PaymentMethod
from app.services import ledgers
from app.services.actors import Actor
from app.services.ledgers.trade import PAYMENTS


@dataclass(frozen=True)
class Entry:
    """What is entered of a payment. Amount in fen; `category` is the ledger's own account title (科目);
    `line` tells the payments of one voucher apart; `approvals` are {who, role, on}."""

    voucher: str
    paid_on: date
    payee: str
    amount_fen: int
    method: PaymentMethod
    category: str
    purpose: str | None = None
    contract_id: uuid.UUID | None = None
    project_id: uuid.UUID | None = None
    line: int | None = None
    fund_id: uuid.UUID | None = None
    invoice_number: str | None = None
    invoiced_on: date | None = None
    handled_by: str = ""
    approvals: tuple[dict[str, Any], ...] = ()
    town_approval: str | None = None
    town_approved_on: date | None = None


def enter(session: Session, *, acting: Actor, village: Organisation, entry: Entry) -> Payment:
    """Enter one payment.

    Raises BadInput for missing words, an amount that is not positive, or a contract or project of another
    village, Conflict for a voucher number that this village used on the same day."""
    values = vars(entry) | {"approvals": list(entry.approvals) or None}
    payment: Payment = ledgers.enter(session, acting=acting, village=village, ledger=PAYMENTS, values=values)
    return payment


def listing(
    acting: Actor,
    *,
    village_id: uuid.UUID | None = None,
    since: date | None = None,
    until: date | None = None,
    project_id: uuid.UUID | None = None,
) -> Select[Payment]:
    """The payments that the actor may see, the latest day first, both days included; with their villages."""
    return ledgers.listing(
        acting,
        PAYMENTS,
        village_id=village_id,
        since=since,
        until=until,
        matching={"project_id": project_id},
    )
