"""Complaints: filing, routing with exclusion, handling, feedback, reminders."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.models import (
    Assignment,
    AuditEntry,
    Complaint,
    ComplaintEvent,
    OutgoingMessage,
    SealedIdentity,
)
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintChannel, ComplaintState, EventKind, Satisfaction
from app.models.delivery import MessageKind
from app.models.people import Role
from app.services import access
from app.services.actors import Visitor
from app.services.complaints import feedback, filing, handling, ladder, reminders
from tests import factories as make

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=clock.SHANGHAI)


def _messages(session: Session, complaint: Complaint, kind: MessageKind) -> list[OutgoingMessage]:
    query = select(OutgoingMessage).where(
        OutgoingMessage.subject_id == str(complaint.id), OutgoingMessage.kind == kind
    )
    return list(session.scalars(query))


def _kinds(session: Session, complaint: Complaint) -> list[EventKind]:
    query = select(ComplaintEvent).where(ComplaintEvent.complaint_id == complaint.id)
    return [event.kind for event in session.scalars(query.order_by(ComplaintEvent.position))]


def _holder(session: Session, complaint: Complaint) -> Assignment:
    return session.scalars(
        select(Assignment).where(Assignment.complaint_id == complaint.id, Assignment.until.is_(None))
    ).one()


@time_machine.travel(MONDAY, tick=False)
def test_filing_promises_a_work_day_tells_the_liaison_and_leaves_a_trail(session: Session) -> None:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village)

    filed = make.complaint(session, places.village)

    assert filed.receipt is None
    assert filed.complaint.promised_on.isoformat() == "2026-11-30"  # five work days after Monday
    assert _holder(session, filed.complaint).officer_id == liaison.id
    assert _kinds(session, filed.complaint) == [EventKind.FILED, EventKind.ASSIGNED]
    [message] = _messages(session, filed.complaint, MessageKind.COMPLAINT_ASSIGNED)
    assert message.officer_id == liaison.id
    assert "路灯" not in str(message.data)
    audited = session.scalars(select(AuditEntry).where(AuditEntry.noun_id == str(filed.complaint.id)))
    assert {entry.action for entry in audited} == {"filed", "assigned"}


def test_a_deadline_over_new_year_is_provisional(session: Session) -> None:
    places = make.places(session)
    with time_machine.travel(datetime(2026, 12, 30, 9, tzinfo=clock.SHANGHAI), tick=False):
        filed = make.complaint(session, places.village)

    assert filed.complaint.provisional


@pytest.mark.parametrize("content", ["", "  ", "灯坏", "坏" * 2001])
def test_too_short_and_too_long_are_refused_in_chinese(session: Session, content: str) -> None:
    places = make.places(session)

    with pytest.raises(BadInput) as refusal:
        make.complaint(session, places.village, content=content)

    assert refusal.value.code in {"complaint.too_short", "complaint.too_long"}
    assert session.scalar(select(Complaint.id).where(Complaint.village_id == places.village.id)) is None


def test_an_anonymous_complaint_keeps_whole_days_and_nobody(session: Session) -> None:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village)
    filed = make.complaint(session, places.village, by=Visitor())
    complaint = filed.complaint
    midnight = clock.whole_day(clock.now())

    assert filed.receipt is not None
    assert filed.receipt not in str(vars(complaint))
    assert complaint.villager_id is None
    assert complaint.filed_at == midnight
    events = session.scalars(select(ComplaintEvent).where(ComplaintEvent.complaint_id == complaint.id))
    assert {event.at for event in events} == {midnight}
    audited = session.scalars(select(AuditEntry).where(AuditEntry.noun_id == str(complaint.id))).all()
    assert {(entry.at, entry.actor_id) for entry in audited} == {(midnight, None)}
    [message] = _messages(session, complaint, MessageKind.COMPLAINT_ASSIGNED)
    session.refresh(message)
    assert (message.officer_id, message.created_at, message.due_at) == (liaison.id, midnight, midnight)
    assert feedback.by_receipt(session, keys=make.KEYS, typed=filed.receipt).id == complaint.id


@pytest.mark.parametrize("typed", ["", "1234", "0000 0000 0000 0000", "不是号码", "9" * 200])
def test_wrong_receipts_all_answer_alike(session: Session, typed: str) -> None:
    make.complaint(session, make.places(session).village, by=Visitor())

    with pytest.raises(NotFound) as refusal:
        feedback.by_receipt(session, keys=make.KEYS, typed=typed)

    assert (refusal.value.code, refusal.value.message) == (
        "receipt.not_found",
        "没有查到。请核对 16 位查询码后再试。",
    )


def test_who_is_named_is_never_on_the_path(session: Session) -> None:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village, name="钱有才")
    inspector = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    filed = make.complaint(session, places.village, content="钱有才把村里的路灯钱用到自己家了。")

    assert _holder(session, filed.complaint).officer_id == inspector.id
    assert filed.complaint.level == Level.TOWN
    for officer, sees in ((liaison, False), (inspector, True)):
        actor = make.acting(session, officer)
        visible = session.scalar(
            select(Complaint.id).where(Complaint.id == filed.complaint.id, access.visible_complaints(actor))
        )
        assert (visible is not None) is sees
    told = _messages(session, filed.complaint, MessageKind.COMPLAINT_ASSIGNED)
    assert [message.officer_id for message in told] == [inspector.id]


@pytest.mark.parametrize("written", ["钱 有才", "老钱（有才）和他", "钱、有、才", "钱有才"])
def test_a_name_is_found_however_it_is_written(session: Session, written: str) -> None:
    places = make.places(session)
    make.officer(session, Role.LIAISON_OFFICER, places.village, name="钱有才")
    inspector = make.officer(session, Role.TOWN_INSPECTOR, places.town)

    filed = make.complaint(session, places.village, content=f"村里的路灯钱被{written}拿走了。")

    assert _holder(session, filed.complaint).officer_id == inspector.id


@pytest.mark.parametrize("anonymous", [False, True])
def test_who_is_named_later_loses_it_before_he_can_read_why(session: Session, anonymous: bool) -> None:
    places = make.places(session)
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village, name="钱有才")
    inspector = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    author = Visitor() if anonymous else make.villager(session)
    complaint = make.complaint(session, places.village, by=author).complaint
    assert _holder(session, complaint).officer_id == liaison.id

    feedback.add(session, acting=author, complaint=complaint, text="其实是钱有才收了钱", keys=make.KEYS)

    assert _holder(session, complaint).officer_id == inspector.id
    with pytest.raises(NotFound):
        access.access_complaint(session, make.acting(session, liaison), complaint.id)


def test_who_is_named_in_a_rating_is_not_given_it(session: Session) -> None:
    places = make.places(session)
    liaison = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
    accused = make.officer(session, Role.TOWN_INSPECTOR, places.town, name="沈大山")
    county = make.officer(session, Role.COUNTY_INSPECTOR, places.county)
    villager = make.villager(session)
    complaint = make.complaint(session, places.village, by=villager).complaint
    handling.answer(session, acting=liaison, complaint_id=complaint.id, text="知道了。", keys=make.KEYS)

    feedback.rate(
        session,
        acting=villager,
        complaint=complaint,
        satisfaction=Satisfaction.UNSATISFIED,
        reason="镇里沈大山和他是亲戚",
    )

    assert _holder(session, complaint).officer_id == county.id
    told = _messages(session, complaint, MessageKind.COMPLAINT_ASSIGNED)
    assert accused.id not in {message.officer_id for message in told}


def test_matters_about_cadres_skip_the_village_and_nobody_free_means_the_county(session: Session) -> None:
    places = make.places(session)
    make.officer(session, Role.LIAISON_OFFICER, places.village)
    inspector = make.officer(session, Role.TOWN_INSPECTOR, places.town)

    to_town = make.complaint(session, places.village, category="cadre_conduct").complaint
    to_county = make.complaint(
        session, places.village, category="cadre_conduct", about=[inspector.id]
    ).complaint

    assert to_town.level == Level.TOWN
    assert (to_county.level, _holder(session, to_county).officer_id) == (Level.COUNTY, None)


def test_naming_somebody_from_elsewhere_is_refused(session: Session) -> None:
    places, elsewhere = make.places(session), make.places(session)
    stranger = make.officer(session, Role.LIAISON_OFFICER, elsewhere.village)

    with pytest.raises(BadInput, match="不属于本村"):
        make.complaint(session, places.village, about=[stranger.id])


def test_accept_answer_and_rating_close_it_and_tell_the_villager(session: Session) -> None:
    places = make.places(session)
    actor = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
    villager = make.villager(session)
    complaint = make.complaint(session, places.village, by=villager).complaint

    handling.accept(session, acting=actor, complaint_id=complaint.id)
    handling.note(session, acting=actor, complaint_id=complaint.id, text="已联系电工老周")
    handling.answer(
        session, acting=actor, complaint_id=complaint.id, text="路灯已换好，请看照片。", keys=make.KEYS
    )
    feedback.rate(session, acting=villager, complaint=complaint, satisfaction=Satisfaction.SATISFIED)

    assert complaint.state == ComplaintState.CLOSED
    assert _kinds(session, complaint) == [
        EventKind.FILED,
        EventKind.ASSIGNED,
        EventKind.ACCEPTED,
        EventKind.NOTE,
        EventKind.ANSWERED,
        EventKind.RATED,
        EventKind.CLOSED,
    ]
    told = _messages(session, complaint, MessageKind.COMPLAINT_PROGRESS)
    assert {message.data["progress"] for message in told} == {
        "已提交，等待受理",
        "已受理，正在办理",
        "已答复，请您评价",
    }
    assert {message.villager_id for message in told} == {villager.villager_id}


def test_unsatisfied_reopens_once_one_level_up_and_then_closes(session: Session) -> None:
    places = make.places(session)
    liaison = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
    inspector = make.acting(session, make.officer(session, Role.TOWN_INSPECTOR, places.town))
    villager = make.villager(session)
    complaint = make.complaint(session, places.village, by=villager).complaint

    handling.answer(session, acting=liaison, complaint_id=complaint.id, text="知道了。", keys=make.KEYS)
    feedback.rate(
        session, acting=villager, complaint=complaint, satisfaction=Satisfaction.UNSATISFIED, reason="没修"
    )

    assert (complaint.state, complaint.level, complaint.reopened) == (ComplaintState.FILED, Level.TOWN, 1)
    with pytest.raises(Forbidden):
        handling.accept(session, acting=liaison, complaint_id=complaint.id)
    handling.answer(session, acting=inspector, complaint_id=complaint.id, text="已督促修好。", keys=make.KEYS)
    feedback.rate(session, acting=villager, complaint=complaint, satisfaction=Satisfaction.UNSATISFIED)
    assert complaint.state == ComplaintState.CLOSED


def test_only_the_complainant_rates_and_only_once(session: Session) -> None:
    places = make.places(session)
    liaison = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
    villager, stranger = make.villager(session), make.villager(session)
    complaint = make.complaint(session, places.village, by=villager).complaint

    with pytest.raises(Conflict):
        feedback.rate(session, acting=villager, complaint=complaint, satisfaction=Satisfaction.SATISFIED)
    handling.answer(session, acting=liaison, complaint_id=complaint.id, text="已修好。", keys=make.KEYS)
    for somebody in (stranger, Visitor(), liaison):
        with pytest.raises(AppError):
            feedback.rate(session, acting=somebody, complaint=complaint, satisfaction=Satisfaction.SATISFIED)
    feedback.rate(session, acting=villager, complaint=complaint, satisfaction=Satisfaction.PARTLY)
    with pytest.raises(Conflict):
        feedback.rate(session, acting=villager, complaint=complaint, satisfaction=Satisfaction.SATISFIED)


def test_an_old_version_is_refused_instead_of_lost(session: Session) -> None:
    places = make.places(session)
    actor = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
    complaint = make.complaint(session, places.village).complaint
    seen = complaint.lock_version
    handling.accept(session, acting=actor, complaint_id=complaint.id, version=seen)
    session.flush()

    with pytest.raises(Conflict, match="刚才有人处理过"):
        handling.answer(
            session, acting=actor, complaint_id=complaint.id, text="好了", keys=make.KEYS, version=seen
        )


def test_contact_is_sealed(session: Session) -> None:
    places = make.places(session)
    villager = make.villager(session)
    filed = filing.file(
        session,
        acting=villager,
        village=places.village,
        filing=filing.Filing(
            content="请帮忙看看低保申请。", channel=ComplaintChannel.PAGE, name="王阿婆", phone="13800001111"
        ),
        keys=make.KEYS,
    )
    sealed = session.get_one(SealedIdentity, filed.complaint.id).sealed

    assert "王阿婆" not in sealed
    assert "1380000" not in sealed
    opened = make.KEYS.sealer.open(sealed, context=f"complaint:{filed.complaint.id}")
    assert json.loads(opened) == {"name": "王阿婆", "phone": "13800001111"}


@time_machine.travel(MONDAY, tick=False)
def test_what_nobody_accepts_climbs_and_additions_move_no_deadline(session: Session) -> None:
    places = make.places(session)
    make.officer(session, Role.LIAISON_OFFICER, places.village)
    inspector = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    villager = make.villager(session)
    complaint = make.complaint(session, places.village, by=villager).complaint
    due, reminded = complaint.accept_at, complaint.step_at
    assert reminded is not None
    with time_machine.travel(reminded - timedelta(minutes=1), tick=False):
        feedback.add(session, acting=villager, complaint=complaint, text="灯还是坏的", keys=make.KEYS)
        assert ladder.climb(session) == 0
    assert (complaint.accept_at, complaint.step_at) == (due, reminded)

    with time_machine.travel(reminded, tick=False):
        assert ladder.climb(session) == 1
        assert ladder.climb(session) == 0
    assert complaint.level == Level.VILLAGE
    assert complaint.step_at is not None
    with time_machine.travel(complaint.step_at, tick=False):
        assert ladder.climb(session) == 1
    assert complaint.level == Level.TOWN
    told = _messages(session, complaint, MessageKind.COMPLAINT_ASSIGNED)
    assert inspector.id in {message.officer_id for message in told}


@time_machine.travel(MONDAY, tick=False)
def test_what_nobody_rates_closes_after_fifteen_days_unrated(session: Session) -> None:
    places = make.places(session)
    actor = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, places.village))
    complaint = make.complaint(session, places.village).complaint
    handling.answer(session, acting=actor, complaint_id=complaint.id, text="已修好。", keys=make.KEYS)

    with time_machine.travel(MONDAY + timedelta(days=14), tick=False):
        assert reminders.close_unrated(session) == 0
    with time_machine.travel(MONDAY + timedelta(days=16), tick=False):
        assert reminders.close_unrated(session) == 1

    assert complaint.state == ComplaintState.CLOSED
    assert EventKind.RATED not in _kinds(session, complaint)


def test_a_villager_sees_his_own_only(session: Session) -> None:
    places = make.places(session)
    mine, other = make.villager(session), make.villager(session)
    complaint = make.complaint(session, places.village, by=mine).complaint

    assert access.access_complaint(session, mine, complaint.id) is complaint
    for somebody in (other, Visitor()):
        with pytest.raises(NotFound):
            access.access_complaint(session, somebody, complaint.id)


def test_the_neighbouring_village_sees_nothing(session: Session) -> None:
    places = make.places(session)
    neighbour = make.village(session, places.town)
    make.officer(session, Role.LIAISON_OFFICER, places.village)
    stranger = make.acting(session, make.officer(session, Role.LIAISON_OFFICER, neighbour))
    complaint = make.complaint(session, places.village).complaint

    with pytest.raises(NotFound):
        access.access_complaint(session, stranger, complaint.id)
