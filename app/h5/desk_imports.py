"""Importing on the officer's desk: choose a category, download its template, upload it, look, import."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, NotFound
from app.h5.common import AsOfficer, OurForm, changing, go, show
from app.models import DisclosureCategory
from app.models.categories import Cadence
from app.models.interaction import ImportState
from app.services import imports
from app.services.actors import Actor
from app.services.disclosures.summaries import spoken_period
from app.web import context
from app.web.context import Context, InContext, ReadSession
from app.web.downloads import workbook

router = APIRouter(prefix="/desk/import", include_in_schema=False)

SHOWN_ERRORS = 100
SHOWN_ITEMS = 300
RECENT = 10
OUTCOMES = {
    imports.Outcome.CREATE.value: ("新建草稿", "green"),
    imports.Outcome.CHANGE.value: ("修改草稿", "yellow"),
    imports.Outcome.CORRECT.value: ("提出更正", "yellow"),
    imports.Outcome.UNCHANGED.value: ("没有变化", "grey"),
    imports.Outcome.SKIP.value: ("不导入", "grey"),
}
STATES = {ImportState.PREVIEWED: "待确认", ImportState.APPLIED: "已导入", ImportState.REFUSED: "有错误"}
Category = Annotated[str, Query(max_length=40)]


@router.get("")
def start(request: Request, acting: AsOfficer, session: ReadSession, category: Category = "") -> Response:
    """What can be imported, and the last imports."""
    return _start(request, session, acting, category)


def _start(
    request: Request, session: Session, acting: Actor, chosen: str, problem: AppError | None = None
) -> Response:
    offered = imports.templates(session, acting=acting)
    found = next((one for one in offered if one.code == chosen), None)
    return show(
        request,
        "desk/import.html",
        status=problem.status if problem else 200,
        categories=offered,
        chosen=found,
        periods=[(period, spoken_period(period)) for period in recent_periods(found, clock.today())],
        batches=[row[0] for row in session.execute(imports.listing(acting).limit(RECENT))],
        names={one.code: one.name for one in offered},
        states=STATES,
        most=imports.MOST_ROWS,
        problem=problem,
    )


def recent_periods(category: DisclosureCategory | None, today: date) -> list[str]:
    """The present period and those before it, the last finished one first."""
    if category is None or category.cadence not in (Cadence.MONTH, Cadence.QUARTER, Cadence.YEAR):
        return []
    found: list[str] = []
    day = today
    while len(found) < 6:
        period = _period(category.cadence, day)
        if period not in found:
            found.append(period)
        day = day.replace(day=1) - timedelta(days=1)
    return [*found[1:], found[0]]


def _period(cadence: Cadence, day: date) -> str:
    if cadence == Cadence.YEAR:
        return str(day.year)
    quarter = f"{day.year}-Q{(day.month + 2) // 3}"
    return quarter if cadence == Cadence.QUARTER else f"{day:%Y-%m}"


@router.get("/template")
def template(
    acting: AsOfficer,
    session: ReadSession,
    category: Category,
    period: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The workbook to fill in."""
    made = imports.template(session, acting=acting, category_code=category, period=period or None)
    return workbook(made.name, made.content)


@router.post("", dependencies=[OurForm])
def upload(
    request: Request,
    acting: AsOfficer,
    here: InContext,
    category: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Read the workbook and go on to its preview."""
    try:
        name, data = sent(here, file)
        with changing(here) as session:
            batch = imports.preview(
                session,
                acting=acting,
                category_code=category,
                data=data,
                file_name=name,
                storage=here.storage,
                keys=here.keys,
            )
    except NotFound:
        raise
    except AppError as problem:
        with here.database.reading() as session:
            return _start(request, session, acting, category, problem)
    return go(f"/desk/import/{batch.id}")


def sent(here: Context, file: UploadFile | None) -> tuple[str, bytes]:
    """The name and the content of the workbook that was sent. Raises BadInput when none was."""
    if file is None or not file.filename:
        raise BadInput("import.file_missing", "请选择填好的 Excel 文件。", field="file")
    return file.filename, file.file.read(here.settings.upload_max_bytes + 1)


@router.get("/{batch_id}")
def one(request: Request, batch_id: uuid.UUID, acting: AsOfficer) -> Response:
    """What importing would do, or did, or what is wrong."""
    return _page(request, batch_id, acting)


def _page(
    request: Request,
    batch_id: uuid.UUID,
    acting: Actor,
    *,
    problem: AppError | None = None,
    corrections: bool = False,
    reason: str = "",
) -> Response:
    with context.of(request).database.reading() as session:
        batch = imports.find(session, acting=acting, batch_id=batch_id)
        category = session.get_one(DisclosureCategory, batch.category_code)
        items = batch.result.get("items", [])
        return show(
            request,
            "desk/import_batch.html",
            status=problem.status if problem else 200,
            batch=batch,
            category=category,
            items=[{**item, "spoken": spoken_period(item["period"])} for item in items[:SHOWN_ITEMS]],
            total=len(items),
            counts=batch.result.get("counts", {}),
            errors=batch.errors[:SHOWN_ERRORS],
            rows=len({re.sub("[A-Z]", "", error["cell"]) for error in batch.errors}),
            outcomes=OUTCOMES,
            states=ImportState,
            problem=problem,
            corrections=corrections,
            reason=reason,
        )


@router.post("/{batch_id}/apply", dependencies=[OurForm])
def apply(
    request: Request,
    batch_id: uuid.UUID,
    acting: AsOfficer,
    here: InContext,
    corrections: Annotated[str, Form()] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """All of it, or nothing."""
    wanted = corrections == "1"
    try:
        with changing(here) as session:
            imports.apply(
                session,
                acting=acting,
                batch_id=batch_id,
                storage=here.storage,
                keys=here.keys,
                corrections=wanted,
                reason=reason,
            )
    except NotFound:
        raise
    except AppError as problem:
        return _page(request, batch_id, acting, problem=problem, corrections=wanted, reason=reason)
    return go(f"/desk/import/{batch_id}")


@router.get("/{batch_id}/errors.xlsx")
def errors(batch_id: uuid.UUID, acting: AsOfficer, session: ReadSession, here: InContext) -> Response:
    """The uploaded sheet with the wrong cells marked."""
    made = imports.faulty(session, acting=acting, batch_id=batch_id, storage=here.storage, keys=here.keys)
    return workbook(made.name, made.content)
