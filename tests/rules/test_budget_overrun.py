"""R17 支出超预算: the boundary fen of both colours, what does not count, and titles without a budget."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models.ledgers import ExpenseClass
from app.rules.budget_overrun import BudgetOverrun
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = BudgetOverrun()
BUDGET = 1_000_000


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    village = support.village(shared, "甲村")

    def title(name: str, *amounts: int, budget: int | None = BUDGET, **fields: Any) -> None:
        if budget is not None:
            planned = {"year": 2026, "amount_fen": budget} | fields.pop("planned", {})
            support.budget(shared, village, category=name, **planned)
        for amount in amounts:
            usual: dict[str, Any] = {"category": name, "amount_fen": amount, "paid_on": date(2026, 2, 1)}
            support.payment(shared, village, **(usual | fields))

    title("正好", BUDGET)
    title("多一分", BUDGET, 1)
    title("正好一成", 1_100_000)
    title("一成多一分", 1_100_000, 1)
    title("没花钱")
    title("零预算", 1, budget=0)
    title("没预算", 1_000_000, budget=None)
    title("没预算少花", 999_999, budget=None)
    title("作废", 2_000_000, **support.VOIDED)
    title("往来", 2_000_000, budget=None, expense=ExpenseClass.TRANSFER)
    title("明天付", 2_000_000, paid_on=date(2026, 4, 16))
    title("去年", 2_000_000, paid_on=date(2025, 12, 31), planned={"year": 2025})
    title("前年", 2_000_000, paid_on=date(2024, 12, 31), planned={"year": 2024})
    title("后定预算", 2_000_000, planned={"adopted_on": date(2026, 4, 16)})
    title("已定预算", 2_000_000, planned={"adopted_on": AS_OF})
    title("退款", 1_200_000, -100_001)
    title("管理费用-差旅费", BUDGET // 2)
    support.payment(
        shared, village, category="管理费用—差旅费", amount_fen=BUDGET // 2 + 1, paid_on=date(2026, 1, 1)
    )
    support.budget(shared, village, category="作废预算", amount_fen=BUDGET, **support.VOIDED)
    support.payment(shared, support.village(shared, "乙村"))
    support.budget(shared, support.village(shared, "丙村"))
    return support.verdicts(shared, RULE, AS_OF)


CASES = {
    "2026:正好": "clear",
    "2026:多一分": "yellow",
    "2026:正好一成": "yellow",
    "2026:一成多一分": "red",
    "2026:没花钱": "clear",
    "2026:零预算": "red",
    "2026:没预算": "?预算",
    "2026:作废": "clear",
    "2026:明天付": "clear",
    "2026:后定预算": "?预算",
    "2026:已定预算": "red",
    "2026:退款": "yellow",
    "2026:管理费用差旅费": "yellow",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_nothing_else_is_looked_at(said: dict[tuple[str, str], str]) -> None:
    assert {subject for village, subject in said if village == "甲村"} == set(CASES)


def test_a_year_is_looked_at_for_some_months_after_its_end(shared: Session, said: object) -> None:
    at_the_end = support.verdicts(shared, RULE, date(2026, 4, 1))
    assert at_the_end["甲村", "2025:去年"] == "red"
    assert ("甲村", "2025:去年") not in support.verdicts(shared, RULE, date(2026, 4, 3))


def test_without_a_ledger_a_village_is_not_clean(said: dict[tuple[str, str], str]) -> None:
    assert said["乙村", ""] == "?预算台账"
    assert said["丙村", ""] == "?付款台账"


def test_words_and_rows(shared: Session, said: object) -> None:
    found = {one.subject_id: one for one in support.evaluate(shared, RULE, AS_OF).findings}
    over = found["2026:一成多一分"]
    assert over.title == "2026年一成多一分超预算 10.0%"
    assert "预算 10,000.00 元，实际支出 11,000.01 元，多出 1,000.01 元" in over.basis
    assert over.evidence["row_count"] == 2
    assert found["2026:管理费用差旅费"].evidence["row_count"] == 2
    assert found["2026:零预算"].title == "2026年零预算没有预算额度却有支出"
