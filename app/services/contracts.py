"""The ledger of contracts: entering them, noting what became of them; a part of `services.ledgers`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Contract, Organisation
from app.models.ledgers import AreaUnit, ContractKind, ContractState, LandKind
from app.services import ledgers
from app.services.actors import Actor
from app.services.ledgers.trade import CONTRACTS

STATE_NOTED = "登记合同状态"


@dataclass(frozen=True)
class Terms:
    """What is entered of a contract. Amounts in fen; the term includes both days. `schedule`: instalments as
    {due_on, amount_fen, note}, which become receivables, as does a yearly rent without one."""

    number: str
    kind: ContractKind
    title: str
    counterparty: str
    starts_on: date
    ends_on: date | None
    amount_fen: int
    subject: str = ""
    signed_on: date | None = None
    annual_rent_fen: int | None = None
    deposit_fen: int | None = None
    schedule: tuple[dict[str, Any], ...] = ()
    counterparty_group: str = ""
    is_member: bool | None = None
    asset_id: uuid.UUID | None = None
    land_kind: LandKind | None = None
    area: Decimal | None = None
    area_unit: AreaUnit | None = None
    meeting_id: uuid.UUID | None = None
    town_approval: str | None = None
    town_approved_on: date | None = None
    tender_ref: str | None = None


def enter(session: Session, *, acting: Actor, village: Organisation, terms: Terms) -> Contract:
    """Enter a contract. Raises BadInput for missing words or an impossible term, Conflict for a number in
    use."""
    values = vars(terms) | {"schedule": list(terms.schedule) or None}
    contract: Contract = ledgers.enter(
        session, acting=acting, village=village, ledger=CONTRACTS, values=values
    )
    return contract


def change_state(
    session: Session,
    *,
    acting: Actor,
    contract_id: uuid.UUID,
    state: ContractState,
    since: date | None = None,
    reason: str = STATE_NOTED,
) -> Contract:
    """Note that a contract ended, was renewed or cancelled, on the day `since` (today). Raises NotFound."""
    contract: Contract = ledgers.change(
        session,
        acting=acting,
        ledger=CONTRACTS,
        row_id=contract_id,
        changes={"state": state, "state_since": since or clock.today()},
        reason=reason,
    )
    return contract


def find(session: Session, *, acting: Actor, contract_id: uuid.UUID) -> Contract:
    """The contract, if the actor may see it. Raises NotFound otherwise."""
    contract: Contract = ledgers.find(session, acting=acting, ledger=CONTRACTS, row_id=contract_id)
    return contract


def listing(
    acting: Actor,
    *,
    village_id: uuid.UUID | None = None,
    state: ContractState | None = None,
    ends_before: date | None = None,
) -> Select[Contract]:
    """The contracts that the actor may see, newest entry first, with their villages."""
    query = ledgers.listing(acting, CONTRACTS, village_id=village_id, matching={"state": state})
    return query if ends_before is None else query.where(Contract.ends_on < ends_before)
