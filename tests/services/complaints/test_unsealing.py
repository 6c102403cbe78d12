"""Who filed it: sealed, shown to the handler, or opened by two people under the complainant's eyes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError
from app.models import AuditEntry, Complaint, OutgoingMessage
from app.models.complaint_trust import UnsealState
from app.models.complaints import ComplaintChannel
from app.models.people import Role
from app.services import actors
from app.services.complaints import feedback, filing, queries, unsealing
from tests import factories as make

REASON = "要上门核实危房，电话里说不清。"


@dataclass
class World:
    """A village, who may ask and who decides."""

    session: Session
    places: make.Places
    liaison: actors.Officer
    town: actors.Officer
    county: actors.Officer
    second: actors.Officer

    def file(self, **given: object) -> Complaint:
        values = {"content": "房子裂了一道缝，请来看看。", "channel": ComplaintChannel.PAGE, **given}
        return filing.file(
            self.session,
            acting=make.villager(self.session),
            village=self.places.village,
            filing=filing.Filing(**values),  # type: ignore[arg-type]
            keys=make.KEYS,
        ).complaint

    def seen(self, complaint: Complaint) -> str:
        return "\n".join(
            f"{event.who}：{event.text}"
            for event in queries.view(self.session, complaint, inside=False).events
        )


@pytest.fixture
def world(session: Session) -> World:
    places = make.places(session)

    def officer(role: Role, place: object) -> actors.Officer:
        return make.acting(session, make.officer(session, role, place))  # type: ignore[arg-type]

    return World(
        session,
        places,
        officer(Role.LIAISON_OFFICER, places.village),
        officer(Role.TOWN_INSPECTOR, places.town),
        officer(Role.COUNTY_INSPECTOR, places.county),
        officer(Role.COUNTY_INSPECTOR, places.county),
    )


def refused(code: str, call: object, *args: object, **given: object) -> None:
    with pytest.raises(AppError) as refusal:
        call(*args, **given)  # type: ignore[operator]
    assert refusal.value.code == code


def test_the_handler_reads_a_shown_contact_and_the_complainant_sees_it(world: World) -> None:
    complaint = world.file(name="王阿婆", phone="13800001111")
    told = unsealing.contact(world.session, acting=world.liaison, complaint_id=complaint.id, keys=make.KEYS)
    assert (told.name, told.phone) == ("王阿婆", "13800001111")
    assert "承办人查看了您的姓名和电话" in world.seen(complaint)
    actions = world.session.scalars(select(AuditEntry.action).where(AuditEntry.noun_id == str(complaint.id)))
    assert "contact_read" in set(actions)


def test_a_hidden_contact_is_read_by_nobody_directly(world: World) -> None:
    complaint = world.file(name="王阿婆", phone="13800001111", hidden=True)
    given = {"complaint_id": complaint.id, "keys": make.KEYS}
    refused("complaint.contact_hidden", unsealing.contact, world.session, acting=world.liaison, **given)
    refused("complaint.not_yours", unsealing.contact, world.session, acting=world.town, **given)


def test_two_people_open_it_and_the_complainant_sees_both_steps(world: World) -> None:
    complaint = world.file(name="王阿婆", phone="13800001111", hidden=True)
    row = unsealing.request(world.session, acting=world.town, complaint_id=complaint.id, reason=REASON)
    assert "益农镇：申请查看您的身份" in world.seen(complaint)
    assert REASON not in world.seen(complaint)
    reading = {"request_id": row.id, "keys": make.KEYS}
    refused("unseal.not_open", unsealing.read, world.session, acting=world.town, **reading)
    refused(
        "unseal.second_person",
        unsealing.decide,
        world.session,
        acting=world.town,
        request_id=row.id,
        approve=True,
    )
    unsealing.decide(world.session, acting=world.county, request_id=row.id, approve=True)
    told = unsealing.read(world.session, acting=world.town, **reading)
    assert (told.name, told.phone, row.opened) == ("王阿婆", "13800001111", 1)
    assert "已批准" in world.seen(complaint)
    refused("unseal.not_yours", unsealing.read, world.session, acting=world.county, **reading)
    with time_machine.travel(clock.now() + timedelta(days=8)):
        refused("unseal.not_open", unsealing.read, world.session, acting=world.town, **reading)
    news = world.session.scalars(
        select(OutgoingMessage).where(OutgoingMessage.villager_id == complaint.villager_id)
    ).all()
    assert len(news) >= 3
    assert "王阿婆" not in str([message.data for message in news])


def test_the_county_asks_and_another_one_decides(world: World) -> None:
    complaint = world.file(name="王阿婆", hidden=True)
    row = unsealing.request(world.session, acting=world.county, complaint_id=complaint.id, reason=REASON)
    refused(
        "unseal.second_person",
        unsealing.decide,
        world.session,
        acting=world.county,
        request_id=row.id,
        approve=True,
    )
    unsealing.decide(world.session, acting=world.second, request_id=row.id, approve=False, remark="不必要")
    assert row.state == UnsealState.REFUSED
    refused(
        "unseal.decided",
        unsealing.decide,
        world.session,
        acting=world.second,
        request_id=row.id,
        approve=True,
    )


@pytest.mark.parametrize("named", [True, False])
def test_asking_tells_nobody_whether_there_is_a_name(world: World, named: bool) -> None:
    complaint = world.file(name="王阿婆" if named else "", hidden=True)
    row = unsealing.request(world.session, acting=world.town, complaint_id=complaint.id, reason=REASON)
    assert row.state == UnsealState.REQUESTED
    unsealing.decide(world.session, acting=world.county, request_id=row.id, approve=True)
    told = unsealing.read(world.session, acting=world.town, request_id=row.id, keys=make.KEYS)
    assert told.name == ("王阿婆" if named else "")


def test_the_village_cannot_ask_and_who_is_excluded_learns_nothing(world: World) -> None:
    complaint = world.file(name="王阿婆", hidden=True)
    asking = {"complaint_id": complaint.id, "reason": REASON}
    refused("unseal.inspectors_only", unsealing.request, world.session, acting=world.liaison, **asking)
    refused(
        "unseal.reason_missing",
        unsealing.request,
        world.session,
        acting=world.town,
        complaint_id=complaint.id,
        reason="看看",
    )
    row = unsealing.request(world.session, acting=world.county, **asking)
    refused("unseal.waiting", unsealing.request, world.session, acting=world.county, **asking)
    villager = actors.Villager(complaint.villager_id) if complaint.villager_id else None
    assert villager is not None
    feedback.add(
        world.session, acting=villager, complaint=complaint, text=f"{world.town.name}也有份", keys=make.KEYS
    )
    refused(
        "unseal.not_found",
        unsealing.decide,
        world.session,
        acting=world.town,
        request_id=row.id,
        approve=True,
    )
    refused("complaint.not_found", unsealing.request, world.session, acting=world.town, **asking)
    assert unsealing.listing(world.session, acting=world.town) == []
    assert [one.id for one in unsealing.listing(world.session, acting=world.second)] == [row.id]
