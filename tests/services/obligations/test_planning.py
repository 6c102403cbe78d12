"""What villages owe exists before it is due; planning is harmless to repeat."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from app.core.errors import BadInput
from app.models import DisclosureCategory, Obligation
from app.models.categories import Cadence, DayUnit
from app.models.obligations import ObligationState
from app.services import obligations, organisations
from app.services.obligations import periods
from tests import factories
from tests.factories import ROOT, Places
from tests.services.obligations.support import TODAY, owed, plan, published, rhythm


@pytest.mark.parametrize(
    ("cadence", "text", "label", "following"),
    [
        (Cadence.MONTH, "2026-12", "2026年12月", "2027-01"),
        (Cadence.QUARTER, "2026-Q4", "2026年第4季度", "2027-Q1"),
        (Cadence.YEAR, "2026", "2026年", "2027"),
    ],
)
def test_periods_turn_with_the_year(cadence: Cadence, text: str, label: str, following: str) -> None:
    period = periods.of(cadence, date(2026, 12, 31))

    assert period is not None
    assert (period.text, period.label, periods.after(period).text) == (text, label, following)
    assert periods.before(periods.after(period)) == period == periods.read(text)
    assert period.last == date(2026, 12, 31)


@pytest.mark.parametrize("text", ["", "2026-13", "2026-Q5", "2026年10月", "26-10", "2026-1"])
def test_other_periods_are_refused(text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        periods.read(text)
    assert refusal.value.code == "period.malformed"


def test_a_quarter_holds_its_months_and_no_others() -> None:
    assert periods.within(periods.read("2026-Q3")) == ["2026-07", "2026-08", "2026-09", "2026-Q3"]
    assert len(periods.within(periods.read("2026"))) == 1 + 4 + 12


def test_a_draft_is_offered_the_period_that_is_just_over() -> None:
    offered = [period.text for period in periods.choices(Cadence.QUARTER, TODAY, back=2)]

    assert offered == ["2026-Q3", "2026-Q4", "2026-Q2"]
    assert periods.choices(Cadence.EVENT, TODAY) == []


def test_a_due_item_exists_before_it_is_due(session: Session, places: Places) -> None:
    plan(session)

    rows = owed(session, places)
    assert {key: row.due_on for key, row in rows.items()} == {
        "finance:2026-09": date(2026, 10, 15),
        "finance:2026-10": date(2026, 11, 15),
        "finance:2026-11": date(2026, 12, 15),
        "assets:2026": date(2027, 1, 31),
        "assets:2027": date(2028, 1, 31),
    }
    assert rows["finance:2026-09"].title.startswith("2026年9月")
    assert {row.state for row in rows.values()} == {ObligationState.OPEN}


def test_what_was_due_before_the_first_run_is_not_owed(session: Session, places: Places) -> None:
    rhythm(session, "finance", Cadence.MONTH, due_days=11)

    plan(session)

    assert "finance:2026-09" not in owed(session, places)


def test_planning_again_changes_nothing(session: Session, places: Places) -> None:
    plan(session)
    before = {row.id for row in owed(session, places).values()}

    again = plan(session)

    assert vars(again) == {"added": 0, "moved": 0, "removed": 0, "waived": 0, "met": 0}
    assert {row.id for row in owed(session, places).values()} == before


def test_a_pause_of_the_scheduler_is_made_up_for(
    session: Session, places: Places, that_day: time_machine.Traveller
) -> None:
    plan(session)
    that_day.move_to(datetime(2027, 3, 20, 2, tzinfo=UTC))

    plan(session, date(2027, 3, 20))

    assert {f"finance:{text}" for text in ("2026-12", "2027-01", "2027-02")} <= set(owed(session, places))


def test_work_days_are_counted_with_the_calendar(session: Session, places: Places) -> None:
    rhythm(session, "finance", Cadence.MONTH, due_days=5, due_unit=DayUnit.WORK)

    plan(session, date(2026, 9, 20))

    # After 30 September: the national holiday to the 7th, work days 8, 9, 10 (make-up Saturday), 12, 13.
    assert owed(session, places)["finance:2026-09"].due_on == date(2026, 10, 13)


def test_a_due_date_that_has_passed_never_moves(session: Session, places: Places) -> None:
    plan(session)
    rhythm(session, "finance", Cadence.MONTH, due_days=25)

    plan(session, date(2026, 10, 16))

    rows = owed(session, places)
    assert rows["finance:2026-09"].due_on == date(2026, 10, 15)
    assert rows["finance:2026-10"].due_on == date(2026, 11, 25)


def test_switched_off_it_is_no_longer_owed_but_what_is_late_stays(session: Session, places: Places) -> None:
    plan(session)
    session.get_one(DisclosureCategory, "finance").active = False
    session.get_one(DisclosureCategory, "assets").in_force_until = date(2026, 12, 30)
    session.flush()

    plan(session, date(2026, 10, 16))

    assert set(owed(session, places)) == {"finance:2026-09"}


def test_what_has_no_periods_is_owed_once(session: Session, places: Places) -> None:
    rhythm(session, "power_workflow", Cadence.ON_CHANGE)
    other = Places(places.county, places.town, factories.village(session, places.town))
    early = published(session, other, "power_workflow", on=date(2026, 9, 1))
    plan(session)
    plan(session, TODAY + timedelta(days=3))

    row = owed(session, places)["power_workflow:first"]
    assert row.due_on == TODAY + timedelta(days=30)
    assert owed(session, other)["power_workflow:first"].disclosure_id == early.id

    item = published(session, places, "power_workflow")
    assert obligations.met(session, acting=ROOT, disclosure=item) == [row]
    again = published(session, places, "power_workflow")
    assert obligations.met(session, acting=ROOT, disclosure=again) == []


def test_a_law_that_is_not_yet_in_force_asks_for_nothing(session: Session, places: Places) -> None:
    rhythm(session, "finance", Cadence.MONTH, due_days=15, in_force_from=date(2026, 11, 1))

    plan(session)

    assert set(owed(session, places, category_code="finance")) == {"finance:2026-11"}


def test_a_villages_own_category_is_owed_by_that_village_alone(session: Session, places: Places) -> None:
    other = factories.village(session, places.town)
    session.add(
        DisclosureCategory(
            code="x-songs", name="村歌", position=90, fixed=False, village_id=places.village.id,
            cadence=Cadence.QUARTER, due_days=5,
        )
    )  # fmt: skip
    session.flush()

    plan(session)

    assert session.scalars(select(Obligation).filter_by(category_code="x-songs")).first() is not None
    assert not session.scalars(
        select(Obligation).filter_by(category_code="x-songs", village_id=other.id)
    ).all()


def test_a_village_that_is_switched_off_owes_nothing_new(session: Session, places: Places) -> None:
    plan(session)
    organisations.change(session, acting=ROOT, organisation_id=places.village.id, active=False)

    plan(session)

    assert owed(session, places) == {}


def test_many_villages_are_planned_by_a_few_statements(session: Session, places: Places) -> None:
    for _ in range(30):
        factories.village(session, places.town)
    seen: list[str] = []
    connection = session.connection()

    event.listen(
        connection, "before_cursor_execute", lambda _c, _u, statement, *_rest: seen.append(statement)
    )
    plan(session)

    assert session.scalar(select(func.count()).select_from(Obligation)) == 31 * 5
    assert len(seen) < 25
