"""Disclosures from draft to public page and tombstone."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
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
    author.refused("POST", f"{path}/submit", 409, "disclosure.privacy_blocked")
    author.post(f"{path}/privacy/confirm", {"file_id": made["files"][0]["id"]})
    author.post(f"{path}/submit")
    [waiting] = reviewer.get("disclosures/waiting")
    assert (waiting["id"], bool(waiting["review_due_at"])) == (made["id"], True)
    assert author.get("disclosures/waiting") == []
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
    assert (withdrawn["state"], withdrawn["withdrawn_because"]) == ("withdrawn", "数字有误，将重新公开。")
    tombstone = api.as_("stranger").get(path)
    assert (tombstone["title"], tombstone["summary"], tombstone["versions"], tombstone["files"]) == (
        "三月份收支公开",
        "",
        [],
        [],
    )


def publish(api: Api, **changes: Any) -> str:
    made = api.as_("author").post("disclosures", draft(api, **changes), 201)
    path = f"disclosures/{made['id']}"
    api.as_("author").post(f"{path}/submit")
    assert api.as_("reviewer").post(f"{path}/publish", {"seen": 1})["state"] == "published"
    return path


def test_a_correction_beside_the_public_text(api: Api) -> None:
    author, reviewer, stranger = api.as_("author"), api.as_("reviewer"), api.as_("stranger")
    path = publish(api)
    text = {"title": "三月份收支公开", "summary": "三月支出 7 万元。", "reason": "多写了一万元。"}
    author.refused("PUT", f"{path}/correction", 422, "request.invalid", {**text, "reason": " "})
    proposed = author.put(f"{path}/correction", text)
    assert (proposed["proposed_version"], proposed["proposed_state"]) == (2, "draft")
    author.refused("PUT", f"{path}/correction", 409, "disclosure.correction_exists", text)
    assert author.put(f"{path}/correction", {**text, "instead_of": 2})["proposed_version"] == 3
    seen = stranger.get(path)
    assert (seen["summary"], seen["proposed_version"], len(seen["versions"])) == (
        "三月收入 12 万元，支出 8 万元。",
        None,
        1,
    )
    assert seen["versions"][0]["records"] is None
    author.post(f"{path}/correction/submit")
    reviewer.refused("POST", f"{path}/correction/publish", 409, "disclosure.changed", {"seen": 2})
    returned = reviewer.post(f"{path}/correction/return", {"remark": "写明是哪一笔", "seen": 3})
    assert (returned["proposed_state"], returned["state"]) == ("returned", "published")
    author.post(f"{path}/correction/submit")
    author.refused("POST", f"{path}/correction/publish", 403, "disclosure.not_reviewer")
    corrected = reviewer.post(f"{path}/correction/publish", {"seen": 3})
    assert (corrected["current_version"], corrected["proposed_state"]) == (3, None)
    reasons = [one["reason"] for one in stranger.get(path)["versions"]]
    assert reasons == ["", "多写了一万元。"]
    author.put(f"{path}/correction", text)
    assert author.delete(f"{path}/correction", 200)["proposed_version"] is None
    author.refused("DELETE", f"{path}/correction", 409, "disclosure.correction_missing")


def test_approval_for_a_time_and_calling_back(api: Api) -> None:
    author, reviewer = api.as_("author"), api.as_("reviewer")
    made = author.post("disclosures", draft(api), 201)
    path = f"disclosures/{made['id']}"
    author.post(f"{path}/submit")
    later = (clock.now() + timedelta(days=1)).isoformat()
    reviewer.refused(
        "POST", f"{path}/approve", 400, "disclosure.publish_at_wrong", {"publish_at": "2020-01-01T09:00:00Z"}
    )
    reviewer.refused("POST", f"{path}/approve", 422, "request.invalid", {"publish_at": "2027-01-01T09:00:00"})
    approved = reviewer.post(f"{path}/approve", {"publish_at": later, "seen": 1})
    assert (approved["state"], bool(approved["publish_at"])) == ("approved", True)
    api.as_("stranger").refused("GET", path, 404, "disclosure.not_found")
    author.refused("PUT", path, 409, "disclosure.state_wrong", _rewritten(api))
    assert reviewer.post(f"{path}/call-back")["state"] == "submitted"
    assert author.post(f"{path}/call-back")["state"] == "draft"
    rewritten = author.put(path, _rewritten(api, seen=1))
    assert (rewritten["title"], rewritten["current_version"]) == ("改过的标题", 2)
    author.refused("PUT", path, 409, "disclosure.changed", _rewritten(api, seen=1))


def _rewritten(api: Api, **changes: Any) -> Json:
    body = draft(api, title="改过的标题", **changes)
    del body["village"]
    return body


def test_an_urgent_notice(api: Api) -> None:
    ends = (clock.now() + timedelta(days=2)).isoformat()
    urgent = {"kind": "urgent_notice", "category": "urgent", "table": None, "expires_at": ends}
    path = publish(api, title="停水通知", summary="今晚停水。", **urgent)
    shown = api.as_("stranger").get(path)
    assert (shown["kind"], shown["pinned"]) == ("urgent_notice", True)
    refused = api.as_("author").refused
    for wrong, code in (
        ({"expires_at": None}, "disclosure.expires_missing"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "disclosure.expires_wrong"),
        ({"kind": "plain"}, "disclosure.expires_unused"),
    ):
        refused("POST", "disclosures", 400, code, draft(api, **urgent | wrong))


def test_fields_of_the_category_make_figures_table_and_sentence(api: Api) -> None:
    own = {
        "filled": {"income": "12万元", "expense": 8_000_000},
        "records": [{"direction": "支出", "item": "河道保洁", "count": 2, "amount": "1200.50"}],
        "table": None,
        "figures": {},
        "period": "2026-10",
    }
    made = api.as_("author").post("disclosures", draft(api, summary="", **own), 201)
    [version] = made["versions"]
    assert version["figures"]["收入"] == "120,000.00 元"
    assert version["table"]["rows"][0][1] == "河道保洁"
    assert version["filled"]["expense"] == 8_000_000
    assert 0 < len(made["summary"]) <= 40
    wrong = own | {"records": [{"direction": "支出", "item": "河道保洁", "amount": "很多"}]}
    problem = api.as_("author").refused(
        "POST", "disclosures", 400, "disclosure.field_wrong", draft(api, **wrong)
    )
    assert (problem["row"], problem["column"]) == (1, "金额")
    assert "第 1 行「金额」" in problem["detail"]


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
        ({"notice_days": 2, "category": "decision_result"}, 400, "disclosure.notice_too_short"),
        ({"summary": "长" * 41}, 422, "request.invalid"),
        ({"period": "十月"}, 400, "disclosure.period_wrong"),
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
