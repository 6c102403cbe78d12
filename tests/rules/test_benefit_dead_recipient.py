"""R20 向去世人员发放补助: the months, certain matches and matches by name, and what is paid to the family."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.rules.benefit_dead_recipient import DeadRecipient
from tests.rules import support

AS_OF = date(2026, 4, 15)
DIED = date(2026, 2, 10)
RULE = DeadRecipient()


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    named: dict[Any, str] = {}
    village, other = support.village(shared, "甲村"), support.village(shared, "乙村")

    def dead(label: str, *paid: tuple[str, date], sure: bool = True, **fields: Any) -> None:
        """Somebody who died on 10 February, and what was paid to him: period and day."""
        record, where = fields.pop("record", {}), fields.pop("where", village)
        digest = f"digest {label}" if sure else None
        row = support.death(
            shared, village, **({"name": label, "died_on": DIED, "person_digest": digest} | record)
        )
        named[row.id] = label
        for line, (period, day) in enumerate(paid, start=1):
            usual: dict[str, Any] = {"line": line, "recipient": label, "recipient_digest": digest}
            support.benefit(shared, where, period=period, paid_on=day, **(usual | fields))

    dead("never paid")
    dead("before", ("2026-02", date(2026, 2, 9)), ("2026-02", DIED))
    dead("the day after", ("2026-02", date(2026, 2, 11)))
    dead("his month, paid late", ("2026-02", date(2026, 3, 20)))
    dead("month before, paid late", ("2026-01", date(2026, 3, 20)))
    dead("next month", ("2026-03", date(2026, 3, 1)))
    dead("next month in advance", ("2026-03", date(2026, 2, 28)))
    dead("both", ("2026-02", date(2026, 2, 28)), ("2026-03", date(2026, 3, 28)))
    dead("year, his month", ("2026", date(2026, 2, 28)))
    dead("year, later", ("2026", date(2026, 3, 1)))
    dead("last year's", ("2025", date(2026, 3, 1)))
    dead("by name, later", ("2026-03", date(2026, 3, 1)), sure=False)
    dead("name with a number", ("2026-03", date(2026, 3, 1)), sure=False, recipient_digest="one")
    dead("namesake", ("2026-03", date(2026, 3, 1)), recipient_digest="another")
    dead("elsewhere by number", ("2026-03", date(2026, 3, 1)), where=other)
    dead("elsewhere by name", ("2026-03", date(2026, 3, 1)), sure=False, where=other)
    dead("funeral", ("2026-03", date(2026, 3, 1)), kind="丧葬补助费")
    dead("voided payment", ("2026-03", date(2026, 3, 1)), **support.VOIDED)
    dead("voided record", ("2026-03", date(2026, 3, 1)), record=support.VOIDED)
    dead("registered tomorrow", ("2026-03", date(2026, 3, 1)), record={"registered_on": date(2026, 4, 16)})
    dead("paid tomorrow", ("2026-04", date(2026, 4, 16)))
    dead("paid long ago", ("2025-04", date(2025, 4, 14)), record={"died_on": date(2025, 2, 1)})
    dead("died long ago", ("2026-03", date(2026, 3, 1)), record={"died_on": date(2015, 2, 1)})
    support.benefit(shared, other, recipient="某甲")
    support.death(shared, support.village(shared, "丙村"), name="某乙")
    support.benefit(shared, support.village(shared, "丁村"), recipient="某丙")
    support.death(shared, other, name="某丁", died_on=date(2025, 1, 1))
    return support.verdicts(shared, RULE, AS_OF, named=named)


CASES = {
    "never paid": "clear",
    "before": "clear",
    "the day after": "yellow",
    "his month, paid late": "yellow",
    "month before, paid late": "clear",
    "next month": "red",
    "next month in advance": "red",
    "both": "red",
    "year, his month": "yellow",
    "year, later": "red",
    "last year's": "clear",
    "by name, later": "yellow",
    "name with a number": "yellow",
    "namesake": "clear",
    "elsewhere by number": "clear",
    "elsewhere by name": "clear",
    "funeral": "clear",
    "voided payment": "clear",
    "paid tomorrow": "clear",
    "paid long ago": "clear",
    "died long ago": "red",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: dict[tuple[str, str], str], case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_the_village_that_paid_is_warned(said: dict[tuple[str, str], str]) -> None:
    assert said["乙村", "elsewhere by number"] == "red"


def test_records_that_are_not_there_yet_or_no_more(said: dict[tuple[str, str], str]) -> None:
    assert {subject for village, subject in said if village == "甲村"} == set(CASES)


def test_without_a_register_a_village_is_not_clean(said: dict[tuple[str, str], str]) -> None:
    assert said["丙村", ""] == "?补助发放台账"
    assert said["丁村", ""] == "?死亡登记"


def test_words(shared: Session, said: object) -> None:
    found = {one.evidence["name"]: one for one in support.evaluate(shared, RULE, AS_OF).findings}
    both = found["both"]
    assert both.title == "去世后仍发放低保金 2 笔"
    assert (
        "于2026年2月10日去世，此后到2026年3月28日仍发放低保金 2 笔，共 1,600.00 元。证件号码相同"
        in both.basis
    )
    assert both.evidence["row_count"] == 2
    assert "可能是同名的人" in found["by name, later"].basis
