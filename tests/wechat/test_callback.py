"""The callback over HTTP: captured deliveries in, stored state and answers out."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.routing import Route
from wechatpy.crypto import PrpCrypto

from app.core import metrics
from app.core.db import Database
from app.core.errors import Conflict, Unavailable
from app.wechat import crypto, replies
from app.wechat.accounts import Account, accounts_from
from app.wechat.callback import CallbackRoute
from app.wechat.inbound import Inbound
from tests.conftest import fresh_database
from tests.vectors.served import PATH, Json, Served, listening, settings_for
from tests.wechat.knocking import ACCOUNT, APP, KEY, NONCE, STAMP, TOKEN, knock, opened, plain, sealed, sign
from tests.wechat.samples import EVENTS, FROM, MESSAGES, TO, as_xml, event_fields, message_fields

SECRET_WORDS = "秘密的话"


def answer_texts(session: Session, account: Account, inbound: Inbound) -> replies.Reply | None:
    """A handler that does what its text says."""
    match inbound.text("Content"):
        case "bug":
            session.execute(text("INSERT INTO inbound_key (key) VALUES ('half done')"))
            raise KeyError(SECRET_WORDS)
        case "conflict":
            raise Conflict("complaint.not_open", "不能这样做")
        case "broken row":
            raise IntegrityError(SECRET_WORDS, None, Exception())
        case "away":
            raise Unavailable("database.away", "请稍后")
        case "ignored":
            return replies.IGNORED
        case "quiet":
            return None
        case content:
            return replies.Text(f"收到：{content}") if content else None


# Of reports only what they say is kept: tests/services/test_anonymity.py.
KEPT_WHOLE = [event for event in EVENTS if event != "TEMPLATESENDJOBFINISH"]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with fresh_database() as url:
        database = Database(url, pool_size=4)
        with Served(database, answer_texts) as served:
            yield served
        database.dispose()


@pytest.fixture(autouse=True)
def nothing_kept(served: Served) -> None:
    served.forget()


@pytest.mark.parametrize("written", ["xml", "json"])
@pytest.mark.parametrize(
    "fields",
    [*(message_fields(kind) for kind in MESSAGES), *(event_fields(event) for event in KEPT_WHOLE)],
    ids=[*MESSAGES, *KEPT_WHOLE],
)
def test_every_sample_is_kept(served: Served, fields: Json, written: str) -> None:
    got = knock(served, sealed(fields, written=written))
    assert got.status == 200
    (row,) = served.journal()
    assert (row.app_id, row.openid, row.msg_type) == (APP, FROM, fields["MsgType"])
    assert (row.event, row.outcome) == (fields.get("Event"), "handled")
    assert {name: str(value) for name, value in row.fields.items()} == {k: str(v) for k, v in fields.items()}


@pytest.mark.parametrize("written", ["xml", "json"])
def test_the_reply_is_encrypted_in_the_format_of_the_question(served: Served, written: str) -> None:
    got = knock(served, sealed(message_fields("text", Content="路灯 ]]> 坏了"), written=written))
    assert got.content_type.startswith(f"application/{written}")
    told = opened(got)
    assert "路灯" in told
    assert told.startswith("<xml>" if written == "xml" else "{")
    assert FROM in told
    assert TO in told


def test_a_plain_reply_in_development(served: Served) -> None:
    got = knock(served, plain(message_fields("text", Content="你好")), production=False)
    assert "收到：你好" in got.body.decode()


@pytest.mark.parametrize("content", ["quiet", "ignored"])
def test_nothing_to_say_is_success(served: Served, content: str) -> None:
    got = knock(served, sealed(message_fields("text", Content=content)))
    assert (got.status, got.body) == (200, b"success")
    assert served.journal()[0].outcome == ("ignored" if content == "ignored" else "handled")


def test_production_takes_no_plain_body(served: Served) -> None:
    got = knock(served, plain(message_fields("text")))
    assert (got.status, got.body, served.journal()) == (400, b"refused", [])


def test_an_encrypted_query_with_a_plain_body_is_refused_everywhere(served: Served) -> None:
    query, _ = sealed(message_fields("text"))
    _, body = plain(message_fields("text"))
    for production in (True, False):
        assert knock(served, (query, body), production=production).status == 400


def test_compatible_mode_believes_the_decrypted_text_alone(served: Served) -> None:
    forged = message_fields("text", Content="forged", FromUserName="oForged", MsgId="999")
    delivery = sealed(message_fields("text", Content="true"), beside=forged)
    for production in (True, False):
        served.forget()
        assert "true" in opened(knock(served, delivery, production=production))
        assert served.journal()[0].fields["Content"] == "true"


def test_an_encrypted_body_is_not_taken_on_the_plain_signature(served: Served) -> None:
    query, body = sealed(message_fields("text"))
    for name in ("msg_signature", "encrypt_type"):
        del query[name]
    assert knock(served, (query, body), production=False).status == 403


def test_the_openid_of_the_query_is_not_believed(served: Served) -> None:
    query, body = sealed(message_fields("text"))
    assert knock(served, ({**query, "openid": "oSomebodyElse"}, body)).status == 200
    assert served.journal()[0].openid == FROM


VERIFY = {"signature": sign(TOKEN, STAMP, NONCE), "timestamp": STAMP, "nonce": NONCE}


@pytest.mark.parametrize("echostr", ["4375120948345356249", "<script>alert(1)</script>", "a+b/c= d%", "回声"])
def test_address_verification_echoes_as_plain_text(served: Served, echostr: str) -> None:
    got = served.send(ACCOUNT, production=True, query={**VERIFY, "echostr": echostr}, body=None)
    assert (got.status, got.body.decode(), got.content_type) == (200, echostr, "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 403),
        ({**VERIFY, "signature": "0" * 40, "echostr": "1"}, 403),
        ({**VERIFY, "signature": "签名", "echostr": "1"}, 403),
        ({"timestamp": STAMP, "nonce": NONCE, "echostr": "1"}, 403),
        ({"signature": sign(TOKEN), "timestamp": "", "nonce": "", "echostr": "1"}, 403),
        (VERIFY, 400),
        ([*VERIFY.items(), ("echostr", "1"), ("echostr", "2")], 400),
        ([*VERIFY.items(), *((f"x{n}", "") for n in range(40))], 400),
    ],
)
def test_address_verification_refuses(served: Served, query: Any, status: int) -> None:
    got = served.send(ACCOUNT, production=True, query=query, body=None)
    assert (got.status, got.body) == (status, b"refused")


def test_a_query_that_is_no_text(served: Served) -> None:
    got = httpx.get(served._address(ACCOUNT, True) + PATH + "?signature=%ff%fe&echostr=1", trust_env=False)
    assert (got.status_code, got.content) == (400, b"refused")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_other_methods(served: Served, method: str) -> None:
    got = httpx.request(method, served._address(ACCOUNT, True) + PATH, trust_env=False)
    assert (got.status_code, got.headers["allow"]) == (405, "GET, POST")


def test_answers_are_never_kept_by_anybody(served: Served) -> None:
    got = httpx.get(served._address(ACCOUNT, True) + PATH, trust_env=False)
    assert (got.headers["cache-control"], got.headers["x-content-type-options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize("size", [300 * 1024, 3 * 1024 * 1024])
@pytest.mark.parametrize("announced", [True, False])
def test_large_bodies_are_refused(served: Served, size: int, announced: bool) -> None:
    query, _ = sealed(message_fields("text"))
    chunks = [b"<xml>" + b"a" * (size // 2), b"a" * (size // 2)]
    content: Any = b"".join(chunks) if announced else iter(chunks)
    got = httpx.post(served._address(ACCOUNT, True) + PATH, params=query, content=content, trust_env=False)
    assert (got.status_code, got.content) == (400, b"refused")


def test_a_huge_announcement_is_refused_before_it_comes(served: Served) -> None:
    address = urlsplit(served._address(ACCOUNT, True))
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {10**10}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert b" 400 " in connection.recv(4096).split(b"\r\n")[0]


def test_somebody_who_hangs_up_leaves_nothing(served: Served) -> None:
    address = urlsplit(served._address(ACCOUNT, True))
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n<xml>".encode())
    assert knock(served, sealed(message_fields("text", Content="quiet"))).status == 200
    assert len(served.journal()) == 1


BAD_INSIDE = [
    "",
    "hello",
    "<xml>",
    "<!DOCTYPE xml><xml><A>1</A></xml>",
    as_xml({"MsgType": "text"}),
    as_xml({**message_fields("text"), "CreateTime": "soon"}),
    as_xml(event_fields("SCAN")).replace("</xml>", "<Event>CLICK</Event></xml>"),
    "[1]",
    '{"a":NaN}',
]


@pytest.mark.parametrize("inside", BAD_INSIDE)
def test_what_is_encrypted_may_be_wrong_too(served: Served, inside: str) -> None:
    encrypted = PrpCrypto(crypto.decode_key(KEY)).encrypt(inside, APP).decode()
    query = {**VERIFY, "encrypt_type": "aes", "msg_signature": sign(TOKEN, STAMP, NONCE, encrypted)}
    got = knock(served, (query, as_xml({"Encrypt": encrypted}).encode()))
    assert (got.status, got.body, served.journal()) == (400, b"refused", [])


def test_bytes_inside_that_are_no_text(served: Served) -> None:
    encrypted = crypto.encrypt(KEY, APP, b"<xml><A>\xff</A></xml>")
    query = {**VERIFY, "encrypt_type": "aes", "msg_signature": sign(TOKEN, STAMP, NONCE, encrypted)}
    assert knock(served, (query, as_xml({"Encrypt": encrypted}).encode())).status == 400


QUERY, BODY = sealed(message_fields("text", Content="quiet"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), change=st.integers(1, 255))
def test_a_changed_byte_is_never_taken_and_never_an_error_of_ours(
    served: Served, place: int, change: int
) -> None:
    body = bytearray(BODY)
    start = BODY.index(b"<Encrypt><![CDATA[") + len(b"<Encrypt><![CDATA[")
    stop = BODY.index(b"]]></Encrypt>")
    body[start + place % (stop - start)] ^= change
    got = knock(served, (QUERY, bytes(body)))
    assert got.status in (400, 403)
    assert (got.body, served.journal()) == (b"refused", [])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_arbitrary_bodies_are_never_an_error_of_ours(served: Served, body: bytes) -> None:
    for query in (QUERY, VERIFY):
        got = knock(served, (query, body), production=False)
        assert 400 <= got.status < 500
    assert served.journal() == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(min_size=1, max_size=160))
def test_well_signed_garbage_is_refused_alike(served: Served, garbage: bytes) -> None:
    encrypted = base64.b64encode(garbage).decode()
    query = {**VERIFY, "encrypt_type": "aes", "msg_signature": sign(TOKEN, STAMP, NONCE, encrypted)}
    got = knock(served, (query, as_xml({"Encrypt": encrypted}).encode()))
    assert (got.status, got.body) == (400, b"refused")


@pytest.mark.parametrize("content", ["bug", "conflict", "broken row"])
def test_a_failing_handler_is_kept_for_repair_and_answered_success(
    served: Served, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    got = knock(served, sealed(message_fields("text", Content=content)))
    assert (got.status, got.body) == (200, b"success")
    (row,) = served.journal()
    assert (row.outcome, row.fields["Content"]) == ("error", content)
    with served._database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM inbound_key WHERE key = 'half done'")) == 0
    again = knock(served, sealed(message_fields("text", Content=content)))
    assert (again.status, again.body, len(served.journal())) == (200, b"success", 1)


def test_when_a_part_of_ours_is_away_the_platform_comes_again(served: Served) -> None:
    got = knock(served, sealed(message_fields("text", Content="away")))
    assert (got.status, got.body, served.journal()) == (503, b"", [])


def test_without_a_database_the_platform_comes_again() -> None:
    configured = settings_for(token=TOKEN, aes_key=KEY, app_id=APP, production=True)
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none", pool_size=1)
    route = CallbackRoute(accounts_from(configured).official, nowhere, answer_texts, configured)
    query, body = sealed(message_fields("text"))
    with listening(Starlette(routes=[Route(PATH, route)])) as address:
        got = httpx.post(address + PATH, params=query, content=body, trust_env=False, timeout=30)
        echo = httpx.get(address + PATH, params={**VERIFY, "echostr": "1"}, trust_env=False)
    assert (got.status_code, got.content, echo.status_code) == (503, b"", 200)
    nowhere.dispose()


@pytest.mark.parametrize("stamp", ["²", "１７９", "-5", "soon", "9" * 5000])
def test_a_signed_but_odd_timestamp_does_no_harm(served: Served, stamp: str) -> None:
    query, body = sealed(message_fields("text", Content="quiet"))
    encrypted = body.decode().split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    signed = sign(TOKEN, stamp, NONCE, encrypted)
    got = knock(served, ({**query, "timestamp": stamp, "msg_signature": signed}, body))
    assert (got.status, got.body) == (200, b"success")


def test_an_account_without_a_token_takes_nothing(served: Served) -> None:
    query, body = plain(message_fields("text"))
    unsigned = {**query, "signature": sign("", STAMP, NONCE)}
    got = served.send(("", KEY, APP), production=False, query=unsigned, body=body)
    assert (got.status, served.journal()) == (403, [])


def test_answers_are_measured(served: Served) -> None:
    knock(served, sealed(message_fields("text")))
    told = metrics.render().decode()
    assert 'mashang_callback_seconds_count{outcome="handled"}' in told
