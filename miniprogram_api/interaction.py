"""What villagers do with what is published (互动): follow a village, ask, object; and what others asked."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from app.models.disclosures import DisclosureState
from app.models.interaction import ObjectionState, QuestionState
from app.services import access, disclosures, follows, objections, outbox, questions
from app.services.actors import Actor, Villager
from app.services.inquiries import LONGEST
from app.services.tenders import terms
from app.web.context import InContext, ReadSession, WriteSession
from miniprogram_api import checks, tenders
from miniprogram_api.callers import AsAnybody, AsVillager, Limited
from miniprogram_api.fields import Key, Readable, VillageCode

router = APIRouter(tags=["互动"])

Words = Annotated[str, StringConstraints(max_length=LONGEST), Readable]
ASKING = Depends(Limited("inquiry", "6/minute", "60/hour"))


class Row(BaseModel):
    """An answer that is read off one of the services' records."""

    model_config = ConfigDict(from_attributes=True)


class Following(Row):
    """How the caller stands to a village."""

    follows: bool
    followers: int = Field(description="关注人数")
    official: bool = Field(description="关注了公众号：每次公开都能收到")
    consents: int = Field(description="小程序里还剩几次提醒；用完请再调用一次订阅")


class QuestionLine(Row):
    """A question and its answer, without names."""

    id: uuid.UUID
    disclosure_id: uuid.UUID
    state: QuestionState
    text: str = Field(examples=["这笔河道保洁费是请谁做的？"])
    asked_on: date
    due_on: date
    answer: str = Field(description="答复；自己的提问不予公开时是原因")
    answered_on: date | None


class ObjectionLine(Row):
    """An objection. `text` is empty but in one's own."""

    id: uuid.UUID
    disclosure_id: uuid.UUID
    state: ObjectionState
    text: str
    raised_on: date
    due_on: date
    answer: str
    answered_on: date | None


class Notice(Row):
    """How the notice (公示) of an item stands."""

    until: date | None
    running: bool = Field(description="今天可以提异议")
    done: bool
    open: int = Field(description="正在核实的异议")
    words: str = Field(examples=["公示期内，可以提异议"])


class Interaction(BaseModel):
    """Everything below an item. `own_…` are the caller's own, empty without a login."""

    notice: Notice
    waiting: int = Field(description="待答复的提问数")
    questions: list[QuestionLine]
    objections: list[ObjectionLine]
    own_questions: list[QuestionLine]
    own_objections: list[ObjectionLine]
    tender: tenders.TenderPage | None


class Inquiry(BaseModel):
    """What a villager asks or objects."""

    text: Words = Field(examples=["这笔河道保洁费是请谁做的？"])


@router.get("/villages/{code}/follow")
def following(code: VillageCode, session: ReadSession, acting: AsAnybody) -> Following:
    """是否关注本村、关注人数、还剩几次提醒。"""
    village = access.access_village(session, acting, code)
    return _following(session, acting, village.id)


@router.put("/villages/{code}/follow")
def follow(code: VillageCode, session: WriteSession, acting: AsVillager) -> Following:
    """关注：村里有新公开时提醒。重复关注不算错。"""
    village = access.access_village(session, acting, code)
    follows.follow(session, acting=acting, village=village)
    return _following(session, acting, village.id)


@router.delete("/villages/{code}/follow")
def unfollow(code: VillageCode, session: WriteSession, acting: AsVillager) -> Following:
    """取消关注。"""
    village = access.access_village(session, acting, code)
    follows.unfollow(session, acting=acting, village=village)
    return _following(session, acting, village.id)


def _following(session: Session, acting: Actor, village_id: uuid.UUID) -> Following:
    return Following.model_validate(follows.standing(session, acting=acting, village_id=village_id))


@router.get("/disclosures/{disclosure_id}/interaction")
def interaction(disclosure_id: Key, here: InContext, session: ReadSession, acting: AsAnybody) -> Interaction:
    """一条公开信息下的公示情况、问答、异议答复和报名；登录后还有自己的提问、异议和报名。已撤回的只有自己的。"""
    found = disclosures.item(session, acting=acting, disclosure_id=disclosure_id).disclosure
    live = found.state == DisclosureState.PUBLISHED
    tender = terms.of_disclosure(session, found.id)
    return Interaction(
        notice=Notice.model_validate(objections.notice_standing(session, found)),
        waiting=questions.waiting(session, disclosure_id=found.id),
        questions=_questions(questions.public(session, disclosure_id=found.id)) if live else [],
        objections=_objections(objections.public(session, disclosure_id=found.id)) if live else [],
        own_questions=_questions(questions.own(session, acting=acting, disclosure_id=found.id)),
        own_objections=_objections(objections.own(session, acting=acting, disclosure_id=found.id)),
        tender=tenders.page(session, here, acting, tender) if tender else None,
    )


@router.post("/disclosures/{disclosure_id}/read", status_code=204)
def read(disclosure_id: Key, session: WriteSession, acting: AsAnybody) -> Response:
    """从订阅消息打开这条时调用：计一次已读。没有登录也算成功，不计。"""
    if isinstance(acting, Villager):
        outbox.mark_read(
            session,
            villager_id=acting.villager_id,
            subject_kind="disclosure",
            subject_id=str(disclosure_id),
        )
    return Response(status_code=204)


@router.post("/disclosures/{disclosure_id}/questions", status_code=201, dependencies=[ASKING])
def ask(disclosure_id: Key, body: Inquiry, here: InContext, acting: AsVillager) -> QuestionLine:
    """就这一条公开信息提问；答复和问题一起公开，不显示姓名。"""
    checks.check(here, acting, body.text)
    with here.database.transaction() as session:
        asked = questions.ask(
            session,
            acting=acting,
            disclosure_id=disclosure_id,
            text=body.text,
            work_days=here.settings.answer_work_days,
        )
        return QuestionLine.model_validate(questions.shown(asked))


@router.post("/disclosures/{disclosure_id}/objections", status_code=201, dependencies=[ASKING])
def object_(disclosure_id: Key, body: Inquiry, here: InContext, acting: AsVillager) -> ObjectionLine:
    """公示期内提异议；由起草人以外的人答复，公开的只有答复。"""
    checks.check(here, acting, body.text)
    with here.database.transaction() as session:
        raised = objections.raise_one(
            session,
            acting=acting,
            disclosure_id=disclosure_id,
            text=body.text,
            work_days=here.settings.answer_work_days,
        )
        return ObjectionLine.model_validate(objections.shown(raised, text=True))


@router.get("/questions")
def own_questions(session: ReadSession, acting: AsVillager) -> list[QuestionLine]:
    """自己提过的问题，新的在前，最多 50 条。"""
    return _questions(questions.own(session, acting=acting))


@router.get("/objections")
def own_objections(session: ReadSession, acting: AsVillager) -> list[ObjectionLine]:
    """自己提过的异议，新的在前，最多 50 条。"""
    return _objections(objections.own(session, acting=acting))


def _questions(found: list[questions.Shown]) -> list[QuestionLine]:
    return [QuestionLine.model_validate(one) for one in found]


def _objections(found: list[objections.Shown]) -> list[ObjectionLine]:
    return [ObjectionLine.model_validate(one) for one in found]
