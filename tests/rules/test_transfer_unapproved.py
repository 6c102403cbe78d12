"""R16 大额转账未经镇街审批: the boundary fen and day, several lines, exclusions, missing records."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models.ledgers import ExpenseClass, PaymentMethod
from app.rules.transfer_unapproved import TransferUnapproved
from tests.rules import support

AS_OF = date(2026, 4, 15)
PAID = date(2026, 3, 10)
LIMIT = 5_000_000
RULE = TransferUnapproved()
APPROVED: dict[str, Any] = {"town_approval": "镇批〔2026〕8号", "town_approved_on": PAID}


def _pay(session: Session, village: Any, named: dict[Any, str], label: str, **fields: Any) -> None:
    usual: dict[str, Any] = {
        "paid_on": PAID,
        "amount_fen": LIMIT,
        "payee": "某建筑公司",
        "category": "工程款",
    }
    named[support.payment(session, village, **(usual | fields)).id] = label


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    named: dict[Any, str] = {}
    village = support.village(shared, "甲村")

    def pay(label: str, **fields: Any) -> None:
        _pay(shared, village, named, label, **fields)

    pay("at the line")
    pay("a fen below", amount_fen=LIMIT - 1)
    pay("approved the day", **APPROVED)
    pay("approved the day after", **{**APPROVED, "town_approved_on": PAID + timedelta(days=1)})
    pay("approved after today", **{**APPROVED, "town_approved_on": AS_OF + timedelta(days=1)})
    pay("number without a day", town_approval="镇批〔2026〕9号")
    pay("blank number", town_approval=" ")
    pay("day without a number", town_approved_on=PAID)
    pay("two lines", amount_fen=LIMIT - 1, voucher="V1", line=1)
    pay("", amount_fen=1, voucher="V1", line=2)
    pay("two payees", amount_fen=LIMIT - 1, voucher="V2", line=1)
    pay("", amount_fen=1, voucher="V2", line=2, payee="某人")
    pay("refunded in part", amount_fen=LIMIT, voucher="V3", line=1)
    pay("", amount_fen=-1, voucher="V3", line=2)
    pay("cash", method=PaymentMethod.CASH)
    pay("own account", expense=ExpenseClass.TRANSFER)
    pay("tax", category="应交税费-增值税")
    pay("insurance", category="缴纳社会保险费")
    pay("voided", **support.VOIDED)
    pay("too old", paid_on=AS_OF - timedelta(days=366))
    pay("oldest", paid_on=AS_OF - timedelta(days=365))
    pay("tomorrow", paid_on=AS_OF + timedelta(days=1))
    _pay(shared, support.village(shared, "乙村"), named, "no records")
    _pay(shared, support.village(shared, "丙村"), named, "small", amount_fen=100)
    support.village(shared, "丁村")
    return support.verdicts(shared, RULE, AS_OF, named=named)


CASES = {
    "at the line": "red",
    "approved the day": "clear",
    "approved the day after": "red",
    "approved after today": "red",
    "number without a day": "?审批日期",
    "blank number": "red",
    "day without a number": "clear",
    "two lines": "red",
    "oldest": "red",
}
LEFT_OUT = [
    "a fen below",
    "two payees",
    "refunded in part",
    "cash",
    "own account",
    "tax",
    "insurance",
    "voided",
    "too old",
    "tomorrow",
]


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_not_looked_at(said: dict[tuple[str, str], str], case: str) -> None:
    assert ("甲村", case) not in said


def test_a_village_that_records_no_approvals_is_not_clean(said: dict[tuple[str, str], str]) -> None:
    assert said["乙村", "no records"] == "?审批记录"
    assert [key for key in said if key[0] == "丙村"] == []
    assert said["丁村", ""] == "?付款台账"


def test_words_and_rows(shared: Session, said: object) -> None:
    found = {one.evidence["voucher"]: one for one in support.evaluate(shared, RULE, AS_OF).findings}
    lines = found["V1"]
    assert lines.title == "转账 50,000.00 元没有镇街审批"
    assert "2026年3月10日向某建筑公司转账 50,000.00 元" in lines.basis
    assert lines.evidence["row_count"] == 2
    late = next(one for one in found.values() if one.evidence["approved_on"])
    assert late.title == "转账 50,000.00 元先付款后审批"
    assert "镇街审批日期为2026年3月11日" in late.basis
