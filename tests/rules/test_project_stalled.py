"""R19 工程逾期未验收: the boundary days, what ends it, and works without a planned end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models.ledgers import ContractKind
from app.models.projects import ProjectState, StageKind
from app.rules.project_stalled import ProjectStalled
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = ProjectStalled()


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    named: dict[Any, str] = {}
    village = support.village(shared, "甲村")

    def works(label: str, end: date | None, *stages: tuple[StageKind, date], **fields: Any) -> None:
        usual: dict[str, Any] = {"state": ProjectState.UNDER_WAY, "approved_on": before(300)}
        project = support.project(shared, village, planned_end_on=end, **(usual | fields))
        named[project.id] = label
        for kind, day in stages:
            support.stage(shared, project, kind, day)

    def contract(**fields: Any) -> Any:
        usual = {"kind": ContractKind.WORKS, "starts_on": before(200), "ends_on": before(30)}
        return support.contract(shared, village, **(usual | fields)).id

    for days in (0, 29, 30, 89, 90):
        works(f"{days} days", before(days))
    works("accepted", before(90), (StageKind.ACCEPTANCE, AS_OF))
    works("accepted tomorrow", before(90), (StageKind.ACCEPTANCE, AS_OF + timedelta(days=1)))
    works("accounted for", before(90), (StageKind.FINAL_ACCOUNT, before(1)))
    works("accepted by its state", before(90), state=ProjectState.ACCEPTED)
    works("settled by its state, no end", None, state=ProjectState.SETTLED)
    works("no end", None)
    works("no end, accepted", None, (StageKind.ACCEPTANCE, before(5)))
    works("contracted, no end", None, (StageKind.CONTRACT, before(5)), state=ProjectState.APPROVED)
    works("end of the contract", None, contract_id=contract())
    works("end of a voided contract", None, contract_id=contract(**support.VOIDED))
    works("never begun", before(90), state=ProjectState.APPROVED)
    works("known by a stage", before(90), (StageKind.TENDER, before(200)), approved_on=None)
    works("known by its state", before(90), approved_on=None, created_at=support.at(before(100)))
    works("approved only, no end", None, state=ProjectState.APPROVED)
    works("proposed", before(90), state=ProjectState.PROPOSED, approved_on=None)
    works("voted", before(90), (StageKind.VOTE, before(200)), state=ProjectState.PROPOSED, approved_on=None)
    works("approved tomorrow", before(90), approved_on=AS_OF + timedelta(days=1))
    works("cancelled", before(90), state=ProjectState.CANCELLED)
    works("long ago", before(1100))
    support.village(shared, "乙村")
    return support.verdicts(shared, RULE, AS_OF, named=named)


CASES = {
    "0 days": "clear",
    "29 days": "clear",
    "30 days": "yellow",
    "89 days": "yellow",
    "90 days": "red",
    "accepted": "clear",
    "accepted tomorrow": "red",
    "accounted for": "clear",
    "accepted by its state": "clear",
    "settled by its state, no end": "clear",
    "no end": "?计划完工日",
    "no end, accepted": "clear",
    "contracted, no end": "?计划完工日",
    "end of the contract": "yellow",
    "end of a voided contract": "?计划完工日",
    "never begun": "red",
    "known by a stage": "red",
    "known by its state": "red",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_nothing_else_is_looked_at(said: dict[tuple[str, str], str]) -> None:
    assert {subject for village, subject in said if village == "甲村"} == set(CASES)
    assert said["乙村", ""] == "?工程台账"


def test_words_and_reasons(shared: Session, said: object) -> None:
    told = support.evaluate(shared, RULE, AS_OF)
    red = next(one for one in told.findings if one.evidence["days_late"] == 90)
    assert red.title == "村道硬化逾期 90 天未验收"
    assert "计划2026年1月15日完工" in red.basis
    reasons = {clearing.reason for clearing in told.cleared.values()}
    assert "已于2026年4月15日验收或决算。" in reasons
    assert "台账已登记为验收或决算。" in reasons
    assert "计划完工日为2026年4月15日，不在预警范围内。" in reasons
