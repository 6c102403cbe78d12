"""精准监督: the village's board of overdue rent."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.h5.common import AsReader, show
from app.services import access, arrears, organisations
from app.web.context import ReadSession

router = APIRouter(prefix="/v/{code}", include_in_schema=False)


@router.get("/arrears")
def board(request: Request, code: str, acting: AsReader, session: ReadSession) -> Response:
    """What is owed to the village and was published, the longest overdue first."""
    village = access.access_village(session, acting, code)
    return show(
        request,
        "arrears.html",
        village=village,
        town=organisations.above(session, village)[0],
        entries=arrears.board(session, village),
    )
