"""码上知: a village's page behind its code: what it publishes, whom to ask, where to complain."""

from __future__ import annotations

import uuid
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.h5.common import AsNobody, AsReader, show
from app.models import Organisation
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.models.organisations import ScanChannel
from app.models.people import Duty, Role
from app.services import (
    access,
    attachments,
    disclosures,
    identities,
    officers,
    organisations,
    placements,
    qr_images,
    villagers,
)
from app.services.actors import Actor, Villager
from app.web.context import Context, InContext, ReadSession

router = APIRouter(prefix="/v/{code}", include_in_schema=False)

NEWEST = 6
PAGE_SIZE = 50
PUBLISHED = (DisclosureState.PUBLISHED,)


@router.get("")
def home(
    request: Request,
    code: str,
    acting: AsReader,
    here: InContext,
    p: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """The village's first page. Page codes carry `?p=` (where they hang), and only those are counted."""
    scanned = p is not None and not _moved_within(request)
    with here.database.transaction() if scanned else here.database.reading() as session:
        village = access.access_village(session, acting, code)
        if scanned:
            _count(session, here, acting, village, p or "")
        counts = disclosures.counts(session, village_id=village.id)
        return show(
            request,
            "village.html",
            village=village,
            above=organisations.above(session, village),
            categories=disclosures.categories(session),
            counts=counts,
            total=sum(number for number, _ in counts.values()),
            newest=disclosures.items(session, acting, village_id=village.id, states=PUBLISHED, limit=NEWEST),
            liaisons=officers.holders(session, village.id, Role.LIAISON_OFFICER, duty=Duty.COMPLAINTS),
            invite=_may_follow(session, here, acting, village),
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
    return Response(qr_images.png(placement.url), media_type="image/png", headers=headers)


@router.get("/c/{category}")
def category_list(
    request: Request, code: str, category: str, acting: AsReader, session: ReadSession
) -> Response:
    """What the village published in one category of the 10+X list; tombstones stay in it."""
    village = access.access_village(session, acting, code)
    found = next((one for one in disclosures.categories(session) if one.code == category), None)
    if found is None:
        raise NotFound("category.not_found", "没有这个公开类别，请从村主页重新选择。")
    items = disclosures.items(session, acting, village_id=village.id, category_code=category, limit=PAGE_SIZE)
    return show(
        request,
        "category.html",
        village=village,
        town=organisations.above(session, village)[0],
        category=found,
        items=items,
    )


@router.get("/d/{disclosure_id}")
def detail(
    request: Request, code: str, disclosure_id: uuid.UUID, acting: AsReader, session: ReadSession
) -> Response:
    """One published item; a withdrawn one is a tombstone with its reason, and shows its text no more."""
    village = access.access_village(session, acting, code)
    item = disclosures.item(session, acting=acting, disclosure_id=disclosure_id)
    public = item.disclosure.state in (DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN)
    if item.disclosure.village_id != village.id or not public:
        raise NotFound("disclosure.not_found", "没有找到这条公开信息，可能已经下架或链接有误。")
    files = attachments.of(session, AttachmentOwner.DISCLOSURE, [item.disclosure.id])
    return show(
        request,
        "disclosure.html",
        village=village,
        town=organisations.above(session, village)[0],
        item=item,
        withdrawn=item.disclosure.state == DisclosureState.WITHDRAWN,
        files=files[item.disclosure.id],
        reviewer=_reviewer_role(session, village, item.disclosure.reviewer_id),
    )


def _reviewer_role(session: Session, village: Organisation, officer_id: uuid.UUID | None) -> str:
    """In which capacity the reviewer released it: a role, never a name."""
    if officer_id is None:
        return ""
    roles = officers.roles_over(session, officer_id, list(village.ancestry))
    if Role.LIAISON_OFFICER in roles:
        return "村联络员"
    return "镇街监察办" if Role.TOWN_INSPECTOR in roles else "审核人"
