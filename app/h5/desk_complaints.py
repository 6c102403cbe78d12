"""Complaints on the officer's desk: read, accept, answer, note."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, Forbidden, NotFound
from app.h5.common import AsOfficer, OurForm, Photos, changing, go, show, uploaded
from app.models import Complaint
from app.models.complaints import ComplaintState
from app.services import access, outbox
from app.services.actors import Actor, Officer
from app.services.complaints import handling, queries
from app.web import context, paging
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/complaints", include_in_schema=False)

PAGE_SIZE = 30
DONE = {"accepted": "已受理，已通知村民。", "answered": "已答复，已请村民评价。", "noted": "备注已保存。"}
Version = Annotated[int, Form()]
Step = Callable[[Session, list[str]], object]


@router.get("")
def listing(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    state: Annotated[ComplaintState | None, Query()] = None,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """All complaints that the officer may know of, newest first."""
    query = paging.after(
        queries.listing(acting, states=[state] if state else ()),
        after,
        Complaint.filed_at,
        Complaint.id,
    )
    rows = session.scalars(query.limit(PAGE_SIZE + 1)).all()
    return show(
        request,
        "desk/complaints.html",
        complaints=rows[:PAGE_SIZE],
        state=state,
        states=ComplaintState,
        next=paging.cursor(rows, PAGE_SIZE, "filed_at"),
    )


@router.get("/{complaint_id}")
def one(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One complaint. Opening it reads the messages about it."""
    with context.of(request).database.transaction() as session:
        access.access_complaint(session, acting, complaint_id)
        if isinstance(acting, Officer):
            outbox.mark_read(
                session,
                officer_id=acting.officer_id,
                subject_kind="complaint",
                subject_id=str(complaint_id),
            )
    return _page(request, complaint_id, acting, done=DONE.get(done, ""))


@router.post("/{complaint_id}/accept", dependencies=[OurForm])
def accept(request: Request, complaint_id: uuid.UUID, acting: AsOfficer, version: Version) -> Response:
    """Take it in hand (受理)."""
    return _do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.accept(
            session, acting=acting, complaint_id=complaint_id, version=version
        ),
        done="accepted",
    )


@router.post("/{complaint_id}/answer", dependencies=[OurForm])
def answer(
    request: Request,
    complaint_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    photos: Photos,
    text: Annotated[str, Form()] = "",
) -> Response:
    """Answer it (答复), with pictures."""
    return _do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.answer(
            session,
            acting=acting,
            complaint_id=complaint_id,
            text=text.replace("\r\n", "\n"),
            keys=context.of(request).keys,
            uploads=uploads,
            version=version,
        ),
        photos=photos,
        done="answered",
        typed={"answer": text},
    )


@router.post("/{complaint_id}/note", dependencies=[OurForm])
def note(
    request: Request, complaint_id: uuid.UUID, acting: AsOfficer, text: Annotated[str, Form()] = ""
) -> Response:
    """Write an internal note (备注)."""
    return _do(
        request,
        complaint_id,
        acting,
        lambda session, uploads: handling.note(session, acting=acting, complaint_id=complaint_id, text=text),
        done="noted",
        typed={"note": text},
    )


def _do(
    request: Request,
    complaint_id: uuid.UUID,
    acting: Actor,
    step: Step,
    *,
    done: str,
    photos: list[UploadFile] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    here = context.of(request)
    try:
        with here.database.reading() as session:
            complaint = access.access_complaint(session, acting, complaint_id)
            access.require_handler(session, acting, complaint)
        uploads = uploaded(here, acting, photos or [])
        with changing(here) as session:
            step(session, uploads)
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, complaint_id, acting, problem=problem, typed=typed)
    return go(f"/desk/complaints/{complaint_id}?done={done}")


def _page(
    request: Request,
    complaint_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    with context.of(request).database.reading() as session:
        complaint = access.access_complaint(session, acting, complaint_id)
        return show(
            request,
            "desk/complaint.html",
            status=problem.status if problem else 200,
            view=queries.view(session, complaint, inside=True),
            handles=_handles(session, acting, complaint),
            problem=problem,
            done=done,
            typed={"answer": "", "note": ""} | (typed or {}),
        )


def _handles(session: Session, acting: Actor, complaint: Complaint) -> bool:
    try:
        access.require_handler(session, acting, complaint)
    except Forbidden:
        return False
    return True
