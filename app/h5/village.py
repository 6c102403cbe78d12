"""码上知: a village's home page behind its code, and its categories."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import NotFound
from app.h5 import interaction
from app.h5.common import AsNobody, AsReader, show
from app.models import Disclosure, Organisation
from app.models.organisations import ScanChannel
from app.models.people import Duty, Role
from app.services import (
    access,
    arrears,
    categories,
    disclosures,
    identities,
    obligations,
    officers,
    organisations,
    placements,
    portal,
    qr_images,
    villagers,
)
from app.services.actors import Actor, Villager
from app.web import paging
from app.web.context import Context, InContext, ReadSession
from app.web.paging import After
from app.web.views import viewed

router = APIRouter(prefix="/v/{code}", include_in_schema=False)

PAGE_SIZE = 20
OWED_AT_ONCE = 6


@router.get("")
def home(
    request: Request,
    code: str,
    acting: AsReader,
    here: InContext,
    p: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """The village's first page. Page codes carry `?p=` (where they hang), and only those are counted."""
    scanned = p is not None and request.method == "GET" and not _moved_within(request)
    with here.database.transaction() if scanned else here.database.reading() as session:
        village = access.access_village(session, acting, code)
        if scanned:
            _count(session, here, acting, village, p or "")
        viewed(request, village.id)
        return show(
            request,
            "village.html",
            village=village,
            above=organisations.above(session, village),
            home=portal.home(session, acting, village),
            liaisons=officers.holders(session, village.id, Role.LIAISON_OFFICER, duty=Duty.COMPLAINTS),
            follow=interaction.of_village(session, acting, village),
            invite=_may_follow(session, here, acting, village),
            month=clock.today(),
            arrears=len(arrears.board(session, village)),
        )


def _count(session: Session, here: Context, acting: Actor, village: Organisation, place: str) -> None:
    placements.count_scan(session, village_id=village.id, place=place, channel=ScanChannel.PAGE)
    if isinstance(acting, Villager):
        app_id = here.accounts.official.app_id
        villagers.arrive(session, acting=acting, app_id=app_id, village=village)


def _moved_within(request: Request) -> bool:
    """A reload, or a link on one of our own pages: not somebody who scanned."""
    referer = urlsplit(request.headers.get("referer", "")).netloc
    reload = "max-age=0" in request.headers.get("cache-control", "")
    return reload or (bool(referer) and referer == request.headers.get("host"))


def _may_follow(session: Session, here: Context, acting: Actor, village: Organisation) -> bool:
    placement = placements.of_village(session, village.id)
    if placement is None or placement.url is None:
        return False
    identity = identities.of_actor(session, acting=acting, app_id=here.accounts.official.app_id)
    return identity is None or not identity.subscribed


@router.get("/code.png")
def follow_code(code: str, acting: AsNobody, session: ReadSession) -> Response:
    """The Official Account's code of the village, drawn here: whoever scans it follows."""
    village = access.access_village(session, acting, code)
    placement = placements.of_village(session, village.id)
    if placement is None or placement.url is None:
        raise NotFound("placement.not_found", "这个村还没有公众号二维码。")
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(qr_images.png(placement.url, box=6), media_type="image/png", headers=headers)


@router.get("/c/{category}")
def category_page(
    request: Request, code: str, category: str, acting: AsReader, session: ReadSession, after: After = None
) -> Response:
    """One entry of the 10+X list with those below it: when it was due and came out, and all that was
    published, tombstones included."""
    village = access.access_village(session, acting, code)
    found = categories.find(session, category, village.id)
    listed = categories.listing(session, village.id)
    codes = categories.with_children(session, found.code)
    below = [row for row in listed if row.parent_code == found.code]
    query = portal.of_categories(acting, village_id=village.id, codes=codes)
    page = paging.after(query, after, portal.PUBLISHED_AT, Disclosure.id).limit(PAGE_SIZE + 1)
    rows = [disclosures.Item(*row) for row in session.execute(page)]
    return show(
        request,
        "category.html",
        village=village,
        town=organisations.above(session, village)[0],
        category=found,
        parent=next((row for row in listed if row.code == found.parent_code), None),
        below=below,
        cadence=categories.cadence_words(found),
        notice=categories.notice_words(found),
        owed=obligations.of_category(session, village_id=village.id, codes=codes) if after is None else [],
        owed_at_once=OWED_AT_ONCE,
        items=rows[:PAGE_SIZE],
        first=after is None,
        next=paging.cursor([row.disclosure for row in rows], PAGE_SIZE, "published_at"),
    )
