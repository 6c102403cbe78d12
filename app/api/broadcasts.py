"""How far the news of published items came: numbers, never who was told."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.schemas import OrganisationRef, Out, place
from app.models import Broadcast
from app.services import access, access_interaction, organisations
from app.services import broadcasts as service
from app.web.context import ReadSession
from app.web.paging import After, Limit, Page

api = router("推送")


class ReachOut(Out):
    """How far the news of one item came, over all its versions."""

    followers: int = Field(description="关注本村的人数（推送时）")
    reached: int = Field(description="其中能推送到的：关注了公众号，或小程序里还有订阅次数")
    sent: int = Field(description="已发出")
    delivered: int = Field(description="微信回报已送达；小程序订阅消息没有回报")
    read: int = Field(description="已打开")
    finished: bool = Field(description="是否已全部写入发件箱")


class BroadcastOut(Out):
    """One broadcast: a version of an item that came out."""

    id: uuid.UUID
    village: OrganisationRef
    disclosure_id: uuid.UUID
    disclosure_version: int
    reason: str = Field(examples=["published"])
    urgent: bool
    created_at: datetime
    reach: ReachOut


@api.get("/broadcasts", responses=problems(400, 404, 422))
def list_broadcasts(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    urgent: Annotated[bool | None, Query(description="只看紧急通知，或只看其他")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[BroadcastOut]:
    """推送记录和到达情况，新的在前。只看得到本人负责范围内的村。"""
    wanted = village_id(session, acting, village)
    query = service.listing(acting, village_id=wanted, urgent=urgent)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Broadcast.created_at, key=Broadcast.id
    )
    found: list[Broadcast] = [row[0] for row in rows]
    reach = service.reach(session, disclosure_ids=[row.disclosure_id for row in found])
    villages = organisations.by_ids(session, [row.village_id for row in found])
    items = [
        BroadcastOut(
            id=row.id,
            village=place(villages[row.village_id]),
            disclosure_id=row.disclosure_id,
            disclosure_version=row.version,
            reason=row.reason,
            urgent=row.urgent,
            created_at=row.created_at,
            reach=ReachOut.model_validate(reach[row.disclosure_id]),
        )
        for row in found
    ]
    return Page(items=items, next=following)


@api.get("/disclosures/{disclosure_id}/reach", responses=problems(404, 422))
def get_disclosure_reach(disclosure_id: uuid.UUID, acting: Signed, session: ReadSession) -> ReachOut:
    """一条公开信息的推送到达情况。"""
    disclosure = access.access_disclosure(session, acting, disclosure_id)
    access_interaction.require_area(session, acting, disclosure.village_id)
    found = service.reach(session, disclosure_ids=[disclosure_id]).get(disclosure_id, service.NONE)
    return ReachOut.model_validate(found)
