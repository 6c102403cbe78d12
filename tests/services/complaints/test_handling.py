"""The office's steps: asking back, extending, reclassing, sending away, handing over, asking to join."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.models import Assignment, Complaint, Officer, Organisation
from app.models.complaint_classes import Level
from app.models.complaints import AssignmentKind, ComplaintState, EventKind, Outcome, Satisfaction
from app.models.organisations import Line, OrganisationKind
from app.models.people import Role
from app.services import actors, organisations
from app.services.complaints import feedback, handling, queries, routing, transferring
from tests import factories as make

MONDAY = datetime(2026, 11, 23, 9, tzinfo=clock.SHANGHAI)


@dataclass
class World:
    """A village with its offices, a department of the town, and one complaint on the liaison's desk."""

    session: Session
    places: make.Places
    liaison: actors.Officer
    town: actors.Officer
    builders: Organisation
    builder: actors.Officer
    villager: actors.Villager
    complaint: Complaint

    def do(
        self, step: Callable[..., Complaint], by: actors.Officer | None = None, **given: object
    ) -> Complaint:
        return step(self.session, acting=by or self.liaison, complaint_id=self.complaint.id, **given)

    def kinds(self) -> list[EventKind]:
        view = queries.view(self.session, self.complaint, inside=True)
        return [event.kind for event in view.events]

    def seen(self) -> str:
        view = queries.view(self.session, self.complaint, inside=False)
        return "\n".join(event.text for event in view.events)


@pytest.fixture
def world(session: Session) -> Iterator[World]:
    with time_machine.travel(MONDAY, tick=False):
        places = make.places(session)
        builders = organisations.create(
            session,
            acting=make.ROOT,
            kind=OrganisationKind.DEPARTMENT,
            code="b" + uuid.uuid4().hex[:6],
            name="益农镇村建办",
            parent=places.town,
            line=Line.CONSTRUCTION,
        )
        villager = make.villager(session)

        def acting(role: Role, place: Organisation) -> actors.Officer:
            return make.acting(session, make.officer(session, role, place))

        yield World(
            session,
            places,
            acting(Role.LIAISON_OFFICER, places.village),
            acting(Role.TOWN_INSPECTOR, places.town),
            builders,
            acting(Role.DEPARTMENT_HANDLER, builders),
            villager,
            make.complaint(session, places.village, by=villager).complaint,
        )


def test_asking_back_is_the_first_reply_and_moves_no_deadline(world: World) -> None:
    due = world.complaint.finish_at
    with time_machine.travel(MONDAY + timedelta(hours=1), tick=False):
        world.do(handling.ask, text="是哪一盏灯？请说一下杆子上的号码。", keys=make.KEYS)
    first = world.complaint.first_replied_at
    assert first == MONDAY + timedelta(hours=1)
    assert world.complaint.state == ComplaintState.ACCEPTED
    with time_machine.travel(MONDAY + timedelta(hours=2), tick=False):
        feedback.add(
            world.session, acting=world.villager, complaint=world.complaint, text="3号杆", keys=make.KEYS
        )
        world.do(handling.note, text="已派人")
        world.do(handling.answer, text="已换好。", keys=make.KEYS)
    assert (world.complaint.first_replied_at, world.complaint.finish_at) == (first, due)
    assert "哪一盏灯" in world.seen()
    assert "已派人" not in world.seen()


def test_two_extensions_with_reasons_and_no_third(world: World) -> None:
    world.do(handling.accept)
    assert world.complaint.promised_on.isoformat() == "2026-11-30"
    world.do(handling.extend, reason="等供电所停电施工")
    assert (world.complaint.promised_on.isoformat(), world.complaint.extensions) == ("2026-12-07", 1)
    world.do(handling.extend, reason="材料没有到")
    assert (world.complaint.promised_on.isoformat(), world.complaint.extensions) == ("2026-12-14", 2)
    with pytest.raises(Conflict, match="最多延期 2 次") as refused:
        world.do(handling.extend, reason="还要等")
    assert refused.value.code == "complaint.extensions_used"
    assert "材料没有到" in world.seen()


@pytest.mark.parametrize(
    ("accepted", "reason", "later", "code"),
    [
        (False, "等材料", 0, "complaint.not_accepted"),
        (True, "  ", 0, "complaint.reason_missing"),
        (True, "等材料", 9, "complaint.extend_late"),
    ],
)
def test_an_extension_that_is_not_in_order_is_refused(
    world: World, accepted: bool, reason: str, later: int, code: str
) -> None:
    if accepted:
        world.do(handling.accept)
    with (
        time_machine.travel(MONDAY + timedelta(days=later), tick=False),
        pytest.raises(AppError) as refused,
    ):
        world.do(handling.extend, reason=reason)
    assert refused.value.code == code
    assert world.complaint.extensions == 0


