"""R01 合同即将到期, and the model for the tests of rules: one world per file, judged once, a line a case."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.ledgers import ContractKind, ContractState
from app.rules.contract_expiring import ContractExpiring
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = ContractExpiring()


def after(days: int) -> date:
    return AS_OF + timedelta(days=days)


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    """What the rule says of a village with one contract per case."""
    village = support.village(shared, "甲村")
    named: dict[object, str] = {}

    def lease(label: str, ends_on: date | None, **fields: object) -> object:
        row = support.contract(shared, village, ends_on=ends_on, **fields)
        named[row.id] = label
        return row.id

    for days in (31, 30, 8, 7, 0, -40):
        lease(f"{days} days", after(days))
    lease("no end", None)
    lease("voided", after(3), **support.VOIDED)
    lease("let in", after(3), kind=ContractKind.LEASE_IN)
    lease("starts later", after(3), starts_on=after(1))
    lease("renewed", after(3), state=ContractState.RENEWED, state_since=AS_OF)
    lease("renewed tomorrow", after(3), state=ContractState.RENEWED, state_since=after(1))
    for label, moment, state in (
        ("re-tendered", support.at(AS_OF, 15), DisclosureState.PUBLISHED),
        ("re-tendered after midnight", support.at(AS_OF, 16), DisclosureState.PUBLISHED),
        ("re-tender withdrawn", support.at(AS_OF, 15), DisclosureState.WITHDRAWN),
    ):
        support.disclosure(
            shared,
            village,
            moment,
            kind=DisclosureKind.RETENDER_NOTICE,
            state=state,
            contract_id=lease(label, after(3)),
        )
    support.village(shared, "乙村")
    return support.verdicts(shared, RULE, AS_OF, named=named)


CASES = {
    "31 days": "clear",
    "no end": "?合同到期日",
    "30 days": "yellow",
    "8 days": "yellow",
    "7 days": "red",
    "0 days": "red",
    "-40 days": "red",
    "renewed": "clear",
    "renewed tomorrow": "red",
    "re-tendered": "clear",
    "re-tendered after midnight": "red",
    "re-tender withdrawn": "red",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


@pytest.mark.parametrize("case", ["voided", "let in", "starts later"])
def test_what_is_not_looked_at(said: dict[tuple[str, str], str], case: str) -> None:
    assert ("甲村", case) not in said


def test_a_village_without_contracts_is_not_clean(said: dict[tuple[str, str], str]) -> None:
    assert said["乙村", ""] == "?合同台账"


def test_the_words_have_place_time_and_figures(shared: Session, said: object) -> None:
    found = support.evaluate(shared, RULE, AS_OF).findings
    words = next(one for one in found if one.evidence["days_left"] == 7)
    assert words.title == "鱼塘承包还有 7 天到期"
    assert "甲村" in words.basis
    assert "2026年4月22日" in words.basis
    assert "到期前 30 天黄色预警" in words.basis
