"""R18 工程变更金额过大: the boundary fen of both colours, where the contract sum comes from, missing sums."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models.ledgers import ContractKind
from app.models.projects import ProjectState, StageKind
from app.rules.project_changes import ProjectChanges
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = ProjectChanges()
SUM = 10_000_000
SIGNED = date(2026, 1, 10)


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    named: dict[Any, str] = {}
    village = support.village(shared, "甲村")

    def works(label: str, *changes: int | None, day: date = date(2026, 3, 1), **fields: Any) -> Any:
        award, contract = fields.pop("award", None), fields.pop("contract", SUM)
        linked = fields.pop("linked", None)
        if linked:
            kind = {"kind": ContractKind.WORKS, "starts_on": SIGNED, "ends_on": date(2026, 6, 1)}
            fields["contract_id"] = support.contract(shared, village, **(kind | linked)).id
        usual = {"state": ProjectState.UNDER_WAY, "approved_on": date(2026, 1, 1)}
        project = support.project(shared, village, **(usual | fields))
        named[project.id] = label
        support.stage(shared, project, StageKind.DECISION, fields.pop("decided", date(2026, 1, 2)))
        if award:
            support.stage(shared, project, StageKind.AWARD, SIGNED, amount_fen=award)
        if contract:
            support.stage(shared, project, StageKind.CONTRACT, SIGNED, amount_fen=contract)
        for amount in changes:
            support.stage(shared, project, StageKind.CHANGE, day, amount_fen=amount)
        return project

    works("none")
    works("five percent", 500_000)
    works("a fen more", 300_000, 200_001)
    works("ten percent", 1_000_000)
    works("ten percent and a fen", 1_000_000, 1)
    works("less", -2_000_000)
    works("set off", 900_000, -500_000)
    works("unpriced", None)
    works("unpriced and yellow", None, 600_000)
    works("no sum", 600_000, contract=None)
    works("no sum, no change", contract=None)
    works("award only", 600_000, contract=None, award=SUM)
    works("contract goes before award", 600_000, award=SUM * 2)
    works("linked goes first", 600_000, linked={"amount_fen": SUM * 2})
    works("linked voided", 600_000, linked={"amount_fen": SUM * 2, **support.VOIDED})
    works("linked without sum", 600_000, linked={"amount_fen": 0})
    works("linked signed tomorrow", 600_000, linked={"amount_fen": SUM * 2, "signed_on": date(2026, 4, 16)})
    works("change tomorrow", 2_000_000, day=date(2026, 4, 16))
    works("cancelled", 2_000_000, state=ProjectState.CANCELLED)
    old = support.project(shared, village)
    named[old.id] = "long ago"
    support.stage(shared, old, StageKind.CONTRACT, date(2024, 1, 1), amount_fen=SUM)
    support.stage(shared, old, StageKind.CHANGE, date(2024, 4, 14), amount_fen=SUM)
    named[support.project(shared, village).id] = "no stages"
    support.village(shared, "乙村")
    return support.verdicts(shared, RULE, AS_OF, named=named)


CASES = {
    "none": "clear",
    "five percent": "clear",
    "a fen more": "yellow",
    "ten percent": "yellow",
    "ten percent and a fen": "red",
    "less": "clear",
    "set off": "clear",
    "unpriced": "?变更金额",
    "unpriced and yellow": "yellow",
    "no sum": "?合同金额",
    "no sum, no change": "clear",
    "award only": "yellow",
    "contract goes before award": "yellow",
    "linked goes first": "clear",
    "linked voided": "yellow",
    "linked without sum": "yellow",
    "linked signed tomorrow": "yellow",
    "change tomorrow": "clear",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_nothing_else_is_looked_at(said: dict[tuple[str, str], str]) -> None:
    assert {subject for village, subject in said if village == "甲村"} == set(CASES)
    assert said["乙村", ""] == "?工程台账"


def test_words_and_rows(shared: Session, said: object) -> None:
    found = support.evaluate(shared, RULE, AS_OF).findings
    red = next(one for one in found if one.colour.value == "red")
    assert red.title == "村道硬化变更增加 10.0%"
    assert "合同价 100,000.00 元，已变更 2 次，合计增加 10,000.01 元" in red.basis
    assert red.evidence["row_count"] == 2
    unpriced = next(one for one in found if one.evidence["unpriced"])
    assert "已变更 2 次（其中 1 次没有登记金额）" in unpriced.basis
