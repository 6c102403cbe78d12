"""The public page of a village's chain, and the head on receipts."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.core import clock
from app.core.db import Database
from app.models import Organisation
from app.models.chain import ChainEvent
from app.services import chain
from tests.h5.support import Town, as_villager, form_of, press
from tests.services.chained import add_version, long_chain, publish, withdraw


@pytest.fixture
def home(borrowed: Database, town: Town) -> str:
    """The page of a village with five links."""
    with borrowed.transaction() as session:
        long_chain(session, session.get_one(Organisation, town.village.id))
    return f"/verify?village={town.village.code}"


def head_of(borrowed: Database, town: Town) -> chain.Head:
    with borrowed.reading() as session:
        head = chain.head(session, town.village.id)
    assert head is not None
    return head


def test_the_page_shows_head_and_links(client: TestClient, borrowed: Database, town: Town, home: str) -> None:
    page = client.get(home).text

    assert head_of(borrowed, town).printed in page
    assert [f"第 {number} 环" in page for number in (1, 5)] == [True, True]
    assert "第三条" in page
    assert "第一次核对还没有做" in page
    with borrowed.transaction() as session:
        chain.check(session, village_id=town.village.id)
    assert "没有发现改动" in client.get(home).text


def test_what_the_nightly_verification_found_is_public(
    client: TestClient, borrowed: Database, town: Town, home: str
) -> None:
    with borrowed.transaction() as session:
        session.execute(text("UPDATE disclosure_version SET body = 'x' WHERE title = '第三条'"))
        chain.check(session, village_id=town.village.id)

    assert "发现改动" in client.get(home).text


def test_an_old_head_is_checked(client: TestClient, borrowed: Database, town: Town, home: str) -> None:
    old = head_of(borrowed, town)
    with borrowed.transaction() as session:
        publish(session, session.get_one(Organisation, town.village.id), "后来的一条")
    form = form_of(client.get(home).text, "/verify")

    def ask(head: str) -> str:
        return client.get("/verify", params=form.data(head=head)).text

    assert "对得上" in ask(f"第 {old.number} 环 {old.printed}")
    assert "后来又接了 1 环，环环相扣" in ask(old.short)
    assert "它就是现在的链头" in ask(head_of(borrowed, town).short)
    assert "指纹和您的不一样" in ask(f"{old.number}:{'0' * 20}")
    assert "只到第 6 环" in ask(f"99:{'0' * 20}")
    unread = client.get("/verify", params=form.data(head="什么"))
    assert (unread.status_code, "看不懂这个链头" in unread.text) == (400, True)


def test_a_broken_chain_is_told(client: TestClient, borrowed: Database, town: Town, home: str) -> None:
    with borrowed.transaction() as session:
        session.execute(text("UPDATE chain_link SET event = 'published' WHERE number = 4"))
        first = session.execute(text("SELECT digest FROM chain_link WHERE number = 1")).scalar_one()

    assert "链断了" in client.get(home, params={"village": town.village.code, "head": f"1:{first}"}).text


def test_anybody_can_take_the_files_and_compute(
    client: TestClient, town: Town, home: str, borrowed: Database
) -> None:
    page = client.get(home).text
    links = re.findall(r'href="(/verify/link\?[^"]+)"', page)
    assert len(links) == 5
    newest = client.get(links[0].replace("&amp;", "&"))
    assert newest.headers["content-type"].startswith("text/plain")
    assert hashlib.sha256(newest.content).hexdigest() == head_of(borrowed, town).digest
    query = f"village={town.village.code}&number=3"
    content = client.get(f"/verify/content?{query}").content
    assert hashlib.sha256(content).hexdigest() in client.get(f"/verify/link?{query}").text
    hidden = client.get(f"/verify/content?village={town.village.code}&number=2")
    assert (hidden.status_code, "已经撤回" in hidden.text) == (404, True)
    assert client.get(f"/verify/link?village={town.village.code}&number=77").status_code == 404


def test_older_links_are_on_further_pages(
    client: TestClient, borrowed: Database, town: Town, home: str
) -> None:
    with borrowed.transaction() as session:
        village = session.get_one(Organisation, town.village.id)
        for number in range(20):
            publish(session, village, f"再一条 {number}")
    page = client.get(home).text
    older = re.search(r'href="(/verify\?[^"]+before=\d+)"', page)

    assert older is not None
    further = client.get(older[1].replace("&amp;", "&")).text
    assert "第 1 环" in further
    assert "再一条 19" not in further


def test_without_a_village_one_is_chosen(client: TestClient, town: Town) -> None:
    page = client.get("/verify").text
    assert town.village.name in page
    form = form_of(page, "/verify")
    assert client.get("/verify", params=form.data(village=town.village.code)).status_code == 200
    assert "还没有开始" in client.get(f"/verify?village={town.village.code}").text
    assert client.get("/verify?village=nowhere").status_code == 404


def test_receipts_carry_the_head(client: TestClient, borrowed: Database, town: Town, home: str) -> None:
    printed = head_of(borrowed, town).printed
    words = {"content": "村口的路灯坏了三天，晚上看不见路。", "category": "public_works"}

    with time_machine.travel(clock.now(), tick=False) as later:
        form = form_of(client.get(f"{town.home}/complain/anonymous").text, "/complain/anonymous")
        later.shift(timedelta(seconds=5))
        assert printed in client.post(form.action, data=form.data(**words)).text
    as_villager(client, borrowed)
    named = press(client, f"{town.home}/complain", "/complain", **words)
    assert printed in client.get(named.headers["location"]).text


def test_of_what_was_withdrawn_the_list_shows_the_tombstone_s_title(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    """An earlier version's title may be what it was withdrawn for."""
    with borrowed.transaction() as session:
        village = session.get_one(Organisation, town.village.id)
        item = publish(session, village, "王小明等人补助")
        version = add_version(session, item, 2, title="困难补助公示", reason="标题有姓名")
        chain.extend(session, disclosure=item, version=version, event=ChainEvent.CORRECTED)
        withdraw(session, item)

    page = client.get(f"/verify?village={town.village.code}").text

    assert page.count("困难补助公示") == 3
    assert "王小明" not in page
