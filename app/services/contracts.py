"""The ledger of contracts: entering and changing them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from app.core.errors import BadInput, Conflict, NotFound
from app.models import Contract, Organisation
from app.models.ledgers import ContractKind, ContractState
from app.services import access, audit
from app.services.actors import Actor


@dataclass(frozen=True)
class Terms:
    """What is entered of a contract. Amount in fen; the term includes both days."""

    number: str
    kind: ContractKind
    title: str
    counterparty: str
    starts_on: date
    ends_on: date | None
    amount_fen: int
    subject: str = ""
    signed_on: date | None = None


def enter(session: Session, *, acting: Actor, village: Organisation, terms: Terms) -> Contract:
    """Enter a contract. Raises BadInput for an impossible term, Conflict for a number in use."""
    access.require_ledger_keeper(session, acting, village.id)
    if not terms.number.strip() or not terms.title.strip() or not terms.counterparty.strip():
        raise BadInput("contract.incomplete", "合同编号、名称和对方都要填写。")
    if terms.ends_on is not None and terms.ends_on < terms.starts_on:
        raise BadInput("contract.term_reversed", "合同的结束日期早于开始日期，请核对。", field="ends_on")
    if terms.amount_fen < 0:
        raise BadInput("contract.amount_negative", "合同金额不能是负数。", field="amount_fen")
    taken = select(Contract.id).where(
        Contract.village_id == village.id, Contract.number == terms.number.strip()
    )
    if session.scalar(taken):
        raise Conflict(
            "contract.number_taken", f"本村已有编号为 {terms.number} 的合同。", number=terms.number
        )
    contract = Contract(id=uuid.uuid4(), village_id=village.id, **vars(terms))
    session.add(contract)
    session.flush()
    _record(session, acting, "entered", contract)
    return contract


def change_state(
    session: Session, *, acting: Actor, contract_id: uuid.UUID, state: ContractState
) -> Contract:
    """Note that a contract ended, was renewed or cancelled. Raises NotFound."""
    contract = find(session, acting=acting, contract_id=contract_id)
    access.require_ledger_keeper(session, acting, contract.village_id)
    contract.state = state
    session.flush()
    _record(session, acting, "state_changed", contract)
    return contract


def find(session: Session, *, acting: Actor, contract_id: uuid.UUID) -> Contract:
    """The contract, if the actor may see it. Raises NotFound otherwise."""
    found = session.scalar(listing(acting).where(Contract.id == contract_id))
    if found is None:
        raise NotFound("contract.not_found", "没有找到这份合同，可能不属于您负责的村社。")
    return found


def listing(
    acting: Actor,
    *,
    village_id: uuid.UUID | None = None,
    state: ContractState | None = None,
    ends_before: date | None = None,
) -> Select[Contract]:
    """The contracts that the actor may see, newest entry first, with their villages."""
    query = select(Contract).where(access.visible_contracts(acting)).options(joinedload(Contract.village))
    if village_id is not None:
        query = query.where(Contract.village_id == village_id)
    if state is not None:
        query = query.where(Contract.state == state)
    if ends_before is not None:
        query = query.where(Contract.ends_on < ends_before)
    return query.order_by(Contract.created_at.desc(), Contract.id.desc())


def _record(session: Session, acting: Actor, action: str, contract: Contract) -> None:
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="contract",
        noun_id=contract.id,
        village_id=contract.village_id,
        state=contract.state,
    )
