"""Reading without a login: villages, scenes, disclosures, categories, files."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.models import Officer, ScanEvent
from app.models.disclosures import AttachmentOwner
from app.models.organisations import ScanChannel
from app.services import attachments, categories, disclosures, privacy
from tests import factories
from tests.miniprogram_api.conftest import Mini, Village, picture, problem


def publish(database: Database, village: Village, **fields: Any) -> uuid.UUID:
    with database.transaction() as session:
        made = factories.draft(session, village.places.village, village.author, **fields)
        for file in attachments.of(session, AttachmentOwner.DISCLOSURE, [made.id])[made.id]:
            author = factories.acting(session, village.author)
            privacy.confirm(
                session, acting=author, disclosure_id=made.id, attachment_id=file.id, keys=factories.KEYS
            )
        for step, person in ((disclosures.submit, village.author), (disclosures.publish, village.reviewer)):
            acting = factories.acting(session, person)
            step(session, acting=acting, disclosure_id=made.id, keys=factories.KEYS)
        return made.id


def test_villages_come_by_town_and_are_found_by_name(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    with borrowed.transaction() as session:
        factories.village(session, village.places.town, "群围村")
    (town,) = mini.get("villages").json()["towns"]
    assert town["town"] == "益农镇"
    assert {entry["name"] for entry in town["villages"]} == {"东联村", "群围村"}
    (town,) = mini.get("villages", q="东联").json()["towns"]
    assert town["villages"] == [{"code": village.code, "name": "东联村"}]
    assert len(mini.get("villages", q="益农").json()["towns"][0]["villages"]) == 2
    assert mini.get("villages", q="没有").json() == {"towns": []}


def test_a_scan_is_counted_once_with_its_place_and_reading_is_not(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    scene = f"{village.code}:board"
    assert mini.get("scene", scene=scene).json()["place"] == "board"
    home = mini.get(f"villages/{village.code}", scene=scene).json()
    assert (home["village"]["town"], home["place"], home["households"]) == ("益农镇", "board", 500)
    mini.get(f"villages/{village.code}")
    mini.get(f"villages/{village.code}", scene="another")
    with borrowed.reading() as session:
        scans = session.execute(select(ScanEvent.village_id, ScanEvent.place, ScanEvent.channel)).all()
    assert scans == [(village.places.village.id, "board", ScanChannel.MINIPROGRAM)]


def test_what_is_no_code_of_ours_leads_nowhere(mini: Mini) -> None:
    problem(mini.get("scene", scene="nowhere"), 404, "scene.unknown")
    problem(mini.get("villages/nowhere"), 404, "village.not_found")
    problem(mini.get(f"disclosures/{uuid.uuid4()}"), 404, "disclosure.not_found")
    problem(mini.get("nothing/here"), 404, "page.not_found")


def test_the_home_counts_what_is_published_and_shows_the_newest(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    with borrowed.transaction() as session:
        factories.draft(session, village.places.village, village.author, title="还没有公开")
    shown = publish(borrowed, village)
    home = mini.get(f"villages/{village.code}").json()
    counts = {entry["code"]: entry["count"] for entry in home["categories"]}
    assert (len(counts), counts["finance"], sum(counts.values())) == (12, 1, 1)
    assert [entry["id"] for entry in home["newest"]] == [str(shown)]
    tops = [entry["code"] for entry in mini.get("categories").json() if entry["parent"] is None]
    assert tops == list(counts)


def test_what_lies_below_a_category_counts_and_is_listed_with_it(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    shown = publish(borrowed, village, category_code="approval_result")
    home = mini.get(f"villages/{village.code}").json()
    assert next(entry["count"] for entry in home["categories"] if entry["code"] == "finance") == 1
    path = f"villages/{village.code}/disclosures"
    for category in ("finance", "approval_result"):
        assert [entry["id"] for entry in mini.get(path, category=category).json()["items"]] == [str(shown)]
    assert mini.get(path, category="labour").json()["items"] == []


def test_categories_say_when_and_why_and_show_the_villages_own(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    with borrowed.transaction() as session:
        made = categories.add_own(
            session,
            acting=factories.ROOT,
            village=village.places.village,
            own=categories.Own("乡村大食堂", "每天的菜和价钱。", {}),
            reason="村民要求",
        ).code
        categories.switch(
            session, acting=factories.ROOT, code="family_planning", active=False, reason="法律修改"
        )
    listed = {entry["code"]: entry for entry in mini.get("categories", village=village.code).json()}
    assert (listed[made]["own"], listed[made]["name"]) == (True, "乡村大食堂")
    living = listed["minimum_living"]
    assert (living["parent"], living["notice"]) == ("hardship_aid", "7 个工作日")
    assert (listed["finance"]["due"], listed["finance"]["notice"]) == ("每月一次，月后 15 天内", "")
    assert "村民委员会组织法" in listed["finance"]["source"]
    assert "family_planning" not in listed
    assert made not in {entry["code"] for entry in mini.get("categories").json()}
    problem(mini.get("categories", village="nowhere"), 404, "village.not_found")


def test_a_list_goes_page_by_page_and_by_category(mini: Mini, borrowed: Database, village: Village) -> None:
    made = [publish(borrowed, village, title=f"第{number}期") for number in range(5)]
    other = publish(borrowed, village, category_code="meetings")
    path = f"villages/{village.code}/disclosures"
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = mini.get(path, category="finance", limit=2, **({"after": cursor} if cursor else {})).json()
        seen += [entry["id"] for entry in page["items"]]
        cursor = page["next"]
    assert seen == [str(key) for key in reversed(made)]
    assert [entry["id"] for entry in mini.get(path, category="meetings").json()["items"]] == [str(other)]
    for foreign in ("AAAA", "WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgNV0", "bnVsbA"):
        problem(mini.get(path, after=foreign), 400, "page.cursor_unknown")
    problem(mini.get(path, limit=0), 422, "request.invalid")


def test_a_disclosure_with_its_file_is_public_until_withdrawn(
    mini: Mini, borrowed: Database, village: Village
) -> None:
    upload = mini.upload(picture(), "公示.jpg").json()
    shown = publish(borrowed, village, body="逐笔列出。", uploads=[upload["token"]])
    page = mini.get(f"disclosures/{shown}").json()
    assert (page["body"], page["withdrawn_because"]) == ("逐笔列出。", None)
    (file,) = page["files"]
    content = mini.get(file["path"])
    assert content.headers["content-type"] == "image/jpeg"
    assert content.content.startswith(b"\xff\xd8\xff")
    with borrowed.transaction() as session:
        disclosures.withdraw(
            session,
            acting=factories.acting(session, village.reviewer),
            disclosure_id=shown,
            reason="金额写错了，更正后重新公开。",
        )
    tombstone = mini.get(f"disclosures/{shown}").json()
    assert tombstone["state"] == "withdrawn"
    assert tombstone["withdrawn_because"] == "金额写错了，更正后重新公开。"
    assert (tombstone["summary"], tombstone["body"], tombstone["files"]) == ("", "", [])


def test_a_draft_is_nobody_elses_business(mini: Mini, borrowed: Database, village: Village) -> None:
    with borrowed.transaction() as session:
        draft = factories.draft(session, village.places.village, village.author).id
    problem(mini.get(f"disclosures/{draft}"), 404, "disclosure.not_found")


def test_whom_a_complaint_may_be_about(mini: Mini, borrowed: Database, village: Village) -> None:
    path = f"villages/{village.code}/officers"
    listed = [(entry["name"], entry["role"], entry["place"]) for entry in mini.get(path).json()]
    assert listed[-1] == ("高镇纪", "town_inspector", "益农镇")
    assert {name for name, _, place in listed if place == "东联村"} == {"沈信息", "周监督", "陈联络"}
    with borrowed.transaction() as session:
        gone = session.get_one(Officer, village.liaison.id)
        gone.active = False
    assert "陈联络" not in mini.get(path).text


def test_classes_of_complaints_name_their_promises(mini: Mini) -> None:
    found = {entry["code"]: entry for entry in mini.get("complaint-categories").json()}
    assert found["public_works"] == {
        "code": "public_works",
        "name": "设施维修",
        "accept_days": 1,
        "finish_days": 5,
        "in_calendar_days": False,
    }


@pytest.mark.parametrize("bad", ["\x00", "a\x00b", "\x1b[2J"])
def test_control_characters_are_refused(mini: Mini, bad: str) -> None:
    problem(mini.get("villages", q=bad), 422, "request.invalid")
    problem(mini.get("scene", scene=bad), 422, "request.invalid")
    problem(mini.post("login", {"code": bad}), 422, "request.invalid")


def test_the_face_documents_itself(mini: Mini) -> None:
    document = mini.get("openapi.json").json()
    assert document["info"]["title"] == "码上工程 · 小程序接口"
    assert {"/login", "/anonymous/complaints", "/complaints/{reference}"} <= set(document["paths"])
    assert mini.get("docs").status_code == 200
