"""The Official Account's services: codes, template messages, customer messages, followers, menu, pages."""

import io
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import zxingcpp
from PIL import Image

from tests.sandbox.support import (
    APP_ID,
    MINI_ID,
    OFFICER,
    SECRET,
    VILLAGER,
    Receiver,
    Sandbox,
    config_for,
    good_data,
    running,
)
from wechat_sandbox.template_library import TEMPLATE_LIBRARY

CREATE = "/cgi-bin/qrcode/create"
SEND = "/cgi-bin/message/template/send"
CUSTOM = "/cgi-bin/message/custom/send"


def scene_body(scene: str, **extra: Any) -> dict[str, Any]:
    return {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": scene}}, **extra}


def text(openid: str, content: str = "您好") -> dict[str, Any]:
    return {"touser": openid, "msgtype": "text", "text": {"content": content}}


def test_permanent_code_makes_a_follower_then_scans(sandbox: Sandbox, receiver: Receiver) -> None:
    made = sandbox.post(CREATE, scene_body("330109:board"))
    assert set(made) == {"ticket", "url"}
    assert sandbox.post(CREATE, scene_body("330109:board")) == made
    picture = sandbox.http.get("/cgi-bin/showqrcode", params={"ticket": made["ticket"]})
    assert picture.headers["content-type"] == "image/jpg"
    assert zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)))[0].text == made["url"]
    assert sandbox.http.get("/cgi-bin/showqrcode?ticket=bad").status_code == 404
    sandbox.control("scan", persona=VILLAGER, content=made["url"])
    sandbox.control("scan", persona=VILLAGER, scene="330109:board")
    sandbox.control("scan", persona=VILLAGER, ticket=made["ticket"])
    keys = [(item.fields["Event"], item.fields["EventKey"]) for item in receiver.received]
    assert keys == [("subscribe", "qrscene_330109:board")] + [("SCAN", "330109:board")] * 2
    assert {item.fields["Ticket"] for item in receiver.received} == {made["ticket"]}
    info = sandbox.get("/cgi-bin/user/info", openid=sandbox.openid())
    assert (info["subscribe"], info["qr_scene_str"], info["nickname"]) == (1, "330109:board", "")


def test_temporary_code_expires(sandbox: Sandbox) -> None:
    body = scene_body("bind:1", action_name="QR_STR_SCENE", expire_seconds=600)
    made = sandbox.post(CREATE, body)
    assert made["expire_seconds"] == 600
    sandbox.control("clock", advance_seconds=601)
    refused = sandbox.control("scan", status=409, persona=VILLAGER, content=made["url"])
    assert refused["error"] == "ticket_expired"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (scene_body("x" * 65), 40053),
        (scene_body(""), 40053),
        (scene_body("x", action_name="QR_STR_SCENE", expire_seconds=2_592_001), 40053),
        ({"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 100_001}}}, 40053),
        ({"action_name": "QR_OTHER"}, 40052),
        ({"action_name": "QR_SCENE", "action_info": 1}, 40053),
    ],
)
def test_code_refusals(sandbox: Sandbox, body: dict[str, Any], code: int) -> None:
    assert sandbox.post(CREATE, body)["errcode"] == code


def test_permanent_codes_run_out(receiver: Receiver) -> None:
    with running(config_for(receiver.url, limits={"permanent_scenes": 2})) as sandbox:
        codes = [sandbox.post(CREATE, scene_body(f"v{n}")).get("errcode") for n in (1, 2, 3, 2)]
        assert codes == [None, None, 45029, None]


def test_other_codes(sandbox: Sandbox) -> None:
    assert sandbox.control("scan", persona=VILLAGER, content="https://example.org/v/1?p=door")["open"]
    assert sandbox.control("scan", status=409, persona=VILLAGER, content="hello")["error"] == "unknown_code"


def test_template_ids_keys_and_order_differ_by_seed(receiver: Receiver) -> None:
    lists = []
    for seed in (1, 2):
        with running(config_for(receiver.url, official={"template_seed": seed})) as sandbox:
            answer = sandbox.get("/cgi-bin/template/get_all_private_template")
            lists.append({item["title"]: item for item in answer["template_list"]})
    first, second = lists
    assert len(first) == len(TEMPLATE_LIBRARY)
    assert set(first) == set(second)
    for title, item in first.items():
        other = second[title]
        assert item["template_id"] != other["template_id"]
        labels = [sorted(line.split(":")[0] for line in it["content"].split("\n")) for it in (item, other)]
        assert labels[0] == labels[1]
        assert item["content"] != other["content"]
    orders = [
        [ln.split(":")[0] for it in side.values() for ln in it["content"].split("\n")] for side in lists
    ]
    assert orders[0] != orders[1]


