"""What a correction changed, in words that people can follow."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.core import clock
from app.models import DisclosureVersion
from app.services import revisions
from app.services.snippets import Segment
from tests import factories
from tests.services.published import publish


def shown(segments: list[Segment]) -> str:
    return "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in segments)


def version(**text: Any) -> DisclosureVersion:
    values = {"title": "收支公开", "summary": "一句话", "body": "", "figures": {}, "table": {}}
    return DisclosureVersion(**(values | text))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {}, []),
        (
            {"summary": "支出 17.89 万"},
            {"summary": "支出 18.09 万"},
            [("一句话说明", "支出 [17.89] 万", "支出 [18.09] 万")],
        ),
        ({"title": "九月收支"}, {"title": "十月收支"}, [("标题", "[九]月收支", "[十]月收支")]),
        (
            {"figures": {"收入": "12 万元", "旧": "1"}},
            {"figures": {"收入": "13 万元", "新": 0}},
            [("收入", "[12 万元]", "[13 万元]"), ("旧", "[1]", ""), ("新", "", "[0]")],
        ),
        (
            {"body": "甲。\n乙。\n丙。"},
            {"body": "甲。\n乙己。\n丙。\n丁。"},
            [("正文", "乙。", "乙[己]。"), ("正文", "", "[丁。]")],
        ),
        (
            {"table": {"columns": ["项目", "金额"], "rows": [["路灯", "100"], ["保洁", "80"]]}},
            {"table": {"columns": ["项目", "金额"], "rows": [["路灯", "180"], ["保洁", "80"], ["<b>", "1"]]}},
            [("表格「路灯」的金额", "[100]", "[180]"), ("表格中的一行", "", "[<b> · 1]")],
        ),
        (
            {"table": {"columns": ["项目"], "rows": [["路灯"]]}},
            {"table": {"columns": ["项目", "金额"], "rows": [["路灯", "1"]]}},
            [("表头", "[项目]", "[项目、金额]"), ("整张表", "[1 行]", "[重新列了，1 行]")],
        ),
        ({"table": {"columns": ["项目"], "rows": [["甲"]]}}, {}, [("表格中的一行", "[甲]", "")]),
    ],
)
def test_differences(old: dict[str, Any], new: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    found = revisions.differences(version(**old), version(**new))
    assert [(one.place, shown(one.before), shown(one.after)) for one in found] == expected


def test_long_texts_are_not_compared_letter_by_letter() -> None:
    found = revisions.differences(version(body="甲" * 3000), version(body="甲" * 3001))
    assert [(len(one.before), len(one.after)) for one in found] == [(1, 1)]


def test_only_published_versions_are_shown_the_newest_first(session: Session) -> None:
    made, first = publish(session, factories.places(session).village, "旧标题")
    for number, title, published, reason in (
        (2, "没公开过的", None, ""),
        (3, "新标题", clock.now(), "标题写错"),
        (4, "待审的更正", None, "再改"),
    ):
        session.add(
            DisclosureVersion(
                disclosure_id=made.id,
                number=number,
                title=title,
                summary=first.summary,
                reason=reason,
                published_at=published,
            )
        )
    made.current_version, made.proposed_version = 3, 4
    session.flush()

    found = revisions.history(session, made)

    assert [(one.ordinal, one.version.title, one.version.reason) for one in found] == [
        (2, "新标题", "标题写错"),
        (1, "旧标题", ""),
    ]
    assert [shown(one.after) for one in found[0].differences] == ["[新]标题"]


def test_very_long_texts_are_compared_line_by_line() -> None:
    """Aligning thousands of equal lines would take many seconds, each time somebody opens the page."""
    old, new = version(body="同\n" * 9_000 + "旧"), version(body="同\n" * 9_000 + "新")

    began = time.process_time()
    found = revisions.differences(old, new)

    assert [(shown(one.before), shown(one.after)) for one in found] == [("[旧]", "[新]")]
    assert time.process_time() - began < 2
