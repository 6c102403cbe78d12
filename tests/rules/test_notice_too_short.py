"""R23 公示期不足. 低保 asks for 7 work days, 中标结果 for 3 days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.models import DisclosureCategory, Organisation
from app.models.disclosures import Disclosure, DisclosureKind, DisclosureState, DisclosureVersion
from app.models.trust import SettingHistory
from app.rules.notice_too_short import NoticeTooShort
from tests.rules import support

AS_OF = date(2026, 4, 15)
RULE = NoticeTooShort()
Said = dict[tuple[str, str], str]
CATEGORY = "test_notice"


def before(days: int) -> date:
    return AS_OF - timedelta(days=days)


class World:
    """A category that asks for 7 days, 5 until 100 days ago, and none before 200 days ago."""

    def __init__(self, session: Session) -> None:
        self.session, self.village = session, support.village(session, "甲村")
        self.named: dict[Any, str] = {}
        session.add(
            DisclosureCategory(
                code=CATEGORY,
                name="低保公示",
                position=999,
                fixed=False,
                notice_days=7,
                in_force_from=before(200),
            )
        )
        session.add(
            SettingHistory(
                at=support.at(before(100)),
                noun="disclosure_category",
                noun_id=CATEGORY,
                actor_kind="administrator",
                reason="按新规定",
                before={"notice_days": 5},
                after={"notice_days": 7},
            )
        )
        session.flush()

    def notice(
        self, label: str, days_ago: int, days: int | None, *, withdrawn: date | None = None, **fields: Any
    ) -> Disclosure:
        shown = before(days_ago)
        state = (
            {"state": DisclosureState.WITHDRAWN, "withdrawn_at": support.at(withdrawn)} if withdrawn else {}
        )
        until = None if days is None else shown + timedelta(days=days)
        usual = {
            "category_code": CATEGORY,
            "notice_days": days,
            "notice_until": until,
            "period": label,
        }
        row = support.disclosure(self.session, self.village, shown, **(usual | state | fields))
        self.named[row.id] = label
        support.add(
            self.session,
            DisclosureVersion,
            disclosure_id=row.id,
            number=1,
            title=label,
            summary="",
            published_at=row.published_at,
        )
        return row


@pytest.fixture(scope="module")
def said(shared: Session) -> Said:
    world = World(shared)
    world.notice("7 days", 20, 7)
    world.notice("6 days", 20, 6)
    world.notice("7 days, but until the sixth", 20, 7, notice_until=before(14))
    world.notice("5 days when 5 were asked", 101, 5)
    world.notice("4 days when 5 were asked", 101, 4)
    world.notice("before the rule", 201, 3)
    world.notice("on the rule's first day", 200, 3)
    world.notice("withdrawn today", 2, 7, withdrawn=AS_OF)
    world.notice("no days", 20, None)
    world.notice("withdrawn on the last day", 20, 7, withdrawn=before(13))
    world.notice("withdrawn after the last day", 20, 7, withdrawn=before(12))
    world.notice("withdrawn tomorrow", 2, 7, withdrawn=before(-1))
    world.notice("withdrawn, nobody knows when", 20, 7, state=DisclosureState.WITHDRAWN)
    world.notice("urgent", 20, 1, kind=DisclosureKind.URGENT_NOTICE)
    world.notice("draft", 20, 1, state=DisclosureState.DRAFT)
    world.notice("too long ago", 367, 1, category_code="works_award")
    plain: dict[str, Any] = {"category_code": "finance"}
    world.notice("none asked, none given", 20, None, **plain)
    world.notice("none asked, one given and kept", 20, 5, **plain)
    world.notice("none asked, one given and cut", 20, 5, withdrawn=before(19), **plain)
    world.notice("award of 2 days", 20, 2, kind=DisclosureKind.AWARD_NOTICE, **plain)
    world.notice("award of 3 days", 20, 3, kind=DisclosureKind.AWARD_NOTICE, **plain)
    _again(world)
    support.village(shared, "乙村")
    return support.verdicts(shared, RULE, AS_OF, named=world.named)


def _again(world: World) -> None:
    """Cut short 13 days before the end of the look, then given anew."""

    def pair(label: str, days_ago: int, days: int, **fields: Any) -> None:
        world.notice(label, 20, 7, withdrawn=before(18))
        world.notice(f"{label}: second", days_ago, days, **({"period": label} | fields))

    pair("mended", 8, 7)
    pair("mended on the same day", 18, 7)
    pair("second cut as well", 12, 7, withdrawn=before(5))
    pair("second still runs", 7, 7)
    pair("second too short", 9, 6)
    pair("second of another matter", 9, 7, period="别的事")


CASES = {
    "7 days": "clear",
    "6 days": "red",
    "7 days, but until the sixth": "red",
    "5 days when 5 were asked": "clear",
    "4 days when 5 were asked": "red",
    "on the rule's first day": "red",
    "withdrawn today": "red",
    "no days": "?公示天数",
    "withdrawn on the last day": "red",
    "withdrawn after the last day": "clear",
    "withdrawn tomorrow": "clear",
    "withdrawn, nobody knows when": "?撤回日期",
    "none asked, one given and kept": "clear",
    "none asked, one given and cut": "red",
    "award of 2 days": "red",
    "award of 3 days": "clear",
    "mended": "clear",
    "mended: second": "clear",
    "mended on the same day": "clear",
    "mended on the same day: second": "clear",
    "second cut as well": "red",
    "second cut as well: second": "red",
    "second still runs": "red",
    "second still runs: second": "clear",
    "second too short": "red",
    "second too short: second": "red",
    "second of another matter": "red",
    "second of another matter: second": "clear",
}


@pytest.mark.parametrize("case", CASES)
def test_each_case(said: Said, case: str) -> None:
    assert said["甲村", case] == CASES[case]


def test_what_is_not_looked_at(said: Said) -> None:
    assert {case for place, case in said if place == "甲村"} == set(CASES)


def test_a_village_that_published_nothing_is_not_clean(said: Said) -> None:
    assert said["乙村", ""] == "?公开记录"


def test_a_correction_begins_the_notice_anew(shared: Session, said: Said) -> None:
    village = shared.query(Organisation).filter_by(name="甲村").one()
    row = support.disclosure(
        shared,
        village,
        before(40),
        category_code=CATEGORY,
        notice_days=7,
        notice_until=before(13),
        current_version=2,
    )
    for number, shown in ((1, before(40)), (2, before(20))):
        support.add(
            shared,
            DisclosureVersion,
            disclosure_id=row.id,
            number=number,
            title="更正",
            summary="",
            published_at=support.at(shown),
        )
    told = support.evaluate(shared, RULE, AS_OF)
    assert told.cleared[f"{village.id}:{row.id}"].reason == "公示期符合规定。"


def test_words_and_reasons(shared: Session, said: Said) -> None:
    told = support.evaluate(shared, RULE, AS_OF)
    basis = {one.title: one.basis for one in told.findings}
    assert "2026年3月26日公示的" in basis["6 days的公示期少于规定"]
    assert "规定至少公示 7 天" in basis["6 days的公示期少于规定"]
    assert "应公示到2026年4月2日，2026年4月2日就撤下了" in basis["withdrawn on the last day没到期就撤下"]
    reasons = {clearing.reason for clearing in told.cleared.values()}
    assert "同一事项已重新公示，2026年4月14日公示期满。" in reasons
