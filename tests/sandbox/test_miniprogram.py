"""The Mini Program's services: login, codes, content checks, subscribe messages."""

import base64
import hashlib
import hmac
import io
import json
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from wechatpy.crypto import WeChatWxaCrypto

from tests.sandbox.support import MINI_ID, SECRET, VILLAGER, Receiver, Sandbox, good_data

CODE = "/wxa/getwxacodeunlimit"
CHECK = "/wxa/msg_sec_check"
SUBSCRIBE = "/cgi-bin/message/subscribe/send"


def login(sandbox: Sandbox, **changes: str) -> dict[str, Any]:
    code = sandbox.control("login", persona=VILLAGER)["js_code"]
    query = {
        "appid": MINI_ID,
        "secret": SECRET,
        "js_code": code,
        "grant_type": "authorization_code",
        **changes,
    }
    return dict(sandbox.http.get("/sns/jscode2session", params=query).json())


def test_login_code_works_once_for_five_minutes(sandbox: Sandbox) -> None:
    code = sandbox.control("login", persona=VILLAGER)["js_code"]
    session = login(sandbox, js_code=code)
    assert session["openid"] == sandbox.mp_openid()
    assert session["unionid"] == sandbox.control("personas", name=VILLAGER)["unionid"]
    assert len(base64.b64decode(session["session_key"])) == 16
    assert login(sandbox, js_code=code)["errcode"] == 40163
    late = sandbox.control("login", persona=VILLAGER)["js_code"]
    sandbox.control("clock", advance_seconds=301)
    assert login(sandbox, js_code=late)["errcode"] == 40029
    assert login(sandbox, secret="wrong")["errcode"] == 40125


def test_session_is_checked_and_replaced(sandbox: Sandbox) -> None:
    session = login(sandbox)
    good = hmac.new(session["session_key"].encode(), b"", hashlib.sha256).hexdigest()
    query = {"openid": session["openid"], "signature": good, "sig_method": "hmac_sha256"}
    assert sandbox.get("/wxa/checksession", app_id=MINI_ID, **query)["errcode"] == 0
    assert sandbox.get("/wxa/resetusersessionkey", app_id=MINI_ID, **query)["session_key"]
    assert sandbox.get("/wxa/checksession", app_id=MINI_ID, **query)["errcode"] == 87009


def test_open_data_is_read_by_wechatpy(sandbox: Sandbox) -> None:
    session = login(sandbox)
    data = sandbox.control("encrypted-data", persona=VILLAGER, data={"nickName": "阿婆"})
    opened = WeChatWxaCrypto(session["session_key"], data["iv"], MINI_ID).decrypt_message(
        data["encryptedData"]
    )
    assert opened["openId"] == session["openid"]
    raw = hashlib.sha1((data["rawData"] + session["session_key"]).encode()).hexdigest()
    assert data["signature"] == raw


def test_phone_number_belongs_to_its_person(sandbox: Sandbox) -> None:
    path = "/wxa/business/getuserphonenumber"
    code = sandbox.control("phone-code", persona=VILLAGER, number="13812345678")["code"]
    other = sandbox.mp_openid("李联络")
    assert sandbox.post(path, {"code": code, "openid": other}, app_id=MINI_ID)["errcode"] == 40029
    answer = sandbox.post(path, {"code": code, "openid": sandbox.mp_openid()}, app_id=MINI_ID)
    assert answer["phone_info"]["purePhoneNumber"] == "13812345678"
    assert sandbox.post(path, {"code": code}, app_id=MINI_ID)["errcode"] == 40163


def test_code_picture_opens_the_mini_program(sandbox: Sandbox) -> None:
    body = {"scene": "v=330109001&p=door", "page": "pages/village/index", "width": 300}
    answer = sandbox.http.post(
        CODE, params={"access_token": sandbox.token(MINI_ID)}, content=json.dumps(body).encode()
    )
    image = Image.open(io.BytesIO(answer.content))
    assert image.size == (300, 300)
    content = zxingcpp.read_barcodes(image)[0].text
    scanned = sandbox.control("scan", persona=VILLAGER, content=content)
    assert scanned["miniprogram"] == {"appid": MINI_ID, "scene": body["scene"], "page": body["page"]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"scene": "x" * 33}, 40129),
        ({"scene": "益农"}, 40129),
        ({"scene": "a%20b"}, 40129),
        ({"scene": ""}, 40129),
        ({"scene": "a", "page": "/pages/a"}, 41030),
        ({"scene": "a", "page": "pages/a?b=1"}, 41030),
        ({"scene": "a", "width": 100}, 40097),
        ({"scene": "a", "env_version": "formal"}, 40097),
    ],
)
def test_code_refusals(sandbox: Sandbox, body: dict[str, Any], code: int) -> None:
    assert sandbox.post(CODE, body, app_id=MINI_ID)["errcode"] == code


