"""The ladder of late complaints: reminders, supervisor, town, county; once each, oldest first."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.models import Assignment, Complaint, ComplaintEvent, OutgoingMessage
from app.models.complaint_classes import Level
from app.models.complaints import AssignmentKind, ComplaintChannel, ComplaintState, EventKind
from app.models.delivery import MessageKind
from app.models.people import Role
from app.services import access_complaints, county_settings
from app.services.complaints import feedback, handling, ladder, routing
from tests import factories as make

MONDAY = datetime(2026, 11, 23, 9, tzinfo=clock.SHANGHAI)
MANY = 500
SCHEDULERS = 3


def kinds(session: Session, complaint: Complaint) -> list[EventKind]:
    query = select(ComplaintEvent.kind).where(ComplaintEvent.complaint_id == complaint.id)
    return list(session.scalars(query.order_by(ComplaintEvent.position)))


def told(session: Session, complaint: Complaint) -> Counter[uuid.UUID | None]:
    query = select(OutgoingMessage.officer_id).where(
        OutgoingMessage.subject_id == str(complaint.id),
        OutgoingMessage.kind == MessageKind.COMPLAINT_OVERDUE,
    )
    return Counter(session.scalars(query))


def step(session: Session, complaint: Complaint) -> str:
    """Let the next step happen; its day and hour."""
    assert complaint.step_at is not None
    at = complaint.step_at
    with time_machine.travel(at, tick=False):
        assert ladder.climb(session) == 1
        assert ladder.climb(session) == 0
    return clock.local(at).strftime("%m-%d %H:%M")


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def places(session: Session) -> make.Places:
    return make.places(session)


def test_an_accepted_one_is_reminded_then_climbs_to_town_and_county(
    session: Session, places: make.Places
) -> None:
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village)
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    county = make.officer(session, Role.COUNTY_INSPECTOR, places.county)
    complaint = make.complaint(session, places.village).complaint
    handling.accept(session, acting=make.acting(session, liaison), complaint_id=complaint.id)
    assert complaint.promised_on.isoformat() == "2026-11-30"

    assert step(session, complaint) == "11-27 08:30"
    assert told(session, complaint) == {liaison.id: 1}
    assert step(session, complaint) == "12-01 08:30"
    assert told(session, complaint) == {liaison.id: 2, town.id: 1}
    watching = session.scalars(
        select(Assignment.officer_id).where(
            Assignment.complaint_id == complaint.id, Assignment.kind == AssignmentKind.WATCH
        )
    ).all()
    assert watching == [town.id]
    assert step(session, complaint) == "12-02 08:30"
    assert complaint.level == Level.TOWN
    assert step(session, complaint) == "12-08 08:30"
    assert complaint.level == Level.COUNTY
    assert step(session, complaint) == "12-09 08:30"
    assert told(session, complaint)[county.id] == 1
    assert complaint.escalations == 2
    assert complaint.state == ComplaintState.ACCEPTED


def test_who_slept_for_weeks_wakes_up_once(session: Session, places: make.Places) -> None:
    make.officer(session, Role.LIAISON_OFFICER, places.village)
    county = make.officer(session, Role.COUNTY_INSPECTOR, places.county)
    complaint = make.complaint(session, places.village).complaint
    with time_machine.travel(MONDAY + timedelta(days=40), tick=False):
        while ladder.climb(session):
            assert complaint.step < 60
        assert complaint.step_at is not None
        assert complaint.step_at > clock.now()
    assert complaint.level == Level.COUNTY
    assert told(session, complaint)[county.id] <= 1


def test_one_without_an_officer_climbs_at_the_first_step(session: Session, places: make.Places) -> None:
    complaint = make.complaint(session, places.village).complaint
    assert complaint.level == Level.COUNTY
    held = routing.lead(session, complaint)
    assert held is not None
    assert held.officer_id is None
    county = make.officer(session, Role.COUNTY_INSPECTOR, places.county)
    step(session, complaint)
    held = routing.lead(session, complaint)
    assert held is not None
    assert held.officer_id == county.id


def test_nobody_excluded_is_on_the_ladder(session: Session, places: make.Places) -> None:
    make.officer(session, Role.LIAISON_OFFICER, places.village)
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town, name="高镇纪")
    county = make.officer(session, Role.COUNTY_INSPECTOR, places.county)
    complaint = make.complaint(session, places.village, content="高镇纪收了包工头的烟。").complaint
    step(session, complaint)
    step(session, complaint)
    assert complaint.level == Level.COUNTY
    assert town.id not in told(session, complaint)
    assert access_complaints.excluded_ids(session, complaint, [town.id, county.id]) == {town.id}


def test_words_of_nobody_move_a_step_and_answering_ends_it(session: Session, places: make.Places) -> None:
    liaison = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
    villager = make.villager(session)
    complaint = make.complaint(session, places.village, by=villager).complaint
    handling.accept(session, acting=liaison, complaint_id=complaint.id)
    due = complaint.step_at
    feedback.add(session, acting=villager, complaint=complaint, text="还没有好", keys=make.KEYS)
    handling.note(session, acting=liaison, complaint_id=complaint.id, text="在等料")
    handling.ask(session, acting=liaison, complaint_id=complaint.id, text="哪一盏？", keys=make.KEYS)
    assert complaint.step_at == due
    handling.answer(session, acting=liaison, complaint_id=complaint.id, text="好了。", keys=make.KEYS)
    assert complaint.step_at is None


def test_the_county_sets_the_ladder(session: Session, places: make.Places) -> None:
    make.officer(session, Role.LIAISON_OFFICER, places.village)
    county_settings.put(
        session,
        acting=make.ROOT,
        key=ladder.SETTING,
        value={"remind_before": 3, "accept": 3, "town": 1, "county": 5, "again": 1},
        reason="人手少",
    )
    complaint = make.complaint(session, places.village).complaint
    assert step(session, complaint) == "11-25 08:30"
    assert complaint.step_at == clock.at(date(2026, 11, 30), 8, 30)


def _overdue(session: Session) -> make.Places:
    """`MANY` complaints that nobody accepted since Monday, on one liaison's desk."""
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village)
    make.officer(session, Role.TOWN_INSPECTOR, places.town)
    rows = [
        {
            "id": uuid.uuid4(),
            "number": f"M{uuid.uuid4().hex[:12]}",
            "village_id": places.village.id,
            "category_code": "public_works",
            "class_code": "request",
            "channel": ComplaintChannel.PAGE,
            "state": ComplaintState.FILED,
            "level": Level.VILLAGE,
            "content": "路灯坏了",
            "filed_at": MONDAY + timedelta(seconds=number),
            "accept_at": MONDAY,
            "finish_at": MONDAY + timedelta(days=7),
            "promised_on": MONDAY.date(),
            "step": 1,
            "step_at": MONDAY + timedelta(seconds=number),
            "reopened": 0,
            "lock_version": 1,
        }
        for number in range(MANY)
    ]
    session.execute(insert(Complaint), rows)
    desk = {
        "organisation_id": places.village.id,
        "officer_id": liaison.id,
        "level": Level.VILLAGE,
        "since": MONDAY,
        "kind": AssignmentKind.LEAD,
    }
    session.execute(
        insert(Assignment), [{"id": uuid.uuid4(), "complaint_id": row["id"], **desk} for row in rows]
    )
    return places


