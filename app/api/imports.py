"""Imports: the template of a category, what a filled one would do, and doing it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Form, Query, Response, UploadFile, status
from pydantic import Field

from app.api.common import Signed, file, page, problems, router
from app.api.schemas import Body, CategoryCode, OptionalParagraph, Out
from app.core import sheets
from app.models import ImportBatch
from app.models.interaction import ImportState
from app.services import imports as service
from app.web.context import InContext, ReadSession, WriteSession
from app.web.downloads import workbook
from app.web.paging import After, Limit, Page

api = router("导入")
Period = Annotated[
    str,
    Query(
        pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?$",
        description="预先填好的所属期间",
        examples=["2026-03"],
    ),
]


class CellError(Out):
    """What is wrong with one cell. Personal data in `value` are masked."""

    cell: str = Field(examples=["B7"])
    header: str = Field(examples=["金额（元）"])
    value: str
    problem: str = Field(examples=["看不懂这个金额"])
    remedy: str = Field(examples=["请写成 1234.50 或 1.5万元 这样的数"])


class ImportItem(Out):
    """One item of the workbook and what becomes of it: create, change, correct, unchanged or skip."""

    village: str = Field(examples=["donglian"])
    period: str | None
    title: str
    rows: int
    first_row: int
    outcome: service.Outcome
    reason: str
    disclosure_id: uuid.UUID | None


class ImportOut(Out):
    """A workbook that was uploaded: previewed, applied, or refused because of its `errors`."""

    id: uuid.UUID
    category: str
    state: ImportState
    file_name: str
    rows: int
    errors: list[CellError]
    items: list[ImportItem]
    counts: dict[service.Outcome, int]
    formulas: int = Field(description="公式格数，按保存的结果读取")
    unknown: list[str] = Field(description="没有读取的列")
    created_at: datetime
    applied_at: datetime | None


class Application(Body):
    """Whether what is public already is to be corrected, and why; the reason becomes public."""

    corrections: bool = False
    reason: OptionalParagraph = ""


@api.get(
    "/imports/template",
    response_class=Response,
    responses=problems(400, 403, 404, 422) | file(sheets.MIME),
)
def import_template(
    category: CategoryCode, acting: Signed, session: ReadSession, period: Period | None = None
) -> Response:
    """一个公开类别的导入模板（Excel），列出您负责的村社。"""
    return _workbook(service.template(session, acting=acting, category_code=category, period=period))


@api.post("/imports", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 413, 422))
def preview_import(
    category: Annotated[CategoryCode, Form()],
    file: UploadFile,
    acting: Signed,
    session: WriteSession,
    here: InContext,
) -> ImportOut:
    """上传填好的表格，得到预览；还没有保存任何公开信息。"""
    batch = service.preview(
        session,
        acting=acting,
        category_code=category,
        data=file.file.read(here.settings.upload_max_bytes + 1),
        file_name=file.filename or "",
        storage=here.storage,
        keys=here.keys,
    )
    session.refresh(batch)
    return _out(batch)


@api.get("/imports", responses=problems(400, 403, 422))
def list_imports(
    acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[ImportOut]:
    """自己的导入，新的在前。"""
    rows, following = page(
        session,
        service.listing(acting),
        cursor=after,
        limit=limit,
        moment=ImportBatch.created_at,
        key=ImportBatch.id,
    )
    return Page(items=[_out(row[0]) for row in rows], next=following)


@api.get("/imports/{import_id}", responses=problems(403, 404, 422))
def get_import(import_id: uuid.UUID, acting: Signed, session: ReadSession) -> ImportOut:
    """一次导入：预览、错误和结果。"""
    return _out(service.find(session, acting=acting, batch_id=import_id))


@api.post("/imports/{import_id}/apply", responses=problems(400, 403, 404, 409, 422))
def apply_import(
    import_id: uuid.UUID, body: Application, acting: Signed, session: WriteSession, here: InContext
) -> ImportOut:
    """照预览导入：全部成为草稿，或者一条也不导入。重复调用没有坏处。"""
    batch = service.apply(
        session,
        acting=acting,
        batch_id=import_id,
        storage=here.storage,
        keys=here.keys,
        corrections=body.corrections,
        reason=body.reason,
    )
    return _out(batch)


@api.get(
    "/imports/{import_id}/errors",
    response_class=Response,
    responses=problems(403, 404, 409, 422) | file(sheets.MIME),
)
def import_errors(import_id: uuid.UUID, acting: Signed, session: ReadSession, here: InContext) -> Response:
    """上传的表格，标出有错的格子。"""
    return _workbook(
        service.faulty(session, acting=acting, batch_id=import_id, storage=here.storage, keys=here.keys)
    )


def _workbook(made: service.Template) -> Response:
    return workbook(made.name, made.content)


def _out(batch: ImportBatch) -> ImportOut:
    result = batch.result
    return ImportOut(
        id=batch.id,
        category=batch.category_code or "",
        state=batch.state,
        file_name=batch.file_name,
        rows=batch.rows,
        errors=[CellError(**error) for error in batch.errors],
        items=[ImportItem.model_validate(item) for item in result.get("items", [])],
        counts=result.get("counts", {}),
        formulas=result.get("formulas", 0),
        unknown=result.get("unknown", []),
        created_at=batch.created_at,
        applied_at=batch.applied_at,
    )
