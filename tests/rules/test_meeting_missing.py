"""R28 村民代表会议缺开. Every village recorded its first meeting in the third quarter of 2025."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from app.models.governance import MeetingKind
from app.rules.meeting_missing import MeetingMissing
from tests.rules import support

RULE = MeetingMissing()
Said = dict[tuple[str, str], str]
AS_OF = date(2026, 7, 11)  # the day after the grace of the second quarter of 2026


@pytest.fixture(scope="module")
def world(shared: Session) -> Session:
    def village(name: str, *held: date, kind: MeetingKind = MeetingKind.REPRESENTATIVES) -> None:
        place = support.village(shared, name)
        support.meeting(shared, place, held_on=date(2025, 8, 1))
        for day in held:
            support.meeting(shared, place, held_on=day, kind=kind)

    fourth, first, second = date(2025, 12, 31), date(2026, 1, 1), date(2026, 4, 20)
    village("每季开", fourth, first, second)
    village("二季度缺", fourth, first)
    village("一二季度缺", fourth)
    village("一季度缺后来开了", fourth, second)
    village("三季度才开", fourth, first, date(2026, 7, 11))
    village("明天才开", fourth, first, date(2026, 7, 12))
    village("开的是村民会议", fourth, first, second, kind=MeetingKind.VILLAGERS)
    village("开的是两委会议", fourth, first, second, kind=MeetingKind.COMMITTEE)
    village("从此不开")
    voided = support.village(shared, "作废的不算")
    support.meeting(shared, voided, held_on=date(2025, 8, 1))
    for day in (fourth, first):
        support.meeting(shared, voided, held_on=day)
    support.meeting(shared, voided, held_on=second, **support.VOIDED)
    new = support.village(shared, "刚启用")
    support.meeting(shared, new, held_on=date(2026, 4, 2), kind=MeetingKind.COMMITTEE)
    support.village(shared, "无台账")
    return shared


def fired(said: Said) -> dict[str, tuple[str, str]]:
    return {place: (quarter, told) for (place, quarter), told in said.items() if told != "clear"}


def test_as_of_the_day_after_grace(world: Session) -> None:
    said = support.verdicts(world, RULE, AS_OF)
    assert fired(said) == {
        "二季度缺": ("2026-Q2", "yellow"),
        "一二季度缺": ("2026-Q1", "red"),
        "明天才开": ("2026-Q2", "yellow"),
        "开的是两委会议": ("2025-Q4", "red"),
        "从此不开": ("2025-Q4", "red"),
        "作废的不算": ("2026-Q2", "yellow"),
        "无台账": ("", "?会议台账"),
    }
    assert said["一季度缺后来开了", "2026-Q1"] == "clear"
    assert said["三季度才开", "2026-Q2"] == "clear"
    assert said["每季开", "2026-Q2"] == "clear"
    assert "刚启用" not in {place for place, _ in said}


def test_within_grace_the_quarter_is_not_yet_looked_at(world: Session) -> None:
    said = support.verdicts(world, RULE, date(2026, 7, 10))
    assert "二季度缺" not in fired(said)
    assert fired(said)["一二季度缺"] == ("2026-Q1", "yellow")


def test_the_subject_stays_while_the_run_grows(world: Session) -> None:
    runs = [fired(support.verdicts(world, RULE, day))["从此不开"] for day in (date(2026, 1, 11), AS_OF)]
    assert runs == [("2025-Q4", "yellow"), ("2025-Q4", "red")]


def test_a_meeting_entered_late_for_its_quarter_clears_it(session: Session) -> None:
    village = support.village(session, "甲村")
    support.meeting(session, village, held_on=date(2025, 12, 1))
    assert fired(support.verdicts(session, RULE, AS_OF)) == {"甲村": ("2026-Q1", "red")}

    support.meeting(session, village, held_on=date(2026, 3, 31))
    said = support.verdicts(session, RULE, AS_OF)
    assert said["甲村", "2026-Q1"] == "clear"
    assert said["甲村", "2026-Q2"] == "yellow"


def test_words_and_reasons(world: Session) -> None:
    told = support.evaluate(world, RULE, AS_OF)
    titles = {one.title: one.basis for one in told.findings}
    assert "最近一次在2025年12月31日" in titles["从2026年第1季度起连续 2 个季度没有召开村民代表会议"]
    assert "2026年第2季度没有召开村民代表会议" in titles
    reasons = {one.reason for one in told.cleared.values()}
    merged = "已并入从2025年第4季度起的同一预警。"
    assert {merged, "台账已登记2026年4月20日召开的会议。", "已于2026年7月11日召开村民代表会议。"} <= reasons
