"""The printed bulletin of a village and month, for the wall."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from app.h5.common import AsNobody
from app.services import access, bulletin
from app.web.context import InContext

router = APIRouter(prefix="/v/{code}/bulletin", include_in_schema=False)

RATES = ("30/minute", "300/hour")


@router.get("/{month}.pdf")
def paper(
    request: Request,
    code: str,
    month: str,
    acting: AsNobody,
    here: InContext,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The bulletin as PDF. Its tag names its content: who has it already gets no second copy."""
    first = bulletin.month_of(month)
    with here.database.reading() as session:
        village = access.access_village(session, acting, code)
        content = bulletin.gather(
            session, village=village, month=first, public_url=here.settings.public_url.rstrip("/")
        )
    tag = f'"{content.digest}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in if_none_match:
        return Response(status_code=304, headers=headers)
    request.app.state.limiter.hit(request, "bulletin", *RATES)
    name = quote(f"{content.town}{content.village} {month} 村务公开简报.pdf", safe="")
    headers["Content-Disposition"] = f"inline; filename*=UTF-8''{name}"
    return Response(bulletin.drawn(content), media_type="application/pdf", headers=headers)