def test_five_hundred_climb_once_each_with_several_schedulers(database: Database) -> None:
    with database.transaction() as session:
        places = _overdue(session)

    def scheduler(_: int) -> int:
        total = 0
        while True:
            with database.transaction() as session:
                done = ladder.climb(session)
            total += done
            if not done:
                return total

    with (
        time_machine.travel(MONDAY + timedelta(hours=1), tick=False),
        ThreadPoolExecutor(SCHEDULERS) as schedulers,
    ):
        assert sum(schedulers.map(scheduler, range(SCHEDULERS))) >= MANY
    with database.reading() as session:
        ours = select(Complaint.id).where(Complaint.village_id == places.village.id)
        levels = session.scalars(select(Complaint.level).where(Complaint.id.in_(ours))).all()
        assert Counter(levels) == {Level.TOWN: MANY}
        escalated = session.execute(
            select(ComplaintEvent.complaint_id, func.count())
            .where(ComplaintEvent.complaint_id.in_(ours), ComplaintEvent.kind == EventKind.ESCALATED)
            .group_by(ComplaintEvent.complaint_id)
        ).all()
        assert (len(escalated), {row[1] for row in escalated}) == (MANY, {1})
        pushed = select(func.count()).where(
            OutgoingMessage.village_id == places.village.id,
            OutgoingMessage.kind == MessageKind.COMPLAINT_ASSIGNED,
        )
        assert session.scalar(pushed) == MANY
