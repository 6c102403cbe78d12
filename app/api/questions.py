"""Villagers' questions on published items, answered in public. Who asked is never told."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.schemas import NOT_BLANK, Body, OrganisationRef, Out, Version, place
from app.models import Question
from app.models.interaction import QuestionState
from app.services import access_interaction, organisations
from app.services import questions as service
from app.services.inquiries import LONGEST_ANSWER
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("提问")

Reply = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_ANSWER, pattern=NOT_BLANK)]
OfItem = Annotated[uuid.UUID | None, Query(description="只看这条公开信息的")]


class QuestionOut(Out):
    """A question. Its asker is not named; the public reads it with personal data masked."""

    id: uuid.UUID
    village: OrganisationRef
    disclosure_id: uuid.UUID
    state: QuestionState = Field(description="open 待答复、answered 已答复、refused 不予公开")
    text: str = Field(examples=["这笔河道保洁费是请谁做的？"])
    asked_at: datetime
    due_on: date = Field(description="应在这一天之前答复")
    answer: str = Field(description="答复；不予公开时是只给提问人看的原因")
    answered_at: datetime | None
    version: int


class QuestionReply(Body):
    """What is answered in public, or why the question is not published."""

    text: Reply = Field(examples=["请的是本村 3 名村民，每天 120 元，共 10 天。"])
    version: Version = None


@api.get("/questions", responses=problems(400, 404, 422))
def list_questions(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    disclosure: OfItem = None,
    state: Annotated[QuestionState | None, Query(description="只看这种状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[QuestionOut]:
    """村民提问，新的在前。只看得到本人负责范围内的村；不显示提问人。"""
    query = service.listing(
        acting,
        village_id=village_id(session, acting, village),
        disclosure_id=disclosure,
        states=[state] if state else (),
    )
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Question.created_at, key=Question.id
    )
    return Page(items=_out(session, [row[0] for row in rows]), next=following)


@api.get("/questions/{question_id}", responses=problems(404, 422))
def get_question(question_id: uuid.UUID, acting: Signed, session: ReadSession) -> QuestionOut:
    """一条提问。"""
    return _out(session, [access_interaction.access_question(session, acting, question_id)])[0]


@api.post("/questions/{question_id}/answer", responses=problems(400, 403, 404, 409, 422))
def answer_question(
    question_id: uuid.UUID, body: QuestionReply, acting: Signed, session: WriteSession
) -> QuestionOut:
    """公开答复。里面有个人信息时不发出，返回 422 和打码后的 masked。"""
    answered = service.answer(
        session, acting=acting, question_id=question_id, text=body.text, version=body.version
    )
    return _out(session, [answered])[0]


@api.post("/questions/{question_id}/refusal", responses=problems(400, 403, 404, 409, 422))
def refuse_question(
    question_id: uuid.UUID, body: QuestionReply, acting: Signed, session: WriteSession
) -> QuestionOut:
    """不予公开（辱骂、涉及他人隐私等）：原因只有提问人看得到。"""
    refused = service.refuse(
        session, acting=acting, question_id=question_id, reason=body.text, version=body.version
    )
    return _out(session, [refused])[0]


def _out(session: Session, rows: Sequence[Question]) -> list[QuestionOut]:
    villages = organisations.by_ids(session, [row.village_id for row in rows])
    return [
        QuestionOut(
            id=row.id,
            village=place(villages[row.village_id]),
            disclosure_id=row.disclosure_id,
            state=row.state,
            text=row.text,
            asked_at=row.created_at,
            due_on=row.due_on,
            answer=row.answer,
            answered_at=row.answered_at,
            version=row.lock_version,
        )
        for row in rows
    ]
