"""Complaints about the same thing: suggested, handled together, rated apart."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.core.errors import AppError
from app.models import Complaint
from app.models.complaints import ComplaintState, Outcome, Satisfaction
from app.models.people import Role
from app.services import actors
from app.services.complaints import feedback, handling, merging, queries
from tests import factories as make

LAMP = "三组老桥头的路灯坏了三天，晚上看不见路。"


def file(session: Session, places: make.Places, content: str) -> tuple[Complaint, actors.Villager]:
    villager = make.villager(session)
    return make.complaint(session, places.village, by=villager, content=content).complaint, villager


@pytest.fixture
def places(session: Session) -> make.Places:
    return make.places(session)


@pytest.fixture
def liaison(session: Session, places: make.Places) -> actors.Officer:
    return make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))


def test_only_what_is_alike_is_suggested(
    session: Session, places: make.Places, liaison: actors.Officer
) -> None:
    lamp, _ = file(session, places, LAMP)
    same, _ = file(session, places, "老桥头那里路灯坏了，晚上走路看不见。")
    file(session, places, "自来水管漏水，路面都结冰了。")
    other = make.village(session, places.town)
    make.complaint(session, other, content=LAMP)

    found = merging.suggestions(session, acting=liaison, complaint_id=lamp.id)

    assert [one.complaint.id for one in found] == [same.id]
    assert "同一类别" in found[0].why


def test_one_answer_reaches_both_and_each_rates_for_himself(
    session: Session, places: make.Places, liaison: actors.Officer
) -> None:
    main, _ = file(session, places, LAMP)
    child, other = file(session, places, "老桥头路灯坏了。")
    merging.merge(session, acting=liaison, complaint_id=child.id, into_id=main.id, reason="同一盏灯")
    with pytest.raises(AppError) as refused:
        handling.answer(session, acting=liaison, complaint_id=child.id, text="好了", keys=make.KEYS)
    assert refused.value.code == "complaint.merged"

    handling.accept(session, acting=liaison, complaint_id=main.id)
    handling.answer(session, acting=liaison, complaint_id=main.id, text="灯已换好。", keys=make.KEYS)

    assert (child.state, child.outcome) == (ComplaintState.ANSWERED, Outcome.MERGED)
    told = [event.text for event in queries.view(session, child, inside=False).events]
    assert "灯已换好。" in told
    assert main.number not in "".join(told)
    feedback.rate(session, acting=other, complaint=child, satisfaction=Satisfaction.UNSATISFIED)
    assert (child.state, child.merged_into_id) == (ComplaintState.FILED, None)
    assert main.state == ComplaintState.ANSWERED


def test_merged_ones_wait_for_no_step_of_their_own_until_separated(
    session: Session, places: make.Places, liaison: actors.Officer
) -> None:
    main, _ = file(session, places, LAMP)
    child, _ = file(session, places, "老桥头路灯坏了。")
    merging.merge(session, acting=liaison, complaint_id=child.id, into_id=main.id, reason="同一盏灯")
    assert child.step_at is None
    assert [one.id for one in queries.on_desk(session, acting=liaison)] == [main.id]
    merging.separate(session, acting=liaison, complaint_id=child.id)
    assert child.step_at is not None
    assert len(queries.on_desk(session, acting=liaison)) == 2


def test_what_keeps_other_people_out_is_not_merged(session: Session, places: make.Places) -> None:
    make.officer(session, Role.INFORMATION_OFFICER, places.village, name="钱有才")
    town = make.acting(session, make.officer(session, Role.TOWN_INSPECTOR, places.town))
    main, _ = file(session, places, LAMP)
    child, _ = file(session, places, "路灯是钱有才弄坏的。")
    with pytest.raises(AppError) as refused:
        merging.merge(session, acting=town, complaint_id=child.id, into_id=main.id, reason="同一盏灯")
    assert refused.value.code == "complaint.merge_subjects"


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_merger_needs_a_reason_and_another_complaint(
    session: Session, places: make.Places, liaison: actors.Officer, reason: str
) -> None:
    main, _ = file(session, places, LAMP)
    child, _ = file(session, places, "老桥头路灯坏了。")
    with pytest.raises(AppError) as refused:
        merging.merge(session, acting=liaison, complaint_id=child.id, into_id=main.id, reason=reason)
    assert refused.value.code == "complaint.reason_missing"
    with pytest.raises(AppError) as refused:
        merging.merge(session, acting=liaison, complaint_id=main.id, into_id=main.id, reason="同一盏灯")
    assert refused.value.code == "complaint.merge_self"
