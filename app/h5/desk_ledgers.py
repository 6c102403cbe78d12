"""Importing ledgers on the officer's desk: template, upload, which column is which, look, enter. No scripts;
a page about a long file loads itself again."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import AppError, NotFound
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.h5.desk_imports import sent
from app.models import ImportBatch, Organisation
from app.models.base import Json
from app.models.interaction import ImportState
from app.services import access, access_ledgers
from app.services import ledger_imports as imports
from app.services.access_imports import kept_villages
from app.services.actors import Actor
from app.services.disclosures.summaries import spoken_period
from app.services.ledgers.definitions import LEDGERS
from app.web import context
from app.web.context import InContext, ReadSession
from app.web.downloads import workbook

router = APIRouter(prefix="/desk/ledgers", include_in_schema=False)

SHOWN_ERRORS, RECENT, MOST_MONTHS = 100, 10, 24
STATES = {
    ImportState.READING: "读取中",
    ImportState.MAPPING: "待对应列",
    ImportState.PREVIEWED: "待确认",
    ImportState.APPLYING: "导入中",
    ImportState.APPLIED: "已导入",
    ImportState.REFUSED: "没有导入",
}
COLOURS = {"applied": "green", "refused": "red"}
Kind = Annotated[str, Query(max_length=40)]


@router.get("")
def start(request: Request, acting: AsOfficer, session: ReadSession, kind: Kind = imports.AUTO) -> Response:
    """What can be imported, and the last imports."""
    return _start(request, session, acting, kind)


def _start(
    request: Request,
    session: Session,
    acting: Actor,
    kind: str,
    problem: AppError | None = None,
    village: str = "",
) -> Response:
    offered = imports.templates(session, acting=acting)
    names = {f"{imports.KIND}{one.key}": one.title for one in offered}
    return show(
        request,
        "desk/ledgers.html",
        status=problem.status if problem else 200,
        offered=offered,
        kind=kind,
        village=village,
        villages=_villages(session, acting) if offered else [],
        batches=[row[0] for row in session.execute(imports.listing(acting).limit(RECENT))],
        names=names,
        states=STATES,
        colours=COLOURS,
        most=imports.MOST_ROWS,
        problem=problem,
    )


def _villages(session: Session, acting: Actor) -> list[Organisation]:
    return list(kept_villages(session, acting, *(ledger.model for ledger in LEDGERS.values())))


@router.get("/template")
def template(acting: AsOfficer, session: ReadSession, kind: Kind) -> Response:
    """The workbook to fill in."""
    made = imports.template(session, acting=acting, kind=kind)
    return workbook(made.name, made.content)


@router.post("", dependencies=[OurForm])
def upload(
    request: Request,
    acting: AsOfficer,
    here: InContext,
    kind: Annotated[str, Form(max_length=40)] = imports.AUTO,
    village: Annotated[str, Form(max_length=40)] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Take the workbook and go on to what it holds."""
    try:
        name, data = sent(here, file)
        with changing(here) as session:
            batch = imports.upload(
                session,
                acting=acting,
                kind=kind,
                data=data,
                file_name=name,
                storage=here.storage,
                keys=here.keys,
                village_code=village,
            )
    except AppError as problem:
        with here.database.reading() as session:
            return _start(request, session, acting, kind, problem, village)
    return go(f"/desk/ledgers/{batch.id}")


@router.post("/finance", dependencies=[OurForm])
def finance(
    acting: AsOfficer,
    here: InContext,
    village: Annotated[str, Form(max_length=40)],
    month: Annotated[str, Form(max_length=10)],
) -> Response:
    """The draft of the month's finance disclosure, made from the ledgers."""
    with changing(here) as session:
        place = access.access_village(session, acting, village)
        made = imports.finance_draft(session, acting=acting, village=place, month=month, keys=here.keys)
    return go(f"/desk/disclosures/{made.id}")


