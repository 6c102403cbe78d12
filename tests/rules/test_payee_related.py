"""R13 向干部亲属付款."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.governance import RelationKind
from app.models.ledgers import ContractKind, ExpenseClass
from app.rules.payee_related import PayeeRelated
from tests.rules import support

AS_OF = date(2026, 4, 15)
DAY = date(2026, 3, 1)
RULE = PayeeRelated()
TOTAL = 20_000_000

# what the kin got (fen), columns of that payment, of the relation, and what is told
CASES: dict[str, tuple[int, dict[str, Any], dict[str, Any], str]] = {
    "一成": (2_000_000, {}, {}, "clear"),
    "一成多一分": (2_000_001, {}, {}, "yellow"),
    "三成": (6_000_000, {}, {}, "yellow"),
    "三成多一分": (6_000_001, {}, {}, "red"),
    "企业": (2_000_001, {}, {"kind": RelationKind.FIRM}, "yellow"),
    "补助": (6_000_001, {"expense": ExpenseClass.WELFARE}, {}, "clear"),
    "作废": (6_000_001, support.VOIDED, {}, "clear"),
    "一年以前": (6_000_001, {"paid_on": AS_OF - timedelta(365)}, {}, "clear"),
    "明天": (6_000_001, {"paid_on": AS_OF + timedelta(1)}, {}, "clear"),
    "关系先终止": (6_000_001, {}, {"ended_on": DAY - timedelta(1)}, "clear"),
    "关系当天终止": (6_000_001, {}, {"ended_on": DAY}, "red"),
}


def pay(session: Session, village: Organisation, fen: int, payee: str, **fields: Any) -> None:
    columns: dict[str, Any] = {"paid_on": DAY, "expense": ExpenseClass.WORKS} | fields
    support.payment(session, village, amount_fen=fen, payee=payee, **columns)


def books(session: Session, name: str, kin_fen: int, **fields: Any) -> Organisation:
    """Twenty payments of 200,000 yuan together, one of them to 李四."""
    village = support.village(session, name)
    rest = TOTAL - kin_fen if not fields.get("voided_at") else TOTAL
    pay(session, village, kin_fen, "李四", **fields)
    for at in range(19):
        pay(session, village, rest // 19 + (rest % 19 if at == 0 else 0), f"商户{at}")
    return village


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    for name, (fen, payment, relation, _) in CASES.items():
        village = books(shared, name, fen, **payment)
        support.relation(shared, village, "王书记", "李四", **relation)
    others(shared)
    return support.verdicts(shared, RULE, AS_OF)


def others(session: Session) -> None:
    """The cadre himself, voided and foreign declarations, too little money, tenders that were won."""
    village = books(session, "干部本人", 6_000_001)
    support.relation(session, village, "李四", "李四", kind=RelationKind.SELF)
    support.relation(session, village, "王书记", "别人")
    village = books(session, "两人合计", 1_100_000)
    pay(session, village, 1_100_000, "李五")
    for party in ("李四", "李五"):
        support.relation(session, village, "王书记", party)
    books(session, "没有申报", 6_000_001)
    support.relation(session, support.village(session, "没有付款"), "王书记", "李四")
    village = support.village(session, "付款太少")
    pay(session, village, TOTAL, "李四")
    support.relation(session, village, "王书记", "李四")
    for name, fen in (("五万元", 5_000_000), ("差一分五万元", 4_999_999)):
        village = support.village(session, name)
        support.relation(session, village, "王书记", "李四")
        pay(session, village, fen, "李四")
        for at in range(20):
            pay(session, village, 10_000_000, f"商户{at}")
    won: dict[str, dict[str, Any]] = {
        "中标": {"tender_ref": "招1"},
        "没有招标": {},
        "两年前中标": {"tender_ref": "招1", "signed_on": date(2024, 3, 1)},
        "中标合同作废": {"tender_ref": "招1", **support.VOIDED},
    }
    for name, fields in won.items():
        village = books(session, name, 1)
        support.relation(session, village, "王书记", "某公司", kind=RelationKind.FIRM)
        support.contract(
            session, village, kind=ContractKind.WORKS, counterparty="某公司", counterparty_key="某公司",
            **(dict[str, Any](signed_on=DAY) | fields),
        )  # fmt: skip


def of(said: dict[tuple[str, str], str], name: str) -> list[str]:
    return [told for (village, _), told in said.items() if village == name]


@pytest.mark.parametrize("name", CASES)
def test_each_case(said: dict[tuple[str, str], str], name: str) -> None:
    assert of(said, name) == [CASES[name][3]]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("干部本人", ["clear"]),
        ("两人合计", ["yellow"]),
        ("没有申报", ["?干部亲属申报"]),
        ("没有付款", ["?付款台账"]),
        ("付款太少", ["yellow"]),
        ("五万元", ["yellow"]),
        ("差一分五万元", ["clear"]),
        ("中标", ["red"]),
        ("没有招标", ["clear"]),
        ("两年前中标", ["clear"]),
        ("中标合同作废", ["clear"]),
    ],
)
def test_what_else_counts(said: dict[tuple[str, str], str], name: str, told: list[str]) -> None:
    assert of(said, name) == told


def test_the_words(shared: Session, said: object) -> None:
    found = {one.basis.split("近 ")[0]: one for one in support.evaluate(shared, RULE, AS_OF).findings}
    assert found["三成"].title == "王书记申报的亲属方收款占全村支出 30%"
    assert "个人请核实是否同一人" in found["三成"].basis
    assert found["中标"].title == "王书记申报的亲属方中标 1 个"
    assert not [one for one in found.values() if "王" in one.subject_id]


def test_kin_who_got_nothing_are_not_named(shared: Session) -> None:
    """A declared relation is seen by few: a warning shows those alone whom it is about."""
    with shared.begin_nested() as savepoint:
        village = support.village(shared, "不相干的亲属")
        support.relation(shared, village, "李书记", "李家建材店", kind=RelationKind.FIRM)
        support.relation(shared, village, "李书记", "李小妹")
        for number in range(20):
            payee = "李家建材店" if number < 8 else f"商店{number}"
            support.payment(
                shared, village, payee=payee, paid_on=AS_OF - timedelta(number), amount_fen=1_000_000
            )
        found = support.evaluate(shared, RULE, AS_OF, watched=[])
        [told] = [one for one in found.findings if one.village_id == village.id]
        savepoint.rollback()
    assert told.evidence["parties"] == [{"party": "李家建材店", "kind": "firm"}]
