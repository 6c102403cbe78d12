"""Exclusion (回避): subjects, subordinates, kin, shared phones, cadres without an account; whenever it
began."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Complaint, Officer, OutgoingMessage, Relation
from app.models.base import WorkState
from app.models.complaint_classes import Level
from app.models.governance import RelationKind
from app.models.people import Role
from app.services import access_complaints, outbox
from app.services.complaints import feedback, handling, queries, routing, subjects
from app.services.complaints.filing import Filed
from app.services.ledgers.words import name_key
from tests import factories as make


def relation(session: Session, places: make.Places, cadre: str, party: str, **fields: object) -> Relation:
    row = Relation(
        village_id=places.village.id,
        cadre=cadre,
        cadre_key=name_key(cadre),
        kind=RelationKind.SIBLING,
        party=party,
        party_key=name_key(party),
        **fields,
    )
    session.add(row)
    session.flush()
    return row


def lead(session: Session, officer: Officer) -> None:
    appointment = session.scalars(select(Officer).where(Officer.id == officer.id)).one()
    session.refresh(appointment, ["appointments"])
    appointment.appointments[0].leads = True
    session.flush()


def knows(session: Session, officer: Officer, complaint: Complaint) -> bool:
    actor = make.acting(session, officer)
    seen = session.scalar(
        select(Complaint.id).where(Complaint.id == complaint.id, access_complaints.visible_complaints(actor))
    )
    counted = session.scalar(
        select(func.count()).select_from(Complaint).where(access_complaints.visible_complaints(actor))
    )
    told = [one for one in outbox.inbox(session, officer_id=officer.id) if one.subject_kind == "complaint"]
    excluded = access_complaints.excluded_ids(session, complaint, [officer.id])
    assert (seen is None) == bool(excluded) or not told
    assert (counted == 0) == (seen is None)
    if excluded:
        assert not told
    return seen is not None


Tie = Callable[[Session, make.Places, Officer, Officer], None]


def _boss(session: Session, places: make.Places, subject: Officer, other: Officer) -> None:
    lead(session, subject)


def _same_phone(session: Session, places: make.Places, subject: Officer, other: Officer) -> None:
    subject.phone = other.phone = "13800138000"
    session.flush()


def _kin_by_id(session: Session, places: make.Places, subject: Officer, other: Officer) -> None:
    relation(session, places, subject.name, "某人", officer_id=subject.id, party_officer_id=other.id)


def _kin_other_way(session: Session, places: make.Places, subject: Officer, other: Officer) -> None:
    relation(session, places, other.name, "某人", officer_id=other.id, party_officer_id=subject.id)


def _kin_by_name(session: Session, places: make.Places, subject: Officer, other: Officer) -> None:
    relation(session, places, subject.name, other.name)


TIES: list[Tie] = [_boss, _same_phone, _kin_by_id, _kin_other_way, _kin_by_name]


@pytest.mark.parametrize("tie", TIES)
@pytest.mark.parametrize("before", [True, False], ids=["before filing", "after filing"])
def test_who_is_tied_to_the_subject_is_excluded_whenever_it_began(
    session: Session, tie: Tie, before: bool
) -> None:
    places = make.places(session)
    subject = make.officer(session, Role.INFORMATION_OFFICER, places.village, name="钱有才")
    other = make.officer(session, Role.LIAISON_OFFICER, places.village, name="孙小明")
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    if before:
        tie(session, places, subject, other)
    complaint = make.complaint(session, places.village, content="钱有才把路灯的钱拿走了。").complaint
    if not before:
        assert knows(session, other, complaint)
        tie(session, places, subject, other)

    assert not knows(session, other, complaint)
    assert not knows(session, subject, complaint)
    assert knows(session, town, complaint)
    assert complaint.level == (Level.TOWN if before else Level.VILLAGE)


def test_without_a_tie_or_after_it_ended_the_liaison_officer_has_it(session: Session) -> None:
    places = make.places(session)
    subject = make.officer(session, Role.INFORMATION_OFFICER, places.village, name="钱有才")
    other = make.officer(session, Role.LIAISON_OFFICER, places.village, name="孙小明")
    relation(session, places, subject.name, other.name, ended_on=date(2020, 1, 1))

    complaint = make.complaint(session, places.village, content="钱有才把路灯的钱拿走了。").complaint

    assert knows(session, other, complaint)
    assert complaint.level == Level.VILLAGE


@pytest.mark.parametrize(
    ("post", "other", "sees"),
    [("村党组织书记", "孙小明", False), ("出纳", "孙小明", True), ("出纳", "周阿福", False)],
)
def test_a_cadre_without_an_account_excludes_his_village_or_his_kin(
    session: Session, post: str, other: str, sees: bool
) -> None:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village, name=other)
    make.officer(session, Role.TOWN_INSPECTOR, places.town)
    relation(session, places, "周阿大", "周阿福", post=post)

    complaint = make.complaint(session, places.village, content="周 阿大 占用了集体的仓库。").complaint

    assert knows(session, liaison, complaint) is sees
    assert complaint.level == (Level.VILLAGE if sees else Level.TOWN)


def test_when_the_town_leader_is_named_the_county_gets_it_from_the_start(session: Session) -> None:
    places = make.places(session)
    make.officer(session, Role.LIAISON_OFFICER, places.village)
    boss = make.officer(session, Role.TOWN_INSPECTOR, places.town, name="高镇纪")
    lead(session, boss)
    colleague = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    county = make.officer(session, Role.COUNTY_INSPECTOR, places.county)

    complaint = make.complaint(session, places.village, content="高镇纪收了包工头的烟酒。").complaint

    assert complaint.level == Level.COUNTY
    assert not knows(session, colleague, complaint)
    assert knows(session, county, complaint)


def test_when_everybody_is_excluded_it_lies_with_the_county_unassigned(session: Session) -> None:
    places = make.places(session)
    county = make.officer(session, Role.COUNTY_INSPECTOR, places.county, name="郑区纪")
    complaint = make.complaint(session, places.village, content="郑区纪和老板一起吃饭。").complaint

    held = routing.lead(session, complaint)
    assert held is not None
    assert (held.organisation_id, held.officer_id) == (places.county.id, None)
    assert not knows(session, county, complaint)
    assert complaint.step_at is not None


def test_a_name_added_later_takes_the_desk_and_what_was_not_sent_yet(session: Session) -> None:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village, name="钱有才")
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    villager = make.villager(session)
    complaint = make.complaint(session, places.village, by=villager).complaint
    assert knows(session, liaison, complaint)

    feedback.add(session, acting=villager, complaint=complaint, text="就是钱有才弄坏的", keys=make.KEYS)

    assert not knows(session, liaison, complaint)
    assert knows(session, town, complaint)
    states = session.scalars(
        select(OutgoingMessage.state).where(OutgoingMessage.officer_id == liaison.id)
    ).all()
    assert set(states) == {WorkState.SKIPPED}


def _handled(session: Session) -> tuple[make.Places, Officer, Officer, Filed]:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village, name="孙小明")
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    return places, liaison, town, make.complaint(session, places.village)


def test_an_officer_withdraws_and_never_sees_it_again(session: Session) -> None:
    _, liaison, town, filed = _handled(session)
    subjects.recuse_self(
        session,
        acting=make.acting(session, liaison),
        complaint_id=filed.complaint.id,
        reason="是我的邻居，平时有来往",
    )

    assert not knows(session, liaison, filed.complaint)
    assert knows(session, town, filed.complaint)
    assert filed.complaint.level == Level.TOWN
    told = queries.view(session, filed.complaint, inside=False)
    assert "邻居" not in str([event.text for event in told.events])


def test_the_office_adds_somebody_by_name(session: Session) -> None:
    _, liaison, town, filed = _handled(session)
    actor = make.acting(session, town)
    handling_by = make.acting(session, liaison)
    subjects.add(
        session, acting=handling_by, complaint_id=filed.complaint.id, name="孙小明", reason="村民来电说是他"
    )

    assert not knows(session, liaison, filed.complaint)
    handling.accept(session, acting=actor, complaint_id=filed.complaint.id)


def test_figures_for_everybody_leave_out_what_is_about_a_person(session: Session) -> None:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village, name="孙小明")
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    county = make.officer(session, Role.COUNTY_INSPECTOR, places.county)
    make.complaint(session, places.village)
    make.complaint(session, places.village, category="cadre_conduct", content="办事的人态度很不好。")
    make.complaint(session, places.village, content="孙小明把公章拿回家了。")

    def counted(officer: Officer) -> int:
        condition = access_complaints.statistics_condition(make.acting(session, officer))
        return session.scalar(select(func.count()).select_from(Complaint).where(condition)) or 0

    assert (counted(liaison), counted(town), counted(county)) == (1, 1, 3)
