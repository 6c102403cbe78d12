"""R07 租金明显偏低."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.holdings import AssetKind
from app.models.ledgers import AreaUnit, Contract, ContractState, LandKind
from app.rules.rent_below_peers import RentBelowPeers
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = RentBelowPeers()
Said = dict[tuple[str, str], str]


class World:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.named: dict[Any, str] = {}

    def pond(self, village: Organisation, label: str, rent: int | None, **fields: Any) -> None:
        """A pond of 10 mu for `rent` yuan a year."""
        usual: dict[str, Any] = {
            "annual_rent_fen": None if rent is None else rent * 100,
            "land_kind": LandKind.POND,
            "area": 10,
            "area_unit": AreaUnit.MU,
        }
        row = support.contract(self.session, village, **(usual | fields))
        self.named[row.id] = label


@pytest.fixture(scope="module")
def said(shared: Session) -> Said:
    world = World(shared)
    _own(world)
    _alike(world)
    _peers(world)
    support.village(shared, "无台账村")
    return support.verdicts(shared, RULE, AS_OF, named=world.named)


def _own(world: World) -> None:
    """Sixteen ponds whose median is 10,000 yuan, and leases that are no measure."""
    village = support.village(world.session, "甲村", households=None)
    for place in range(4):
        world.pond(village, f"usual {place}", 10_000)
    for label, rent in (("6,999", 6_999), ("7,000", 7_000), ("4,999", 4_999), ("5,000", 5_000)):
        world.pond(village, label, rent)
    for place in range(5):
        world.pond(village, f"dear {place}", 12_000)
    world.pond(village, "free", 0)
    world.pond(village, "in square metres", 30_000, area=20_000, area_unit=AreaUnit.SQUARE_METRE)
    world.pond(village, "no rent", None)
    world.pond(village, "no area", 1_000, area=None)
    world.pond(village, "no unit", 1_000, area_unit=None)
    water = support.asset(world.session, village, kind=AssetKind.WATER, area=10, area_unit=AreaUnit.MU)
    world.pond(village, "by its asset", 1_000, land_kind=None, area=None, area_unit=None, asset_id=water.id)
    world.pond(village, "no kind", 1_000, land_kind=None)
    world.pond(village, "too few of its kind", 1_000, land_kind=LandKind.FOREST)
    for label, fields in (
        ("household land", {"land_kind": LandKind.HOUSEHOLD_LAND}),
        ("mixed", {"land_kind": LandKind.OTHER}),
        ("over", {"ends_on": date(2026, 4, 14)}),
        ("ended", {"state": ContractState.ENDED, "state_since": AS_OF}),
        ("old", {"starts_on": date(2016, 4, 15)}),
        ("voided", support.VOIDED),
    ):
        world.pond(village, label, 1_000, **fields)
    world.pond(village, "just not old", 1_000, starts_on=date(2016, 4, 16))


def _alike(world: World) -> None:
    village = support.village(world.session, "均价村")
    for place in range(6):
        world.pond(village, f"alike {place}", 3_000)

    village = support.village(world.session, "免租村")
    for place, rent in enumerate((0, 0, 0, 2_000, 2_000, 3_000, 3_000, 3_000)):
        world.pond(village, f"{place}: {rent}", rent)


def _peers(world: World) -> None:
    """Shops: one village asks what five others of its size, and one far larger, take for a square metre."""
    above = support.town(world.session, "乙镇", support.county(world.session, "乙县"))

    def shop(village: Organisation, label: str, rent: int, kind: AssetKind = AssetKind.SHOP) -> None:
        house = support.asset(world.session, village, kind=kind)
        world.pond(
            village, label, rent, land_kind=None, asset_id=house.id, area=100, area_unit=AreaUnit.SQUARE_METRE
        )

    mine = support.village(world.session, "问价村", above=above, households=1000)
    shop(mine, "cheap shop", 9_900)
    shop(mine, "factory", 100, AssetKind.FACTORY)
    for place in range(4):
        peer = support.village(world.session, f"邻村{place}", above=above, households=900)
        shop(peer, "usual shop", 20_000)
        shop(peer, "usual shop", 20_000)
    big = support.village(world.session, "大村", above=above, households=3000)
    for _ in range(4):
        shop(big, "big shop", 90_000)
    unsized = support.village(world.session, "户数不详村", above=above, households=None)
    shop(unsized, "shop of a village without size", 9_900)


CASES = {
    "usual 0": "clear",
    "6,999": "yellow",
    "7,000": "clear",
    "4,999": "red",
    "5,000": "yellow",
    "dear 0": "clear",
    "free": "red",
    "in square metres": "clear",
    "no rent": "?年租金",
    "no area": "?面积",
    "no unit": "?面积",
    "by its asset": "red",
    "no kind": "?土地类别",
    "too few of its kind": "?户数",
    "just not old": "red",
    "over": "clear",
    "ended": "clear",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: Said, case: str) -> None:
    assert said["甲村", case] == CASES[case]


@pytest.mark.parametrize("case", ["household land", "mixed", "old", "voided"])
def test_what_is_not_looked_at(said: Said, case: str) -> None:
    assert ("甲村", case) not in said


def test_where_all_pay_alike_nothing_lies_below(said: Said) -> None:
    assert {said["均价村", f"alike {place}"] for place in range(6)} == {"clear"}


def test_size_matched_peers_where_the_village_has_too_few(said: Said) -> None:
    assert said["问价村", "cheap shop"] == "red"
    assert said["问价村", "factory"] == "?足够的同类合同"
    assert said["邻村0", "usual shop"] == "clear"
    assert said["大村", "big shop"] == "?足够的同类合同"
    assert said["户数不详村", "shop of a village without size"] == "?户数"


def test_free_leases_are_no_measure(said: Said) -> None:
    assert said["免租村", "0: 0"] == "red"
    assert said["免租村", "3: 2000"] == "yellow"


@pytest.mark.parametrize(
    ("thresholds", "told"),
    [
        ({"peer_contracts": 9, "peer_villages": 5}, "red"),
        ({"peer_contracts": 10}, "?足够的同类合同"),
        ({"peer_villages": 6}, "?足够的同类合同"),
        ({"peer_spread_percent": 9}, "?足够的同类合同"),
        ({"peer_spread_percent": 10}, "red"),
    ],
)
def test_least_samples(shared: Session, said: Said, thresholds: dict[str, int], told: str) -> None:
    lease = (
        shared.query(Contract).filter(Contract.annual_rent_fen == 990_000).order_by(Contract.number).first()
    )
    assert lease is not None
    found = support.verdicts(shared, RULE, AS_OF, named={lease.id: "cheap shop"}, **thresholds)
    assert found["问价村", "cheap shop"] == told


@pytest.mark.parametrize(("own_contracts", "own"), [(16, True), (17, False)])
def test_least_sample_of_the_village_itself(
    shared: Session, said: Said, own_contracts: int, own: bool
) -> None:
    told = support.evaluate(shared, RULE, AS_OF, own_contracts=own_contracts)
    assert any(one.evidence["annual_rent_fen"] == 499_900 for one in told.findings) is own


def test_a_village_without_contracts_is_not_clean(said: Said) -> None:
    assert said["无台账村", ""] == "?合同台账"


def test_words(shared: Session, said: Said) -> None:
    found = support.evaluate(shared, RULE, AS_OF).findings
    pond = next(one for one in found if one.evidence["annual_rent_fen"] == 499_900)
    assert pond.title == "鱼塘承包的租金只有同类中位数的 49%"
    assert "每亩 499.90 元；本村" in pond.basis
    shop = next(one for one in found if one.evidence["class"] == "shop")
    assert "每平方米 99.00 元；规模相近村" in shop.basis
    assert "份店面合同的中位数为每平方米 200.00 元" in shop.basis
