"""R10 疑似拆分付款. The lines that hold everywhere: 50,000 yuan a vote, 100,000 a tender."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.ledgers import ContractKind, ExpenseClass, Payment
from app.models.projects import StageKind
from app.models.rules import TenderKind, TenderLimit
from app.rules.payment_split import PaymentSplit
from app.services.ledgers.purposes import purpose_key
from tests.rules import support

AS_OF = date(2026, 4, 15)
DAY = date(2026, 3, 1)
RULE = PaymentSplit()
VOTE, TENDER = 5_000_000, 10_000_000

Row = tuple[int, int, dict[str, Any]]  # days after DAY, fen, columns


def pieces(fen: int, *days: int, **columns: Any) -> list[Row]:
    return [(day, fen, columns) for day in days]


CASES: dict[str, tuple[str, list[Row]]] = {
    "三十天内刚到招标限额": ("yellow", [(0, 6_000_000, {}), (29, 4_000_000, {})]),
    "第三十一天": ("", [(0, 6_000_000, {}), (30, 4_000_000, {})]),
    "差一分": ("", [(0, 6_000_000, {}), (9, 3_999_999, {})]),
    "一笔就到限额": ("", pieces(TENDER, 0)),
    "表决限额": ("yellow", pieces(2_500_000, 0, 9)),
    "表决限额差一分": ("", [(0, 2_500_000, {}), (9, 2_499_999, {})]),
    "用途不同只到表决限额": ("", [(0, 2_600_000, {"purpose": "路灯"}), (9, 2_600_000, {"purpose": "公厕"})]),
    "用途不同也到招标限额": (
        "yellow",
        [(0, 6_000_000, {"purpose": "路灯"}), (9, 5_000_000, {"purpose": "公厕"})],
    ),
    "三笔贴近": ("red", pieces(4_800_000, 0, 5, 9)),
    "三笔刚九成": ("red", pieces(4_500_000, 0, 5, 9)),
    "三笔不到九成": ("yellow", pieces(4_499_999, 0, 5, 9)),
    "两笔贴近招标": ("yellow", pieces(9_800_000, 0, 5)),
    "零星": ("", [(0, 9_999_999, {}), *pieces(499_999, 1, 2, 3)]),
    "工资": ("", pieces(4_800_000, 0, 5, 9, category="保洁员工资", expense=ExpenseClass.LABOUR)),
    "工程工资": (
        "red",
        pieces(4_800_000, 0, 5, 9, purpose="办公楼装修木工工资", expense=ExpenseClass.LABOUR),
    ),
    "补助": ("", pieces(4_800_000, 0, 5, 9, expense=ExpenseClass.WELFARE)),
    "电费": ("", pieces(4_800_000, 0, 5, 9, purpose="路灯电费", expense=ExpenseClass.OFFICE)),
    "往来": ("", pieces(4_800_000, 0, 5, 9, expense=ExpenseClass.TRANSFER)),
    "每月同额": ("", pieces(4_800_000, -56, -28, 0, 28)),
    "作废一笔": ("", [(0, 6_000_000, {}), (9, 4_000_000, support.VOIDED)]),
    "后天才到": ("", [(40, 6_000_000, {}), (46, 4_000_000, {})]),
    "太久": ("", pieces(6_000_000, -300, -290)),
    "服务": ("yellow", pieces(6_000_000, 0, 9, expense=ExpenseClass.SERVICE)),
}


def pay(session: Session, village: Organisation, row: Row, payee: str = "某工程队") -> Payment:
    days, fen, columns = row
    fields: dict[str, Any] = {"expense": ExpenseClass.WORKS, "category": "工程款", "payee": payee} | columns
    fields.setdefault("purpose_key", purpose_key(fields.get("purpose")))
    return support.payment(session, village, paid_on=DAY + timedelta(days), amount_fen=int(fen), **fields)


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    named: dict[Any, str] = {}
    for name, (_, rows) in CASES.items():
        village = support.village(shared, name)
        pay(shared, village, (1, 1, {}), payee="别人")
        for row in rows:
            named.setdefault(
                f"payment:{pay(shared, village, row).id}", "first" if row is rows[0] else "later"
            )
    tendered(shared, named)
    own_limits(shared, named)
    return support.verdicts(shared, RULE, AS_OF, named=named)


def tendered(session: Session, named: dict[Any, str]) -> None:
    """Three pieces just below the line, under a contract or a project of each kind."""
    village = support.village(session, "经过招标")

    def works(**fields: Any) -> dict[str, Any]:
        return {"contract_id": support.contract(session, village, kind=ContractKind.WORKS, **fields).id}

    built = support.project(session, village)
    support.stage(session, built, StageKind.TENDER, DAY)
    late = support.project(session, village)
    support.stage(session, late, StageKind.TENDER, AS_OF + timedelta(1))
    exempt = support.project(session, village, exempt=["tender"], exempt_because="应急抢修")
    through = works()
    support.stage(session, support.project(session, village, **through), StageKind.AWARD, DAY)
    for label, links in {
        "合同有招标编号": works(tender_ref="招2026-1"),
        "合同没有招标编号": works(tender_ref=" "),
        "合同的项目已招标": through,
        "项目已招标": {"project_id": built.id},
        "项目后来招标": {"project_id": late.id},
        "项目免招标": {"project_id": exempt.id},
        "合同经过表决": works(meeting_id=support.meeting(session, village).id),
    }.items():
        rows = [pay(session, village, (day, 4_800_000, links), payee=label) for day in (0, 5)]
        named[f"payment:{rows[0].id}"] = label


def own_limits(session: Session, named: dict[Any, str]) -> None:
    """A county whose own lines are higher from a day on."""
    county = support.county(session, "另一县")
    village = support.village(session, "自定限额", above=support.town(session, "另一镇", above=county))
    support.add(
        session,
        TenderLimit,
        county_id=county.id,
        kind=TenderKind.WORKS,
        valid_from=DAY,
        vote_fen=None,
        tender_fen=30_000_000,
        source="区政办",
    )
    before = [pay(session, village, (day, 6_000_000, {}), payee="之前") for day in (-20, -10)]
    after = [pay(session, village, (day, 6_000_000, {}), payee="之后") for day in (0, 10)]
    named[f"payment:{before[0].id}"], named[f"payment:{after[0].id}"] = "之前", "之后"


@pytest.mark.parametrize("name", CASES)
def test_each_case(said: dict[tuple[str, str], str], name: str) -> None:
    assert said.get((name, "first"), "") == CASES[name][0]
    assert (name, "later") not in said


def test_what_was_tendered_or_voted_is_left_out(said: dict[tuple[str, str], str]) -> None:
    told = {
        label: said.get(("经过招标", label), "")
        for label in (
            "合同有招标编号",
            "合同的项目已招标",
            "项目已招标",
            "项目免招标",
            "合同经过表决",
            "合同没有招标编号",
            "项目后来招标",
        )
    }
    assert [label for label, colour in told.items() if colour] == ["合同没有招标编号", "项目后来招标"]


def test_the_line_is_that_of_the_county_and_the_day(said: dict[tuple[str, str], str]) -> None:
    assert said["自定限额", "之前"] == "yellow"
    assert ("自定限额", "之后") not in said


def test_the_words_name_the_pieces_and_the_line(shared: Session, said: object) -> None:
    found = next(one for one in support.evaluate(shared, RULE, AS_OF).findings if "三笔贴近" in one.basis)
    assert found.title == "分 3 笔向某工程队付款共 144,000.00 元"
    assert "公开招标限额 100,000.00 元" in found.basis
    assert "3 笔达到 50,000.00 元限额的 90%以上" in found.basis
    assert len(found.evidence["payments"]) == 3


def test_voided_and_tendered_payments_clear(shared: Session, said: object) -> None:
    findings = support.evaluate(shared, RULE, AS_OF).findings
    with shared.begin_nested() as savepoint:
        for found in findings[::2]:
            shared.execute(
                update(Payment).where(Payment.id == found.evidence["rows"][0]).values(**support.VOIDED)
            )
        for found in findings[1::2]:
            contract = support.contract(
                shared, shared.get_one(Organisation, found.village_id), tender_ref="招2026-9"
            )
            shared.execute(
                update(Payment).where(Payment.id.in_(found.evidence["rows"])).values(contract_id=contract.id)
            )
        told = support.evaluate(shared, RULE, AS_OF, watched=[one.key for one in findings])
        savepoint.rollback()
    assert {one.key for one in findings} == set(told.cleared)
    assert {one.reason for one in told.cleared.values()} == {
        "首笔付款已作废，其余付款按新的情况重新判断。",
        "付款已关联经过招标的合同或项目。",
    }


def test_without_any_limit_nothing_can_be_said(shared: Session, said: object) -> None:
    with shared.begin_nested() as savepoint:
        shared.execute(delete(TenderLimit))
        told = support.evaluate(shared, RULE, AS_OF)
        savepoint.rollback()
    assert not told.findings
    assert set(told.unknown.values()) == {"招标限额"}
