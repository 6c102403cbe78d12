"""Objections to published items within their notice period, and how an item's notice stands."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.questions import OfItem, Reply
from app.api.schemas import Body, OrganisationRef, Out, Version, place
from app.models import Objection
from app.models.interaction import ObjectionState
from app.services import access, access_interaction, organisations
from app.services import objections as service
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("异议")


class ObjectionOut(Out):
    """An objection. Its objector is not named; the public reads the answer only."""

    id: uuid.UUID
    village: OrganisationRef
    disclosure_id: uuid.UUID
    state: ObjectionState = Field(description="open 待核实、upheld 异议成立、explained 已说明")
    text: str
    raised_at: datetime
    due_on: date = Field(description="应在这一天之前答复")
    answer: str
    answered_at: datetime | None
    version: int


class ObjectionReply(Body):
    """The answer: upheld asks for a correction or withdrawal, explained ends it."""

    outcome: Literal["upheld", "explained"]
    text: Reply = Field(examples=["已核对发票，第 3 笔金额录错，将更正为 1200 元。"])
    version: Version = None


class NoticeStanding(Out):
    """How the notice (公示) of an item stands."""

    until: date | None = Field(description="公示到这一天；不需要公示的为空")
    running: bool = Field(description="今天可以提异议")
    done: bool = Field(description="公示完成：已过期、没有未答复的异议、成立的异议已更正")
    open: int
    upheld: int
    explained: int
    uncorrected: int = Field(description="成立但还没有更正或撤回的异议")


@api.get("/objections", responses=problems(400, 404, 422))
def list_objections(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    disclosure: OfItem = None,
    state: Annotated[ObjectionState | None, Query(description="只看这种状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ObjectionOut]:
    """公示异议，新的在前。只看得到本人负责范围内的村；不显示提出人。"""
    query = service.listing(
        acting,
        village_id=village_id(session, acting, village),
        disclosure_id=disclosure,
        states=[state] if state else (),
    )
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Objection.created_at, key=Objection.id
    )
    return Page(items=_out(session, [row[0] for row in rows]), next=following)


@api.get("/objections/{objection_id}", responses=problems(404, 422))
def get_objection(objection_id: uuid.UUID, acting: Signed, session: ReadSession) -> ObjectionOut:
    """一条异议。"""
    return _out(session, [access_interaction.access_objection(session, acting, objection_id)])[0]


@api.post("/objections/{objection_id}/answer", responses=problems(400, 403, 404, 409, 422))
def answer_objection(
    objection_id: uuid.UUID, body: ObjectionReply, acting: Signed, session: WriteSession
) -> ObjectionOut:
    """核实后公开答复，起草人自己不能答复。里面有个人信息时不发出，返回 422 和打码后的 masked。"""
    answered = service.answer(
        session,
        acting=acting,
        objection_id=objection_id,
        upheld=body.outcome == "upheld",
        text=body.text,
        version=body.version,
    )
    return _out(session, [answered])[0]


@api.get("/disclosures/{disclosure_id}/notice", responses=problems(404, 422))
def get_notice_standing(disclosure_id: uuid.UUID, acting: Signed, session: ReadSession) -> NoticeStanding:
    """一条公开信息的公示情况：有没有未答复的异议、是否完成。"""
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    return NoticeStanding.model_validate(service.notice_standing(session, disclosure))


def _out(session: Session, rows: Sequence[Objection]) -> list[ObjectionOut]:
    villages = organisations.by_ids(session, [row.village_id for row in rows])
    return [
        ObjectionOut(
            id=row.id,
            village=place(villages[row.village_id]),
            disclosure_id=row.disclosure_id,
            state=row.state,
            text=row.text,
            raised_at=row.created_at,
            due_on=row.due_on,
            answer=row.answer,
            answered_at=row.answered_at,
            version=row.lock_version,
        )
        for row in rows
    ]
