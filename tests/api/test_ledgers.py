"""Contracts, payments, and the rules and warnings that come of them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from app.core.db import Database
from tests import factories
from tests.api.conftest import Api, Json

RULE = "rules/contract.expiring"


def lease(api: Api, **changes: Any) -> Json:
    return {
        "village": api.world.village,
        "number": "HT-2026-017",
        "kind": "lease_out",
        "title": "村口鱼塘承包",
        "counterparty": "某某水产专业合作社",
        "starts_on": "2024-04-16",
        "ends_on": (clock.today() + timedelta(days=20)).isoformat(),
        "amount_fen": 3_600_000,
    } | changes


def payment(api: Api, **changes: Any) -> Json:
    return {
        "village": api.world.village,
        "voucher": "记-0312",
        "paid_on": "2026-03-12",
        "payee": "某某建材经营部",
        "amount_fen": 120_000,
        "method": "transfer",
        "category": "劳务用工",
    } | changes


def test_a_contract_is_entered_found_and_ended(api: Api) -> None:
    made = api.as_("author").post("contracts", lease(api), 201)
    assert (made["state"], made["amount_fen"], made["village"]["name"]) == ("active", 3_600_000, "东联村")
    assert api.as_("inspector").get(f"contracts/{made['id']}") == made
    assert api.get("contracts", ends_before=made["ends_on"])["items"] == []
    later = clock.today() + timedelta(days=21)
    found = api.get("contracts", ends_before=later, village=api.world.village, state="active")["items"]
    assert found == [made]
    ended = api.post(f"contracts/{made['id']}/state", {"state": "ended"})
    assert (ended["state"], ended["version"]) == ("ended", made["version"] + 1)


def test_contracts_that_are_refused(api: Api) -> None:
    api.post("contracts", lease(api), 201)
    api.refused("POST", "contracts", 409, "contract.number_taken", lease(api))
    api.refused(
        "POST", "contracts", 400, "contract.term_reversed", lease(api, number="2", ends_on="2024-04-15")
    )
    api.refused("POST", "contracts", 404, "village.not_found", lease(api, village="nowhere"))
    for change in ({"amount_fen": -1}, {"amount_fen": 10**18}, {"kind": "loan"}, {"starts_on": "1.4.2024"}):
        api.refused("POST", "contracts", 422, "request.invalid", lease(api, **change))
    for who in ("liaison", "stranger", "county"):
        api.as_(who).refused("POST", "contracts", 403, "access.forbidden", lease(api, number="3"))


def test_ledgers_of_other_towns_stay_unknown(api: Api) -> None:
    made = api.post("contracts", lease(api), 201)
    api.post("payments", payment(api), 201)
    for who in ("stranger", "other_inspector"):
        assert api.as_(who).get("contracts")["items"] == []
        assert api.as_(who).get("payments")["items"] == []
        api.as_(who).refused("GET", f"contracts/{made['id']}", 404, "contract.not_found")
        api.as_(who).refused(
            "POST", f"contracts/{made['id']}/state", 404, "contract.not_found", {"state": "ended"}
        )
    assert len(api.as_("county").get("payments")["items"]) == 1


def test_payments_by_day_and_page(api: Api) -> None:
    for number in range(5):
        body = payment(api, voucher=f"记-{number}", paid_on=f"2026-03-{10 + number // 2}")
        api.as_("author").post("payments", body, 201)
    everything = api.get("payments")["items"]
    assert [row["paid_on"][-2:] for row in everything] == ["12", "11", "11", "10", "10"]
    first = api.get("payments", limit=2)
    rest = api.get("payments", limit=9, after=first["next"])
    assert first["items"] + rest["items"] == everything
    within = api.get("payments", **{"from": "2026-03-11", "to": "2026-03-11"}, village=api.world.village)
    assert [row["voucher"] for row in within["items"]] == ["记-3", "记-2"]


def test_payments_that_are_refused(api: Api) -> None:
    api.post("payments", payment(api), 201)
    api.refused("POST", "payments", 409, "payment.voucher_taken", payment(api))
    other = api.post("contracts", lease(api, village=api.world.elsewhere.village.code), 201)
    wrong = payment(api, voucher="2", contract_id=other["id"])
    api.refused("POST", "payments", 400, "payment.contract_unknown", wrong)
    api.refused("POST", "payments", 400, "payment.amount_wrong", payment(api, voucher="3", amount_fen=0))
    api.as_("liaison").refused("POST", "payments", 403, "access.forbidden", payment(api, voucher="4"))


def test_a_rule_is_tuned_run_and_its_warning_handled(api: Api, borrowed: Database) -> None:
    contract = api.post("contracts", lease(api), 201)
    tuned = api.put(RULE, {"mode": "active", "thresholds": {"yellow_days": 45}, "reason": "提前一个半月"})
    assert tuned["thresholds"] == {"yellow_days": 45, "red_days": 7}
    run = api.post(f"{RULE}/run", {})
    assert run["outcome"] == {"mode": "active", "findings": 1, "fired": 1, "pushed": 3}
    (row,) = api.as_("liaison").get("warnings", colour="yellow", rule="contract.expiring")["items"]
    assert (row["subject_id"], row["village"]["code"]) == (contract["id"], api.world.village)
    path = f"warnings/{row['id']}"
    taken = api.as_("liaison").post(f"{path}/acknowledge", {"version": row["version"]})
    stale = {"version": row["version"], "reason": "mended"}
    api.as_("inspector").refused("POST", f"{path}/close", 409, "warning.changed", stale)
    api.as_("inspector").refused("POST", f"{path}/close", 409, "warning.state_wrong", {"reason": "mended"})
    api.as_("liaison").post(f"{path}/explain", {"text": "招租方案本周公开。"})
    api.post(f"contracts/{contract['id']}/state", {"state": "renewed"})
    assert api.post(f"{RULE}/run", {})["outcome"]["cleared"] == 1
    api.as_("liaison").refused("POST", f"{path}/close", 403, "warning.not_reviewer", {"reason": "mended"})
    closed = api.as_("inspector").post(f"{path}/close", {"reason": "mended", "text": "公告已核对。"})
    assert (closed["state"], closed["close_reason"], taken["state"]) == ("closed", "mended", "acknowledged")
    kinds = [event["kind"] for event in closed["events"]]
    assert kinds == ["fired", "acknowledged", "explained", "cleared", "closed"]


def test_warnings_stay_within_their_area(api: Api) -> None:
    api.post("contracts", lease(api), 201)
    api.post(f"{RULE}/run", {"as_of": clock.today().isoformat()})
    (row,) = api.get("warnings", village=api.world.village, state="open")["items"]
    assert api.as_("stranger").get("warnings")["items"] == []
    api.as_("stranger").refused("GET", f"warnings/{row['id']}", 404, "warning.not_found")
    api.as_("stranger").refused("POST", f"warnings/{row['id']}/acknowledge", 404, "warning.not_found", {})
    api.refused("POST", f"warnings/{row['id']}/acknowledge", 403, "access.forbidden", {})
    api.as_("liaison").refused("POST", f"warnings/{row['id']}/explain", 422, "request.invalid", {"text": ""})
    api.refused("GET", f"warnings/{uuid.uuid4()}", 404, "warning.not_found")


def test_rules_say_what_they_mean(api: Api) -> None:
    (rule,) = [row for row in api.as_("liaison").get("rules") if row["key"] == "contract.expiring"]
    assert rule["source"]
    assert rule["thresholds_schema"]["properties"]["yellow_days"]["description"]
    assert rule["thresholds"] == {"yellow_days": 30, "red_days": 7}


@pytest.mark.parametrize("thresholds", [{"yellow_days": 0}, {"purple_days": 3}])
def test_thresholds_that_are_refused(api: Api, thresholds: dict[str, int]) -> None:
    body = {"mode": "active", "thresholds": thresholds, "reason": "试试"}
    api.refused("PUT", RULE, 400, "rule.thresholds_wrong", body)


def test_rules_are_run_by_administrators_and_their_runs_read_by_inspectors(api: Api) -> None:
    api.post(f"{RULE}/run", {})
    api.post(f"{RULE}/run", {})
    first = api.as_("county").get(f"{RULE}/runs", limit=1)
    second = api.as_("county").get(f"{RULE}/runs", limit=1, after=first["next"])
    assert first["items"][0]["id"] != second["items"][0]["id"]
    assert second["next"] is None
    api.as_("liaison").refused("GET", f"{RULE}/runs", 403, "access.forbidden")
    api.as_("county").refused("POST", f"{RULE}/run", 403, "access.forbidden", {})
    api.refused("POST", "rules/no.such/run", 404, "rule.not_found", {})


def test_switched_off_a_rule_does_nothing(api: Api, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        factories.contract(session, api.world.places.village)
    api.put(RULE, {"mode": "off", "reason": "本县不用"})
    assert api.post(f"{RULE}/run", {})["outcome"] == {"mode": "off"}
    assert api.get("warnings")["items"] == []
