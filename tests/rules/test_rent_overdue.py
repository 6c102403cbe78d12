"""R03 租金逾期未缴."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.income import Receivable, ReceivableKind
from app.models.ledgers import ContractState
from app.rules.rent_overdue import RentOverdue
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = RentOverdue()
OWED = 1_200_000
Said = dict[tuple[str, str], str]


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


class World:
    def __init__(self, session: Session, village: Organisation) -> None:
        self.session, self.village = session, village
        self.named: dict[Any, str] = {}

    def owed(self, label: str, days: int, **fields: Any) -> Receivable:
        usual = {"debtor": label, "due_on": before(days), "amount_fen": OWED}
        row = support.receivable(self.session, self.village, **(usual | fields))
        self.named[row.id] = label
        return row

    def paid(self, row: Receivable, fen: int, on: date = AS_OF, **fields: Any) -> None:
        support.receipt(
            self.session, self.village, receivable_id=row.id, amount_fen=fen, received_on=on, **fields
        )

    def unnamed(self, fen: int, days: int, **fields: Any) -> None:
        support.receipt(self.session, self.village, amount_fen=fen, received_on=before(days), **fields)


@pytest.fixture(scope="module")
def said(shared: Session) -> Said:
    world = World(shared, support.village(shared, "甲村"))
    for days in (-1, 29, 30, 59, 60):
        world.owed(f"{days} days", days)
    world.owed("deposit", 90, kind=ReceivableKind.DEPOSIT)
    world.owed("voided", 90, **support.VOIDED)
    _payments(world)
    _cancelled(world)
    _unnamed(world)
    other = support.village(shared, "乙村")
    support.receivable(shared, other)
    stale = support.village(shared, "丙村")
    support.receivable(shared, stale)
    support.receipt(shared, stale, received_on=before(400))
    support.receipt(shared, support.village(shared, "丁村"))
    return support.verdicts(shared, RULE, AS_OF, named=world.named)


def _payments(world: World) -> None:
    world.paid(world.owed("paid", 70), OWED)
    world.paid(world.owed("paid tomorrow", 70), OWED, before(-1))
    world.paid(world.owed("100 fen left", 70), OWED - 100)
    world.paid(world.owed("101 fen left", 70), OWED - 101)
    parts = world.owed("paid in parts", 70)
    world.paid(parts, 500_000, before(60))
    world.paid(parts, 700_000, before(10))
    world.paid(world.owed("payment voided", 70), OWED, **support.VOIDED)


def _cancelled(world: World) -> None:
    for label, since, days in (
        ("cancelled before", before(71), 70),
        ("cancelled on the due day", before(70), 70),
        ("cancelled today, due later", AS_OF, -1),
        ("cancelled tomorrow, due earlier", before(-1), 70),
        ("undated", None, 70),
    ):
        lease = support.contract(
            world.session, world.village, state=ContractState.CANCELLED, state_since=since
        )
        world.owed(label, days, contract_id=lease.id)


def _unnamed(world: World) -> None:
    """Receipts that name no receivable: they may be what is owed."""
    cases: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("same payer, just in time", 70 + 180, {}),
        ("same payer today", 0, {}),
        ("same payer tomorrow", -1, {}),
        ("same payer, voided", 20, {**support.VOIDED}),
        ("same payer, all but 100 fen", 20, {"fen": OWED - 100}),
    )
    for label, days, more in cases:
        world.owed(label, 70)
        fen = more.pop("fen", OWED)
        world.unnamed(fen, days, payer=label, **more)
    world.owed("same payer, 30 days", 30)
    world.unnamed(OWED, 20, payer="same payer, 30 days")
    lease = support.contract(world.session, world.village)
    world.owed("pledge through its contract", 70, contract_id=lease.id)
    world.unnamed(OWED, 20, contract_id=lease.id, category="押金")
    world.paid(world.owed("older, paid", 100, debtor="远山农场"), OWED)
    world.owed("due later", -10, debtor="远山农场")
    world.owed("between them", 70, debtor="远山农场")
    world.unnamed(OWED, 20, payer="远山农场")
    first = support.contract(world.session, world.village)
    world.owed("older of two", 70, contract_id=first.id, debtor="佳和合作社")
    world.owed("newer of two", 40, contract_id=first.id, debtor="佳和合作社")
    world.unnamed(OWED, 20, contract_id=first.id)
    second = support.contract(world.session, world.village)
    world.owed("unnamed part", 70, contract_id=second.id)
    world.unnamed(OWED - 101, 20, contract_id=second.id)
    world.owed("same payer", 70)
    world.unnamed(OWED, 20, payer="same payer")
    world.owed("same payer long ago", 70)
    world.unnamed(OWED, 70 + 181, payer="same payer long ago")
    world.owed("same payer, a deposit", 70)
    world.unnamed(OWED, 20, payer="same payer, a deposit", category="履约保证金")


CASES = {
    "-1 days": "clear",
    "29 days": "clear",
    "30 days": "yellow",
    "59 days": "yellow",
    "60 days": "red",
    "paid": "clear",
    "paid tomorrow": "red",
    "100 fen left": "clear",
    "101 fen left": "red",
    "paid in parts": "clear",
    "payment voided": "red",
    "cancelled before": "clear",
    "cancelled on the due day": "red",
    "cancelled today, due later": "clear",
    "cancelled tomorrow, due earlier": "red",
    "undated": "?合同解除日期",
    "older of two": "?收款对应的应收款",
    "newer of two": "yellow",
    "unnamed part": "red",
    "same payer, just in time": "?收款对应的应收款",
    "same payer today": "?收款对应的应收款",
    "same payer tomorrow": "red",
    "same payer, voided": "red",
    "same payer, all but 100 fen": "?收款对应的应收款",
    "same payer, 30 days": "?收款对应的应收款",
    "pledge through its contract": "red",
    "older, paid": "clear",
    "due later": "clear",
    "between them": "?收款对应的应收款",
    "same payer": "?收款对应的应收款",
    "same payer long ago": "red",
    "same payer, a deposit": "red",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: Said, case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_what_is_not_looked_at(said: Said) -> None:
    assert {case for place, case in said if place == "甲村"} == set(CASES)


@pytest.mark.parametrize(
    ("place", "ledger"), [("乙村", "收款台账"), ("丙村", "收款台账"), ("丁村", "应收款台账")]
)
def test_without_its_ledgers_a_village_is_not_clean(said: Said, place: str, ledger: str) -> None:
    assert said[place, ""] == f"?{ledger}"


def test_words_and_reasons(shared: Session, said: Said) -> None:
    told = support.evaluate(shared, RULE, AS_OF)
    words = next(one for one in told.findings if one.evidence["outstanding_fen"] == 101)
    assert words.title == "鱼塘租金逾期 70 天，欠 1.01 元"
    assert "已缴 11,998.99 元" in words.basis
    assert "2026年2月4日" in words.basis
    reasons = " ".join(clearing.reason for clearing in told.cleared.values())
    assert "应收 12,000.00 元已缴清" in reasons
    assert "此款不再应收" in reasons


def test_the_county_sets_other_days(shared: Session, said: Said) -> None:
    told = support.evaluate(shared, RULE, AS_OF, yellow_days=20, red_days=29, tolerance_fen=0)
    assert {one.colour.value for one in told.findings if one.evidence["days_overdue"] == 29} == {"red"}
    assert 100 in {one.evidence["outstanding_fen"] for one in told.findings}
