"""Disclosures (公开信息): categories, a village's list, one item."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from sqlalchemy.orm import InstrumentedAttribute

from app.models import Disclosure, Organisation
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.services import access, attachments, disclosures
from app.services.actors import Visitor
from app.web import paging
from app.web.context import ReadSession
from app.web.paging import After, Limit, Page
from miniprogram_api import answers
from miniprogram_api.callers import AsAnybody
from miniprogram_api.fields import Key, VillageCode, Word

# What is listed was published, so the moment is always there.
PUBLISHED_AT = cast("InstrumentedAttribute[Any]", Disclosure.published_at)

router = APIRouter(tags=["公开"])


@router.get("/categories")
def categories(session: ReadSession, _acting: AsAnybody) -> list[answers.Category]:
    """10+X 公开清单的类别，按固定次序。"""
    return [answers.category(row) for row in disclosures.categories(session)]


@router.get("/villages/{code}/disclosures")
def listing(
    code: VillageCode,
    session: ReadSession,
    acting: AsAnybody,
    category: Annotated[Word | None, Query(description="类别代码，不填为全部")] = None,
    limit: Limit = 20,
    after: After = None,
) -> Page[answers.DisclosureLine]:
    """一个村已公开的信息，新的在前；已撤回的也在，只有标题和原因。"""
    village = access.access_village(session, acting, code)
    query = disclosures.listing(
        Visitor(),
        village_id=village.id,
        category_code=category,
        states=(DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN),
    )
    page = paging.after(query, after, PUBLISHED_AT, Disclosure.id).limit(limit + 1)
    rows = [disclosures.Item(*row) for row in session.execute(page)]
    return Page(
        items=[answers.disclosure_line(item) for item in rows[:limit]],
        next=paging.cursor([item.disclosure for item in rows], limit, "published_at"),
    )


@router.get("/disclosures/{disclosure_id}")
def item(disclosure_id: Key, session: ReadSession, _acting: AsAnybody) -> answers.DisclosurePage:
    """一条公开信息的全文、数字、表格和附件。"""
    found = disclosures.item(session, acting=Visitor(), disclosure_id=disclosure_id)
    village = session.get_one(Organisation, found.disclosure.village_id)
    files = attachments.of(session, AttachmentOwner.DISCLOSURE, [disclosure_id])
    return answers.disclosure_page(found, answers.village_of(session, village), files[disclosure_id])
