"""Complaints as offices see and handle them. No identity of a complainant is ever shown here."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field
from sqlalchemy import Select

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.complaint_views import ComplaintDetail, ComplaintOut, listed, shown
from app.api.schemas import Answer, Body, CategoryCode, Code, Out, Paragraph, UploadToken, Version
from app.core import clock
from app.models import Complaint
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintState
from app.services.access_base import within
from app.services.access_ledgers import access_area
from app.services.complaints import colours, handling, queries, search
from app.services.complaints.colours import Colour
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("诉求")


class Acceptance(Body):
    """Taking a complaint in hand."""

    version: Version = None


class NewAnswer(Body):
    """The answer that the villager reads."""

    text: Answer = Field(examples=["路灯已于今天上午修好，线路也一并检查过。"])
    uploads: list[UploadToken] = Field(default_factory=list, max_length=9, description="上传文件得到的 token")
    version: Version = None


class NewNote(Body):
    """An internal note; the villager never sees it."""

    text: Paragraph = Field(examples=["已电话联系供电所。"])


class ComplaintCounts(Out):
    """How many complaints there are, of those that the caller may know of."""

    states: dict[ComplaintState, int]
    colours: dict[Colour, int] = Field(description="grey 不等办理；红色含两次不满意的")


def _selected(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    town: Annotated[Code | None, Query(description="只看这个镇街或单位以下的村社（代码）")] = None,
    state: Annotated[ComplaintState | None, Query(description="只看这种状态")] = None,
    level: Annotated[Level | None, Query(description="只看由这一级办理的")] = None,
    overdue: Annotated[bool | None, Query(description="是否已超过受理或答复期限")] = None,
    colour: Annotated[Colour | None, Query(description="只看这种颜色")] = None,
    category: Annotated[CategoryCode | None, Query(description="只看这个类别")] = None,
    grade: Annotated[CategoryCode | None, Query(description="只看这个分级")] = None,
    mine: Annotated[bool, Query(description="只看在本单位手上的")] = False,
    q: Annotated[str | None, Query(max_length=100, description="找内容、地点里的词，或编号")] = None,
    since: Annotated[date | None, Query(description="从这一天（含）起提交的")] = None,
    until: Annotated[date | None, Query(description="到这一天（含）为止提交的")] = None,
) -> Select[Complaint]:
    """The complaints that the filters name, as far as the caller may know of them."""
    query = queries.listing(
        acting, states=[state] if state else (), village_id=village_id(session, acting, village)
    )
    if level is not None:
        query = query.where(Complaint.level == level)
    if overdue is not None:
        query = query.where(colours.overdue() if overdue else ~colours.overdue())
    if colour is not None:
        query = query.where(colours.condition(colour))
    if category is not None:
        query = query.where(Complaint.category_code == category)
    if grade is not None:
        query = query.where(Complaint.class_code == grade)
    if mine:
        query = query.where(queries.lies_on_desk(acting))
    if q is not None:
        query = query.where(search.matching(q))
    if town is not None:
        query = query.where(within(Complaint.village_id, (access_area(session, acting, town).id,)))
    if since is not None:
        query = query.where(Complaint.filed_at >= clock.at(since, 0))
    if until is not None:
        query = query.where(Complaint.filed_at < clock.at(until + timedelta(days=1), 0))
    return query


Selected = Annotated[Select[Complaint], Depends(_selected)]


@api.get("/complaints", responses=problems(400, 404, 422))
def list_complaints(
    query: Selected, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[ComplaintOut]:
    """诉求列表，新的在前。只看得到交本单位或本辖区办理的；被反映的人看不到反映他的诉求。"""
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Complaint.filed_at, key=Complaint.id
    )
    return Page(items=[listed(row[0]) for row in rows], next=following)


@api.get("/complaints/counts", responses=problems(400, 404, 422))
def count_complaints(query: Selected, session: ReadSession) -> ComplaintCounts:
    """按状态和颜色的件数；筛选条件和列表相同，只算看得到的。"""
    states, shades = queries.counts(session, query)
    return ComplaintCounts(states=states, colours=shades)


@api.get("/complaints/{complaint_id}", responses=problems(404, 422))
def get_complaint(complaint_id: uuid.UUID, acting: Signed, session: WriteSession) -> ComplaintDetail:
    """一件诉求的内容、办理过程、评价和附件。每次查看都留有记录。"""
    queries.read(session, acting=acting, complaint_id=complaint_id)
    return shown(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/accept", responses=problems(400, 403, 404, 409, 422))
def accept_complaint(
    complaint_id: uuid.UUID, body: Acceptance, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """受理，村民会收到通知。"""
    handling.accept(session, acting=acting, complaint_id=complaint_id, version=body.version)
    return shown(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/answer", responses=problems(400, 403, 404, 409, 422))
def answer_complaint(
    complaint_id: uuid.UUID, body: NewAnswer, acting: Signed, session: WriteSession, here: InContext
) -> ComplaintDetail:
    """答复，可附图片；村民会收到通知并评价。"""
    handling.answer(
        session,
        acting=acting,
        complaint_id=complaint_id,
        text=body.text,
        uploads=body.uploads,
        version=body.version,
        keys=here.keys,
    )
    return shown(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/notes", responses=problems(400, 403, 404, 409, 422))
def note_complaint(
    complaint_id: uuid.UUID, body: NewNote, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """写内部备注；村民看不到，也不影响期限。"""
    handling.note(session, acting=acting, complaint_id=complaint_id, text=body.text)
    return shown(session, acting, complaint_id)
