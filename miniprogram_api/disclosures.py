"""Disclosures (公开信息): categories, a village's list, one item."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import InstrumentedAttribute

from app.core import clock
from app.models import Disclosure, Organisation
from app.models.disclosures import DisclosureState
from app.services import (
    access,
    bulletin,
    categories,
    comparisons,
    disclosures,
    revisions,
    search,
    views,
)
from app.services.actors import Visitor
from app.web import paging
from app.web.context import InContext, ReadSession
from app.web.paging import After, Limit, Page
from app.web.views import viewed
from miniprogram_api import answers
from miniprogram_api.callers import AsAnybody, Limited
from miniprogram_api.fields import Key, Readable, VillageCode, Word

# What is listed was published, so the moment is always there.
PUBLISHED_AT = cast("InstrumentedAttribute[Any]", Disclosure.published_at)

SEARCHES = Depends(Limited("search", "120/minute"))
PAPERS = Depends(Limited("bulletin", "30/minute"))
PDF: dict[int | str, dict[str, Any]] = {200: {"description": "PDF", "content": {"application/pdf": {}}}}

router = APIRouter(tags=["公开"])


@router.get("/categories")
def list_categories(
    session: ReadSession,
    acting: AsAnybody,
    village: Annotated[Word, Query(description="村社代码；填了就连同这个村自设的")] = "",
) -> list[answers.Category]:
    """10+X 公开清单里现在有效的类别，按固定次序，每一类后面是归在它下面的。"""
    village_id = access.access_village(session, acting, village).id if village else None
    listed = categories.listing(session, village_id, clock.today())
    return [answers.category(row) for row in listed]


@router.get("/villages/{code}/disclosures")
def listing(
    code: VillageCode,
    session: ReadSession,
    acting: AsAnybody,
    category: Annotated[Word | None, Query(description="类别代码，连同归在它下面的；不填为全部")] = None,
    limit: Limit = 20,
    after: After = None,
) -> Page[answers.DisclosureLine]:
    """一个村已公开的信息，新的在前；已撤回的也在，只有标题和原因。"""
    village = access.access_village(session, acting, code)
    query = disclosures.listing(
        Visitor(),
        village_id=village.id,
        states=(DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN),
    )
    if category:
        query = query.where(Disclosure.category_code.in_(categories.with_children(session, category)))
    page = paging.after(query, after, PUBLISHED_AT, Disclosure.id).limit(limit + 1)
    rows = [disclosures.Item(*row) for row in session.execute(page)]
    return Page(
        items=[answers.disclosure_line(item) for item in rows[:limit]],
        next=paging.cursor([item.disclosure for item in rows], limit, "published_at"),
    )


@router.get("/disclosures/{disclosure_id}")
def item(
    request: Request, disclosure_id: Key, session: ReadSession, _acting: AsAnybody
) -> answers.DisclosurePage:
    """一条公开信息的全文、数字、表格和附件。"""
    visitor = Visitor()
    found = disclosures.item(session, acting=visitor, disclosure_id=disclosure_id)
    row = found.disclosure
    village = session.get_one(Organisation, row.village_id)
    if row.state == DisclosureState.PUBLISHED:
        viewed(request, village.id, disclosure_id)
    return answers.disclosure_page(
        found,
        answers.village_of(session, village),
        disclosures.files(session, acting=visitor, disclosure=row),
        compared=comparisons.changes(session, disclosure=row, version=found.version),
        history=revisions.history(session, row),
        views=views.shown(session, village_id=village.id, disclosure_id=row.id, month=clock.today()),
    )


@router.get("/villages/{code}/search", dependencies=[SEARCHES])
def find(
    code: VillageCode,
    session: ReadSession,
    acting: AsAnybody,
    q: Annotated[str, Query(max_length=200, description="要找的词，空格隔开；加引号要一字不差"), Readable],
    limit: Limit = 20,
    after: After = None,
) -> Page[answers.Hit]:
    """在一个村已公开的内容里搜索：标题里有的在前，再按新旧。"""
    village = access.access_village(session, acting, code)
    found = search.find(session, Visitor(), village_id=village.id, words=q, limit=limit, after=after)
    return Page(items=[answers.hit(one) for one in found.hits], next=found.next)


@router.get(
    "/villages/{code}/bulletins/{month}", response_class=Response, responses=PDF, dependencies=[PAPERS]
)
def paper(
    code: VillageCode,
    month: Annotated[Word, Path(examples=["2026-10"])],
    here: InContext,
    session: ReadSession,
    acting: AsAnybody,
) -> Response:
    """一个月的公开简报，A4 PDF，可以打印张贴。"""
    first = bulletin.month_of(month)
    village = access.access_village(session, acting, code)
    made = bulletin.pdf(session, village=village, month=first, public_url=here.settings.url(""))
    return Response(made, media_type="application/pdf")
