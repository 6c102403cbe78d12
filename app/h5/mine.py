"""A villager's own complaints: how far they are, the answer, adding to them, rating them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, NotFound
from app.h5.common import AsVillager, OurForm, Photos, changing, file_links, go, show, uploaded
from app.models import Complaint
from app.models.complaints import Satisfaction
from app.services import chain
from app.services.actors import Actor
from app.services.complaints import feedback, queries
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/my", include_in_schema=False)

Step = Callable[[Session, Complaint, list[str]], None]
DONE = {"added": "已补充，办理人员会看到。", "rated": "谢谢您的评价。", "withdrawn": "已撤回。"}


@router.get("")
def mine(request: Request, acting: AsVillager, session: ReadSession) -> Response:
    """All of them, newest first."""
    return show(request, "mine.html", complaints=queries.own(session, acting=acting))


@router.get("/{number}")
def one(
    request: Request,
    number: str,
    acting: AsVillager,
    new: Annotated[int, Query()] = 0,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One of them, with its steps and the answer."""
    return _page(request, number, acting, new=bool(new), done=DONE.get(done, ""))


@router.post("/{number}/add", dependencies=[OurForm])
def add(
    request: Request,
    number: str,
    acting: AsVillager,
    photos: Photos,
    text: Annotated[str, Form()] = "",
) -> Response:
    """Add words or pictures."""

    def step(session: Session, complaint: Complaint, uploads: list[str]) -> None:
        feedback.add(
            session,
            acting=acting,
            complaint=complaint,
            text=text,
            keys=context.of(request).keys,
            uploads=uploads,
        )

    return _do(request, number, acting, step, photos=photos, done="added", text=text)


@router.post("/{number}/rate", dependencies=[OurForm])
def rate(
    request: Request,
    number: str,
    acting: AsVillager,
    satisfaction: Annotated[Satisfaction | None, Form()] = None,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Rate the answer; 不满意 once sends it one level up."""

    def step(session: Session, complaint: Complaint, uploads: list[str]) -> None:
        feedback.rate(
            session,
            acting=acting,
            complaint=complaint,
            satisfaction=feedback.chosen(satisfaction),
            reason=reason,
        )

    return _do(request, number, acting, step, done="rated", reason=reason)


@router.post("/{number}/withdraw", dependencies=[OurForm])
def withdraw(request: Request, number: str, acting: AsVillager) -> Response:
    """Take it back (撤回) while it is open."""

    def step(session: Session, complaint: Complaint, uploads: list[str]) -> None:
        feedback.withdraw(session, acting=acting, complaint=complaint)

    return _do(request, number, acting, step, done="withdrawn")


def _do(
    request: Request,
    number: str,
    acting: Actor,
    step: Step,
    *,
    photos: Sequence[UploadFile] = (),
    done: str,
    text: str = "",
    reason: str = "",
) -> Response:
    here = context.of(request)
    try:
        with here.database.reading() as session:
            number = queries.own_by_number(session, acting=acting, number=number).number
        tokens = uploaded(here, acting, photos)
        with changing(here) as session:
            complaint = queries.own_by_number(session, acting=acting, number=number)
            step(session, complaint, tokens)
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, number, acting, problem=problem, text=text, reason=reason)
    return go(f"/my/{number}?done={done}")


def _page(
    request: Request,
    number: str,
    acting: Actor,
    *,
    problem: AppError | None = None,
    new: bool = False,
    done: str = "",
    text: str = "",
    reason: str = "",
) -> Response:
    here = context.of(request)
    with here.database.reading() as session:
        complaint = queries.own_by_number(session, acting=acting, number=number)
        view = queries.view(session, complaint, inside=False)
        files = [*view.files, *(file for files in view.event_files.values() for file in files)]
        return show(
            request,
            "my_complaint.html",
            status=problem.status if problem else 200,
            view=view,
            links=file_links(here, files),
            head=chain.head(session, view.village.id),
            problem=problem,
            new=new,
            done=done,
            typed_text=text,
            typed_reason=reason,
        )
