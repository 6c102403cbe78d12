"""Progress of an anonymous complaint by its receipt. The receipt travels in forms only: never in an
address, a cookie or a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, NotFound
from app.h5.common import AsNobody, Photos, changing, file_links, show, uploaded
from app.models import Complaint
from app.models.complaints import Satisfaction
from app.services.actors import Visitor
from app.services.complaints import feedback, queries
from app.web import context

router = APIRouter(prefix="/s", include_in_schema=False)

RATES = ("10/minute", "60/hour")
Receipt = Annotated[str, Form()]
ME = Visitor()
Step = Callable[[Session, Complaint, list[str]], None]


@router.get("")
def ask(request: Request, acting: AsNobody) -> Response:
    """Where to type the receipt."""
    return show(request, "receipt.html", problem=None)


@router.post("")
def look(request: Request, acting: AsNobody, receipt: Receipt = "") -> Response:
    """The complaint of a receipt. Wrong and unknown ones get the same answer."""
    return _do(request, receipt, lambda session, complaint, uploads: None)


@router.post("/add")
def add(
    request: Request,
    acting: AsNobody,
    photos: Photos,
    receipt: Receipt = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Add words or pictures."""

    def step(session: Session, complaint: Complaint, uploads: list[str]) -> None:
        feedback.add(
            session, acting=ME, complaint=complaint, text=text, keys=context.of(request).keys, uploads=uploads
        )

    return _do(request, receipt, step, photos=photos, done="已补充，办理人员会看到。", text=text)


@router.post("/rate")
def rate(
    request: Request,
    acting: AsNobody,
    receipt: Receipt = "",
    satisfaction: Annotated[Satisfaction | None, Form()] = None,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Rate the answer; 不满意 once sends it one level up."""

    def step(session: Session, complaint: Complaint, uploads: list[str]) -> None:
        feedback.rate(
            session,
            acting=ME,
            complaint=complaint,
            satisfaction=feedback.chosen(satisfaction),
            reason=reason,
        )

    return _do(request, receipt, step, done="谢谢您的评价。", reason=reason)


@router.post("/withdraw")
def withdraw(request: Request, acting: AsNobody, receipt: Receipt = "") -> Response:
    """Take it back (撤回) while it is open."""

    def step(session: Session, complaint: Complaint, uploads: list[str]) -> None:
        feedback.withdraw(session, acting=ME, complaint=complaint)

    return _do(request, receipt, step, done="已撤回。")


def _do(
    request: Request,
    receipt: str,
    step: Step,
    *,
    photos: Sequence[UploadFile] = (),
    done: str = "",
    text: str = "",
    reason: str = "",
) -> Response:
    """Find the complaint, take the step, and show what is there then; a refused step says why."""
    here = context.of(request)
    problem: AppError | None = None
    try:
        request.app.state.limiter.hit(request, "receipt", *RATES)
        try:
            with here.database.reading() as session:
                feedback.by_receipt(session, keys=here.keys, typed=receipt)
            tokens = uploaded(here, ME, photos)
            with changing(here) as session:
                step(session, feedback.by_receipt(session, keys=here.keys, typed=receipt), tokens)
        except NotFound:
            raise
        except AppError as refusal:
            problem = refusal
        return _page(request, receipt, problem, done="" if problem else done, text=text, reason=reason)
    except AppError as refusal:
        return show(request, "receipt.html", status=refusal.status, problem=refusal)


def _page(
    request: Request, receipt: str, problem: AppError | None, *, done: str, text: str, reason: str
) -> Response:
    here = context.of(request)
    with here.database.reading() as session:
        complaint = feedback.by_receipt(session, keys=here.keys, typed=receipt)
        view = queries.view(session, complaint, inside=False)
        files = [*view.files, *(file for files in view.event_files.values() for file in files)]
        return show(
            request,
            "status.html",
            status=problem.status if problem else 200,
            view=view,
            links=file_links(here, files),
            receipt=receipt,
            problem=problem,
            done=done,
            typed_text=text if problem else "",
            typed_reason=reason if problem else "",
        )
