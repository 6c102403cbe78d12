"""R15 现金迟存: each colour, the boundary days on both sides, the day of banking that nobody wrote down."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models.income import Collector
from app.models.ledgers import PaymentMethod
from app.rules.cash_late_deposit import LateDeposit
from tests.rules import support

AS_OF = date(2026, 2, 14)  # a Saturday on which people work, at the end of six work days
RULE = LateDeposit()
CASH = PaymentMethod.CASH


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


def _cash(session: Session, village: Any, named: dict[Any, str], label: str, **fields: Any) -> None:
    usual: dict[str, Any] = {"method": CASH, "collector": Collector.CASHIER}
    named[support.receipt(session, village, **(usual | fields)).id] = label


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    named: dict[Any, str] = {}
    first = support.village(shared, "甲村")
    received = before(40)
    for days in (0, 1, 2, 3):
        _cash(
            shared,
            first,
            named,
            f"cashier {days}",
            received_on=received,
            banked_on=received + timedelta(days=days),
        )
    for collector in (Collector.OTHER, None):
        for days in (2, 3, 4, 5):
            _cash(
                shared,
                first,
                named,
                f"{collector} {days}",
                received_on=received,
                banked_on=received + timedelta(days=days),
                collector=collector,
            )
    for days in (0, 1, 2, 3):
        _cash(shared, first, named, f"unbanked {days}", received_on=before(days))
    _cash(shared, first, named, "banked tomorrow", received_on=before(3), banked_on=AS_OF + timedelta(days=1))
    _cash(shared, first, named, "banked before", received_on=before(3), banked_on=before(4))
    _cash(shared, first, named, "received tomorrow", received_on=AS_OF + timedelta(days=1))
    _cash(shared, first, named, "oldest", received_on=before(91))
    _cash(shared, first, named, "too old", received_on=before(92))
    _cash(shared, first, named, "voided", received_on=before(20), **support.VOIDED)
    _cash(shared, first, named, "transfer", received_on=before(20), method=PaymentMethod.TRANSFER)
    for label, received_on, banked_on in (
        ("Saturday to Monday", date(2026, 1, 10), date(2026, 1, 12)),
        ("Saturday to Tuesday", date(2026, 1, 10), date(2026, 1, 13)),
        ("New Year to the next work day", date(2026, 1, 1), date(2026, 1, 4)),
    ):
        _cash(shared, first, named, label, received_on=received_on, banked_on=banked_on)
    silent = support.village(shared, "乙村")
    for days in (0, 1):
        _cash(shared, silent, named, f"silent {days}", received_on=before(days))
    support.village(shared, "丙村")
    return support.verdicts(shared, RULE, AS_OF, named=named)


CASES = {
    "cashier 0": "clear",
    "cashier 1": "yellow",
    "cashier 2": "yellow",
    "cashier 3": "red",
    "other 2": "clear",
    "other 3": "yellow",
    "other 4": "yellow",
    "other 5": "red",
    "None 2": "clear",
    "None 3": "yellow",
    "None 5": "red",
    "unbanked 0": "clear",
    "unbanked 1": "yellow",
    "unbanked 2": "yellow",
    "unbanked 3": "red",
    "banked tomorrow": "red",
    "banked before": "?到账日期",
    "oldest": "red",
    "Saturday to Monday": "clear",
    "Saturday to Tuesday": "yellow",
    "New Year to the next work day": "clear",  # Sunday, 4 January, is a make-up work day
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


@pytest.mark.parametrize("case", ["too old", "voided", "transfer", "received tomorrow"])
def test_what_is_not_looked_at(said: dict[tuple[str, str], str], case: str) -> None:
    assert ("甲村", case) not in said


def test_a_village_that_never_writes_the_day_down_is_not_clean(said: dict[tuple[str, str], str]) -> None:
    assert said["乙村", "silent 0"] == "clear"
    assert said["乙村", "silent 1"] == "?到账日期"
    assert said["丙村", ""] == "?收款台账"


def test_the_county_sets_other_days(shared: Session, said: object) -> None:
    found = support.evaluate(shared, RULE, AS_OF, cashier_days=3, other_days=5, yellow_days=3, red_days=30)
    colours = sorted(one.colour.value for one in found.findings)
    assert colours == ["red"]  # only the oldest


def test_words(shared: Session, said: object) -> None:
    found = support.evaluate(shared, RULE, AS_OF).findings
    late = next(one for one in found if one.evidence["days_late"] == 1 and one.evidence["banked_on"])
    assert late.title == "现金 12,000.00 元迟存 1 天"
    open_ = next(one for one in found if one.evidence["days_late"] == 2 and not one.evidence["banked_on"])
    assert open_.title == "现金 12,000.00 元超过期限 2 天还没存入账户"
    assert "报账员当天、其他经手人 2 天内存入" in open_.basis
    assert len(open_.evidence["rows"]) == 1
