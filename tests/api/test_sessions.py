"""Logging in, logging out, tokens."""

from __future__ import annotations

import pytest

from app.core.db import Database
from app.services import officers
from tests.api.conftest import Api
from tests.factories import PASSWORD, ROOT


@pytest.fixture(autouse=True)
def _with_password(borrowed: Database, api: Api) -> None:
    with borrowed.transaction() as session:
        liaison = api.world.people["liaison"].id
        officers.set_password(session, acting=ROOT, officer_id=liaison, password=PASSWORD)


def login(api: Api, who: str) -> str:
    body = {"login": api.world.people[who].login, "password": PASSWORD}
    opened = api.as_("").post("sessions", body, 201)
    assert opened["officer"]["name"] == f"陈{who}"
    return str(opened["token"])


def test_an_officer_logs_in_and_out(api: Api) -> None:
    api.world.tokens["new"] = login(api, "liaison")
    mine = api.as_("new")
    me = mine.get("me")
    assert me["roles"] == ["liaison_officer"]
    assert me["posts"][0]["organisation"]["code"] == api.world.village
    mine.delete("sessions/current")
    mine.refused("GET", "me", 401, "login.required")
    assert api.as_("liaison").get("me")["id"] == me["id"]


def test_a_platform_token_says_what_it_is_for(api: Api) -> None:
    assert api.get("me") == {
        "kind": "administrator",
        "id": None,
        "name": "test",
        "roles": ["administrator"],
        "posts": [],
    }


@pytest.mark.parametrize("change", [{"password": "wrong wrong"}, {"login": "nobody"}, {"login": ""}])
def test_every_reason_to_refuse_a_login_looks_the_same(api: Api, change: dict[str, str]) -> None:
    body = {"login": api.world.people["liaison"].login, "password": PASSWORD} | change
    problem = api.as_("").refused("POST", "sessions", 401, "login.failed", body)
    assert problem["detail"] == "登录名或密码不对，请核对后再试。"


def test_logins_are_limited(api: Api) -> None:
    body = {"login": "nobody", "password": "wrong wrong"}
    tries = [api.as_("").send("POST", "sessions", json=body) for _ in range(11)]
    assert [answer.status_code for answer in tries] == [401] * 10 + [429]
    assert int(tries[-1].headers["retry-after"]) > 0


def test_tokens_are_made_shown_once_listed_and_revoked(api: Api) -> None:
    made = api.post("tokens", {"label": "数据共享平台"}, 201)
    api.world.tokens["new"] = made["token"]
    assert api.as_("new").get("me")["name"] == "数据共享平台"
    listed = {row["id"]: row for row in api.get("tokens")["items"]}
    assert listed[made["id"]]["label"] == "数据共享平台"
    assert "token" not in listed[made["id"]]
    assert {row["officer"] for row in listed.values()} >= {"陈liaison", None}
    api.delete(f"tokens/{made['id']}")
    api.as_("new").refused("GET", "me", 401, "login.required")
    api.refused("DELETE", f"tokens/{made['id']}", 404, "session.not_found")


def test_only_administrators_have_to_do_with_tokens(api: Api) -> None:
    for who in ("liaison", "county"):
        api.as_(who).refused("GET", "tokens", 403, "access.forbidden")
        api.as_(who).refused("POST", "tokens", 403, "access.forbidden", {"label": "x"})
