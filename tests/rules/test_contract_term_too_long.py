"""R05 合同期限过长."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models.holdings import AssetKind
from app.models.ledgers import ContractKind, ContractState, LandKind
from app.rules.contract_term_too_long import ContractTermTooLong
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = ContractTermTooLong()
Said = dict[tuple[str, str], str]
LIMITS = {
    LandKind.HOUSEHOLD_LAND: 30,
    LandKind.GRASSLAND: 50,
    LandKind.FOREST: 70,
    LandKind.WASTE_LAND: 50,
    LandKind.POND: 20,
    LandKind.BUILDING: 20,
    LandKind.OTHER: 20,
}


@pytest.fixture(scope="module")
def said(shared: Session) -> Said:
    village = support.village(shared, "甲村")
    named: dict[Any, str] = {}

    def lease(
        label: str, starts_on: date, ends_on: date | None, land: LandKind | None, **fields: Any
    ) -> None:
        row = support.contract(
            shared, village, starts_on=starts_on, ends_on=ends_on, land_kind=land, **fields
        )
        named[row.id] = label

    start = date(2020, 3, 1)
    for land, years in LIMITS.items():
        # One day over is how people write "from 1 March to 1 March".
        lease(f"{land} at the limit", start, date(2020 + years, 3, 1), land)
        lease(f"{land} beyond", start, date(2020 + years, 3, 2), land)
    lease("sub-lease to the end of the round", start, date(2029, 12, 31), LandKind.FARMLAND)
    lease("sub-lease beyond the round", start, date(2030, 1, 1), LandKind.FARMLAND)
    future = support.contract(shared, village, signed_on=AS_OF, starts_on=date(2030, 1, 1),
                              ends_on=date(2031, 1, 1), land_kind=LandKind.FARMLAND)  # fmt: skip
    named[future.id] = "sub-lease in the next round"
    lease("no end", start, None, LandKind.POND)
    lease("kind unknown, short", start, date(2029, 12, 31), None)
    lease("kind unknown, a day beyond the round", start, date(2030, 1, 1), None)
    lease("kind unknown, longest limit", start, date(2090, 3, 1), None)
    lease("kind unknown, over 20 years", date(1998, 1, 1), date(2028, 1, 1), None)
    lease("kind unknown, beyond every limit", start, date(2090, 3, 2), None)
    shop = support.asset(shared, village, kind=AssetKind.SHOP)
    hill = support.asset(shared, village, kind=AssetKind.LAND, land_kind=LandKind.WASTE_LAND)
    lease("a shop by its asset", start, date(2041, 1, 1), None, asset_id=shop.id)
    lease("waste land by its asset", start, date(2069, 1, 1), None, asset_id=hill.id)
    lease("let in", start, date(2041, 1, 1), LandKind.BUILDING, kind=ContractKind.LEASE_IN)
    lease("works", start, date(2041, 1, 1), LandKind.BUILDING, kind=ContractKind.WORKS)
    lease("voided", start, date(2041, 1, 1), LandKind.BUILDING, **support.VOIDED)
    lease("over", date(1990, 1, 1), date(2026, 4, 14), LandKind.BUILDING)
    lease("last day", date(1990, 1, 1), AS_OF, LandKind.BUILDING)
    lease("cancelled", start, date(2041, 1, 1), LandKind.BUILDING, state=ContractState.CANCELLED,
          state_since=AS_OF)  # fmt: skip
    lease("cancelled tomorrow", start, date(2041, 1, 1), LandKind.BUILDING, state=ContractState.CANCELLED,
          state_since=date(2026, 4, 16))  # fmt: skip
    support.village(shared, "乙村")
    return support.verdicts(shared, RULE, AS_OF, named=named)


CASES = {
    **{f"{land} at the limit": "clear" for land in LIMITS},
    **{f"{land} beyond": "red" for land in LIMITS},
    "sub-lease to the end of the round": "clear",
    "sub-lease beyond the round": "red",
    "sub-lease in the next round": "?本轮承包届满年份",
    "no end": "?合同到期日",
    "kind unknown, short": "clear",
    "kind unknown, a day beyond the round": "?土地类别",
    "kind unknown, longest limit": "?土地类别",
    "kind unknown, over 20 years": "?土地类别",
    "kind unknown, beyond every limit": "red",
    "a shop by its asset": "red",
    "waste land by its asset": "clear",
    "let in": "red",
    "over": "clear",
    "last day": "red",
    "cancelled": "clear",
    "cancelled tomorrow": "red",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: Said, case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_what_is_not_looked_at(said: Said) -> None:
    assert {case for place, case in said if place == "甲村"} == set(CASES)


def test_a_village_without_contracts_is_not_clean(said: Said) -> None:
    assert said["乙村", ""] == "?合同台账"


def test_the_county_knows_when_the_round_ends(shared: Session, said: Said) -> None:
    told = support.evaluate(shared, RULE, AS_OF, round_ends_year=2058)
    assert "farmland" not in {one.evidence["land"] for one in told.findings}


def test_words(shared: Session, said: Said) -> None:
    found = support.evaluate(shared, RULE, AS_OF).findings
    pond = next(one for one in found if one.evidence["land"] == "pond")
    assert pond.title == "鱼塘承包的期限超过法定年限"
    assert "从2020年3月1日到2040年3月2日" in pond.basis
    assert "水面最长 20 年，最迟到2040年2月29日，本合同超出 2 天" in pond.basis
    field = next(one for one in found if one.evidence["land"] == "farmland")
    assert "本轮承包到2029年12月31日届满" in field.basis
