"""Following a complaint: by receipt without a login, or as the villager who filed it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from fastapi.testclient import TestClient

from app.core import clock, ids
from app.core.db import Database
from app.models import Complaint
from app.models.complaints import ComplaintState
from app.services.actors import Villager, Visitor
from app.services.complaints import handling
from tests import factories
from tests.factories import KEYS
from tests.h5.support import Town, as_villager, form_of, has_form, picture, press


@pytest.fixture
def receipt(borrowed: Database, town: Town) -> str:
    with borrowed.transaction() as session:
        return factories.complaint(session, town.village, by=Visitor()).receipt or ""


def _answer(database: Database, town: Town, complaint: Complaint) -> None:
    with database.transaction() as session:
        handling.answer(
            session,
            acting=factories.acting(session, town.liaison),
            complaint_id=complaint.id,
            text="路灯已经修好。",
            keys=KEYS,
        )


def _anonymous(database: Database, town: Town) -> tuple[Complaint, str]:
    with database.transaction() as session:
        filed = factories.complaint(session, town.village, by=Visitor())
    return filed.complaint, filed.receipt or ""


def test_the_receipt_opens_the_page_and_stays_out_of_addresses(client: TestClient, receipt: str) -> None:
    page = press(client, "/s", "/s", receipt=ids.spaced(receipt))

    assert page.status_code == 200
    assert "村口的路灯坏了" in page.text
    assert "待受理" in page.text
    assert "set-cookie" not in page.headers
    assert not re.search(rf'(href|action|src)="[^"]*{receipt}', page.text)


@pytest.mark.parametrize("wrong", ["1234567890123456", "123", "", "'; DROP TABLE", "９" * 16, "x" * 5000])
def test_wrong_and_unknown_receipts_answer_alike(client: TestClient, receipt: str, wrong: str) -> None:
    expected = client.post("/s", data={"receipt": "0" * 16})
    page = client.post("/s", data={"receipt": wrong})

    assert page.status_code == 404
    assert page.text == expected.text
    assert client.post("/s/rate", data={"receipt": wrong, "satisfaction": "satisfied"}).text == page.text


def test_trying_receipts_is_limited(client: TestClient) -> None:
    answers = [client.post("/s", data={"receipt": "0" * 16}).status_code for _ in range(11)]

    assert answers == [404] * 10 + [429]


def test_who_holds_the_receipt_adds_pictures_and_rates(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    complaint, receipt = _anonymous(borrowed, town)
    first = client.post("/s", data={"receipt": receipt})
    form = form_of(first.text, "/s/add")
    added = client.post(
        form.action,
        data=form.data(text="今天更暗了"),
        files=[("photos", ("a.png", picture(), "image/png"))],
    )
    assert added.status_code == 200
    assert "今天更暗了" in added.text
    assert not has_form(added.text, "/s/rate")

    _answer(borrowed, town, complaint)
    page = client.post("/s", data={"receipt": receipt}).text
    assert "路灯已经修好。" in page
    rate = form_of(page, "/s/rate")
    none = client.post(rate.action, data=rate.data(reason="写了一半"))
    assert none.status_code == 400
    assert "写了一半" in none.text
    done = client.post(rate.action, data=rate.data(satisfaction="satisfied"))
    assert "评价为满意" in done.text
    with borrowed.reading() as session:
        assert session.get_one(Complaint, complaint.id).state == ComplaintState.CLOSED


def test_who_holds_the_receipt_takes_it_back(client: TestClient, borrowed: Database, town: Town) -> None:
    complaint, receipt = _anonymous(borrowed, town)
    form = form_of(client.post("/s", data={"receipt": receipt}).text, "/s/withdraw")
    assert "已撤回" in client.post(form.action, data=form.data()).text
    with borrowed.reading() as session:
        assert session.get_one(Complaint, complaint.id).state == ComplaintState.CLOSED
    again = client.post(form.action, data=form.data())
    assert again.status_code == 409


def test_its_pictures_open_by_a_link_of_ten_minutes(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    _, receipt = _anonymous(borrowed, town)
    with time_machine.travel(clock.now(), tick=False) as traveller:
        page = client.post(
            "/s/add", data={"receipt": receipt}, files=[("photos", ("a.png", picture(), "image/png"))]
        ).text
        link = re.search(r'src="(/files/[^"]+)"', page)
        assert link
        image = client.get(link[1])
        assert image.headers["content-type"] == "image/jpeg"
        assert client.get(link[1].split("?")[0]).status_code == 404
        assert client.get(link[1][:-3] + "abc").status_code == 400
        traveller.shift(timedelta(minutes=11))
        assert client.get(link[1]).status_code == 400


def test_my_complaints_ask_for_wechat_first(client: TestClient) -> None:
    answer = client.get("/my/GD20261123-AAAA")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/oauth/start?next=%2Fmy%2FGD20261123-AAAA"


def test_only_ones_own_complaint_is_found(client: TestClient, borrowed: Database, town: Town) -> None:
    with borrowed.transaction() as session:
        foreign = factories.complaint(session, town.village).complaint
    as_villager(client, borrowed)

    assert client.get(f"/my/{foreign.number}").status_code == 404
    assert foreign.number not in client.get("/my").text


def test_a_villager_adds_rates_and_is_heard_one_level_up(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    identity = as_villager(client, borrowed)
    with borrowed.transaction() as session:
        by = Villager(identity.villager_id)
        complaint = factories.complaint(session, town.village, by=by).complaint
    address = f"/my/{complaint.number}"
    assert press(client, address, "/add", text="还是没修").status_code == 303
    assert "还是没修" in client.get(address).text
    _answer(borrowed, town, complaint)

    answer = press(client, address, "/rate", satisfaction="unsatisfied", reason="没修好")

    assert answer.headers["location"] == f"{address}?done=rated"
    page = client.get(address).text
    assert "评价为不满意：没修好" in page
    assert "重新办理" in page
    assert "镇街监察办" in page
    assert not has_form(page, "/rate")


def test_forms_behind_the_login_must_be_ours(client: TestClient, borrowed: Database, town: Town) -> None:
    identity = as_villager(client, borrowed)
    with borrowed.transaction() as session:
        by = Villager(identity.villager_id)
        complaint = factories.complaint(session, town.village, by=by).complaint

    answer = client.post(f"/my/{complaint.number}/add", data={"text": "没有表单"})

    assert answer.status_code == 400
    assert "没有表单" not in client.get(f"/my/{complaint.number}").text
