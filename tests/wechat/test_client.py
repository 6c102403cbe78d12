"""Outgoing calls: what leaves, what comes back, and which error says what to do next."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.wechat.accounts import Account, AccountKind
from app.wechat.client import Verdict, WeChatClient
from app.wechat.errors import Action, ApiRefused, Busy, CallFailed, OutcomeUnknown, ValueRefused, classify
from tests.vectors.served import settings_for

ACCOUNT = Account(AccountKind.OFFICIAL, "wxapp", app_secret="top-secret")
SETTINGS = settings_for(token="t")
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
Answer = Callable[[httpx.Request], httpx.Response]


class Tokens:
    """A token source that counts; every renewal gives the next token."""

    def __init__(self) -> None:
        self.number = 1
        self.rejected: list[str] = []

    def get(self, account: Account) -> str:
        assert account is ACCOUNT
        return f"token-{self.number}"

    def renew(self, account: Account, *, rejected: str) -> str:
        self.rejected.append(rejected)
        self.number += 1
        return self.get(account)


class Platform:
    """Answers in order, the last one for ever, and keeps what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            # Some endpoints label their JSON text/plain.
            return httpx.Response(200, text=json.dumps(answer), headers={"content-type": "text/plain"})
        if isinstance(answer, bytes):
            return httpx.Response(200, content=answer)
        assert isinstance(answer, httpx.Response)
        return answer


@pytest.fixture
def opened() -> Iterator[Callable[[Platform], WeChatClient]]:
    clients: list[WeChatClient] = []

    def open_client(platform: Platform) -> WeChatClient:
        clients.append(WeChatClient(ACCOUNT, SETTINGS, Tokens(), httpx.MockTransport(platform)))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


Open = Callable[[Platform], WeChatClient]


def send(client: WeChatClient) -> int:
    return client.send_template(
        "openid-1", "T1", {"thing1": "路灯"}, client_msg_id="m1", url="https://v.example/"
    )


def test_a_template_message(opened: Open) -> None:
    platform = Platform({"errcode": 0, "errmsg": "ok", "msgid": 9223372036854775807})
    assert send(opened(platform)) == 9223372036854775807
    (request,) = platform.asked
    assert (request.method, request.url.path) == ("POST", "/cgi-bin/message/template/send")
    assert dict(request.url.params) == {"access_token": "token-1"}
    assert json.loads(request.content) == {
        "touser": "openid-1",
        "template_id": "T1",
        "client_msg_id": "m1",
        "url": "https://v.example/",
        "data": {"thing1": {"value": "路灯"}},
    }
    assert "路灯".encode() in request.content


def test_empty_keywords_never_leave(opened: Open) -> None:
    platform = Platform({"errcode": 0})
    with pytest.raises(ValueRefused):
        opened(platform).send_template("o", "T", {"thing1": " "}, client_msg_id="m")
    assert platform.asked == []


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_refused_token_is_renewed_once_and_the_call_repeated(opened: Open, code: int) -> None:
    platform = Platform({"errcode": code, "errmsg": "expired rid: 1"}, {"errcode": 0, "msgid": 7})
    client = opened(platform)
    assert send(client) == 7
    assert [request.url.params["access_token"] for request in platform.asked] == ["token-1", "token-2"]
    assert client._tokens.rejected == ["token-1"]  # type: ignore[union-attr]


def test_a_token_refused_twice_is_an_error_and_no_loop(opened: Open) -> None:
    platform = Platform({"errcode": 40001, "errmsg": "no"})
    with pytest.raises(ApiRefused) as caught:
        send(opened(platform))
    assert (caught.value.errcode, len(platform.asked)) == (40001, 2)


NOT_SENT = [
    httpx.ConnectError("no"),
    httpx.ConnectTimeout("no"),
    httpx.PoolTimeout("no"),
    httpx.Response(502),
]
LOST = [
    httpx.ReadTimeout("no"),
    httpx.WriteTimeout("no"),
    httpx.ReadError("no"),
    httpx.RemoteProtocolError("no"),
    httpx.Response(504),
    httpx.Response(200, content=b'{"errcode":0,"msgi'),
    httpx.Response(200, content=b"<html>"),
    httpx.Response(200, json={"errcode": 0}),
]


@pytest.mark.parametrize("answer", NOT_SENT, ids=repr)
def test_what_did_not_happen_is_busy(opened: Open, answer: object) -> None:
    with pytest.raises(Busy) as caught:
        send(opened(Platform(answer)))
    assert caught.value.action is Action.BACK_OFF


@pytest.mark.parametrize("answer", LOST, ids=repr)
def test_a_lost_answer_of_a_send_is_unknown_and_never_repeated(opened: Open, answer: object) -> None:
    platform = Platform(answer)
    with pytest.raises(OutcomeUnknown):
        send(opened(platform))
    assert len(platform.asked) == 1


@pytest.mark.parametrize("answer", LOST[:7], ids=repr)
def test_a_lost_answer_of_a_question_is_busy(opened: Open, answer: object) -> None:
    with pytest.raises(Busy):
        opened(Platform(answer)).user_info("openid-1")


