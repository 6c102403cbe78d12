"""Handing a complaint over, and asking another office to join (转办、协办)."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Conflict
from app.models import Complaint, Organisation
from app.models.complaint_classes import Level
from app.models.complaints import AssignmentKind, EventKind
from app.models.delivery import MessageKind
from app.models.organisations import OrganisationKind
from app.services.actors import Actor
from app.services.complaints import handling, ladder, routing, timeline

LONGEST_REASON = 500


def transfer(
    session: Session,
    *,
    acting: Actor,
    complaint_id: uuid.UUID,
    organisation_id: uuid.UUID,
    reason: str,
    version: int | None = None,
) -> Complaint:
    """Hand it over (转办): to a department of the town or county, to the town, the county, or back to the
    village. The former office may still read it; the deadlines stay.

    Raises BadInput without a reason or for an office that is not on the village's line, Conflict when nobody
    there can take it or it lies there already."""
    complaint, officer = handling.in_hand(session, acting, complaint_id, version)
    because = _reason(reason)
    handling.require_open(complaint)
    office, level = _office(session, complaint, organisation_id)
    held = routing.lead(session, complaint)
    if held is not None and held.organisation_id == office.id:
        raise Conflict("complaint.lies_there", "这件诉求已经在这个单位办理。")
    if routing.free_at(session, complaint, office) is None:
        raise _nobody()
    event = timeline.add(
        session,
        complaint,
        EventKind.TRANSFERRED,
        acting=acting,
        who=handling.office_of(session, complaint),
        officer_id=officer.officer_id,
        text=f"转交{office.name}办理：{because}",
    )
    routing.assign_to(session, complaint, acting=acting, organisation=office, level=level)
    ladder.start(session, complaint)
    timeline.tell_villager(session, complaint, f"已转交{office.name}", event=event)
    return complaint


def join(
    session: Session,
    *,
    acting: Actor,
    complaint_id: uuid.UUID,
    organisation_id: uuid.UUID,
    reason: str,
    version: int | None = None,
) -> Complaint:
    """Ask another office to join (协办): it reads the complaint and writes notes; the one who handles it
    answers. Raises as `transfer`."""
    complaint, officer = handling.in_hand(session, acting, complaint_id, version)
    because = _reason(reason)
    handling.require_open(complaint)
    office, level = _office(session, complaint, organisation_id)
    found = routing.free_at(session, complaint, office)
    if found is None:
        raise _nobody()
    made = routing.attach(
        session, complaint, kind=AssignmentKind.JOINT, office=office, officer=found, level=level
    )
    if made is None:
        raise Conflict("complaint.lies_there", "这个单位已经在办理或协办。")
    timeline.add(
        session,
        complaint,
        EventKind.JOINED,
        acting=acting,
        who=handling.office_of(session, complaint),
        officer_id=officer.officer_id,
        text=f"请{office.name}协办：{because}",
        visible=False,
    )
    timeline.tell_officer(
        session, complaint, found.id, key=f"joined:{made.id}", kind=MessageKind.COMPLAINT_ASSIGNED
    )
    return complaint


def offices(session: Session, complaint: Complaint) -> list[Organisation]:
    """Where a complaint of this village can be handed: the village, the offices above it and their
    departments; never a village for what skips it."""
    village = session.get_one(Organisation, complaint.village_id)
    line = session.scalars(
        select(Organisation).where(Organisation.id.in_(village.ancestry), Organisation.active)
    ).all()
    departments = session.scalars(
        select(Organisation)
        .where(
            Organisation.kind == OrganisationKind.DEPARTMENT,
            Organisation.active,
            Organisation.parent_id.in_(village.ancestry),
        )
        .order_by(Organisation.name, Organisation.id)
    ).all()
    line_up = sorted(line, key=lambda one: len(one.ancestry), reverse=True)
    if routing.least(session, complaint) != Level.VILLAGE:
        line_up = [one for one in line_up if one.kind != OrganisationKind.VILLAGE]
    return [*line_up, *departments]


def _office(session: Session, complaint: Complaint, organisation_id: uuid.UUID) -> tuple[Organisation, Level]:
    office = next((one for one in offices(session, complaint) if one.id == organisation_id), None)
    if office is None:
        raise BadInput("complaint.office_wrong", "请从列表里选择能办理这件诉求的单位。", field="office")
    if office.kind != OrganisationKind.DEPARTMENT:
        return office, routing.LEVEL_OF[office.kind]
    parent = session.get_one(Organisation, office.parent_id)
    return office, routing.LEVEL_OF[parent.kind]


def _nobody() -> Conflict:
    """Not why: whether somebody there is excluded is nobody's business."""
    return Conflict("complaint.office_empty", "这个单位现在没有能接办的人员，请换一个单位或交上一级。")


def _reason(reason: str) -> str:
    because = reason.strip()
    if not because:
        raise BadInput("complaint.reason_missing", "请写明原因。", field="reason")
    return because[:LONGEST_REASON]
