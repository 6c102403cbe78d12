"""R21 重复享受互斥补助: who is the same person, what is the same time, and the county's list of pairs."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.welfare import BenefitExclusion
from app.rules.benefit_exclusive import ExclusiveBenefits
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = ExclusiveBenefits()
A, B, C = "甲类补助", "乙类补助", "乙类旧称"
RULED = "某县文件"


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    """Verdict by village and recipient: every case has recipients of its own."""
    shared.execute(delete(BenefitExclusion))
    pair: dict[str, Any] = {"source": RULED, "valid_from": date(2026, 1, 1)}
    support.add(shared, BenefitExclusion, kind_a=A, kind_b=f"{B}、{C}", **pair)
    support.add(shared, BenefitExclusion, kind_a="丙类", kind_b="丁类", **{**pair, "valid_until": AS_OF})
    support.add(
        shared, BenefitExclusion, kind_a="丙类", kind_b=B, **{**pair, "valid_from": date(2026, 4, 16)}
    )
    village, other = support.village(shared, "甲村"), support.village(shared, "乙村")

    def paid(name: str, kind: str, period: str = "2026-03", digest: str | None = "", **fields: Any) -> None:
        where = fields.pop("where", village)
        usual: dict[str, Any] = {"paid_on": date(2026, 3, 20), "recipient_group": "3组"}
        digest = f"digest {name}" if digest == "" else digest
        support.benefit(
            shared,
            where,
            recipient=name,
            kind=kind,
            period=period,
            recipient_digest=digest,
            **(usual | fields),
        )

    for kind in (A, B):
        paid("同月", kind)
        paid("同名不同人", kind, digest=f"digest {kind}")
        paid("凭姓名和组", kind, digest=None)
        paid("凭姓名无组", kind, digest=None, recipient_group="")
        paid("凭姓名不同组", kind, digest=None, recipient_group=f"{kind}组")
        paid("规定之前", kind, "2025-12")
        paid("两村", kind, where=village if kind == A else other)
        paid("两村凭姓名", kind, digest=None, where=village if kind == A else other)
        paid("同年", kind, "2026")
        paid("明天", kind, paid_on=date(2026, 4, 16))
        paid("很久以前", kind, "2026-01", paid_on=date(2025, 4, 14))
    paid("一人缺号", A)
    paid("一人缺号", B, digest=None)
    paid("不同月", A, "2026-02")
    paid("不同月", B, "2026-03")
    paid("月和年", A, "2026-02")
    paid("月和年", B, "2026")
    paid("旧称", A)
    paid("旧称", C)
    paid("只有一种", A)
    paid("作废", A)
    paid("作废", B, **support.VOIDED)
    paid("没有月份", A, "三月")
    paid("没有月份", B)
    paid("别的补助", "戊类")
    for kind in ("丙类", "丁类"):
        paid("规定已止", kind, "2026-05")
        paid("规定未止", kind, "2026-04")
    paid("规定未生效", "丙类", "2026-03")
    paid("规定未生效", B, "2026-03")
    support.village(shared, "丙村")
    return _by_recipient(shared, AS_OF)


def _by_recipient(session: Session, as_of: date) -> dict[tuple[str, str], str]:
    told = support.evaluate(session, RULE, as_of)
    places = {row.id: row.name for row in session.query(Organisation).all()}
    found = {(places[one.village_id], one.evidence["recipient"]): one.colour.value for one in told.findings}
    for key, clearing in told.cleared.items():
        village = places[uuid.UUID(key.partition(":")[0])]
        found.setdefault((village, clearing.evidence["recipient"]), "clear")
    for village_id, judged in told.villages.items():
        for label in judged.missing:
            found[places[village_id], label] = "?"
    return found


CASES = {
    "同月": "red",
    "同名不同人": "clear",
    "凭姓名和组": "red",
    "凭姓名无组": "yellow",
    "凭姓名不同组": "clear",
    "规定之前": "clear",
    "两村": "red",
    "两村凭姓名": "clear",
    "同年": "red",
    "一人缺号": "red",
    "不同月": "clear",
    "月和年": "yellow",
    "旧称": "red",
    "只有一种": "clear",
    "作废": "clear",
    "规定已止": "clear",
    "规定未止": "red",
    "规定未生效": "clear",
    "所属期": "?",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_nothing_else_is_looked_at(said: dict[tuple[str, str], str]) -> None:
    assert {subject for village, subject in said if village == "甲村"} == set(CASES)


def test_both_villages_that_pay_are_warned(said: dict[tuple[str, str], str]) -> None:
    assert said["乙村", "两村"] == "red"
    assert said["乙村", "两村凭姓名"] == "clear"


def test_without_a_ledger_or_a_list_nothing_is_clean(shared: Session, said: dict[Any, str]) -> None:
    assert said["丙村", "补助发放台账"] == "?"
    before_any_rule = _by_recipient(shared, date(2025, 12, 31))
    assert before_any_rule["甲村", "互斥规定"] == "?"


def test_words(shared: Session, said: object) -> None:
    found = {one.evidence["recipient"]: one for one in support.evaluate(shared, RULE, AS_OF).findings}
    assert found["同月"].title == f"同时领取{A}和{B}"
    assert "同月在 2026-03 同时领取" in found["同月"].basis
    assert f"证件号码相同。依据：{RULED}" in found["同月"].basis
    assert "请先核对身份。依据" in found["凭姓名和组"].basis
    assert "因此黄色预警" in found["凭姓名无组"].basis
    assert found["同月"].evidence["row_count"] == 2
