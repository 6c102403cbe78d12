"""R09 个人用工异常."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.governance import RelationKind
from app.models.welfare import LabourSlip, WorkUnit
from app.rules.labour_person import LabourPerson
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = LabourPerson()
MARCH = date(2026, 3, 1)


def slips(*days: int, **fields: Any) -> list[dict[str, Any]]:
    usual = {"worker_digest": "d-zhang"} | fields
    return [{"worked_on": MARCH + timedelta(day - 1)} | usual for day in days]


MONTH = range(1, 28)  # 27 days
CASES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "二十六天": ("clear", slips(*range(1, 27))),
    "二十七天": ("yellow", slips(*MONTH)),
    "一张单二十七工": ("yellow", slips(1, quantity=27)),
    "作废一天": ("clear", [*slips(*range(1, 27)), *slips(27, **support.VOIDED)]),
    "两处各一工": ("red", slips(1, 1)),
    "两处只有姓名": ("yellow", slips(1, 1, worker_digest=None)),
    "一处补了证件": ("yellow", [*slips(1), *slips(1, worker_digest=None)]),
    "一工加半工": ("clear", [*slips(1), *slips(1, quantity="0.5")]),
    "一工加六小时": ("red", [*slips(1), *slips(1, unit=WorkUnit.HOUR, quantity=6)]),
    "计件": ("clear", slips(1, 1, unit=WorkUnit.PIECE, quantity=30)),
    "一张单两工": ("clear", slips(1, quantity=2)),
    "同名两人": ("clear", [*slips(1), *slips(1, worker_digest="d-other")]),
}


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    for name, (_, rows) in CASES.items():
        village = support.village(shared, name)
        support.relation(shared, village, "无关干部", "无关亲属")
        for row in rows:
            support.labour_slip(shared, village, **row)
    support.village(shared, "没有用工单")
    support.labour_slip(shared, support.village(shared, "没有申报"))
    old = support.village(shared, "从前的月份")
    support.relation(shared, old, "无关干部", "无关亲属")
    for row in [*slips(*MONTH), {"worked_on": AS_OF + timedelta(1)}]:
        worked_on = row["worked_on"] - timedelta(0 if row["worked_on"] > AS_OF else 120)
        support.labour_slip(shared, old, **(row | {"worked_on": worked_on}))
    return support.verdicts(shared, RULE, AS_OF)


def of(said: dict[tuple[str, str], str], name: str) -> list[str]:
    return sorted(told for (village, _), told in said.items() if village == name)


@pytest.mark.parametrize("name", CASES)
def test_days_and_jobs(said: dict[tuple[str, str], str], name: str) -> None:
    told = set(of(said, name))
    assert told == {CASES[name][0]}


def test_ledgers_that_are_not_there(said: dict[tuple[str, str], str]) -> None:
    assert said["没有用工单", ""] == "?用工单"
    assert said["没有申报", "relations"] == "?干部亲属申报"
    assert of(said, "没有申报") == ["?干部亲属申报", "clear"]
    assert of(said, "从前的月份") == []


SELF, CHILD, FIRM = RelationKind.SELF, RelationKind.CHILD, RelationKind.FIRM

# who is declared (kind, party, digest, further columns), the worker's digest, and what is told
RELATED: dict[str, tuple[RelationKind, str, str | None, dict[str, Any], str | None, str]] = {
    "干部本人有证件": (SELF, "张三", "d-zhang", {}, "d-zhang", "red"),
    "干部本人只有姓名": (SELF, "张三", None, {}, None, "yellow"),
    "同名不同人": (SELF, "张三", "d-other", {}, "d-zhang", "clear"),
    "子女有证件": (CHILD, "张三", "d-zhang", {}, "d-zhang", "yellow"),
    "子女改了名": (CHILD, "张小三", "d-zhang", {}, "d-zhang", "yellow"),
    "子女只有姓名": (CHILD, "张三", None, {}, "d-zhang", "yellow"),
    "子女同名不同人": (CHILD, "张三", "d-other", {}, "d-zhang", "clear"),
    "关系已终止": (CHILD, "张三", "d-zhang", {"ended_on": date(2026, 2, 28)}, "d-zhang", "clear"),
    "关系后来终止": (CHILD, "张三", "d-zhang", {"ended_on": date(2026, 3, 31)}, "d-zhang", "yellow"),
    "申报作废": (CHILD, "张三", "d-zhang", support.VOIDED, "d-zhang", "clear"),
}


@pytest.mark.parametrize("name", RELATED)
def test_cadres_and_their_kin(shared: Session, said: object, name: str) -> None:
    kind, party, digest, fields, worker, expected = RELATED[name]
    with shared.begin_nested() as savepoint:
        village = support.village(shared, name)
        cadre = party if kind == SELF else "李书记"
        support.relation(shared, village, "无关干部", "无关亲属")
        support.relation(shared, village, cadre, party, kind=kind, party_digest=digest, **fields)
        support.labour_slip(shared, village, worked_on=MARCH, worker_digest=worker)
        told = of(support.verdicts(shared, RULE, AS_OF), name)
        savepoint.rollback()
    assert told == [expected]


def test_the_words(shared: Session, said: object) -> None:
    found = {one.basis[:5]: one for one in support.evaluate(shared, RULE, AS_OF).findings}
    assert found["二十七天2"].title == "张三2026年3月记工 27 天"
    assert found["两处各一工"].title == "张三2026年3月有 1 天一天记了两份工"
    assert "请核实是否同一人" in next(one.basis for one in found.values() if "两处只有姓名" in one.basis)


def test_no_name_stands_in_a_subject(said: dict[tuple[str, str], str]) -> None:
    assert not [subject for _, subject in said if "张" in subject]


def test_voided_slips_clear(shared: Session, said: object) -> None:
    findings = support.evaluate(shared, RULE, AS_OF).findings
    with shared.begin_nested() as savepoint:
        shared.execute(
            update(LabourSlip)
            .where(LabourSlip.worker == "张三", LabourSlip.worked_on >= MARCH)
            .values(**support.VOIDED)
        )
        for found in findings:
            place = shared.get_one(Organisation, found.village_id)
            support.labour_slip(shared, place, worker="王五")
        told = support.evaluate(shared, RULE, AS_OF, watched=[one.key for one in findings])
        savepoint.rollback()
    assert {one.key for one in findings} == set(told.cleared)


def test_voided_slips_clear_where_something_else_is_missing(shared: Session, said: object) -> None:
    """A village that declares no relations: that is missing, and the slips are gone all the same."""
    with shared.begin_nested() as savepoint:
        village = support.village(shared, "没有申报也作废")
        for row in [*slips(*MONTH), *slips(1, worker="李四", worker_digest="d-li")]:
            support.labour_slip(shared, village, **row)
        found = support.evaluate(shared, RULE, AS_OF, watched=[])
        [key] = [one.key for one in found.findings if one.village_id == village.id]
        shared.execute(
            update(LabourSlip)
            .where(LabourSlip.village_id == village.id, LabourSlip.worker == "张三")
            .values(**support.VOIDED)
        )
        after = support.evaluate(shared, RULE, AS_OF, watched=[key])
        savepoint.rollback()
    assert f"{village.id}:relations" in after.unknown
    assert "作废" in after.cleared[key].reason
