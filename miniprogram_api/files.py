"""Files (附件): uploading, and reading what one may see."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response, UploadFile
from fastapi.responses import Response as PlainResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.models import Attachment
from app.services import attachments, file_keys
from app.services.actors import Actor, Visitor
from app.web.context import Context, InContext, ReadSession
from miniprogram_api.callers import AsAnybody, AsNobody, Limited
from miniprogram_api.fields import Key, Readable

UPLOADS = Depends(Limited("upload", "60/minute"))
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "文件内容", "content": {"image/jpeg": {}, "application/pdf": {}}}
}

router = APIRouter(tags=["附件"])


class Uploaded(BaseModel):
    """A stored upload. Its token is the right to use it, within a day and once."""

    token: str = Field(examples=["kJ2…"])
    name: str = Field(examples=["图片.jpg"])
    media_type: str | None = Field(examples=["image/jpeg"])
    size: int | None = Field(examples=[182044])


@router.post("/uploads", status_code=201, dependencies=[UPLOADS])
def upload(file: UploadFile, here: InContext, _acting: AsAnybody) -> Uploaded:
    """上传一张照片（JPG、PNG）；拍摄地点等信息和文件名都不保留，PDF 和 Excel 不收。用返回的 token 提交。"""
    return _keep(here, file)


@router.post("/anonymous/uploads", status_code=201, tags=["匿名"], dependencies=[UPLOADS])
def anonymous_upload(file: UploadFile, here: InContext, _acting: AsNobody) -> Uploaded:
    """匿名诉求的附件：不看登录，不留下是谁上传的。"""
    return _keep(here, file)


def _keep(here: Context, file: UploadFile) -> Uploaded:
    """Store an upload as nobody's, also of somebody who is logged in: whether it will belong to an anonymous
    complaint is not known yet, so none keeps an original or a name. The token says who may use it."""
    limits = here.upload_limits
    data = file.file.read(limits.max_bytes + 1)
    with here.database.transaction() as session:
        made = attachments.upload(
            session,
            acting=Visitor(),
            data=data,
            name=file.filename or "",
            storage=here.storage,
            keys=here.keys,
            limits=limits,
        )
    row = made.attachment
    return Uploaded(token=made.token, name=row.name, media_type=row.media_type, size=row.size)


@router.get("/files/{attachment_id}", response_class=PlainResponse, responses=BYTES)
def read(
    attachment_id: Key,
    here: InContext,
    session: ReadSession,
    acting: AsAnybody,
    k: Annotated[
        str | None, Query(max_length=512, description="页面给的十分钟钥匙，带它就不用登录"), Readable
    ] = None,
) -> Response:
    """附件内容：公开的、自己诉求里的，或持有钥匙的。"""
    row = _opened(session, here, acting, attachment_id, k)
    media_type = row.media_type or "application/octet-stream"
    # Only pictures are shown; everything else is handed over as a file.
    shown = "inline" if media_type.startswith("image/") else "attachment"
    return Response(
        here.storage.read(row.viewing or ""),
        media_type=media_type,
        headers={"Content-Disposition": shown, "X-Content-Type-Options": "nosniff"},
    )


@router.get("/files/{attachment_id}/preview", response_class=PlainResponse, responses=BYTES)
def preview(
    attachment_id: Key,
    here: InContext,
    session: ReadSession,
    acting: AsAnybody,
    k: Annotated[
        str | None, Query(max_length=512, description="页面给的十分钟钥匙，带它就不用登录"), Readable
    ] = None,
) -> Response:
    """PDF 第一页的图片；能看文件的才能看。404 attachment.no_preview：没有预览图。"""
    picture, media_type = attachments.preview_of(
        _opened(session, here, acting, attachment_id, k), here.storage
    )
    return Response(
        picture,
        media_type=media_type,
        headers={"Content-Disposition": "inline", "X-Content-Type-Options": "nosniff"},
    )


def _opened(
    session: Session, here: Context, acting: Actor, attachment_id: uuid.UUID, k: str | None
) -> Attachment:
    if k is not None:
        return file_keys.opened(session, keys=here.keys, attachment_id=attachment_id, key=k)
    return attachments.access_attachment(session, acting=acting, attachment_id=attachment_id)
