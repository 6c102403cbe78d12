"""Logging in: by WeChat over the real way out and back, by password, and never to somewhere else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from app.core.db import BorrowedDatabase
from app.wechat.login import local
from tests.factories import PASSWORD
from tests.h5.support import Town, as_villager, form_of, log_in, log_in_by_password
from tests.support import OFFICIAL, make_client
from wechat_sandbox.app import create_app
from wechat_sandbox.config import SandboxConfig

WECHAT = {"user-agent": "Mozilla/5.0 MicroMessenger/8.0.50"}


@contextmanager
def _serving(app: ASGIApp) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=15)


@pytest.fixture
def with_platform(borrowed: BorrowedDatabase) -> Iterator[tuple[TestClient, str]]:
    """The app with a platform that answers, and one person who holds a phone."""
    account = {name.removeprefix("wechat_"): value for name, value in OFFICIAL.items()}
    config = SandboxConfig.model_validate(
        {
            "accounts": [
                {
                    **account,
                    "kind": "official",
                    "original_id": "gh_official",
                    "callback_url": "http://127.0.0.1:9/wechat/callback",
                }
            ]
        }
    )
    with (
        _serving(create_app(config)) as platform,
        make_client(borrowed, wechat_api_base=platform, wechat_open_base=platform) as client,
    ):
        yield client, platform


def test_out_to_wechat_and_back_to_the_page(with_platform: tuple[TestClient, str]) -> None:
    client, platform = with_platform
    out = client.get("/oauth/start", params={"next": "/my"})
    assert out.status_code == 302
    assert out.headers["location"].startswith(f"{platform}/connect/oauth2/authorize?appid=wxofficial")
    assert "HttpOnly" in out.headers["set-cookie"]
    back = _authorize(platform, out.headers["location"])

    landed = client.get(f"/oauth/callback?{urlsplit(back).query}")

    assert landed.status_code == 303
    assert landed.headers["location"] == "/my"
    assert "SameSite=lax" in landed.headers["set-cookie"]
    assert client.get("/my").status_code == 200
    used = client.get(f"/oauth/callback?{urlsplit(back).query}")
    assert used.status_code == 400


def _authorize(platform: str, address: str) -> str:
    with httpx.Client() as browser:
        people = browser.post(f"{platform}/_control/personas", json={"name": "王阿婆"})
        people.raise_for_status()
        answer = browser.get(address.split("#")[0], params={**_query(address), "sandbox_persona": "王阿婆"})
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def _query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_a_login_that_this_browser_did_not_begin_is_refused(client: TestClient) -> None:
    state = _query(client.get("/oauth/start?next=/my").headers["location"])["state"]
    client.cookies.clear()

    assert client.get("/oauth/callback", params={"code": "c", "state": state}).status_code == 400
    client.get("/oauth/start?next=/my")
    wrong = client.get("/oauth/callback", params={"code": "c", "state": "0" * 32})
    assert wrong.status_code == 400
    assert "mashang_session" not in client.cookies


def test_refusing_and_a_silent_platform_are_explained(client: TestClient) -> None:
    state = _query(client.get("/oauth/start?next=/my").headers["location"])["state"]

    refused = client.get("/oauth/callback", params={"state": state})
    assert refused.status_code == 200
    assert "/oauth/start?next=/my" in refused.text
    silent = client.get("/oauth/callback", params={"code": "c", "state": state})
    assert silent.status_code == 503


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/my", "/my"),
        ("/desk/complaints/1?x=1", "/desk/complaints/1?x=1"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/" + "a" * 600, "/"),
    ],
)
def test_no_link_leads_elsewhere(target: str, kept: str) -> None:
    assert local(target) == kept


def test_the_desk_sends_people_to_its_login(client: TestClient) -> None:
    answer = client.get("/desk/complaints?state=filed")
    assert answer.headers["location"].startswith("/desk/login?next=%2Fdesk%2Fcomplaints%3Fstate%3Dfiled")


def test_inside_wechat_the_desk_goes_straight_to_wechat(client: TestClient) -> None:
    answer = client.get("/desk/login?next=/desk/inbox", headers=WECHAT)
    assert answer.headers["location"] == "/oauth/start?next=%2Fdesk%2Finbox"
    assert client.get("/desk/login?password=1", headers=WECHAT).status_code == 200


def test_password_login_and_logout(client: TestClient, borrowed: BorrowedDatabase, town: Town) -> None:
    log_in_by_password(client, borrowed, town.liaison)
    client.cookies.clear()
    form = form_of(client.get("/desk/login?next=/desk/inbox").text, "/desk/login")
    wrong = client.post(form.action, data=form.data(login=town.liaison.login, password="wrong words"))
    unknown = client.post(form.action, data=form.data(login="nobody", password="wrong words"))
    assert wrong.status_code == unknown.status_code == 401
    assert "登录名或密码不对" in wrong.text
    assert client.post("/desk/login", data={"login": "a", "password": "b"}).status_code == 400

    form = form_of(client.get("/desk/login?next=//evil.example").text, "/desk/login")
    data = form.data(login=town.liaison.login, password=PASSWORD)
    assert client.post(form.action, data=data).headers["location"] == "/desk"
    assert client.get("/desk").status_code == 200
    client.post("/desk/logout")
    assert client.get("/desk").status_code == 303


def test_passwords_cannot_be_guessed_quickly(client: TestClient) -> None:
    answers = [client.post("/desk/login", data={"login": "a"}).status_code for _ in range(11)]
    assert answers[-1] == 429


def test_a_villager_is_told_how_to_get_to_the_desk(
    client: TestClient, borrowed: BorrowedDatabase, town: Town
) -> None:
    as_villager(client, borrowed)
    page = client.get("/desk")

    assert page.status_code == 403
    assert "绑定" in page.text
    log_in(client, borrowed, town.inspector)
    assert "赵镇纪" in client.get("/desk").text
