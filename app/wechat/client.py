"""What is asked of the platform: one method per call, checked before it leaves, plain values back.

Texts are fitted to their keywords by `values`, scenes are checked here. Every method raises ApiRefused, Busy
or OutcomeUnknown of `errors`; those that check raise ValueRefused. Methods that change something at the
platform are never repeated on their own after a lost answer. Source: the platform's page of each call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from app.wechat import scenes
from app.wechat.errors import ApiRefused, Busy, OutcomeUnknown, ValueRefused
from app.wechat.inbound import Verdict
from app.wechat.transport import Answer, TokenSource, Transport

__all__ = ["OAuthUser", "PhoneNumber", "QrTicket", "TokenSource", "Verdict", "WeChatClient"]

IMAGE_LIMIT = 4 * 1024 * 1024
_IMAGE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")
_STATE = re.compile(r"[a-zA-Z0-9]{1,128}")
_MEDIA_HOSTS = (".qq.com", ".qpic.cn", ".weixin.qq.com")
_SNAPSHOT_USER = 40029  # reported as an invalid code: there is no real person behind it

Json = dict[str, Any]


@dataclass(frozen=True)
class IssuedToken:
    """A token or ticket and the seconds that it stays good."""

    value: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True)
class QrTicket:
    """A code with a scene. `url` is what it says: draw it yourself, or fetch the picture by `ticket`."""

    ticket: str
    url: str
    expire_seconds: int | None


@dataclass(frozen=True)
class OAuthUser:
    """Who opened a page inside WeChat. `unionid` only where the accounts share an Open Platform account."""

    openid: str
    unionid: str | None


@dataclass(frozen=True)
class MiniProgramSession:
    """A Mini Program login. The session key never leaves the server and is kept out of `repr`."""

    openid: str
    unionid: str | None
    session_key: str = field(repr=False)


@dataclass(frozen=True)
class PhoneNumber:
    """A phone number that the person chose to share: without and with country code."""

    pure_number: str = field(repr=False)
    country_code: str


class WeChatClient(Transport):
    """The calls of one account. Build one per account and process; threads may share it."""

    # tokens and tickets

    def stable_token(self, *, force: bool = False) -> IssuedToken:
        """A token through `stable_token`. `force` is for leaks only: at most 20 a day, 30 seconds apart."""
        answer = self.call_without_token(
            "POST",
            "/cgi-bin/stable_token",
            payload={
                "grant_type": "client_credential",
                "appid": self.account.app_id,
                "secret": self.account.app_secret,
                "force_refresh": force,
            },
            repeatable=not force,
        )
        return IssuedToken(_text(answer, "access_token"), _number(answer, "expires_in"))

    def jsapi_ticket(self) -> IssuedToken:
        """The ticket that signs `wx.config`; cache it like a token."""
        answer = self.call("GET", "/cgi-bin/ticket/getticket", params={"type": "jsapi"}, repeatable=True)
        return IssuedToken(_text(answer, "ticket"), _number(answer, "expires_in"))

    # codes

    def create_qr(self, scene: str, *, expire_seconds: int | None = None) -> QrTicket:
        """A code for a text scene: permanent, or temporary when `expire_seconds` is given."""
        action = "QR_LIMIT_STR_SCENE" if expire_seconds is None else "QR_STR_SCENE"
        problem = scenes.check_qr_scene(action, scene_str=scene, expire_seconds=expire_seconds)
        scenes.require(problem, "wechat.scene")
        payload: Json = {"action_name": action, "action_info": {"scene": {"scene_str": scene}}}
        if expire_seconds is not None:
            payload["expire_seconds"] = expire_seconds
        # Asking twice for a permanent scene gives the same code; a temporary one more does no harm.
        answer = self.call("POST", "/cgi-bin/qrcode/create", payload=payload, repeatable=True)
        expires = _number(answer, "expire_seconds") if expire_seconds is not None else None
        return QrTicket(_text(answer, "ticket"), _text(answer, "url"), expires)

    def show_qr(self, ticket: str) -> bytes:
        """The picture of a code, drawn by the platform."""
        answer = self.get_elsewhere(
            f"{self.mp_base}/cgi-bin/showqrcode", {"ticket": ticket}, limit=IMAGE_LIMIT
        )
        return _image(answer, "/cgi-bin/showqrcode")

    def unlimited_code(
        self,
        scene: str,
        page: str,
        *,
        env_version: str = "release",
        check_path: bool = True,
        width: int = 430,
    ) -> bytes:
        """The picture of a Mini Program code for `scene`, PNG or JPEG."""
        scenes.require(scenes.check_wxacode_scene(scene), "wechat.scene")
        scenes.require(scenes.check_page(page), "wechat.page")
        if width not in scenes.WIDTHS:
            raise ValueRefused("wechat.width", "小程序码的宽度应在 280 到 1280 之间。")
        payload = {
            "scene": scene,
            "page": page,
            "check_path": check_path,
            "env_version": env_version,
            "width": width,
        }
        answer = self.fetch("POST", "/wxa/getwxacodeunlimit", payload=payload, limit=IMAGE_LIMIT)
        return _image(answer, "/wxa/getwxacodeunlimit")

    # messages

    def send_template(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        client_msg_id: str,
        url: str | None = None,
        miniprogram: Mapping[str, str] | None = None,
    ) -> int:
        """Send a template message and return its `msgid` (64 bits), by which the platform reports delivery.

        `data` maps keywords of the template to values that already fit. The same `client_msg_id` to the same
        person is sent once within ten minutes."""
        payload: Json = {
            "touser": openid,
            "template_id": template_id,
            "client_msg_id": client_msg_id,
            "data": _keywords(data),
        }
        if url is not None:
            payload["url"] = url
        if miniprogram is not None:
            payload["miniprogram"] = dict(miniprogram)
        answer = self.call("POST", "/cgi-bin/message/template/send", payload=payload)
        return _number(answer, "msgid")

    def send_subscribe(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        page: str | None = None,
        state: str = "formal",
    ) -> None:
        """Send a subscribe message from the Mini Program; uses up one consent, has no idempotency key."""
        payload: Json = {
            "touser": openid,
            "template_id": template_id,
            "miniprogram_state": state,
            "lang": "zh_CN",
            "data": _keywords(data),
        }
        if page is not None:
            payload["page"] = page
        self.call("POST", "/cgi-bin/message/subscribe/send", payload=payload)

    def bizsend(
        self, openid: str, template_id: str, data: Mapping[str, str], *, page: str | None = None
    ) -> None:
        """Send a subscribe notice (订阅通知) of the Official Account, also to people who do not follow."""
        payload: Json = {"touser": openid, "template_id": template_id, "data": _keywords(data)}
        if page is not None:
            payload["page"] = page
        self.call("POST", "/cgi-bin/message/subscribe/bizsend", payload=payload)

    def custom_text(self, openid: str, content: str) -> None:
        """Send a customer-service text inside the window that the person's last action opened."""
        payload = {"touser": openid, "msgtype": "text", "text": {"content": content}}
        self.call("POST", "/cgi-bin/message/custom/send", payload=payload)

    # templates and menu

    def all_private_templates(self) -> list[Json]:
        """The account's message templates: `template_id`, `title`, `content`, `example`."""
        answer = self.call("GET", "/cgi-bin/template/get_all_private_template", repeatable=True)
        return _entries(answer, "template_list")

    def subscribe_templates(self) -> list[Json]:
        """The account's subscribe templates: `priTmplId`, `title`, `content`, `type` (2 once, 3 lasting)."""
        return _entries(self.call("GET", "/wxaapi/newtmpl/gettemplate", repeatable=True), "data")

    def create_menu(self, buttons: list[Json]) -> None:
        """Replace the account's menu by these one to three buttons."""
        if not 1 <= len(buttons) <= 3:
            raise ValueRefused("wechat.menu", "自定义菜单应有 1 到 3 个一级按钮。")
        self.call("POST", "/cgi-bin/menu/create", payload={"button": buttons}, repeatable=True)

    def get_menu(self) -> Json | None:
        """The account's menu, None when there is none."""
        try:
            return self.call("GET", "/cgi-bin/menu/get", repeatable=True)
        except ApiRefused as refusal:
            if refusal.errcode == 46003:
                return None
            raise

    # media

    def media(self, media_id: str, *, limit: int) -> tuple[bytes, str]:
        """What a person sent: its bytes, at most `limit`, and the content type that the platform claims.

        A video comes as an address of the platform, which is followed once."""
        answer = self.fetch("GET", "/cgi-bin/media/get", params={"media_id": media_id}, limit=limit)
        if answer.json is not None and isinstance(answer.json.get("video_url"), str):
            video = answer.json["video_url"]
            if not self._is_platform_host(video):
                raise ApiRefused("/cgi-bin/media/get", 40007, "video address of another host")
            answer = self.get_elsewhere(video, limit=limit)
        if not answer.content:
            raise Busy("/cgi-bin/media/get", "empty_answer")
        return answer.content, answer.content_type

    def _is_platform_host(self, url: str) -> bool:
        parts = urlsplit(url)
        host = parts.hostname or ""
        ours = {urlsplit(self.api_base).netloc, urlsplit(self.mp_base).netloc}
        return parts.scheme in ("http", "https") and (parts.netloc in ours or host.endswith(_MEDIA_HOSTS))

    # people

    def user_info(self, openid: str) -> Json:
        """What the platform tells of a person: `subscribe` (0: nothing else), `unionid`, `qr_scene_str` …"""
        params = {"openid": openid, "lang": "zh_CN"}
        return self.call("GET", "/cgi-bin/user/info", params=params, repeatable=True)

    def oauth_url(self, redirect: str, state: str, *, scope: str = "snsapi_base") -> str:
        """Where to send a person's browser to learn her openid; she comes back to `redirect` with a code.

        `state` (letters and digits) must be bound to the browser session that asks."""
        if not _STATE.fullmatch(state):
            raise ValueRefused("wechat.state", "授权请求的 state 只能是 128 位以内的字母和数字。")
        # The platform wants this order of parameters.
        query = urlencode(
            {
                "appid": self.account.app_id,
                "redirect_uri": redirect,
                "response_type": "code",
                "scope": scope,
                "state": state,
            }
        )
        return f"{self.open_base}/connect/oauth2/authorize?{query}#wechat_redirect"

    def oauth_code(self, code: str) -> OAuthUser:
        """Exchange the code of a page visit. A visitor of a page snapshot is nobody: refused with LOGIN."""
        path = "/sns/oauth2/access_token"
        answer = self.call_without_token(
            "GET", path, params={**self._secret(), "code": code, "grant_type": "authorization_code"}
        )
        if str(answer.get("is_snapshotuser", 0)) == "1":
            raise ApiRefused(path, _SNAPSHOT_USER, "snapshot user")
        return OAuthUser(_text(answer, "openid"), _optional(answer, "unionid"))

    def code_to_session(self, js_code: str) -> MiniProgramSession:
        """Exchange the code of `wx.login`."""
        answer = self.call_without_token(
            "GET",
            "/sns/jscode2session",
            params={**self._secret(), "js_code": js_code, "grant_type": "authorization_code"},
        )
        return MiniProgramSession(
            _text(answer, "openid"), _optional(answer, "unionid"), _text(answer, "session_key")
        )

    def phone_number(self, code: str, openid: str) -> PhoneNumber:
        """The number behind a phone code; the platform checks that the code belongs to `openid`."""
        payload = {"code": code, "openid": openid}
        answer = self.call("POST", "/wxa/business/getuserphonenumber", payload=payload)
        info = answer.get("phone_info")
        if not isinstance(info, dict):
            raise Busy("/wxa/business/getuserphonenumber", "unreadable_answer")
        return PhoneNumber(_text(info, "purePhoneNumber"), str(info.get("countryCode", "")))

    # content checks

    def msg_sec_check(self, content: str, openid: str, *, scene: int = 2) -> Verdict:
        """What the platform thinks of a text (at most 2,500 characters) by a Mini Program user who was active
        in the last two hours. Scenes: 1 profile, 2 comment, 3 forum, 4 social log."""
        payload = {"content": content[:2500], "version": 2, "scene": scene, "openid": openid}
        answer = self.call("POST", "/wxa/msg_sec_check", payload=payload, repeatable=True)
        result = answer.get("result")
        suggest = result.get("suggest") if isinstance(result, dict) else None
        return next((known for known in Verdict if known == suggest), Verdict.UNKNOWN)

    def media_check_async(self, media_url: str, openid: str, *, media_type: int = 2, scene: int = 2) -> str:
        """Have a picture (type 2) or sound (type 1) checked; returns the `trace_id` of the later push."""
        payload = {
            "media_url": media_url,
            "media_type": media_type,
            "version": 2,
            "scene": scene,
            "openid": openid,
        }
        answer = self.call("POST", "/wxa/media_check_async", payload=payload, repeatable=True)
        return _text(answer, "trace_id")

    # operations

    def callback_ips(self) -> list[str]:
        """Addresses and networks from which the platform pushes."""
        answer = self.call("GET", "/cgi-bin/getcallbackip", repeatable=True)
        found = answer.get("ip_list")
        return [str(entry) for entry in found] if isinstance(found, list) else []

    def _secret(self) -> dict[str, str]:
        return {"appid": self.account.app_id, "secret": self.account.app_secret}


def _keywords(data: Mapping[str, str]) -> dict[str, dict[str, str]]:
    empty = [name for name, value in data.items() if not value.strip()]
    if empty or not data:
        raise ValueRefused("wechat.value", "模板参数不能为空。", keywords=empty)
    return {name: {"value": value} for name, value in data.items()}


def _text(answer: Json, name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise OutcomeUnknown("answer", f"without {name}")
    return value


def _optional(answer: Json, name: str) -> str | None:
    value = answer.get(name)
    return value if isinstance(value, str) and value else None


def _number(answer: Json, name: str) -> int:
    value = answer.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise OutcomeUnknown("answer", f"without {name}")
    return value


def _entries(answer: Json, name: str) -> list[Json]:
    found = answer.get(name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _image(answer: Answer, path: str) -> bytes:
    """The bytes of a picture, known by how they begin: the header may lie."""
    if not answer.content.startswith(_IMAGE_MAGIC):
        raise Busy(path, "no_image")
    return answer.content
