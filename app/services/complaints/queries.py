"""Lists and single views of complaints, for each kind of reader. What a reader may know of, `access` says."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, func, select
from sqlalchemy.orm import Session, joinedload

from app.core import ids
from app.core.errors import NotFound
from app.models import (
    Assignment,
    Attachment,
    Complaint,
    ComplaintCategory,
    ComplaintEvent,
    ComplaintSubject,
    Officer,
    Organisation,
    Rating,
)
from app.models.complaints import ComplaintState
from app.models.disclosures import AttachmentOwner
from app.services import access, access_complaints, actors, attachments, audit
from app.services.actors import Actor
from app.services.complaints import colours, timeline
from app.services.complaints.deadlines import OPEN


@dataclass(frozen=True)
class View:
    """A complaint with all that stands on its page: steps, files by step, and whom it is about."""

    complaint: Complaint
    village: Organisation
    category: ComplaintCategory
    events: Sequence[ComplaintEvent]
    files: Sequence[Attachment]
    event_files: dict[uuid.UUID, list[Attachment]]
    about: Sequence[str]


def listing(
    acting: Actor, *, states: Sequence[ComplaintState] = (), village_id: uuid.UUID | None = None
) -> Select[Complaint]:
    """All complaints that the actor may know of, newest first, with village, town and category."""
    query = (
        select(Complaint)
        .where(access.visible_complaints(acting))
        .options(
            joinedload(Complaint.village).joinedload(Organisation.parent),
            joinedload(Complaint.category),
            joinedload(Complaint.grade),
        )
        .order_by(Complaint.filed_at.desc(), Complaint.id.desc())
    )
    if states:
        query = query.where(Complaint.state.in_(states))
    return query.where(Complaint.village_id == village_id) if village_id else query


def on_desk(session: Session, *, acting: Actor, limit: int = 50) -> Sequence[Complaint]:
    """What lies on the officer's desk and waits for a step, the most urgent first."""
    query = listing(acting, states=OPEN).where(lies_on_desk(acting)).order_by(None)
    return session.scalars(query.order_by(Complaint.finish_at, Complaint.id).limit(limit)).all()


def lies_on_desk(acting: Actor) -> ColumnElement[bool]:
    """SQL: the complaint lies with an office of the actor, to handle, to join or to watch; what is merged
    lies with the main one."""
    desks = access_complaints.desks(acting) if isinstance(acting, actors.Officer) else ()
    if not desks:
        return false()
    held = exists().where(
        Assignment.complaint_id == Complaint.id,
        Assignment.until.is_(None),
        Assignment.organisation_id.in_(desks),
    )
    return and_(held, Complaint.merged_into_id.is_(None))


def own(session: Session, *, acting: Actor, limit: int = 50) -> Sequence[Complaint]:
    """A villager's own complaints, newest first."""
    access.require_villager(acting)
    return session.scalars(listing(acting).limit(limit)).all()


def own_by_number(session: Session, *, acting: Actor, number: str) -> Complaint:
    """A villager's own complaint by its number as typed. Raises NotFound for anybody else's."""
    access.require_villager(acting)
    found = session.scalar(listing(acting).where(Complaint.number == ids.normalise_number(number)))
    if found is None:
        raise NotFound("complaint.not_found", "没有找到这件诉求，请核对编号；只能查看自己提交的。")
    return found


def read(session: Session, *, acting: Actor, complaint_id: uuid.UUID) -> Complaint:
    """Open a complaint to read all of it; each reading leaves an audit row, of anonymous ones with the day
    only. Raises NotFound."""
    complaint = access.access_complaint(session, acting, complaint_id)
    audit.record(
        session,
        acting=acting,
        action="read",
        noun="complaint",
        noun_id=complaint.id,
        village_id=complaint.village_id,
        at=timeline.moment(complaint) if complaint.anonymous else None,
    )
    return complaint


def counts(
    session: Session, query: Select[Complaint]
) -> tuple[dict[ComplaintState, int], dict[colours.Colour, int]]:
    """How many of a `listing` there are in each state and of each colour: exactly those that it lists."""
    states, shades = list(ComplaintState), list(colours.Colour)
    found = [
        *(func.count().filter(Complaint.state == one) for one in states),
        *(func.count().filter(colours.condition(one)) for one in shades),
    ]
    row = session.execute(query.order_by(None).with_only_columns(*found)).one()
    numbers = [int(number) for number in row]
    return (
        dict(zip(states, numbers, strict=False)),
        dict(zip(shades, numbers[len(states) :], strict=True)),
    )


def known(session: Session, *, acting: Actor, complaint_id: uuid.UUID) -> bool:
    """Whether the actor may know of it."""
    seen = exists().where(Complaint.id == complaint_id, access.visible_complaints(acting))
    return bool(session.scalar(select(seen)))


def view(session: Session, complaint: Complaint, *, inside: bool) -> View:
    """All about a complaint that the caller was already allowed to see. `inside` adds what only offices
    read: internal notes, and the names of those whom it is about."""
    village = session.get_one(Organisation, complaint.village_id)
    category = session.get_one(ComplaintCategory, complaint.category_code)
    steps = select(ComplaintEvent).where(ComplaintEvent.complaint_id == complaint.id)
    if not inside:
        steps = steps.where(ComplaintEvent.visible)
    events = session.scalars(steps.order_by(ComplaintEvent.position)).all()
    return View(
        complaint=complaint,
        village=village,
        category=category,
        events=events,
        files=attachments.of(session, AttachmentOwner.COMPLAINT, [complaint.id])[complaint.id],
        event_files=attachments.of(session, AttachmentOwner.COMPLAINT_EVENT, [event.id for event in events]),
        about=_about(session, complaint) if inside else (),
    )


def _about(session: Session, complaint: Complaint) -> Sequence[str]:
    return session.scalars(
        select(Officer.name)
        .join(ComplaintSubject, ComplaintSubject.officer_id == Officer.id)
        .where(ComplaintSubject.complaint_id == complaint.id)
        .order_by(Officer.name)
    ).all()


def assignments(session: Session, complaint: Complaint) -> Sequence[Row[Assignment, Organisation]]:
    """Whose desks it lay on, the first one first, with offices and officers."""
    query = (
        select(Assignment, Organisation)
        .join(Organisation, Organisation.id == Assignment.organisation_id)
        .where(Assignment.complaint_id == complaint.id)
        .options(joinedload(Assignment.officer))
    )
    order = (Assignment.until.asc().nulls_last(), Assignment.since, Assignment.id)
    return session.execute(query.order_by(*order).execution_options(populate_existing=True)).all()


def ratings(session: Session, complaint: Complaint) -> Sequence[Rating]:
    """What the complainant thought of the answers, by round."""
    query = select(Rating).where(Rating.complaint_id == complaint.id)
    return session.scalars(query.order_by(Rating.round)).all()
