"""Complaints as offices see and handle them. No identity of a complainant is ever shown here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.schemas import (
    Answer,
    Body,
    OfficerRef,
    OrganisationRef,
    Out,
    Paragraph,
    UploadToken,
    Version,
    person,
    place,
)
from app.api.uploads import FileOut, file_out
from app.models import Attachment, Complaint
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintChannel, ComplaintState, EventKind, Satisfaction
from app.services import access
from app.services.actors import Actor
from app.services.complaints import colours, handling, queries
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("诉求")


class CategoryRef(Out):
    """A class of complaints."""

    code: str = Field(examples=["public_works"])
    name: str = Field(examples=["设施维修"])


class ComplaintOut(Out):
    """A complaint as lists show it. Times of anonymous ones are whole days."""

    id: uuid.UUID
    number: str = Field(examples=["GD20261123-4F7K"])
    village: OrganisationRef
    category: CategoryRef
    channel: ComplaintChannel
    state: ComplaintState
    level: Level = Field(description="现在由哪一级办理")
    anonymous: bool
    filed_at: datetime
    accept_at: datetime = Field(description="应在此之前受理")
    finish_at: datetime = Field(description="应在此之前答复")
    promised_on: date
    provisional: bool = Field(description="期限跨入尚未公布节假日的年份，公布后重算")
    colour: str = Field(description="green、yellow（临近期限）、red（超期）、grey（不等办理）")
    reopened: int = Field(description="因不满意重办的次数")
    version: int


class EventOut(Out):
    """One step of a complaint."""

    position: int
    kind: EventKind
    at: datetime
    who: str
    text: str
    visible: bool = Field(description="村民是否看得到")
    files: list[FileOut]


class AssignmentOut(Out):
    """Whose desk it lay on, and since when."""

    organisation: OrganisationRef
    officer: OfficerRef | None
    level: Level
    since: datetime
    until: datetime | None


class RatingOut(Out):
    """What the complainant thought of an answer."""

    round: int
    satisfaction: Satisfaction
    reason: str
    at: datetime


class ComplaintDetail(ComplaintOut):
    """A complaint with all that happened to it."""

    content: str
    about: list[str] = Field(description="反映的对象（这些人看不到这件诉求）")
    files: list[FileOut]
    events: list[EventOut]
    assignments: list[AssignmentOut]
    ratings: list[RatingOut]


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


@api.get("/complaints", responses=problems(400, 404, 422))
def list_complaints(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    state: Annotated[ComplaintState | None, Query(description="只看这种状态")] = None,
    level: Annotated[Level | None, Query(description="只看由这一级办理的")] = None,
    overdue: Annotated[bool | None, Query(description="是否已超过受理或答复期限")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ComplaintOut]:
    """诉求列表，新的在前。只看得到交本单位或本辖区办理的；被反映的人看不到反映他的诉求。"""
    query = queries.listing(
        acting, states=[state] if state else (), village_id=village_id(session, acting, village)
    )
    if level is not None:
        query = query.where(Complaint.level == level)
    if overdue is not None:
        query = query.where(colours.overdue() if overdue else ~colours.overdue())
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Complaint.filed_at, key=Complaint.id
    )
    return Page(items=[_out(row[0]) for row in rows], next=following)


@api.get("/complaints/{complaint_id}", responses=problems(404, 422))
def get_complaint(complaint_id: uuid.UUID, acting: Signed, session: ReadSession) -> ComplaintDetail:
    """一件诉求的内容、办理过程、评价和附件。"""
    return _show(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/accept", responses=problems(400, 403, 404, 409, 422))
def accept_complaint(
    complaint_id: uuid.UUID, body: Acceptance, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """受理，村民会收到通知。"""
    handling.accept(session, acting=acting, complaint_id=complaint_id, version=body.version)
    return _show(session, acting, complaint_id)


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
    return _show(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/notes", responses=problems(400, 403, 404, 409, 422))
def note_complaint(
    complaint_id: uuid.UUID, body: NewNote, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """写内部备注；村民看不到，也不影响期限。"""
    handling.note(session, acting=acting, complaint_id=complaint_id, text=body.text)
    return _show(session, acting, complaint_id)


def _show(session: Session, acting: Actor, complaint_id: uuid.UUID) -> ComplaintDetail:
    complaint = access.access_complaint(session, acting, complaint_id)
    session.refresh(complaint, ["village", "category"])
    view = queries.view(session, complaint, inside=True)
    return ComplaintDetail(
        **_out(complaint).model_dump(),
        content=complaint.content,
        about=list(view.about),
        files=_files(view.files),
        events=[
            EventOut(
                position=event.position,
                kind=event.kind,
                at=event.at,
                who=event.who,
                text=event.text,
                visible=event.visible,
                files=_files(view.event_files[event.id]),
            )
            for event in view.events
        ],
        assignments=[
            AssignmentOut(
                organisation=place(organisation),
                officer=person(row.officer),
                level=row.level,
                since=row.since,
                until=row.until,
            )
            for row, organisation in queries.assignments(session, complaint)
        ],
        ratings=[RatingOut.model_validate(row) for row in queries.ratings(session, complaint)],
    )


def _files(rows: Sequence[Attachment]) -> list[FileOut]:
    return [file_out(row) for row in rows]


def _out(row: Complaint) -> ComplaintOut:
    return ComplaintOut(
        id=row.id,
        number=row.number,
        village=place(row.village),
        category=CategoryRef.model_validate(row.category),
        channel=row.channel,
        state=row.state,
        level=row.level,
        anonymous=row.anonymous,
        filed_at=row.filed_at,
        accept_at=row.accept_at,
        finish_at=row.finish_at,
        promised_on=row.promised_on,
        provisional=row.provisional,
        colour=colours.colour(row),
        reopened=row.reopened,
        version=row.lock_version,
    )
