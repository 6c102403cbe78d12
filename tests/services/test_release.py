"""Coming out at a set time, notice periods, urgent notices, and reminders of reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict
from app.models import Disclosure, DisclosureCategory, Officer, OutgoingMessage
from app.models.categories import DayUnit
from app.models.delivery import MessageClass
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import Duty, Role
from app.services import calendar, disclosures
from app.services.actors import Officer as Acting
from app.services.actors import System, Visitor
from app.services.disclosures.reminders import Step
from tests import factories as make

JOB = System("test")


@dataclass
class Desk:
    """A village with an author and a reviewer, and the town above."""

    places: make.Places
    author: Officer
    reviewer: Officer
    town: Officer
    writer: Acting
    reader: Acting


@pytest.fixture
def desk(session: Session) -> Desk:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    reviewer = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    return Desk(places, author, reviewer, town, make.acting(session, author), make.acting(session, reviewer))


def submitted(session: Session, desk: Desk, **fields: object) -> Disclosure:
    made = make.draft(session, desk.places.village, desk.author, **fields)
    return disclosures.submit(session, acting=desk.writer, disclosure_id=made.id, keys=make.KEYS)


def approved(session: Session, desk: Desk, **fields: object) -> Disclosure:
    """Approved for a time that has come by now."""
    made = submitted(session, desk, **fields)
    disclosures.approve(
        session,
        acting=desk.reader,
        disclosure_id=made.id,
        publish_at=clock.now() + timedelta(hours=1),
        keys=make.KEYS,
    )
    made.publish_at = clock.now() - timedelta(seconds=1)
    session.flush()
    return made


def told(session: Session, officer: Officer) -> list[str]:
    rows = session.scalars(
        select(OutgoingMessage)
        .where(OutgoingMessage.officer_id == officer.id)
        .order_by(OutgoingMessage.created_at)
    )
    return [row.data["task"] for row in rows]


def test_an_approved_item_comes_out_at_its_time_and_once(session: Session, desk: Desk) -> None:
    made = approved(session, desk)
    assert not disclosures.items(session, Visitor(), village_id=desk.places.village.id)

    assert disclosures.due(session, now=clock.now()) == [made.id]
    first = disclosures.release_due(session, acting=JOB, disclosure_id=made.id, keys=make.KEYS)
    again = disclosures.release_due(session, acting=JOB, disclosure_id=made.id, keys=make.KEYS)

    assert (first, again) == (DisclosureState.PUBLISHED, None)
    assert made.reviewer_id == desk.reviewer.id
    [item] = disclosures.items(session, Visitor(), village_id=desk.places.village.id)
    assert item.version.published_at
    assert item.version.reviewer_id == desk.reviewer.id


def test_an_approved_item_can_be_called_back(session: Session, desk: Desk) -> None:
    made = approved(session, desk)
    disclosures.call_back(session, acting=desk.reader, disclosure_id=made.id)
    assert made.state == DisclosureState.SUBMITTED
    assert made.review_due_at
    assert disclosures.release_due(session, acting=JOB, disclosure_id=made.id, keys=make.KEYS) is None
    disclosures.call_back(session, acting=desk.writer, disclosure_id=made.id)
    with pytest.raises(Conflict, match="草稿"):
        disclosures.call_back(session, acting=desk.writer, disclosure_id=made.id)


def test_what_the_gate_stops_at_its_time_goes_back_to_the_reviewer(session: Session, desk: Desk) -> None:
    made = approved(session, desk)
    version = disclosures.item(session, acting=desk.writer, disclosure_id=made.id).version
    version.body = "电话 13812345678。"
    session.flush()

    state = disclosures.release_due(session, acting=JOB, disclosure_id=made.id, keys=make.KEYS)

    assert state == DisclosureState.SUBMITTED
    assert made.published_at is None
    assert "到时间没有公开" in made.review_remark
    assert "13812345678" not in made.review_remark
    assert told(session, desk.reviewer)[-1] == "定时公开没有成功"
    assert not disclosures.due(session, now=clock.now())


@pytest.mark.parametrize("hours", [-1, 24 * 91])
def test_times_that_are_refused(session: Session, desk: Desk, hours: int) -> None:
    made = submitted(session, desk)
    with pytest.raises(BadInput, match="定时公开的时间"):
        disclosures.approve(
            session,
            acting=desk.reader,
            disclosure_id=made.id,
            publish_at=clock.now() + timedelta(hours=hours),
            keys=make.KEYS,
        )


@pytest.mark.parametrize("unit", list(DayUnit))
def test_the_notice_is_counted_from_publication_in_the_categorys_days(
    session: Session, desk: Desk, unit: DayUnit
) -> None:
    category = session.get_one(DisclosureCategory, "family_virtue")
    category.notice_days, category.notice_unit = 5, unit
    session.flush()
    with pytest.raises(BadInput, match="至少公示 5"):
        submitted(session, desk, category_code="family_virtue", notice_days=4)
    own = submitted(session, desk, category_code="family_virtue")
    longer = submitted(session, desk, category_code="family_virtue", notice_days=9)
    for made in (own, longer):
        assert made.notice_until is None
        disclosures.publish(session, acting=desk.reader, disclosure_id=made.id, keys=make.KEYS)

    def last(days: int) -> date:
        if unit == DayUnit.WORK:
            return calendar.load(session).add_work_days(clock.today(), days).day
        return clock.today() + timedelta(days=days)

    assert (own.notice_until, longer.notice_until) == (last(5), last(9))


def urgent(session: Session, desk: Desk, **fields: object) -> Disclosure:
    values: dict[str, object] = {
        "kind": DisclosureKind.URGENT_NOTICE,
        "title": "停水通知",
        "summary": "今晚八点到十二点停水，请提前存水。",
        "expires_at": clock.now() + timedelta(days=1),
    }
    return submitted(session, desk, **values | fields)


def test_an_urgent_notice_is_pinned_until_it_expires(session: Session, desk: Desk) -> None:
    made = urgent(session, desk)
    assert made.review_due_at
    days = calendar.load(session)
    assert made.review_due_at <= days.add_working_hours(clock.now(), 2)
    asked = session.scalars(
        select(OutgoingMessage).where(OutgoingMessage.officer_id == desk.reviewer.id)
    ).one()
    assert (asked.message_class, asked.data["task"]) == (MessageClass.URGENT, "紧急：公开信息审核")
    disclosures.publish(session, acting=desk.reader, disclosure_id=made.id, keys=make.KEYS)

    [item] = disclosures.pinned(session, Visitor(), village_id=desk.places.village.id)
    assert item.pinned
    made.expires_at = clock.now() - timedelta(seconds=1)
    session.flush()
    assert not disclosures.pinned(session, Visitor(), village_id=desk.places.village.id)
    assert not item.pinned


def test_an_urgent_notice_that_is_over_is_not_published(session: Session, desk: Desk) -> None:
    made = urgent(session, desk)
    made.expires_at = clock.now() - timedelta(minutes=1)
    session.flush()
    with pytest.raises(Conflict, match="失效时间"):
        disclosures.publish(session, acting=desk.reader, disclosure_id=made.id, keys=make.KEYS)


def test_reviewers_are_reminded_then_their_town_each_once(session: Session, desk: Desk) -> None:
    made = submitted(session, desk)
    assert made.review_due_at
    assert told(session, desk.reviewer) == ["公开信息审核"]
    for late, step in (
        (timedelta(hours=-12), Step.SOON),
        (timedelta(minutes=1), Step.LATE),
        (timedelta(days=1, minutes=1), Step.TOWN),
    ):
        made.review_due_at = clock.now() - late
        session.flush()
        assert disclosures.remind(session) == 1
        assert disclosures.remind(session) == 0
        assert made.review_reminders == step
    assert told(session, desk.reviewer)[1:] == ["审核快到期", "审核已超期"]
    assert told(session, desk.town) == ["辖区村审核超期"]

    disclosures.send_back(session, acting=desk.reader, disclosure_id=made.id, remark="请补上结余")
    assert disclosures.remind(session) == 0
    assert told(session, desk.author) == ["公开信息退回修改"]


def test_a_review_that_nobody_looked_at_for_days_reaches_both(session: Session, desk: Desk) -> None:
    made = submitted(session, desk)
    made.review_due_at = clock.now() - timedelta(days=3)
    session.flush()

    assert disclosures.remind(session) == 1
    assert told(session, desk.reviewer)[1:] == ["审核已超期"]
    assert told(session, desk.town) == ["辖区村审核超期"]


def test_the_town_reviews_when_the_village_has_nobody_else(session: Session) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    town = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    made = make.draft(session, places.village, author)

    disclosures.submit(session, acting=make.acting(session, author), disclosure_id=made.id, keys=make.KEYS)

    assert told(session, town) == ["公开信息审核"]