@router.get("/{batch_id}")
def one(
    request: Request,
    batch_id: uuid.UUID,
    acting: AsOfficer,
    columns: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """What a file holds, what entering would do, or did, or what is wrong; `columns` asks which is which."""
    return _page(request, batch_id, acting, asked=columns == "1")


def _page(
    request: Request,
    batch_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    asked: bool = False,
) -> Response:
    with context.of(request).database.reading() as session:
        batch = imports.find(session, acting=acting, batch_id=batch_id)
        done, total, failure = imports.advance(session, batch)
        result = batch.result
        asking = batch.state is ImportState.MAPPING or (asked and batch.state is not ImportState.APPLIED)
        return show(
            request,
            "desk/ledgers_batch.html",
            status=problem.status if problem else 200,
            batch=batch,
            base=f"/desk/ledgers/{batch.id}",
            title=_title(batch),
            sheets=_sheets(result["sheets"], only_open=not asked) if asking else [],
            all_sheets=result["sheets"],
            kinds=[(one.key, one.title) for one in imports.templates(session, acting=acting)],
            titles={key: one.title for key, one in imports.layouts().items()},
            villages=_villages(session, acting) if asking else [],
            asking=asking,
            counts=result["counts"],
            errors=batch.errors[:SHOWN_ERRORS],
            doubles=result["doubles"][:SHOWN_ERRORS],
            months=_months(session, acting, batch),
            done=done,
            total=total,
            failure=failure or (result["problem"] or {}).get("message", ""),
            states=ImportState,
            problem=problem,
        )


def _title(batch: ImportBatch) -> str:
    kind = batch.kind.removeprefix(imports.KIND)
    return "台账" if kind == imports.AUTO else imports.layout(kind).title


def _sheets(sheets: list[Json], *, only_open: bool) -> list[Json]:
    """The sheets to be asked about, with their number in the file and the fields of their ledger."""
    shown = []
    for at, sheet in enumerate(sheets):
        if only_open and (sheet["ready"] or sheet["skipped"]):
            continue
        kind = sheet["kind"]
        fields: Any = imports.layout(kind).columns if kind else ()
        either = imports.layout(kind).either if kind else ()
        shown.append(
            {**sheet, "at": at, "fields": fields, "either": {key for group in either for key in group}}
        )
    return shown


def _months(session: Session, acting: Actor, batch: ImportBatch) -> list[tuple[str, str, str]]:
    """Village, month and words of the finance drafts that this import may feed."""
    if batch.state is not ImportState.APPLIED:
        return []
    months = batch.result["months"][-MOST_MONTHS:]
    places = session.scalars(
        access_ledgers.kept_villages(acting).where(Organisation.code.in_({code for code, _ in months}))
    )
    names = {place.code: place.name for place in places}
    return [
        (code, month, f"{names[code]}{spoken_period(month)}")
        for code, month in reversed(months)
        if code in names
    ]


async def _said(request: Request) -> dict[str, str]:
    """The fields of the form as they came. (Async because the form is read from the request's stream.)"""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


@router.post("/{batch_id}/columns", dependencies=[OurForm])
def columns(
    request: Request,
    batch_id: uuid.UUID,
    acting: AsOfficer,
    here: InContext,
    said: Annotated[dict[str, str], Depends(_said)],
) -> Response:
    """Which sheet is which ledger, and which header which field; then the file is read again."""
    try:
        with changing(here) as session:
            batch = imports.find(session, acting=acting, batch_id=batch_id)
            imports.say(
                session,
                acting=acting,
                batch_id=batch_id,
                said=_by_sheet(batch.result["sheets"], said),
                storage=here.storage,
                keys=here.keys,
                village_code=said.get("village"),
            )
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, batch_id, acting, problem=problem, asked=True)
    return go(f"/desk/ledgers/{batch_id}")


def _by_sheet(sheets: list[Json], said: dict[str, str]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for at, sheet in enumerate(sheets):
        kind = said.get(f"kind.{at}")
        if kind is None:
            continue
        prefix = f"column.{at}."
        chosen = {key.removeprefix(prefix): name for key, name in said.items() if key.startswith(prefix)}
        same = kind == sheet["kind"]  # of another ledger the fields are asked next
        found[sheet["name"]] = {"kind": kind, **({"columns": chosen} if same and chosen else {})}
    return {name: one for name, one in found.items() if one["kind"]}


@router.post("/{batch_id}/apply", dependencies=[OurForm])
def apply(
    request: Request,
    batch_id: uuid.UUID,
    acting: AsOfficer,
    here: InContext,
    choice: Annotated[imports.Choice, Form()] = imports.Choice.ALL_OR_NOTHING,
    doubles: Annotated[bool, Form()] = False,
) -> Response:
    """All of it or nothing, or the good rows."""
    try:
        with changing(here) as session:
            imports.apply(
                session,
                acting=acting,
                batch_id=batch_id,
                storage=here.storage,
                keys=here.keys,
                choice=choice,
                doubles=doubles,
            )
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, batch_id, acting, problem=problem)
    return go(f"/desk/ledgers/{batch_id}")


@router.get("/{batch_id}/errors.xlsx")
def errors(batch_id: uuid.UUID, acting: AsOfficer, session: ReadSession, here: InContext) -> Response:
    """The uploaded sheets with the wrong cells marked."""
    made = imports.faulty(session, acting=acting, batch_id=batch_id, storage=here.storage, keys=here.keys)
    return workbook(made.name, made.content)