CODES = [
    ("/cgi-bin/message/template/send", 40001, Action.REFRESH_TOKEN),
    ("/cgi-bin/stable_token", 40001, Action.ALARM),
    ("/sns/oauth2/access_token", 42001, Action.LOGIN),
    ("/cgi-bin/message/template/send", -1, Action.BACK_OFF),
    ("/cgi-bin/message/subscribe/send", 43108, Action.BACK_OFF),
    ("/cgi-bin/message/template/send", 45009, Action.DAY_QUOTA),
    ("/cgi-bin/message/template/send", 43004, Action.OTHER_CHANNEL),
    ("/cgi-bin/message/subscribe/send", 43101, Action.OTHER_CHANNEL),
    ("/cgi-bin/message/custom/send", 45015, Action.WINDOW),
    ("/cgi-bin/message/template/send", 47003, Action.CONTENT),
    ("/cgi-bin/message/custom/send", 45008, Action.CONTENT),
    ("/sns/jscode2session", 40029, Action.LOGIN),
    ("/cgi-bin/media/get", 40007, Action.MEDIA),
    ("/cgi-bin/stable_token", 40164, Action.ALARM),
    ("/cgi-bin/message/template/send", 41001, Action.ALARM),
    ("/cgi-bin/stable_token", 89507, Action.ALARM),
    ("/wxa/msg_sec_check", 61010, Action.LOGIN),
    ("/cgi-bin/component/x", 61010, Action.ALARM),
    ("/wxa/msg_sec_check", 40129, Action.ALARM),
    ("/wxa/getwxacodeunlimit", 40129, Action.CONTENT),
    ("/wxa/getwxacodeunlimit", 40097, Action.ALARM),
    ("/wxa/msg_sec_check", 43104, Action.OTHER_CHANNEL),
    ("/cgi-bin/message/template/send", 43104, Action.ALARM),
    ("/cgi-bin/message/template/send", 99999, Action.CONTENT),
]


@pytest.mark.parametrize(("path", "code", "action"), CODES)
def test_error_codes_by_what_to_do_next(path: str, code: int, action: Action) -> None:
    assert classify(path, code) is action


def test_errors_name_neither_token_nor_secret(opened: Open) -> None:
    platform = Platform({"errcode": 40125, "errmsg": "invalid appsecret rid: 1-2-3"})
    with pytest.raises(ApiRefused) as caught:
        opened(platform).stable_token()
    told = f"{caught.value!r} {caught.value} {caught.value.data}"
    assert "top-secret" not in told
    assert "token-1" not in told
    assert json.loads(platform.asked[0].content)["secret"] == "top-secret"


