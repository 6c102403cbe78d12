"""Searching what a village publishes: what is found, in which order, by which index, and how it is shown."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput
from app.models import Attachment, AttachmentText, Organisation, Project
from app.models.disclosures import AttachmentOwner, DisclosureState
from app.services import search, snippets
from app.services.actors import Visitor
from tests import factories
from tests.services.published import publish


@pytest.fixture
def village(session: Session) -> Organisation:
    return factories.places(session).village


def titles(session: Session, village: Organisation, words: str) -> list[str]:
    found = search.find(session, Visitor(), village_id=village.id, words=words)
    return [hit.version.title for hit in found.hits]


@pytest.mark.parametrize(
    "words",
    [
        "路灯",
        "灯",
        "维修",
        "太阳能路灯",
        "更换",
        "3盏",
        "3 更换",
        "LED",
        "ｌｅｄ",
        "老张灯具店",
        "人工费",
        "1,200.50 元",
        "合计",
        "「路灯更换」",
        '"更换 3 盏"',
        "村口 灯具店",
        "路灯维修",
    ],
)
def test_words_of_title_sentence_text_figures_and_table_are_found(
    session: Session, village: Organisation, words: str
) -> None:
    publish(
        session,
        village,
        "太阳能路灯维修",
        summary="村口路灯更换 3 盏。",
        body="第一段。\n用的是 LED 灯。",
        figures={"合计": "1,200.50 元"},
        table={"columns": ["项目", "收款"], "rows": [["人工费", "老张灯具店"]]},
    )

    assert titles(session, village, words) == ["太阳能路灯维修"]


@pytest.mark.parametrize(
    "words", ["路障", "障", "灯路", "「维修路灯」", "「口更」", "路灯 低保", "200.51", '"盏 3"', "LE"]
)
def test_what_is_not_there_is_not_found(session: Session, village: Organisation, words: str) -> None:
    publish(session, village, "路灯维修", summary="村口，更换 3 盏。", body="合计 1,200.50 元，LED 灯。")

    assert titles(session, village, words) == []


def test_only_this_village_and_only_what_is_public(session: Session) -> None:
    places = factories.places(session)
    other = factories.village(session, places.town)
    publish(session, other, "邻村的路灯")
    withdrawn, _ = publish(session, places.village, "撤回的路灯")
    withdrawn.state = DisclosureState.WITHDRAWN
    forgotten, _ = publish(session, places.village, "忘掉的路灯")
    search.forget(session, forgotten.id)
    publish(session, places.village, "本村的路灯")

    assert titles(session, places.village, "路灯") == ["本村的路灯"]


def test_a_correction_replaces_what_is_found(session: Session, village: Organisation) -> None:
    made, version = publish(session, village, "发放低保金", body="王小明")
    version.body = "王某"
    search.index(session, disclosure=made, version=version)

    assert titles(session, village, "王小明") == []
    assert titles(session, village, "低保") == ["发放低保金"]


def test_names_and_texts_of_shown_files_and_the_project_are_found(
    session: Session, village: Organisation
) -> None:
    project = Project(id=uuid.uuid4(), village_id=village.id, number="P1", name="文化礼堂改造")
    session.add(project)
    session.flush()
    made, version = publish(session, village, "公告", project_id=project.id)
    for name, since, dropped in (("招标文件.pdf", 1, None), ("旧稿.pdf", 1, 1), ("以后.pdf", 2, None)):
        file = Attachment(
            id=uuid.uuid4(),
            owner_kind=AttachmentOwner.DISCLOSURE,
            owner_id=made.id,
            name=name,
            since_version=since,
            dropped_in_version=dropped,
        )
        session.add(file)
        session.flush()
        session.add(
            AttachmentText(
                id=uuid.uuid4(),
                attachment_id=file.id,
                position=1,
                label="第1页",
                text=f"资质要求{since}{dropped or ''}",
                readable=True,
            )
        )
    session.flush()
    search.index(session, disclosure=made, version=version)

    assert titles(session, village, "文化礼堂") == ["公告"]
    assert titles(session, village, "招标文件") == ["公告"]
    assert titles(session, village, "资质") == ["公告"]
    assert titles(session, village, "旧稿") == []
    assert titles(session, village, "以后") == []


def test_long_texts_are_found_whole(session: Session, village: Organisation) -> None:
    """Beyond 16,383 places and 255 repetitions, and a phrase across the border of two parts."""
    filler = "".join(chr(0x4E00 + number % 5000) for number in range(search.CHUNK - 2))
    body = "路" * 3000 + "\n" + "路灯" * 900 + "\n" + filler + "村口祠堂翻修" + filler * 4 + "最后一句话"
    made, _ = publish(session, village, "长文", body=body)

    for words in ("「村口祠堂翻修」", "最后一句话", "路灯", "村口 最后一句", "长文 「最后一句」"):
        assert titles(session, village, words) == ["长文"], words
    parts = session.execute(
        text("SELECT count(*) FROM disclosure_search WHERE disclosure_id = :id"), {"id": made.id}
    ).scalar_one()
    assert parts > 2


def test_what_is_missing_in_the_index_is_added_once(session: Session, village: Organisation) -> None:
    for number in range(3):
        made, _ = publish(session, village, f"路灯{number}")
        search.forget(session, made.id)
    withdrawn, _ = publish(session, village, "撤回的路灯")
    withdrawn.state = DisclosureState.WITHDRAWN
    search.forget(session, withdrawn.id)
    session.flush()

    assert [search.backfill(session, limit=2) for _ in range(3)] == [2, 1, 0]
    assert sorted(titles(session, village, "路灯")) == ["路灯0", "路灯1", "路灯2"]


def test_titles_come_first_then_the_newest_page_by_page(session: Session, village: Organisation) -> None:
    now = clock.now()
    for day in range(4):
        publish(session, village, f"正文{day}", body="低保发放", at=now - timedelta(days=day))
        publish(session, village, f"低保标题{day}", at=now - timedelta(days=100 + day))
    publish(session, village, "同一刻甲", body="低保", at=now - timedelta(days=9))
    publish(session, village, "同一刻乙", body="低保", at=now - timedelta(days=9))

    seen: list[str] = []
    after: str | None = None
    for _ in range(10):
        page = search.find(session, Visitor(), village_id=village.id, words="低保", limit=3, after=after)
        seen += [hit.version.title for hit in page.hits]
        after = page.next
        if after is None:
            break

    assert seen[:8] == [f"低保标题{day}" for day in range(4)] + [f"正文{day}" for day in range(4)]
    assert sorted(seen[8:]) == ["同一刻乙", "同一刻甲"]


@pytest.mark.parametrize("words", ["", "  ", "，。", "''", "字" * 61])
def test_questions_without_words_are_refused(session: Session, village: Organisation, words: str) -> None:
    with pytest.raises(BadInput):
        titles(session, village, words)


@pytest.mark.parametrize("words", ["' | 'a", "路灯')", "!路灯", "a:*", "\\", "路灯 & !灯", "<->", "v:0"])
def test_operators_are_only_letters(session: Session, village: Organisation, words: str) -> None:
    publish(session, village, "无关的事")
    with suppress(BadInput):
        assert titles(session, village, words) == []


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "W3RydWUsICIyMDI2LTAxLTAxIiwgIngiXQ"])
def test_foreign_cursors_are_refused(session: Session, village: Organisation, cursor: str) -> None:
    with pytest.raises(BadInput, match="翻页"):
        search.find(session, Visitor(), village_id=village.id, words="路灯", after=cursor)


@pytest.mark.parametrize("words", ["路灯", "灯", "路灯 维修", "「路灯维修」"])
def test_the_index_answers(session: Session, village: Organisation, words: str) -> None:
    """The words and the village are one condition of one index: without reading whole tables, in whichever
    order, there is a way."""
    publish(session, village, "路灯维修")
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_indexscan = off"))
    query = search.statement(
        Visitor(), village_id=village.id, words=search.words_of(words), limit=20
    ).compile(session.get_bind(), compile_kwargs={"literal_binds": True})

    plan = "\n".join(session.scalars(text(f"EXPLAIN {query}".replace(":", r"\:"))))

    assert "Bitmap Index Scan on ix_disclosure_search_tokens" in plan
    condition = rf"Index Cond: \(tokens @@ '''v:{village.id.hex}'' & "
    assert re.search(condition, plan)


def shown(segments: list[snippets.Segment]) -> str:
    return "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in segments)


@pytest.mark.parametrize(
    ("texts", "words", "expected"),
    [
        (["村口路灯更换"], "路灯", "村口[路灯]更换"),
        (["没有", "第二段的路灯"], "路灯", "第二段的[路灯]"),
        (["没有的话给开头"], "路灯", "没有的话给开头"),
        (["ＬＥＤ 灯"], "led", "[ＬＥＤ] 灯"),
        (["路灯的维修"], "路灯维修", "[路灯]的[维修]"),
        (["<b>路灯</b>"], "路灯", "<b>[路灯]</b>"),
        (["前" * 40 + "路灯" + "后" * 90], "路灯", "…" + "前" * 16 + "[路灯]" + "后" * 62 + "…"),
        (["路灯路灯"], "路灯", "[路灯路灯]"),
        (["金额 1,200 元"], "1,200", "金额 [1,200] 元"),
        ([], "路灯", ""),
    ],
)
def test_the_place_is_shown_with_the_words_marked(texts: list[str], words: str, expected: str) -> None:
    patterns = [(word.text, word.exact) for word in search.words_of(words)]
    assert shown(snippets.snippet(texts, patterns)) == expected
