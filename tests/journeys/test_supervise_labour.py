"""义桥镇: a town compares a year of payments and finds, inside one village's labour, the fit-out of an office
building that was never put out to tender. Nobody tells the rules where to look."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from app.core.db import BorrowedDatabase
from tests.journeys.know import on, read
from tests.journeys.supervise import NAMES, Books, Town, town

VILLAGE = "溪头村"
CREWS = ("方阿根", "沈海良", "俞水林", "傅国庆")
WORDS = ("新办公楼装修木工工资", "办公楼装修油漆工资", "新办公楼装修泥工工资（二期）", "办公楼装修水电工工资")


@pytest.fixture
def place(borrowed: BorrowedDatabase) -> Iterator[Town]:
    with on("2026-01-12", 8), town(borrowed) as made:
        yield made


def a_year() -> Books:
    """Seven villages; in one of them labour passes a million, 60 % of it for village construction, most of
    that for one fit-out. A tenth of those payments say nothing of their purpose."""
    books = Books()
    draw = random.Random(11)
    for name in NAMES:
        books.ordinary(name, 2025)
        for month in (3, 6, 9, 11):
            books.pay(name, date(2025, month, 16), "恒盛建材商店", 21_000, "小型工程-材料", "村道养护砂石料")
    for number in range(44):
        day = date(2025, 2, 10) + timedelta(days=6 * number)
        purpose = None if number % 10 == 9 else draw.choice(WORDS)
        books.pay(VILLAGE, day, CREWS[number % 4], 14_600 + 100 * (number % 7), "劳务用工", purpose)
    for number in range(32):
        day = date(2025, 1, 20) + timedelta(days=10 * number)
        words = draw.choice(("河道保洁误工", "村道清扫误工", "防汛值守误工"))
        books.pay(VILLAGE, day, f"村民{number}", 13_000, "劳务用工", words)
    return books


def test_from_a_years_payments_to_the_untendered_fit_out(place: Town) -> None:
    with on("2026-01-12"):
        a_year_comes_in(place)
        the_share_stands_out(place)
        drilled_down_by_the_office(place)
        the_works_should_have_been_tendered(place)
    with on("2026-01-13"):
        the_town_answers_and_checks_itself(place)


def a_year_comes_in(place: Town) -> None:
    books = a_year()
    done = place.bring_in(books.file())
    assert done["counts"]["payments"]["created"] == len(books.rows)
    again = place.bring_in(books.file())
    assert again["counts"]["payments"].get("created", 0) == 0  # the same file once more does nothing


def the_share_stands_out(place: Town) -> None:
    """Tried out first: the county looks at what it would have found, then lets it push."""
    asked = place.office(place.county).post(
        "rules/labour.share/backtests", {"from": "2025-10-01", "to": "2026-01-12", "step_days": 14}
    )
    place.work()
    tried = place.office(place.county).get(f"backtests/{asked['id']}")
    assert tried["state"] == "done"
    assert [one["name"] for one in tried["outcome"]["by_village"]] == [VILLAGE]
    assert place.run("labour.share")["findings"] == 1
    assert place.warnings(rule="labour.share") == []  # a trial is the county's alone
    assert len(place.warnings(place.county, rule="labour.share")) == 1
    place.activate("labour.share", "回测只有一条，属实。")
    (warning,) = place.warnings(rule="labour.share")
    assert (warning["village"]["name"], warning["colour"]) == (VILLAGE, "red")
    evidence = warning["evidence"]
    assert evidence["labour_fen"] > 100_000_000
    assert 0.5 < evidence["building_fen"] / evidence["labour_fen"] < 0.7
    assert evidence["unsaid"] == 4
    assert "办公楼装修" in evidence["purposes"][0]["purpose"]


def drilled_down_by_the_office(place: Town) -> None:
    """The same by hand: from the town to the village, its labour, the object, and the rows."""
    office = place.office()
    base = f"spending/villages/{place.code(VILLAGE)}"
    span = {"from": "2025-01-01", "to": "2025-12-31"}
    by_class = office.get(base, by="expense", **span)
    assert by_class["parts"][0]["key"] == "labour"
    by_purpose = office.get(base, by="purpose", expense="labour", **span)
    top = [one for one in by_purpose["parts"] if "办公楼装修" in str(one["key"])]
    assert sum(one["amount_fen"] for one in top) > 50_000_000
    rows = office.get(f"{base}/rows", expense="labour", purpose=top[0]["key"], limit=5, **span)
    assert rows["items"]


def the_works_should_have_been_tendered(place: Town) -> None:
    assert place.run("works.untendered")["fired"] >= 1
    found = place.warnings(rule="works.untendered")
    assert {one["village"]["name"] for one in found} == {VILLAGE}
    (warning,) = [one for one in found if "办公楼装修" in one["basis"]]
    assert warning["colour"] == "red"
    assert (
        warning["evidence"]["row_count"] >= 36
    )  # the object's rows; those without a purpose are not counted


def the_town_answers_and_checks_itself(place: Town) -> None:
    (warning,) = [one for one in place.warnings(rule="works.untendered") if "办公楼装修" in one["basis"]]
    page = place.here.desk(place.inspector, f"/desk/warnings/{warning['id']}")
    assert "办公楼装修" in read(page)
    campaign = place.office().post(
        "campaigns",
        {
            "organisation": place.office().get("organisations", kind="town")["items"][0]["code"],
            "title": "村务用工专项自查",
            "reason": "发现以用工名义实施装修，没有招标。",
            "questions": [{"text": "有没有该招标没招标的工程？"}],
            "due_on": "2026-01-30",
            "warning_id": warning["id"],
        },
    )
    assert campaign["asked"] == len(NAMES) + 2  # with the two villages that were there before
    office = place.office()
    office.post(f"warnings/{warning['id']}/acknowledge", {})
    proposed = office.post(
        f"warnings/{warning['id']}/propose",
        {"reason": "transferred", "text": "已移送区纪委立案。", "transferred_to": "区纪委监委"},
    )
    assert proposed["state"] == "proposed"
    office.refused("POST", f"warnings/{warning['id']}/accept", 403, "warning.same_person", {})
    county = place.office(place.county)
    closed = county.post(f"warnings/{warning['id']}/accept", {})
    assert (closed["state"], closed["close_reason"]) == ("closed", "transferred")
    assert place.run("works.untendered").get("fired", 0) == 0  # the same evidence does not fire again
