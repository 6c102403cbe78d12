"""The ledger of payments (收付凭证): entering single ones and reading them. Never changed afterwards."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from app.core.errors import BadInput, Conflict
from app.models import Contract, Organisation, Payment, Project
from app.models.ledgers import PaymentMethod
from app.services import access, audit, projects
from app.services.actors import Actor


@dataclass(frozen=True)
class Entry:
    """What is entered of a payment. Amount in fen; `category` is the ledger's own account title (科目)."""

    voucher: str
    paid_on: date
    payee: str
    amount_fen: int
    method: PaymentMethod
    category: str
    purpose: str | None = None
    contract_id: uuid.UUID | None = None
    project_id: uuid.UUID | None = None


def enter(session: Session, *, acting: Actor, village: Organisation, entry: Entry) -> Payment:
    """Enter one payment.

    Raises BadInput for missing words, an amount that is not positive, or a contract or project of another
    village, Conflict for a voucher number that this village used on the same day."""
    access.require_ledger_keeper(session, acting, village.id)
    if not entry.voucher.strip() or not entry.payee.strip() or not entry.category.strip():
        raise BadInput("payment.incomplete", "凭证号、收款人和科目都要填写。")
    if entry.amount_fen <= 0:
        raise BadInput("payment.amount_wrong", "付款金额要大于零。", field="amount_fen")
    if entry.contract_id is not None:
        contract = session.get(Contract, entry.contract_id)
        if contract is None or contract.village_id != village.id:
            raise BadInput(
                "payment.contract_unknown", "所选合同不是本村的，请重新选择。", field="contract_id"
            )
    _require_project(session, village, entry.project_id)
    taken = select(Payment.id).where(
        Payment.village_id == village.id,
        Payment.voucher == entry.voucher,
        Payment.paid_on == entry.paid_on,
    )
    if session.scalar(taken):
        raise Conflict("payment.voucher_taken", f"本村当天已有凭证 {entry.voucher}。", voucher=entry.voucher)
    payment = Payment(village_id=village.id, **vars(entry))
    session.add(payment)
    session.flush()
    if entry.project_id is not None:
        projects.paid(session, project_id=entry.project_id)
    audit.record(
        session,
        acting=acting,
        action="entered",
        noun="payment",
        noun_id=payment.id,
        village_id=village.id,
    )
    return payment


def _require_project(session: Session, village: Organisation, project_id: uuid.UUID | None) -> None:
    if project_id is None:
        return
    project = session.get(Project, project_id)
    if project is None or project.village_id != village.id:
        raise BadInput("payment.project_unknown", "所选工程不是本村的，请重新选择。", field="project_id")


def listing(
    acting: Actor,
    *,
    village_id: uuid.UUID | None = None,
    since: date | None = None,
    until: date | None = None,
    project_id: uuid.UUID | None = None,
) -> Select[Payment]:
    """The payments that the actor may see, the latest day first, both days included; with their villages."""
    query = select(Payment).where(access.visible_payments(acting)).options(joinedload(Payment.village))
    if village_id is not None:
        query = query.where(Payment.village_id == village_id)
    if project_id is not None:
        query = query.where(Payment.project_id == project_id)
    if since is not None:
        query = query.where(Payment.paid_on >= since)
    if until is not None:
        query = query.where(Payment.paid_on <= until)
    return query.order_by(Payment.paid_on.desc(), Payment.id.desc())
