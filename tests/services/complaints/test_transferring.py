"""Handing over and asking to join: who may read and write afterwards; and that no step but extending,
reclassing and reopening moves a deadline."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.models import Complaint, Organisation
from app.models.complaints import ComplaintState
from app.models.organisations import Line, OrganisationKind
from app.models.people import Role
from app.services import access_complaints, actors, organisations, outbox
from app.services.complaints import feedback, handling, merging, queries, subjects, transferring
from tests import factories as make

MONDAY = datetime(2026, 11, 23, 9, tzinfo=clock.SHANGHAI)


@dataclass
class Desk:
    """One complaint on a village's desk, with the town and one of its departments beside it."""

    session: Session
    places: make.Places
    liaison: actors.Officer
    town: actors.Officer
    department: Organisation
    handler: actors.Officer
    villager: actors.Villager
    complaint: Complaint

    def do(self, step: Callable[..., Complaint], by: actors.Officer | None = None, **given: Any) -> Complaint:
        return step(self.session, acting=by or self.liaison, complaint_id=self.complaint.id, **given)

    def transfer(self, to: Organisation | None = None, by: actors.Officer | None = None) -> None:
        office = to or self.department
        self.do(transferring.transfer, by, organisation_id=office.id, reason="请办理")

    def join(self) -> None:
        self.do(transferring.join, organisation_id=self.department.id, reason="请帮忙")


@pytest.fixture
def desk(session: Session) -> Iterator[Desk]:
    with time_machine.travel(MONDAY, tick=False):
        places = make.places(session)
        department = organisations.create(
            session,
            acting=make.ROOT,
            kind=OrganisationKind.DEPARTMENT,
            code="d" + uuid.uuid4().hex[:6],
            name="益农镇村建办",
            parent=places.town,
            line=Line.CONSTRUCTION,
        )

        def acting(role: Role, place: Organisation, name: str = "") -> actors.Officer:
            return make.acting(session, make.officer(session, role, place, name=name))

        villager = make.villager(session)
        yield Desk(
            session,
            places,
            acting(Role.LIAISON_OFFICER, places.village, "孙小明"),
            acting(Role.TOWN_INSPECTOR, places.town),
            department,
            acting(Role.DEPARTMENT_HANDLER, department, "吴建业"),
            villager,
            make.complaint(session, places.village, by=villager).complaint,
        )


def _ask(desk: Desk) -> None:
    desk.do(handling.accept)
    desk.do(handling.ask, text="是哪一盏？", keys=make.KEYS)


def _ask_at_once(desk: Desk) -> None:
    desk.do(handling.ask, text="是哪一盏？", keys=make.KEYS)


def _note(desk: Desk) -> None:
    desk.do(handling.note, text="已派人")


def _add(desk: Desk) -> None:
    feedback.add(
        desk.session, acting=desk.villager, complaint=desk.complaint, text="还没有来", keys=make.KEYS
    )


def _contribute(desk: Desk) -> None:
    desk.join()
    desk.do(handling.note, by=desk.handler, text="灯杆要换")


def _merge(desk: Desk) -> None:
    other = make.complaint(desk.session, desk.places.village, by=make.villager(desk.session)).complaint
    desk.do(merging.merge, into_id=other.id, reason="同一盏灯")
    desk.do(merging.separate)


def _named(desk: Desk) -> None:
    desk.do(subjects.add, name="孙小明", reason="村民来电说的")


def _withdrawn(desk: Desk) -> None:
    subjects.recuse_self(
        desk.session, acting=desk.liaison, complaint_id=desk.complaint.id, reason="是我的亲戚"
    )


STEPS: list[Callable[[Desk], None]] = [
    _ask,
    _ask_at_once,
    _note,
    _add,
    Desk.transfer,
    Desk.join,
    _contribute,
    _merge,
    _named,
    _withdrawn,
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__.strip("_"))
def test_no_words_move_a_deadline(desk: Desk, step: Callable[[Desk], None]) -> None:
    def due() -> tuple[object, ...]:
        one = desk.complaint
        return one.accept_at, one.reply_at, one.finish_at, one.promised_on, one.clock_from, one.extended_days

    before = due()
    with time_machine.travel(MONDAY + timedelta(hours=5), tick=False):
        step(desk)
    desk.session.flush()
    desk.session.refresh(desk.complaint)
    assert due() == before


