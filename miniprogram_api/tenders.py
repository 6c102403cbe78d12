"""Tenders (招标报名): what is asked, how many signed up, one's own sign-up."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from app.models import Disclosure, Tender
from app.models.disclosures import DisclosureState
from app.models.interaction import TenderState
from app.services import access_interaction
from app.services.actors import Actor
from app.services.tenders import sign_ups, terms
from app.services.tenders.lifecycle import accepts
from app.web.context import Context, InContext, ReadSession, WriteSession
from miniprogram_api.callers import AsAnybody, AsVillager, Limited
from miniprogram_api.fields import Key, Readable

router = APIRouter(tags=["招标报名"])

SIGNING = Depends(Limited("sign_up", "6/minute", "60/hour"))
FieldKey = Annotated[str, StringConstraints(pattern=r"^(name|phone|f[1-9])$")]
Value = Annotated[str, StringConstraints(max_length=sign_ups.LONGEST), Readable]


class FieldLine(BaseModel):
    """A field of the form. `key` is sent back with the answer."""

    key: str = Field(examples=["f1"])
    label: str = Field(examples=["拟经营项目"])
    required: bool


class Mine(BaseModel):
    """One's own sign-up."""

    number: int
    answers: dict[str, str]
    withdrawn: bool


class TenderPage(BaseModel):
    """A tender. `open` is whether sign-ups are taken at this moment; the winner shows with his notice."""

    id: uuid.UUID
    disclosure_id: uuid.UUID
    title: str
    state: TenderState
    open: bool
    opens_at: datetime | None
    closes_at: datetime
    floor_price_fen: int | None
    fields: list[FieldLine]
    sign_ups: int
    winner: str
    award_fen: int | None
    awarded_on: date | None
    award_disclosure_id: uuid.UUID | None
    remark: str
    mine: Mine | None


class SignUp(BaseModel):
    """Answers by the keys of the fields."""

    answers: dict[FieldKey, Value] = Field(
        max_length=terms.MOST_REQUIREMENTS + 2,
        examples=[{"name": "某某合作社", "phone": "13800005678", "f1": "淡水养殖"}],
    )


@router.get("/tenders/{tender_id}")
def read(tender_id: Key, here: InContext, session: ReadSession, acting: AsAnybody) -> TenderPage:
    """报名要求、截止时间、已报名数；登录后有自己的报名。"""
    return page(session, here, acting, access_interaction.access_tender(session, acting, tender_id))


@router.put("/tenders/{tender_id}/sign-up", dependencies=[SIGNING])
def sign_up(
    tender_id: Key, body: SignUp, here: InContext, session: WriteSession, acting: AsVillager
) -> TenderPage:
    """报名，或修改自己的报名；截止后 409 tender.not_open。内容加密保存，只有村里和镇街能看。"""
    sign_ups.sign_up(session, acting=acting, tender_id=tender_id, answers=body.answers, keys=here.keys)
    return page(session, here, acting, access_interaction.access_tender(session, acting, tender_id))


@router.delete("/tenders/{tender_id}/sign-up", dependencies=[SIGNING])
def withdraw(tender_id: Key, here: InContext, session: WriteSession, acting: AsVillager) -> TenderPage:
    """撤回自己的报名；截止前还可以再报。"""
    sign_ups.withdraw(session, acting=acting, tender_id=tender_id)
    return page(session, here, acting, access_interaction.access_tender(session, acting, tender_id))


def page(session: Session, here: Context, acting: Actor, tender: Tender) -> TenderPage:
    """A tender as this caller reads it."""
    public = terms.award_public(session, tender)
    notice = session.get_one(Disclosure, tender.disclosure_id)
    live = notice.state == DisclosureState.PUBLISHED  # of a withdrawn notice the tombstone alone is left
    mine = sign_ups.own(session, acting=acting, tender=tender, keys=here.keys)
    return TenderPage(
        id=tender.id,
        disclosure_id=tender.disclosure_id,
        title=tender.title,
        state=tender.state,
        open=accepts(tender),
        opens_at=tender.opens_at,
        closes_at=tender.closes_at,
        floor_price_fen=tender.floor_price_fen if live else None,
        fields=[
            FieldLine(key=key, label=label, required=required)
            for key, label, required in (sign_ups.fields(tender) if live else [])
        ],
        sign_ups=tender.sign_ups,
        winner=tender.winner if public else "",
        award_fen=tender.award_fen if public else None,
        awarded_on=tender.awarded_on if public else None,
        award_disclosure_id=tender.award_disclosure_id if public else None,
        remark=tender.remark,
        mine=Mine(number=mine.number, answers=mine.answers, withdrawn=mine.withdrawn) if mine else None,
    )
