"""What villagers do with what is published, over HTTP: follow, ask, object, open a push; and the desk."""

from __future__ import annotations

import uuid
from typing import TypeVar

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core import clock
from app.core.db import BorrowedDatabase, Database
from app.models import Disclosure, Objection, OutgoingMessage, Question, VillageFollow
from app.models.delivery import MessageKind
from app.models.disclosures import DisclosureKind
from app.models.interaction import ObjectionState, QuestionState
from app.services import broadcasts, outbox
from tests.h5.support import Town, as_villager, form_of, has_form, log_in, press
from tests.services.noticed import public_item

WORDS = "这笔河道保洁费是请谁做的？"
Asked = TypeVar("Asked", Question, Objection)
LEAK = "请的是王小明，电话 13812345678。"


@pytest.fixture
def item(borrowed: BorrowedDatabase, town: Town) -> Disclosure:
    with borrowed.transaction() as session:
        return public_item(session, town.village, town.information)


def page_of(town: Town, item: Disclosure) -> str:
    return f"{town.home}/d/{item.id}"


def ask(client: TestClient, town: Town, item: Disclosure, text: str = WORDS) -> None:
    answer = press(client, f"{page_of(town, item)}/ask", "/ask", text=text)
    assert answer.status_code == 303, answer.text


def only(database: Database, model: type[Asked]) -> Asked:
    with database.reading() as session:
        return session.scalars(select(model)).one()


