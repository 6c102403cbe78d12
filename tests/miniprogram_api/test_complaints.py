"""A named complaint from filing to rating, as the villager's phone sees it."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from app.core import clock
from app.core.db import Database
from app.models import Attachment, Complaint, ComplaintEvent, Officer, OutgoingMessage, SealedIdentity
from app.models.complaints import ComplaintChannel, EventKind
from app.services.complaints import handling
from tests import factories
from tests.factories import KEYS
from tests.miniprogram_api.conftest import Json, Mini, Village, picture, problem

WORDS = "三组路口的路灯坏了三天，晚上看不见路。"


def filing(village: Village, **more: Any) -> Json:
    return {"village": village.code, "category": "public_works", "content": WORDS, **more}


def answer(database: Database, officer: Officer, complaint_id: str) -> None:
    with database.transaction() as session:
        acting, key = factories.acting(session, officer), uuid.UUID(complaint_id)
        handling.accept(session, acting=acting, complaint_id=key)
        handling.answer(
            session, acting=acting, complaint_id=key, text="路灯已修好，请晚上看一看。", keys=KEYS
        )


def count(database: Database, model: Any) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_from_filing_with_a_photo_to_a_rating(mini: Mini, borrowed: Database, village: Village) -> None:
    phone = mini.login()
    upload = phone.upload(picture()).json()
    body = filing(village, uploads=[upload["token"]], name="王小明", phone="13800005678")
    made = phone.post("complaints", body)
    assert made.status_code == 201, made.text
    filed = made.json()

    page = phone.get(f"complaints/{filed['number'].lower()}").json()
    assert (page["state"], page["level"], page["content"]) == ("filed", "village", WORDS)
    assert (page["promised_on"], page["anonymous"]) == (filed["promised_on"], False)
    assert [step["kind"] for step in page["steps"]] == ["filed", "assigned"]
    (photo,) = page["files"]
    assert mini.get(photo["path"].split("?")[0]).status_code == 404
    assert mini.get(photo["path"]).content.startswith(b"\xff\xd8\xff")

    answer(borrowed, village.liaison, filed["id"])
    page = phone.get(f"complaints/{filed['id']}").json()
    assert (page["state_name"], page["can_rate"]) == ("已答复", True)
    assert page["steps"][-1]["text"] == "路灯已修好，请晚上看一看。"
    opinion = {"satisfaction": "satisfied", "reason": "很快"}
    rated = phone.post(f"complaints/{filed['number']}/rating", opinion)
    assert rated.status_code == 201, rated.text
    assert (rated.json()["state"], rated.json()["can_add"]) == ("closed", False)
    assert rated.json()["ratings"][0]["reason"] == "很快"
    again = phone.post(f"complaints/{filed['id']}/rating", {"satisfaction": "satisfied"})
    problem(again, 409, "complaint.not_answered")


def test_filing_seals_the_contact_and_tells_the_liaison_officer(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    filed = mini.login().post("complaints", filing(village, name="王小明", phone="13800005678")).json()
    with borrowed.reading() as session:
        row = session.get_one(Complaint, uuid.UUID(filed["id"]))
        assert (row.channel, row.anonymous, row.receipt_digest) == (ComplaintChannel.MINIPROGRAM, False, None)
        sealed = session.get_one(SealedIdentity, row.id).sealed
        opened = json.loads(KEYS.sealer.open(sealed, context=f"complaint:{row.id}"))
        assert opened == {"name": "王小明", "phone": "13800005678"}
        assert row.hidden
        told = session.scalars(select(OutgoingMessage.officer_id)).all()
        assert village.liaison.id in told


def test_it_can_be_taken_back_until_it_is_answered(mini: Mini, borrowed: Database, village: Village) -> None:
    phone = mini.login()
    filed = phone.post("complaints", filing(village)).json()
    taken = phone.post(f"complaints/{filed['number']}/withdrawal", {})
    assert (taken.status_code, taken.json()["state"]) == (201, "closed")
    problem(phone.post(f"complaints/{filed['id']}/withdrawal", {}), 409, "complaint.not_open")


def test_unsatisfied_goes_one_level_up(mini: Mini, borrowed: Database, village: Village) -> None:
    phone = mini.login()
    filed = phone.post("complaints", filing(village)).json()
    answer(borrowed, village.liaison, filed["id"])
    page = phone.post(
        f"complaints/{filed['id']}/rating", {"satisfaction": "unsatisfied", "reason": "还是不亮"}
    ).json()
    assert (page["state"], page["level"], page["level_name"]) == ("filed", "town", "镇街监察办")


def test_whom_it_is_about_does_not_handle_it(mini: Mini, village: Village) -> None:
    phone = mini.login()
    about = [str(village.liaison.id)]
    filed = phone.post("complaints", filing(village, about=about)).json()
    assert phone.get(f"complaints/{filed['id']}").json()["level"] == "town"
    strangers = [str(uuid.uuid4())]
    problem(phone.post("complaints", filing(village, about=strangers)), 400, "complaint.about_unknown")


def test_additions_stand_in_the_timeline_until_it_is_closed(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    phone = mini.login()
    filed = phone.post("complaints", filing(village)).json()
    path = f"complaints/{filed['id']}"
    upload = phone.upload(picture(), "今天.jpg").json()["token"]
    page = phone.post(f"{path}/additions", {"text": "今天还是不亮。", "uploads": [upload]}).json()
    step = page["steps"][-1]
    assert (step["kind"], step["text"], len(step["files"])) == ("added", "今天还是不亮。", 1)
    assert mini.get(step["files"][0]["path"]).status_code == 200
    problem(phone.post(f"{path}/additions"), 400, "complaint.addition_empty")
    problem(phone.post(f"{path}/additions", {"uploads": [upload]}), 400, "upload.unknown")
    answer(borrowed, village.liaison, filed["id"])
    phone.post(f"{path}/rating", {"satisfaction": "partly"})
    problem(phone.post(f"{path}/additions", {"text": "又坏了"}), 409, "complaint.closed")


def test_ones_own_list_goes_page_by_page(mini: Mini, village: Village) -> None:
    phone = mini.login()
    made = [phone.post("complaints", filing(village)).json()["number"] for _ in range(3)]
    mini.login("li").post("complaints", filing(village))
    first = phone.get("complaints", limit=2).json()
    rest = phone.get("complaints", limit=2, after=first["next"]).json()
    assert [entry["number"] for entry in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    assert first["items"][0]["village"] == {"code": village.code, "name": "东联村", "town": "益农镇"}
    assert first["items"][0]["beginning"] == WORDS


def test_another_villager_sees_nothing_of_it(mini: Mini, village: Village) -> None:
    phone = mini.login()
    upload = phone.upload(picture()).json()
    filed = phone.post("complaints", filing(village, uploads=[upload["token"]])).json()
    file = phone.get(f"complaints/{filed['id']}").json()["files"][0]["id"]
    other = mini.login("li")
    for reference in (filed["id"], filed["number"]):
        path = f"complaints/{reference}"
        problem(other.get(path), 404, "complaint.not_found")
        problem(other.post(f"{path}/additions", {"text": "我也说"}), 404, "complaint.not_found")
        problem(other.post(f"{path}/rating", {"satisfaction": "partly"}), 404, "complaint.not_found")
        problem(mini.get(path), 401, "login.required")
    assert phone.get(f"files/{file}").status_code == 200
    assert other.get(f"files/{file}").status_code == 404


def test_a_files_key_opens_that_file_for_ten_minutes(mini: Mini, village: Village) -> None:
    phone = mini.login()
    uploads = [phone.upload(picture(), name).json()["token"] for name in ("1.jpg", "2.jpg")]
    filed = phone.post("complaints", filing(village, uploads=uploads)).json()
    one, two = phone.get(f"complaints/{filed['id']}").json()["files"]
    key = one["path"].partition("k=")[2]
    assert mini.get(f"files/{one['id']}", k=key).status_code == 200
    problem(mini.get(f"files/{two['id']}", k=key), 400, "link.invalid")
    problem(mini.get(f"files/{one['id']}", k=key[:-2]), 400, "link.invalid")
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        problem(mini.get(f"files/{one['id']}", k=key), 400, "link.expired")


def test_forbidden_words_are_not_taken_in(mini: Mini, borrowed: Database, village: Village) -> None:
    phone = mini.login()
    upload = phone.upload(picture()).json()["token"]
    refused = phone.post("complaints", filing(village, content="这是违禁的话。", uploads=[upload]))
    assert "还没有提交" in problem(refused, 422, "complaint.content_refused")["detail"]
    assert count(borrowed, Complaint) == 0
    assert mini.platform.asked("/wxa/msg_sec_check")[0]["openid"] == "o-wang"
    filed = phone.post("complaints", filing(village, uploads=[upload])).json()
    addition = phone.post(f"complaints/{filed['id']}/additions", {"text": "违禁"})
    problem(addition, 422, "complaint.content_refused")


@pytest.mark.parametrize(
    ("words", "error", "noted"),
    [
        (WORDS, 0, "pass"),
        ("这件事存疑，请查一查。", 0, "review"),
        (WORDS, 61010, "unchecked"),
        (WORDS, -1, "unchecked"),
    ],
)
def test_a_check_that_says_nothing_is_noted_and_keeps_nobody_from_complaining(
    mini: Mini, borrowed: Database, village: Village, words: str, error: int, noted: str
) -> None:
    mini.platform.sec_error = error
    assert mini.login().post("complaints", filing(village, content=words)).status_code == 201
    with borrowed.reading() as session:
        event = session.scalars(select(ComplaintEvent).where(ComplaintEvent.kind == EventKind.FILED)).one()
        assert event.data == {"content_check": noted}


def test_a_repeated_submission_is_one_complaint(mini: Mini, borrowed: Database, village: Village) -> None:
    phone, key = mini.login(), {"Idempotency-Key": "a1b2"}
    upload = phone.upload(picture()).json()["token"]
    body = filing(village, uploads=[upload])
    first, second = (phone.post("complaints", body, **key).json() for _ in range(2))
    assert first == second
    assert count(borrowed, Complaint) == 1
    other = mini.login("li").post("complaints", filing(village), **key).json()
    assert other["id"] != first["id"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"content": "太短"}, 400, "complaint.too_short"),
        ({"content": "长" * 2001}, 422, "request.invalid"),
        ({"content": "有一个\x00控制字符"}, 422, "request.invalid"),
        ({"name": "\x07"}, 422, "request.invalid"),
        ({"category": "no-such"}, 400, "complaint.category_unknown"),
        ({"village": "no-such"}, 404, "village.not_found"),
        ({"uploads": ["no-such"]}, 400, "upload.unknown"),
        ({"uploads": ["a"] * 10}, 422, "request.invalid"),
        ({"about": ["x"]}, 422, "request.invalid"),
    ],
)
def test_what_is_wrong_is_named(mini: Mini, village: Village, change: Json, status: int, code: str) -> None:
    problem(mini.login().post("complaints", filing(village) | change), status, code)


def test_naming_oneself_needs_a_login(mini: Mini, borrowed: Database, village: Village) -> None:
    problem(mini.post("complaints", filing(village)), 401, "login.required")
    assert count(borrowed, Complaint) == 0


def test_only_pictures_and_papers_are_taken(mini: Mini, borrowed: Database) -> None:
    problem(mini.upload(b"MZ\x90\x00 a program", "路灯.jpg"), 400, "upload.type_refused")
    problem(mini.upload(b"", "空.jpg"), 400, "upload.type_refused")
    problem(mini.upload(b"\xff" * (10 * 1024 * 1024 + 1)), 413, "upload.too_large")
    assert count(borrowed, Attachment) == 0
    taken = mini.upload(picture(), "../../etc/路灯.jpg").json()
    assert (taken["name"], taken["media_type"]) == ("图片.jpg", "image/jpeg")
    problem(mini.upload(b"%PDF-1.7 /Author (Wang)", "报销.pdf"), 400, "upload.anonymous_type_refused")
