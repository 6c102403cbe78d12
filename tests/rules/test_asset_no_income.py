"""R04 出租资产没有收入."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.holdings import Asset, AssetStatus
from app.models.income import ReceivableKind
from app.models.ledgers import Contract, ContractState
from app.rules.asset_no_income import AssetNoIncome
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = AssetNoIncome()
Said = dict[tuple[str, str], str]


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


class World:
    def __init__(self, session: Session, village: Organisation) -> None:
        self.session, self.village = session, village
        self.named: dict[Any, str] = {}

    def asset(self, label: str, **fields: Any) -> Asset:
        row = support.asset(self.session, self.village, **fields)
        self.named[row.id] = label
        return row

    def let(self, label: str, **fields: Any) -> Contract:
        """A let asset with a lease of three years that began two years ago."""
        usual: dict[str, Any] = {"starts_on": before(730), "ends_on": before(-365), "counterparty": label}
        values = usual | {"counterparty_key": label} | fields
        return support.contract(self.session, self.village, asset_id=self.asset(label).id, **values)

    def came_in(self, lease: Contract | None, days: int, **fields: Any) -> None:
        named = {"contract_id": lease.id} if lease else {}
        support.receipt(self.session, self.village, received_on=before(days), **(named | fields))


@pytest.fixture(scope="module")
def said(shared: Session) -> Said:
    world = World(shared, support.village(shared, "甲村"))
    world.asset("no contract")
    world.let("paid once before the books", annual_rent_fen=0, starts_on=before(4000), ends_on=before(-4000))
    world.asset("idle", status=AssetStatus.IDLE)
    world.asset("let tomorrow", status_since=before(-1))
    world.asset("voided", **support.VOIDED)
    _years(world)
    _instalments(world)
    _links(world)
    support.receipt(shared, support.village(shared, "乙村"))
    third = support.village(shared, "丙村")
    support.asset(shared, third)
    return support.verdicts(shared, RULE, AS_OF, named=world.named)


def _years(world: World) -> None:
    """Leases that name no due day: the period is a year with 30 days' grace, payments 60 days ahead count."""
    world.let("never paid")
    world.let("394 days let", starts_on=before(394))
    world.let("395 days let", starts_on=before(395))
    world.came_in(world.let("paid 454 days ago"), 454)
    world.came_in(world.let("paid 455 days ago"), 455)
    world.came_in(world.let("pays tomorrow"), -1)
    world.came_in(world.let("payment voided"), 10, **support.VOIDED)
    world.came_in(world.let("all paid at once"), 729, amount_fen=4_800_000)
    often = world.let("paid often")
    for days in (700, 20, 650):
        world.came_in(often, days)
    world.came_in(world.let("paid today"), 0)
    world.came_in(world.let("paid back"), 10, amount_fen=-100)
    world.let("begins today", starts_on=AS_OF)
    world.let("renewed today", state=ContractState.RENEWED, state_since=AS_OF)
    world.let("free of rent only by name", amount_fen=0)
    world.let("for nothing", amount_fen=0, annual_rent_fen=0)
    world.let("renewed", state=ContractState.RENEWED, state_since=before(10))


def _instalments(world: World) -> None:
    """Leases whose schedule or receivables name due days."""

    def due(*days: int) -> list[dict[str, Any]]:
        return [{"due_on": before(day).isoformat(), "amount_fen": 300_000, "note": ""} for day in days]

    world.came_in(world.let("quarter missed", schedule=due(300, 210, 120, 30, -60)), 181)
    world.came_in(world.let("quarter paid ahead", schedule=due(300, 210, 120, 30, -60)), 179)
    world.let("first due just past", schedule=due(100, -265))
    world.let("one due day, a period ago", schedule=due(395))
    world.let("one due day, not yet a period", schedule=due(394))
    lease = world.let("a voided due day")
    for day, more in ((31, support.VOIDED), (120, {})):
        support.receivable(world.session, world.village, contract_id=lease.id, due_on=before(day), **more)
    world.let("due 30 days ago", schedule=due(120, 30))
    world.let("due 29 days ago", schedule=due(120, 29))
    lease = world.let("by receivables")
    for day in (31, 120):
        support.receivable(world.session, world.village, contract_id=lease.id, due_on=before(day))


