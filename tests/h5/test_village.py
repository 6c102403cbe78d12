"""A village's pages: what is public, what is counted, what is hidden."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core.db import Database
from app.models import Disclosure, ScanEvent
from app.services import disclosures, placements
from app.services.actors import Administrator
from tests import factories
from tests.h5.support import Town, as_villager

ADMIN = Administrator("test")


def _publish(database: Database, town: Town, **fields: object) -> Disclosure:
    with database.transaction() as session:
        made = factories.draft(session, town.village, town.information, **fields)
        disclosures.submit(
            session,
            acting=factories.acting(session, town.information),
            disclosure_id=made.id,
            keys=factories.KEYS,
        )
        return disclosures.publish(
            session,
            acting=factories.acting(session, town.reviewer),
            disclosure_id=made.id,
            keys=factories.KEYS,
        )


def test_home_shows_categories_newest_and_ways_to_act(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    made = _publish(borrowed, town)

    page = client.get(town.home)

    assert page.status_code == 200
    assert "东联村" in page.text
    assert "十月收入 12 万元，支出 8 万元。" in page.text
    assert f"{town.home}/d/{made.id}" in page.text
    assert f"{town.home}/c/finance" in page.text
    assert "李联络" in page.text
    assert f"{town.home}/complain" in page.text


@pytest.mark.parametrize(
    ("query", "headers", "counted"),
    [
        ("", {}, []),
        ("?p=board", {}, ["board"]),
        ("?p=", {}, [""]),
        ("?p=DROP%20TABLE", {}, [""]),
        ("?p=board", {"referer": "http://testserver/v/x"}, []),
        ("?p=board", {"cache-control": "max-age=0"}, []),
    ],
)
def test_only_scans_are_counted(
    client: TestClient,
    borrowed: Database,
    town: Town,
    query: str,
    headers: dict[str, str],
    counted: list[str],
) -> None:
    assert client.get(town.home + query, headers=headers).status_code == 200

    with borrowed.reading() as session:
        places = session.scalars(select(ScanEvent.place).where(ScanEvent.village_id == town.village.id))
        assert list(places) == counted


def test_detail_shows_the_plain_sentence_figures_and_table_and_no_names(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    made = _publish(
        borrowed,
        town,
        body="第一段。\n第二段。",
        figures={"收入": "12 万元"},
        table={"columns": ["日期", "金额"], "rows": [["10-02", "<b>3</b>"]]},
    )

    text = client.get(f"{town.home}/d/{made.id}").text

    assert text.index("十月收入 12 万元") < text.index("第一段。") < text.index("10-02")
    assert "&lt;b&gt;3&lt;/b&gt;" in text
    assert "村信息员" in text
    assert "村联络员" in text
    assert "陈信息" not in text
    assert "周监督" not in text


def test_a_withdrawn_item_is_a_tombstone(client: TestClient, borrowed: Database, town: Town) -> None:
    made = _publish(borrowed, town, body="写错的正文")
    with borrowed.transaction() as session:
        disclosures.withdraw(
            session,
            acting=factories.acting(session, town.reviewer),
            disclosure_id=made.id,
            reason="数字写错",
        )

    text = client.get(f"{town.home}/d/{made.id}").text

    assert "数字写错" in text
    assert "写错的正文" not in text
    assert "十月收入" not in text
    assert "十月收入" not in client.get(town.home).text


def test_drafts_and_other_villages_items_are_not_found(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    with borrowed.transaction() as session:
        draft = factories.draft(session, town.village, town.information)
        other = factories.places(session, "兴裕村")
    published = _publish(borrowed, town)

    assert client.get(f"{town.home}/d/{draft.id}").status_code == 404
    assert client.get(f"/v/{other.village.code}/d/{published.id}").status_code == 404
    assert client.get(f"{town.home}/c/nothing").status_code == 404
    assert client.get("/v/nowhere").status_code == 404


def test_the_follow_code_is_offered_to_who_does_not_follow(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    assert client.get(f"{town.home}/code.png").status_code == 404
    with borrowed.transaction() as session:
        placement = placements.ensure(session, acting=ADMIN, village=town.village)
        placements.issued(
            session,
            acting=ADMIN,
            placement_id=placement.id,
            app_id="wxofficial",
            ticket="t",
            url="http://weixin.qq.com/q/abc",
        )

    assert f"{town.home}/code.png" in client.get(town.home).text
    image = client.get(f"{town.home}/code.png")
    assert image.headers["content-type"] == "image/png"
    as_villager(client, borrowed, subscribed=False)
    assert "code.png" in client.get(town.home).text
    as_villager(client, borrowed, subscribed=True)
    assert "code.png" not in client.get(town.home).text


def test_the_menu_leads_to_the_village_scanned_last(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    assert client.get("/m/village").headers["location"] == "/"
    as_villager(client, borrowed)
    client.get(town.home + "?p=door")

    assert client.get("/m/village").headers["location"] == town.home


def test_start_page_finds_villages_by_name(client: TestClient, town: Town) -> None:
    assert town.home in client.get("/").text
    assert town.home in client.get("/", params={"q": " 东联"}).text
    missing = client.get("/", params={"q": "没有的村"})
    assert town.home not in missing.text
    assert "没有找到「没有的村」" in missing.text


def test_large_type_is_remembered_and_leads_nowhere_else(client: TestClient, town: Town) -> None:
    assert '<html lang="zh-CN">' in client.get(town.home).text
    answer = client.get("/size", params={"big": 1, "next": town.home})
    assert answer.headers["location"] == town.home
    assert 'class="big"' in client.get(town.home).text
    assert client.get("/size", params={"next": "//evil.example"}).headers["location"] == "/"


def test_pages_need_no_scripts_and_no_inline_styles(client: TestClient, town: Town) -> None:
    for path in ("/", town.home, f"{town.home}/complain", "/s", "/desk/login"):
        text = client.get(path).text
        # The complaint form has one script of its own and works without it.
        assert "<script" not in text.replace('<script src="/static/complain.js', "")
        assert " style=" not in text
        assert "onclick" not in text


def test_an_error_is_a_page_in_plain_words(client: TestClient) -> None:
    page = client.get("/v/nowhere")
    assert page.status_code == 404
    assert "没有找到这个村社" in page.text
    assert "</html>" in page.text
