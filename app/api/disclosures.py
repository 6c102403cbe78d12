"""Disclosures: drafts, review and release, corrections, withdrawal."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Query, status
from sqlalchemy.orm import joinedload

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.disclosure_types import (
    Approval,
    Correction,
    Decision,
    DisclosureDetail,
    DisclosureOut,
    NewDraft,
    Remark,
    Revision,
    detail,
    rows,
)
from app.api.schemas import CategoryCode
from app.models import Disclosure
from app.models.disclosures import DisclosureState
from app.services import access
from app.services import disclosures as service
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("公开")

SEEN = Decision()


@api.get("/disclosures", responses=problems(400, 404, 422))
def list_disclosures(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    category: Annotated[CategoryCode | None, Query(description="只看这个公开类别")] = None,
    state: Annotated[DisclosureState | None, Query(description="只看这种状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[DisclosureOut]:
    """公开信息，新的在前。草稿和待审的只有本村人员和上级能看到。"""
    query = service.listing(
        acting,
        village_id=village_id(session, acting, village),
        category_code=category,
        states=[state] if state else list(DisclosureState),
    ).options(joinedload(Disclosure.village))
    found, following = page(
        session, query, cursor=after, limit=limit, moment=Disclosure.created_at, key=Disclosure.id
    )
    return Page(items=rows(session, acting, [service.Item(*row) for row in found]), next=following)


@api.get("/disclosures/waiting")
def list_disclosures_to_review(acting: Signed, session: ReadSession) -> list[DisclosureOut]:
    """等您审核的，期限近的在前；自己起草的不在其中。"""
    waiting = service.to_review(session, acting=acting, limit=100)
    for item in waiting:
        session.refresh(item.disclosure, ["village"])
    return rows(session, acting, waiting)


@api.get("/disclosures/{disclosure_id}", responses=problems(404, 422))
def get_disclosure(disclosure_id: uuid.UUID, acting: Signed, session: ReadSession) -> DisclosureDetail:
    """一条公开信息，含历次公开的版本和附件；本村人员和上级还能看到草稿。"""
    return detail(session, acting, disclosure_id)


@api.post("/disclosures", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 422))
def draft_disclosure(
    body: NewDraft, acting: Signed, session: WriteSession, here: InContext
) -> DisclosureDetail:
    """起草：按类别规定由本村信息员（或镇街）。"""
    village = access.access_village(session, acting, body.village)
    draft = service.Draft(category_code=body.category, **body.values())
    made = service.draft(session, acting=acting, village=village, draft=draft, keys=here.keys)
    return detail(session, acting, made.id)


@api.put("/disclosures/{disclosure_id}", responses=problems(400, 403, 404, 409, 422))
def revise_disclosure(
    disclosure_id: uuid.UUID, body: Revision, acting: Signed, session: WriteSession, here: InContext
) -> DisclosureDetail:
    """重写草稿或被退回的：写成新的一稿，以前的稿子留着。"""
    draft = service.Draft(category_code=body.category, **body.values())
    service.revise(
        session, acting=acting, disclosure_id=disclosure_id, draft=draft, keys=here.keys, seen=body.seen
    )
    return detail(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/submit", responses=problems(403, 404, 409, 422))
def submit_disclosure(
    disclosure_id: uuid.UUID, acting: Signed, session: WriteSession, here: InContext
) -> DisclosureDetail:
    """提交审核：草稿或被退回的。有没处理的个人信息时返回 409。"""
    service.submit(
        session,
        acting=acting,
        disclosure_id=disclosure_id,
        keys=here.keys,
        urgent_hours=here.settings.urgent_review_hours,
    )
    return detail(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/publish", responses=problems(400, 403, 404, 409, 422))
def publish_disclosure(
    disclosure_id: uuid.UUID,
    acting: Signed,
    session: WriteSession,
    here: InContext,
    body: Decision = SEEN,
) -> DisclosureDetail:
    """审核通过并马上公开。写过其中任何一稿的人不能审核。"""
    service.publish(session, acting=acting, disclosure_id=disclosure_id, keys=here.keys, seen=body.seen)
    return detail(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/approve", responses=problems(400, 403, 404, 409, 422))
def approve_disclosure(
    disclosure_id: uuid.UUID, body: Approval, acting: Signed, session: WriteSession, here: InContext
) -> DisclosureDetail:
    """审核通过，到时间自动公开。"""
    service.approve(
        session,
        acting=acting,
        disclosure_id=disclosure_id,
        publish_at=body.publish_at,
        keys=here.keys,
        seen=body.seen,
    )
    return detail(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/call-back", responses=problems(403, 404, 409, 422))
def call_back_disclosure(disclosure_id: uuid.UUID, acting: Signed, session: WriteSession) -> DisclosureDetail:
    """收回还没有公开的：审核人收回待定时公开的，起草人收回已提交的。"""
    service.call_back(session, acting=acting, disclosure_id=disclosure_id)
    return detail(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/return", responses=problems(400, 403, 404, 409, 422))
def return_disclosure(
    disclosure_id: uuid.UUID, body: Remark, acting: Signed, session: WriteSession
) -> DisclosureDetail:
    """退回修改，写明要改什么。"""
    service.send_back(session, acting=acting, disclosure_id=disclosure_id, remark=body.remark, seen=body.seen)
    return detail(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/withdraw", responses=problems(400, 403, 404, 409, 422))
def withdraw_disclosure(
    disclosure_id: uuid.UUID, body: Remark, acting: Signed, session: WriteSession
) -> DisclosureDetail:
    """撤回已公开的内容；原处留下说明，原因会公开。"""
    service.withdraw(session, acting=acting, disclosure_id=disclosure_id, reason=body.remark)
    return detail(session, acting, disclosure_id)


@api.put("/disclosures/{disclosure_id}/correction", responses=problems(400, 403, 404, 409, 422))
def propose_correction(
    disclosure_id: uuid.UUID, body: Correction, acting: Signed, session: WriteSession, here: InContext
) -> DisclosureDetail:
    """写更正，或重写还没提交的更正；公开的内容不变，直到另一个人审核通过。"""
    category = service.item(session, acting=acting, disclosure_id=disclosure_id).category
    draft = service.Draft(category_code=category.code, **body.values())
    service.propose(
        session,
        acting=acting,
        disclosure_id=disclosure_id,
        draft=draft,
        reason=body.reason,
        keys=here.keys,
        instead_of=body.instead_of,
    )
    return detail(session, acting, disclosure_id)


@api.delete("/disclosures/{disclosure_id}/correction", responses=problems(403, 404, 409, 422))
def drop_correction(disclosure_id: uuid.UUID, acting: Signed, session: WriteSession) -> DisclosureDetail:
    """作废更正；公开的内容不变。"""
    service.drop_correction(session, acting=acting, disclosure_id=disclosure_id)
    return detail(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/correction/submit", responses=problems(403, 404, 409, 422))
def submit_correction(
    disclosure_id: uuid.UUID, acting: Signed, session: WriteSession, here: InContext
) -> DisclosureDetail:
    """提交更正审核。"""
    service.submit_correction(
        session,
        acting=acting,
        disclosure_id=disclosure_id,
        keys=here.keys,
        urgent_hours=here.settings.urgent_review_hours,
    )
    return detail(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/correction/publish", responses=problems(400, 403, 404, 409, 422))
def publish_correction(
    disclosure_id: uuid.UUID,
    acting: Signed,
    session: WriteSession,
    here: InContext,
    body: Decision = SEEN,
) -> DisclosureDetail:
    """更正审核通过并公开；原来的版本留在旁边可查。"""
    service.publish_correction(
        session, acting=acting, disclosure_id=disclosure_id, keys=here.keys, seen=body.seen
    )
    return detail(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/correction/return", responses=problems(400, 403, 404, 409, 422))
def return_correction(
    disclosure_id: uuid.UUID, body: Remark, acting: Signed, session: WriteSession
) -> DisclosureDetail:
    """退回更正，写明要改什么；公开的内容不变。"""
    service.return_correction(
        session, acting=acting, disclosure_id=disclosure_id, remark=body.remark, seen=body.seen
    )
    return detail(session, acting, disclosure_id)
