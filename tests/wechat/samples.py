"""The platform's own samples of messages and events, in both formats, for several tests."""

from __future__ import annotations

import json
from typing import Any

TO, FROM, CREATED = "gh_0123456789ab", "oBOX1_user-A", 1790000000

MESSAGES = {
    "text": {"Content": "this is a test"},
    "image": {"PicUrl": "this is a url", "MediaId": "media_id"},
    "voice": {"MediaId": "media_id", "Format": "amr"},
    "video": {"MediaId": "media_id", "ThumbMediaId": "thumb_media_id"},
    "shortvideo": {"MediaId": "media_id", "ThumbMediaId": "thumb_media_id"},
    "location": {"Location_X": "23.134521", "Location_Y": "113.358803", "Scale": "20", "Label": "位置信息"},
    "link": {"Title": "t", "Description": "d", "Url": "url"},
    "miniprogrampage": {"Title": "t", "AppId": "wx", "PagePath": "p", "ThumbUrl": "", "ThumbMediaId": ""},
    "some_new_type": {"Anything": "new"},
}
SCAN_INFO = {"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "1"}}
EVENTS: dict[str, dict[str, Any]] = {
    "subscribe": {},
    "unsubscribe": {},
    "SCAN": {"EventKey": "SCENE_VALUE", "Ticket": "TICKET"},
    "CLICK": {"EventKey": "EVENTKEY"},
    "VIEW": {"EventKey": "www.qq.com", "MenuId": "MENUID"},
    "view_miniprogram": {"EventKey": "pages/index/index", "MenuId": "MENUID"},
    "LOCATION": {"Latitude": "23.137466", "Longitude": "113.352425", "Precision": "119.385040"},
    "scancode_push": {"EventKey": "6", **SCAN_INFO},
    "scancode_waitmsg": {"EventKey": "6", **SCAN_INFO},
    "TEMPLATESENDJOBFINISH": {"MsgID": "3557254367693750277", "Status": "success"},
    "user_authorization_revoke": {"OpenID": "o", "AppID": "wx", "RevokeInfo": "1"},
    "user_enter_tempsession": {"SessionFrom": "sessionFrom"},
    "debug_demo": {"debug_str": "hello world"},
}


def message_fields(kind: str, msg_id: str = "1234567890123456", **more: Any) -> dict[str, Any]:
    head = {"ToUserName": TO, "FromUserName": FROM, "CreateTime": CREATED, "MsgType": kind}
    return {**head, **MESSAGES.get(kind, {}), "MsgId": msg_id, **more}


def event_fields(event: str, **more: Any) -> dict[str, Any]:
    head = {"ToUserName": TO, "FromUserName": FROM, "CreateTime": CREATED, "MsgType": "event"}
    return {**head, "Event": event, **EVENTS.get(event, {}), **more}


def as_xml(fields: dict[str, Any]) -> str:
    return f"<xml>{_elements(fields)}</xml>"


def as_json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _elements(fields: dict[str, Any]) -> str:
    pieces = []
    for name, value in fields.items():
        for part in value if isinstance(value, list) else [value]:
            inner = _elements(part) if isinstance(part, dict) else _cdata(str(part))
            pieces.append(f"<{name}>{inner}</{name}>")
    return "".join(pieces)


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
