"""R29 同一供应商反复中标: counts and shares on both sides of the line, and what does not count."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.ledgers import ContractKind, ContractState
from app.rules.supplier_repeat import SupplierRepeat
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = SupplierRepeat()


def _sign(session: Session, village: Any, firm: str, count: int = 1, **fields: Any) -> None:
    usual: dict[str, Any] = {
        "kind": ContractKind.WORKS,
        "counterparty": firm,
        "counterparty_key": firm,
        "signed_on": date(2026, 1, 10),
        "starts_on": date(2026, 1, 20),
        "amount_fen": 1_000_000,
    }
    for _ in range(count):
        support.contract(session, village, **(usual | fields))


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    """Verdict by village and firm."""
    village = support.village(shared, "甲村")
    _sign(shared, village, "两份", 2)
    _sign(shared, village, "三份", 3)
    _sign(shared, village, "四份采购", 4, kind=ContractKind.PURCHASE)
    _sign(shared, village, "五份", 5)
    _sign(shared, village, "含租赁", 2)
    _sign(shared, village, "含租赁", 3, kind=ContractKind.LEASE_OUT)
    _sign(shared, village, "含解除", 2)
    _sign(shared, village, "含解除", 3, state=ContractState.CANCELLED, state_since=AS_OF)
    _sign(shared, village, "明天解除", 3, state=ContractState.CANCELLED, state_since=date(2026, 4, 16))
    _sign(shared, village, "含作废", 2)
    _sign(shared, village, "含作废", 3, **support.VOIDED)
    _sign(shared, village, "含零星", 2)
    _sign(shared, village, "含零星", 3, amount_fen=199_999)
    _sign(shared, village, "恰不零星", 3, amount_fen=200_000)
    _sign(shared, village, "一年内", 3, signed_on=AS_OF - timedelta(days=364))
    _sign(shared, village, "一年前", 3, signed_on=AS_OF - timedelta(days=365))
    _sign(shared, village, "明天签", 3, signed_on=AS_OF + timedelta(days=1))
    _sign(shared, village, "没写签订日", 3, signed_on=None)
    _sign(shared, village, "某供电所", 5)
    _sign(shared, village, "", 1)
    shares = {"乙村": (4_000_000, 8_000_000), "丙村": (4_000_001, 7_999_999), "丁村": (3_000_000, 7_999_997)}
    for name, (rest, whole) in shares.items():
        place = support.village(shared, name)
        _sign(shared, place, "别家", amount_fen=rest)
        _sign(shared, place, "大户", 2, amount_fen=(whole - rest) // 3)
        _sign(shared, place, "大户", amount_fen=whole - rest - 2 * ((whole - rest) // 3))
    small = support.village(shared, "戊村")
    _sign(shared, small, "大户", 3, amount_fen=6_666_666)
    _sign(shared, support.village(shared, "己村"), "大户", 3, amount_fen=6_666_667)
    support.contract(shared, support.village(shared, "庚村"))
    places = {row.id: row.name for row in shared.query(Organisation).all()}
    told = support.evaluate(shared, RULE, AS_OF)
    found = {
        (places[one.village_id], one.evidence["counterparty"]): one.colour.value for one in told.findings
    }
    for key, clearing in told.cleared.items():
        where = places[uuid.UUID(key.partition(":")[0])]
        found[where, clearing.evidence["counterparty"]] = "clear"
    for village_id, judged in told.villages.items():
        for label in judged.missing:
            found[places[village_id], label] = "?"
    return found


CASES = {
    "两份": "clear",
    "三份": "yellow",
    "四份采购": "yellow",
    "五份": "red",
    "含租赁": "clear",
    "含解除": "clear",
    "明天解除": "yellow",
    "含作废": "clear",
    "含零星": "clear",
    "恰不零星": "yellow",
    "一年内": "yellow",
    "没写签订日": "yellow",
    "对方单位": "?",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_nothing_else_is_looked_at(said: dict[tuple[str, str], str]) -> None:
    assert {firm for village, firm in said if village == "甲村"} == set(CASES)


def test_most_of_the_value(shared: Session, said: object) -> None:
    """60 % of a sum is not more than 60 %; three contracts of a village that buys little say nothing."""
    found = {
        one.evidence["village_fen"]: one.colour.value
        for one in support.evaluate(shared, RULE, AS_OF, share_total_fen=7_999_997).findings
        if one.evidence["counterparty"] == "大户"
    }
    assert found == {
        8_000_000: "yellow",
        7_999_999: "yellow",
        7_999_997: "red",
        19_999_998: "red",
        20_000_001: "red",
    }


def test_little_value_is_no_share(said: dict[tuple[str, str], str]) -> None:
    assert said["戊村", "大户"] == "yellow"
    assert said["己村", "大户"] == "red"


def test_without_works_or_purchases_in_the_ledger_a_village_is_not_clean(said: dict[Any, str]) -> None:
    assert said["庚村", "工程和采购合同台账"] == "?"


def test_words(shared: Session, said: object) -> None:
    found = support.evaluate(shared, RULE, AS_OF).findings
    five = next(one for one in found if one.evidence["counterparty"] == "五份")
    assert five.title == "365 天内与五份签订 5 份工程采购合同"
    assert five.evidence["row_count"] == 5
    repeated = next(one for one in found if one.evidence["counterparty"] == "大户")
    assert "同镇还有 4 个村与其签订 12 份。" in repeated.basis
