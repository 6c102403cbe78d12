"""The board on the desk (公开进度): one screen per town, villages × categories; and one page per village,
where events are entered, due items waived, and published items named for what they meet."""

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
from app.models import Obligation, Organisation
from app.models.categories import Cadence
from app.models.obligations import ObligationSource, ObligationState
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.services import access, access_obligations, categories, obligations, organisations
from app.services.actors import Actor
from app.services.obligations import TownLine, periods
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk", include_in_schema=False)

DONE = {"entered": "已登记。", "waived": "已免于公开，原因村民看得到。", "met": "已关联。"}
SOURCES = {
    ObligationSource.CALENDAR: "公开清单",
    ObligationSource.CONTRACT: "合同到期",
    ObligationSource.PROJECT: "工程环节",
    ObligationSource.EVENT: "登记的事项",
}
Words = Annotated[str, Form()]


@router.get("/board")
def overview(
    request: Request,
    acting: AsOfficer,
    session: ReadSession,
    town: Annotated[str, Query(max_length=20)] = "",
    period: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The board of a town: of the one that is named, else of the officer's first."""
    lines = obligations.towns(session, acting=acting)
    shown = _chosen(lines, town)
    board = (
        obligations.board(session, acting=acting, town_id=shown.id, period=period or None) if shown else None
    )
    return show(
        request,
        "desk/board.html",
        board=board,
        towns=lines,
        period=period,
        periods=_periods(clock.today()),
        label=periods.read(period).label if period else "现在",
        today=clock.today(),
    )


def _chosen(lines: list[TownLine], code: str) -> Organisation | None:
    if not code:
        return lines[0].town if lines else None
    found = next((line.town for line in lines if line.town.code == code), None)
    if found is None:
        raise NotFound("board.not_found", "没有找到这个镇街的公开进度，可能链接有误，或不属于您的范围。")
    return found


def _periods(today: date) -> list[periods.Period]:
    """This and the last month, quarter and year."""
    found = []
    for cadence in (Cadence.MONTH, Cadence.QUARTER, Cadence.YEAR):
        present = periods.of(cadence, today)
        if present is not None:
            found += [present, periods.before(present)]
    return found


@router.get("/board/{code}")
def village(
    request: Request,
    code: str,
    acting: AsOfficer,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """What a village owes and owed, and what the officer may do about it. A town's code leads to its own."""
    with context.of(request).database.reading() as session:
        place = organisations.by_code(session, acting=acting, code=code)
        if place.kind == OrganisationKind.TOWN:
            return go(f"/desk/board?town={place.code}")
    return _page(request, code, acting, done=DONE.get(done, ""))


@router.post("/board/{code}/events", dependencies=[OurForm])
def enter_event(
    request: Request,
    code: str,
    acting: AsOfficer,
    category: Words = "",
    title: Words = "",
    happened_on: Words = "",
) -> Response:
    """Enter that something happened that must be published."""

    def step(session: Session) -> object:
        place = access.access_village(session, acting, code)
        return obligations.owe(
            session,
            acting=acting,
            village=place,
            category_code=category,
            title=title,
            happened_on=_day(happened_on),
        )

    typed = {"category": category, "title": title, "happened_on": happened_on}
    return _do(request, code, acting, step, "entered", typed)


@router.post("/obligations/{obligation_id}/waive", dependencies=[OurForm])
def waive(request: Request, obligation_id: uuid.UUID, acting: AsOfficer, reason: Words = "") -> Response:
    """It need not be published (免于公开), for a reason that everybody reads."""
    code = _village_of(request, acting, obligation_id)

    def step(session: Session) -> object:
        return obligations.waive(session, acting=acting, obligation_id=obligation_id, reason=reason)

    return _do(request, code, acting, step, "waived", {"row": str(obligation_id), "reason": reason})


@router.post("/obligations/{obligation_id}/met", dependencies=[OurForm])
def met(request: Request, obligation_id: uuid.UUID, acting: AsOfficer, disclosure: Words = "") -> Response:
    """Name the published item that meets it."""
    code = _village_of(request, acting, obligation_id)

    def step(session: Session) -> object:
        try:
            chosen = uuid.UUID(disclosure)
        except ValueError as error:
            raise BadInput(
                "obligation.item_wrong", "请选择本村已经公开的内容。", field="disclosure"
            ) from error
        return obligations.link(session, acting=acting, obligation_id=obligation_id, disclosure_id=chosen)

    return _do(request, code, acting, step, "met", {"row": str(obligation_id)})


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise BadInput("obligation.day_wrong", "请填写发生日期。", field="happened_on") from error


def _village_of(request: Request, acting: Actor, obligation_id: uuid.UUID) -> str:
    with context.of(request).database.reading() as session:
        row: Obligation = access_obligations.access_obligation(session, acting, obligation_id)
        return session.get_one(Organisation, row.village_id).code


def _do(
    request: Request,
    code: str,
    acting: Actor,
    step: Callable[[Session], object],
    done: str,
    typed: dict[str, str],
) -> Response:
    try:
        with changing(context.of(request)) as session:
            step(session)
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, code, acting, problem=problem, typed=typed)
    return go(f"/desk/board/{code}?done={done}")


def _page(
    request: Request,
    code: str,
    acting: Actor,
    *,
    problem: AppError | None = None,
    done: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    today = clock.today()
    with context.of(request).database.reading() as session:
        place = access.access_village(session, acting, code)
        access_obligations.require_board(session, acting, place.id)
        listed = categories.listing(session, place.id, today)
        rows = obligations.of_village(session, village_id=place.id)
        links = access_obligations.links(session, acting, place.id)
        return show(
            request,
            "desk/board_village.html",
            status=problem.status if problem else 200,
            village=place,
            place=organisations.full_name(session, place),
            open=[row for row in rows if row.state == ObligationState.OPEN],
            over=[row for row in rows if row.state != ObligationState.OPEN],
            candidates=obligations.candidates(session, village_id=place.id) if links else {},
            names={one.code: one.name for one in categories.listing(session, place.id)},
            choices=listed,
            sources=SOURCES,
            keeps=access_obligations.keeps(session, acting, place.id),
            waives=access_obligations.waives(session, acting, place.id),
            drafts=access.covers(session, acting, place.id, Role.INFORMATION_OFFICER),
            today=today,
            problem=problem,
            done=done,
            typed=typed or {},
        )
