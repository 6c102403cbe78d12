"""R08 用工支出占比异常: the last four quarters, the four before, and villages of the same size."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.ledgers import ExpenseClass, PartyKind, Payment, PaymentMethod
from app.rules.base import Finding
from app.rules.labour_share import LabourShare
from app.services.ledgers.purposes import purpose_key
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = LabourShare()
LABOUR, GOODS = ExpenseClass.LABOUR, ExpenseClass.GOODS
TOTAL = 100_000_000  # fen in a year

# village → share of labour this year and the year before (percent; None: no payments), and what is told
CASES: dict[str, tuple[float, float | None, str]] = {
    "三成": (30, 10, "clear"),
    "三成多": (30.1, 20, "yellow"),
    "高出五成": (36, 24, "clear"),
    "高出五成多": (36.1, 24, "yellow"),
    "高出一倍": (40, 20, "yellow"),
    "高出一倍多": (40.1, 20, "red"),
    "五成": (50, 40, "clear"),
    "五成多": (50.1, 45, "red"),
    "没有上年": (40, None, "?上年同期付款"),
    "没有上年但五成多": (60, None, "red"),
}


def year(session: Session, village: Organisation, last: int, labour: float, **fields: Any) -> None:
    """Forty payments in the four quarters until March of `last`; `labour` percent of the money for labour."""
    total = fields.pop("total_fen", TOTAL)
    rows = []
    for at in range(40):
        quarter = at % 4
        paid_on = date(last - (quarter < 3), (4, 7, 10, 1)[quarter] + at % 3, 1 + at % 28)
        share = labour if at < 20 else 100 - labour
        row = {
            "village_id": village.id,
            "voucher": support.number("FK"),
            "paid_on": paid_on,
            "payee": f"收款人{at}",
            "amount_fen": round(total * share / 2000),
            "method": PaymentMethod.TRANSFER,
            "category": "临时用工" if at < 20 else "采购",
            "expense": LABOUR if at < 20 else GOODS,
        }
        rows.append(row | fields)
    support.bulk(session, Payment, rows)


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[tuple[str, str], str]:
    for at, (name, (now, before, _)) in enumerate(CASES.items()):
        village = support.village(shared, name, households=1000 * 3**at)  # nobody's peer
        year(shared, village, 2026, now)
        if before is not None:
            year(shared, village, 2025, before)
    oddities(shared)
    peers(shared)
    return support.verdicts(shared, RULE, AS_OF)


def oddities(session: Session) -> None:
    """Too little to compare; titles that tell nothing; no households; what is left out."""
    place = support.village(session, "支出太少", households=1)
    year(session, place, 2026, 90, total_fen=29_990_000)
    place = support.village(session, "用工太少", households=1)
    year(session, place, 2026, 30.1, total_fen=33_000_000)
    place = support.village(session, "没有户数", households=None)
    year(session, place, 2026, 40)
    place = support.village(session, "科目不明", households=1)
    year(session, place, 2026, 40)
    support.payment(session, place, paid_on=date(2026, 1, 5), amount_fen=26_000_000, expense=None)
    place = support.village(session, "科目略有不明", households=1)
    year(session, place, 2026, 60)
    support.payment(session, place, paid_on=date(2026, 1, 5), amount_fen=5_000_000, expense=None)
    place = support.village(session, "往来不算", households=1)
    year(session, place, 2026, 60)
    support.payment(session, place, paid_on=date(2026, 1, 5), amount_fen=TOTAL, expense=ExpenseClass.TRANSFER)
    place = support.village(session, "作废的不算", households=1)
    year(session, place, 2026, 60, **support.VOIDED)
    year(session, place, 2025, 10)
    place = support.village(session, "本季度的还不算", households=1)
    support.payment(session, place, paid_on=date(2026, 4, 1), amount_fen=TOTAL, expense=LABOUR)


def peers(session: Session) -> None:
    """Seven villages of one county and size, one of them with much labour and, inside it, a fit-out."""
    county = support.county(session, "同类县")
    above = support.town(session, "同类镇", above=county)
    for at in range(6):
        quiet = support.village(session, f"同类{at}", above=above, households=450 + 20 * at)
        year(session, quiet, 2026, 15 + at)
    village = support.village(session, "同类异常", above=above, households=500)
    year(session, village, 2026, 38, expense=GOODS)
    for at in range(20):
        purpose = None if at < 2 else "新办公楼装修木工工资" if at < 14 else "河道保洁"
        support.payment(
            session,
            village,
            paid_on=date(2025, 8, 1 + at),
            amount_fen=4_000_000,
            expense=LABOUR,
            purpose=purpose,
            purpose_key=purpose_key(purpose),
            payee_kind=PartyKind.FIRM if at % 2 else PartyKind.PERSON,
        )


def told_of(said: dict[tuple[str, str], str], name: str) -> list[str]:
    return [told for (village, _), told in said.items() if village == name]


@pytest.mark.parametrize("name", CASES)
def test_each_case(said: dict[tuple[str, str], str], name: str) -> None:
    assert told_of(said, name) == [CASES[name][2]]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("支出太少", []),
        ("用工太少", []),
        ("没有户数", ["?户数"]),
        ("科目不明", ["?科目"]),
        ("科目略有不明", ["red"]),
        ("往来不算", ["red"]),
        ("作废的不算", ["?付款台账"]),
        ("本季度的还不算", []),
        *[(f"同类{at}", ["clear"]) for at in range(6)],
        ("同类异常", ["red"]),
    ],
)
def test_what_is_compared(said: dict[tuple[str, str], str], name: str, told: list[str]) -> None:
    assert told_of(said, name) == told


def test_the_subject_is_the_quarter_with_the_most_labour(
    shared: Session, said: dict[tuple[str, str], str]
) -> None:
    assert ("同类异常", "2025Q3") in said
    later = support.verdicts(shared, RULE, date(2026, 6, 29))
    assert later["同类异常", "2025Q3"] == "red"
    assert ("同类异常", "2025Q3") not in support.verdicts(shared, RULE, date(2026, 9, 30))


def test_the_last_day_of_a_quarter_counts(shared: Session, said: object) -> None:
    assert told_of(support.verdicts(shared, RULE, date(2026, 6, 30)), "本季度的还不算") == []
    with shared.begin_nested() as savepoint:
        village = support.village(shared, "季末", households=1)
        for month in (4, 5, 6):
            for at in range(10):
                day = date(2026, month, 30) if at == 0 else date(2026, month, at)
                support.payment(shared, village, paid_on=day, amount_fen=3_000_000, expense=LABOUR)
        ended = told_of(support.verdicts(shared, RULE, date(2026, 6, 30)), "季末")
        running = told_of(support.verdicts(shared, RULE, date(2026, 6, 29)), "季末")
        savepoint.rollback()
    assert (ended, running) == (["red"], [])


def test_the_evidence_drills_down(shared: Session, said: object) -> None:
    found: Finding = next(
        one for one in support.evaluate(shared, RULE, AS_OF).findings if "同类异常" in one.basis
    )
    facts = found.evidence
    assert facts["labour_fen"] == 80_000_000
    assert facts["building_fen"] == 48_000_000  # six tenths: the fit-out
    assert facts["unsaid_fen"] == 8_000_000
    assert facts["purposes"][0] == {"purpose": "办公楼装修", "amount_fen": 48_000_000, "payments": 12}
    assert facts["firms_fen"] == facts["persons_fen"] == 40_000_000
    assert facts["peer_count"] == 6
    assert facts["row_count"] == 20
    assert "60%是工程建设用工，10%没有写用途" in found.basis
    assert "户数相近的村一般占 18%" in found.basis or "户数相近的村一般占 17%" in found.basis
