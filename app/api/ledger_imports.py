"""Imports of ledgers: templates, what a file holds, what entering it would do, doing it, how far it is."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Form, Query, Response, UploadFile, status
from pydantic import Field
from sqlalchemy.orm import Session

from app.api.common import Signed, file, page, problems, router
from app.api.imports import CellError
from app.api.schemas import Body, Code, Out
from app.core import sheets
from app.models import ImportBatch
from app.models.interaction import ImportState
from app.services import access
from app.services import ledger_imports as service
from app.services.ledger_imports import mappings
from app.web.context import InContext, ReadSession, WriteSession
from app.web.downloads import workbook
from app.web.paging import After, Limit, Page

api = router("台账导入")
Kind = Annotated[str, Query(pattern=r"^[a-z_]{1,40}$", description="台账代码；bank 是银行流水")]
Key = Annotated[str, Field(pattern=r"^[a-z_]{0,40}$")]
Name = Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")]
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2026-03"])]


class LedgerKind(Out):
    """A sort of sheet that can be imported, and its columns."""

    key: str = Field(examples=["payments"])
    title: str = Field(examples=["支出"])
    columns: dict[str, str] = Field(description="栏目代码和名称")
    required: list[str]


class SheetCellError(CellError):
    """What is wrong with one cell, and in which sheet."""

    sheet: str


class HeaderOut(Out):
    """A header of the file with a few values below it, personal data masked."""

    name: str
    samples: list[str]


class SheetOut(Out):
    """One sheet of the file: the ledger that it holds (null: not recognised), which header is which field,
    and the required fields that no header was found for."""

    name: str
    rows: int
    kind: str | None
    ready: bool
    skipped: bool
    remembered: bool = Field(description="按上次同样表头的对应读取")
    columns: dict[str, str] = Field(description="栏目代码 → 表头")
    lacking: list[str]
    unknown: list[str] = Field(description="没有读取的列")
    headers: list[HeaderOut]


class DoubleOut(Out):
    """A row that is probably the same as one that came from another source: the same village, day, amount and
    other side under another number."""

    sheet: str
    row: int
    ledger: str
    voucher: str
    same_as: str = Field(description="账上那一笔的凭证号")


class LedgerImportOut(Out):
    """A file of ledgers. `done` of `total` rows show how far reading or entering it is; of the errors at most
    500 are listed, `error_count` counts all. `counts`: by ledger, created, changed and unchanged rows."""

    id: uuid.UUID
    kind: str
    state: ImportState
    file_name: str
    rows: int
    skipped: int = Field(description="合计、余额等不是明细的行")
    done: int
    total: int
    error_count: int
    error_rows: int
    errors: list[SheetCellError]
    counts: dict[str, dict[str, int]]
    doubles: list[DoubleOut] = Field(
        description="像是账上已有的同一笔，不重复入账，只补空着的栏目；最多 500 条"
    )
    double_count: int
    villages: dict[str, int]
    sheets: list[SheetOut]
    problem: str | None = Field(description="整个文件不能导入的原因")
    created_at: datetime
    applied_at: datetime | None


class SheetSaid(Body):
    """What a sheet holds and which header is which field; an empty header: no column holds it."""

    kind: Key = Field(default="", description="台账代码；skip 不导入这一页；不填用认出来的")
    columns: dict[Key, Name] = Field(default_factory=dict, max_length=60)


class Said(Body):
    """What the officer says of the sheets, by their names."""

    village: Code | None = None
    sheets: dict[Name, SheetSaid] = Field(max_length=30)


class LedgerApplication(Body):
    """Everything or nothing, or the good rows only."""

    choice: service.Choice = service.Choice.ALL_OR_NOTHING
    enter_doubles: bool = Field(default=False, description="像是账上已有的同一笔，确认是另外的收付，也要入账")


class MappingOut(Out):
    """Which header of a sort of file is which field, as said earlier."""

    id: uuid.UUID
    kind: str
    mapping: dict[str, str]
    created_at: datetime


class FinanceMonth(Body):
    """A village and a month."""

    village: Code
    month: Month


class FinanceDraft(Out):
    """The draft that was written."""

    disclosure_id: uuid.UUID


@api.get("/ledger-imports/kinds", responses=problems(403))
def list_ledger_kinds(acting: Signed, session: ReadSession) -> list[LedgerKind]:
    """可以导入的台账和它们的栏目。"""
    return [
        LedgerKind(
            key=one.key,
            title=one.title,
            columns={column.key: column.label for column in one.columns},
            required=[column.key for column in one.columns if column.required],
        )
        for one in service.templates(session, acting=acting)
    ]


@api.get(
    "/ledger-imports/template",
    response_class=Response,
    responses=problems(403, 404, 422) | file(sheets.MIME),
)
def ledger_template(kind: Kind, acting: Signed, session: ReadSession) -> Response:
    """一本台账的导入模板（Excel）。"""
    made = service.template(session, acting=acting, kind=kind)
    return workbook(made.name, made.content)


@api.get("/ledger-imports/mappings", responses=problems(403))
def list_ledger_mappings(acting: Signed, session: ReadSession) -> list[MappingOut]:
    """自己说过的列的对应，新的在前。"""
    return [MappingOut.model_validate(row) for row in mappings.listing(session, acting)]


@api.delete(
    "/ledger-imports/mappings/{mapping_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(403, 404, 422),
)
def forget_ledger_mapping(mapping_id: uuid.UUID, acting: Signed, session: WriteSession) -> None:
    """忘掉一条列的对应。"""
    mappings.forget(session, acting=acting, mapping_id=mapping_id)


@api.post("/ledger-imports", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 413, 422))
def upload_ledgers(
    file: UploadFile,
    acting: Signed,
    session: WriteSession,
    here: InContext,
    kind: Annotated[
        str, Form(pattern=r"^[a-z_]{1,40}$", description="台账代码、bank 或 auto")
    ] = service.AUTO,
    village: Annotated[str, Form(pattern=r"^[a-z0-9-]{0,16}$", description="没有写村社的行是哪个村的")] = "",
) -> LedgerImportOut:
    """上传一个文件：小文件马上得到预览，大文件在后台读取，凭编号查看进度。还没有录入任何台账。"""
    batch = service.upload(
        session,
        acting=acting,
        kind=kind,
        data=file.file.read(here.settings.upload_max_bytes + 1),
        file_name=file.filename or "",
        storage=here.storage,
        keys=here.keys,
        village_code=village,
    )
    session.refresh(batch)
    return _out(session, batch)


@api.get("/ledger-imports", responses=problems(400, 403, 422))
def list_ledger_imports(
    acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[LedgerImportOut]:
    """自己的台账导入，新的在前。"""
    rows, following = page(
        session,
        service.listing(acting),
        cursor=after,
        limit=limit,
        moment=ImportBatch.created_at,
        key=ImportBatch.id,
    )
    return Page(items=[_out(session, row[0]) for row in rows], next=following)


@api.get("/ledger-imports/{import_id}", responses=problems(403, 404, 422))
def get_ledger_import(import_id: uuid.UUID, acting: Signed, session: ReadSession) -> LedgerImportOut:
    """一次台账导入：认出了什么、错误、进度和结果。"""
    return _out(session, service.find(session, acting=acting, batch_id=import_id))


@api.post("/ledger-imports/{import_id}/mapping", responses=problems(400, 403, 404, 409, 422))
def map_ledger_import(
    import_id: uuid.UUID, body: Said, acting: Signed, session: WriteSession, here: InContext
) -> LedgerImportOut:
    """说明哪一页是哪本台账、哪个表头是哪个栏目，再读一遍；下次同样表头的文件自动照用。"""
    batch = service.say(
        session,
        acting=acting,
        batch_id=import_id,
        said={name: one.model_dump(exclude_unset=True) for name, one in body.sheets.items()},
        storage=here.storage,
        keys=here.keys,
        village_code=body.village,
    )
    return _out(session, batch)


@api.post("/ledger-imports/{import_id}/apply", responses=problems(400, 403, 404, 409, 422))
def apply_ledger_import(
    import_id: uuid.UUID, body: LedgerApplication, acting: Signed, session: WriteSession, here: InContext
) -> LedgerImportOut:
    """录入台账：全部或都不录入，或者只录入没有错的行。长文件在后台进行。重复调用没有坏处。"""
    batch = service.apply(
        session,
        acting=acting,
        batch_id=import_id,
        storage=here.storage,
        keys=here.keys,
        choice=body.choice,
        doubles=body.enter_doubles,
    )
    return _out(session, batch)


@api.get(
    "/ledger-imports/{import_id}/errors",
    response_class=Response,
    responses=problems(403, 404, 409, 422) | file(sheets.MIME),
)
def ledger_import_errors(
    import_id: uuid.UUID, acting: Signed, session: ReadSession, here: InContext
) -> Response:
    """上传的表格，标出有错的格子，行尾写明问题。"""
    made = service.faulty(session, acting=acting, batch_id=import_id, storage=here.storage, keys=here.keys)
    return workbook(made.name, made.content)


@api.post(
    "/ledger-imports/finance-drafts",
    status_code=status.HTTP_201_CREATED,
    responses=problems(400, 403, 404, 409, 422),
)
def draft_finance(body: FinanceMonth, acting: Signed, session: WriteSession, here: InContext) -> FinanceDraft:
    """用台账里一个月的收款和支出，写成财务公开的草稿；自己的草稿会重写。"""
    village = access.access_village(session, acting, body.village)
    made = service.finance_draft(session, acting=acting, village=village, month=body.month, keys=here.keys)
    return FinanceDraft(disclosure_id=made.id)


def _out(session: Session, batch: ImportBatch) -> LedgerImportOut:
    result = batch.result
    done, total, failure = service.advance(session, batch)
    problem = (result["problem"] or {}).get("message") or failure or None
    return LedgerImportOut(
        id=batch.id,
        kind=batch.kind.removeprefix(service.KIND),
        state=batch.state,
        file_name=batch.file_name,
        rows=batch.rows,
        skipped=result["skipped"],
        done=done,
        total=total,
        error_count=result["error_count"],
        error_rows=result["error_rows"],
        errors=[SheetCellError.model_validate(error) for error in batch.errors],
        counts=result["counts"],
        doubles=[DoubleOut.model_validate(one) for one in result["doubles"]],
        double_count=result["double_count"],
        villages=result["villages"],
        sheets=[SheetOut.model_validate(sheet) for sheet in result["sheets"]],
        problem=problem,
        created_at=batch.created_at,
        applied_at=batch.applied_at,
    )
