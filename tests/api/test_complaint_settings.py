"""Classes, categories and routes of complaints over REST: read, changed with a reason, with their history."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.api.conftest import Api

REASON = "按区里统一要求调整"


def _class(api: Api, code: str, **changes: Any) -> dict[str, Any]:
    (row,) = [row for row in api.get("complaint-classes") if row["code"] == code]
    kept = {name: value for name, value in row.items() if name not in ("code", "position")}
    return kept | {"reason": REASON} | changes


def test_a_class_gets_a_shorter_deadline(api: Api) -> None:
    county = api.as_("county")
    body = _class(county, "complaint", finish_days=7)
    told = county.put("complaint-classes/complaint", body)
    assert (told["code"], told["finish_days"]) == ("complaint", 7)
    assert _class(api.as_("liaison"), "complaint")["finish_days"] == 7
    county.refused("PUT", "complaint-classes/nothing", 404, "complaint_class.not_found", body)
    county.refused("PUT", "complaint-classes/complaint", 409, "complaint_setting.unchanged", body)
    (change,) = county.get("complaint-settings/history?setting=complaint_class")["items"]
    assert (change["noun_id"], change["reason"]) == ("complaint", REASON)
    assert (change["before"]["finish_days"], change["after"]["finish_days"]) == (10, 7)


@pytest.mark.parametrize(
    ("code", "changes", "status", "refusal"),
    [
        ("complaint", {"extensions_most": 3}, 422, "request.invalid"),
        ("complaint", {"target_hours": 9}, 400, "complaint_class.target_beyond"),
        ("complaint", {"accept_days": 5, "finish_days": 3}, 400, "complaint_class.finish_before_accept"),
        ("complaint", {"anonymise_days": 400, "delete_days": 300}, 400, "complaint_class.deleted_first"),
        ("cadre_conduct", {"skips_village": False}, 400, "complaint_class.cadres_skip"),
        ("disclosure", {"finish_days": 21}, 400, "complaint_class.beyond_law"),
        ("disclosure", {"finish_in_calendar_days": False}, 400, "complaint_class.beyond_law"),
    ],
)
def test_terms_against_the_law_or_each_other_are_refused(
    api: Api, code: str, changes: dict[str, Any], status: int, refusal: str
) -> None:
    county = api.as_("county")
    county.refused("PUT", f"complaint-classes/{code}", status, refusal, _class(county, code, **changes))


def test_a_category_is_added_and_taken_off(api: Api) -> None:
    county = api.as_("county")
    body = {"name": "人居环境", "position": 20, "class_code": "request", "reason": REASON}
    county.put("complaint-categories/environment", body)
    county.put("complaint-categories/environment", body | {"active": False})
    rows = {row["code"]: row for row in api.as_("liaison").get("complaint-categories")}
    assert rows["environment"]["active"] is False
    changes = county.get("complaint-settings/history?setting=complaint_category")["items"]
    assert [change["before"].get("active") for change in changes] == [True, None]
    path = "complaint-categories"
    county.refused(
        "PUT", f"{path}/complaint", 400, "complaint_category.last_resort", body | {"active": False}
    )
    county.refused("PUT", f"{path}/cadre_conduct", 400, "complaint_category.cadres_skip", body)
    unknown = body | {"class_code": "nothing"}
    county.refused("PUT", f"{path}/environment", 400, "complaint.class_unknown", unknown)


def test_a_route_is_set_replaced_and_removed(api: Api) -> None:
    county = api.as_("county")
    body = {
        "area": api.world.places.town.code,
        "category_code": "house_building",
        "level": "town",
        "line": "construction",
        "reason": REASON,
    }
    first = county.post("complaint-routes", body, 201)
    second = county.post("complaint-routes", body | {"level": "county"}, 201)
    assert first["id"] == second["id"]
    (listed,) = api.as_("liaison").get("complaint-routes")
    assert (listed["level"], listed["area"]["name"]) == ("county", api.world.places.town.name)
    path = f"complaint-routes/{first['id']}"
    county.refused("DELETE", f"{path}?reason=%20", 422, "request.invalid")
    county.delete(f"{path}?reason={REASON}")
    assert api.as_("liaison").get("complaint-routes") == []
    changes = county.get("complaint-settings/history?setting=complaint_route")["items"]
    assert [change["after"].get("level") for change in changes] == [None, "county", "town"]
    county.refused("DELETE", f"{path}?reason={REASON}", 404, "complaint_route.not_found")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"area": "nowhere"}, "complaint_route.area_unknown"),
        ({"category_code": "nothing"}, "complaint.category_unknown"),
        ({"class_code": "nothing"}, "complaint.class_unknown"),
        ({"category_code": "cadre_conduct", "level": "village"}, "complaint_route.must_skip"),
        ({"class_code": "cadre_conduct", "level": "village"}, "complaint_route.must_skip"),
        ({"line": "construction", "level": "village"}, "complaint_route.line_at_village"),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(api: Api, changes: dict[str, str], refusal: str) -> None:
    body = {"level": "town", "reason": REASON} | changes
    api.as_("county").refused("POST", "complaint-routes", 400, refusal, body)


def test_only_the_county_sets_them(api: Api) -> None:
    inspector, refusal = api.as_("inspector"), "complaint_setting.not_county"
    inspector.refused("PUT", "complaint-classes/hard", 403, refusal, _class(inspector, "hard", finish_days=9))
    category = {"name": "其他", "position": 1, "class_code": "request", "reason": REASON}
    inspector.refused("PUT", "complaint-categories/other", 403, refusal, category)
    inspector.refused("POST", "complaint-routes", 403, refusal, {"level": "town", "reason": REASON})
    inspector.refused("DELETE", f"complaint-routes/{uuid.uuid4()}?reason={REASON}", 403, refusal)
