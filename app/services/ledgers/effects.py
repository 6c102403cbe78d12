"""What follows from rows of a ledger in the same transaction: works, receivables, the village's numbers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Select, Uuid, any_, cast, select
from sqlalchemy.orm import Session, joinedload

from app.models import Contract, HouseholdCount, Organisation, Payment, Receivable
from app.services import projects
from app.services.actors import Actor
from app.services.ledgers import matching, receivables
from app.services.ledgers.base import Ledger


def many(
    session: Session,
    acting: Actor,
    ledger: Ledger,
    ids: Sequence[Any],
    *,
    left: Iterable[uuid.UUID | None] = (),
) -> None:
    """Let follow what follows from these rows, that were entered, changed, voided or restored. `left`: works
    or contracts that one of them named before."""
    if not ids:
        return
    if ledger.model is Payment:
        query = select(Payment.project_id).where(Payment.id == any_(cast(list(ids), ARRAY(BigInteger()))))
        for project_id in {*session.scalars(query.distinct()), *left} - {None}:
            projects.paid(session, project_id=project_id)
        return
    chosen = any_(cast(list(ids), ARRAY(Uuid())))
    if ledger.model is Contract:
        _plan(session, acting, session.scalars(_fresh(Contract.id == chosen)).all())
        matching.match_late(session, acting, Receivable.contract_id == chosen)
    elif ledger.model is Receivable:
        own = select(Receivable.contract_id).where(Receivable.id == chosen)
        named = Contract.id.in_({*session.scalars(own), *left} - {None})
        _plan(session, acting, session.scalars(_fresh(named)).all())
        matching.match_late(session, acting, Receivable.id == chosen)
    elif ledger.key == "receipts":
        matching.match(session, ids, acting=acting)
    elif ledger.model is HouseholdCount:
        villages = select(HouseholdCount.village_id).where(HouseholdCount.id == chosen)
        for village_id in set(session.scalars(villages)):
            _newest(session, village_id)


def _fresh(condition: ColumnElement[bool]) -> Select[Contract]:
    """Contracts as they are now: an import writes beside the session."""
    query = select(Contract).where(condition).options(joinedload(Contract.village))
    return query.execution_options(populate_existing=True)


def _plan(session: Session, acting: Actor, contracts: Sequence[Contract]) -> None:
    receivables.plan(session, acting=acting, contracts=contracts)


def _newest(session: Session, village_id: uuid.UUID) -> None:
    """The newest year's numbers also stand at the village itself."""
    query = select(HouseholdCount).where(
        HouseholdCount.village_id == village_id, HouseholdCount.voided_at.is_(None)
    )
    newest = session.scalars(query.order_by(HouseholdCount.year.desc()).limit(1)).first()
    village = session.get_one(Organisation, village_id)
    if newest is not None:
        village.households, village.adults = newest.households, newest.adults or village.adults
        session.flush()
