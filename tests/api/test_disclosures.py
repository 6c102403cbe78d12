"""Disclosures from draft to public page and tombstone."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.api.conftest import Api, Json
from tests.miniprogram_api.conftest import picture


def draft(api: Api, **changes: Any) -> Json:
    return {
        "village": api.world.village,
        "category": "finance",
        "title": "三月份收支公开",
        "summary": "三月收入 12 万元，支出 8 万元。",
        "figures": {"收入": "12 万元", "支出": "8 万元"},
        "table": {"columns": ["日期", "金额"], "rows": [["2026-03-12", "1200.00"]]},
    } | changes


def test_from_draft_to_tombstone(api: Api) -> None:
    author, reviewer = api.as_("author"), api.as_("reviewer")
    token = author.send("POST", "uploads", files={"file": ("账.jpg", picture())}).json()["token"]
    made = author.post("disclosures", draft(api, uploads=[token]), 201)
    path = f"disclosures/{made['id']}"
    assert (made["state"], made["versions"][0]["table"]["rows"]) == ("draft", [["2026-03-12", "1200.00"]])
    api.as_("stranger").refused("GET", path, 404, "disclosure.not_found")
    author.post(f"{path}/submit")
    reviewer.refused("POST", f"{path}/return", 400, "disclosure.remark_missing", {"remark": " "})
    assert reviewer.post(f"{path}/return", {"remark": "请写明细。"})["review_remark"] == "请写明细。"
    author.post(f"{path}/submit")
    author.refused("POST", f"{path}/publish", 403, "disclosure.not_reviewer")
    published = reviewer.post(f"{path}/publish")
    assert published["published_at"]
    reviewer.refused("POST", f"{path}/publish", 409, "disclosure.state_wrong")
    shown = api.as_("stranger").get(path)
    assert (shown["title"], shown["state"]) == ("三月份收支公开", "published")
    assert shown["versions"][0]["figures"] == {"收入": "12 万元", "支出": "8 万元"}
    assert api.as_("stranger").get(f"files/{shown['files'][0]['id']}").startswith(b"\xff\xd8")
    withdrawn = reviewer.post(f"{path}/withdraw", {"remark": "数字有误，将重新公开。"})
    assert (withdrawn["state"], withdrawn["review_remark"]) == ("withdrawn", "数字有误，将重新公开。")


def test_lists_show_drafts_to_their_own_village_alone(api: Api) -> None:
    made = api.as_("author").post("disclosures", draft(api), 201)
    for who, seen in (("author", 1), ("inspector", 1), ("admin", 1), ("stranger", 0)):
        rows = api.as_(who).get("disclosures", village=api.world.village, category="finance")["items"]
        assert len(rows) == seen
    assert api.get("disclosures", state="published")["items"] == []
    assert api.get("disclosures", state="draft")["items"][0]["id"] == made["id"]
    first = api.as_("author").post("disclosures", draft(api, title="四月份收支公开"), 201)
    page = api.get("disclosures", limit=1)
    rest = api.get("disclosures", limit=1, after=page["next"])
    assert {page["items"][0]["id"], rest["items"][0]["id"]} == {made["id"], first["id"]}
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"category": "no_such"}, 400, "disclosure.category_unknown"),
        ({"kind": "retender_notice"}, 400, "disclosure.contract_missing"),
        ({"contract_id": str(uuid.uuid4())}, 400, "disclosure.contract_unknown"),
        ({"uploads": ["x" * 40]}, 400, "upload.unknown"),
        ({"village": "nowhere"}, 404, "village.not_found"),
        ({"title": "长" * 61}, 422, "request.invalid"),
        ({"table": {"columns": ["一"], "rows": [["1", "2"]]}}, 422, "request.invalid"),
        ({"notice_days": 0}, 422, "request.invalid"),
        ({"figures": {"收入": {"a": 1}}}, 422, "request.invalid"),
    ],
)
def test_drafts_that_are_refused(api: Api, change: Json, status: int, code: str) -> None:
    api.as_("author").refused("POST", "disclosures", status, code, draft(api, **change))


def test_only_the_villages_information_officer_drafts(api: Api) -> None:
    for who in ("liaison", "county", "admin"):
        api.as_(who).refused("POST", "disclosures", 403, "disclosure.not_author", draft(api))


def test_the_list_of_categories(api: Api) -> None:
    listed = api.as_("author").get("disclosures/categories")
    assert sum(row["fixed"] for row in listed) == 10


def test_uploads_that_are_refused(api: Api) -> None:
    answer = api.send("POST", "uploads", files={"file": ("x.exe", b"MZ\x90\x00")})
    assert (answer.status_code, answer.json()["code"]) == (400, "upload.type_refused")
    answer = api.send("POST", "uploads", data={"file": "text"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    api.refused("GET", f"files/{uuid.uuid4()}", 404, "attachment.not_found")
