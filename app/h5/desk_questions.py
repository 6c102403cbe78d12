"""Questions and objections on the officer's desk: what waits for him, reading, answering; and, for one item,
how far its news came."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, NotFound
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.models import Objection, Question
from app.models.interaction import ObjectionState, QuestionState
from app.services import (
    access,
    access_interaction,
    broadcasts,
    desk,
    disclosures,
    objections,
    outbox,
    questions,
)
from app.services.actors import Actor, Officer
from app.services.tenders import terms
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk", include_in_schema=False)

SHOWN = 50
DONE = {
    "answered": "已答复并公开，已通知提问的村民。",
    "refused": "已退回，只有提问的村民看得到原因。",
    "explained": "已答复并公开，已通知提异议的村民。",
    "upheld": "已公开「异议成立」，请尽快更正或撤回这条信息。",
}
Text = Annotated[str, Form()]
Version = Annotated[int, Form()]
Step = Callable[[Session], object]


@dataclass(frozen=True)
class ToDo:
    """What waits for an officer, the first due first."""

    questions: Sequence[Question]
    objections: Sequence[Objection]
    villages: dict[uuid.UUID, str]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.questions) + len(self.objections)


def to_do(session: Session, acting: Actor) -> ToDo:
    """What waits for this officer; also for the tile on the desk's home."""
    asked = questions.to_answer(session, acting=acting)
    raised = objections.to_answer(session, acting=acting)
    return ToDo(asked, raised, _places(session, asked, raised))


def _places(session: Session, asked: Sequence[Question], raised: Sequence[Objection]) -> dict[uuid.UUID, str]:
    return desk.names(session, [*(row.village_id for row in asked), *(row.village_id for row in raised)])


@router.get("/questions")
def listing(request: Request, acting: AsOfficer, session: ReadSession) -> Response:
    """What waits, and what was answered lately."""
    closed = (QuestionState.ANSWERED, QuestionState.REFUSED)
    asked = session.scalars(questions.listing(acting, states=closed).limit(SHOWN)).all()
    settled = (ObjectionState.UPHELD, ObjectionState.EXPLAINED)
    raised = session.scalars(objections.listing(acting, states=settled).limit(SHOWN)).all()
    return show(
        request,
        "desk/questions.html",
        todo=to_do(session, acting),
        asked=asked,
        raised=raised,
        villages=_places(session, asked, raised),
    )


