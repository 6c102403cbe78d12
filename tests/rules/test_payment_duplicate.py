"""R12 疑似重复付款."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.ledgers import ExpenseClass, PartyKind, Payment
from app.rules.payment_duplicate import PaymentDuplicate
from tests.rules import support

AS_OF = date(2026, 4, 15)
DAY = date(2026, 3, 5)
RULE = PaymentDuplicate()
GOODS = ExpenseClass.GOODS
LONG = "2533200000012345"

Row = tuple[int, dict[str, Any]]  # days after DAY, columns

TWICE: dict[str, tuple[str, list[Row]]] = {
    "同一发票": ("red", [(0, {"invoice_number": LONG}), (40, {"invoice_number": f" {LONG} "})]),
    "同一发票大小写": ("red", [(0, {"invoice_number": "ab12345678"}), (9, {"invoice_number": "AB12345678"})]),
    "同一凭证两行": (
        "",
        [
            (0, {"invoice_number": LONG, "voucher": "记1", "line": 1}),
            (0, {"invoice_number": LONG, "voucher": "记1", "line": 2}),
        ],
    ),
    "短号不同收款方不同金额": (
        "",
        [
            (0, {"invoice_number": "00012345", "payee": "甲店"}),
            (1, {"invoice_number": "00012345", "payee": "乙店", "amount_fen": 70_000}),
        ],
    ),
    "短号同一收款方": (
        "red",
        [(0, {"invoice_number": "00012345"}), (1, {"invoice_number": "00012345", "amount_fen": 70_000})],
    ),
    "发票作废一笔": ("", [(0, {"invoice_number": LONG}), (9, {"invoice_number": LONG, **support.VOIDED})]),
    "七天": ("yellow", [(0, {}), (7, {})]),
    "八天": ("", [(0, {}), (8, {})]),
    "差一分": ("", [(0, {}), (3, {"amount_fen": 100_001})]),
    "五百元": ("yellow", [(0, {"amount_fen": 50_000}), (3, {"amount_fen": 50_000})]),
    "不到五百元": ("", [(0, {"amount_fen": 49_999}), (3, {"amount_fen": 49_999})]),
    "用途不同": ("", [(0, {"purpose": "村口路灯"}), (3, {"purpose": "公厕洁具"})]),
    "用途相同": ("yellow", [(0, {"purpose": "村口路灯"}), (3, {"purpose": "村口路灯 "})]),
    "一笔没有用途": ("yellow", [(0, {"purpose": "村口路灯"}), (3, {})]),
    "发票不同": ("", [(0, {"invoice_number": "00000001"}), (3, {"invoice_number": "00000002"})]),
    "工资": ("", [(0, {"category": "保洁员工资"}), (3, {"category": "保洁员工资"})]),
    "补助": ("", [(0, {"expense": ExpenseClass.WELFARE}), (3, {"expense": ExpenseClass.WELFARE})]),
    "往来": ("", [(0, {"expense": ExpenseClass.TRANSFER}), (3, {"expense": ExpenseClass.TRANSFER})]),
    "个人用工": (
        "",
        [(0, {"expense": ExpenseClass.LABOUR, "payee_kind": PartyKind.PERSON})] * 2,
    ),
    "每月付": ("", [(-59, {}), (-28, {}), (0, {}), (3, {})]),
    "作废一笔": ("", [(0, {}), (3, support.VOIDED)]),
    "明天": ("", [(36, {}), (42, {})]),
    "太久": ("", [(-400, {}), (-397, {})]),
}


def pay(session: Session, village: Organisation, days: int, fields: dict[str, Any]) -> Payment:
    usual: dict[str, Any] = {"paid_on": DAY + timedelta(days), "payee": "某建材店", "expense": GOODS}
    return support.payment(session, village, **(usual | fields))


def of_case(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The long number is another one in each case."""
    given = fields.get("invoice_number", "").replace(LONG, f"{LONG}{list(TWICE).index(name):04}")
    return fields | ({"invoice_number": given} if given else {})


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    """What the rule says, a village per case; `first` is the first payment of the case."""
    named: dict[Any, str] = {}
    for name, (_, rows) in TWICE.items():
        village = support.village(shared, name)
        pay(shared, village, -1, {"payee": "别人", "amount_fen": 1, "invoice_number": support.number("F")})
        first, *_ = [pay(shared, village, days, of_case(name, fields)) for days, fields in rows]
        named[f"payment:{first.id}"] = "first"
        named[f"invoice:{(first.invoice_number or '').upper()}"] = "first"
    contracts(shared, named)
    elsewhere(shared)
    bare = support.village(shared, "从不登记发票")
    pay(shared, bare, 0, {})
    return support.verdicts(shared, RULE, AS_OF, named=named)


def contracts(session: Session, named: dict[Any, str]) -> None:
    """Instalments of one contract: of one invoice, of equal amounts."""
    village = support.village(session, "一张发票分期")
    lease = support.contract(session, village)
    for days, fen in ((0, 600_000), (10, 400_000)):
        columns = {"invoice_number": f"{LONG}9999", "amount_fen": fen, "contract_id": lease.id}
        pay(session, village, days, columns)
    village = support.village(session, "合同等额分期")
    due = [{"due_on": "2026-03-01", "amount_fen": 100_000}, {"due_on": "2026-03-10", "amount_fen": 100_000}]
    lease = support.contract(session, village, schedule=due)
    first = pay(session, village, 0, {"contract_id": lease.id})
    pay(session, village, 3, {"contract_id": lease.id})
    named[f"payment:{first.id}"] = "first"


def elsewhere(session: Session) -> None:
    """The same invoice in two villages, of one payee."""
    for name in ("东村", "西村"):
        village = support.village(session, name)
        pay(session, village, -1, {"payee": "别人", "invoice_number": support.number("F")})
        pay(session, village, 0, {"invoice_number": "25330000000000000001", "payee": "某公司"})


@pytest.mark.parametrize("name", TWICE)
def test_each_case(said: dict[tuple[str, str], str], name: str) -> None:
    assert said.get((name, "first"), "") == TWICE[name][0]


@pytest.mark.parametrize("name", ["一张发票分期", "合同等额分期"])
def test_instalments_of_a_contract_are_no_duplicates(said: dict[tuple[str, str], str], name: str) -> None:
    assert (name, "first") not in said


def test_one_invoice_in_two_villages_is_a_warning_in_both(said: dict[tuple[str, str], str]) -> None:
    assert said["东村", "invoice:25330000000000000001"] == "red"
    assert said["西村", "invoice:25330000000000000001"] == "red"


def test_a_village_that_keeps_no_invoices_is_not_clean(said: dict[tuple[str, str], str]) -> None:
    assert said["从不登记发票", "invoices"] == "?发票号码"


def test_the_words_say_what_was_paid_twice(shared: Session, said: object) -> None:
    titles = {one.title: one for one in support.evaluate(shared, RULE, AS_OF).findings}
    assert "红色预警" in titles[f"发票 {LONG}0000 重复付款"].basis
    assert "间隔不超过 7 天" in titles["两次向某建材店付款 500.00 元"].basis


def test_voiding_one_of_the_two_clears(shared: Session, said: object) -> None:
    findings = support.evaluate(shared, RULE, AS_OF).findings
    with shared.begin_nested() as savepoint:
        for found in findings:
            shared.execute(
                update(Payment).where(Payment.id == found.evidence["rows"][-1]).values(**support.VOIDED)
            )
        told = support.evaluate(shared, RULE, AS_OF, watched=[one.key for one in findings])
        savepoint.rollback()
    assert {one.key for one in findings} == set(told.cleared)
