"""Frequent answers over REST."""

from __future__ import annotations

from tests.api.conftest import Api


def test_an_office_keeps_offers_and_drops_an_answer(api: Api) -> None:
    liaison, village = api.as_("liaison"), api.world.village
    new = {"organisation": village, "title": "路灯已修", "text": "已修好。", "category": "public_works"}
    made = liaison.post("reply-templates", new, 201)
    assert (made["title"], made["category_code"]) == ("路灯已修", "public_works")
    liaison.refused("POST", "reply-templates", 409, "reply_template.title_taken", new)
    assert [one["id"] for one in liaison.get("reply-templates", category="public_works")] == [made["id"]]
    assert liaison.get("reply-templates", category="cadre_conduct") == []
    assert api.as_("stranger").get("reply-templates") == []
    api.as_("stranger").refused("DELETE", f"reply-templates/{made['id']}", 403, "access.forbidden")
    api.as_("stranger").refused("POST", "reply-templates", 403, "access.forbidden", new)
    liaison.delete(f"reply-templates/{made['id']}")
    liaison.refused("DELETE", f"reply-templates/{made['id']}", 404, "reply_template.not_found")
