"""A complaint as the REST face shows it to offices. No identity of a complainant is ever shown here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from pydantic import Field
from sqlalchemy.orm import Session

from app.api.schemas import OfficerRef, OrganisationRef, Out, person, place
from app.api.uploads import FileOut, file_out
from app.models import Attachment, Complaint
from app.models.complaint_classes import Level
from app.models.complaints import (
    AssignmentKind,
    ComplaintChannel,
    ComplaintState,
    EventKind,
    Outcome,
    Satisfaction,
)
from app.services import access
from app.services.actors import Actor
from app.services.complaints import colours, merging, queries


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
    grade: CategoryRef = Field(description="分级，决定期限")
    channel: ComplaintChannel
    state: ComplaintState
    outcome: Outcome | None = Field(
        description="最近一次怎样答复：answered、returned 不属受理范围、merged 并案、withdrawn 撤回"
    )
    level: Level = Field(description="现在由哪一级办理")
    anonymous: bool
    hidden: bool = Field(description="反映人要求对村里保密")
    place: str
    filed_at: datetime
    accept_at: datetime = Field(description="应在此之前受理")
    reply_at: datetime | None = Field(description="应在此之前首次回应（工作时间）")
    finish_at: datetime = Field(description="应在此之前答复")
    first_replied_at: datetime | None
    extensions: int
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
    """Whose desk it lay on, and since when: lead 主办, joint 协办, watch 督办."""

    kind: AssignmentKind
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
    merged_into: str | None = Field(description="已并入的诉求编号")
    merged: list[str] = Field(description="并入这一件的诉求编号")
    publishable: bool = Field(description="反映人同意去掉姓名等信息后公开")


def shown(session: Session, acting: Actor, complaint_id: uuid.UUID) -> ComplaintDetail:
    """A complaint as the actor may read it. Raises NotFound."""
    complaint = access.access_complaint(session, acting, complaint_id)
    session.refresh(complaint, ["village", "category", "grade"])
    view = queries.view(session, complaint, inside=True)
    return ComplaintDetail(
        **listed(complaint).model_dump(),
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
                kind=row.kind,
                organisation=place(organisation),
                officer=person(row.officer),
                level=row.level,
                since=row.since,
                until=row.until,
            )
            for row, organisation in queries.assignments(session, complaint)
        ],
        ratings=[RatingOut.model_validate(row) for row in queries.ratings(session, complaint)],
        merged_into=merging.main_number(session, acting=acting, complaint=complaint),
        merged=[one.number for one in merging.merged(session, acting=acting, complaint=complaint)],
        publishable=complaint.publishable,
    )


def _files(rows: Sequence[Attachment]) -> list[FileOut]:
    return [file_out(row) for row in rows]


def listed(row: Complaint) -> ComplaintOut:
    """A complaint as lists show it."""
    return ComplaintOut(
        id=row.id,
        number=row.number,
        village=place(row.village),
        category=CategoryRef.model_validate(row.category),
        grade=CategoryRef.model_validate(row.grade),
        channel=row.channel,
        state=row.state,
        outcome=row.outcome,
        level=row.level,
        anonymous=row.anonymous,
        hidden=row.hidden,
        place=row.place,
        filed_at=row.filed_at,
        accept_at=row.accept_at,
        reply_at=row.reply_at,
        finish_at=row.finish_at,
        first_replied_at=row.first_replied_at,
        extensions=row.extensions,
        promised_on=row.promised_on,
        provisional=row.provisional,
        colour=colours.colour(row),
        reopened=row.reopened,
        version=row.lock_version,
    )
