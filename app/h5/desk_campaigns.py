"""Self-checks on the officer's desk: issuing one, answering it for a village, reviewing, ending it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, BadInput, NotFound
from app.h5.common import AsOfficer, OurForm, Photos, changing, file_links, go, show, uploaded
from app.models.supervision import AnswerState, CampaignState
from app.services import access, campaigns, desk, organisations, outbox
from app.services.actors import Actor, Officer
from app.services.campaigns import QuestionKind
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/campaigns", include_in_schema=False)

SHOWN = 50
DONE = {
    "issued": "已部署，各村已收到任务。",
    "answered": "已报送。",
    "accepted": "已核对。",
    "returned": "已退回，村里会重新报送。",
    "closed": "自查已结束。",
}
_ANSWER = re.compile(r"q[0-9]{1,2}")
Version = Annotated[int, Form()]
Text = Annotated[str, Form(max_length=5000)]


@router.get("")
def listing(request: Request, acting: AsOfficer, session: ReadSession) -> Response:
    """What the officer's villages owe, and all campaigns that concern him."""
    rows = session.scalars(campaigns.listing(acting).limit(SHOWN)).all()
    return show(
        request,
        "desk/campaigns.html",
        tasks=campaigns.own_tasks(session, acting=acting),
        campaigns=rows,
        names=campaigns.STATE_NAMES,
        issues=bool(_offices(acting)),
    )


def _offices(acting: Actor) -> tuple[uuid.UUID, ...]:
    return acting.organisations(*access.INSPECTORS) if isinstance(acting, Officer) else ()


@router.get("/new")
def new(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    warning: Annotated[uuid.UUID | None, Query()] = None,
) -> Response:
    """The form of a new campaign, with the warning that it follows from."""
    return _form(request, session, acting, warning=warning)


def _form(
    request: Request,
    session: Session,
    acting: Actor,
    *,
    warning: uuid.UUID | None,
    typed: dict[str, str] | None = None,
    problem: AppError | None = None,
) -> Response:
    found = access.access_warning(session, acting, warning) if warning else None
    return show(
        request,
        "desk/campaign_form.html",
        status=problem.status if problem else 200,
        offices=list(organisations.by_ids(session, list(_offices(acting))).values()),
        warning=found,
        typed=typed or {"title": "", "reason": found.title if found else "", "questions": "", "due_on": ""},
        problem=problem,
    )


@router.post("", dependencies=[OurForm])
def issue(
    request: Request,
    acting: AsOfficer,
    organisation: Annotated[str, Form(max_length=60)] = "",
    title: Text = "",
    reason: Text = "",
    questions: Text = "",
    due_on: Annotated[str, Form(max_length=20)] = "",
    warning: Annotated[uuid.UUID | None, Form()] = None,
) -> Response:
    """Issue it: one question a line, each a yes-or-no question with room for words."""
    typed = {"title": title, "reason": reason, "questions": questions, "due_on": due_on}
    try:
        with changing(context.of(request)) as session:
            made = campaigns.issue(
                session,
                acting=acting,
                organisation=organisations.by_code(session, acting=acting, code=organisation),
                title=title,
                reason=reason,
                questions=[campaigns.Question(line) for line in questions.splitlines() if line.strip()],
                due_on=_day(due_on),
                warning_id=warning,
            )
            key = made.id
    except AppError as problem:
        with context.of(request).database.reading() as session:
            return _form(request, session, acting, warning=warning, typed=typed, problem=problem)
    return go(f"/desk/campaigns/{key}?done=issued")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("campaign.due_wrong", "请选择截止日期。", field="due_on") from error