def test_following_is_a_button_and_shows_how_messages_come(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    client.cookies.clear()
    assert "登录后关注" in client.get(town.home).text

    identity = as_villager(client, borrowed)
    assert press(client, town.home, "/follow").status_code == 303
    page = client.get(town.home).text
    assert "1 人关注" in page
    assert "每次都能收到" in page
    with borrowed.transaction() as session:
        session.merge(identity).subscribed = False
    assert "暂时收不到消息" in client.get(town.home).text

    assert press(client, town.home, "/unfollow").status_code == 303
    with borrowed.reading() as session:
        assert session.scalars(select(VillageFollow)).all() == []


def test_a_form_of_another_login_follows_nothing(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    as_villager(client, borrowed)
    form = form_of(client.get(town.home).text, "/follow")
    as_villager(client, borrowed)

    assert client.post(form.action, data=form.data()).status_code == 400
    client.cookies.clear()
    assert client.post(form.action, data=form.data()).status_code in (400, 401)
    with borrowed.reading() as session:
        assert session.scalars(select(VillageFollow)).all() == []


def test_asking_begins_with_the_login_of_wechat(client: TestClient, town: Town, item: Disclosure) -> None:
    client.cookies.clear()
    assert "我要提问" in client.get(page_of(town, item)).text
    answer = client.get(f"{page_of(town, item)}/ask")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/oauth/start?next=")


def test_a_question_is_answered_where_everybody_reads(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    as_villager(client, borrowed)
    ask(client, town, item)
    mine = client.get(page_of(town, item)).text
    assert WORDS in mine
    assert "我的提问 · 待答复" in mine
    client.cookies.clear()
    others = client.get(page_of(town, item)).text
    assert WORDS not in others
    assert "1 条待答复" in others

    log_in(client, borrowed, town.information)
    home = client.get("/desk").text
    assert "村民的提问和异议" in home
    assert WORDS in home
    desk = f"/desk/questions/{only(borrowed, Question).id}"
    refused = press(client, desk, "/answer", text=LEAK)
    assert refused.status_code == 422
    assert "13812345678" not in refused.text
    offered = form_of(refused.text, "/answer")
    assert "*" in offered.fields["text"][0]
    sent = client.post(offered.action, data=offered.data(text="请的是本村三位村民，每天 120 元。"))
    assert sent.status_code == 303
    assert "已答复并公开" in client.get(sent.headers["location"]).text

    client.cookies.clear()
    public = client.get(page_of(town, item)).text
    assert WORDS in public
    assert "每天 120 元" in public


def test_a_repeated_form_asks_once(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    as_villager(client, borrowed)
    form = form_of(client.get(f"{page_of(town, item)}/ask").text, "/ask")
    answers = [client.post(form.action, data=form.data(text=WORDS)).status_code for _ in range(2)]

    assert answers == [303, 303]
    assert only(borrowed, Question).text == WORDS


def test_what_was_typed_survives_a_refusal_and_a_lost_login(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    as_villager(client, borrowed)
    form = form_of(client.get(f"{page_of(town, item)}/ask").text, "/ask")
    short = client.post(form.action, data=form.data(text="嗯"))
    assert short.status_code == 400
    assert form_of(short.text, "/ask").fields["text"] == ["嗯"]

    client.cookies.clear()
    lapsed = client.post(form.action, data=form.data(text=WORDS))
    assert lapsed.status_code == 401
    assert form_of(lapsed.text, "/ask").fields["text"] == [WORDS]


def test_the_seventh_try_within_a_minute_waits(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    as_villager(client, borrowed)
    form = form_of(client.get(f"{page_of(town, item)}/ask").text, "/ask")
    codes = [client.post(form.action, data=form.data(text="嗯")).status_code for _ in range(7)]

    assert codes == [400] * 6 + [429]


def test_a_refused_question_shows_its_reason_to_its_asker_alone(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    identity = as_villager(client, borrowed)
    ask(client, town, item)
    cookie = dict(client.cookies)
    log_in(client, borrowed, town.reviewer)
    desk = f"/desk/questions/{only(borrowed, Question).id}"
    assert press(client, desk, "/refuse", text="涉及他人隐私，不便公开。").status_code == 303

    client.cookies.clear()
    assert "涉及他人隐私" not in client.get(page_of(town, item)).text
    client.cookies.update(cookie)
    assert "涉及他人隐私" in client.get(page_of(town, item)).text
    with borrowed.reading() as session:
        told = session.scalars(
            select(OutgoingMessage).where(OutgoingMessage.villager_id == identity.villager_id)
        ).one()
        assert told.data["subject"] == "您的提问有了答复"


def test_an_objection_is_answered_by_somebody_else_and_holds_the_notice(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    as_villager(client, borrowed)
    words = "第三笔的金额和收据对不上。"
    sent = press(client, f"{page_of(town, item)}/object", "/object", text=words)
    assert sent.status_code == 303
    assert "有 1 条异议正在核实" in client.get(page_of(town, item)).text
    again = press(client, f"{page_of(town, item)}/object", "/object", text=words)
    assert again.status_code == 409

    desk = f"/desk/objections/{only(borrowed, Objection).id}"
    log_in(client, borrowed, town.information)
    own = client.get(desk).text
    assert "要由另一个人核实答复" in own
    assert not has_form(own, "/answer")
    log_in(client, borrowed, town.elsewhere)
    assert client.get(desk).status_code == 404
    log_in(client, borrowed, town.reviewer)
    form = form_of(client.get(desk).text, "/answer")
    assert client.post(form.action, data=form.data(text="已核对。")).status_code == 400
    done = client.post(form.action, data=form.data(text="已核对，录错一位数。", outcome="upheld"))
    assert done.status_code == 303
    assert only(borrowed, Objection).state is ObjectionState.UPHELD

    client.cookies.clear()
    public = client.get(page_of(town, item)).text
    assert "录错一位数" in public
    assert words not in public
    assert "等待更正" in public


def test_outside_the_notice_there_is_no_form(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    with borrowed.transaction() as session:
        item = public_item(session, town.village, town.information, notice_days=-1)
    as_villager(client, borrowed)

    assert "我有异议" not in client.get(page_of(town, item)).text
    page = client.get(f"{page_of(town, item)}/object")
    assert page.status_code == 409
    assert not has_form(page.text, "/object")


def test_opening_a_push_counts_as_read_and_leads_to_the_item(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    identity = as_villager(client, borrowed)
    with borrowed.transaction() as session:
        outbox.enqueue(
            session,
            kind=MessageKind.DISCLOSURE_PUBLISHED,
            villager_id=identity.villager_id,
            village_id=town.village.id,
            subject_kind="disclosure",
            subject_id=str(item.id),
            data={},
            path=f"{page_of(town, item)}/read",
            key="push",
        )
    opened = client.get(f"{page_of(town, item)}/read")

    assert (opened.status_code, opened.headers["location"]) == (303, page_of(town, item))
    with borrowed.reading() as session:
        assert session.scalars(select(OutgoingMessage)).one().read_at is not None
    client.cookies.clear()
    agent = {"User-Agent": "MicroMessenger"}
    first = client.get(f"{page_of(town, item)}/read", headers=agent).headers["location"]
    assert first.startswith("/oauth/start")
    assert client.get(f"{page_of(town, item)}/read?asked=1", headers=agent).headers["location"] == page_of(
        town, item
    )


def test_the_desk_shows_the_reach_of_an_urgent_notice(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    as_villager(client, borrowed)
    press(client, town.home, "/follow")
    with borrowed.transaction() as session:
        item = public_item(
            session,
            town.village,
            town.information,
            kind=DisclosureKind.URGENT_NOTICE,
            expires_at=clock.at(clock.today(), 23, 59),
        )
        broadcasts.announce(session, disclosure=item)
    with borrowed.transaction() as session:
        rows = broadcasts.claim(session, owner="w", limit=1, lease_seconds=60)
    broadcasts.expand(borrowed, rows[0], lease_seconds=60)

    assert "已推送给 1 位" in client.get(page_of(town, item)).text
    desk = f"/desk/disclosures/{item.id}/interaction"
    log_in(client, borrowed, town.reviewer)
    assert "人可推送" in client.get(desk).text
    log_in(client, borrowed, town.elsewhere)
    assert client.get(desk).status_code == 404
    as_villager(client, borrowed)
    assert client.get(desk).status_code in (303, 403)


def test_a_stranger_reads_no_question_on_the_desk(
    client: TestClient, borrowed: BorrowedDatabase, town: Town, item: Disclosure
) -> None:
    as_villager(client, borrowed)
    ask(client, town, item)
    desk = f"/desk/questions/{only(borrowed, Question).id}"
    log_in(client, borrowed, town.elsewhere)

    assert client.get(desk).status_code == 404
    assert client.get(f"/desk/questions/{uuid.uuid4()}").status_code == 404
    assert WORDS not in client.get("/desk/questions").text
    log_in(client, borrowed, town.inspector)
    assert WORDS in client.get("/desk/questions").text
    assert only(borrowed, Question).state is QuestionState.OPEN
