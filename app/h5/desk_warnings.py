"""Warnings on the officer's desk: what fired and why, taking it in hand, explaining, striking off."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, BadInput, NotFound
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.models import Organisation
from app.models.people import Role
from app.models.warnings import CloseReason, WarningState
from app.services import access, desk, organisations, outbox
from app.services.actors import Actor, Officer
from app.services.warnings import lifecycle
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/warnings", include_in_schema=False)

PAGE_SIZE = 100
DONE = {"acknowledged": "已签收。", "explained": "说明已保存。", "closed": "已复核销号。"}
Version = Annotated[int, Form()]


@router.get("")
def listing(
    request: Request, acting: AsOfficer, session: ReadSession, all: Annotated[int, Query()] = 0
) -> Response:
    """The warnings of the officer's area: live ones, or all."""
    states = tuple(WarningState) if all else desk.LIVE
    warnings = session.scalars(desk.warnings(acting, states=states).limit(PAGE_SIZE)).all()
    return show(request, "desk/warnings.html", warnings=warnings, everything=bool(all))


@router.get("/{warning_id}")
def one(
    request: Request,
    warning_id: uuid.UUID,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One warning. Opening it reads the messages about it."""
    with context.of(request).database.transaction() as session:
        access.access_warning(session, acting, warning_id)
        if isinstance(acting, Officer):
            outbox.mark_read(
                session, officer_id=acting.officer_id, subject_kind="warning", subject_id=str(warning_id)
            )
    return _page(request, warning_id, acting, done=DONE.get(done, ""))


@router.post("/{warning_id}/acknowledge", dependencies=[OurForm])
def acknowledge(request: Request, warning_id: uuid.UUID, acting: AsOfficer, version: Version) -> Response:
    """Take it in hand (签收)."""
    return _do(
        request,
        warning_id,
        acting,
        lambda session: lifecycle.acknowledge(session, acting=acting, warning_id=warning_id, version=version),
        done="acknowledged",
    )


@router.post("/{warning_id}/explain", dependencies=[OurForm])
def explain(
    request: Request, warning_id: uuid.UUID, acting: AsOfficer, text: Annotated[str, Form()] = ""
) -> Response:
    """Say what is being done (说明)."""
    return _do(
        request,
        warning_id,
        acting,
        lambda session: lifecycle.explain(session, acting=acting, warning_id=warning_id, text=text),
        done="explained",
        text=text,
    )


@router.post("/{warning_id}/close", dependencies=[OurForm])
def close(
    request: Request,
    warning_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    reason: Annotated[CloseReason | None, Form()] = None,
    text: Annotated[str, Form()] = "",
) -> Response:
    """Review and strike off (复核销号)."""

    def step(session: Session) -> object:
        if reason is None:
            raise BadInput("warning.reason_missing", "请选择销号的理由。", field="reason")
        return lifecycle.close(
            session, acting=acting, warning_id=warning_id, reason=reason, text=text, version=version
        )

    return _do(request, warning_id, acting, step, done="closed", text=text)


def _do(
    request: Request,
    warning_id: uuid.UUID,
    acting: Actor,
    step: Callable[[Session], object],
    *,
    done: str,
    text: str = "",
) -> Response:
    try:
        with changing(context.of(request)) as session:
            step(session)
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, warning_id, acting, problem=problem, text=text)
    return go(f"/desk/warnings/{warning_id}?done={done}")


def _page(
    request: Request,
    warning_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    text: str = "",
) -> Response:
    with context.of(request).database.reading() as session:
        warning = access.access_warning(session, acting, warning_id)
        village = session.get_one(Organisation, warning.village_id)
        return show(
            request,
            "desk/warning.html",
            status=problem.status if problem else 200,
            warning=warning,
            village=village,
            place=organisations.full_name(session, village),
            events=desk.warning_events(session, warning),
            contract=desk.contract_of(session, acting=acting, warning=warning),
            drafts=access.covers(session, acting, village.id, Role.INFORMATION_OFFICER),
            reviews=access.covers(session, acting, village.id, *access.INSPECTORS),
            reasons=CloseReason,
            states=WarningState,
            problem=problem,
            done=done,
            text=text,
        )
