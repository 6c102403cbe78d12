"""The ledger of payments: read, and enter single ones."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import Query, status
from pydantic import Field
from sqlalchemy import tuple_

from app.api.common import OfVillage, Signed, problems, router, village_id
from app.api.schemas import Body, Code, Day, Fen, Line, OptionalLine, OrganisationRef, Out, Word, place
from app.models import Payment
from app.models.ledgers import PaymentMethod
from app.services import access
from app.services import payments as service
from app.web import paging
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("收付")


class PaymentOut(Out):
    """One payment."""

    id: int
    village: OrganisationRef
    voucher: str = Field(description="凭证号", examples=["记-0312"])
    paid_on: date
    payee: str = Field(description="收款人")
    amount_fen: int = Field(description="金额，单位：分")
    method: PaymentMethod
    category: str = Field(description="科目", examples=["劳务用工"])
    purpose: str | None = Field(description="用途")
    contract_id: uuid.UUID | None
    project_id: uuid.UUID | None = Field(description="所属小型工程")


class NewPayment(Body):
    """A payment to enter. Entered payments are never changed."""

    village: Code
    voucher: Word = Field(description="凭证号，本村同一天内不重复", examples=["记-0312"])
    paid_on: Day = Field(examples=["2026-03-12"])
    payee: Line = Field(examples=["益农镇某某建材经营部"])
    amount_fen: Fen
    method: PaymentMethod = Field(examples=["transfer"])
    category: Word = Field(examples=["劳务用工"])
    purpose: OptionalLine | None = Field(default=None, examples=["三月份河道保洁"])
    contract_id: uuid.UUID | None = None
    project_id: uuid.UUID | None = Field(default=None, description="所属小型工程")


@api.get("/payments", responses=problems(400, 404, 422))
def list_payments(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    since: Annotated[Day | None, Query(alias="from", description="从这一天起")] = None,
    until: Annotated[Day | None, Query(alias="to", description="到这一天为止（含）")] = None,
    project: Annotated[uuid.UUID | None, Query(description="只看这个小型工程的")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[PaymentOut]:
    """收付台账，日期近的在前。只看得到本人负责范围内的村。"""
    wanted = village_id(session, acting, village)
    query = service.listing(acting, village_id=wanted, since=since, until=until, project_id=project)
    last = paging.decode(after, date.fromisoformat, _key) if after else None
    if last is not None:
        query = query.where(tuple_(Payment.paid_on, Payment.id) < last)
    rows = session.scalars(query.limit(limit + 1)).all()
    following = paging.cursor(rows, limit, "paid_on")
    return Page(items=[_out(row) for row in rows[:limit]], next=following)


@api.post("/payments", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 422))
def enter_payment(body: NewPayment, acting: Signed, session: WriteSession) -> PaymentOut:
    """录入一笔付款：本村信息员、镇街或管理员。录入后不能修改。"""
    village = access.access_village(session, acting, body.village)
    entry = service.Entry(**body.model_dump(exclude={"village"}))
    payment = service.enter(session, acting=acting, village=village, entry=entry)
    session.refresh(payment, ["village"])
    return _out(payment)


def _key(text: str) -> int:
    """The key in a cursor; no row has one beyond the column."""
    return min(int(text), 2**63 - 1)


def _out(row: Payment) -> PaymentOut:
    return PaymentOut(
        id=row.id,
        village=place(row.village),
        voucher=row.voucher,
        paid_on=row.paid_on,
        payee=row.payee,
        amount_fen=row.amount_fen,
        method=row.method,
        category=row.category,
        purpose=row.purpose,
        contract_id=row.contract_id,
        project_id=row.project_id,
    )
