"""R22 村务公开逾期."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models.obligations import ObligationState
from app.rules.disclosure_overdue import DisclosureOverdue
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = DisclosureOverdue()
Said = dict[tuple[str, str], str]


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


@pytest.fixture(scope="module")
def said(shared: Session) -> Said:
    village = support.village(shared, "甲村")
    named: dict[Any, str] = {}

    def owed(label: str, days: int, **fields: Any) -> None:
        named[support.obligation(shared, village, before(days), **fields).id] = label

    for days in (-1, 0, 1, 14, 15):
        owed(f"{days} days late", days)
    met = {"state": ObligationState.MET}
    owed("met in time", 3, met_on=before(4), **met)
    owed("met today", 3, met_on=AS_OF, **met)
    owed("met tomorrow", 15, met_on=before(-1), **met)
    owed("met long ago", 500, met_on=before(400), **met)
    owed("met a year ago", 500, met_on=before(399), **met)
    owed("met, nobody knows when", 15, **met)
    owed("waived", 30, state=ObligationState.WAIVED, waived_because="本村没有")
    support.village(shared, "乙村")
    return support.verdicts(shared, RULE, AS_OF, named=named)


CASES = {
    "-1 days late": "clear",
    "0 days late": "clear",
    "1 days late": "yellow",
    "14 days late": "yellow",
    "15 days late": "red",
    "met in time": "clear",
    "met today": "clear",
    "met tomorrow": "red",
    "met a year ago": "clear",
    "met, nobody knows when": "?公开日期",
    "waived": "clear",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: Said, case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_what_is_not_looked_at(said: Said) -> None:
    assert {case for place, case in said if place == "甲村"} == set(CASES)


def test_a_village_that_owes_nothing_at_all_has_not_been_planned(said: Said) -> None:
    assert said["乙村", ""] == "?应公开事项清单"


def test_words_and_reasons(shared: Session, said: Said) -> None:
    told = support.evaluate(shared, RULE, AS_OF)
    words = next(one for one in told.findings if one.evidence["days_late"] == 14)
    assert words.title == "财务公开逾期 14 天未公开"
    assert "甲村的「财务公开」应于2026年4月1日前公开" in words.basis
    reasons = {clearing.reason for clearing in told.cleared.values()}
    assert {"已于2026年4月15日公开。", "已登记为不需要公开。"} <= reasons