def test_who_handed_it_over_reads_it_and_does_nothing_more(desk: Desk) -> None:
    desk.transfer()
    assert access_complaints.access_complaint(desk.session, desk.liaison, desk.complaint.id)
    assert not queries.on_desk(desk.session, acting=desk.liaison)
    assert [one.id for one in queries.on_desk(desk.session, acting=desk.handler)] == [desk.complaint.id]
    for step in (_ask_at_once, _note, Desk.transfer):
        with pytest.raises(Forbidden) as refused:
            step(desk)
        assert refused.value.code == "complaint.not_yours"


def test_who_handed_it_over_and_is_named_then_reads_it_no_more(desk: Desk) -> None:
    desk.transfer()
    feedback.add(
        desk.session, acting=desk.villager, complaint=desk.complaint, text="孙小明拿了钱", keys=make.KEYS
    )
    with pytest.raises(NotFound):
        access_complaints.access_complaint(desk.session, desk.liaison, desk.complaint.id)
    assert access_complaints.access_complaint(desk.session, desk.handler, desk.complaint.id)


def test_the_department_gives_it_back_to_the_village(desk: Desk) -> None:
    desk.transfer()
    desk.transfer(to=desk.places.village, by=desk.handler)
    desk.do(handling.answer, text="已换好。", keys=make.KEYS)
    assert desk.complaint.state == ComplaintState.ANSWERED


def test_a_report_about_a_cadre_is_not_handed_to_the_village(desk: Desk) -> None:
    desk.do(handling.regrade, category_code="cadre_conduct", reason="说的是村干部")
    assert desk.places.village.id not in {
        one.id for one in transferring.offices(desk.session, desk.complaint)
    }
    with pytest.raises(BadInput) as refused:
        desk.transfer(to=desk.places.village, by=desk.town)
    assert refused.value.code == "complaint.office_wrong"


def test_the_joined_office_loses_it_when_its_officer_is_named(desk: Desk) -> None:
    desk.join()
    told = outbox.inbox(desk.session, officer_id=desk.handler.officer_id)
    assert [one.subject_id for one in told] == [str(desk.complaint.id)]
    feedback.add(
        desk.session, acting=desk.villager, complaint=desk.complaint, text="吴建业拿了钱", keys=make.KEYS
    )
    with pytest.raises(NotFound):
        desk.do(handling.note, by=desk.handler, text="先看看")
    assert not outbox.inbox(desk.session, officer_id=desk.handler.officer_id)
    desk.do(handling.accept)


def test_the_joined_office_neither_extends_nor_hands_over_nor_merges(desk: Desk) -> None:
    desk.join()
    steps: list[tuple[Callable[..., Complaint], dict[str, Any]]] = [
        (handling.accept, {}),
        (handling.ask, {"text": "？", "keys": make.KEYS}),
        (handling.give_back, {"reason": "不归我们", "address": "供电所"}),
        (transferring.transfer, {"organisation_id": desk.places.town.id, "reason": "请办"}),
        (transferring.join, {"organisation_id": desk.places.town.id, "reason": "请办"}),
        (merging.separate, {}),
    ]
    for step, given in steps:
        with pytest.raises(Forbidden):
            desk.do(step, by=desk.handler, **given)


@pytest.mark.parametrize("step", [transferring.transfer, transferring.join])
@pytest.mark.parametrize("case", ["no reason", "stale", "answered", "already there", "empty"])
def test_when_it_cannot_be_handed_over(desk: Desk, step: Callable[..., Complaint], case: str) -> None:
    given: dict[str, Any] = {"organisation_id": desk.department.id, "reason": "请办理"}
    expected = "complaint.state_wrong"
    if case == "no reason":
        given["reason"], expected = "  ", "complaint.reason_missing"
    elif case == "stale":
        given["version"], expected = desk.complaint.lock_version, "complaint.changed"
        desk.do(handling.accept)
    elif case == "answered":
        desk.do(handling.answer, text="已换好。", keys=make.KEYS)
    elif case == "already there":
        given["organisation_id"], expected = desk.places.village.id, "complaint.lies_there"
    else:
        given["organisation_id"], expected = desk.places.county.id, "complaint.office_empty"
    with pytest.raises(AppError) as refused:
        desk.do(step, **given)
    assert refused.value.code == expected
    if case == "empty":
        assert isinstance(refused.value, Conflict)
