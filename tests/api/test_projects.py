"""Small works and hash chains over the REST face."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from app.core.db import Database
from app.models import Organisation, Payment
from app.services import chain
from tests.api.conftest import Api, Json
from tests.services.chained import long_chain, publish
from tests.services.works import pay, whole


def body(api: Api, **changes: Any) -> Json:
    given = {"village": api.world.village, "number": "GC-1", "name": "村道硬化", "approved_on": "2026-03-01"}
    return given | changes


def step(project: Json, kind: str) -> Json:
    [found] = [one for one in project["steps"] if one["kind"] == kind]
    return dict(found)


def test_a_project_from_entry_to_final_account(api: Api, borrowed: Database) -> None:
    author = api.as_("author")
    with borrowed.transaction() as session:
        village = session.get_one(Organisation, api.world.places.village.id)
        notice = publish(session, village, "决策公示")
        payment = pay(session, village, 40, 80_000, payee="陈建国")
    made = author.post("projects", body(api, estimate_fen=8_500_000), 201)
    path = f"projects/{made['id']}"
    assert (made["state"], made["version"], step(made, "tender")["state"]) == ("approved", 1, "waiting")
    decided = {"kind": "decision", "day": "2026-03-01", "disclosure_id": str(notice.id)}
    author.post(f"{path}/stages", decided, 201)
    votes = {"votes_for": 30, "votes_against": 1, "votes_abstained": 0}
    shown = author.post(f"{path}/stages", {"kind": "contract", "day": "2026-04-01"}, 201)
    assert step(shown, "vote")["state"] == "missing"
    shown = author.post(f"{path}/stages", {"kind": "vote", "day": "2026-02-20", **votes}, 201)
    assert step(shown, "vote")["entries"][0]["votes"] == {"in_favour": 30, "against": 1, "abstained": 0}
    assert step(shown, "decision")["entries"][0]["evidence"]["title"] == "决策公示"

    linked = author.post(f"{path}/payments/{payment.id}")
    assert (linked["paid_fen"], step(linked, "payment")["entries"][0]["payee"]) == (80_000, "陈建国")
    assert step(api.as_("stranger").get(path), "payment")["entries"][0]["payee"] == "陈**"
    [row] = author.get("payments", project=made["id"])["items"]
    assert (row["id"], row["project_id"]) == (payment.id, made["id"])
    change = body(api, exempt=["tender"], exempt_because="小额", final_fen=8_000_000)
    del change["village"]
    author.refused("PUT", path, 409, "project.changed", change | {"version": 1})
    changed = author.put(path, change | {"version": linked["version"]})
    assert (step(changed, "tender")["state"], changed["agreed_fen"]) == ("exempt", 8_000_000)
    assert api.as_("stranger").get("projects", village=api.world.village)["items"][0]["id"] == made["id"]
    author.refused("POST", f"{path}/cancel", 400, "project.words_missing", {"reason": " "})
    assert author.post(f"{path}/cancel", {"reason": "资金没有落实"})["state"] == "cancelled"


def test_a_payment_is_entered_for_a_project(api: Api) -> None:
    made = api.as_("author").post("projects", body(api), 201)
    paid = {
        "village": api.world.village,
        "voucher": "记-1",
        "paid_on": "2026-04-01",
        "payee": "萧山某某建设有限公司",
        "amount_fen": 100,
        "method": "transfer",
        "category": "工程款",
        "project_id": made["id"],
    }
    assert api.as_("author").post("payments", paid, 201)["project_id"] == made["id"]
    assert api.get(f"projects/{made['id']}")["state"] == "under_way"
    wrong = paid | {"voucher": "记-2", "project_id": str(uuid.uuid4())}
    api.as_("author").refused("POST", "payments", 400, "payment.project_unknown", wrong)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"village": "nowhere"}, 404, "village.not_found"),
        ({"contract_id": str(uuid.uuid4())}, 400, "project.contract_unknown"),
        ({"exempt": ["tender"]}, 400, "project.exempt_because_missing"),
        ({"exempt": ["nothing"]}, 422, "request.invalid"),
        ({"description": "联系 13800138000"}, 400, "project.words_personal"),
        ({"estimate_fen": -1}, 422, "request.invalid"),
        ({"number": " "}, 422, "request.invalid"),
    ],
)
def test_projects_that_are_refused(api: Api, change: Json, status: int, code: str) -> None:
    api.as_("author").refused("POST", "projects", status, code, body(api, **change))


def test_only_those_who_keep_the_ledger_write(api: Api, borrowed: Database) -> None:
    made = api.as_("inspector").post("projects", body(api, approved_on=None), 201)
    path = f"projects/{made['id']}"
    for who, status in (("liaison", 200), ("county", 200), ("stranger", 404), ("other_inspector", 404)):
        api.as_(who).get(path, status)
    stage = {"kind": "proposal", "day": "2026-02-01"}
    api.as_("liaison").refused("POST", f"{path}/stages", 403, "access.forbidden", stage)
    api.as_("stranger").refused("POST", f"{path}/stages", 404, "project.not_found", stage)
    api.as_("author").refused("POST", f"{path}/payments/999999", 400, "payment.unknown")
    api.as_("author").refused("GET", f"projects/{uuid.uuid4()}", 404, "project.not_found")


def test_a_whole_project_is_read(api: Api, borrowed: Database) -> None:
    with borrowed.transaction() as session:
        project = whole(session, session.get_one(Organisation, api.world.places.village.id))
        payments = session.scalars(select(Payment)).all()
    shown = api.as_("county").get(f"projects/{project.id}")

    assert {one["state"] for one in shown["steps"]} == {"done"}
    assert shown["paid_fen"] == sum(one.amount_fen for one in payments)
    assert (shown["overpaid_fen"], shown["counterparty"]) == (0, "萧山某某建设有限公司")


def test_everybody_reads_and_checks_a_chain(api: Api, borrowed: Database) -> None:
    anybody, code = api.as_(""), api.world.village
    assert anybody.get(f"chains/{code}") == {"village": code, "head": None, "checked": None}
    with borrowed.transaction() as session:
        village = session.get_one(Organisation, api.world.places.village.id)
        long_chain(session, village)
        chain.check(session, village_id=village.id)
    shown = anybody.get(f"chains/{code}")
    assert (shown["head"]["number"], shown["checked"]["faults"]) == (5, {})
    first = anybody.get(f"chains/{code}/links", limit=3)
    rest = anybody.get(f"chains/{code}/links", limit=3, before=first["before"])
    numbers = [one["number"] for one in first["items"] + rest["items"]]
    assert (numbers, rest["before"]) == ([5, 4, 3, 2, 1], None)
    evidence = anybody.get(f"chains/{code}/links/3")
    assert hashlib.sha256(evidence["link_file"].encode()).hexdigest() == evidence["digest"]
    assert hashlib.sha256(evidence["content_file"].encode()).hexdigest() == evidence["content_digest"]
    assert anybody.get(f"chains/{code}/links/2")["content_file"] is None
    held = anybody.get(f"chains/{code}/verification", head=f"3:{evidence['digest'][:20]}")
    assert (held["found"], held["newer"], held["unbroken"]) == (True, 2, True)
    anybody.refused("GET", f"chains/{code}/verification?head=x", 400, "chain.head_malformed")
    anybody.refused("GET", f"chains/{code}/links/9", 404, "chain.link_not_found")
