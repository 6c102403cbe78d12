"""R30 资金结存对不上: both sums to the fen, months that are missing, and months that are not over."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.rules.fund_balance_gap import FundBalanceGap
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = FundBalanceGap()


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    named: dict[Any, str] = {}
    village = support.village(shared, "甲村")

    def months(label: str, *statements: dict[str, Any], **fields: Any) -> None:
        """Statements of a fund of its own: each follows the one before unless it says otherwise."""
        fund = support.fund(shared, village, **fields)
        for statement in statements:
            row = support.fund_statement(shared, village, fund, **statement)
            named[f"{fund.id}:{row.period}"] = f"{label} {row.period}"

    january: dict[str, Any] = {"period": "2026-01"}
    february: dict[str, Any] = {"period": "2026-02", "opening_fen": 120_000, "balance_fen": 140_000}
    march: dict[str, Any] = {"period": "2026-03", "opening_fen": 140_000, "balance_fen": 160_000}
    months("even", january, february, march)
    months("sum", {**january, "balance_fen": 120_001})
    months("less", {**january, "balance_fen": 119_999})
    months("carried", january, {**february, "opening_fen": 120_001, "balance_fen": 140_001})
    months("gap", january, march)
    months("gap and sum", january, {**march, "balance_fen": 160_001})
    months("first without opening", {**january, "opening_fen": None})
    months("opening taken over", january, {**february, "opening_fen": None})
    months("taken over, sum", january, {**february, "opening_fen": None, "balance_fen": 140_001})
    months("voided between", january, {**february, **support.VOIDED}, march)
    months("not over", {**january, "period": "2026-04", "balance_fen": 1})
    months("long ago", {**january, "period": "2025-03", "balance_fen": 1})
    months("oldest", {**january, "period": "2025-04", "balance_fen": 1})
    months("unread", {**january, "period": "2026年1月"})
    months("voided fund", {**january, "balance_fen": 1}, **support.VOIDED)
    second = support.village(shared, "乙村")
    stale = support.fund(shared, second)
    support.fund_statement(shared, second, stale, period="2025-09", balance_fen=1)
    return support.verdicts(shared, RULE, AS_OF, named=named)


CASES = {
    "even 2026-01": "clear",
    "even 2026-02": "clear",
    "even 2026-03": "clear",
    "sum 2026-01": "red",
    "less 2026-01": "red",
    "carried 2026-01": "clear",
    "carried 2026-02": "red",
    "gap 2026-01": "clear",
    "gap 2026-03": "?上月结存",
    "gap and sum 2026-01": "clear",
    "gap and sum 2026-03": "red",
    "first without opening 2026-01": "?上月结存",
    "opening taken over 2026-01": "clear",
    "opening taken over 2026-02": "clear",
    "taken over, sum 2026-01": "clear",
    "taken over, sum 2026-02": "red",
    "voided between 2026-01": "clear",
    "voided between 2026-03": "?上月结存",
    "oldest 2025-04": "red",
    "unread 2026年1月": "?月份",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_nothing_else_is_looked_at(said: dict[tuple[str, str], str]) -> None:
    assert {subject for village, subject in said if village == "甲村"} == set(CASES)


def test_old_statements_are_not_clean(said: dict[tuple[str, str], str]) -> None:
    assert said["乙村", ""] == "?资金收支结存"


def test_a_month_counts_from_the_day_after_it(shared: Session, said: object) -> None:
    last_day = support.evaluate(shared, RULE, date(2026, 1, 31)).findings
    next_day = support.evaluate(shared, RULE, date(2026, 2, 1)).findings
    assert not [one for one in last_day if one.evidence["period"] == "2026-01"]
    assert len([one for one in next_day if one.evidence["period"] == "2026-01"]) == 2


def test_a_county_may_let_roundings_pass(shared: Session, said: object) -> None:
    found = support.evaluate(shared, RULE, AS_OF, tolerance_fen=1).findings
    assert {one.evidence["period"] for one in found} == {"2025-04"}


def test_words(shared: Session, said: object) -> None:
    found = support.evaluate(shared, RULE, AS_OF).findings
    wrong = next(
        one for one in found if one.evidence["gap_fen"] == -1 and one.evidence["period"] == "2026-01"
    )
    assert "应结存 1,200.00 元，公布结存 1,200.01 元，相差 0.01 元" in wrong.basis
    carried = next(one for one in found if one.evidence["carried_gap_fen"] == 1)
    assert "期初 1,200.01 元与上月结存 1,200.00 元相差 0.01 元" in carried.basis
    assert carried.evidence["row_count"] == 2
