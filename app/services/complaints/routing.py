"""Whose desk a complaint goes to.

The village's liaison officer for complaints, then the town's inspectors, then the county's. Whoever is
named in it is never on its path (回避): when all at a level are named, or nobody holds the office, the
next level gets it. Matters about cadres skip the village."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Assignment, Complaint, ComplaintSubject, Officer, Organisation
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintState, EventKind
from app.models.delivery import MessageKind
from app.models.people import Duty, Role
from app.services import officers
from app.services.actors import Actor
from app.services.complaints import timeline

_NO_LETTERS = re.compile(r"[\W_]+")
LEVELS = (Level.VILLAGE, Level.TOWN, Level.COUNTY)
OFFICES: dict[Level, tuple[tuple[Role, ...], Duty | None]] = {
    Level.VILLAGE: ((Role.LIAISON_OFFICER,), Duty.COMPLAINTS),
    Level.TOWN: ((Role.TOWN_INSPECTOR,), None),
    Level.COUNTY: ((Role.COUNTY_INSPECTOR,), None),
}
OFFICE_NAMES = {Level.VILLAGE: "村社联络员", Level.TOWN: "镇街监察办", Level.COUNTY: "区纪委"}


def above(level: Level) -> Level:
    """The next higher level; the county stays the county."""
    return LEVELS[min(LEVELS.index(level) + 1, len(LEVELS) - 1)]


def named_officers(session: Session, village: Organisation, text: str) -> list[uuid.UUID]:
    """Officers of this village or of the offices above it whose full name stands in `text`, also with
    spaces or signs between its characters (杨 志坤, 杨（志坤）)."""
    serving = officers.serving_at(session, *village.ancestry)
    letters = _letters(text)
    return [key for key, name in serving.items() if len(name) > 1 and _letters(name) in letters]


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text))


def exclude(session: Session, complaint: Complaint, officer_ids: Iterable[uuid.UUID]) -> None:
    """Write down whom the complaint is about."""
    for officer_id in dict.fromkeys(officer_ids):
        session.merge(ComplaintSubject(complaint_id=complaint.id, officer_id=officer_id))
    session.flush()


def exclude_named(session: Session, complaint: Complaint, text: str) -> list[uuid.UUID]:
    """Exclude whoever `text` names; who that is."""
    village = session.get_one(Organisation, complaint.village_id)
    named = named_officers(session, village, text)
    exclude(session, complaint, named)
    return named


def recuse(session: Session, complaint: Complaint, text: str, *, acting: Actor) -> None:
    """Take what the complainant says later as seriously as the filing: whoever `text` names is excluded from
    now on, and loses the complaint if it lies on his desk.

    Call it before the words are written down, in the same transaction: nobody reads who accuses him."""
    named = exclude_named(session, complaint, text)
    if not named:
        return
    holder = session.scalar(
        select(Assignment.officer_id).where(
            Assignment.complaint_id == complaint.id, Assignment.until.is_(None)
        )
    )
    if holder in named and complaint.state != ComplaintState.CLOSED:
        assign(session, complaint, acting=acting, level=complaint.level)


def assign(session: Session, complaint: Complaint, *, acting: Actor, level: Level) -> Assignment:
    """Put the complaint on a desk at `level`, or at the first level above that has somebody for it.

    The former assignment ends; the officer is told; the step stands in the timeline."""
    village = session.get_one(Organisation, complaint.village_id)
    found, office, officer = _desk(session, complaint, village, level)
    at = timeline.moment(complaint)
    for running in session.scalars(
        select(Assignment).where(Assignment.complaint_id == complaint.id, Assignment.until.is_(None))
    ):
        running.until = at
    assignment = Assignment(
        id=uuid.uuid4(),
        complaint_id=complaint.id,
        organisation_id=office.id,
        officer_id=officer.id if officer else None,
        level=found,
        since=at,
    )
    session.add(assignment)
    complaint.level = found
    timeline.add(
        session,
        complaint,
        EventKind.ASSIGNED,
        acting=acting,
        who="系统",
        text=f"已转交{office.name}（{OFFICE_NAMES[found]}）办理。",
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


def _desk(
    session: Session, complaint: Complaint, village: Organisation, level: Level
) -> tuple[Level, Organisation, Officer | None]:
    """The first level from `level` upwards with an officer who is not named in the complaint.

    When there is none anywhere, the county's office gets it without an officer: its list of unassigned
    complaints shows it."""
    named = set(
        session.scalars(
            select(ComplaintSubject.officer_id).where(ComplaintSubject.complaint_id == complaint.id)
        )
    )
    places = list(reversed(village.ancestry))
    for step in LEVELS[LEVELS.index(level) :]:
        office_id = places[min(LEVELS.index(step), len(places) - 1)]
        roles, duty = OFFICES[step]
        free = [
            officer
            for officer in officers.holders(session, office_id, *roles, duty=duty)
            if officer.id not in named
        ]
        if free:
            return step, session.get_one(Organisation, office_id), free[0]
    return Level.COUNTY, session.get_one(Organisation, places[-1]), None
