"""Tender limits over REST: reading, a county's own lines, the history."""

from __future__ import annotations

from tests.api.conftest import Api

BODY = {
    "valid_from": "2026-07-01",
    "vote_fen": 6_000_000,
    "tender_fen": 20_000_000,
    "law_fen": 400_000_000,
    "source": "区政办〔2026〕12号第六条",
    "reason": "区里调整小型工程招标限额",
}


def test_a_county_enters_its_own_lines(api: Api) -> None:
    county = api.as_("county")
    path = f"tender-limits/{api.world.places.county.code}"

    shipped = api.as_("liaison").get(path)
    assert len(shipped) == 6
    assert not any(row["own"] for row in shipped)

    told = county.put(f"{path}/works", BODY)
    assert told == {
        "kind": "works",
        "valid_from": "2026-07-01",
        "vote_fen": 6_000_000,
        "tender_fen": 20_000_000,
        "law_fen": 400_000_000,
        "source": BODY["source"],
        "own": True,
    }
    assert told in api.as_("liaison").get(path)
    county.refused("PUT", f"{path}/works", 409, "tender_limit.unchanged", BODY)
    county.put(f"{path}/works", BODY | {"tender_fen": 30_000_000})
    changes = county.get(f"{path}/works/history")["items"]
    assert [change["after"]["tender_fen"] for change in changes] == [30_000_000, 20_000_000]
    assert changes[1]["before"] == {}
    assert changes[0]["reason"] == BODY["reason"]


def test_who_may_not(api: Api) -> None:
    path = f"tender-limits/{api.world.places.county.code}/works"
    api.as_("inspector").refused("PUT", path, 403, "tender_limit.not_county", BODY)
    api.refused("PUT", path, 400, "tender_limit.not_rising", BODY | {"vote_fen": 30_000_000})
    api.refused("PUT", "tender-limits/nowhere/works", 404, "tender_limit.county_not_found", BODY)
    api.refused("GET", f"tender-limits/{api.world.places.county.code}/houses/history", 422, "request.invalid")
