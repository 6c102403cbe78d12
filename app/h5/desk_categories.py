"""The 10+X list on the desk: what every village publishes, changing it with a reason, a village's own X."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, Forbidden, NotFound
from app.h5 import category_words
from app.h5.category_forms import FromForm, Typed, blank, changes, typed_of, with_blank_rows
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.models import DisclosureCategory, Officer, Organisation, SettingHistory
from app.services import access, categories, desk
from app.services.access_catalogue import catalogue_villages, edits_catalogue, require_catalogue_editor
from app.services.disclosures.fields import columns_of, fields_of
from app.web import context
from app.web.context import ReadSession

router = APIRouter(prefix="/desk/categories", include_in_schema=False)

DONE = {"edited": "已保存，原因记在变更记录里。", "added": "已加进公开清单。"}
OfVillage = Annotated[str, Query(max_length=16)]


@router.get("")
def listing(request: Request, acting: AsOfficer, session: ReadSession, village: OfVillage = "") -> Response:
    """The whole list; with a village, its own entries too."""
    places = catalogue_villages(session, acting)
    chosen = access.access_village(session, acting, village) if village else _only(places)
    village_id = chosen.id if chosen else None
    return show(
        request,
        "desk/categories.html",
        tiles=_tiles(session, village_id),
        places=places,
        chosen=chosen,
        may_add=edits_catalogue(session, acting, chosen.id if chosen else None),
        cadence=categories.cadence_words,
        notice=categories.notice_words,
        in_force=lambda row: categories.in_force(row, clock.today()),
    )


@router.get("/new")
def new(request: Request, acting: AsOfficer, session: ReadSession, village: OfVillage = "") -> Response:
    """The form of an X."""
    place = access.access_village(session, acting, village) if village else None
    require_catalogue_editor(session, acting, place.id if place else None)
    return _form(request, session, None, blank(), village=place)


@router.post("/new", dependencies=[OurForm])
def add(request: Request, acting: AsOfficer, typed: FromForm, village: OfVillage = "") -> Response:
    """Add an X with its reason."""
    with context.of(request).database.reading() as session:
        place = access.access_village(session, acting, village) if village else None
    try:
        values = changes(typed)
        values.pop("position", None)
        own = categories.Own(values.pop("name"), values.pop("explanation"), values)
        with changing(context.of(request)) as session:
            made = categories.add_own(
                session, acting=acting, village=place, own=own, reason=typed.get("reason", "")
            )
            address = f"/desk/categories/{made.code}?done=added"
    except (NotFound, Forbidden):
        raise
    except AppError as problem:
        with context.of(request).database.reading() as session:
            return _form(request, session, None, blank() | typed, village=place, problem=problem)
    return go(address)


@router.get("/{code}")
def one(
    request: Request,
    code: str,
    acting: AsOfficer,
    session: ReadSession,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One entry with its fields, its legal source and its history."""
    row = categories.find(session, code)
    history = categories.history(session, code)
    return show(
        request,
        "desk/category.html",
        category=row,
        parent=categories.find(session, row.parent_code) if row.parent_code else None,
        place=_place(session, row),
        in_force=categories.in_force(row, clock.today()),
        cadence=categories.cadence_words(row),
        notice=categories.notice_words(row),
        fields=fields_of(row),
        columns=columns_of(row),
        history=history,
        names=_names(session, history),
        talk=category_words,
        may_edit=edits_catalogue(session, acting, row.village_id),
        done=DONE.get(done, ""),
    )


@router.get("/{code}/edit")
def edit(request: Request, code: str, acting: AsOfficer, session: ReadSession) -> Response:
    """The form of one entry."""
    row = categories.find(session, code)
    require_catalogue_editor(session, acting, row.village_id)
    return _form(request, session, row, typed_of(row))


@router.post("/{code}/edit", dependencies=[OurForm])
def save(request: Request, code: str, acting: AsOfficer, typed: FromForm) -> Response:
    """Change an entry. What was typed stays when it is refused."""
    version = typed.get("version", "")
    try:
        with changing(context.of(request)) as session:
            categories.edit(
                session,
                acting=acting,
                code=code,
                changes=changes(typed),
                reason=typed.get("reason", ""),
                version=int(version) if version.isdecimal() and len(version) < 10 else 0,
            )
    except (NotFound, Forbidden):
        raise
    except AppError as problem:
        with context.of(request).database.reading() as session:
            row = categories.find(session, code)
            return _form(request, session, row, blank() | typed, problem=problem)
    return go(f"/desk/categories/{code}?done=edited")


def _form(
    request: Request,
    session: Session,
    row: DisclosureCategory | None,
    typed: Typed,
    *,
    village: Organisation | None = None,
    problem: AppError | None = None,
) -> Response:
    return show(
        request,
        "desk/category_form.html",
        status=problem.status if problem else 200,
        category=row,
        place=_place(session, row) if row else (village.name if village else ""),
        village=village,
        typed=with_blank_rows(typed),
        talk=category_words,
        problem=problem,
    )


def _tiles(
    session: Session, village_id: uuid.UUID | None
) -> list[tuple[DisclosureCategory, list[DisclosureCategory]]]:
    tiles: list[tuple[DisclosureCategory, list[DisclosureCategory]]] = []
    for row in categories.listing(session, village_id):
        if row.parent_code is None:
            tiles.append((row, []))
        else:
            tiles[-1][1].append(row)
    return tiles


def _only(places: Sequence[Organisation]) -> Organisation | None:
    return places[0] if len(places) == 1 else None


def _place(session: Session, row: DisclosureCategory) -> str:
    return desk.names(session, [row.village_id]).get(row.village_id, "") if row.village_id else ""


def _names(session: Session, history: Sequence[SettingHistory]) -> dict[str, str]:
    """The names of the officers who changed something."""
    keys = [uuid.UUID(row.actor_id) for row in history if row.actor_kind == "officer" and row.actor_id]
    rows = session.execute(select(Officer.id, Officer.name).where(Officer.id.in_(keys)))
    return {str(key): name for key, name in rows}