def test_template_message_arrives_and_is_reported(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("follow", persona=OFFICER)
    extra = {"url": "https://example.org/desk/1"}
    template = sandbox.template("工单待处理提醒")
    data = {**good_data(template), "first": {"value": "您好"}, "remark": {"value": "谢谢"}}
    sent = sandbox.send_template("工单待处理提醒", OFFICER, data=data, **extra)
    assert sent["errcode"] == 0
    assert sent["msgid"] > 2**53
    sandbox.control("settle")
    finish = receiver.received[-1].fields
    assert (finish["Event"], finish["Status"]) == ("TEMPLATESENDJOBFINISH", "success")
    assert int(finish["MsgID"]) == sent["msgid"]
    card = sandbox.chat(OFFICER)[-1]
    assert card["title"] == "工单待处理提醒"
    assert [item["label"] for item in card["fields"]] == [item["label"] for item in template["fields"]]
    opened = sandbox.control("tap", persona=OFFICER, message_id=card["id"])
    assert opened["open"] == "https://example.org/desk/1"


@pytest.mark.parametrize("status", ["failed:user block", "failed: system failed", "failed:freq limit"])
def test_finish_status_on_demand(sandbox: Sandbox, receiver: Receiver, status: str) -> None:
    sandbox.control("follow", persona=OFFICER)
    sandbox.control("fail", path=SEND, finish_status=status)
    assert sandbox.send_template("审核任务提醒", OFFICER)["errcode"] == 0
    sandbox.control("settle")
    assert receiver.received[-1].fields["Status"] == status
    assert "template" not in [item["type"] for item in sandbox.chat(OFFICER)]


def test_template_refusals(sandbox: Sandbox) -> None:
    assert sandbox.send_template("审核任务提醒")["errcode"] == 43004
    assert sandbox.send_template("审核任务提醒", touser="oNobody")["errcode"] == 40003
    assert sandbox.send_template("审核任务提醒", touser=sandbox.mp_openid())["errcode"] == 40003
    assert sandbox.send_template("审核任务提醒", template_id="x")["errcode"] == 40037
    sandbox.control("follow", persona=VILLAGER)
    linked = sandbox.send_template("审核任务提醒", miniprogram={"appid": MINI_ID, "pagepath": "p?id=1"})
    assert linked["errcode"] == 0
    unlinked = sandbox.send_template("审核任务提醒", miniprogram={"appid": "wxother", "pagepath": "p"})
    assert unlinked["errcode"] == 40013


@pytest.mark.parametrize(
    ("kind", "value", "good"),
    [
        ("thing", "二十个字" * 5, True),
        ("thing", "二十个字" * 5 + "多", False),
        ("thing", "", False),
        ("thing", "   ", False),
        ("character_string", "MS-2026/0001_a", True),
        ("character_string", "编号1", False),
        ("character_string", "1" * 33, False),
        ("time", "2026年9月21日 15:00", True),
        ("time", "2026-09-21 15:00:59", True),
        ("time", "15:00~16:30", True),
        ("time", "2026年9月21日", False),
        ("time", "25:00", False),
        ("time", "15:00～16:30", False),
    ],
)
def test_field_types_and_lengths(sandbox: Sandbox, kind: str, value: str, good: bool) -> None:
    sandbox.control("follow", persona=VILLAGER)
    template = sandbox.template("工单待处理提醒")
    key = next(item["key"] for item in template["fields"] if item["key"].startswith(kind))
    answer = sandbox.send_template("工单待处理提醒", data={**good_data(template), key: {"value": value}})
    assert answer["errcode"] == (0 if good else 47003)
    assert good or f"data.{key}.value" in answer["errmsg"]


def test_missing_field_is_named_and_lines_are_cut(sandbox: Sandbox) -> None:
    sandbox.control("follow", persona=VILLAGER)
    template = sandbox.template("审核任务提醒")
    data = good_data(template)
    key = next(key for key in data if key.startswith("thing"))
    answer = sandbox.send_template("审核任务提醒", data={k: v for k, v in data.items() if k != key})
    assert f"data.{key}.value is empty" in answer["errmsg"]
    sandbox.send_template("审核任务提醒", data={**data, key: {"value": "第一行\n第二行"}})
    assert "第一行" in [item["value"] for item in sandbox.chat()[-1]["fields"]]


def test_client_msg_id_holds_for_ten_minutes(sandbox: Sandbox) -> None:
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("follow", persona=OFFICER)
    first = sandbox.send_template("审核任务提醒", client_msg_id="M1")["msgid"]
    assert sandbox.send_template("审核任务提醒", client_msg_id="M1")["msgid"] == first
    assert sandbox.send_template("审核任务提醒", OFFICER, client_msg_id="M1")["msgid"] != first
    assert sum(item["type"] == "template" for item in sandbox.chat()) == 1
    sandbox.control("clock", advance_seconds=601)
    assert sandbox.send_template("审核任务提醒", client_msg_id="M1")["msgid"] != first


def test_templates_are_added_and_deleted(sandbox: Sandbox) -> None:
    added = sandbox.post("/cgi-bin/template/api_add_template", {"template_id_short": "TM00004"})[
        "template_id"
    ]
    names = {"template_id_short": "TM00004", "keyword_name_list": ["预警名称", "预警时间"]}
    assert sandbox.post("/cgi-bin/template/api_add_template", names)["errcode"] == 0
    listed = sandbox.get("/cgi-bin/template/get_all_private_template")["template_list"]
    assert added in [item["template_id"] for item in listed]
    assert listed[-1]["content"].count("DATA") == 2
    delete = "/cgi-bin/template/del_private_template"
    assert sandbox.post(delete, {"template_id": added})["errcode"] == 0
    assert sandbox.post(delete, {"template_id": added})["errcode"] == 40037


def test_customer_message_windows(sandbox: Sandbox, receiver: Receiver) -> None:
    openid = sandbox.openid()
    assert sandbox.post(CUSTOM, text(openid))["errcode"] == 45015
    sandbox.control("follow", persona=VILLAGER)
    assert [sandbox.post(CUSTOM, text(openid))["errcode"] for _ in range(4)] == [0, 0, 0, 45047]
    sandbox.control("clock", advance_seconds=61)
    assert sandbox.post(CUSTOM, text(openid))["errcode"] == 45015
    sandbox.control("say", persona=VILLAGER, text="在吗")
    sandbox.control("clock", advance_seconds=3600)
    assert [sandbox.post(CUSTOM, text(openid))["errcode"] for _ in range(6)] == [0] * 5 + [45047]
    sandbox.control("clock", advance_seconds=48 * 3600)
    sandbox._tokens.clear()
    assert sandbox.post(CUSTOM, text(openid))["errcode"] == 45015


def test_customer_message_types(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("say", persona=VILLAGER, text="在吗")
    openid = sandbox.openid()
    assert sandbox.post(CUSTOM, text(openid, ""))["errcode"] == 47003
    assert sandbox.post(CUSTOM, {"touser": openid, "msgtype": "poem"})["errcode"] == 40008
    assert sandbox.post(CUSTOM, text(openid, "长" * 700))["errcode"] == 45002
    menu = {"head_content": "您满意吗", "list": [{"id": "1", "content": "满意"}], "tail_content": ""}
    assert sandbox.post(CUSTOM, {"touser": openid, "msgtype": "msgmenu", "msgmenu": menu})["errcode"] == 0
    card = sandbox.chat()[-1]
    sandbox.control("tap", persona=VILLAGER, message_id=card["id"])
    tapped = receiver.received[-1].fields
    assert (tapped["Content"], tapped["bizmsgmenuid"]) == ("满意", "1")


def test_menu_is_checked_shown_and_tapped(sandbox: Sandbox, receiver: Receiver) -> None:
    assert sandbox.get("/cgi-bin/menu/get")["errcode"] == 46003
    buttons = [
        {"type": "click", "name": "我要反映", "key": "complain"},
        {"name": "看村务", "sub_button": [{"type": "view", "name": "公开", "url": "https://example.org/v"}]},
    ]
    assert sandbox.post("/cgi-bin/menu/create", {"button": buttons})["errcode"] == 0
    assert sandbox.get("/cgi-bin/menu/get")["menu"]["button"][0]["key"] == "complain"
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("tap", persona=VILLAGER, menu_key="complain")
    opened = sandbox.control("tap", persona=VILLAGER, menu_name="公开")
    assert opened["open"] == "https://example.org/v"
    assert receiver.events == ["subscribe", "CLICK", "VIEW"]
    too_long = [{"type": "click", "name": "名字太长了吧", "key": "k"}]
    assert sandbox.post("/cgi-bin/menu/create", {"button": too_long})["errcode"] == 40018
    assert sandbox.post("/cgi-bin/menu/create", {"button": []})["errcode"] == 40016
    bad_url = [{"type": "view", "name": "公开", "url": "example.org"}]
    assert sandbox.post("/cgi-bin/menu/create", {"button": bad_url})["errcode"] == 40020
    assert sandbox.get("/cgi-bin/menu/delete")["errcode"] == 0


def test_followers_are_paged(sandbox: Sandbox) -> None:
    assert "data" not in sandbox.get("/cgi-bin/user/get")
    sandbox.control("follow", persona=VILLAGER)
    sandbox.control("follow", persona=OFFICER)
    sandbox.control("unfollow", persona=OFFICER)
    page = sandbox.get("/cgi-bin/user/get")
    assert (page["total"], page["data"]["openid"]) == (1, [sandbox.openid()])
    assert sandbox.get("/cgi-bin/user/get", next_openid=page["next_openid"])["count"] == 0
    batch = {"user_list": [{"openid": sandbox.openid()}, {"openid": sandbox.openid(OFFICER)}]}
    infos = sandbox.post("/cgi-bin/user/info/batchget", batch)["user_info_list"]
    assert [item["subscribe"] for item in infos] == [1, 0]
    assert sandbox.get("/cgi-bin/user/info", openid="o1")["errcode"] == 40003


def test_media_upload_checks_bytes(sandbox: Sandbox) -> None:
    params = {"access_token": sandbox.token(), "type": "image"}
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    good = sandbox.http.post(
        "/cgi-bin/media/upload", params=params, files={"media": ("a.png", out.getvalue())}
    )
    got = sandbox.http.get(
        "/cgi-bin/media/get", params={"access_token": sandbox.token(), "media_id": good.json()["media_id"]}
    )
    assert got.content == out.getvalue()
    bad = sandbox.http.post(
        "/cgi-bin/media/upload", params=params, files={"media": ("a.png", b"not a picture")}
    )
    assert bad.json()["errcode"] == 40005
    none = sandbox.http.post("/cgi-bin/media/upload", params=params, files={"other": ("a.png", b"x")})
    assert none.json()["errcode"] == 41005


def authorize_url(**changes: str) -> str:
    query = {
        "appid": APP_ID,
        "redirect_uri": "http://127.0.0.1:1/desk/login?next=%2Fdesk",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "abc123",
        **changes,
    }
    return f"/connect/oauth2/authorize?{urlencode(query)}"


def test_page_authorisation(sandbox: Sandbox) -> None:
    answer = sandbox.http.get(authorize_url() + f"&sandbox_persona={quote(VILLAGER)}")
    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    query = parse_qs(back.query)
    assert (back.path, query["state"], query["next"]) == ("/desk/login", ["abc123"], ["/desk"])
    trade = {"appid": APP_ID, "secret": SECRET, "code": query["code"][0], "grant_type": "authorization_code"}
    got = sandbox.http.get("/sns/oauth2/access_token", params=trade)
    assert got.headers["content-type"].startswith("text/plain")
    assert got.json()["openid"] == sandbox.openid()
    assert sandbox.http.get("/sns/oauth2/access_token", params=trade).json()["errcode"] == 40163
    late = sandbox.control("web", persona=VILLAGER, url=authorize_url())
    sandbox.control("clock", advance_seconds=301)
    trade["code"] = late["code"]
    assert sandbox.http.get("/sns/oauth2/access_token", params=trade).json()["errcode"] == 40029
    info = {"access_token": got.json()["access_token"], "openid": sandbox.openid()}
    assert sandbox.http.get("/sns/userinfo", params=info).json()["errcode"] == 48001


@pytest.mark.parametrize(
    "changes",
    [
        {"appid": "wx0"},
        {"scope": "all"},
        {"state": "a-b"},
        {"redirect_uri": "/desk"},
        {"response_type": "token"},
    ],
)
def test_page_authorisation_refusals(sandbox: Sandbox, changes: dict[str, str]) -> None:
    assert sandbox.http.get(authorize_url(sandbox_persona=VILLAGER, **changes)).status_code == 400
    assert sandbox.control("web", status=409, persona=VILLAGER, url=authorize_url(**changes))


def test_page_ticket_stays_for_two_hours(sandbox: Sandbox) -> None:
    first = sandbox.get("/cgi-bin/ticket/getticket", type="jsapi")
    assert sandbox.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"] == first["ticket"]
    assert sandbox.get("/cgi-bin/ticket/getticket", type="x")["errcode"] == 40097
