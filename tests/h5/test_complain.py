"""Filing on the page: anonymously without a trace, or under one's WeChat identity; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core import clock, puzzles
from app.core.db import Database
from app.models import Attachment, AuditEntry, Complaint, ComplaintEvent, InboundKey, SealedIdentity
from app.models.disclosures import AttachmentOwner
from app.models.trust import AuditEntry as Audit
from tests.h5.support import Town, as_villager, form_of, log_in_by_password, number_in, picture, receipt_in

WORDS = "村口的路灯坏了三天，晚上看不见路。"


@pytest.fixture
def later() -> Iterator[Any]:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        yield traveller


def _file(client: TestClient, address: str, later: Any, files: Any = None, **typed: Any) -> Any:
    form = form_of(client.get(address).text, address)
    later.shift(timedelta(seconds=5))
    return client.post(form.action, data=form.data(**({"content": WORDS} | typed)), files=files)


def _complaints(database: Database) -> list[Complaint]:
    with database.transaction() as session:
        return list(session.scalars(select(Complaint)))


def test_anonymous_without_any_cookie_leaves_whole_days_only(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    address = f"{town.home}/complain/anonymous"
    answer = _file(client, address, later, files=[("photos", ("灯.png", picture(), "image/png"))])

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert len(receipt_in(answer.text).replace(" ", "")) == 16
    assert "只显示这一次" in answer.text
    assert not client.cookies
    (complaint,) = _complaints(borrowed)
    assert complaint.anonymous
    assert complaint.villager_id is None
    with borrowed.reading() as session:
        times = [
            *session.scalars(select(ComplaintEvent.at)),
            *session.scalars(select(Audit.at).where(Audit.noun.in_(["complaint", "attachment"]))),
            *session.scalars(select(Attachment.created_at)),
            *session.scalars(select(InboundKey.received_at)),
            complaint.filed_at,
        ]
        assert len(times) >= 6
        assert {time - clock.whole_day(time) for time in times} == {timedelta()}


def test_who_is_logged_in_stays_unknown_on_the_anonymous_form(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    as_villager(client, borrowed)
    answer = _file(client, f"{town.home}/complain/anonymous", later)

    assert receipt_in(answer.text)
    (complaint,) = _complaints(borrowed)
    assert complaint.villager_id is None
    with borrowed.reading() as session:
        kinds = session.scalars(select(AuditEntry.actor_kind).where(AuditEntry.noun == "complaint"))
        assert set(kinds) == {"visitor"}


def test_without_a_login_the_form_is_the_anonymous_one(client: TestClient, town: Town) -> None:
    page = client.get(f"{town.home}/complain").text

    assert form_of(page, "/complain/anonymous")
    assert f"/oauth/start?next=/v/{town.village.code}/complain" in page
    assert 'name="contact"' not in page


def test_named_goes_to_ones_own_list_with_sealed_contact(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    as_villager(client, borrowed)
    answer = _file(client, f"{town.home}/complain", later, name="王阿婆", phone="13800138000")

    assert answer.status_code == 303
    number = number_in(answer.headers["location"])
    page = client.get(answer.headers["location"])
    assert "提交成功" in page.text
    assert WORDS in page.text
    assert number in client.get("/my").text
    with borrowed.reading() as session:
        assert "13800138000" not in session.scalars(select(SealedIdentity.sealed)).one()


def test_an_officer_without_wechat_files_anonymously_or_not_at_all(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    log_in_by_password(client, borrowed, town.liaison)

    assert form_of(client.get(f"{town.home}/complain").text, "/complain/anonymous")


def test_a_double_tap_files_once(client: TestClient, borrowed: Database, town: Town, later: Any) -> None:
    as_villager(client, borrowed)
    address = f"{town.home}/complain"
    form = form_of(client.get(address).text, address)
    first = client.post(address, data=form.data(content=WORDS))
    second = client.post(address, data=form.data(content=WORDS))

    assert number_in(first.headers["location"]) == number_in(second.headers["location"])
    client.cookies.clear()
    anonymous = f"{address}/anonymous"
    form = form_of(client.get(anonymous).text, anonymous)
    later.shift(5)
    first = client.post(anonymous, data=form.data(content=WORDS))
    second = client.post(anonymous, data=form.data(content=WORDS))
    assert receipt_in(first.text) == receipt_in(second.text)
    assert number_in(first.text) == number_in(second.text)
    found = client.post("/s", data={"receipt": receipt_in(second.text)})
    assert number_in(found.text) == number_in(first.text)
    assert len(_complaints(borrowed)) == 2


def test_nothing_is_lost_when_something_is_wrong(
    client: TestClient, borrowed: Database, town: Town, later: Any
) -> None:
    address = f"{town.home}/complain/anonymous"
    files = [("photos", ("灯.png", picture(), "image/png"))]
    about = [str(town.liaison.id)]
    answer = _file(client, address, later, files=files, content="短", category="finance", about=about)

    assert answer.status_code == 400
    assert "至少 4 个字" in answer.text
    form = form_of(answer.text, address)
    assert form.fields["content"] == ["短"]
    assert form.fields["category"] == ["finance"]
    assert form.fields["about"] == about
    assert len(form.fields["uploads"]) == 1

    second = client.post(address, data=form.data(content="账目有问题，请公开明细"))
    assert receipt_in(second.text)
    (complaint,) = _complaints(borrowed)
    with borrowed.reading() as session:
        kept = session.scalars(select(Attachment)).one()
        assert (kept.owner_kind, kept.owner_id) == (AttachmentOwner.COMPLAINT, complaint.id)


def test_a_file_that_is_no_picture_is_refused_with_the_words_kept(
    client: TestClient, town: Town, later: Any
) -> None:
    files = [("photos", ("x.png", b"no picture", "image/png"))]
    answer = _file(client, f"{town.home}/complain/anonymous", later, files=files)

    assert answer.status_code == 400
    assert "只能上传图片" in answer.text
    assert WORDS in answer.text


def test_more_than_nine_files_are_refused(client: TestClient, town: Town, later: Any) -> None:
    files = [("photos", (f"{n}.png", picture(), "image/png")) for n in range(10)]
    answer = _file(client, f"{town.home}/complain/anonymous", later, files=files)

    assert answer.status_code == 400
    assert "最多 9 个" in answer.text


def test_too_fast_and_too_old_forms_are_shown_again(client: TestClient, town: Town, later: Any) -> None:
    address = f"{town.home}/complain/anonymous"
    form = form_of(client.get(address).text, address)
    fast = client.post(address, data=form.data(content=WORDS))
    assert fast.status_code == 400
    assert "太快" in fast.text
    later.shift(timedelta(hours=3))
    old = client.post(address, data=form.data(content=WORDS))
    assert old.status_code == 400
    assert "过期" in old.text
    again = form_of(old.text, address)
    later.shift(5)
    assert receipt_in(client.post(address, data=again.data()).text)


def test_a_named_form_of_another_login_is_refused(client: TestClient, borrowed: Database, town: Town) -> None:
    address = f"{town.home}/complain"
    as_villager(client, borrowed)
    form = form_of(client.get(address).text, address)
    as_villager(client, borrowed)

    assert client.post(address, data=form.data(content=WORDS)).status_code == 400
    assert client.post(address, data={"content": WORDS}).status_code == 400
    assert _complaints(borrowed) == []


def test_filing_is_limited_and_says_so(client: TestClient, town: Town) -> None:
    address = f"{town.home}/complain/anonymous"
    answers = [client.post(address, data={"content": WORDS}).status_code for _ in range(5)]

    assert answers == [400] * 4 + [429]


def test_who_solves_the_puzzle_waits_less_and_is_counted_less_strictly(
    client: TestClient, town: Town, later: Any
) -> None:
    address = f"{town.home}/complain/anonymous"
    for tried in range(7):
        form = form_of(client.get(address).text, address)
        proof = puzzles.solve(form.fields["ticket"][0])
        later.shift(3)  # sooner than a form without the answer may come back
        plain = client.post(address, data=form.data(content=WORDS)) if tried == 0 else None
        assert plain is None or (plain.status_code, "太快" in plain.text) == (400, True)
        answer = client.post(address, data=form.data(content=WORDS, proof=proof))
        assert (answer.status_code, 'class="receipt"' in answer.text) == (
            200 if tried < 5 else 429,
            tried < 5,
        )


def test_the_answer_to_a_puzzle_stays_with_its_form(client: TestClient, town: Town, later: Any) -> None:
    address = f"{town.home}/complain/anonymous"
    form = form_of(client.get(address).text, address)
    proof = puzzles.solve(form.fields["ticket"][0])
    later.shift(3)
    short = form_of(client.post(address, data=form.data(content="短", proof=proof)).text, address)
    assert (short.fields["ticket"], short.fields["proof"]) == (form.fields["ticket"], [proof])
    later.shift(timedelta(hours=3))
    old = form_of(client.post(address, data=short.data(content=WORDS)).text, address)
    assert old.fields["ticket"] != form.fields["ticket"]
    assert old.fields["proof"] == [""]


@pytest.mark.parametrize(
    ("latitude", "kept"), [("30.112233", 30.112233), ("91.0", None), ("nan", None), ("", None)]
)
def test_the_place_on_tap_is_kept_for_named_ones_only(
    client: TestClient, borrowed: Database, town: Town, later: Any, latitude: str, kept: float | None
) -> None:
    where = {"latitude": latitude, "longitude": "120.5", "place": "老桥头"}
    _file(client, f"{town.home}/complain/anonymous", later, **where)
    (unknown,) = _complaints(borrowed)
    assert (unknown.latitude, unknown.longitude, unknown.place) == (None, None, "老桥头")
    as_villager(client, borrowed)
    _file(client, f"{town.home}/complain", later, **where)
    named = next(one for one in _complaints(borrowed) if not one.anonymous)
    assert (named.latitude, named.longitude) == (kept, 120.5)


def test_another_site_cannot_file_for_who_is_logged_in(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    as_villager(client, borrowed)
    address = f"{town.home}/complain"
    form = form_of(client.get(address).text, address)
    answer = client.post(address, data=form.data(content=WORDS), headers={"origin": "https://evil.example"})

    assert answer.status_code == 403
