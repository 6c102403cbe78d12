"""What offices do with complaints over REST beyond accepting and answering, and what they find in lists."""

from __future__ import annotations

import pytest

from app.core.db import Database
from tests import factories
from tests.api.conftest import Api


@pytest.fixture
def filed(api: Api, borrowed: Database) -> str:
    with borrowed.transaction() as session:
        return str(factories.complaint(session, api.world.places.village).complaint.id)


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
