"""What a village owes to publish, as the Mini Program shows it to everybody; views of the month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import update

from app.core.db import Database
from app.models import DisclosureCategory
from app.models.categories import Cadence, DayUnit
from app.services import obligations
from tests.miniprogram_api.conftest import Mini, Village
from tests.miniprogram_api.test_reading import publish

TODAY = date(2026, 10, 12)


@pytest.fixture(autouse=True)
def that_day() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 10, 12, 2, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def planned(borrowed: Database, village: Village) -> Village:
    with borrowed.transaction() as session:
        session.execute(update(DisclosureCategory).values(cadence=Cadence.EVENT))
        finance = session.get_one(DisclosureCategory, "finance")
        finance.cadence, finance.due_days, finance.due_unit = Cadence.MONTH, 15, DayUnit.CALENDAR
        session.flush()
        obligations.plan(session, today=TODAY)
    return village


def test_everybody_reads_what_is_due_and_how_late_it_came(
    mini: Mini, borrowed: Database, planned: Village, that_day: time_machine.Traveller
) -> None:
    path = f"villages/{planned.code}/obligations"
    before = mini.get(path).json()
    assert [(row["period"], row["words"]) for row in before["items"]] == [
        ("2026-09", "还有 3 天到期"),
        ("2026-10", "还有 34 天到期"),
    ]

    that_day.move_to(datetime(2026, 10, 17, 2, tzinfo=UTC))
    (standing,) = mini.get(path).json()["categories"]
    assert (standing["code"], standing["words"], standing["late"]) == ("finance", "逾期 2 天", 1)

    item = publish(borrowed, planned, period="2026-09")

    after = mini.get(path).json()
    (met,) = [row for row in after["items"] if row["state"] == "met"]
    assert (met["met_on"], met["days_late"], met["words"]) == ("2026-10-17", 2, "迟 2 天公开")
    assert met["disclosure_id"] == str(item)
    (standing,) = after["categories"]
    assert (standing["last_met_on"], standing["last_late_days"]) == ("2026-10-17", 2)


def test_an_unknown_village_owes_nothing(mini: Mini) -> None:
    assert mini.get("villages/nowhere/obligations").status_code == 404


def test_the_views_of_the_month_are_shown(mini: Mini, borrowed: Database, village: Village) -> None:
    item = publish(borrowed, village)
    for _ in range(3):
        mini.get(f"disclosures/{item}")
    mini.get(f"villages/{village.code}")
    mini.http.app.state.context.views.flush(borrowed)  # type: ignore[attr-defined]

    assert mini.get(f"disclosures/{item}").json()["views_this_month"] == 3
    assert mini.get(f"villages/{village.code}").json()["views_this_month"] == 4