def test_a_hard_matter_gets_its_class_and_deadline_from_where_the_clock_began(world: World) -> None:
    with time_machine.travel(MONDAY + timedelta(days=2), tick=False):
        world.do(handling.regrade, class_code="hard", reason="涉及三个单位")
    assert world.complaint.class_code == "hard"
    assert world.complaint.promised_on.isoformat() == "2026-12-14"  # fifteen work days from Monday
    assert "疑难事项" in world.seen()
    with pytest.raises(Conflict) as refused:
        world.do(handling.regrade, class_code="hard", reason="再来一次")
    assert refused.value.code == "complaint.class_same"


def test_what_turns_out_to_be_about_a_cadre_leaves_the_village(world: World) -> None:
    world.do(handling.regrade, category_code="cadre_conduct", reason="反映的是村干部")
    assert (world.complaint.level, world.complaint.class_code) == (Level.TOWN, "cadre_conduct")
    with pytest.raises(Forbidden):
        world.do(handling.accept)
    world.do(handling.accept, by=world.town)


def test_out_of_scope_names_the_right_address_and_can_still_be_objected_to(world: World) -> None:
    with pytest.raises(BadInput) as refused:
        world.do(handling.give_back, reason="是法院的事", address=" ")
    assert refused.value.code == "complaint.address_missing"
    world.do(handling.give_back, reason="是法院的事", address="区法院诉讼服务中心 0571-12368")
    assert (world.complaint.state, world.complaint.outcome) == (ComplaintState.ANSWERED, Outcome.RETURNED)
    assert "12368" in world.seen()
    feedback.rate(
        world.session,
        acting=world.villager,
        complaint=world.complaint,
        satisfaction=Satisfaction.UNSATISFIED,
    )
    assert (world.complaint.state, world.complaint.level) == (ComplaintState.FILED, Level.TOWN)


def test_a_department_takes_over_and_the_village_may_still_read(world: World) -> None:
    due = world.complaint.finish_at
    world.do(transferring.transfer, organisation_id=world.builders.id, reason="路灯归村建办")
    held = routing.lead(world.session, world.complaint)
    assert held is not None
    assert (held.organisation_id, held.officer_id) == (world.builders.id, world.builder.officer_id)
    assert world.complaint.finish_at == due
    with pytest.raises(Forbidden):
        world.do(handling.accept)
    world.do(handling.accept, by=world.builder)
    world.do(handling.answer, by=world.builder, text="已修好。", keys=make.KEYS)
    assert "益农镇村建办" in world.seen()


def test_a_joint_office_reads_and_notes_but_does_not_answer(world: World) -> None:
    with pytest.raises(NotFound):
        world.do(handling.note, by=world.builder, text="先看看")
    world.do(transferring.join, organisation_id=world.builders.id, reason="请看一下灯杆")
    world.do(handling.note, by=world.builder, text="灯杆要换")
    with pytest.raises(Forbidden):
        world.do(handling.answer, by=world.builder, text="好了", keys=make.KEYS)
    assert "灯杆" not in world.seen()
    kinds = world.session.scalars(
        select(Assignment.kind).where(Assignment.complaint_id == world.complaint.id)
    )
    assert sorted(kinds) == [AssignmentKind.JOINT, AssignmentKind.LEAD]
    with pytest.raises(Conflict) as refused:
        world.do(transferring.join, organisation_id=world.builders.id, reason="再请一次")
    assert refused.value.code == "complaint.lies_there"


@pytest.mark.parametrize("step", [transferring.transfer, transferring.join])
def test_an_office_whose_people_are_all_excluded_is_refused_without_saying_why(
    world: World, step: Callable[..., Complaint]
) -> None:
    name = world.session.get_one(Officer, world.builder.officer_id).name
    feedback.add(
        world.session, acting=world.villager, complaint=world.complaint, text=f"{name}来过", keys=make.KEYS
    )
    with pytest.raises(Conflict) as refused:
        world.do(step, organisation_id=world.builders.id, reason="请办理")
    assert refused.value.code == "complaint.office_empty"
    assert name not in refused.value.message


def test_nobody_hands_a_complaint_to_a_strange_village(world: World) -> None:
    other = make.village(world.session, world.places.town)
    with pytest.raises(BadInput) as refused:
        world.do(transferring.transfer, organisation_id=other.id, reason="他们的路灯")
    assert refused.value.code == "complaint.office_wrong"


def test_who_is_slower_is_told_so(world: World) -> None:
    seen = world.complaint.lock_version
    world.do(handling.accept, version=seen)
    with pytest.raises(Conflict) as refused:
        world.do(handling.extend, reason="等材料", version=seen)
    assert refused.value.code == "complaint.changed"


def test_the_complainant_takes_it_back_while_it_is_open(world: World) -> None:
    feedback.withdraw(world.session, acting=world.villager, complaint=world.complaint)
    assert (world.complaint.state, world.complaint.outcome) == (ComplaintState.CLOSED, Outcome.WITHDRAWN)
    assert world.complaint.step_at is None
    with pytest.raises(Conflict):
        feedback.withdraw(world.session, acting=world.villager, complaint=world.complaint)
