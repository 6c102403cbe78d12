"""R02 合同已到期未处置."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.ledgers import Contract, ContractKind, ContractState
from app.rules.contract_expired import ContractExpired
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = ContractExpired()
Said = dict[tuple[str, str], str]


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


class World:
    def __init__(self, session: Session, village: Organisation) -> None:
        self.session, self.village = session, village
        self.named: dict[Any, str] = {}

    def lease(self, label: str, days_over: int | None, **fields: Any) -> Contract:
        ends_on = None if days_over is None else before(days_over)
        row = support.contract(self.session, self.village, ends_on=ends_on, **fields)
        self.named[row.id] = label
        return row

    def shown(self, label: str, shown_on: date, days_over: int = 40, **fields: Any) -> None:
        used = {"still_used": fields.pop("still_used")} if "still_used" in fields else {}
        row = self.lease(label, days_over, **used)
        usual = {"kind": DisclosureKind.RETENDER_NOTICE}
        support.disclosure(self.session, self.village, shown_on, contract_id=row.id, **(usual | fields))


@pytest.fixture(scope="module")
def said(shared: Session) -> Said:
    world = World(shared, support.village(shared, "甲村"))
    for days in (-1, 6, 7, 29, 30):
        world.lease(f"{days} days over", days)
    world.lease("no end", None)
    world.lease("no end, renewed", None, state=ContractState.RENEWED)
    world.lease("voided", 40, **support.VOIDED)
    world.lease("let in", 40, kind=ContractKind.LEASE_IN)
    _states(world)
    _disclosures(world)
    shop = support.asset(shared, world.village)
    world.lease("followed", 40, asset_id=shop.id)
    world.lease("following", -300, asset_id=shop.id, starts_on=before(39))
    barn = support.asset(shared, world.village)
    world.lease("followed on the day", 40, asset_id=barn.id)
    support.contract(
        shared, world.village, asset_id=barn.id, starts_on=AS_OF, ends_on=AS_OF, **support.VOIDED
    )
    world.lease("following on the day", 0, asset_id=barn.id, starts_on=AS_OF)
    yard = support.asset(shared, world.village)
    world.lease("followed tomorrow", 40, asset_id=yard.id)
    support.contract(shared, world.village, asset_id=yard.id, starts_on=before(-1))
    hall = support.asset(shared, world.village)
    world.lease("follower voided", 40, asset_id=hall.id)
    support.contract(shared, world.village, asset_id=hall.id, starts_on=before(39), **support.VOIDED)
    support.village(shared, "乙村")
    return support.verdicts(shared, RULE, AS_OF, named=world.named)


def _states(world: World) -> None:
    since = before(3)
    world.lease("renewed", 40, state=ContractState.RENEWED, state_since=since)
    world.lease("taken back", 40, state=ContractState.ENDED, state_since=since)
    world.lease("taken back tomorrow", 40, state=ContractState.ENDED, state_since=before(-1))
    world.lease("taken back but used", 40, state=ContractState.ENDED, state_since=since, still_used=True)
    world.lease(
        "cancelled early and used",
        -300,
        state=ContractState.CANCELLED,
        state_since=before(8),
        still_used=True,
    )


def _disclosures(world: World) -> None:
    world.shown("re-tendered", before(2))
    world.shown("renewal disclosed", before(2), kind=DisclosureKind.PLAIN)
    world.shown("disclosed tomorrow", before(-1))
    world.shown("disclosed long before", before(40 + 181))
    world.shown("disclosed just in time", before(40 + 180))
    world.shown(
        "notice withdrawn", before(9), state=DisclosureState.WITHDRAWN, withdrawn_at=support.at(AS_OF)
    )
    world.shown(
        "notice withdrawn tomorrow",
        before(9),
        state=DisclosureState.WITHDRAWN,
        withdrawn_at=support.at(AS_OF, 16),
    )
    world.shown("tender running, used", before(90), days_over=100, still_used=True)
    world.shown("tender stuck, used", before(91), days_over=100, still_used=True)


CASES = {
    "-1 days over": "clear",
    "6 days over": "clear",
    "7 days over": "yellow",
    "29 days over": "yellow",
    "30 days over": "red",
    "no end": "?合同到期日",
    "no end, renewed": "clear",
    "renewed": "clear",
    "taken back": "clear",
    "taken back tomorrow": "red",
    "taken back but used": "red",
    "cancelled early and used": "yellow",
    "re-tendered": "clear",
    "renewal disclosed": "clear",
    "disclosed tomorrow": "red",
    "disclosed long before": "red",
    "disclosed just in time": "clear",
    "notice withdrawn": "red",
    "tender running, used": "clear",
    "tender stuck, used": "red",
    "followed": "clear",
    "following": "clear",
    "followed on the day": "clear",
    "following on the day": "clear",
    "followed tomorrow": "red",
    "notice withdrawn tomorrow": "clear",
    "follower voided": "red",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: Said, case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_what_is_not_looked_at(said: Said) -> None:
    assert {case for place, case in said if place == "甲村"} == set(CASES)


def test_a_village_without_contracts_is_not_clean(said: Said) -> None:
    assert said["乙村", ""] == "?合同台账"


def test_words_and_reasons(shared: Session, said: Said) -> None:
    told = support.evaluate(shared, RULE, AS_OF)
    words = next(one for one in told.findings if one.evidence["days_over"] == 29)
    assert words.title == "鱼塘承包已到期 29 天未处置"
    assert "甲村" in words.basis
    assert "2026年3月17日" in words.basis
    reasons = {clearing.reason.split("（")[0] for clearing in told.cleared.values()}
    assert {
        "台账已登记续签。",
        "台账已登记到期收回。",
        "同一资产已登记新合同",
        "已公开到期后的处置信息。",
    } <= reasons


def test_a_voided_contract_is_left_to_people(shared: Session, said: Said) -> None:
    gone = shared.query(Contract).filter(Contract.voided_at.is_not(None), Contract.ends_on < AS_OF).first()
    assert gone is not None
    told = support.evaluate(shared, RULE, AS_OF, watched=[f"{gone.village_id}:{gone.id}"])
    assert told.cleared == {}
