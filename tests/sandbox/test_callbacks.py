"""Callback deliveries: form, encryption, retries on the sandbox's clock, replies, order."""

import threading

import pytest

from tests.sandbox.support import (
    APP_ID,
    MINI_ID,
    ORIGINAL_ID,
    VILLAGER,
    Received,
    Receiver,
    Sandbox,
    text_reply,
)

FAULT = "该公众号提供的服务出现故障，请稍后再试"


def broken(_: Received) -> tuple[int, bytes]:
    """A server that is down."""
    return 500, b"oops"


@pytest.mark.parametrize("mode", ["safe", "compatible", "plain"])
@pytest.mark.parametrize("form", ["xml", "json"])
def test_wechatpy_reads_every_mode_and_format(
    sandbox: Sandbox, receiver: Receiver, mode: str, form: str
) -> None:
    sandbox.control("account", app_id=APP_ID, mode=mode, format=form)
    sandbox.control("follow", persona=VILLAGER)
    answer = sandbox.control("say", persona=VILLAGER, text="反映 路灯坏了 ]]> <b>")
    assert answer["delivered"] is True
    message = receiver.received[-1]
    assert message.fields["Content"] == "反映 路灯坏了 ]]> <b>"
    assert message.fields["ToUserName"] == ORIGINAL_ID
    assert message.fields["FromUserName"] == sandbox.openid()
    assert int(message.fields["MsgId"]) > 2**53
    assert message.query["from"] == "sandbox"
    assert ("encrypt_type" in message.query) == (mode != "plain")
    assert ("Content" in message.body) == (mode != "safe")


def test_address_verification(sandbox: Sandbox) -> None:
    assert sandbox.control("verify", app_id=APP_ID)["ok"] is True


def test_encrypted_reply_appears_in_the_chat(sandbox: Sandbox, receiver: Receiver) -> None:
    link = '请看<a href="https://example.org/v/1">村务</a>'
    sandbox.control("follow", persona=VILLAGER)
    receiver.answer = lambda got: (200, text_reply(got, link))
    answer = sandbox.control("say", persona=VILLAGER, text="你好")
    assert [item["text"] for item in answer["replies"]] == [link]
    tapped = sandbox.control("tap", persona=VILLAGER, message_id=answer["replies"][0]["id"])
    assert tapped["open"] == "https://example.org/v/1"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda got: text_reply(got, "没有加密", encrypted=False),
        lambda got: text_reply(got, ""),
        lambda got: text_reply(got, "有空白") + b"\n",
        lambda got: text_reply(got, "签名").replace(b"<MsgSignature><![CDATA[", b"<MsgSignature><![CDATA[0"),
        lambda _: b'{"ok": true}',
        lambda _: b" success",
    ],
    ids=["plain in safe mode", "empty", "blanks", "signature", "json to xml", "stray blank"],
)
def test_invalid_reply_shows_the_fault(sandbox: Sandbox, receiver: Receiver, spoil: object) -> None:
    sandbox.control("follow", persona=VILLAGER)
    receiver.answer = lambda got: (200, spoil(got))  # type: ignore[operator]
    answer = sandbox.control("say", persona=VILLAGER, text="你好")
    assert answer["delivered"] is False
    assert [item["text"] for item in answer["replies"]] == [FAULT]


