"""What handlers see of a delivery, for every sample of the platform in XML and in JSON."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy import events, messages

from app.wechat.envelope import BodyFormat, parse
from app.wechat.errors import CallbackRefused
from app.wechat.inbound import Delivery, Inbound, SubscribeItem, Verdict, dedupe_key, from_fields
from tests.wechat.samples import (
    CREATED,
    EVENTS,
    FROM,
    MESSAGES,
    TO,
    as_json,
    as_xml,
    event_fields,
    message_fields,
)

WRITERS = {"xml": as_xml, "json": as_json}
both_formats = pytest.mark.parametrize("written", WRITERS)


def read(fields: dict[str, Any], written: str = "xml") -> Inbound:
    raw = WRITERS[written](fields)
    body_format, parsed = parse(raw.encode())
    return from_fields(parsed, raw=raw, body_format=body_format)


@both_formats
@pytest.mark.parametrize("kind", MESSAGES)
def test_messages(kind: str, written: str) -> None:
    inbound = read(message_fields(kind), written)
    assert (inbound.to_user, inbound.from_user, inbound.create_time) == (TO, FROM, CREATED)
    assert (inbound.kind, inbound.event, inbound.message_id) == (kind, None, "1234567890123456")
    assert {name: inbound.text(name) for name in MESSAGES[kind]} == MESSAGES[kind]
    assert (inbound.scene, inbound.delivery, inbound.media_check, inbound.subscribe_items) == (
        None,
        None,
        None,
        (),
    )


@both_formats
@pytest.mark.parametrize("event", EVENTS)
def test_events(event: str, written: str) -> None:
    inbound = read(event_fields(event), written)
    assert inbound.kind == f"event.{event.lower()}"
    assert (inbound.event, inbound.message_id) == (event, "")


WECHATPY_CLASSES = [
    (message_fields("text"), messages.TextMessage),
    (message_fields("image"), messages.ImageMessage),
    (message_fields("location"), messages.LocationMessage),
    (message_fields("some_new_type"), messages.UnknownMessage),
    (event_fields("subscribe"), events.SubscribeEvent),
    (event_fields("SCAN"), events.ScanEvent),
    (event_fields("TEMPLATESENDJOBFINISH"), events.TemplateSendJobFinishEvent),
    (event_fields("debug_demo"), messages.UnknownMessage),
]


@both_formats
@pytest.mark.parametrize(("fields", "wanted"), WECHATPY_CLASSES)
def test_wechatpy_agrees(fields: dict[str, Any], wanted: type, written: str) -> None:
    inbound = read(fields, written)
    assert type(inbound.message) is wanted
    assert (inbound.message.source, inbound.message.target, inbound.message.time) == (FROM, TO, CREATED)
    if inbound.message_id:
        assert str(inbound.message.id) == inbound.message_id


def test_what_wechatpy_cannot_read_is_unknown_to_it() -> None:
    broken = from_fields(message_fields("text"), raw="<xml", body_format=BodyFormat.XML)
    assert type(broken.message) is messages.UnknownMessage


@pytest.mark.parametrize(
    ("event", "key", "scene"),
    [
        ("subscribe", None, None),
        ("subscribe", "", None),
        ("subscribe", "qrscene_123123", "123123"),
        ("subscribe", "qrscene_007", "007"),
        ("subscribe", "qrscene_qrscene_x", "qrscene_x"),
        ("subscribe", "qrscene_", None),
        ("subscribe", "last_trade_no_4200000001", None),
        ("SCAN", "007", "007"),
        ("scan", "qrscene_x", "qrscene_x"),
        ("SCAN", "last_trade_no_1", "last_trade_no_1"),
        ("CLICK", "qrscene_1", None),
    ],
)
@both_formats
def test_scenes(event: str, key: str | None, scene: str | None, written: str) -> None:
    fields = event_fields("subscribe") | {"Event": event} | ({} if key is None else {"EventKey": key})
    assert read(fields, written).scene == scene


def test_a_number_as_scene_stays_text() -> None:
    assert read(event_fields("SCAN", EventKey=42), "json").scene == "42"


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("success", Delivery.SUCCESS),
        ("failed:user block", Delivery.USER_BLOCK),
        ("failed: user block", Delivery.USER_BLOCK),
        ("failed: system failed", Delivery.SYSTEM_FAILED),
        ("failed:system failed", Delivery.SYSTEM_FAILED),
        ("failed:freq limit", Delivery.FREQ_LIMIT),
        ("failed:something new", Delivery.UNKNOWN),
        ("", Delivery.UNKNOWN),
    ],
)
def test_template_results(status: str, wanted: Delivery) -> None:
    inbound = read(event_fields("TEMPLATESENDJOBFINISH", Status=status))
    assert (inbound.delivery, inbound.result_id) == (wanted, "3557254367693750277")


def test_a_result_id_beyond_double_precision_stays_exact() -> None:
    fields = event_fields("TEMPLATESENDJOBFINISH", MsgID=9223372036854775807)
    assert read(fields, "json").result_id == "9223372036854775807"


ACCEPT = {"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "2"}
REJECT = {"TemplateId": "T2", "SubscribeStatusString": "reject"}
SENT = {"TemplateId": "T1", "MsgID": "1700827132819554304", "ErrorCode": "0", "ErrorStatus": "success"}


@both_formats
@pytest.mark.parametrize(
    ("event", "container", "entries"),
    [
        ("subscribe_msg_popup_event", "SubscribeMsgPopupEvent", [ACCEPT, REJECT]),
        ("subscribe_msg_popup_event", "SubscribeMsgPopupEvent", [ACCEPT]),
        ("subscribe_msg_change_event", "SubscribeMsgChangeEvent", [REJECT]),
        ("subscribe_msg_change_event", "SubscribeMsgPopupEvent", [REJECT]),
        ("subscribe_msg_sent_event", "SubscribeMsgSentEvent", [SENT]),
        ("subscribe_msg_popup_event", None, [ACCEPT, REJECT]),
        ("subscribe_msg_sent_event", None, [SENT]),
    ],
)
def test_subscribe_events(
    event: str, container: str | None, entries: list[dict[str, str]], written: str
) -> None:
    listed = {"List": entries if len(entries) > 1 else entries[0]}
    inbound = read(event_fields(event, **(listed if container is None else {container: listed})), written)
    assert inbound.subscribe_items == tuple(
        SubscribeItem(
            entry["TemplateId"],
            entry.get("SubscribeStatusString", ""),
            entry.get("PopupScene", ""),
            entry.get("MsgID", ""),
            entry.get("ErrorCode", ""),
            entry.get("ErrorStatus", ""),
        )
        for entry in entries
    )


def test_one_item_in_an_array_is_one_item() -> None:
    inbound = read(event_fields("subscribe_msg_popup_event", List=[ACCEPT]), "json")
    assert [item.template_id for item in inbound.subscribe_items] == ["T1"]


PASSED = {"suggest": "pass", "label": 100}
CHECKED = {"trace_id": "60f96f1d-3845297a-1976a3ae", "version": 2, "errcode": 0, "result": PASSED}


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.PASS),
        ({"result": {"suggest": "review"}}, Verdict.REVIEW),
        ({"result": {"suggest": "risky"}}, Verdict.RISKY),
        ({"result": {"suggest": "brand new"}}, Verdict.UNKNOWN),
        ({"result": {}}, Verdict.UNKNOWN),
        ({"result": "pass"}, Verdict.UNKNOWN),
        ({"errcode": -1008}, Verdict.UNKNOWN),
        ({"errcode": None}, Verdict.UNKNOWN),
        ({"version": 1}, Verdict.UNKNOWN),
    ],
)
def test_media_checks(changed: dict[str, Any], verdict: Verdict) -> None:
    check = read(event_fields("wxa_media_check", **{**CHECKED, **changed}), "json").media_check
    assert check is not None
    assert (check.trace_id, check.verdict) == ("60f96f1d-3845297a-1976a3ae", verdict)


def test_a_media_check_in_xml_with_several_details() -> None:
    details = [{"strategy": "a", "errcode": "0"}, {"strategy": "b", "errcode": "0"}]
    check = read(event_fields("wxa_media_check", **CHECKED, detail=details)).media_check
    assert check is not None
    assert check.verdict is Verdict.PASS


@both_formats
@pytest.mark.parametrize("name", ["ToUserName", "FromUserName", "CreateTime", "MsgType", "Event"])
@pytest.mark.parametrize("value", [None, "", "  ", {"x": "y"}, "x" * 200])
def test_header_fields_must_be_there(name: str, value: object, written: str) -> None:
    fields = event_fields("SCAN")
    del fields[name]
    if value is not None:
        fields[name] = value
    with pytest.raises(CallbackRefused) as caught:
        read(fields, written)
    assert caught.value.status == 400


@pytest.mark.parametrize("created", ["abc", "-1", "1.5", "１２３", "9" * 12, 1.5, True, None, [1]])
def test_a_time_that_is_none(created: object) -> None:
    with pytest.raises(CallbackRefused):
        read(message_fields("text", CreateTime=created), "json")


@pytest.mark.parametrize("msg_id", [1.5, 1e18, None, True, [1], "9" * 200])
def test_ids_are_never_floats(msg_id: object) -> None:
    with pytest.raises(CallbackRefused):
        read(message_fields("text") | {"MsgId": msg_id}, "json")


def key_of(fields: dict[str, Any], written: str = "xml") -> str:
    return dedupe_key(read(fields, written))


SAME = [
    (message_fields("text"), message_fields("text")),
    (message_fields("text"), message_fields("text", FromUserName="oOther", Content="retried")),
    (
        message_fields("text", MsgId="49d72d67_1555684067"),
        message_fields("text", MsgId="49d72d67_1555684067"),
    ),
    (event_fields("SCAN"), event_fields("scan") | EVENTS["SCAN"]),
    (event_fields("SCAN"), event_fields("SCAN", Ticket="another")),
]
DIFFERENT = [
    (message_fields("text", "1"), message_fields("text", "2")),
    (message_fields("text", ToUserName="gh_other"), message_fields("text")),
    (message_fields("text", ""), message_fields("text", "", Content="another")),
    (message_fields("text", "0"), message_fields("text", "0", Content="another")),
    (event_fields("SCAN"), event_fields("SCAN", EventKey="other")),
    (event_fields("SCAN"), event_fields("SCAN", CreateTime=CREATED + 1)),
    (event_fields("SCAN"), event_fields("SCAN", FromUserName="oOther")),
    (event_fields("subscribe"), event_fields("unsubscribe")),
    (event_fields("subscribe", EventKey="qrscene_1"), event_fields("SCAN", EventKey="1")),
    (event_fields("TEMPLATESENDJOBFINISH", MsgID="1"), event_fields("TEMPLATESENDJOBFINISH", MsgID="2")),
    (event_fields("wxa_media_check", trace_id="a"), event_fields("wxa_media_check", trace_id="b")),
    (
        event_fields("subscribe_msg_popup_event", List=[ACCEPT]),
        event_fields("subscribe_msg_popup_event", List=[REJECT]),
    ),
]


@both_formats
@pytest.mark.parametrize(("one", "other"), SAME)
def test_repetitions_share_a_key(one: dict[str, Any], other: dict[str, Any], written: str) -> None:
    assert key_of(one, written) == key_of(other, written)


@both_formats
@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_deliveries_have_different_keys(
    one: dict[str, Any], other: dict[str, Any], written: str
) -> None:
    assert key_of(one, written) != key_of(other, written)


@pytest.mark.parametrize("fields", [message_fields("text"), *map(event_fields, EVENTS)])
def test_the_format_is_no_part_of_the_key(fields: dict[str, Any]) -> None:
    assert key_of(fields, "xml") == key_of(fields, "json")


PLAIN = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]), max_size=30)


@given(st.dictionaries(st.text("ABCxyz", min_size=1, max_size=8), PLAIN, max_size=6))
def test_unknown_fields_never_hurt(more: dict[str, str]) -> None:
    inbound = read(event_fields("debug_demo", **more), "json")
    assert inbound.event == "debug_demo"
    assert inbound.message is not None
    assert len(dedupe_key(inbound)) == 64
