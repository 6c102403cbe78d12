"""Following, asking, objecting and signing up in the Mini Program."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from app.core.db import Database
from app.models import Disclosure, Tender
from app.services import disclosures, objections, questions
from tests import factories
from tests.miniprogram_api.conftest import Mini, problem
from tests.services.noticed import Noticed, noticed, open_tender

STATED = {"name": "王小明", "phone": "13800005678", "f1": "淡水养殖"}


@pytest.fixture
def here(borrowed: Database) -> Noticed:
    with borrowed.transaction() as session:
        return noticed(session)


@pytest.fixture
def item(here: Noticed) -> Disclosure:
    return here.item


@pytest.fixture
def tender(borrowed: Database, here: Noticed) -> Tender:
    with borrowed.transaction() as session:
        return open_tender(session, here)


def put(mini: Mini, path: str, body: dict[str, Any] | None = None) -> Any:
    return mini.http.put(f"/miniprogram/v1/{path}", json=body, headers=mini.headers())


def delete(mini: Mini, path: str) -> Any:
    return mini.http.delete(f"/miniprogram/v1/{path}", headers=mini.headers())


def test_following(mini: Mini, here: Noticed) -> None:
    path = f"villages/{here.village.code}/follow"
    assert mini.get(path).json() == {"follows": False, "followers": 0, "official": False, "consents": 0}
    problem(put(mini, path), 401, "login.required")
    wang = mini.login()

    assert put(wang, path).json()["follows"] is True
    assert put(wang, path).json()["followers"] == 1
    assert delete(wang, path).json() == {"follows": False, "followers": 0, "official": False, "consents": 0}


def test_asking_and_reading_the_answer(
    mini: Mini, borrowed: Database, here: Noticed, item: Disclosure
) -> None:
    body = {"text": "这笔河道保洁费是请谁做的？"}
    problem(mini.post(f"disclosures/{item.id}/questions", body), 401, "login.required")
    wang = mini.login()
    asked = wang.post(f"disclosures/{item.id}/questions", body)
    assert asked.status_code == 201
    assert asked.json()["state"] == "open"
    assert mini.get(f"disclosures/{item.id}/interaction").json()["questions"] == []
    assert mini.get(f"disclosures/{item.id}/interaction").json()["own_questions"] == []
    with borrowed.transaction() as session:
        questions.answer(
            session,
            acting=factories.acting(session, here.reviewer),
            question_id=asked.json()["id"],
            text="请的是本村三位村民。",
        )

    (line,) = mini.get(f"disclosures/{item.id}/interaction").json()["questions"]
    assert (line["text"], line["answer"]) == (body["text"], "请的是本村三位村民。")
    assert [one["state"] for one in wang.get("questions").json()] == ["answered"]


def test_objecting(mini: Mini, borrowed: Database, here: Noticed, item: Disclosure) -> None:
    wang = mini.login()
    path, body = f"disclosures/{item.id}/objections", {"text": "第三笔的金额和收据对不上。"}
    raised = wang.post(path, body)
    assert raised.status_code == 201
    problem(wang.post(path, body), 409, "objection.already_open")
    notice = mini.get(f"disclosures/{item.id}/interaction").json()["notice"]
    assert (notice["running"], notice["done"], notice["open"]) == (True, False, 1)
    with borrowed.transaction() as session:
        objections.answer(
            session,
            acting=factories.acting(session, here.reviewer),
            objection_id=raised.json()["id"],
            upheld=False,
            text="已核对，金额无误。",
        )

    (line,) = mini.get(f"disclosures/{item.id}/interaction").json()["objections"]
    assert (line["text"], line["answer"]) == ("", "已核对，金额无误。")
    assert wang.get("objections").json()[0]["text"] == body["text"]


def test_signing_up(mini: Mini, tender: Tender) -> None:
    path = f"tenders/{tender.id}/sign-up"
    problem(put(mini, path, {"answers": STATED}), 401, "login.required")
    wang, li = mini.login(), mini.login("li")
    problem(put(wang, path, {"answers": STATED | {"f1": ""}}), 400, "sign_up.field_missing")
    mine = put(wang, path, {"answers": STATED}).json()
    assert (mine["mine"]["number"], mine["mine"]["answers"]["name"], mine["sign_ups"]) == (1, "王小明", 1)

    others = li.get(f"tenders/{tender.id}")
    assert "王小明" not in others.text
    assert (others.json()["mine"], others.json()["sign_ups"], others.json()["open"]) == (None, 1, True)
    assert delete(wang, path).json()["sign_ups"] == 0
    problem(delete(wang, path), 404, "sign_up.not_found")
    page = mini.get(f"disclosures/{tender.disclosure_id}/interaction").json()["tender"]
    assert [field["label"] for field in page["fields"]] == [
        "姓名或单位名称",
        "联系电话",
        "拟经营项目",
        "备注",
    ]


def test_after_the_deadline(mini: Mini, borrowed: Database, tender: Tender) -> None:
    with borrowed.transaction() as session:
        session.merge(tender).closes_at = clock.now() - timedelta(seconds=1)
    wang = mini.login()

    problem(put(wang, f"tenders/{tender.id}/sign-up", {"answers": STATED}), 409, "tender.not_open")
    assert mini.get(f"tenders/{tender.id}").json()["open"] is False


def test_reading_from_a_message_needs_no_login(mini: Mini, item: Disclosure) -> None:
    assert mini.post(f"disclosures/{item.id}/read").status_code == 204
    assert mini.login().post(f"disclosures/{item.id}/read").status_code == 204


def test_of_a_withdrawn_item_nothing_is_left_but_the_tombstone(
    mini: Mini, borrowed: Database, here: Noticed, item: Disclosure, tender: Tender
) -> None:
    with borrowed.transaction() as session:
        asked = questions.ask(
            session, acting=factories.villager(session), disclosure_id=item.id, text="王小明为什么有一百元"
        )
        questions.answer(
            session, acting=here.acting(session, "author"), question_id=asked.id, text="他家有困难。"
        )
        for notice in (item.id, tender.disclosure_id):
            disclosures.withdraw(
                session, acting=here.acting(session, "inspector"), disclosure_id=notice, reason="名单有误"
            )

    below = mini.get(f"disclosures/{item.id}/interaction").json()
    invited = mini.get(f"tenders/{tender.id}").json()

    assert (below["questions"], below["objections"], below["tender"]) == ([], [], None)
    assert (invited["fields"], invited["floor_price_fen"], invited["remark"]) == ([], None, "名单有误")