def test_retries_come_on_the_sandbox_clock_with_the_same_content(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.control("follow", persona=VILLAGER)
    receiver.received.clear()
    receiver.answer = broken
    assert sandbox.control("say", persona=VILLAGER, text="在吗")["delivered"] is False
    assert len(receiver.received) == 1
    sandbox.control("clock", advance_seconds=4)
    assert len(receiver.received) == 1
    sandbox.control("clock", advance_seconds=1)
    assert len(receiver.received) == 2
    sandbox.control("clock", advance_seconds=600)
    assert len(receiver.received) == 4
    assert len({str(item.fields) for item in receiver.received}) == 1
    assert len({item.query["nonce"] for item in receiver.received}) == 4
    assert len({item.query["msg_signature"] for item in receiver.received}) == 4
    assert sandbox.chat()[-1]["text"] == FAULT


def test_a_retry_that_succeeds_ends_the_matter(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("fail", path="callback", timeout=True)
    receiver.received.clear()
    receiver.answer = lambda got: (200, text_reply(got, "收到"))
    assert sandbox.control("say", persona=VILLAGER, text="在吗")["delivered"] is False
    sandbox.control("clock", advance_seconds=5)
    sandbox.control("clock", advance_seconds=60)
    assert receiver.events == ["text", "text"]
    assert [item["text"] for item in sandbox.chat()][-1] == "收到"


def test_a_slow_server_is_cut_off(sandbox: Sandbox, receiver: Receiver) -> None:
    release = threading.Event()
    sandbox.control("follow", persona=VILLAGER)

    def slow(_: Received) -> tuple[int, bytes]:
        release.wait(20)
        return 200, b"success"

    receiver.answer = slow
    answer = sandbox.control("say", persona=VILLAGER, text="慢")
    release.set()
    assert answer["delivered"] is False
    entry = sandbox.look("log", kind="callback", persona=VILLAGER)["entries"][-1]
    assert "no answer within 5 s" in entry["reason"]
    assert 4500 < entry["ms"] < 7000


def test_one_person_is_served_in_order(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("follow", persona=VILLAGER)
    receiver.received.clear()
    for number in range(12):
        sandbox.control("say", persona=VILLAGER, text=f"第{number}条", wait=False)
    sandbox.control("settle")
    assert [item.fields["Content"] for item in receiver.received] == [f"第{n}条" for n in range(12)]


def test_duplicate_delivery_on_demand(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("follow", persona=VILLAGER)
    receiver.received.clear()
    sandbox.control("fail", path="callback", duplicate=True)
    assert sandbox.control("say", persona=VILLAGER, text="一次")["delivered"] is True
    first, second = receiver.received
    assert first.fields == second.fields
    assert first.query["nonce"] != second.query["nonce"]


def test_silent_events_show_no_fault(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("follow", persona=VILLAGER)
    receiver.answer = broken
    sandbox.control("unfollow", persona=VILLAGER)
    sandbox.control("clock", advance_seconds=60)
    assert receiver.events == ["subscribe"] + ["unsubscribe"] * 4
    assert FAULT not in [item["text"] for item in sandbox.chat()]


def test_picture_voice_location_and_raw_push(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("picture", persona=VILLAGER)
    sandbox.control("voice", persona=VILLAGER)
    sandbox.control("location", persona=VILLAGER)
    fields = {"MsgType": "link", "Title": "标题", "Description": "", "Url": "https://example.org"}
    sandbox.control("push", persona=VILLAGER, fields=fields)
    assert receiver.events == ["subscribe", "image", "voice", "location", "link"]
    media_id = receiver.received[1].fields["MediaId"]
    answer = sandbox.http.get(
        "/cgi-bin/media/get", params={"access_token": sandbox.token(), "media_id": media_id}
    )
    assert answer.content.startswith(b"\xff\xd8")
    assert b"HUAWEI" in answer.content
    sandbox.control("clock", advance_seconds=3 * 24 * 3600)
    sandbox._tokens.clear()
    assert sandbox.get("/cgi-bin/media/get", media_id=media_id)["errcode"] == 40007


def test_mini_program_push_is_json_with_its_own_key(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("account", app_id=MINI_ID, callback_url=receiver.url)
    receiver.app_id = MINI_ID
    sandbox.control("consent", persona=VILLAGER, titles=["工单进度提醒"])
    event = receiver.received[-1].fields
    assert event["Event"] == "subscribe_msg_popup_event"
    assert event["List"]["SubscribeStatusString"] == "accept"
    sandbox.control("consent", persona=VILLAGER, titles=["工单进度提醒", "信息公开提醒"], accept=False)
    assert [item["SubscribeStatusString"] for item in receiver.received[-1].fields["List"]] == ["reject"] * 2
