"""Warnings on the officer's desk: what fired and why, taking it in hand, explaining, striking off."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, NotFound
from app.h5.common import AsOfficer, OurForm, Photos, changing, go, show, uploaded
from app.models import EarlyWarning, Organisation
from app.models.organisations import Line
from app.models.people import Role
from app.models.rules import Colour, RuleMode
from app.models.warnings import CloseReason, WarningState
from app.rules import ALL_RULES, by_key
from app.services import access, access_warnings, desk, organisations, outbox
from app.services.actors import Actor, Officer
from app.services.warnings import auditing, evidence, lifecycle, notices, queries, silences
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/warnings", include_in_schema=False)

PAGE_SIZE = 100
SILENCE_DAYS = 14
DONE = {
    "acknowledged": "已签收。",
    "explained": "说明已保存。",
    "proposed": "已申请销号，等另一个人复核。",
    "returned": "已退回，继续处置。",
    "closed": "已复核销号。",
    "silenced": "已静默，到期自动恢复。",
}
Version = Annotated[int, Form()]
Text = Annotated[str, Form()]
Step = Callable[[Session, list[str]], object]


@router.get("")
def listing(
    request: Request,
    acting: AsOfficer,
    all: Annotated[int, Query()] = 0,
    colour: Annotated[Colour | None, Query()] = None,
    line: Annotated[Line | None, Query()] = None,
    rule: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """The warnings of the officer's area: live ones, or all. Opening the list reads the digests."""
    filters = queries.Filters(
        states=() if all else queries.LIVE, colour=colour, line=line, rule=rule if by_key(rule) else None
    )
    with context.of(request).database.transaction() as session:
        if isinstance(acting, Officer):
            outbox.mark_read(
                session, officer_id=acting.officer_id, subject_kind="warnings", subject_id=acting.id
            )
        found = session.scalars(queries.listing(acting, filters).limit(PAGE_SIZE + 1)).all()
        lost = auditing.count(session, acting) if access.inspects(acting) else 0
    return show(
        request,
        "desk/warnings.html",
        warnings=found[:PAGE_SIZE],
        more=len(found) > PAGE_SIZE,
        everything=bool(all),
        filters=filters,
        colours=Colour,
        lines=Line,
        rules=ALL_RULES,
        lost=lost,
        shadow=RuleMode.SHADOW,
    )


@router.get("/unreached")
def unreached(request: Request, acting: AsOfficer, session: ReadSession) -> Response:
    """Warnings of which nobody knows, and why."""
    return show(
        request, "desk/warnings_unreached.html", found=auditing.unreached(session, acting, limit=PAGE_SIZE)
    )


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
            notices.seen(session, officer_id=acting.officer_id, warning_id=warning_id)
    return _page(request, warning_id, acting, done=DONE.get(done, ""))


@router.get("/{warning_id}/rows/{row_id}")
def row(
    request: Request, warning_id: uuid.UUID, row_id: str, acting: AsOfficer, session: ReadSession
) -> Response:
    """One of the ledger rows that a warning rests on, in full."""
    warning = access.access_warning(session, acting, warning_id)
    shown = evidence.one(session, acting=acting, warning=warning, row_id=row_id)
    return show(request, "desk/warning_row.html", warning=warning, row=shown)


@router.post("/{warning_id}/acknowledge", dependencies=[OurForm])
def acknowledge(request: Request, warning_id: uuid.UUID, acting: AsOfficer, version: Version) -> Response:
    """Take it in hand (签收)."""
    return _do(
        request,
        warning_id,
        acting,
        lambda session, _: lifecycle.acknowledge(
            session, acting=acting, warning_id=warning_id, version=version
        ),
        done="acknowledged",
    )


@router.post("/{warning_id}/explain", dependencies=[OurForm])
def explain(
    request: Request, warning_id: uuid.UUID, acting: AsOfficer, photos: Photos, text: Text = ""
) -> Response:
    """Say what is being done (说明)."""
    keys = context.of(request).keys
    return _do(
        request,
        warning_id,
        acting,
        lambda session, uploads: lifecycle.explain(
            session, acting=acting, warning_id=warning_id, text=text, uploads=uploads, keys=keys
        ),
        done="explained",
        typed={"explain": text},
        photos=photos,
    )


