"""Anonymous complaints (匿名诉求): no session is read, no openid, address or time of day is kept.

What the client gets is a 16-digit receipt (查询码), shown once. Wrong, unknown and expired receipts answer
alike and cost the same work."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from app.core import ids, puzzles
from app.models import Complaint
from app.models.complaints import ComplaintChannel
from app.services import access, forms
from app.services.actors import Actor
from app.services.complaints import feedback, filing, queries
from app.web.context import Context, InContext, ReadSession, WriteSession
from miniprogram_api import answers
from miniprogram_api.callers import AsNobody, Limited
from miniprogram_api.complaints import Addition, NewComplaint, Opinion
from miniprogram_api.fields import Code, Readable

router = APIRouter(prefix="/anonymous", tags=["匿名"])

FILING = Depends(Limited("anonymous-complaint", "10/minute", "100/day"))
PLAIN_RATES = ("4/minute", "30/day")
LOOKING_UP = Depends(Limited("receipt", "10/minute", "100/hour"))
Receipt = Annotated[str, StringConstraints(max_length=64), Readable, Field(examples=["1234 5678 9012 3456"])]


class Form(BaseModel):
    """The token of a form that was opened just now: good for two hours, for one submission. Its puzzle: find
    a decimal number so that SHA-256 of `form:number` begins with `bits` zero bits."""

    form: str
    bits: int = Field(examples=[14], description="工作量证明要求的前导零位数")


class AnonymousComplaint(NewComplaint):
    """A complaint without a name. `form` is the token of the opened form, `proof` the answer to its puzzle:
    who sends none waits longer and is counted more strictly."""

    form: Code
    proof: Annotated[str, StringConstraints(max_length=puzzles.LONGEST), Readable] = Field(
        default="", examples=["16384"], description="工作量证明的解"
    )


class AnonymousFiled(BaseModel):
    """The receipt (查询码) is shown after submitting and stored nowhere: ask the person to keep it."""

    number: str = Field(examples=["GD20261123-4F7K"])
    receipt: str = Field(examples=["1234 5678 9012 3456"])
    promised_on: date
    provisional: bool


class WithReceipt(BaseModel):
    """The receipt, as typed: spaces and dashes do no harm."""

    receipt: Receipt


class AnonymousAddition(Addition, WithReceipt):
    """More words or pictures."""


class AnonymousOpinion(Opinion, WithReceipt):
    """A rating."""


@router.get("/form-token")
def form_token(here: InContext, _acting: AsNobody) -> Form:
    """打开匿名表单时取一个令牌；解出工作量证明的两秒之内、没解的四秒之内，以及两小时之后使用会被拒绝；用几次都只提交一件。"""
    return Form(form=forms.issue(here.keys), bits=puzzles.BITS)


@router.post("/complaints", status_code=201, dependencies=[FILING])
def file(
    body: AnonymousComplaint, request: Request, here: InContext, session: WriteSession, acting: AsNobody
) -> AnonymousFiled:
    """匿名提交诉求，得到查询码；同一令牌再提交一次，得到同一件的查询码。即使带了登录令牌也不会看。"""
    if not puzzles.solved(body.form, body.proof):
        request.app.state.limiter.hit(request, "anonymous-plain", *PLAIN_RATES)
    spent = forms.spend(session, keys=here.keys, token=body.form, proof=body.proof)
    if spent.repeated:
        return _filed(feedback.by_receipt(session, keys=here.keys, typed=spent.receipt), spent.receipt)
    made = filing.file(
        session,
        acting=acting,
        village=access.access_village(session, acting, body.village),
        filing=filing.Filing(
            content=body.content,
            channel=ComplaintChannel.MINIPROGRAM,
            category_code=body.category,
            about=body.about,
            place=body.place,
            publishable=body.publishable,
            uploads=body.uploads,
            receipt=spent.receipt,
        ),
        keys=here.keys,
    )
    return _filed(made.complaint, spent.receipt)


def _filed(row: Complaint, receipt: str) -> AnonymousFiled:
    return AnonymousFiled(
        number=row.number,
        receipt=ids.spaced(receipt),
        promised_on=row.promised_on,
        provisional=row.provisional,
    )


@router.post("/status", dependencies=[LOOKING_UP])
def status(
    body: WithReceipt, here: InContext, session: ReadSession, acting: AsNobody
) -> answers.ComplaintPage:
    """用查询码查看办理过程；时间只精确到天。"""
    return _page(session, here, acting, _found(session, here, body))


@router.post("/additions", status_code=201, dependencies=[LOOKING_UP])
def add(
    body: AnonymousAddition, here: InContext, session: WriteSession, acting: AsNobody
) -> answers.ComplaintPage:
    """用查询码补充文字或图片。"""
    row = _found(session, here, body)
    feedback.add(session, acting=acting, complaint=row, text=body.text, uploads=body.uploads, keys=here.keys)
    return _page(session, here, acting, row)


@router.post("/rating", status_code=201, dependencies=[LOOKING_UP])
def rate(
    body: AnonymousOpinion, here: InContext, session: WriteSession, acting: AsNobody
) -> answers.ComplaintPage:
    """用查询码评价答复。"""
    row = _found(session, here, body)
    feedback.rate(session, acting=acting, complaint=row, satisfaction=body.satisfaction, reason=body.reason)
    return _page(session, here, acting, row)


@router.post("/withdrawal", status_code=201, dependencies=[LOOKING_UP])
def withdraw(
    body: WithReceipt, here: InContext, session: WriteSession, acting: AsNobody
) -> answers.ComplaintPage:
    """用查询码撤回还没有答复的诉求。"""
    row = _found(session, here, body)
    feedback.withdraw(session, acting=acting, complaint=row)
    return _page(session, here, acting, row)


def _found(session: Session, here: Context, body: WithReceipt) -> Complaint:
    return feedback.by_receipt(session, keys=here.keys, typed=body.receipt)


def _page(session: Session, here: Context, acting: Actor, row: Complaint) -> answers.ComplaintPage:
    feedback.own(session, acting=acting, complaint=row)
    return answers.complaint_page(session, queries.view(session, row, inside=False), here.keys)
