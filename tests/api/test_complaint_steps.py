"""What offices do with complaints over REST beyond accepting and answering, and what they find in lists."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from app.core import clock
from app.core.db import Database
from app.models.complaint_classes import Level
from app.services import actors
from tests import factories
from tests.api.conftest import Api


@pytest.fixture
def filed(api: Api, borrowed: Database) -> str:
    with borrowed.transaction() as session:
        return str(factories.complaint(session, api.world.places.village).complaint.id)


def _reads(api: Api, complaint: str) -> list[dict[str, Any]]:
    rows = api.as_("county").get("audit", noun="complaint", noun_id=complaint)["items"]
    return [row for row in rows if row["action"] == "read"]


def test_asked_extended_twice_and_answered(api: Api, filed: str) -> None:
    liaison = api.as_("liaison")
    asked = liaison.post(f"complaints/{filed}/questions", {"text": "是哪一盏灯？"})
    assert (asked["state"], asked["first_replied_at"] is None) == ("accepted", False)
    first = asked["finish_at"]
    version = asked["version"]
    for number in (1, 2):
        body = {"reason": "等供电所停电施工", "version": version}
        shown = liaison.post(f"complaints/{filed}/extend", body)
        liaison.refused("POST", f"complaints/{filed}/extend", 409, "complaint.changed", body)
        assert shown["extensions"] == number
        version = shown["version"]
    assert shown["finish_at"] > first
    late = {"reason": "还要等"}
    liaison.refused("POST", f"complaints/{filed}/extend", 409, "complaint.extensions_used", late)
    answered = liaison.post(f"complaints/{filed}/answer", {"text": "已换好。"})
    assert (answered["outcome"], answered["first_replied_at"]) == ("answered", asked["first_replied_at"])


def test_handed_over_joined_and_given_back(api: Api, filed: str) -> None:
    liaison, inspector = api.as_("liaison"), api.as_("inspector")
    offices = {one["code"]: one["id"] for one in liaison.get(f"complaints/{filed}/offices")}
    places = api.world.places
    assert set(offices) == {places.village.code, places.town.code, places.county.code}
    to_county = {"office": offices[places.county.code], "reason": "请派人看一下"}
    joined = liaison.post(f"complaints/{filed}/join", to_county)
    assert [one["kind"] for one in joined["assignments"]].count("joint") == 1
    api.as_("county").post(f"complaints/{filed}/notes", {"text": "已联系供电局。"})
    api.as_("county").refused(
        "POST", f"complaints/{filed}/answer", 403, "complaint.not_yours", {"text": "好"}
    )
    shown = liaison.post(
        f"complaints/{filed}/transfer", {"office": offices[places.town.code], "reason": "镇里的路灯"}
    )
    assert shown["level"] == Level.TOWN
    liaison.refused("POST", f"complaints/{filed}/accept", 403, "complaint.not_yours", {})
    assert liaison.get("complaints", mine=True)["items"] == []
    assert [one["id"] for one in inspector.get("complaints", mine=True)["items"]] == [filed]
    back = {"reason": "是供电局的事", "address": "供电局 95598"}
    given = inspector.post(f"complaints/{filed}/give-back", back)
    assert (given["state"], given["outcome"]) == ("answered", "returned")


def test_merged_over_rest(api: Api, borrowed: Database, filed: str) -> None:
    with borrowed.transaction() as session:
        other = str(factories.complaint(session, api.world.places.village).complaint.id)
    liaison = api.as_("liaison")
    (similar,) = liaison.get(f"complaints/{other}/similar")
    assert (similar["complaint"]["id"], similar["alike"]) == (filed, 1.0)
    merged = liaison.post(f"complaints/{other}/merge", {"into": filed, "reason": "同一盏灯"})
    assert merged["merged_into"] == similar["complaint"]["number"]
    assert liaison.get(f"complaints/{filed}")["merged"] == [merged["number"]]
    liaison.refused("POST", f"complaints/{other}/accept", 409, "complaint.merged", {})
    assert liaison.post(f"complaints/{other}/separate")["merged_into"] is None


def test_each_reading_leaves_a_row_with_whole_days_for_anonymous_ones(
    api: Api, borrowed: Database, filed: str
) -> None:
    with borrowed.transaction() as session:
        secret = str(factories.complaint(session, api.world.places.village, by=actors.Visitor()).complaint.id)
    for key in (filed, secret):
        api.as_("liaison").get(f"complaints/{key}")
        api.as_("stranger").refused("GET", f"complaints/{key}", 404, "complaint.not_found")
        (row,) = _reads(api, key)
        assert row["actor_id"] == str(api.world.people["liaison"].id)
    assert _reads(api, secret)[0]["at"][11:19] == "16:00:00"  # midnight in Asia/Shanghai


def test_lists_and_counts_are_narrowed_alike(api: Api, borrowed: Database, filed: str) -> None:
    here, there = api.world.places, api.world.elsewhere
    with borrowed.transaction() as session:
        factories.complaint(session, there.village, content="水管漏水，路面结冰。")
    today = clock.today()
    narrowed: list[tuple[dict[str, Any], int]] = [
        ({}, 2),
        ({"village": here.village.code}, 1),
        ({"town": here.town.code}, 1),
        ({"town": here.county.code}, 2),
        ({"category": "public_works"}, 2),
        ({"grade": "hard"}, 0),
        ({"q": "路灯"}, 1),
        ({"colour": "red"}, 0),
        ({"since": today.isoformat(), "until": today.isoformat()}, 2),
        ({"since": (today + timedelta(days=1)).isoformat()}, 0),
        ({"until": (today - timedelta(days=1)).isoformat()}, 0),
        ({"overdue": False, "state": "filed"}, 2),
    ]
    county = api.as_("county")
    for params, expected in narrowed:
        assert len(county.get("complaints", **params)["items"]) == expected, params
        counts = county.get("complaints/counts", **params)
        assert sum(counts["states"].values()) == sum(counts["colours"].values()) == expected, params
    assert api.as_("liaison").get("complaints/counts")["states"]["filed"] == 1
    assert api.as_("author").get("complaints/counts")["states"]["filed"] == 0
    api.as_("liaison").refused("GET", "complaints?q=%20", 400, "search.words_missing")
    with time_machine.travel(clock.now() + timedelta(days=40)):
        api.world.tokens["later"] = api.post("tokens", {"label": "later"}, 201)["token"]
        assert api.as_("later").get("complaints/counts")["colours"]["red"] == 2


def test_counts_say_nothing_to_whom_it_is_about(api: Api, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        about = [api.world.people["inspector"].id]
        factories.complaint(session, api.world.places.village, category="cadre_conduct", about=about)
    counts = json.dumps(api.as_("inspector").get("complaints/counts"))
    assert not any(sign in counts for sign in "123456789")
    assert api.as_("county").get("complaints/counts")["states"]["filed"] == 1
