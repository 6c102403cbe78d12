"""Warnings, silences and rules through REST: proposals, who was told, verdicts, precision, history."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import Database
from tests import factories
from tests.api.conftest import Api, Json

RULE = "rules/contract.expiring"


@pytest.fixture
def fired(api: Api, borrowed: Database) -> Json:
    with borrowed.transaction() as session:
        factories.contract(session, api.world.places.village)
    api.post(f"{RULE}/run", {})
    [row] = api.get("warnings", rule="contract.expiring")["items"]
    return api.get(f"warnings/{row['id']}")  # type: ignore[no-any-return]


def test_a_warning_with_its_deadlines_and_who_was_told(api: Api, fired: Json) -> None:
    assert (fired["line"], fired["mode"], fired["muted_because"], fired["missing"]) == (
        "agriculture",
        "active",
        "",
        "",
    )
    assert [(step["step"], step["level"]) for step in fired["ladder"]] == [
        ("acknowledge", "town"),
        ("mend", "county"),
    ]
    assert fired["next_due_at"] == fired["ladder"][0]["due_at"]
    assert {one["officer"]["name"] for one in fired["notified"]} == {"陈reviewer", "陈liaison", "陈inspector"}
    assert {one["state"] for one in fired["notified"]} == {"grouped"}


def test_proposed_returned_and_accepted(api: Api, fired: Json) -> None:
    path = f"warnings/{fired['id']}"
    body = {"reason": "transferred", "text": "已移送。", "version": fired["version"]}
    liaison, inspector, county = api.as_("liaison"), api.as_("inspector"), api.as_("county")
    liaison.refused("POST", f"{path}/propose", 400, "warning.transfer_unclear", body)
    asked = liaison.post(f"{path}/propose", body | {"transferred_to": "区纪委监委"})
    assert (asked["state"], asked["proposal"], asked["transferred_to"]) == (
        "proposed",
        "transferred",
        "区纪委监委",
    )
    liaison.refused("POST", f"{path}/accept", 403, "warning.not_reviewer", {})
    inspector.refused("POST", f"{path}/return", 422, "request.invalid", {})
    back = inspector.post(f"{path}/return", {"text": "请补材料。"})
    assert (back["state"], back["proposal"]) == ("acknowledged", None)
    inspector.post(f"{path}/propose", {"reason": "explained", "text": "村里已说明。"})
    inspector.refused("POST", f"{path}/accept", 403, "warning.same_person", {})
    closed = county.post(f"{path}/accept", {"text": "同意。"})
    assert (closed["state"], closed["close_reason"], closed["next_due_at"]) == ("closed", "explained", None)
    kinds = [event["kind"] for event in closed["events"]]
    assert kinds == ["fired", "proposed", "returned", "proposed", "closed"]
    assert api.post(f"{RULE}/run", {})["outcome"] == {"mode": "active", "findings": 1, "settled": 1}


def test_filters(api: Api, fired: Json) -> None:
    town = api.world.places.town.code
    other = api.world.elsewhere.town.code
    cases: tuple[tuple[Json, int], ...] = (
        ({"area": town}, 1),
        ({"area": other}, 0),
        ({"line": "agriculture", "colour": "yellow", "state": "open", "mode": "active"}, 1),
        ({"line": "finance"}, 0),
        ({"mode": "shadow"}, 0),
    )
    for wanted, found in cases:
        assert len(api.get("warnings", **wanted)["items"]) == found
    api.get("warnings", 404, area="nowhere")


def test_whom_nobody_reached(api: Api, fired: Json) -> None:
    [lost] = api.as_("inspector").get("warnings/unreached")["items"]
    assert (lost["warning"]["id"], lost["why"]) == (fired["id"], "undelivered")
    assert lost["words"]
    api.as_("liaison").refused("GET", "warnings/unreached", 403, "access.forbidden")
    assert api.as_("other_inspector").get("warnings/unreached")["items"] == []


def test_a_silence_until_it_is_ended(api: Api, fired: Json) -> None:
    until = (clock.today() + timedelta(days=5)).isoformat()
    body = {"organisation": api.world.village, "ends_on": until, "reason": "正在核查。"}
    liaison = api.as_("liaison")
    liaison.refused("POST", "silences", 403, "silence.red", body | {"includes_red": True})
    api.as_("stranger").refused("POST", "silences", 403, "silence.not_yours", body)
    api.refused("POST", "silences", 403, "silence.not_yours", body)
    made = liaison.post("silences", body | {"rule": "contract.expiring"}, 201)
    assert (made["by_village"], made["set_by"]) == (True, "陈liaison")
    assert "正在核查" in api.get(f"warnings/{fired['id']}")["muted_because"]
    assert [one["id"] for one in api.as_("inspector").get("silences", running=True)["items"]] == [made["id"]]
    assert api.as_("stranger").get("silences")["items"] == []
    ended = api.as_("inspector").post(f"silences/{made['id']}/end")
    assert ended["ended_by"] == "陈inspector"
    assert api.get(f"warnings/{fired['id']}")["muted_because"] == ""
    api.as_("inspector").refused("POST", f"silences/{made['id']}/end", 409, "silence.over")
    api.as_("inspector").refused("POST", f"silences/{uuid.uuid4()}/end", 404, "silence.not_found")


def test_what_a_rule_says_of_villages(api: Api, fired: Json) -> None:
    page = api.as_("county").get(f"{RULE}/villages")
    by_code = {row["village"]["code"]: row for row in page["items"]}
    assert by_code[api.world.village]["verdict"] == "fired"
    bare = by_code[api.world.elsewhere.village.code]
    assert (bare["verdict"], bare["missing"]) == ("not_computable", {"合同台账": 1})
    assert (page["verdicts"], page["missing"]) == ({"fired": 1, "not_computable": 1}, {"合同台账": 1})
    only = api.as_("county").get(f"{RULE}/villages", verdict="fired", limit=1)
    assert (len(only["items"]), only["next"]) == (1, None)
    assert [row["village"]["code"] for row in api.as_("liaison").get(f"{RULE}/villages")["items"]] == [
        api.world.village
    ]
    rule = api.as_("stranger").get(RULE)
    assert (rule["code"], rule["villages"], rule["precision"]) == ("R01", {"not_computable": 1}, None)


def test_precision_and_history_of_a_rule(api: Api, fired: Json) -> None:
    api.put(RULE, {"mode": "active", "thresholds": {"yellow_days": 45}, "reason": "提前一个半月"})
    api.refused("PUT", RULE, 422, "request.invalid", {"mode": "active"})
    [change] = api.as_("county").get(f"{RULE}/history")["items"]
    assert (change["reason"], change["after"]["thresholds"]["yellow_days"]) == ("提前一个半月", 45)
    api.as_("liaison").refused("GET", f"{RULE}/history", 403, "access.forbidden")
    right = api.as_("inspector").get(f"{RULE}/precision")
    assert (right["closed"], right["precision"]) == (0, None)
    api.as_("liaison").refused("GET", f"{RULE}/precision", 403, "access.forbidden")
    assert api.as_("county").get(RULE)["precision"]["judged"] == 0


def test_a_trial_is_seen_by_the_county_only(api: Api, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        factories.contract(session, api.world.places.village)
    api.put(RULE, {"mode": "shadow", "reason": "先试一个月"})
    assert api.post(f"{RULE}/run", {})["outcome"] == {"mode": "shadow", "findings": 1, "fired": 1}
    [row] = api.as_("county").get("warnings", mode="shadow")["items"]
    for who in ("inspector", "liaison", "author"):
        assert api.as_(who).get("warnings")["items"] == []
        api.as_(who).refused("GET", f"warnings/{row['id']}", 404, "warning.not_found")
        assert api.as_(who).get(f"{RULE}/villages")["items"] == []
    api.put(RULE, {"mode": "active", "reason": "试得不错"})
    assert api.as_("liaison").get(f"warnings/{row['id']}")["mode"] == "active"
