"""Spending, key figures, portraits and the county's settings over REST."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine

from app.core.db import Database
from app.jobs.figures import take_portraits
from app.models.ledgers import ExpenseClass, PaymentMethod
from app.services.portrait import snapshots
from tests.api.conftest import BASE, Api, World
from tests.services.figures import books
from tests.support import settings_for

YEAR: dict[str, Any] = {"from": "2026-01-01", "to": "2026-12-31"}


@pytest.fixture(autouse=True)
def that_day() -> Iterator[None]:
    with time_machine.travel(books.NOW, tick=False):
        yield


@pytest.fixture
def booked(borrowed: Database, world: World) -> World:
    """Four payments of the village: labour, one of them without a purpose, and something else."""
    labour = {"expense": ExpenseClass.LABOUR, "category": "劳务用工", "payee": "王师傅"}
    with borrowed.transaction() as session:
        village = world.places.village
        books.payment(session, village, "2026-09-01", 300, **labour)
        books.payment(session, village, "2026-09-02", 200, **labour, purpose=None)
        books.payment(session, village, "2026-10-01", 100, **labour, method=PaymentMethod.CASH)
        books.payment(session, village, "2026-10-02", 50)
        books.payment(session, world.elsewhere.village, "2026-10-02", 7)
    return world


def _follow(api: Api, address: str) -> list[dict[str, object]]:
    """All rows of an address that the face gave, page by page."""
    path = address.removeprefix(BASE + "/")
    first = api.get(f"{path}&limit=2" if urlsplit(path).query else path)
    items: list[dict[str, object]] = first["items"]
    while first["next"]:
        first = api.get(f"{path}&limit=2&after={first['next']}")
        items += first["items"]
    return items


def test_a_figure_leads_down_to_its_rows(api: Api, booked: World) -> None:
    author = api.as_("author")
    classes = author.get(f"spending/villages/{booked.village}", by="expense", **YEAR)
    assert (classes["labels"], classes["series"][0]["values"]) == (["用工", "其他"], [600, 50])
    missing = {one["field"]: one for one in classes["missing"]}
    assert (missing["purpose"]["count"], missing["purpose"]["share"]) == (1, 0.25)
    assert [row["amount_fen"] for row in _follow(author, missing["purpose"]["rows"])] == [200]
    labour = classes["parts"][0]

    assert labour["filters"] == {"expense": "labour"}
    payees = author.get(f"spending/villages/{booked.village}", by="payee", **YEAR, **labour["filters"])
    assert payees["parts"][0]["filters"] == {"expense": "labour", "payee": "王师傅"}
    rows = _follow(author, payees["parts"][0]["rows"])
    assert [(row["paid_on"], row["amount_fen"]) for row in rows] == [
        ("2026-10-01", 100),
        ("2026-09-02", 200),
        ("2026-09-01", 300),
    ]


def test_months_peers_and_towns(api: Api, booked: World) -> None:
    inspector = api.as_("inspector")
    trend = inspector.get(f"spending/villages/{booked.village}/trend", **YEAR)
    assert (trend["ledger_from"], trend["so_far"], len(trend["labels"])) == ("2026-09-01", "2026-11", 12)
    assert [series["key"] for series in trend["series"]] == ["amount", "year_ago", "trailing"]
    assert trend["series"][0]["values"][8:10] == [500, 150]
    assert trend["series"][1]["values"] == [None] * 12
    beside = inspector.get(f"spending/villages/{booked.village}/peers", **YEAR)
    whole = beside["lines"][0]
    assert (whole["amount_fen"], whole["per_household"]) == (650, 1.3)
    assert (whole["n"], whole["minimum"], whole["peers_median"]) == (1, 5, None)
    town = inspector.get(f"spending/towns/{booked.places.town.code}", **YEAR)
    assert [(part["key"], part["amount_fen"]) for part in town["parts"]] == [(booked.village, 650)]
    assert len(_follow(inspector, town["parts"][0]["rows"])) == 4
    assert len(inspector.get(f"spending/towns/{booked.places.town.code}/rows", **YEAR)["items"]) == 4
    assert inspector.get(f"spending/towns/{booked.places.town.code}/trend", **YEAR)["total"]["count"] == 4
    assert len(inspector.get(f"spending/towns/{booked.places.town.code}/peers", **YEAR)) == 1


def test_others_find_nothing(api: Api, booked: World) -> None:
    paths = [
        f"spending/villages/{booked.village}{more}?from=2026-01-01&to=2026-12-31" for more in ("", "/rows")
    ]
    paths += [f"kpis/cashless_share?place={booked.village}&from=2026-01-01&to=2026-12-31"]
    paths += [f"portraits/{booked.village}"]
    for who in ("stranger", "other_inspector"):
        for path in paths:
            api.as_(who).refused("GET", path, 404, "figures.not_found")
    api.as_("author").refused(
        "GET", f"spending/villages/{booked.village}?from=2026-02-01&to=2026-01-01", 400, "spending.span_wrong"
    )


def test_key_figures(api: Api, booked: World) -> None:
    known = {kpi["key"]: kpi for kpi in api.as_("author").get("kpis")}
    assert known["satisfaction_of_filed"]["minimum_cell"] == 5
    found = api.as_("county").get(
        "kpis/cashless_share", place=booked.places.county.code, grain="quarter", each="town", **YEAR
    )
    cells = {(cell["place"]["name"], cell["period"]): cell for cell in found["cells"]}
    assert cells["益农镇", "2026-Q4"]["value"] == 0.5
    assert cells["益农镇", "2026-Q3"] | {"place": ""} == {
        "place": "",
        "period": "2026-Q3",
        "group": "",
        "value": 1.0,
        "numerator": 2.0,
        "denominator": 2.0,
        "n": 2,
        "counted": 1,
        "villages": 1,
        "so_far": False,
        "note": None,
    }
    assert (cells["义桥镇", "2026-Q3"]["value"], cells["义桥镇", "2026-Q3"]["note"]) == (
        None,
        "no_denominator",
    )
    api.refused("GET", "kpis/petitions?place=x&from=2026-01-01&to=2026-01-01", 404, "kpi.not_found")


def test_a_portrait_of_the_month_that_is_over(
    api: Api, booked: World, borrowed: Database, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    assert take_portraits(borrowed, settings) == "month=2026-10 villages=2"
    assert take_portraits(borrowed, settings) == "month=2026-10 villages=0"
    found = api.as_("author").get(f"portraits/{booked.village}")

    assert (found["month"], found["as_of"], found["revision"]) == ("2026-10", "2026-10-31", 1)
    assert (found["band"], found["peers"]) == ("unknown", {"points": None, "n": 1})
    assert [component["maximum"] for component in found["components"]] == [250, 250, 150, 200, 150]
    parts = {part["key"]: part for component in found["components"] for part in component["indicators"]}
    cashless = parts["money.cashless"]
    assert (cashless["own"], cashless["n"], cashless["good"], cashless["points"]) == (0.75, 4, 3, 68)
    rows = api.as_("author").get(cashless["behind"]["rows"].removeprefix(BASE + "/") + "&only_bad=true")
    assert [(row["day"], row["amount_fen"]) for row in rows["items"]] == [("2026-10-01", 100)]
    assert len(_follow(api.as_("author"), cashless["behind"]["rows"])) == 4


def test_a_month_is_computed_again_with_a_reason(api: Api, booked: World) -> None:
    path = f"portraits/{booked.village}/revisions"
    body = {"month": "2026-10", "reason": "更正付款后重算。"}
    api.refused("GET", f"portraits/{booked.village}", 404, "portrait.not_computed")
    api.as_("inspector").refused("POST", path, 403, "figures.not_county", body)
    api.as_("county").refused("POST", path, 400, "portrait.month_not_over", body | {"month": "2026-11"})
    assert api.as_("county").post(path, body, 201)["revision"] == 1
    assert api.as_("county").post(path, body, 201)["revision"] == 2
    assert [one["revision"] for one in api.as_("author").get(path, month="2026-10")] == [2, 1]


def test_the_county_changes_its_settings(api: Api) -> None:
    before = {one["key"]: one for one in api.as_("author").get("county-settings")}
    assert (before["peers.minimum"]["value"], before["peers.minimum"]["changed"]) == (5, False)
    change = {"value": 7, "reason": "区里村少，放宽一些。"}
    api.as_("inspector").refused("PUT", "county-settings/peers.minimum", 403, "setting.not_county", change)
    county = api.as_("county")
    county.refused("PUT", "county-settings/peers.minimum", 400, "setting.value_wrong", change | {"value": 1})
    county.refused("PUT", "county-settings/no.such", 404, "setting.not_found", change)

    assert county.put("county-settings/peers.minimum", change)["value"] == 7
    assert county.get("county-settings/peers.minimum")["changed"] is True
    county.refused("PUT", "county-settings/peers.minimum", 409, "setting.unchanged", change)
    history = county.get("county-settings/peers.minimum/history")["items"]
    assert [(one["before"], one["after"], one["reason"]) for one in history] == [
        ({"value": 5}, {"value": 7}, change["reason"])
    ]


def test_the_day_of_a_month_and_its_end() -> None:
    assert snapshots.last_day("2028-02") == date(2028, 2, 29)
    assert snapshots.month_before(date(2027, 1, 5)) == "2026-12"
