"""The common rules of the platform: tokens, bodies, quotas, failures on demand, log."""

import json
from typing import Any

import httpx
import pytest

from tests.sandbox.support import APP_ID, MINI_ID, SECRET, VILLAGER, Receiver, Sandbox, config_for, running

SEND = "/cgi-bin/message/template/send"


def stable(sandbox: Sandbox, **changes: Any) -> dict[str, Any]:
    body = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET, **changes}
    return dict(sandbox.http.post("/cgi-bin/stable_token", json=body).json())


def plain(sandbox: Sandbox, **changes: Any) -> dict[str, Any]:
    query = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET, **changes}
    return dict(sandbox.http.get("/cgi-bin/token", params=query).json())


def with_token(sandbox: Sandbox, token: str) -> int:
    answer = sandbox.http.get("/cgi-bin/getcallbackip", params={"access_token": token}).json()
    return int(answer.get("errcode", 0))


def test_errors_have_status_200_and_a_request_id(sandbox: Sandbox) -> None:
    answer = sandbox.http.get("/cgi-bin/getcallbackip")
    assert answer.status_code == 200
    assert answer.json()["errcode"] == 41001
    assert " rid: " in answer.json()["errmsg"]


def test_stable_token_stays_and_overlaps(sandbox: Sandbox) -> None:
    first = stable(sandbox)
    assert first["expires_in"] == 7200
    sandbox.control("clock", advance_seconds=6800)
    again = stable(sandbox)
    assert again["access_token"] == first["access_token"]
    assert 395 <= again["expires_in"] <= 400
    sandbox.control("clock", advance_seconds=150)
    new = stable(sandbox)
    assert new["access_token"] != first["access_token"]
    assert with_token(sandbox, first["access_token"]) == 0
    sandbox.control("clock", advance_seconds=301)
    assert with_token(sandbox, first["access_token"]) == 42001
    assert with_token(sandbox, new["access_token"]) == 0


def test_forced_refresh_is_rationed(sandbox: Sandbox) -> None:
    first = stable(sandbox)["access_token"]
    second = stable(sandbox, force_refresh=True)["access_token"]
    assert second != first
    assert stable(sandbox, force_refresh=True)["access_token"] == second
    assert with_token(sandbox, first) == 0
    sandbox.control("clock", advance_seconds=30)
    third = stable(sandbox, force_refresh=True)["access_token"]
    assert with_token(sandbox, first) == 40001
    assert with_token(sandbox, third) == 0
    for _ in range(18):
        sandbox.control("clock", advance_seconds=30)
        assert "access_token" in stable(sandbox, force_refresh=True)
    sandbox.control("clock", advance_seconds=30)
    assert stable(sandbox, force_refresh=True)["errcode"] == 45009


def test_both_kinds_of_token_work_side_by_side(sandbox: Sandbox) -> None:
    kept = stable(sandbox)["access_token"]
    first, second = plain(sandbox)["access_token"], plain(sandbox)["access_token"]
    assert first != second
    assert [with_token(sandbox, token) for token in (kept, first, second)] == [0, 0, 0]
    sandbox.control("clock", advance_seconds=301)
    assert [with_token(sandbox, token) for token in (kept, first, second)] == [0, 42001, 0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": "wxffff"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"grant_type": "x"}, 40002),
    ],
)
def test_token_refusals(sandbox: Sandbox, changes: dict[str, str], code: int) -> None:
    assert stable(sandbox, **changes)["errcode"] == code
    assert plain(sandbox, **changes)["errcode"] == code


def test_address_list(receiver: Receiver) -> None:
    with running(config_for(receiver.url, official={"ip_whitelist": ["10.0.0.1"]})) as sandbox:
        answer = stable(sandbox)
        assert answer["errcode"] == 40164
        assert "127.0.0.1" in answer["errmsg"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", 44002),
        (b'{"scene": "\\u6751"}', 40033),
        (b'{"scene": "\xff"}', 40033),
        (b"{scene}", 47001),
        (b"[1]", 47001),
    ],
)
def test_bodies_are_raw_utf8_json(sandbox: Sandbox, content: bytes, code: int) -> None:
    params = {"access_token": sandbox.token()}
    assert sandbox.http.post(SEND, params=params, content=content).json()["errcode"] == code


def test_method_token_form_and_kind_of_account(sandbox: Sandbox) -> None:
    assert sandbox.get(SEND)["errcode"] == 43002
    assert sandbox.post("/cgi-bin/user/info", {})["errcode"] == 43001
    assert with_token(sandbox, "short") == 40014
    assert with_token(sandbox, "9" * 60) == 40001
    assert sandbox.post(SEND, {}, app_id=MINI_ID)["errcode"] == 48001
    assert sandbox.get("/cgi-bin/template/get_all_private_template", unknown="1")["template_list"]


