"""Ledger rows for figures, inserted as they would stand after entering them."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import time_machine
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import BorrowedDatabase, Database
from app.models import (
    Complaint,
    ComplaintEvent,
    Contract,
    EarlyWarning,
    Obligation,
    Organisation,
    Payment,
    Rating,
    Receipt,
    Receivable,
    RuleVerdict,
)
from app.models.complaints import ComplaintChannel, EventKind
from app.models.ledgers import ContractKind, ExpenseClass, PaymentMethod
from app.models.obligations import ObligationSource, ObligationState
from app.models.organisations import OrganisationKind
from app.models.rules import Colour, RuleMode, Verdict
from app.models.warnings import WarningState

_NUMBERS = itertools.count(1)
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)  # a Tuesday, ten o'clock in the morning


@contextmanager
def lent(database: Database) -> Iterator[Session]:
    """A session for all tests of a module, on the day `NOW`; what is written in it is rolled back after."""
    with ExitStack() as stack:
        connection = stack.enter_context(database.engine.connect())
        transaction = connection.begin()
        session = stack.enter_context(BorrowedDatabase(connection).transaction())
        stack.enter_context(time_machine.travel(NOW, tick=False))
        yield session
        session.close()
        transaction.rollback()


def place(
    session: Session,
    kind: OrganisationKind,
    parent: Organisation | None = None,
    *,
    name: str = "某村",
    households: int | None = None,
    adults: int | None = None,
) -> Organisation:
    """A place of the tree."""
    key, number = uuid.uuid4(), next(_NUMBERS)
    made = Organisation(
        id=key,
        code=f"f{number:05}",
        kind=kind,
        name=name,
        parent_id=parent.id if parent else None,
        ancestry=[*(parent.ancestry if parent else []), key],
        households=households,
        adults=adults,
    )
    session.add(made)
    session.flush()
    return made


def village(session: Session, town: Organisation, name: str, households: int | None = 500) -> Organisation:
    """A village of a town."""
    return place(session, OrganisationKind.VILLAGE, town, name=name, households=households, adults=1000)


def payment(session: Session, village: Organisation, day: str, fen: int, **fields: Any) -> Payment:
    """A payment by transfer; `fields` are columns."""
    given: dict[str, Any] = {
        "payee": "某某建材经营部",
        "method": PaymentMethod.TRANSFER,
        "category": "其他支出",
        "expense": ExpenseClass.OTHER,
        "purpose": "日常开支",
    } | fields
    given.setdefault("payee_key", given["payee"])
    given.setdefault("purpose_key", given["purpose"])
    made = Payment(
        village_id=village.id,
        voucher=f"记-{next(_NUMBERS)}",
        paid_on=date.fromisoformat(day),
        amount_fen=fen,
        **given,
    )
    session.add(made)
    return made


def complaint(session: Session, village: Organisation, filed: datetime, **fields: Any) -> Complaint:
    """A complaint filed at a moment; `replied` is when it was answered first, `rated` its last rating."""
    replied, rated = fields.pop("replied", None), fields.pop("rated", None)
    given: dict[str, Any] = {
        "category_code": "finance",
        "channel": ComplaintChannel.PAGE,
        "content": "账目看不懂。",
        "accept_at": filed + timedelta(days=1),
        "finish_at": clock.at(clock.local(filed).date() + timedelta(days=11)),
        "promised_on": clock.local(filed).date() + timedelta(days=10),
        "answered_at": replied,
    } | fields
    made = Complaint(
        id=uuid.uuid4(), number=f"F{next(_NUMBERS):06}", village_id=village.id, filed_at=filed, **given
    )
    session.add(made)
    session.flush()
    if replied is not None:
        session.add(
            ComplaintEvent(
                complaint_id=made.id, position=1, kind=EventKind.ANSWERED, at=replied, who="联络员"
            )
        )
    if rated is not None:
        session.add(Rating(complaint_id=made.id, round=1, satisfaction=rated, at=replied + timedelta(days=1)))
    return made


def warning(session: Session, village: Organisation, first_seen: str, **fields: Any) -> EarlyWarning:
    """A warning in force; `fields` are columns."""
    number = next(_NUMBERS)
    day = date.fromisoformat(first_seen)
    given: dict[str, Any] = {
        "rule": "contract.expiring",
        "mode": RuleMode.ACTIVE,
        "colour": Colour.YELLOW,
        "state": WarningState.OPEN,
        "subject_kind": "contract",
        "subject_id": str(number),
    } | fields
    made = EarlyWarning(
        id=uuid.uuid4(),
        fingerprint=f"figures-{number}",
        village_id=village.id,
        title="某合同即将到期",
        basis="依据",
        clears_by="公开",
        first_seen_on=day,
        last_seen_on=day,
        **given,
    )
    session.add(made)
    session.flush()
    return made


def rent(session: Session, village: Organisation, due: str, fen: int, **paid: int) -> Receivable:
    """Rent that is due, with receipts: `d20260301=5000` is a receipt of that day."""
    made = Receivable(
        id=uuid.uuid4(),
        village_id=village.id,
        number=f"YS-{next(_NUMBERS)}",
        title="鱼塘租金",
        debtor="某某水产合作社",
        due_on=date.fromisoformat(due),
        amount_fen=fen,
    )
    session.add(made)
    session.flush()
    for day, amount in paid.items():
        session.add(
            Receipt(
                village_id=village.id,
                voucher=f"收-{next(_NUMBERS)}",
                received_on=datetime.strptime(day, "d%Y%m%d").replace(tzinfo=UTC).date(),
                payer="某某水产合作社",
                amount_fen=amount,
                method=PaymentMethod.TRANSFER,
                receivable_id=made.id,
            )
        )
    return made


def owed(
    session: Session, village: Organisation, due: str, met: str | None, title: str = "财务"
) -> Obligation:
    """Something that had to be published, and when it was."""
    made = Obligation(
        village_id=village.id,
        category_code="finance",
        key=f"figures-{next(_NUMBERS)}",
        title=title,
        source=ObligationSource.EVENT,
        due_on=date.fromisoformat(due),
        state=ObligationState.MET if met else ObligationState.OPEN,
        met_on=date.fromisoformat(met) if met else None,
    )
    session.add(made)
    return made


def lease(session: Session, village: Organisation, ends: str, **fields: Any) -> Contract:
    """A lease from 2020 on."""
    made = Contract(
        village_id=village.id,
        number=f"HT-{next(_NUMBERS)}",
        kind=ContractKind.LEASE_OUT,
        title="鱼塘承包",
        counterparty="某某水产合作社",
        starts_on=date(2020, 1, 1),
        ends_on=date.fromisoformat(ends),
        amount_fen=1,
        **fields,
    )
    session.add(made)
    return made


def verdict(session: Session, village: Organisation, rule: str, told: bool = True) -> None:
    """What a rule said of a village in its newest run."""
    said = Verdict.CLEAR if told else Verdict.NOT_COMPUTABLE
    session.add(RuleVerdict(rule=rule, village_id=village.id, as_of=date(2026, 10, 31), verdict=said))
