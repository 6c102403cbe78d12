"""Whose desk a complaint goes to (分办).

The routes of the county say where complaints of an area, category or class begin; without one the village's
liaison officer for complaints, or the town for what skips the village. Whoever is excluded is never on the
path (回避): when all at a level are, or nobody holds the office, the next level gets it. When there is nobody
anywhere, the county's office has it without an officer, and it climbs the ladder like the others."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.models import (
    Assignment,
    Complaint,
    ComplaintCategory,
    ComplaintClass,
    ComplaintRoute,
    Officer,
    Organisation,
)
from app.models.complaint_classes import Level
from app.models.complaints import AssignmentKind, EventKind
from app.models.delivery import MessageKind
from app.models.organisations import Line, OrganisationKind
from app.models.people import Duty, Role
from app.services import access_complaints, officers
from app.services.actors import Actor
from app.services.complaints import timeline

LEVELS = (Level.VILLAGE, Level.TOWN, Level.COUNTY)
OFFICES: dict[Level, tuple[tuple[Role, ...], Duty | None]] = {
    Level.VILLAGE: ((Role.LIAISON_OFFICER,), Duty.COMPLAINTS),
    Level.TOWN: ((Role.TOWN_INSPECTOR,), None),
    Level.COUNTY: ((Role.COUNTY_INSPECTOR,), None),
}
OFFICE_NAMES = {Level.VILLAGE: "村社联络员", Level.TOWN: "镇街监察办", Level.COUNTY: "区纪委"}
LEVEL_OF = {
    OrganisationKind.VILLAGE: Level.VILLAGE,
    OrganisationKind.TOWN: Level.TOWN,
    OrganisationKind.COUNTY: Level.COUNTY,
}


def above(level: Level) -> Level:
    """The next higher level; the county stays the county."""
    return LEVELS[min(LEVELS.index(level) + 1, len(LEVELS) - 1)]


def highest(*levels: Level) -> Level:
    """The highest of these levels."""
    return max(levels, key=LEVELS.index)


def begin(session: Session, complaint: Complaint, *, acting: Actor) -> Assignment:
    """Put a new complaint on its first desk, by the route that says most (area before category before class).
    What skips the village goes to the town at least, whatever a route says."""
    village = session.get_one(Organisation, complaint.village_id)
    route = _route(session, complaint, village)
    level = highest(route.level if route else Level.VILLAGE, least(session, complaint))
    if route is not None and route.line is not None:
        department = _department(session, village, route.line, level)
        if department is not None:
            return assign_to(session, complaint, acting=acting, organisation=department, level=level)
    return assign(session, complaint, acting=acting, level=level)


def least(session: Session, complaint: Complaint) -> Level:
    """The lowest level that may handle it: reports about cadres never go to the village."""
    grade = session.get_one(ComplaintClass, complaint.class_code)
    category = session.get_one(ComplaintCategory, complaint.category_code)
    return Level.TOWN if grade.skips_village or category.skips_village else Level.VILLAGE


def _route(session: Session, complaint: Complaint, village: Organisation) -> ComplaintRoute | None:
    fits = session.scalars(
        select(ComplaintRoute).where(
            or_(ComplaintRoute.area_id.is_(None), ComplaintRoute.area_id.in_(village.ancestry)),
            or_(
                ComplaintRoute.category_code.is_(None),
                ComplaintRoute.category_code == complaint.category_code,
            ),
            or_(ComplaintRoute.class_code.is_(None), ComplaintRoute.class_code == complaint.class_code),
        )
    ).all()

    def says(route: ComplaintRoute) -> tuple[int, bool, bool]:
        near = village.ancestry.index(route.area_id) + 1 if route.area_id else 0
        return near, route.category_code is not None, route.class_code is not None

    return max(fits, key=says, default=None)


def _department(session: Session, village: Organisation, line: Line, level: Level) -> Organisation | None:
    """The department of a line at the town or county above a village; the town's before the county's."""
    above_it = [key for key in reversed(village.ancestry) if key != village.id]
    wanted = above_it if level != Level.COUNTY else above_it[-1:]
    found = session.scalars(
        select(Organisation).where(
            Organisation.kind == OrganisationKind.DEPARTMENT,
            Organisation.line == line,
            Organisation.active,
            Organisation.parent_id.in_(wanted),
        )
    ).all()
    return min(found, key=lambda one: wanted.index(one.parent_id) if one.parent_id else 0, default=None)


def assign(session: Session, complaint: Complaint, *, acting: Actor, level: Level) -> Assignment:
    """Put the complaint on a desk at `level`, or at the first level above that has somebody for it.

    The former assignment ends; the officer is told; the step stands in the timeline."""
    found, office, officer = desk(session, complaint, level)
    return _hand(session, complaint, acting, found, office, officer)


def assign_to(
    session: Session, complaint: Complaint, *, acting: Actor, organisation: Organisation, level: Level
) -> Assignment:
    """Put the complaint on the desk of one organisation, a department or an office; at the next level above
    `level` when nobody there may have it."""
    officer = _free(session, complaint, _holders(session, organisation))
    if officer is None:
        return assign(session, complaint, acting=acting, level=above(level))
    return _hand(session, complaint, acting, level, organisation, officer)


def _hand(
    session: Session,
    complaint: Complaint,
    acting: Actor,
    level: Level,
    office: Organisation,
    officer: Officer | None,
) -> Assignment:
    at = timeline.moment(complaint)
    for running in _running(session, complaint):
        if running.kind == AssignmentKind.LEAD or running.organisation_id == office.id:
            running.until = at
    assignment = Assignment(
        id=uuid.uuid4(),
        complaint_id=complaint.id,
        kind=AssignmentKind.LEAD,
        organisation_id=office.id,
        officer_id=officer.id if officer else None,
        level=level,
        since=at,
    )
    session.add(assignment)
    complaint.level = level
    department = office.kind == OrganisationKind.DEPARTMENT
    timeline.add(
        session,
        complaint,
        EventKind.ASSIGNED,
        acting=acting,
        who="系统",
        text=f"已转交{office.name}{'' if department else f'（{OFFICE_NAMES[level]}）'}办理。",
        officer_id=officer.id if officer else None,
    )
    if officer:
        timeline.tell_officer(
            session,
            complaint,
            officer.id,
            key=f"assigned:{assignment.id}",
            kind=MessageKind.COMPLAINT_ASSIGNED,
        )
    return assignment


def _running(session: Session, complaint: Complaint) -> Sequence[Assignment]:
    return session.scalars(
        select(Assignment).where(Assignment.complaint_id == complaint.id, Assignment.until.is_(None))
    ).all()


def attach(
    session: Session,
    complaint: Complaint,
    *,
    kind: AssignmentKind,
    office: Organisation,
    officer: Officer | None,
    level: Level,
) -> Assignment | None:
    """Let another office join (协办) or watch (督办) without taking the desk; None when it has it already."""
    if any(row.organisation_id == office.id for row in _running(session, complaint)):
        return None
    made = Assignment(
        id=uuid.uuid4(),
        complaint_id=complaint.id,
        kind=kind,
        organisation_id=office.id,
        officer_id=officer.id if officer else None,
        level=level,
        since=timeline.moment(complaint),
    )
    session.add(made)
    session.flush()
    return made


def lead(session: Session, complaint: Complaint) -> Assignment | None:
    """Who handles it now."""
    rows = _running(session, complaint)
    return next((row for row in rows if row.kind == AssignmentKind.LEAD), None)


def desk(session: Session, complaint: Complaint, level: Level) -> tuple[Level, Organisation, Officer | None]:
    """The first level from `level` upwards with an officer who may have it."""
    village = session.get_one(Organisation, complaint.village_id)
    places = list(reversed(village.ancestry))
    for step in LEVELS[LEVELS.index(level) :]:
        office_id = places[min(LEVELS.index(step), len(places) - 1)]
        roles, duty = OFFICES[step]
        officer = _free(session, complaint, officers.holders(session, office_id, *roles, duty=duty))
        if officer is not None:
            return step, session.get_one(Organisation, office_id), officer
    return Level.COUNTY, session.get_one(Organisation, places[-1]), None


def free_at(session: Session, complaint: Complaint, organisation: Organisation) -> Officer | None:
    """Somebody of this organisation who may have the complaint."""
    return _free(session, complaint, _holders(session, organisation))


def _holders(session: Session, organisation: Organisation) -> list[Officer]:
    if organisation.kind == OrganisationKind.DEPARTMENT:
        return officers.holders(session, organisation.id, Role.DEPARTMENT_HANDLER)
    roles, duty = OFFICES[LEVEL_OF[organisation.kind]]
    return officers.holders(session, organisation.id, *roles, duty=duty)


def _free(session: Session, complaint: Complaint, candidates: Sequence[Officer]) -> Officer | None:
    out = access_complaints.excluded_ids(session, complaint, [one.id for one in candidates])
    return next((one for one in candidates if one.id not in out), None)
