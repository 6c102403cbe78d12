"""Complaints about the same thing are suggested, handled together, and parted when they must be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, Conflict, NotFound
from app.models import Complaint, ComplaintEvent, OutgoingMessage
from app.models.complaints import ComplaintState, Outcome, Satisfaction
from app.models.people import Role
from app.services import actors
from app.services.complaints import feedback, handling, merging, subjects, transferring
from tests import factories as make

LAMP = "村口的路灯坏了三天，晚上看不见路。"
LAMP_TOO = "村口路灯坏了好几天，晚上看不见路，老人摔了。"


@dataclass
class Two:
    """Two villagers tell of the same lamp; one liaison officer has both."""

    session: Session
    places: make.Places
    liaison: actors.Officer
    town: actors.Officer
    first: actors.Villager
    second: actors.Villager
    main: Complaint
    other: Complaint

    def merge(self, by: actors.Officer | None = None, **given: object) -> Complaint:
        wanted: dict[str, object] = {
            "complaint_id": self.other.id,
            "into_id": self.main.id,
            "reason": "同一盏灯",
        }
        return merging.merge(self.session, acting=by or self.liaison, **(wanted | given))  # type: ignore[arg-type]

    def answer(self, by: actors.Officer | None = None) -> None:
        handling.answer(
            self.session,
            acting=by or self.liaison,
            complaint_id=self.main.id,
            text="两盏灯都换好了。",
            keys=make.KEYS,
        )

    def told(self, complaint: Complaint) -> str:
        query = select(ComplaintEvent.text).where(
            ComplaintEvent.complaint_id == complaint.id, ComplaintEvent.visible
        )
        return "\n".join(self.session.scalars(query.order_by(ComplaintEvent.position)))


@pytest.fixture
def two(session: Session) -> Two:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village, name="孙小明")
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    first, second = make.villager(session), make.villager(session)
    return Two(
        session,
        places,
        make.acting(session, liaison),
        make.acting(session, town),
        first,
        second,
        make.complaint(session, places.village, by=first, content=LAMP).complaint,
        make.complaint(session, places.village, by=second, content=LAMP_TOO).complaint,
    )


def test_the_same_thing_is_suggested_and_other_things_are_not(two: Two) -> None:
    make.complaint(
        two.session, two.places.village, content="低保申请交上去一个月没有消息。", category="request"
    )
    neighbour = make.village(two.session, two.places.town)
    make.complaint(two.session, neighbour, content=LAMP)
    (found,) = merging.suggestions(two.session, acting=two.liaison, complaint_id=two.other.id)
    assert found.complaint.id == two.main.id
    assert 0.5 < found.alike <= 1
    assert "同一类别" in found.why


def test_old_answered_and_merged_ones_are_not_suggested(two: Two) -> None:
    def found() -> int:
        return len(merging.suggestions(two.session, acting=two.liaison, complaint_id=two.other.id))

    with time_machine.travel(clock.now() + timedelta(days=91)):
        assert found() == 0
    assert found() == 1
    two.answer()
    assert found() == 0


def test_nobody_is_suggested_what_he_is_excluded_from(two: Two) -> None:
    make.complaint(two.session, two.places.village, content=f"{LAMP}孙小明一直不来修。")
    found = merging.suggestions(two.session, acting=two.liaison, complaint_id=two.other.id)
    assert [one.complaint.id for one in found] == [two.main.id]
    seen = merging.suggestions(two.session, acting=two.town, complaint_id=two.other.id)
    assert len(seen) == 2


def test_both_are_accepted_and_answered_and_each_rates_for_himself(two: Two) -> None:
    two.merge()
    assert two.other.step_at is None
    handling.accept(two.session, acting=two.liaison, complaint_id=two.main.id)
    assert two.other.state == ComplaintState.ACCEPTED
    two.answer()
    assert (two.main.outcome, two.other.outcome) == (Outcome.ANSWERED, Outcome.MERGED)
    assert "换好了" in two.told(two.other)
    progress = two.session.scalars(
        select(OutgoingMessage.data).where(OutgoingMessage.villager_id == two.second.villager_id)
    ).all()
    assert {one["progress"] for one in progress} >= {"与同一件事一并办理", "已答复，请您评价"}
    feedback.rate(two.session, acting=two.first, complaint=two.main, satisfaction=Satisfaction.SATISFIED)
    assert (two.main.state, two.other.state) == (ComplaintState.CLOSED, ComplaintState.ANSWERED)
    feedback.rate(two.session, acting=two.second, complaint=two.other, satisfaction=Satisfaction.UNSATISFIED)
    assert (two.other.state, two.other.merged_into_id) == (ComplaintState.FILED, None)
    assert two.other.step_at is not None
    assert two.main.state == ComplaintState.CLOSED


@pytest.mark.parametrize("after", [True, False], ids=["main accepted before", "main asks back"])
def test_what_joins_an_accepted_one_never_stays_unaccepted(two: Two, after: bool) -> None:
    def ask() -> None:
        handling.ask(
            two.session, acting=two.liaison, complaint_id=two.main.id, text="哪一盏？", keys=make.KEYS
        )

    if after:
        ask()
    two.merge()
    if not after:
        ask()
    assert two.other.state == ComplaintState.ACCEPTED
    assert two.other.accepted_at is not None


def test_neither_learns_of_the_other(two: Two) -> None:
    two.merge()
    two.answer()
    assert two.main.number not in two.told(two.other)
    assert two.other.number not in two.told(two.main)
    assert "摔" not in two.told(two.main)


def test_a_merged_one_takes_no_steps_of_its_own_until_it_is_separated(two: Two) -> None:
    two.merge()
    with pytest.raises(Conflict) as refused:
        handling.accept(two.session, acting=two.liaison, complaint_id=two.other.id)
    assert refused.value.code == "complaint.merged"
    merging.separate(two.session, acting=two.liaison, complaint_id=two.other.id)
    assert two.other.step_at is not None
    handling.accept(two.session, acting=two.liaison, complaint_id=two.other.id)
    assert two.main.state == ComplaintState.FILED


def _itself(two: Two) -> None:
    two.merge(into_id=two.other.id)


def _another_village(two: Two) -> None:
    elsewhere = make.village(two.session, two.places.town)
    two.merge(into_id=make.complaint(two.session, elsewhere, content=LAMP).complaint.id)


def _no_reason(two: Two) -> None:
    two.merge(reason=" ")


def _answered(two: Two) -> None:
    two.answer()
    two.merge()


def _stale(two: Two) -> None:
    seen = two.other.lock_version
    handling.accept(two.session, acting=two.liaison, complaint_id=two.other.id)
    two.merge(version=seen)


def _not_his(two: Two) -> None:
    two.merge(by=two.town)


def _other_people(two: Two) -> None:
    make.officer(two.session, Role.INFORMATION_OFFICER, two.places.village, name="钱有才")
    feedback.add(two.session, acting=two.second, complaint=two.other, text="钱有才弄坏的", keys=make.KEYS)
    two.merge()


@pytest.mark.parametrize(
    ("attempt", "code"),
    [
        (_itself, "complaint.merge_self"),
        (_another_village, "complaint.not_found"),
        (_no_reason, "complaint.reason_missing"),
        (_answered, "complaint.state_wrong"),
        (_stale, "complaint.changed"),
        (_not_his, "complaint.not_yours"),
        (_other_people, "complaint.merge_subjects"),
    ],
)
def test_what_cannot_be_merged(two: Two, attempt: Callable[[Two], None], code: str) -> None:
    with pytest.raises(AppError) as refused:
        attempt(two)
    assert refused.value.code == code
    assert two.other.merged_into_id is None


def test_a_report_about_a_cadre_is_never_merged_with_what_the_village_handles(two: Two) -> None:
    about = make.complaint(two.session, two.places.village, category="cadre_conduct", content=LAMP).complaint
    transferring.transfer(
        two.session,
        acting=two.liaison,
        complaint_id=two.main.id,
        organisation_id=two.places.town.id,
        reason="请镇里办",
    )
    with pytest.raises(Conflict) as refused:
        two.merge(by=two.town, complaint_id=about.id)
    assert refused.value.code == "complaint.merge_class"


@pytest.mark.parametrize("named_in", ["main", "other"])
def test_who_is_named_later_in_one_of_them_parts_them(two: Two, named_in: str) -> None:
    make.officer(two.session, Role.INFORMATION_OFFICER, two.places.village, name="钱有才")
    two.merge()
    villager = two.first if named_in == "main" else two.second
    complaint: Complaint = getattr(two, named_in)
    feedback.add(two.session, acting=villager, complaint=complaint, text="钱有才弄坏的", keys=make.KEYS)
    assert two.other.merged_into_id is None
    assert two.other.step_at is not None
    assert "钱有才" not in two.told(two.other if named_in == "main" else two.main)


def test_an_excluded_officer_does_not_answer_by_way_of_the_main_one(two: Two) -> None:
    two.merge()
    feedback.add(two.session, acting=two.second, complaint=two.other, text="孙小明收了钱", keys=make.KEYS)
    two.answer()
    assert two.main.state == ComplaintState.ANSWERED
    assert two.other.state == ComplaintState.FILED
    with pytest.raises(NotFound):
        handling.note(two.session, acting=two.liaison, complaint_id=two.other.id, text="看一下")


def test_who_recuses_himself_from_one_does_not_answer_it_with_the_other(two: Two) -> None:
    two.merge()
    subjects.recuse_self(two.session, acting=two.liaison, complaint_id=two.other.id, reason="是亲戚")
    two.answer()
    assert two.other.state == ComplaintState.FILED


def test_what_becomes_a_report_about_a_cadre_lets_go_of_the_others(two: Two) -> None:
    two.merge()
    handling.regrade(
        two.session,
        acting=two.liaison,
        complaint_id=two.main.id,
        category_code="cadre_conduct",
        reason="说的是村干部",
    )
    two.answer(by=two.town)
    assert (two.other.merged_into_id, two.other.state) == (None, ComplaintState.FILED)


def test_whoever_may_not_know_of_the_main_one_does_not_learn_its_number(two: Two) -> None:
    two.merge()
    assert merging.main_number(two.session, acting=two.liaison, complaint=two.other) == two.main.number
    assert merging.main_number(two.session, acting=two.second, complaint=two.other) is None
    assert [one.id for one in merging.merged(two.session, acting=two.liaison, complaint=two.main)] == [
        two.other.id
    ]
    assert not merging.merged(two.session, acting=two.first, complaint=two.main)
