"""Open data of a village: a page that explains it, and the files."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from app.core import sheets
from app.core.errors import NotFound
from app.h5.common import AsNobody, show
from app.services import access, open_data, organisations
from app.web.context import Context, InContext, ReadSession

router = APIRouter(prefix="/v/{code}/open", include_in_schema=False)

RATES = ("60/minute", "600/hour")
# What is taken down must be gone from caches too: they ask again each time.
CACHING = "public, max-age=0, must-revalidate"


def licence(here: Context) -> open_data.Licence:
    """The terms of use that this installation states."""
    return open_data.Licence(here.settings.open_data_licence_name, here.settings.open_data_licence_url)


@router.get("")
def page(request: Request, code: str, acting: AsNobody, session: ReadSession, here: InContext) -> Response:
    """What can be downloaded, under which terms, and what the columns hold."""
    village = access.access_village(session, acting, code)
    offers = open_data.offers(session, village)
    return show(
        request,
        "open_data.html",
        village=village,
        town=organisations.above(session, village)[0],
        offers=offers,
        columns={offer.category.code: open_data.columns(offer.category) for offer in offers},
        formats=open_data.FORMATS,
        licence=licence(here),
    )


@router.get("/ocds.json")
def ocds(request: Request, code: str, acting: AsNobody, session: ReadSession, here: InContext) -> Response:
    """Tenders and contracts as an OCDS 1.1 release package."""
    request.app.state.limiter.hit(request, "open_data", *RATES)
    village = access.access_village(session, acting, code)
    made = open_data.package(
        session,
        village,
        base=here.settings.url(""),
        prefix=here.settings.ocds_prefix,
        licence=licence(here),
    )
    return JSONResponse(made, headers={"Cache-Control": CACHING})


@router.get("/{name}")
def table(request: Request, code: str, name: str, acting: AsNobody, here: InContext) -> Response:
    """One category as CSV, JSON or Excel: finance.csv."""
    category, _, form = name.rpartition(".")
    if form not in open_data.FORMATS or not category:
        raise NotFound("open_data.unknown", "没有这个数据文件，请从开放数据页面重新选择。")
    request.app.state.limiter.hit(request, "open_data", *RATES)
    with here.database.reading() as session:
        village = access.access_village(session, acting, code)
        source = open_data.source(
            session, village, category, base=here.settings.url(""), licence=licence(here)
        )
    file_name = quote(f"{village.code}-{category}.{form}", safe="")
    headers = {"Cache-Control": CACHING, "Content-Disposition": f"attachment; filename*=UTF-8''{file_name}"}
    if form == "csv":
        return StreamingResponse(
            open_data.csv_stream(here.database, source), media_type=sheets.CSV_MIME, headers=headers
        )
    if form == "json":
        return StreamingResponse(
            open_data.json_stream(here.database, source), media_type="application/json", headers=headers
        )
    return Response(open_data.workbook(here.database, source), media_type=sheets.MIME, headers=headers)
