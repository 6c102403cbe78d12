"""Files: uploading them before they are used, and reading those that one may see."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from fastapi import Response, UploadFile, status
from pydantic import Field

from app.api.common import Signed, file, problems, router
from app.api.schemas import Out
from app.core.images import Kind
from app.models import Attachment
from app.services import attachments as service
from app.web.context import InContext, ReadSession, WriteSession

api = router("文件")


class FileOut(Out):
    """A file of a complaint, an answer or a disclosure. `ready` is false while it is still being fetched."""

    id: uuid.UUID
    name: str
    media_type: str | None
    size: int | None = Field(description="字节数")
    ready: bool
    url: str = Field(description="读取文件的地址")


class Uploaded(Out):
    """A new upload. Use `token` in `uploads` within a day; it works once."""

    id: uuid.UUID
    token: str
    name: str
    media_type: str | None
    size: int | None


@api.post("/uploads", status_code=status.HTTP_201_CREATED, responses=problems(400, 413, 422))
def upload_file(file: UploadFile, acting: Signed, session: WriteSession, here: InContext) -> Uploaded:
    """上传图片、PDF 或 Excel；类型按内容判断，图片会去掉拍摄地点等信息。"""
    limits = here.upload_limits
    done = service.upload(
        session,
        acting=acting,
        data=file.file.read(limits.max_bytes + 1),
        name=file.filename or "",
        storage=here.storage,
        keys=here.keys,
        limits=limits,
    )
    row = done.attachment
    return Uploaded(id=row.id, token=done.token, name=row.name, media_type=row.media_type, size=row.size)


@api.get(
    "/files/{file_id}",
    response_class=Response,
    responses=problems(404, 422) | file(Kind.JPEG.mime, Kind.PDF.mime, Kind.XLSX.mime),
)
def read_file(file_id: uuid.UUID, acting: Signed, session: ReadSession, here: InContext) -> Response:
    """读取附件：看得到它所属的诉求或公开信息的人才能读。"""
    row = service.access_attachment(session, acting=acting, attachment_id=file_id)
    shown = "inline" if row.media_type == Kind.JPEG.mime else "attachment"
    return Response(
        here.storage.read(row.viewing or ""),
        media_type=row.media_type,
        headers={"Content-Disposition": f"{shown}; filename*=UTF-8''{quote(row.name, safe='')}"},
    )


def file_out(row: Attachment) -> FileOut:
    """What is told of a file."""
    return FileOut(
        id=row.id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        ready=row.viewing is not None,
        url=f"/api/v1/files/{row.id}",
    )
