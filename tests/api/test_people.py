"""Organisations, officers, appointments."""

from __future__ import annotations

import uuid

import pytest

from tests.api.conftest import Api

OFFICER = {"name": "王小信", "login": "xinxi02", "password": "zhaoxia-2026-wanan", "phone": "13812345678"}


def test_organisations_by_kind_parent_and_words(api: Api) -> None:
    town, village = api.world.places.town.code, api.world.village
    assert {row["code"] for row in api.get("organisations", kind="town")["items"]} == {town, "yiqiao"}
    below = api.get("organisations", parent=town)["items"]
    assert [(row["code"], row["parent"]["code"]) for row in below] == [(village, town)]
    assert [row["name"] for row in api.get("organisations", q="东联")["items"]] == ["东联村"]
    assert api.get("organisations", q="%")["items"] == []
    assert api.as_("liaison").get(f"organisations/{village}")["households"] == 500
    api.refused("GET", "organisations/nowhere", 404, "organisation.not_found")
    api.refused("GET", "organisations?parent=nowhere", 404, "organisation.not_found")


def test_organisations_page_by_page(api: Api) -> None:
    everything = [row["code"] for row in api.get("organisations")["items"]]
    assert everything == sorted(everything)
    first = api.get("organisations", limit=2)
    rest = api.get("organisations", limit=200, after=first["next"])
    assert [row["code"] for row in first["items"] + rest["items"]] == everything
    assert rest["next"] is None


def test_an_organisation_is_made_changed_and_switched_off(api: Api) -> None:
    body = {"kind": "village", "code": "xinlian", "name": "新联村", "parent": api.world.places.town.code}
    assert api.post("organisations", body, 201)["parent"]["name"] == "益农镇"
    changed = api.patch("organisations/xinlian", {"households": 521, "active": False})
    assert (changed["households"], changed["active"], changed["name"]) == (521, False, "新联村")
    api.as_("county").refused("GET", "organisations/xinlian", 404, "organisation.not_found")
    api.refused("POST", "organisations", 409, "organisation.code_taken", body)
    api.refused("POST", "organisations", 400, "organisation.parent_wrong", body | {"parent": None})
    api.refused("PATCH", "organisations/xinlian", 422, "request.invalid", {"kind": "town"})
    api.refused("PATCH", "organisations/xinlian", 422, "request.invalid", {"name": " "})


def test_a_department_has_a_line_and_a_village_has_none(api: Api) -> None:
    county = api.get("organisations", kind="county")["items"][0]["code"]
    body = {"kind": "department", "code": "zhujian", "name": "住建局", "parent": county}
    assert api.post("organisations", body | {"line": "construction"}, 201)["line"] == "construction"
    assert api.patch("organisations/zhujian", {"line": "finance"})["line"] == "finance"
    village = api.world.village
    api.refused("PATCH", f"organisations/{village}", 400, "organisation.line_wrong", {"line": "finance"})
    api.refused("POST", "organisations", 422, "request.invalid", body | {"code": "Ä"})


def test_an_officer_is_made_appointed_dismissed_and_switched_off(api: Api) -> None:
    made = api.post("officers", OFFICER, 201)
    assert (made["bound"], made["appointments"]) == (False, [])
    where = {"organisation": api.world.village, "role": "information_officer"}
    appointed = api.post(f"officers/{made['id']}/appointments", where, 201)
    (post,) = appointed["appointments"]
    assert (post["role"], post["organisation"]["name"], post["until"]) == (
        "information_officer",
        "东联村",
        None,
    )
    api.refused("POST", f"officers/{made['id']}/appointments", 409, "appointment.exists", where)
    api.world.tokens["new"] = api.as_("").post(
        "sessions", {"login": "XINXI02", "password": OFFICER["password"]}, 201
    )["token"]
    api.delete(f"appointments/{post['id']}")
    assert api.get(f"officers/{made['id']}")["appointments"][0]["until"] is not None
    assert api.as_("new").get("me")["roles"] == []
    api.refused("DELETE", f"appointments/{post['id']}", 409, "appointment.ended")
    assert api.patch(f"officers/{made['id']}", {"active": False, "phone": None})["phone"] is None
    api.as_("new").refused("GET", "me", 401, "login.required")
    api.patch(f"officers/{made['id']}", {"active": True})
    api.as_("new").refused("GET", "me", 401, "login.required")


def test_a_new_password_ends_all_logins(api: Api) -> None:
    liaison = api.world.people["liaison"]
    api.post(f"officers/{liaison.id}/password", {"password": "another good one"}, 204)
    api.as_("liaison").refused("GET", "me", 401, "login.required")
    body = {"login": liaison.login, "password": "another good one"}
    api.as_("").post("sessions", body, 201)
    api.refused("POST", f"officers/{liaison.id}/password", 422, "request.invalid", {"password": "short"})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"role": "town_inspector"}, "appointment.place_wrong"),
        ({"role": "liaison_officer"}, "appointment.duty_wrong"),
    ],
)
def test_appointments_that_make_no_sense(api: Api, body: dict[str, str], code: str) -> None:
    path = f"officers/{api.world.people['county'].id}/appointments"
    api.refused("POST", path, 400, code, {"organisation": api.world.village} | body)


def test_who_sees_which_officers(api: Api) -> None:
    def names(who: str, **filters: object) -> set[str]:
        return {row["name"] for row in api.as_(who).get("officers", **filters)["items"]}

    mine = {"陈author", "陈reviewer", "陈liaison", "陈inspector"}
    assert names("liaison") == {"陈liaison"}
    assert names("inspector") == mine
    assert names("county") == names("admin") == mine | {"陈county", "陈stranger", "陈other_inspector"}
    assert names("admin", role="liaison_officer", organisation=api.world.village) == {
        "陈reviewer",
        "陈liaison",
    }
    stranger = api.world.people["stranger"].id
    api.as_("inspector").refused("GET", f"officers/{stranger}", 404, "officer.not_found")
    api.refused("GET", f"officers/{uuid.uuid4()}", 404, "officer.not_found")


def test_phone_numbers_are_whole_for_administrators_only(api: Api) -> None:
    liaison = api.world.people["liaison"].id
    assert api.patch(f"officers/{liaison}", {"phone": "13812345678"})["phone"] == "13812345678"
    assert api.as_("inspector").get(f"officers/{liaison}")["phone"] == "138****5678"


def test_only_administrators_change_places_and_people(api: Api) -> None:
    county = api.as_("county")
    liaison = api.world.people["liaison"].id
    for method, path, body in (
        ("POST", "officers", OFFICER),
        ("PATCH", f"officers/{liaison}", {"name": "别人"}),
        ("POST", f"officers/{liaison}/password", {"password": "another good one"}),
        ("PATCH", f"organisations/{api.world.village}", {"name": "别村"}),
        ("POST", f"officers/{liaison}/binding", None),
        ("GET", "bindings", None),
    ):
        county.refused(method, path, 403, "access.forbidden", body)


def test_officers_page_by_page(api: Api) -> None:
    everything = [row["id"] for row in api.get("officers")["items"]]
    seen: list[str] = []
    after = None
    while True:
        page = api.get("officers", limit=3, **({"after": after} if after else {}))
        seen += [row["id"] for row in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == everything
    assert len(set(seen)) == 7
