"""What everybody may read without a token: searching a village's disclosures, and its printed bulletins."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import Field

from app.api.common import Anybody, file, problems, router
from app.api.schemas import Code, Out
from app.core import clock
from app.services import access, bulletin, search
from app.web.context import InContext, ReadSession
from app.web.paging import After, Limit, Page

api = router("公开", public=True)

SEARCH_RATES = ("120/minute",)
BULLETIN_RATES = ("30/minute", "300/hour")


class SegmentOut(Out):
    """A piece of text; `hit` marks what was looked for."""

    text: str
    hit: bool


class HitOut(Out):
    """One item that was found. `snippet` is the place where the words stand."""

    id: uuid.UUID
    category: str = Field(examples=["finance"])
    category_name: str = Field(examples=["村级财务"])
    title: list[SegmentOut]
    snippet: list[SegmentOut]
    published_on: date


@api.get("/search", responses=problems(400, 404, 422, 429))
def search_disclosures(
    request: Request,
    acting: Anybody,
    session: ReadSession,
    village: Annotated[Code, Query(description="村社代码", examples=["donglian"])],
    q: Annotated[
        str, Query(description="要找的词，空格隔开；加引号要一字不差", max_length=200, examples=["低保"])
    ],
    limit: Limit = 20,
    after: After = None,
) -> Page[HitOut]:
    """在一个村已公开的内容里搜索，不用令牌；标题里有的在前，再按新旧。"""
    request.app.state.limiter.hit(request, "search", *SEARCH_RATES)
    place = access.access_village(session, acting, village)
    found = search.find(session, acting, village_id=place.id, words=q, limit=limit, after=after)
    return Page(items=[_hit(one) for one in found.hits], next=found.next)


def _hit(one: search.Hit) -> HitOut:
    assert one.disclosure.published_at is not None
    return HitOut(
        id=one.disclosure.id,
        category=one.category.code,
        category_name=one.category.name,
        title=[SegmentOut.model_validate(piece) for piece in one.title],
        snippet=[SegmentOut.model_validate(piece) for piece in one.snippet],
        published_on=clock.local(one.disclosure.published_at).date(),
    )


BULLETIN: dict[int | str, dict[str, Any]] = file("application/pdf")


@api.get(
    "/bulletins/{village}/{month}",
    response_class=Response,
    responses={**BULLETIN, **problems(400, 404, 422, 429)},
)
def get_bulletin(
    request: Request, village: Code, month: str, acting: Anybody, session: ReadSession, here: InContext
) -> Response:
    """一个村一个月（2026-10）的公开简报，A4 PDF，不用令牌。"""
    request.app.state.limiter.hit(request, "bulletin", *BULLETIN_RATES)
    first = bulletin.month_of(month)
    place = access.access_village(session, acting, village)
    made = bulletin.pdf(session, village=place, month=first, public_url=here.settings.url(""))
    return Response(made, media_type="application/pdf")
