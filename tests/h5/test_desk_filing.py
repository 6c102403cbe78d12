"""An officer registers complaints for people without a phone: named or not, with a receipt on paper."""

from __future__ import annotations

import json
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core.db import Database
from app.models import Complaint, SealedIdentity
from app.models.complaints import ComplaintChannel
from tests.factories import KEYS
from tests.h5.support import Town, form_of, log_in, number_in, picture, press, receipt_in

WORDS = "屋后的山坡在掉土，下雨天不敢睡。"


def _complaint(database: Database) -> Complaint:
    with database.reading() as session:
        return session.scalars(select(Complaint)).one()


def _file(client: TestClient, town: Town, files: Any = None, **typed: Any) -> Any:
    address = f"/desk/file/{town.village.code}"
    form = form_of(client.get(address).text, address)
    return client.post(address, data=form.data(**({"content": WORDS} | typed)), files=files)


def test_a_named_one_with_photo_and_paper(client: TestClient, borrowed: Database, town: Town) -> None:
    log_in(client, borrowed, town.information)
    files = [("photos", ("坡.png", picture(), "image/png"))]
    answer = _file(client, town, files, name="王阿婆", phone="13800138000", hidden="true")

    complaint = _complaint(borrowed)
    assert number_in(answer.text) == complaint.number
    assert "data:image/png;base64," in answer.text
    assert (complaint.channel, complaint.filed_by) == (ComplaintChannel.PROXY, town.information.id)
    assert (complaint.anonymous, complaint.hidden) == (False, True)
    with borrowed.reading() as session:
        sealed = session.scalars(select(SealedIdentity.sealed)).one()
        told = json.loads(KEYS.sealer.open(sealed, context=f"complaint:{complaint.id}"))
    assert told == {"name": "王阿婆", "phone": "13800138000"}
    client.cookies.clear()
    found = client.post("/s", data={"receipt": receipt_in(answer.text)}).text
    assert WORDS in found
    assert "陈信息" not in found
    assert "13800138000" not in found


def test_without_a_name_it_is_anonymous(client: TestClient, borrowed: Database, town: Town) -> None:
    log_in(client, borrowed, town.liaison)
    assert receipt_in(_file(client, town).text)

    complaint = _complaint(borrowed)
    assert (complaint.anonymous, complaint.filed_by, complaint.channel) == (
        True,
        None,
        ComplaintChannel.PROXY,
    )


def test_the_same_form_twice_is_one_complaint_with_one_receipt(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    log_in(client, borrowed, town.liaison)
    address = f"/desk/file/{town.village.code}"
    form = form_of(client.get(address).text, address)
    first, second = (client.post(address, data=form.data(content=WORDS, name="王阿婆")) for _ in range(2))

    assert receipt_in(first.text) == receipt_in(second.text)
    assert _complaint(borrowed).number == number_in(second.text)


def test_nothing_is_lost_when_something_is_wrong(client: TestClient, borrowed: Database, town: Town) -> None:
    log_in(client, borrowed, town.liaison)
    address = f"/desk/file/{town.village.code}"
    files = [("photos", ("坡.png", picture(), "image/png"))]
    answer = _file(client, town, files, phone="13800138000", place="屋后")

    assert answer.status_code == 400
    assert "把姓名也写上" in answer.text
    form = form_of(answer.text, address)
    assert (form.fields["content"], form.fields["phone"], form.fields["place"]) == (
        [WORDS],
        ["13800138000"],
        ["屋后"],
    )
    assert len(form.fields["uploads"]) == 1
    assert receipt_in(client.post(address, data=form.data(name="王阿婆")).text)


def test_who_is_reported_may_register_it_but_gets_the_receipt_only(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    log_in(client, borrowed, town.liaison)
    answer = _file(client, town, content="李联络把补助发给了自己亲戚", name="王阿婆")

    assert receipt_in(answer.text)
    complaint = _complaint(borrowed)
    assert complaint.filed_by == town.liaison.id
    assert client.get(f"/desk/complaints/{complaint.id}").status_code == 404
    assert complaint.number not in client.get("/desk/complaints").text
    log_in(client, borrowed, town.inspector)
    assert "补助发给" in client.get(f"/desk/complaints/{complaint.id}").text


def test_only_for_ones_own_villages(client: TestClient, borrowed: Database, town: Town) -> None:
    log_in(client, borrowed, town.elsewhere)
    assert client.get(f"/desk/file/{town.village.code}").status_code == 403
    assert form_of(client.get("/desk/file").text, "").action.startswith("/desk/file/")
    log_in(client, borrowed, town.inspector)
    choice = client.get("/desk/file").text
    assert f"/desk/file/{town.village.code}" in choice
    assert "代为登记" in client.get("/desk").text
    address = f"/desk/file/{town.village.code}"
    assert receipt_in(press(client, address, address, content=WORDS).text)
    client.cookies.clear()
    assert client.get(address, follow_redirects=False).status_code == 303