@router.get("/questions/{question_id}")
def question(
    request: Request,
    question_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One question. Opening it reads the messages about it."""
    _seen(request, acting, "question", question_id)
    return _question_page(request, question_id, acting, done=DONE.get(done, ""))


@router.post("/questions/{question_id}/answer", dependencies=[OurForm])
def answer_question(
    request: Request, question_id: uuid.UUID, acting: AsOfficer, version: Version, text: Text = ""
) -> Response:
    """Answer in public."""

    def step(session: Session) -> object:
        words = text.replace("\r\n", "\n")
        return questions.answer(session, acting=acting, question_id=question_id, text=words, version=version)

    return _do_question(request, question_id, acting, step, "answered", answer=text)


@router.post("/questions/{question_id}/refuse", dependencies=[OurForm])
def refuse_question(
    request: Request, question_id: uuid.UUID, acting: AsOfficer, version: Version, text: Text = ""
) -> Response:
    """Refuse to publish it, with a reason for the asker."""

    def step(session: Session) -> object:
        return questions.refuse(session, acting=acting, question_id=question_id, reason=text, version=version)

    return _do_question(request, question_id, acting, step, "refused", reason=text)


def _do_question(
    request: Request,
    question_id: uuid.UUID,
    acting: Actor,
    step: Step,
    done: str,
    *,
    answer: str = "",
    reason: str = "",
) -> Response:
    try:
        with changing(context.of(request)) as session:
            step(session)
    except NotFound:
        raise
    except AppError as problem:
        offered = str(problem.data.get("masked", ""))
        answer, reason = (
            (offered and answer and offered) or answer,
            (offered and reason and offered) or reason,
        )
        return _question_page(request, question_id, acting, problem=problem, answer=answer, reason=reason)
    return go(f"/desk/questions/{question_id}?done={done}")


def _question_page(
    request: Request,
    question_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    answer: str = "",
    reason: str = "",
) -> Response:
    with context.of(request).database.reading() as session:
        row = access_interaction.access_question(session, acting, question_id)
        return show(
            request,
            "desk/question.html",
            status=problem.status if problem else 200,
            question=row,
            item=disclosures.item(session, acting=acting, disclosure_id=row.disclosure_id),
            place=desk.names(session, [row.village_id])[row.village_id],
            may_answer=_may_answer(session, acting, row.village_id),
            problem=problem,
            done=done,
            answer=answer,
            reason=reason,
        )


@router.get("/objections/{objection_id}")
def objection(
    request: Request,
    objection_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One objection. Opening it reads the messages about it."""
    _seen(request, acting, "objection", objection_id)
    return _objection_page(request, objection_id, acting, done=DONE.get(done, ""))


@router.post("/objections/{objection_id}/answer", dependencies=[OurForm])
def answer_objection(
    request: Request,
    objection_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    outcome: Annotated[ObjectionState | None, Form()] = None,
    text: Text = "",
) -> Response:
    """Answer in public: upheld or explained."""
    try:
        with changing(context.of(request)) as session:
            objections.answer(
                session,
                acting=acting,
                objection_id=objection_id,
                upheld=objections.chosen(outcome),
                text=text.replace("\r\n", "\n"),
                version=version,
            )
    except NotFound:
        raise
    except AppError as problem:
        words = str(problem.data.get("masked", text))
        return _objection_page(request, objection_id, acting, problem=problem, answer=words, outcome=outcome)
    return go(f"/desk/objections/{objection_id}?done={outcome.value if outcome else ''}")


def _objection_page(
    request: Request,
    objection_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    answer: str = "",
    outcome: ObjectionState | None = None,
) -> Response:
    with context.of(request).database.reading() as session:
        row = access_interaction.access_objection(session, acting, objection_id)
        item = disclosures.item(session, acting=acting, disclosure_id=row.disclosure_id)
        own = isinstance(acting, Officer) and objections.wrote(session, acting, item.disclosure)
        return show(
            request,
            "desk/objection.html",
            status=problem.status if problem else 200,
            objection=row,
            item=item,
            place=desk.names(session, [row.village_id])[row.village_id],
            own=own,
            may_answer=not own and _may_answer(session, acting, row.village_id),
            problem=problem,
            done=done,
            answer=answer,
            outcome=outcome,
        )


@router.get("/disclosures/{disclosure_id}/interaction")
def of_item(request: Request, disclosure_id: uuid.UUID, acting: AsOfficer, session: ReadSession) -> Response:
    """How far the news of an item came, what people asked and objected, and its tender."""
    item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
    access_interaction.require_area(session, acting, item.disclosure.village_id)
    asked = questions.listing(acting, disclosure_id=disclosure_id)
    raised = objections.listing(acting, disclosure_id=disclosure_id)
    return show(
        request,
        "desk/item_interaction.html",
        item=item,
        place=desk.names(session, [item.disclosure.village_id])[item.disclosure.village_id],
        reach=broadcasts.reach(session, disclosure_ids=[disclosure_id]).get(disclosure_id),
        standing=objections.notice_standing(session, item.disclosure),
        asked=session.scalars(asked.limit(SHOWN)).all(),
        raised=session.scalars(raised.limit(SHOWN)).all(),
        tender=terms.of_disclosure(session, disclosure_id),
    )


def _seen(request: Request, acting: Actor, noun: str, key: uuid.UUID) -> None:
    if isinstance(acting, Officer):
        with context.of(request).database.transaction() as session:
            outbox.mark_read(session, officer_id=acting.officer_id, subject_kind=noun, subject_id=str(key))


def _may_answer(session: Session, acting: Actor, village_id: uuid.UUID) -> bool:
    return isinstance(acting, Officer) and access.covers(
        session, acting, village_id, *access_interaction.ANSWERERS
    )
