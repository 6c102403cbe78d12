"""R27 村级平台沉寂."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.models import Complaint, Organisation, PageView
from app.models.complaints import ComplaintChannel
from app.models.disclosures import DisclosureState
from app.rules.village_silent import VillageSilent
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = VillageSilent()


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


def viewed(session: Session, village: Organisation, days: int, count: int = 1) -> None:
    support.add(session, PageView, village_id=village.id, day=before(days), count=count)


def complained(session: Session, village: Organisation, moment: datetime) -> None:
    support.add(
        session,
        Complaint,
        number=support.number("S"),
        village_id=village.id,
        category_code="public_works",
        channel=ComplaintChannel.PAGE,
        content="路灯坏了",
        filed_at=moment,
        accept_at=moment,
        finish_at=moment,
        promised_on=moment.date(),
    )


@pytest.fixture(scope="module")
def said(shared: Session) -> dict[str, str]:
    def village(name: str, since: int = 500) -> Organisation:
        return support.village(shared, name, since=before(since))

    for days in (29, 30, 59, 60):
        viewed(shared, village(f"{days} 天前有人看"), days)
    for days in (29, 30, 60):
        village(f"新设 {days} 天", since=days)
    busy = village("有公开")
    viewed(shared, busy, 90)
    support.disclosure(shared, busy, before(3))
    withdrawn = village("公开后撤回")
    support.disclosure(shared, withdrawn, before(3), state=DisclosureState.WITHDRAWN)
    complained(shared, village("有诉求"), support.at(before(3)))
    again = village("多次公开和诉求")
    for days in (200, 100, 45):
        support.disclosure(shared, again, before(days))
        complained(shared, again, support.at(before(days)))
    today = village("今天才公开")
    support.disclosure(shared, today, support.at(AS_OF, 15))
    support.disclosure(shared, village("明天才公开"), support.at(AS_OF, 16))
    complained(shared, village("今天有诉求"), support.at(AS_OF, 15))
    viewed(shared, village("今天有人看"), 0)
    viewed(shared, village("明天才有人看"), -1)
    complained(shared, village("明天才有诉求"), support.at(AS_OF, 16))
    viewed(shared, village("浏览数为零"), 3, count=0)
    support.disclosure(shared, village("只有草稿"), None)
    village("尚未启用", since=-1)
    early = village("录入前已有浏览", since=-1)
    viewed(shared, early, 45)
    support.village(shared, "已停用", since=before(500), active=False)
    return {place: told for (place, _), told in support.verdicts(shared, RULE, AS_OF).items()}


CASES = {
    "29 天前有人看": "clear",
    "30 天前有人看": "yellow",
    "59 天前有人看": "yellow",
    "60 天前有人看": "red",
    "新设 29 天": "clear",
    "新设 30 天": "yellow",
    "新设 60 天": "red",
    "有公开": "clear",
    "公开后撤回": "clear",
    "有诉求": "clear",
    "多次公开和诉求": "yellow",
    "今天才公开": "clear",
    "明天才公开": "red",
    "今天有诉求": "clear",
    "今天有人看": "clear",
    "明天才有人看": "red",
    "明天才有诉求": "red",
    "浏览数为零": "red",
    "只有草稿": "red",
    "录入前已有浏览": "yellow",
}


def test_each_case(said: dict[str, str]) -> None:
    assert said == CASES


def test_where_nobody_counts_views_nobody_is_silent(session: Session) -> None:
    quiet = support.village(session, "甲村", since=before(500))
    support.disclosure(session, quiet, before(61))
    busy = support.village(session, "乙村", since=before(500))
    support.disclosure(session, busy, before(3))

    said = support.verdicts(session, RULE, AS_OF)
    assert {place: told for (place, _), told in said.items()} == {"甲村": "?浏览量统计", "乙村": "clear"}

    viewed(session, busy, 60)
    assert "?浏览量统计" in support.verdicts(session, RULE, AS_OF).values()

    viewed(session, busy, 59)
    said = support.verdicts(session, RULE, AS_OF)
    assert {place: told for (place, _), told in said.items()} == {"甲村": "red", "乙村": "clear"}


def test_words_and_reasons(shared: Session, said: dict[str, str]) -> None:
    told = support.evaluate(shared, RULE, AS_OF)
    words = next(one for one in told.findings if one.title.startswith("59 天前有人看"))
    assert words.title == "59 天前有人看已 59 天没有动静"
    assert "从未公开" in words.basis
    assert "最近一次有人浏览在2026年2月15日" in words.basis
    assert "2026年4月12日已有公开、诉求或浏览。" in {one.reason for one in told.cleared.values()}
