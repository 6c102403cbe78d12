"""What villages owe to publish, over REST: from the plan to the published item, waiving, the board, reach."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import update

from app.core.db import Database
from app.models import DisclosureCategory, VillageFollow
from app.models.categories import Cadence, DayUnit
from app.services import obligations
from tests import factories
from tests.api.conftest import Api, World

TODAY = date(2026, 10, 12)
EVENT = {"category": "house_building", "title": "建房审批结果", "happened_on": "2026-10-09"}


@pytest.fixture(autouse=True)
def that_day() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 10, 12, 2, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def planned(borrowed: Database, world: World) -> World:
    """Finance is owed every month, within 15 days; nothing else. No token ends before that."""
    with borrowed.transaction() as session:
        session.execute(update(DisclosureCategory).values(cadence=Cadence.EVENT))
        finance = session.get_one(DisclosureCategory, "finance")
        finance.cadence, finance.due_days, finance.due_unit = Cadence.MONTH, 15, DayUnit.CALENDAR
        session.flush()
        obligations.plan(session, today=TODAY)
    return world


def _september(api: Api) -> dict[str, object]:
    rows = api.get("obligations", village=api.world.village, period="2026-09")["items"]
    assert len(rows) == 1
    found: dict[str, object] = rows[0]
    return found


def test_the_list_is_in_the_order_of_due_dates_and_pages(api: Api, planned: World) -> None:
    first = api.get("obligations", village=planned.village, limit=2)
    second = api.get("obligations", village=planned.village, limit=2, after=first["next"])

    assert [row["period"] for row in first["items"] + second["items"]] == ["2026-09", "2026-10", "2026-11"]
    assert first["items"][0] | {"id": ""} == {
        "id": "",
        "village": {"code": planned.village, "name": "东联村", "kind": "village"},
        "category": "finance",
        "title": first["items"][0]["title"],
        "period": "2026-09",
        "source": "calendar",
        "source_id": None,
        "due_on": "2026-10-15",
        "provisional": False,
        "state": "open",
        "met_on": None,
        "days_late": 0,
        "words": "还有 3 天到期",
        "disclosure_id": None,
        "waived_because": "",
    }
    assert second["next"] is None


def test_late_is_a_filter(api: Api, planned: World, that_day: time_machine.Traveller) -> None:
    assert api.get("obligations", late=True)["items"] == []
    that_day.move_to(datetime(2026, 10, 18, 2, tzinfo=UTC))

    rows = api.get("obligations", late=True, organisation=planned.places.town.code)["items"]

    assert [(row["period"], row["days_late"], row["words"]) for row in rows] == [("2026-09", 3, "逾期 3 天")]


def test_publishing_meets_it_and_withdrawing_opens_it_again(api: Api, planned: World) -> None:
    draft = {
        "village": planned.village,
        "category": "finance",
        "title": "九月份收支公开",
        "summary": "九月收入 12 万元，支出 8 万元。",
        "period": "2026-09",
    }
    made = api.as_("author").post("disclosures", draft, status=201)
    api.as_("author").post(f"disclosures/{made['id']}/submit")
    assert _september(api)["state"] == "open"

    api.as_("reviewer").post(f"disclosures/{made['id']}/publish")

    row = _september(api)
    assert (row["state"], row["met_on"], row["disclosure_id"]) == ("met", "2026-10-12", made["id"])
    assert row["words"] == "按时公开"

    reason = {"remark": "数字抄错了一行。"}
    api.as_("inspector").post(f"disclosures/{made['id']}/withdraw", reason)
    assert (_september(api)["state"], _september(api)["met_on"]) == ("open", None)


def test_an_event_is_entered_by_an_officer_of_the_village(api: Api, planned: World) -> None:
    body = EVENT | {"village": planned.village}

    made = api.as_("author").post("obligations", body, status=201)

    assert (made["source"], made["title"]) == ("event", "建房审批结果")
    assert api.as_("liaison").get(f"obligations/{made['id']}") == made
    api.as_("author").refused("POST", "obligations", 409, "obligation.exists", body)
    api.as_("stranger").refused("POST", "obligations", 403, "obligation.not_keeper", body)
    api.as_("admin").refused("POST", "obligations", 403, "obligation.not_keeper", body)
    unknown = body | {"category": "nothing"}
    api.as_("author").refused("POST", "obligations", 404, "category.not_found", unknown)


def test_town_and_county_waive_and_nobody_else(api: Api, planned: World) -> None:
    path = f"obligations/{_september(api)['id']}/waive"
    body = {"reason": "撤并期间账目由镇统一公开。"}
    for who in ("author", "reviewer", "admin"):
        api.as_(who).refused("POST", path, 403, "obligation.not_waiver", body)
    api.as_("other_inspector").refused("POST", path, 404, "obligation.not_found", body)

    row = api.as_("county").post(path, body)

    assert (row["state"], row["words"], row["waived_because"]) == ("waived", "免于公开", body["reason"])
    api.as_("inspector").refused("POST", path, 409, "obligation.state_wrong", body)


def test_the_supervisor_names_a_published_item(api: Api, planned: World) -> None:
    path = f"obligations/{_september(api)['id']}/met"
    api.as_("reviewer").refused(
        "POST", path, 404, "disclosure.not_found", {"disclosure_id": str(uuid.uuid4())}
    )
    api.as_("author").refused(
        "POST", path, 403, "disclosure.not_reviewer", {"disclosure_id": str(uuid.uuid4())}
    )


def test_the_board_of_a_town(api: Api, planned: World) -> None:
    board = api.as_("inspector").get("obligations/board", town=planned.places.town.code)

    assert [line["village"]["code"] for line in board["lines"]] == [planned.village]
    place = [column["code"] for column in board["columns"]].index("finance")
    assert board["lines"][0]["cells"][place] == {
        "colour": "yellow",
        "words": "还有 3 天到期",
        "missing": 0,
        "late_days": 0,
        "due_on": "2026-10-15",
        "met_on": None,
    }
    assert (
        api.as_("inspector").get("obligations/board", town=planned.places.town.code, period="2026-09")[
            "period"
        ]
        == "2026-09"
    )
    town = f"obligations/board?town={planned.places.town.code}"
    api.as_("other_inspector").refused("GET", town, 404, "board.not_found")
    api.as_("inspector").refused("GET", f"{town}&period=2026-13", 400, "period.malformed")


def test_officers_see_only_their_area(api: Api, planned: World) -> None:
    row = _september(api)

    assert api.as_("stranger").get("obligations", village=planned.village)["items"] == []
    api.as_("stranger").refused("GET", f"obligations/{row['id']}", 404, "obligation.not_found")


def test_reach_by_household_and_adult(api: Api, borrowed: Database, planned: World) -> None:
    with borrowed.transaction() as session:
        follower = factories.villager(session).villager_id
        session.add(VillageFollow(village_id=planned.places.village.id, villager_id=follower))

    rows = api.as_("county").get(f"organisations/{planned.places.county.code}/reach")

    found = {row["village"]["code"]: row for row in rows}
    assert len(found) == 2
    mine = found[planned.village]
    assert (mine["followers"], mine["adults"], mine["views"]) == (1, 1200, 0)
    assert mine["followers_per_adult"] == round(1 / 1200, 3)
    api.as_("county").refused("GET", "organisations/nowhere/reach", 404, "organisation.not_found")
