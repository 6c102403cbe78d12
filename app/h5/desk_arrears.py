"""Overdue rent on the officer's desk: what could be given notice of, and each notice on its way."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, NotFound
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.models import ArrearsNotice
from app.models.supervision import ArrearsState
from app.services import access, access_supervision, arrears, organisations
from app.services.actors import Actor, Officer
from app.services.arrears.states import OPEN
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/arrears", include_in_schema=False)

SHOWN = 100
DONE = {
    "prepared": "预告已准备好，请打印送达对方。",
    "served": "已登记送达。",
    "approved": "已批准，到期未缴清自动公示。",
    "cancelled": "已取消。",
}
Version = Annotated[int, Form()]
Text = Annotated[str, Form(max_length=500)]


@router.get("")
def listing(
    request: Request, acting: AsOfficer, session: ReadSession, all: Annotated[int, Query()] = 0
) -> Response:
    """What is overdue and what is under way; or all, with the history."""
    states = () if all else OPEN
    notices = session.scalars(arrears.listing(acting, states=states).limit(SHOWN)).all()
    return show(
        request,
        "desk/arrears.html",
        candidates=arrears.candidates(session, acting=acting, limit=SHOWN),
        notices=notices,
        everything=bool(all),
        names=arrears.STATE_NAMES,
    )


@router.post("", dependencies=[OurForm])
def prepare(request: Request, acting: AsOfficer, receivable: Annotated[uuid.UUID, Form()]) -> Response:
    """Prepare the notice for an overdue receivable."""
    with context.of(request).database.transaction() as session:
        made = arrears.prepare(session, acting=acting, receivable_id=receivable)
        key = made.id
    return go(f"/desk/arrears/{key}?done=prepared")


@router.get("/{notice_id}")
def one(
    request: Request,
    notice_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One notice with its steps."""
    return _page(request, notice_id, acting, done=DONE.get(done, ""))


@router.get("/{notice_id}/letter.pdf")
def letter(notice_id: uuid.UUID, acting: AsOfficer, session: ReadSession) -> Response:
    """The notice on paper."""
    line = arrears.find(session, acting=acting, notice_id=notice_id)
    return Response(arrears.letter(line.notice, owed_fen=line.owed_fen), media_type="application/pdf")


@router.post("/{notice_id}/serve", dependencies=[OurForm])
def serve(
    request: Request,
    notice_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    how: Text = "",
    on: Text = "",
) -> Response:
    """Note that the debtor got it."""
    return _do(
        request,
        notice_id,
        acting,
        lambda session: arrears.serve(
            session, acting=acting, notice_id=notice_id, how=how, on=_day(on), version=version
        ),
        "served",
    )


@router.post("/{notice_id}/approve", dependencies=[OurForm])
def approve(request: Request, notice_id: uuid.UUID, acting: AsOfficer, version: Version) -> Response:
    """Release it for its day, as a second person."""
    return _do(
        request,
        notice_id,
        acting,
        lambda session: arrears.approve(session, acting=acting, notice_id=notice_id, version=version),
        "approved",
    )


@router.post("/{notice_id}/cancel", dependencies=[OurForm])
def cancel(
    request: Request, notice_id: uuid.UUID, acting: AsOfficer, version: Version, because: Text = ""
) -> Response:
    """Take it back, with a reason."""
    return _do(
        request,
        notice_id,
        acting,
        lambda session: arrears.cancel(
            session, acting=acting, notice_id=notice_id, because=because, version=version
        ),
        "cancelled",
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput("arrears.served_wrong", "送达日期看不懂，请重新选择。", field="on") from error


def _do(
    request: Request, notice_id: uuid.UUID, acting: Actor, step: Callable[[Session], object], done: str
) -> Response:
    try:
        with changing(context.of(request)) as session:
            step(session)
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, notice_id, acting, problem=problem)
    return go(f"/desk/arrears/{notice_id}?done={done}")


def _page(
    request: Request,
    notice_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
) -> Response:
    with context.of(request).database.reading() as session:
        line = arrears.find(session, acting=acting, notice_id=notice_id)
        notice = line.notice
        return show(
            request,
            "desk/arrears_notice.html",
            status=problem.status if problem else 200,
            notice=notice,
            owed=max(line.owed_fen, 0),
            place=organisations.full_name(session, notice.village),
            names=arrears.STATE_NAMES,
            states=ArrearsState,
            live=notice.state in OPEN,
            may=_may(session, acting, notice),
            today=clock.today(),
            problem=problem,
            done=done,
        )


def _may(session: Session, acting: Actor, notice: ArrearsNotice) -> dict[str, bool]:
    """Which steps to offer; the services decide."""
    officer = isinstance(acting, Officer)
    inspects = access.covers(session, acting, notice.village_id, *access.INSPECTORS)
    own = isinstance(acting, Officer) and acting.officer_id == notice.prepared_by
    office = officer and access.covers(session, acting, notice.village_id, *access_supervision.PREPARERS)
    waits = notice.state in (ArrearsState.PREPARED, ArrearsState.SERVED) and notice.approved_by is None
    return {"work": office, "approve": inspects and not own and waits}