def test_nothing_is_logged_about_addresses(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        send(opened(Platform({"errcode": 0, "msgid": 1})))
    assert "token-1" not in caplog.text


def test_redirects_are_not_followed(opened: Open) -> None:
    platform = Platform(httpx.Response(302, headers={"location": "https://evil.example/"}))
    with pytest.raises(CallFailed):
        opened(platform).user_info("o")
    assert len(platform.asked) == 1


def test_stable_token_needs_no_token(opened: Open) -> None:
    platform = Platform({"access_token": "fresh", "expires_in": 7200})
    client = opened(platform)
    issued = client.stable_token()
    assert (issued.value, issued.expires_in) == ("fresh", 7200)
    assert "fresh" not in repr(issued)
    assert json.loads(platform.asked[0].content)["force_refresh"] is False
    client.stable_token(force=True)
    assert json.loads(platform.asked[1].content)["force_refresh"] is True


def test_codes(opened: Open) -> None:
    platform = Platform({"ticket": "T==", "url": "http://weixin.qq.com/q/1", "expire_seconds": 600})
    client = opened(platform)
    temporary = client.create_qr("bind:1", expire_seconds=600)
    permanent = client.create_qr("village:door")
    assert (temporary.expire_seconds, permanent.expire_seconds) == (600, None)
    first, second = (json.loads(request.content) for request in platform.asked)
    assert (first["action_name"], first["expire_seconds"]) == ("QR_STR_SCENE", 600)
    assert second == {
        "action_name": "QR_LIMIT_STR_SCENE",
        "action_info": {"scene": {"scene_str": "village:door"}},
    }
    with pytest.raises(ValueRefused):
        client.create_qr("x" * 65)
    assert len(platform.asked) == 2


def test_pictures_are_known_by_their_first_bytes(opened: Open) -> None:
    platform = Platform(PNG)
    client = opened(platform)
    assert client.show_qr("a+b/c==") == PNG
    assert platform.asked[0].url.host == "mp.weixin.qq.com"
    assert platform.asked[0].url.params["ticket"] == "a+b/c=="
    assert "access_token" not in platform.asked[0].url.params
    assert client.unlimited_code("b=1", "pages/village/index") == PNG
    with pytest.raises(Busy):
        opened(Platform(b"<html>")).show_qr("x")
    with pytest.raises(ApiRefused):
        opened(Platform({"errcode": 41030, "errmsg": "invalid page"})).unlimited_code("b=1", "pages/x")
    with pytest.raises(ApiRefused):
        opened(Platform(httpx.Response(404))).show_qr("x")


def test_media(opened: Open) -> None:
    photo = httpx.Response(200, content=PNG, headers={"content-type": "image/png; x=y"})
    assert opened(Platform(photo)).media("m1", limit=1000) == (PNG, "image/png")
    with pytest.raises(ApiRefused) as caught:
        opened(Platform(PNG)).media("m1", limit=50)
    assert caught.value.action is Action.MEDIA
    with pytest.raises(ApiRefused) as caught:
        opened(Platform({"errcode": 40007, "errmsg": "invalid media_id"})).media("m1", limit=1000)
    assert caught.value.action is Action.MEDIA


def test_a_video_is_fetched_from_the_platform_alone(opened: Open) -> None:
    platform = Platform({"video_url": "https://vweixinp.tc.qq.com/1.mp4?k=1"}, b"video")
    assert opened(platform).media("m1", limit=1000)[0] == b"video"
    assert str(platform.asked[1].url) == "https://vweixinp.tc.qq.com/1.mp4?k=1"
    for elsewhere in ("https://evil.example/1.mp4", "file:///etc/passwd", "https://qq.com.evil.example/"):
        platform = Platform({"video_url": elsewhere}, b"video")
        with pytest.raises(ApiRefused):
            opened(platform).media("m1", limit=1000)
        assert len(platform.asked) == 1


def test_web_login(opened: Open) -> None:
    platform = Platform({"openid": "o1", "unionid": "u1", "access_token": "x"})
    client = opened(platform)
    url = client.oauth_url("https://v.example/cb?a=1", "state1")
    assert url == (
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wxapp&redirect_uri="
        "https%3A%2F%2Fv.example%2Fcb%3Fa%3D1&response_type=code&scope=snsapi_base&state=state1#wechat_redirect"
    )
    user = client.oauth_code("c1")
    assert (user.openid, user.unionid) == ("o1", "u1")
    with pytest.raises(ValueRefused):
        client.oauth_url("https://v.example/", "not-a-state")


def test_a_snapshot_visitor_is_nobody(opened: Open) -> None:
    with pytest.raises(ApiRefused) as caught:
        opened(Platform({"openid": "o1", "is_snapshotuser": 1})).oauth_code("c1")
    assert caught.value.action is Action.LOGIN


def test_mini_program_login(opened: Open) -> None:
    session = opened(Platform({"openid": "o1", "session_key": "k=="})).code_to_session("js1")
    assert (session.openid, session.unionid, session.session_key) == ("o1", None, "k==")
    assert "k==" not in repr(session)


def test_phone_numbers(opened: Open) -> None:
    info = {"phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": "86"}
    platform = Platform({"errcode": 0, "phone_info": info})
    assert opened(platform).phone_number("c1", "o1").pure_number == "13800138000"
    assert json.loads(platform.asked[0].content) == {"code": "c1", "openid": "o1"}


@pytest.mark.parametrize(
    ("result", "verdict"),
    [({"suggest": "pass"}, Verdict.PASS), ({"suggest": "risky"}, Verdict.RISKY), (None, Verdict.UNKNOWN)],
)
def test_text_checks(opened: Open, result: dict[str, Any] | None, verdict: Verdict) -> None:
    assert opened(Platform({"errcode": 0, "result": result})).msg_sec_check("字", "o1") is verdict


def test_other_calls(opened: Open) -> None:
    assert opened(Platform({"trace_id": "t1"})).media_check_async("https://v.example/1", "o1") == "t1"
    assert opened(Platform({"ip_list": ["1.2.3.0/25"]})).callback_ips() == ["1.2.3.0/25"]
    assert opened(Platform({"template_list": [{"template_id": "T"}]})).all_private_templates() == [
        {"template_id": "T"}
    ]
    assert opened(Platform({"data": [{"priTmplId": "P"}]})).subscribe_templates() == [{"priTmplId": "P"}]
    assert opened(Platform({"errcode": 46003, "errmsg": "menu no exist"})).get_menu() is None
    assert opened(Platform({"errcode": 0, "ticket": "j", "expires_in": 7200})).jsapi_ticket().value == "j"
    platform = Platform({"errcode": 0})
    client = opened(platform)
    client.create_menu([{"name": "村务公开", "type": "view", "url": "https://v.example/"}])
    client.custom_text("o1", "你好")
    client.send_subscribe("o1", "P", {"thing1": "x"}, page="pages/a")
    client.bizsend("o1", "P", {"thing1": "x"})
    assert [request.url.path for request in platform.asked] == [
        "/cgi-bin/menu/create",
        "/cgi-bin/message/custom/send",
        "/cgi-bin/message/subscribe/send",
        "/cgi-bin/message/subscribe/bizsend",
    ]


def test_every_thread_has_its_own_connections(opened: Open) -> None:
    client = opened(Platform({"subscribe": 1}))
    seen: list[object] = []

    def ask() -> None:
        client.user_info("o")
        seen.append(client._client())

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in seen}) == 3
