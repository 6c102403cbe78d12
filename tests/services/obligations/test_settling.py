"""Met by what is published, open again when it is withdrawn; late stays late."""

from __future__ import annotations

from datetime import UTC, date, datetime

import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import AuditEntry
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.obligations import ObligationState
from app.services import obligations
from tests import factories
from tests.factories import ROOT, Places
from tests.services.obligations.support import TODAY, owed, plan, published


def test_published_in_time_it_is_met(session: Session, places: Places) -> None:
    plan(session)
    item = published(session, places, period="2026-09")

    rows = obligations.met(session, acting=ROOT, disclosure=item)

    assert [row.key for row in rows] == ["finance:2026-09"]
    assert (rows[0].state, rows[0].met_on, rows[0].disclosure_id) == (ObligationState.MET, TODAY, item.id)
    assert obligations.met(session, acting=ROOT, disclosure=item) == []
    (line,) = [
        row
        for row in obligations.of_category(session, village_id=places.village.id, codes=["finance"])
        if row.period == "2026-09"
    ]
    assert (line.days_late, line.words, line.colour) == (0, "按时公开", "green")


def test_published_late_it_stays_late_for_ever(
    session: Session, places: Places, that_day: time_machine.Traveller
) -> None:
    plan(session)
    that_day.move_to(datetime(2026, 10, 18, 2, tzinfo=UTC))
    (open_line, *_) = obligations.of_village(session, village_id=places.village.id)
    assert (open_line.words, open_line.days_late, open_line.colour) == ("逾期 3 天", 3, "yellow")

    item = published(session, places, period="2026-09", on=date(2026, 10, 18))
    obligations.met(session, acting=ROOT, disclosure=item)
    that_day.move_to(datetime(2027, 5, 1, 2, tzinfo=UTC))

    lines = obligations.of_category(session, village_id=places.village.id, codes=["finance"])
    (line,) = [row for row in lines if row.period == "2026-09"]
    assert (line.due_on, line.met_on, line.days_late) == (date(2026, 10, 15), date(2026, 10, 18), 3)
    assert line.words == "迟 3 天公开"
    standing = obligations.standing(session, places.village.id)["finance"]
    assert (standing.last_due_on, standing.last_met_on) == (date(2026, 10, 15), date(2026, 10, 18))
    assert standing.last_late_days == 3


def test_after_two_weeks_it_is_red(
    session: Session, places: Places, that_day: time_machine.Traveller
) -> None:
    plan(session)
    that_day.move_to(datetime(2026, 10, 31, 2, tzinfo=UTC))

    standing = obligations.standing(session, places.village.id)["finance"]

    assert (standing.late, standing.late_days, standing.colour, standing.words) == (
        1,
        16,
        "red",
        "逾期 16 天",
    )


def test_an_item_of_another_period_or_village_meets_nothing(session: Session, places: Places) -> None:
    plan(session)
    elsewhere = Places(places.county, places.town, factories.village(session, places.town))

    for item in (
        published(session, places, period="2026-08"),
        published(session, places, period=None),
        published(session, places, code="assets", period="2026-09"),
        published(session, elsewhere, period="2026-09"),
    ):
        assert obligations.met(session, acting=ROOT, disclosure=item) == []


def test_a_withdrawal_opens_it_again_under_its_old_due_date(
    session: Session, places: Places, that_day: time_machine.Traveller
) -> None:
    plan(session)
    item = published(session, places, period="2026-09")
    obligations.met(session, acting=ROOT, disclosure=item)
    that_day.move_to(datetime(2026, 10, 20, 2, tzinfo=UTC))

    item.state = DisclosureState.WITHDRAWN
    (row,) = obligations.reopened(session, acting=ROOT, disclosure=item)

    assert (row.state, row.met_on, row.disclosure_id) == (ObligationState.OPEN, None, None)
    assert obligations.standing(session, places.village.id)["finance"].late_days == 5
    steps = session.scalars(
        select(AuditEntry.action).filter_by(noun="obligation", noun_id=str(row.id)).order_by(AuditEntry.at)
    ).all()
    assert sorted(steps) == ["met", "reopened"]


def test_a_withdrawal_leaves_it_met_when_another_item_does(session: Session, places: Places) -> None:
    plan(session)
    first = published(session, places, period="2026-09", on=date(2026, 10, 8))
    second = published(session, places, period="2026-09", on=TODAY)
    obligations.met(session, acting=ROOT, disclosure=first)

    first.state = DisclosureState.WITHDRAWN
    (row,) = obligations.reopened(session, acting=ROOT, disclosure=first)

    assert (row.state, row.disclosure_id, row.met_on) == (ObligationState.MET, second.id, TODAY)


def test_what_was_published_before_it_was_planned_is_found(session: Session, places: Places) -> None:
    item = published(session, places, period="2026-09", on=date(2026, 10, 9))

    plan(session)

    row = owed(session, places)["finance:2026-09"]
    assert (row.state, row.disclosure_id, row.met_on) == (ObligationState.MET, item.id, date(2026, 10, 9))


def test_neither_an_urgent_notice_nor_a_period_that_has_not_begun_meets_anything(
    session: Session, places: Places
) -> None:
    plan(session)
    published(session, places, period="2026-11", title="提前公开")
    urgent = published(session, places, period="2026-10", kind=DisclosureKind.URGENT_NOTICE)
    early = published(session, places, period="2026-11")
    for item in (urgent, early):
        assert obligations.met(session, acting=ROOT, disclosure=item) == []
    plan(session)
    assert {row.state for row in owed(session, places, category_code="finance").values()} == {
        ObligationState.OPEN
    }