def _links(world: World) -> None:
    lease = world.let("through its receivable")
    row = support.receivable(world.session, world.village, contract_id=lease.id, due_on=before(20))
    world.came_in(None, 20, receivable_id=row.id)
    lease = world.let("only a deposit")
    row = support.receivable(
        world.session, world.village, contract_id=lease.id, kind=ReceivableKind.DEPOSIT, due_on=before(20)
    )
    world.came_in(lease, 20, receivable_id=row.id)
    world.came_in(world.let("only a pledge"), 20, category="押金")
    world.let("same payer, no contract")
    world.came_in(None, 20, payer="same payer, no contract")
    world.let("same payer, old and new")
    for days in (500, 20, 600):
        world.came_in(None, days, payer="same payer, old and new")
    world.let("same payer, voided")
    world.came_in(None, 20, payer="same payer, voided", **support.VOIDED)
    world.let("same payer, pledge")
    world.came_in(None, 20, payer="same payer, pledge", category="押金")
    world.let("same payer tomorrow")
    world.came_in(None, -1, payer="same payer tomorrow")
    world.let("same payer, long ago")
    world.came_in(None, 500, payer="same payer, long ago")


CASES = {
    "paid once before the books": "?签约时的收款",
    "no contract": "?资产的出租合同",
    "idle": "clear",
    "let tomorrow": "clear",
    "never paid": "red",
    "394 days let": "clear",
    "395 days let": "red",
    "paid 454 days ago": "clear",
    "paid 455 days ago": "red",
    "pays tomorrow": "red",
    "payment voided": "red",
    "all paid at once": "clear",
    "paid often": "clear",
    "paid today": "clear",
    "paid back": "red",
    "begins today": "clear",
    "renewed today": "?资产的出租合同",
    "free of rent only by name": "red",
    "for nothing": "clear",
    "renewed": "?资产的出租合同",
    "quarter missed": "red",
    "quarter paid ahead": "clear",
    "first due just past": "clear",
    "one due day, a period ago": "red",
    "one due day, not yet a period": "clear",
    "a voided due day": "clear",
    "due 30 days ago": "red",
    "due 29 days ago": "clear",
    "by receivables": "red",
    "through its receivable": "clear",
    "only a deposit": "red",
    "only a pledge": "red",
    "same payer, no contract": "?收款对应的合同",
    "same payer, old and new": "?收款对应的合同",
    "same payer, voided": "red",
    "same payer, pledge": "red",
    "same payer tomorrow": "red",
    "same payer, long ago": "red",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: Said, case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_what_is_not_looked_at(said: Said) -> None:
    assert {case for place, case in said if place == "甲村"} == set(CASES)


@pytest.mark.parametrize(("place", "ledger"), [("乙村", "资产资源台账"), ("丙村", "收款台账")])
def test_without_its_ledgers_a_village_is_not_clean(said: Said, place: str, ledger: str) -> None:
    assert said[place, ""] == f"?{ledger}"


def test_words_and_reasons(shared: Session, said: Said) -> None:
    told = support.evaluate(shared, RULE, AS_OF)
    words = next(one for one in told.findings if one.evidence["counterparty"] == "paid 455 days ago")
    assert words.title == "村口店面登记为出租，整个付款期没有收入"
    assert "最近一笔到账在2025年1月15日" in words.basis
    reasons = " ".join(clearing.reason for clearing in told.cleared.values())
    for reason in ("不是出租状态", "免租合同", "已有租金到账", "不满一个付款期"):
        assert reason in reasons
