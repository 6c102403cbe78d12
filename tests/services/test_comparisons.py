"""Figures beside those of the period before."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models.disclosures import DisclosureState
from app.services import comparisons
from tests import factories
from tests.services.published import publish


def compared(session: Session, then: Any, now: Any, *, period: str = "2026-10", last: str = "2026-09") -> str:
    village = factories.places(session).village
    publish(session, village, "上期", period=last, figures={"支出": then})
    made, version = publish(session, village, "本期", period=period, figures={"支出": now})
    found = comparisons.changes(session, disclosure=made, version=version)
    return found["支出"].text if found else ""


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ("10 万元", "11.2 万元", "比上月多 1.2 万元（+12%）"),
        ("12,000.00 元", "9,000.00 元", "比上月少 3,000 元（-25%）"),
        ("1.5万元", "￥15,000", "和上月一样"),
        ("0 元", "300 元", "比上月多 300 元"),
        ("-200 元", "300 元", "比上月多 500 元"),
        ("100,000 元", "100,001 元", "比上月多 1 元"),
        ("35 户", "32户", "比上月少 3 户（-9%）"),
        (12, 18, "比上月多 6（+50%）"),
        (1200, 3400, "比上月多 2,200（+183%）"),
        ("95%", "97.5%", "比上月多 2.5 个百分点"),
        ("35 户", "32 人", ""),
        ("10 万元", "见附件", ""),
        ("十万元", "11 万元", ""),
        ("10 万元", "约 11 万元", ""),
        ("3 元", 3, ""),
        ("0.0001 亩", "9" * 30 + " 亩", "比上月多 1" + ",000" * 10 + f" 亩（+1{'0' * 36}%）"),
        (None, 3, ""),
        (True, 3, ""),
    ],
)
def test_a_change_is_said_in_words_or_not_at_all(session: Session, then: Any, now: Any, said: str) -> None:
    assert compared(session, then, now) == said


@pytest.mark.parametrize(
    ("period", "last", "said"),
    [
        ("2026-01", "2025-12", "比上月多 1"),
        ("2026-Q1", "2025-Q4", "比上季度多 1"),
        ("2026-Q3", "2026-Q2", "比上季度多 1"),
        ("2026", "2025", "比上年多 1"),
        ("2026-10", "2026-08", ""),
        ("2026-13", "2026-12", ""),
        ("", "", ""),
    ],
)
def test_the_period_before(session: Session, period: str, last: str, said: str) -> None:
    assert compared(session, 4, 5, period=period, last=last).removesuffix("（+25%）") == said


def test_only_one_public_item_of_this_village_and_category_counts(session: Session) -> None:
    places = factories.places(session)
    other = factories.village(session, places.town)
    publish(session, other, period="2026-09", figures={"支出": 1})
    publish(session, places.village, period="2026-09", figures={"支出": 2}, category="labour")
    gone, _ = publish(session, places.village, period="2026-09", figures={"支出": 3})
    gone.state = DisclosureState.WITHDRAWN
    made, version = publish(session, places.village, period="2026-10", figures={"支出": 4, "收入": 9})
    assert comparisons.changes(session, disclosure=made, version=version) == {}

    publish(session, places.village, period="2026-09", figures={"支出": 3})
    found = comparisons.changes(session, disclosure=made, version=version)
    assert {label: (change.direction, change.text) for label, change in found.items()} == {
        "支出": (1, "比上月多 1（+33%）")
    }

    publish(session, places.village, period="2026-09", figures={"支出": 5})
    assert comparisons.changes(session, disclosure=made, version=version) == {}
