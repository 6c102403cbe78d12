"""Files made in the background: ask, watch the progress, fetch."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from fastapi import Response, status
from pydantic import Field

from app.api.common import Admin, file, page, problems, router
from app.api.schemas import Body, Out
from app.models import Export
from app.models.base import WorkState
from app.services import exports as service
from app.services import qr_export
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("导出")
ZIP = "application/zip"


class ExportKind(StrEnum):
    """qr_zip 全部村社的二维码和海报."""

    QR_ZIP = qr_export.KIND


class NewExport(Body):
    """What to make."""

    kind: ExportKind = Field(examples=["qr_zip"])


class ExportOut(Out):
    """A file in the making: `done` of `total` places. The file is there when `state` is done."""

    id: uuid.UUID
    kind: str
    state: WorkState
    done: int
    total: int
    file_name: str | None
    requested_at: datetime
    error_text: str | None = Field(description="没有做成的原因")


@api.post("/exports", status_code=status.HTTP_202_ACCEPTED, responses=problems(400, 403, 422))
def request_export(body: NewExport, acting: Admin, session: WriteSession) -> ExportOut:
    """请求导出；后台制作，凭编号查看进度。"""
    return ExportOut.model_validate(service.request(session, acting=acting, kind=body.kind))


@api.get("/exports", responses=problems(400, 403, 422))
def list_exports(
    acting: Admin, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[ExportOut]:
    """导出记录，新的在前。"""
    rows, following = page(
        session,
        service.listing(acting),
        cursor=after,
        limit=limit,
        moment=Export.requested_at,
        key=Export.id,
    )
    return Page(items=[ExportOut.model_validate(row[0]) for row in rows], next=following)


@api.get("/exports/{export_id}", responses=problems(403, 404, 422))
def get_export(export_id: uuid.UUID, acting: Admin, session: ReadSession) -> ExportOut:
    """导出的进度。"""
    return ExportOut.model_validate(service.find(session, acting=acting, export_id=export_id))


@api.get(
    "/exports/{export_id}/file",
    response_class=Response,
    responses=problems(403, 404, 409, 422) | file(ZIP),
)
def fetch_export(export_id: uuid.UUID, acting: Admin, session: ReadSession, here: InContext) -> Response:
    """取回做好的文件。"""
    export = service.find(session, acting=acting, export_id=export_id)
    content = here.storage.read(service.finished_file(session, export_id))
    name = quote(export.file_name or "", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type=ZIP, headers=headers)
