"""Pictures and documents: by what their reader may see, or by a signed link that lives ten minutes."""

from __future__ import annotations

import uuid
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.models import Attachment
from app.models.people import SessionKind
from app.services import attachments, file_keys
from app.services.actors import Actor, Visitor
from app.web.auth import Allow, Caller
from app.web.context import Context, InContext, ReadSession

router = APIRouter(prefix="/files", include_in_schema=False)

SHOWN_IN_PLACE = ("image/", "application/pdf")


class LinkOrLogin(Allow):
    """Lets everybody in; with a signed link no cookie is looked at."""

    def __init__(self) -> None:
        super().__init__(Caller.PUBLIC, by=SessionKind.PAGE)

    def __call__(self, request: Request) -> Actor:
        return Visitor() if "k" in request.query_params else super().__call__(request)


@router.get("/{attachment_id}")
def file(
    attachment_id: uuid.UUID,
    acting: Annotated[Actor, Depends(LinkOrLogin())],
    session: ReadSession,
    here: InContext,
    k: Annotated[str | None, Query()] = None,
) -> Response:
    """The viewing copy of a file."""
    attachment = _opened(session, here, acting, attachment_id, k)
    assert attachment.viewing is not None
    media_type = attachment.media_type or "application/octet-stream"
    way = "inline" if media_type.startswith(SHOWN_IN_PLACE) else "attachment"
    name = quote(attachment.name or "附件", safe="")
    headers = {"Content-Disposition": f"{way}; filename*=UTF-8''{name}"}
    return Response(here.storage.read(attachment.viewing), media_type=media_type, headers=headers)


@router.get("/{attachment_id}/preview")
def preview(
    attachment_id: uuid.UUID,
    acting: Annotated[Actor, Depends(LinkOrLogin())],
    session: ReadSession,
    here: InContext,
    k: Annotated[str | None, Query()] = None,
) -> Response:
    """The first page of a PDF as a picture, for whoever may open the file itself."""
    attachment = _opened(session, here, acting, attachment_id, k)
    picture, media_type = attachments.preview_of(attachment, here.storage)
    return Response(picture, media_type=media_type, headers={"Content-Disposition": "inline"})


def _opened(
    session: Session, here: Context, acting: Actor, attachment_id: uuid.UUID, key: str | None
) -> Attachment:
    if key is None:
        return attachments.access_attachment(session, acting=acting, attachment_id=attachment_id)
    return file_keys.opened(session, keys=here.keys, attachment_id=attachment_id, key=key)
