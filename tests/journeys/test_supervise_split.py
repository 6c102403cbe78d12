"""Purchases cut into pieces below the line, in a year of payments made for the purpose: found by the rule,
with the lines of the county and nothing said about where to look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from app.core.db import BorrowedDatabase
from tests.journeys.know import on
from tests.journeys.supervise import NAMES, Books, Town, town

VILLAGE, CAREFUL = "河上村", "石桥村"


@pytest.fixture
def place(borrowed: BorrowedDatabase) -> Iterator[Town]:
    with on("2025-12-29", 8), town(borrowed) as made:
        yield made


def a_year() -> Books:
    """One village buys stone from one firm in four pieces just below the public tender line, in three weeks;
    another pays the same firm small sums over the whole year."""
    books = Books()
    for name in NAMES:
        books.ordinary(name, 2025)
    for day, yuan in ((3, 96_000), (9, 98_500), (15, 97_200), (22, 99_000)):
        books.pay(VILLAGE, date(2025, 11, day), "宏达石料厂", yuan, "小型工程-材料", "村道拓宽石料")
    for month in (2, 5, 8, 11):
        books.pay(CAREFUL, date(2025, month, 14), "宏达石料厂", 8_000, "小型工程-材料", "村道维修石料")
    return books


def test_pieces_below_the_line_are_found_and_cleared_by_the_tender(place: Town) -> None:
    with on("2025-12-29"):
        place.bring_in(a_year().file())
        assert place.run("payment.split")["fired"] == 1
        (warning,) = place.warnings(rule="payment.split")
        assert (warning["village"]["name"], warning["colour"]) == (VILLAGE, "red")
        assert warning["evidence"]["row_count"] == 4
        assert "宏达石料厂" in warning["title"]
        assert place.run("payment.split").get("fired", 0) == 0
        told = [one for one in place.warnings(rule="payment.split") if one["state"] == "open"]
        assert len(told) == 1

    with on("2025-12-30"):
        the_tender_was_only_not_linked(place, warning)


def the_tender_was_only_not_linked(place: Town, warning: dict[str, object]) -> None:
    """There was a public tender after all: its contract is entered and the payments are tied to it."""
    office = place.office()
    contract = office.post(
        "contracts",
        {
            "village": place.code(VILLAGE),
            "number": "GC-2025-03",
            "kind": "purchase",
            "title": "村道拓宽石料采购",
            "counterparty": "宏达石料厂",
            "starts_on": "2025-10-20",
            "amount_fen": 39_100_000,
            "tender_ref": "镇招〔2025〕17号",
            "signed_on": "2025-10-20",
        },
    )
    evidence = warning["evidence"]
    assert isinstance(evidence, dict)
    for key in evidence["rows"]:
        body = {"contract_id": contract["id"], "reason": "补登关联合同"}
        changed = office.send("PATCH", f"payments/{key}", body)
        assert changed.status_code == 200, changed.text
    assert place.run("payment.split").get("cleared") == 1
    (cleared,) = place.warnings(rule="payment.split")
    assert cleared["state"] == "cleared"
    reviewed = place.office(place.county).post(f"warnings/{cleared['id']}/close", {"reason": "mended"})
    assert reviewed["state"] == "closed"
