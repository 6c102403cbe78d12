"""Passive replies: valid whatever people write, readable by wechatpy, sealed as the platform wants."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import deserialize_reply

from app.wechat import replies
from app.wechat.accounts import Account, AccountKind
from app.wechat.envelope import BodyFormat, parse
from app.wechat.inbound import Inbound, from_fields
from tests.wechat.samples import FROM, TO, event_fields, message_fields

KEY, APP = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef"
ACCOUNT = Account(AccountKind.OFFICIAL, APP, token="t", aes_key=KEY)
NOW = 1790000001
ARTICLES = tuple(
    replies.Article(f"题{n}", "说明 ]]> <b>", f"https://x.example/{n}?a=1&b=2") for n in range(10)
)


def inbound(fields: dict[str, Any], body_format: BodyFormat = BodyFormat.XML) -> Inbound:
    return from_fields(fields, body_format=body_format)


def fields_of(reply: replies.Reply, to: Inbound) -> dict[str, Any]:
    rendered = replies.render(reply, to, timestamp=NOW)
    assert rendered is not None
    return parse(rendered.encode())[1]


TEXT, SCAN = inbound(message_fields("text")), inbound(event_fields("SCAN"))
JSON_TEXT = inbound(message_fields("text"), BodyFormat.JSON)


@pytest.mark.parametrize("to", [TEXT, JSON_TEXT], ids=["xml", "json"])
def test_sender_and_receiver_change_places(to: Inbound) -> None:
    fields = fields_of(replies.Text("你好"), to)
    assert (fields["ToUserName"], fields["FromUserName"]) == (FROM, TO)
    assert (str(fields["CreateTime"]), fields["MsgType"], fields["Content"]) == (str(NOW), "text", "你好")


@pytest.mark.parametrize("to", [TEXT, JSON_TEXT], ids=["xml", "json"])
@given(content=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=300))
def test_any_text_arrives_as_it_was(to: Inbound, content: str) -> None:
    content += "]]>"
    expected = "".join(c for c in content if c not in "\ufffe\uffff")
    assert fields_of(replies.Text(content), to)["Content"] == expected


@given(st.text(max_size=100))
def test_characters_that_xml_forbids_are_left_out(content: str) -> None:
    rendered = replies.render(replies.Text("村" + content), TEXT, timestamp=NOW)
    assert rendered is not None
    assert parse(rendered.encode())[1]["Content"].startswith("村")


def test_wechatpy_reads_the_reply() -> None:
    rendered = replies.render(replies.Text("你好"), TEXT, timestamp=NOW)
    reply = deserialize_reply(rendered)
    assert (reply.type, reply.content, reply.target, reply.source) == ("text", "你好", FROM, TO)


@given(st.text("村a🙂", min_size=1, max_size=1500))
def test_long_text_is_cut_inside_the_limit(content: str) -> None:
    found = fields_of(replies.Text(content), TEXT)["Content"]
    assert len(found.encode()) <= replies.TEXT_LIMIT_BYTES
    assert found == content or (found.endswith("…") and content.startswith(found[:-1]))


@pytest.mark.parametrize(("fields", "shown"), [(message_fields("text"), 1), (event_fields("SCAN"), 8)])
def test_one_card_answers_a_message_and_eight_an_event(fields: dict[str, Any], shown: int) -> None:
    found = fields_of(replies.News(ARTICLES), inbound(fields))
    assert found["ArticleCount"] == str(shown)
    items = found["Articles"]["item"]
    cards = items if isinstance(items, list) else [items]
    assert len(cards) == shown
    assert cards[0] == {"Title": "题0", "Description": "说明 ]]> <b>", "PicUrl": "", "Url": ARTICLES[0].url}
    as_json = fields_of(replies.News(ARTICLES), inbound(fields, BodyFormat.JSON))
    assert (as_json["ArticleCount"], len(as_json["Articles"]["item"])) == (shown, shown)


@pytest.mark.parametrize("to", [TEXT, JSON_TEXT], ids=["xml", "json"])
def test_pictures_and_transfers(to: Inbound) -> None:
    assert fields_of(replies.Image("m1"), to)["Image"]["MediaId"].strip() == "m1"
    assert fields_of(replies.TransferToService(), to)["MsgType"] == "transfer_customer_service"
    named = fields_of(replies.TransferToService("a]]>@b"), to)
    assert named["TransInfo"] == {"KfAccount": "a]]>@b"}


@pytest.mark.parametrize("reply", [None, replies.IGNORED, replies.Text("  ")])
def test_nothing_to_say(reply: replies.Reply | None) -> None:
    assert replies.render(reply, TEXT, timestamp=NOW) is None


def test_who_left_is_not_answered() -> None:
    gone = inbound(event_fields("unsubscribe"))
    assert replies.render(replies.Text("再见"), gone, timestamp=NOW) is None


def test_a_sealed_reply_opens_with_wechatpy() -> None:
    sealed = replies.seal(ACCOUNT, "<xml>你好</xml>", body_format=BodyFormat.XML, timestamp=NOW)
    outer = parse(sealed.encode())[1]
    opened = WeChatCrypto("t", KEY, APP).decrypt_message(
        sealed, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"]
    )
    assert opened == "<xml>你好</xml>"


def test_a_sealed_json_reply_is_json() -> None:
    sealed = json.loads(replies.seal(ACCOUNT, "{}", body_format=BodyFormat.JSON, timestamp=NOW))
    opened = WeChatCrypto("t", KEY, APP).decrypt_message(
        sealed, sealed["MsgSignature"], str(sealed["TimeStamp"]), sealed["Nonce"]
    )
    assert (opened, sealed["TimeStamp"]) == ("{}", NOW)


def test_secrets_stay_out_of_reprs() -> None:
    assert KEY not in repr(ACCOUNT)
