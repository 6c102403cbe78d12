"""R14 违规使用现金."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models.ledgers import ExpenseClass, Payment, PaymentMethod
from app.rules.cash_breach import CashBreach
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = CashBreach()
CASH = PaymentMethod.CASH

# village → its payments as (day, fen, further columns)
WORLD: dict[str, list[tuple[date, int, dict[str, Any]]]] = {
    "一千": [(date(2026, 3, 5), 100_000, {})],
    "一千零一分": [(date(2026, 3, 5), 100_001, {})],
    "三笔": [(date(2026, 3, day), 150_000, {}) for day in (5, 6, 7)],
    "两个月三笔": [(day, 150_000, {}) for day in (date(2026, 2, 27), date(2026, 3, 1), date(2026, 3, 2))],
    "慰问": [(date(2026, 3, 5), 300_000, {"purpose": "春节慰问困难户"})],
    "慰问科目": [(date(2026, 3, 5), 300_000, {"category": "慰问金"})],
    "有审批": [(date(2026, 3, 5), 300_000, {"town_approval": "镇批12号"})],
    "转账": [(date(2026, 3, 5), 300_000, {"method": PaymentMethod.TRANSFER})],
    "提备用金": [(date(2026, 3, 5), 300_000, {"expense": ExpenseClass.TRANSFER})],
    "作废": [(date(2026, 3, 5), 300_000, support.VOIDED)],
    "明天": [(date(2026, 4, 16), 300_000, {})],
    "太久": [(date(2025, 9, 30), 300_000, {})],
    "一天九千九": [
        *[(date(2026, 3, 5), 99_000, {})] * 10,
        (date(2026, 1, 5), 1, {"town_approval": "镇批1号", "method": PaymentMethod.TRANSFER}),
    ],
    "一天一万": [
        *[(date(2026, 3, 5), 100_000, {})] * 10,
        (date(2026, 1, 5), 1, {"town_approval": "镇批1号", "method": PaymentMethod.TRANSFER}),
    ],
    "慰问一天一万": [
        *[(date(2026, 3, 5), 500_000, {"category": "慰问金"})] * 2,
        (date(2026, 1, 5), 1, {"town_approval": "镇批1号", "method": PaymentMethod.TRANSFER}),
    ],
    "一天一万有审批": [(date(2026, 3, 5), 100_000, {"town_approval": "镇批2号"})] * 10,
    "从不登记审批": [(date(2026, 3, 5), 100_000, {})] * 10,
    "从不登记审批又超限": [(date(2026, 3, 5), 600_000, {})] * 2,
}
MARCH = {
    "一千": "clear",
    "一千零一分": "yellow",
    "三笔": "red",
    "两个月三笔": "yellow",
    "慰问": "clear",
    "慰问科目": "clear",
    "有审批": "clear",
    "一天九千九": "clear",
    "一天一万": "red",
    "慰问一天一万": "red",
    "一天一万有审批": "clear",
    "从不登记审批": "?审批记录",
    "从不登记审批又超限": "yellow",
}


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    for name, payments in WORLD.items():
        village = support.village(shared, name)
        support.payment(shared, village, paid_on=date(2026, 4, 1))
        for day, fen, fields in payments:
            support.payment(shared, village, **{"paid_on": day, "amount_fen": fen, "method": CASH} | fields)
    support.village(shared, "没有台账")
    return support.verdicts(shared, RULE, AS_OF)


@pytest.mark.parametrize("name", MARCH)
def test_each_case(said: dict[tuple[str, str], str], name: str) -> None:
    assert said[name, "2026-03"] == MARCH[name]


@pytest.mark.parametrize("name", ["转账", "提备用金", "作废", "明天", "太久"])
def test_what_is_not_looked_at(said: dict[tuple[str, str], str], name: str) -> None:
    assert not [key for key in said if key[0] == name]


def test_a_village_without_payments_is_not_clean(said: dict[tuple[str, str], str]) -> None:
    assert said["没有台账", ""] == "?付款台账"


def test_the_words_name_the_month_and_the_sums(shared: Session, said: object) -> None:
    found = {one.title: one for one in support.evaluate(shared, RULE, AS_OF).findings}
    words = found["2026年3月超限额现金付款 3 笔"]
    assert "最大一笔 1,500.00 元" in words.basis
    assert words.evidence["row_count"] == 3
    large = [
        one for one in found.values() if one.evidence["days_without_approval"] and not one.evidence["singles"]
    ]
    assert any("一天合计 10,000.00 元以上须镇街批准" in one.basis for one in large)


def test_a_month_whose_cash_was_voided_is_cleared(shared: Session, said: object) -> None:
    with shared.begin_nested() as savepoint:
        watched = [one.key for one in support.evaluate(shared, RULE, AS_OF).findings]
        shared.execute(update(Payment).where(Payment.method == CASH).values(**support.VOIDED))
        told = support.evaluate(shared, RULE, AS_OF, watched=watched)
        savepoint.rollback()
    assert watched
    assert set(told.cleared) == set(watched)