@router.get("/{campaign_id}")
def one(
    request: Request,
    campaign_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The board. Opening it reads the messages about it."""
    if isinstance(acting, Officer):
        with context.of(request).database.transaction() as session:
            outbox.mark_read(
                session, officer_id=acting.officer_id, subject_kind="campaign", subject_id=str(campaign_id)
            )
    return _page(request, campaign_id, acting, done=DONE.get(done, ""))


async def _answers(request: Request) -> dict[str, str]:
    """The answers by question; their number depends on the campaign."""
    form = await request.form()
    return {key: value for key, value in form.items() if _ANSWER.fullmatch(key) and isinstance(value, str)}


@router.post("/{campaign_id}/answers/{answer_id}", dependencies=[OurForm])
def answer(
    request: Request,
    campaign_id: uuid.UUID,
    answer_id: uuid.UUID,
    acting: AsOfficer,
    answers: Annotated[dict[str, str], Depends(_answers)],
    version: Version,
    photos: Photos,
    found: Annotated[str, Form(max_length=5)] = "",
    finding: Text = "",
    measures: Text = "",
) -> Response:
    """Report the village's result, with evidence."""
    here = context.of(request)

    def step(session: Session) -> object:
        return campaigns.answer(
            session,
            acting=acting,
            answer_id=answer_id,
            answers=answers,
            found={"yes": True, "no": False}.get(found),
            finding=finding,
            measures=measures,
            uploads=uploaded(here, acting, photos),
            keys=here.keys,
            version=version,
        )

    typed = {**answers, "found": found, "finding": finding, "measures": measures}
    return _do(request, campaign_id, acting, step, "answered", typed=typed)


@router.post("/{campaign_id}/answers/{answer_id}/review", dependencies=[OurForm])
def review(
    request: Request,
    campaign_id: uuid.UUID,
    answer_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    outcome: Annotated[AnswerState, Form()],
    remark: Text = "",
) -> Response:
    """Accept or return what a village reported."""

    def step(session: Session) -> object:
        accepted = outcome is AnswerState.ACCEPTED
        return campaigns.review(
            session, acting=acting, answer_id=answer_id, accepted=accepted, remark=remark, version=version
        )

    done = "accepted" if outcome is AnswerState.ACCEPTED else "returned"
    return _do(request, campaign_id, acting, step, done)


@router.post("/{campaign_id}/close", dependencies=[OurForm])
def close(
    request: Request,
    campaign_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    outcome: Text = "",
    lesson: Text = "",
) -> Response:
    """End it with the outcome."""

    def step(session: Session) -> object:
        return campaigns.close(
            session, acting=acting, campaign_id=campaign_id, outcome=outcome, lesson=lesson, version=version
        )

    return _do(request, campaign_id, acting, step, "closed", typed={"outcome": outcome, "lesson": lesson})


def _do(
    request: Request,
    campaign_id: uuid.UUID,
    acting: Actor,
    step: Callable[[Session], object],
    done: str,
    typed: dict[str, str] | None = None,
) -> Response:
    try:
        with changing(context.of(request)) as session:
            step(session)
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, campaign_id, acting, problem=problem, typed=typed)
    return go(f"/desk/campaigns/{campaign_id}?done={done}")


def _page(
    request: Request,
    campaign_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    here = context.of(request)
    with here.database.reading() as session:
        board = campaigns.board(session, acting=acting, campaign_id=campaign_id)
        own = set(acting.organisations(*access.VILLAGE_ROLES)) if isinstance(acting, Officer) else set()
        files = [file for line in board.lines for file in line.files]
        return show(
            request,
            "desk/campaign.html",
            status=problem.status if problem else 200,
            board=board,
            campaign=board.campaign,
            own=[line for line in board.lines if line.answer.village_id in own],
            leads=board.campaign.organisation_id in _offices(acting),
            places=desk.names(session, [line.answer.village_id for line in board.lines]),
            links=file_links(here, files),
            states=AnswerState,
            open=board.campaign.state is CampaignState.OPEN,
            names=campaigns.ANSWER_NAMES,
            kinds=QuestionKind,
            typed=typed or {},
            problem=problem,
            done=done,
        )
