"""The start page of the county, the size of type, and where the Official Account's menu leads."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.core import text
from app.h5.common import AsNobody, AsReader, go, set_cookie, show
from app.models import Organisation
from app.services import identities, organisations
from app.services.actors import Visitor
from app.web.context import InContext, ReadSession
from app.web.pages import in_wechat
from app.wechat.login import local

router = APIRouter(include_in_schema=False)

BIG_COOKIE = "mashang_big"
A_YEAR = 365 * 24 * 3600


@router.get("/")
def start(
    request: Request,
    acting: AsReader,
    session: ReadSession,
    q: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """All towns and villages; `q` finds those whose name, or whose town's name, holds it."""
    wanted = text.normalise(q).replace(" ", "")
    pairs = [
        (village, town)
        for village, town in organisations.villages(session, acting=acting)
        if wanted in text.normalise(town.name + village.name)
    ]
    towns = [
        (town, [village for village, _ in rows]) for town, rows in groupby(pairs, key=lambda pair: pair[1])
    ]
    county = session.get(Organisation, pairs[0][1].parent_id) if pairs else None
    return show(request, "start.html", towns=towns, q=q.strip(), county=county, found=len(pairs))


@router.get("/size")
def size(
    request: Request,
    acting: AsNobody,
    here: InContext,
    big: Annotated[int, Query(ge=0, le=1)] = 1,
    next: Annotated[str, Query()] = "/",
) -> Response:
    """Remember large or normal type, and go back."""
    response = go(local(next))
    set_cookie(response, here, BIG_COOKIE, str(big), max_age=A_YEAR)
    return response


@router.get("/m/village")
def my_village(request: Request, acting: AsReader, session: ReadSession, here: InContext) -> Response:
    """The menu's 「看公开」: the village whose code the reader scanned last, or the list of all.

    Inside WeChat who taps is asked of WeChat first, which shows nothing for it."""
    if isinstance(acting, Visitor) and in_wechat(request):
        return go("/oauth/start?next=/m/village")
    identity = identities.of_actor(session, acting=acting, app_id=here.accounts.official.app_id)
    village = session.get(Organisation, identity.village_id) if identity and identity.village_id else None
    return go(f"/v/{village.code}" if village and village.active else "/")
