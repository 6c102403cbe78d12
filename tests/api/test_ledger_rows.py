"""The same routes for every ledger: enter, list, read, change, void, restore, history."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from app.core.sheets import Type
from app.services.ledgers import LEDGERS, Ledger
from tests.api.conftest import Api, Json

ROUTED = tuple(ledger for ledger in LEDGERS.values() if ledger.key != "projects")
PRIVATE = ("benefits", "deaths", "members", "relations")
ID_NUMBER = "11010519491231002X"


def path_of(ledger: Ledger) -> str:
    return ledger.key.replace("_", "-")


def example(api: Api, ledger: Ledger, **changes: Any) -> Json:
    """The row of the documents."""
    given = {one.key: one.example for one in ledger.fields if one.example is not None}
    years = {one.key: int(given[one.key]) for one in ledger.fields if one.column.type == Type.YEAR}
    return {"village": api.world.village, **given, **years, **changes}


def entered(api: Api, ledger: Ledger, **changes: Any) -> Json:
    if ledger.key == "fund_statements":
        api.as_("admin").post(
            "funds", {"village": api.world.village, "number": "ZJ-1", "name": "自有资金"}, 201
        )
        changes |= {"fund_number": "ZJ-1"}
    made: Json = api.as_("author").post(path_of(ledger), example(api, ledger, **changes), 201)
    return made


@pytest.mark.parametrize("ledger", ROUTED, ids=lambda ledger: ledger.key)
def test_the_life_of_a_row(api: Api, ledger: Ledger) -> None:
    made = entered(api, ledger)
    noun = path_of(ledger)
    row = f"{noun}/{made['id']}"
    assert api.as_("inspector").get(row) == made
    assert [one["id"] for one in api.get(noun, village=api.world.village, voided="no")["items"]] == [
        made["id"]
    ]
    assert api.get(noun, town=api.world.elsewhere.town.code)["items"] == []
    for who in ("stranger", "other_inspector"):
        assert api.as_(who).get(noun)["items"] == []
        assert api.as_(who).send("GET", row).status_code == 404
    assert len(api.as_("liaison").get(noun)["items"]) == (0 if ledger.key in PRIVATE else 1)
    voided = api.as_("author").post(f"{row}/void", {"reason": "录重了", "version": made["version"]})
    assert (voided["voided_because"], bool(voided["voided_at"])) == ("录重了", True)
    assert api.get(noun, voided="no")["items"] == []
    api.refused("POST", f"{row}/void", 409, "ledger.void_already", {"reason": "又"})
    back = api.post(f"{row}/restore", {"reason": "没有重"})
    assert {**back, "version": made["version"]} == made
    assert [one["reason"] for one in api.get(f"{row}/history")] == ["没有重", "录重了"]


def test_a_payment_is_completed_but_never_rewritten(api: Api) -> None:
    ledger = LEDGERS["payments"]
    made = entered(api, ledger, purpose=None)
    row = f"payments/{made['id']}"
    approvals = [{"who": "王某", "role": "书记", "on": "2026-03-11"}]
    change = {"purpose": "河道保洁", "approvals": approvals, "reason": "补填", "version": made["version"]}
    changed = api.send("PATCH", row, json=change).json()
    assert (changed["purpose"], changed["approvals"], changed["expense"]) == ("河道保洁", approvals, "labour")
    stale = {"purpose": "别的", "reason": "补填", "version": made["version"]}
    api.refused("PATCH", row, 409, "ledger.changed", stale)
    api.refused("PATCH", row, 400, "ledger.fixed", {"amount_fen": 1, "reason": "改小"})
    api.refused("PATCH", row, 422, "request.invalid", {"purpose": "没有理由"})
    api.refused("PATCH", row, 400, "ledger.field_missing", {"category": None, "reason": "清空"})
    api.as_("liaison").refused("PATCH", row, 403, "access.forbidden", {"reason": "x", "purpose": "y"})
    [history] = api.get(f"{row}/history")
    assert (history["before"]["purpose"], history["after"]["purpose"]) == (None, "河道保洁")
    emptied = api.as_("author").send("PATCH", row, json={"purpose": None, "reason": "填错"}).json()
    assert emptied["purpose"] is None


def test_rent_is_owed_until_it_is_paid(api: Api) -> None:
    contract = entered(api, LEDGERS["contracts"], schedule=[
        {"due_on": "2026-03-01", "amount_fen": 1_200_000, "note": "第一年"},
        {"due_on": "2027-03-01", "amount_fen": 1_200_000},
    ])  # fmt: skip
    due = api.get("receivables", contract=contract["id"])["items"]
    assert [(one["due_on"], one["outstanding_fen"], one["planned"]) for one in due] == [
        ("2027-03-01", 1_200_000, True),
        ("2026-03-01", 1_200_000, True),
    ]
    paid = entered(api, LEDGERS["receipts"], contract_number=contract["number"], amount_fen=500_000)
    assert paid["receivable_id"] == due[1]["id"]
    assert api.get(f"receivables/{due[1]['id']}")["outstanding_fen"] == 700_000
    api.post(f"receipts/{paid['id']}/void", {"reason": "退回"})
    assert api.get(f"receivables/{due[1]['id']}")["outstanding_fen"] == 1_200_000


def test_an_identity_number_goes_in_and_never_comes_out(api: Api) -> None:
    made = entered(api, LEDGERS["deaths"], id_number=ID_NUMBER)
    assert made["identified"]
    assert not [name for name in made if "digest" in name or "id_number" in name]
    wrong = example(api, LEDGERS["deaths"], name="别人", id_number="11010519491231002x1")
    answer = api.refused("POST", "deaths", 400, "ledger.id_number_wrong", wrong)
    assert "1101" not in str(answer)


def test_lists_are_searched_and_paged(api: Api) -> None:
    for number in range(5):
        entered(
            api,
            LEDGERS["meetings"],
            number=f"HY-{number}",
            title=f"议题{number}",
            held_on=f"2026-03-0{number + 1}",
        )
    everything = api.get("meetings")["items"]
    assert [one["number"][-1] for one in everything] == ["4", "3", "2", "1", "0"]
    first = api.get("meetings", limit=2)
    rest = api.get("meetings", limit=9, after=first["next"])
    assert first["items"] + rest["items"] == everything
    assert [one["title"] for one in api.get("meetings", words="议题3")["items"]] == ["议题3"]
    since: dict[str, Any] = {"from": "2026-03-04"}
    assert len(api.get("meetings", kind="representatives", **since)["items"]) == 2
    api.refused("GET", "meetings?after=zzz", 400, "page.cursor_unknown")
    api.refused("GET", f"meetings/{uuid.uuid4()}", 404, "ledger.row_not_found")
    api.refused("GET", "meetings?town=nowhere", 404, "organisation.not_found")


def test_an_amount_that_is_derived_may_be_emptied(api: Api) -> None:
    made = entered(api, LEDGERS["labour_slips"], quantity=0.5, amount_fen=7)
    row = f"labour-slips/{made['id']}"
    changed = api.send("PATCH", row, json={"amount_fen": None, "reason": "按单价算"}).json()

    assert (made["amount_fen"], changed["amount_fen"]) == (7, made["rate_fen"] // 2)
