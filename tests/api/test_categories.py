"""The 10+X list over REST: reading, changing with a reason, a village's own entries, the history."""

from __future__ import annotations

from tests.api.conftest import Api

LIST = "disclosures/categories"


def test_reading_the_list(api: Api) -> None:
    listed = api.as_("author").get(LIST)
    assert sum(row["fixed"] for row in listed) == 10
    finance = next(row for row in listed if row["code"] == "finance")
    assert (finance["cadence"], finance["due"], finance["in_force"]) == (
        "month",
        "每月一次，月后 15 天内",
        True,
    )
    assert {"key": "income", "label": "收入", "type": "money"}.items() <= finance["fields"][0].items()
    assert "村民委员会组织法" in finance["source"]
    assert next(row["parent"] for row in listed if row["code"] == "tender_winner") == "leasing"
    assert api.get(f"{LIST}/finance") == finance
    old = {row["code"] for row in api.get(LIST, on="2018-01-01")}
    assert {row["code"] for row in listed} - old == {"family_planning"}
    api.refused("GET", f"{LIST}/no_such", 404, "category.not_found")
    api.refused("GET", f"{LIST}/Finance1", 422, "request.invalid")


def test_the_county_changes_an_entry(api: Api) -> None:
    county = api.as_("county")
    version = county.get(f"{LIST}/labour")["version"]
    columns = [{"key": "job", "label": "干什么活", "type": "text", "required": True}]
    body = {"cadence": "month", "columns": columns, "reason": "用工多，改为每月", "version": version}

    changed = county.patch(f"{LIST}/labour", body)

    assert (changed["cadence"], changed["version"]) == ("month", version + 1)
    assert changed["columns"][0] == {**columns[0], "public": True, "help": ""}
    assert changed["due_days"] == 15
    county.refused("PATCH", f"{LIST}/labour", 409, "category.changed", body)
    (change,) = api.as_("author").get(f"{LIST}/labour/history")["items"]
    assert (change["reason"], change["actor_kind"]) == ("用工多，改为每月", "officer")
    assert (change["before"]["cadence"], change["after"]["cadence"]) == ("quarter", "month")


def test_changes_that_are_refused(api: Api) -> None:
    path, reason = f"{LIST}/finance", {"reason": "试试"}
    for who in ("author", "reviewer", "inspector"):
        api.as_(who).refused("PATCH", path, 403, "category.not_editor", {"due_days": 3, **reason})
    api.refused("PATCH", path, 400, "category.reason_missing", {"due_days": 3, "reason": " "})
    api.refused("PATCH", path, 400, "category.value_wrong", {"active": False, **reason})
    secret = [{"key": "id", "label": "身份证号", "type": "id_card", "public": True}]
    api.refused("PATCH", path, 400, "category.field_wrong", {"columns": secret, **reason})
    for wrong in ({"fixed": False}, {"due_days": "3"}, {"fields": [{"key": "A"}]}, {"excusable": ["name"]}):
        api.refused("PATCH", path, 422, "request.invalid", {**wrong, **reason})
    assert api.get(f"{path}/history") == {"items": [], "next": None}


def test_a_village_adds_its_own(api: Api) -> None:
    body = {
        "village": api.world.village,
        "name": "乡村大食堂",
        "explanation": "每天的菜和价钱。",
        "reason": "村民要求",
    }
    api.as_("author").refused("POST", LIST, 403, "category.not_editor", body)
    api.as_("other_inspector").refused("POST", LIST, 403, "category.not_editor", body)

    made = api.as_("reviewer").post(LIST, body, 201)

    assert (made["name"], made["village"], made["fixed"]) == ("乡村大食堂", api.world.village, False)
    api.as_("reviewer").refused("POST", LIST, 409, "category.name_taken", body)
    assert made["code"] in {row["code"] for row in api.get(LIST, village=api.world.village)}
    assert made["code"] not in {row["code"] for row in api.get(LIST)}
    off = api.as_("inspector").patch(f"{LIST}/{made['code']}", {"active": False, "reason": "村里不办了"})
    assert (off["active"], off["in_force"]) == (False, False)
    common = api.as_("county").post(LIST, {"name": "垃圾分类", "cadence": "month", "reason": "全区统一"}, 201)
    assert (common["village"], common["cadence"]) == (None, "month")
