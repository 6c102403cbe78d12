"""Complaints as offices handle them over REST; nobody learns who complained."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
import time_machine

from app.core import clock
from app.core.db import Database
from app.models import Villager, WechatIdentity
from app.services import actors
from tests import factories
from tests.api.conftest import Api
from tests.miniprogram_api.conftest import picture

LATER = timedelta(days=40)


@pytest.fixture
def filed(api: Api, borrowed: Database) -> str:
    with borrowed.transaction() as session:
        return str(factories.complaint(session, api.world.places.village).complaint.id)


def test_a_complaint_is_accepted_noted_and_answered_with_a_picture(api: Api, filed: str) -> None:
    liaison = api.as_("liaison")
    (row,) = liaison.get("complaints", state="filed", village=api.world.village)["items"]
    assert (row["id"], row["category"]["name"], row["colour"]) == (filed, "设施维修", "green")
    accepted = liaison.post(f"complaints/{filed}/accept", {"version": row["version"]})
    assert accepted["state"] == "accepted"
    stale = {"version": row["version"], "text": "已修好。"}
    liaison.refused("POST", f"complaints/{filed}/answer", 409, "complaint.changed", stale)
    liaison.refused("POST", f"complaints/{filed}/accept", 409, "complaint.state_wrong", {})
    liaison.post(f"complaints/{filed}/notes", {"text": "已联系供电所。"})
    upload = liaison.send("POST", "uploads", files={"file": ("灯.jpg", picture())}).json()
    answered = liaison.post(
        f"complaints/{filed}/answer", {"text": "路灯已修好。", "uploads": [upload["token"]]}
    )
    assert [event["kind"] for event in answered["events"]] == [
        "filed",
        "assigned",
        "accepted",
        "note",
        "answered",
    ]
    assert [event["visible"] for event in answered["events"]][3] is False
    (file,) = answered["events"][-1]["files"]
    assert (file["name"], file["ready"], file["media_type"]) == ("灯.jpg", True, "image/jpeg")
    (assignment,) = answered["assignments"]
    assert (assignment["officer"]["name"], assignment["level"]) == ("陈liaison", "village")
    assert api.as_("inspector").get(f"files/{file['id']}").startswith(b"\xff\xd8")
    api.as_("stranger").refused("GET", f"files/{file['id']}", 404, "complaint.not_found")


def test_who_sees_and_who_may_handle_it(api: Api, filed: str) -> None:
    for who in ("liaison", "inspector", "county", "admin"):
        assert api.as_(who).get(f"complaints/{filed}")["id"] == filed
    for who in ("author", "reviewer", "stranger", "other_inspector"):
        assert api.as_(who).get("complaints")["items"] == []
        for method, step in (("GET", ""), ("POST", "/accept")):
            path = f"complaints/{filed}{step}"
            api.as_(who).refused(method, path, 404, "complaint.not_found", {} if step else None)
    api.as_("inspector").refused("POST", f"complaints/{filed}/accept", 403, "complaint.not_yours", {})
    api.refused("POST", f"complaints/{filed}/accept", 403, "access.forbidden", {})
    api.as_("liaison").refused("POST", f"complaints/{filed}/answer", 422, "request.invalid", {"text": " "})
    api.refused("GET", f"complaints/{uuid.uuid4()}", 404, "complaint.not_found")


def test_whom_it_is_about_never_sees_a_trace_of_it(api: Api, borrowed: Database) -> None:
    about = api.world.people["inspector"]
    with borrowed.transaction() as session:
        complaint = factories.complaint(
            session, api.world.places.village, category="cadre_conduct", about=[about.id]
        ).complaint
        key = str(complaint.id)
    assert api.as_("county").get(f"complaints/{key}")["about"] == ["陈inspector"]
    named = api.as_("inspector")
    named.refused("GET", f"complaints/{key}", 404, "complaint.not_found")
    for path in ("complaints", "audit", "outbox"):
        assert key not in json.dumps(named.get(path))
    assert key in json.dumps(api.as_("county").get("audit"))


def test_no_identity_is_ever_shown(api: Api, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        who = factories.identity(session)
        villager = session.get_one(Villager, who.villager_id)
        key = factories.complaint(
            session, api.world.places.village, by=actors.Villager(villager.id)
        ).complaint.id
        secrets = [who.openid, str(who.id), str(villager.id)]
        assert session.get(WechatIdentity, who.id)
    shown = json.dumps([api.get(f"complaints/{key}"), api.get("complaints"), api.get("outbox")])
    assert not [secret for secret in secrets if secret in shown]


def test_times_of_anonymous_complaints_are_whole_days(api: Api, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        filed = factories.complaint(session, api.world.places.village, by=actors.Visitor())
    shown = api.as_("liaison").post(f"complaints/{filed.complaint.id}/accept", {})
    assert shown["anonymous"]
    times = [shown["filed_at"], *(event["at"] for event in shown["events"])]
    assert {time[11:19] for time in times} == {"16:00:00"}  # midnight in Asia/Shanghai
    assert filed.receipt
    assert filed.receipt not in json.dumps(shown)


def test_overdue_ones_are_found(api: Api, filed: str) -> None:
    assert api.get("complaints", overdue=True)["items"] == []
    with time_machine.travel(clock.now() + LATER):
        api.world.tokens["later"] = api.post("tokens", {"label": "later"}, 201)["token"]
        (row,) = api.as_("later").get("complaints", overdue=True, level="village")["items"]
        assert (row["id"], row["colour"]) == (filed, "red")
        assert api.as_("later").get("complaints", overdue=False)["items"] == []


def test_complaints_page_by_page(api: Api, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        for _ in range(3):
            factories.complaint(session, api.world.places.village, by=actors.Visitor())
    first = api.get("complaints", limit=2)
    rest = api.get("complaints", limit=2, after=first["next"])
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    assert len({row["id"] for row in first["items"] + rest["items"]}) == 3