def test_daily_quota_counts_clears_and_starts_again_at_midnight(sandbox: Sandbox) -> None:
    path = "/cgi-bin/user/get"
    sandbox.control("quota", path=path, daily=2)
    assert [sandbox.get(path).get("errcode") for _ in range(3)] == [None, None, 45009]
    told = sandbox.post("/cgi-bin/openapi/quota/get", {"cgi_path": path})["quota"]
    assert told == {"daily_limit": 2, "used": 2, "remain": 0}
    assert sandbox.post("/cgi-bin/clear_quota", {"appid": APP_ID})["errcode"] == 0
    assert sandbox.get(path)["total"] == 0
    for _ in range(9):
        sandbox.post("/cgi-bin/clear_quota", {"appid": APP_ID})
    assert sandbox.post("/cgi-bin/clear_quota", {"appid": APP_ID})["errcode"] == 48006
    sandbox.get(path)
    sandbox.get(path)
    assert sandbox.get(path)["errcode"] == 45009
    sandbox.control("clock", advance_seconds=24 * 3600)
    sandbox._tokens.clear()
    assert "errcode" not in sandbox.get(path)
    assert sandbox.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/sns/userinfo"})["errcode"] == 76022
    assert sandbox.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/no"})["errcode"] == 76021


def test_minute_quota(sandbox: Sandbox) -> None:
    sandbox.control("quota", path="/cgi-bin/getcallbackip", per_minute=1)
    codes = [sandbox.get("/cgi-bin/getcallbackip").get("errcode", 0) for _ in range(3)]
    assert codes[-1] == 45011
    sandbox.control("clock", advance_seconds=60)
    assert "ip_list" in sandbox.get("/cgi-bin/getcallbackip")


def test_fail_next_calls(sandbox: Sandbox) -> None:
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("fail", path=SEND, errcode=-1, times=2)
    assert [sandbox.send_template("审核任务提醒")["errcode"] for _ in range(3)] == [-1, -1, 0]
    assert sum(item["type"] == "template" for item in sandbox.chat()) == 1


def test_fail_only_for_one_person(sandbox: Sandbox) -> None:
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("fail", path=SEND, errcode=45009, openid="somebody else")
    assert sandbox.send_template("审核任务提醒")["errcode"] == 0
    assert len(sandbox.look("fail")) == 1


def test_gateway_error_truncated_answer_and_timeout(sandbox: Sandbox) -> None:
    sandbox.control("follow", persona=VILLAGER)
    template = sandbox.template("审核任务提醒")
    sandbox.control("fail", path="/cgi-bin/getcallbackip", http_status=502)
    answer = sandbox.http.get("/cgi-bin/getcallbackip", params={"access_token": sandbox.token()})
    assert answer.status_code == 502
    sandbox.control("fail", path="/cgi-bin/getcallbackip", truncate=True)
    answer = sandbox.http.get("/cgi-bin/getcallbackip", params={"access_token": sandbox.token()})
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    sandbox.control("fail", path=SEND, timeout=True)
    body = {"touser": sandbox.openid(), "template_id": template["template_id"], "data": {}}
    with pytest.raises(httpx.ReadTimeout):
        sandbox.http.post(SEND, params={"access_token": sandbox.token()}, json=body, timeout=0.3)
    call = sandbox.look("log", kind="call")["entries"][-1]
    assert (call["timeout"], call["answer"]["errcode"]) == (True, 47003)


def test_spoiled_tokens(sandbox: Sandbox) -> None:
    token = sandbox.token()
    sandbox.control("tokens", how="expire")
    assert with_token(sandbox, token) == 42001
    sandbox.control("tokens", how="revoke")
    assert with_token(sandbox, token) == 40001


def test_log_numbers_grow_and_secrets_are_masked(sandbox: Sandbox) -> None:
    since = sandbox.look("log")["seq"]
    token = sandbox.token()
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("settle")
    entries = sandbox.look("log", since=since)["entries"]
    assert [item["kind"] for item in entries] == ["call", "chat", "callback"]
    assert [item["seq"] for item in entries] == sorted(item["seq"] for item in entries)
    assert entries[0]["path"] == "/cgi-bin/stable_token"
    assert token not in json.dumps(entries)
    assert SECRET not in json.dumps(entries)
    assert sandbox.look("log", kind="callback", persona=VILLAGER)["entries"][0]["status"] == 200


def test_reset_forgets_everything(sandbox: Sandbox) -> None:
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("clock", advance_seconds=100)
    openid = sandbox.openid()
    sandbox.control("reset")
    assert sandbox.chat() == []
    assert sandbox.look("clock")["offset_seconds"] == 0
    assert sandbox.openid() == openid
    assert sandbox.control("personas", name=VILLAGER)["subscribed"] is False


def test_control_errors_are_told(sandbox: Sandbox) -> None:
    assert sandbox.control("say", status=404, persona="没有这个人", text="x")["error"] == "not_found"
    assert sandbox.control("say", status=409, persona=VILLAGER, text="x")["error"] == "not_following"
    assert sandbox.control("say", status=422, persona=VILLAGER, text="x", colour="red")
    document = sandbox.look("openapi.json")
    assert {"/scan", "/say", "/picture", "/tap", "/unfollow", "/fail", "/clock", "/log"} <= set(
        document["paths"]
    )
    assert sandbox.http.get("/healthz").json() == {"status": "ok"}