def test_text_check_needs_a_recent_visit(sandbox: Sandbox) -> None:
    body = {"content": "路灯坏了", "version": 2, "scene": 2, "openid": sandbox.mp_openid()}
    assert sandbox.post(CHECK, body, app_id=MINI_ID)["errcode"] == 61010
    login(sandbox)
    assert sandbox.post(CHECK, body, app_id=MINI_ID)["result"] == {"suggest": "pass", "label": 100}
    risky = sandbox.post(CHECK, {**body, "content": "卖违禁品"}, app_id=MINI_ID)
    assert risky["result"]["suggest"] == "risky"
    assert sandbox.post(CHECK, {**body, "openid": sandbox.openid()}, app_id=MINI_ID)["errcode"] == 43104
    assert sandbox.post(CHECK, {**body, "scene": 9}, app_id=MINI_ID)["errcode"] == 40129
    sandbox.control("clock", advance_seconds=2 * 3600 + 1)
    sandbox._tokens.clear()
    assert sandbox.post(CHECK, body, app_id=MINI_ID)["errcode"] == 61010


def test_picture_check_is_pushed_later(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("account", app_id=MINI_ID, callback_url=receiver.url)
    receiver.app_id = MINI_ID
    login(sandbox)
    body = {
        "media_url": "https://example.org/a.jpg",
        "media_type": 2,
        "version": 2,
        "scene": 2,
        "openid": sandbox.mp_openid(),
    }
    trace = sandbox.post("/wxa/media_check_async", body, app_id=MINI_ID)["trace_id"]
    assert receiver.received == []
    sandbox.control("clock", advance_seconds=30)
    event = receiver.received[-1].fields
    assert (event["Event"], event["trace_id"]) == ("wxa_media_check", trace)
    assert event["result"] == {"suggest": "pass", "label": 100}
    assert event["FromUserName"] != sandbox.mp_openid()


def test_each_consent_is_one_message(sandbox: Sandbox, receiver: Receiver) -> None:
    template = sandbox.template("工单进度提醒", "subscribe", MINI_ID)
    listed = sandbox.get("/wxaapi/newtmpl/gettemplate", app_id=MINI_ID)["data"]
    assert template["template_id"] in [item["priTmplId"] for item in listed]
    body = {
        "touser": sandbox.mp_openid(),
        "template_id": template["template_id"],
        "page": "pages/complaint/index?id=1",
        "data": good_data(template),
    }
    assert sandbox.post(SUBSCRIBE, body, app_id=MINI_ID)["errcode"] == 43101
    for _ in range(2):
        sandbox.control("consent", persona=VILLAGER, template_ids=[template["template_id"]])
    codes = [sandbox.post(SUBSCRIBE, body, app_id=MINI_ID)["errcode"] for _ in range(3)]
    assert codes == [0, 0, 43101]
    card = sandbox.chat()[-1]
    tapped = sandbox.control("tap", persona=VILLAGER, message_id=card["id"])
    assert tapped["miniprogram"]["page"] == "pages/complaint/index?id=1"
    assert sandbox.post(SUBSCRIBE, {**body, "page": "/pages/a"}, app_id=MINI_ID)["errcode"] == 41030
    key = template["fields"][0]["key"]
    lines = {**body, "data": {**body["data"], key: {"value": "一\n二"}}}
    assert sandbox.post(SUBSCRIBE, lines, app_id=MINI_ID)["errcode"] == 47003


def test_sent_event_tells_the_result(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("account", app_id=MINI_ID, callback_url=receiver.url)
    receiver.app_id = MINI_ID
    sandbox.control("consent", persona=VILLAGER, titles=["信息公开提醒"], account=MINI_ID)
    template = sandbox.template("信息公开提醒", "subscribe", MINI_ID)
    body = {
        "touser": sandbox.mp_openid(),
        "template_id": template["template_id"],
        "data": good_data(template),
    }
    assert sandbox.post(SUBSCRIBE, body, app_id=MINI_ID)["errcode"] == 0
    sandbox.control("settle")
    item = receiver.received[-1].fields["List"]
    assert (item["ErrorCode"], item["ErrorStatus"]) == ("0", "success")
    assert int(item["MsgID"]) > 2**53