@router.post("/{warning_id}/propose", dependencies=[OurForm])
def propose(
    request: Request,
    warning_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    photos: Photos,
    reason: Annotated[CloseReason | None, Form()] = None,
    text: Text = "",
    transferred_to: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Say why no data will clear it (申请销号)."""
    keys = context.of(request).keys

    def step(session: Session, uploads: list[str]) -> object:
        return lifecycle.propose(
            session,
            acting=acting,
            warning_id=warning_id,
            reason=_chosen(reason),
            text=text,
            transferred_to=transferred_to,
            uploads=uploads,
            keys=keys,
            version=version,
        )

    typed = {"propose": text, "transferred_to": transferred_to}
    return _do(request, warning_id, acting, step, done="proposed", typed=typed, photos=photos)


@router.post("/{warning_id}/accept", dependencies=[OurForm])
def accept(
    request: Request, warning_id: uuid.UUID, acting: AsOfficer, version: Version, text: Text = ""
) -> Response:
    """Agree to a proposal (同意销号)."""
    return _do(
        request,
        warning_id,
        acting,
        lambda session, _: lifecycle.accept(
            session, acting=acting, warning_id=warning_id, text=text, version=version
        ),
        done="closed",
        typed={"review": text},
    )


@router.post("/{warning_id}/return", dependencies=[OurForm])
def send_back(
    request: Request, warning_id: uuid.UUID, acting: AsOfficer, version: Version, text: Text = ""
) -> Response:
    """Return a proposal (退回)."""
    return _do(
        request,
        warning_id,
        acting,
        lambda session, _: lifecycle.send_back(
            session, acting=acting, warning_id=warning_id, text=text, version=version
        ),
        done="returned",
        typed={"review": text},
    )


@router.post("/{warning_id}/close", dependencies=[OurForm])
def close(
    request: Request,
    warning_id: uuid.UUID,
    acting: AsOfficer,
    version: Version,
    reason: Annotated[CloseReason | None, Form()] = None,
    text: Text = "",
    transferred_to: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Review and strike off (复核销号)."""

    def step(session: Session, _: list[str]) -> object:
        return lifecycle.close(
            session,
            acting=acting,
            warning_id=warning_id,
            reason=_chosen(reason),
            text=text,
            transferred_to=transferred_to,
            version=version,
        )

    typed = {"close": text, "transferred_to": transferred_to}
    return _do(request, warning_id, acting, step, done="closed", typed=typed)


@router.post("/{warning_id}/silence", dependencies=[OurForm])
def silence(
    request: Request,
    warning_id: uuid.UUID,
    acting: AsOfficer,
    ends_on: Annotated[date | Literal[""], Form()] = "",
    text: Text = "",
) -> Response:
    """Keep quiet about its rule and subject until a day (静默)."""

    def step(session: Session, _: list[str]) -> object:
        if not ends_on:
            raise BadInput("silence.end_missing", "请选择静默到哪一天。", field="ends_on")
        warning = access.access_warning(session, acting, warning_id)
        return silences.of_warning(session, acting=acting, warning=warning, ends_on=ends_on, reason=text)

    return _do(request, warning_id, acting, step, done="silenced", typed={"silence": text})


def _chosen(reason: CloseReason | None) -> CloseReason:
    if reason is None:
        raise BadInput("warning.reason_missing", "请选择销号的理由。", field="reason")
    return reason


def _do(
    request: Request,
    warning_id: uuid.UUID,
    acting: Actor,
    step: Step,
    *,
    done: str,
    typed: dict[str, str] | None = None,
    photos: list[UploadFile] | None = None,
) -> Response:
    here = context.of(request)
    try:
        tokens = uploaded(here, acting, photos or [])
        with changing(here) as session:
            step(session, tokens)
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, warning_id, acting, problem=problem, typed=typed)
    return go(f"/desk/warnings/{warning_id}?done={done}")


def _page(
    request: Request,
    warning_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    with context.of(request).database.reading() as session:
        warning = access.access_warning(session, acting, warning_id)
        village = session.get_one(Organisation, warning.village_id)
        events = desk.warning_events(session, warning)
        return show(
            request,
            "desk/warning.html",
            status=problem.status if problem else 200,
            warning=warning,
            village=village,
            place=organisations.full_name(session, village),
            rule=by_key(warning.rule),
            events=events,
            event_files=queries.files(session, events),
            notified=queries.notified(session, warning),
            episodes=queries.episodes(session, acting=acting, warning=warning),
            silences=queries.silenced_by(session, acting=acting, warning=warning),
            behind=evidence.of(session, acting=acting, warning=warning),
            contract=desk.contract_of(session, acting=acting, warning=warning),
            drafts=access.covers(session, acting, village.id, Role.INFORMATION_OFFICER),
            reviews=access_warnings.may_review(session, acting, warning),
            silences_here=_may_silence(session, acting, warning, village),
            until=min(clock.today() + timedelta(days=SILENCE_DAYS), silences.latest_end(session)),
            last=silences.latest_end(session),
            today=clock.today(),
            reasons=CloseReason,
            proposable=lifecycle.PROPOSABLE,
            states=WarningState,
            shadow=RuleMode.SHADOW,
            problem=problem,
            done=done,
            typed=typed or {},
        )


def _may_silence(session: Session, acting: Actor, warning: EarlyWarning, village: Organisation) -> bool:
    if warning.state == WarningState.CLOSED or warning.mode == RuleMode.SHADOW:
        return False
    return access_warnings.may_silence(session, acting, village, red=warning.colour == Colour.RED)
