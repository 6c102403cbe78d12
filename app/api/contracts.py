"""The ledger of contracts."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import Query, status
from pydantic import Field

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.schemas import Body, Code, Day, Fen, Line, OptionalLine, OrganisationRef, Out, Word, place
from app.models import Contract
from app.models.ledgers import ContractKind, ContractState
from app.services import access
from app.services import contracts as service
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("合同")


class ContractOut(Out):
    """A contract. The term includes both days."""

    id: uuid.UUID
    village: OrganisationRef
    number: str = Field(examples=["HT-2026-017"])
    kind: ContractKind
    state: ContractState
    title: str
    subject: str
    counterparty: str
    signed_on: date | None
    starts_on: date
    ends_on: date | None = Field(description="到期日；没有期限的为空")
    amount_fen: int = Field(description="金额，单位：分")
    version: int


class NewContract(Body):
    """A contract to enter."""

    village: Code
    number: Word = Field(description="合同编号，本村内不重复", examples=["HT-2026-017"])
    kind: ContractKind = Field(examples=["lease_out"])
    title: Line = Field(examples=["村口鱼塘承包"])
    subject: OptionalLine = Field(default="", description="标的", examples=["村口鱼塘 12 亩"])
    counterparty: Line = Field(description="对方", examples=["某某水产专业合作社"])
    signed_on: Day | None = Field(default=None, examples=["2024-04-10"])
    starts_on: Day = Field(examples=["2024-04-16"])
    ends_on: Day | None = Field(default=None, examples=["2027-04-15"])
    amount_fen: Fen


class NewContractState(Body):
    """What became of a contract."""

    state: ContractState = Field(examples=["renewed"])


@api.get("/contracts", responses=problems(400, 404, 422))
def list_contracts(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    state: Annotated[ContractState | None, Query(description="只看这种状态")] = None,
    ends_before: Annotated[Day | None, Query(description="在这一天之前到期")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ContractOut]:
    """合同台账，新录入的在前。只看得到本人负责范围内的村。"""
    wanted = village_id(session, acting, village)
    query = service.listing(acting, village_id=wanted, state=state, ends_before=ends_before)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Contract.created_at, key=Contract.id
    )
    return Page(items=[_out(row[0]) for row in rows], next=following)


@api.get("/contracts/{contract_id}", responses=problems(404, 422))
def get_contract(contract_id: uuid.UUID, acting: Signed, session: ReadSession) -> ContractOut:
    """一份合同。"""
    return _out(service.find(session, acting=acting, contract_id=contract_id))


@api.post("/contracts", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 422))
def enter_contract(body: NewContract, acting: Signed, session: WriteSession) -> ContractOut:
    """录入合同：本村信息员、镇街或管理员。"""
    village = access.access_village(session, acting, body.village)
    terms = service.Terms(**body.model_dump(exclude={"village"}))
    entered = service.enter(session, acting=acting, village=village, terms=terms)
    return _out(service.find(session, acting=acting, contract_id=entered.id))


@api.post("/contracts/{contract_id}/state", responses=problems(400, 403, 404, 409, 422))
def change_contract_state(
    contract_id: uuid.UUID, body: NewContractState, acting: Signed, session: WriteSession
) -> ContractOut:
    """登记合同续签、到期收回或解除；相关预警在下一次运行时据此解除。"""
    return _out(service.change_state(session, acting=acting, contract_id=contract_id, state=body.state))


def _out(row: Contract) -> ContractOut:
    return ContractOut(
        id=row.id,
        village=place(row.village),
        number=row.number,
        kind=row.kind,
        state=row.state,
        title=row.title,
        subject=row.subject,
        counterparty=row.counterparty,
        signed_on=row.signed_on,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        amount_fen=row.amount_fen,
        version=row.lock_version,
    )
