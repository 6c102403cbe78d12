"""Content checks (内容安全) of a Mini Program: text at once, pictures by a later push."""

import secrets

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import Answer, Call, Registry
from wechat_sandbox.push import Push, Pusher
from wechat_sandbox.records import Contact, Json

MINI = frozenset({"miniprogram"})
ACTIVE_SECONDS = 2 * 3600.0
RISKY_WORDS = ("法轮", "违禁")
REVIEW_WORDS = ("复审",)
MEDIA_CHECK_SECONDS = 30.0


def verdict(text: str) -> Json:
    """`suggest` and `label`: the sandbox finds its two risky words, and one that asks for review."""
    if any(word in text for word in RISKY_WORDS):
        return {"suggest": "risky", "label": 20001}
    if any(word in text for word in REVIEW_WORDS):
        return {"suggest": "review", "label": 21000}
    return {"suggest": "pass", "label": 100}


def _active(call: Call) -> Contact:
    """The person, who must have opened the Mini Program within two hours.

    Raises:
        PlatformError: 43104 openid of another account, 40003 unknown, 61010 too long ago.
    """
    openid = call.body.get("openid")
    known = call.world.contacts.get(openid) if isinstance(openid, str) else None
    if known is not None and known.app_id != call.account.app_id:
        raise PlatformError(43104)
    contact = call.contact(openid)
    if contact.opened_at is None or call.world.clock.now() - contact.opened_at > ACTIVE_SECONDS:
        raise PlatformError(61010)
    return contact


def _check_scene(call: Call) -> None:
    if call.body.get("version") != 2:
        raise PlatformError(40097)
    if call.body.get("scene") not in {1, 2, 3, 4}:
        raise PlatformError(40129)


def _trace() -> str:
    return f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


def registry(pusher: Pusher) -> Registry:
    """The endpoints; results for pictures come later through `pusher`."""
    registry = Registry()

    @registry.post("/wxa/msg_sec_check", kinds=MINI, daily=2_000_000, per_minute=4_000, minute_code=44991)
    def check_text(call: Call) -> Answer:
        _check_scene(call)
        content = call.body.get("content")
        if not isinstance(content, str) or not content:
            raise PlatformError(47003, "argument invalid! content is empty")
        if len(content) > 2500:
            raise PlatformError(45002)
        _active(call)
        result = verdict("".join(str(call.body.get(part) or "") for part in ("content", "title", "nickname")))
        detail = {"strategy": "content_model", "errcode": 0, **result, "prob": 90}
        return {"errcode": 0, "errmsg": "ok", "result": result, "detail": [detail], "trace_id": _trace()}

    @registry.post("/wxa/media_check_async", kinds=MINI, daily=200_000, per_minute=2_000)
    def check_media(call: Call) -> Answer:
        _check_scene(call)
        url = call.body.get("media_url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise PlatformError(40097)
        if call.body.get("media_type") not in {1, 2}:
            raise PlatformError(40004)
        contact = _active(call)
        trace = _trace()
        push = Push(
            account=call.account,
            contact=contact,
            fields=_result(call.account.app_id, trace, verdict(url)),
            interactive=False,
            sender="o4_platformSecurityPush00000",
        )
        call.world.clock.call_later(MEDIA_CHECK_SECONDS, lambda: pusher.deliver(push))
        return {"errcode": 0, "errmsg": "ok", "trace_id": trace}

    return registry


def _result(app_id: str, trace: str, result: Json) -> Json:
    return {
        "Event": "wxa_media_check",
        "appid": app_id,
        "trace_id": trace,
        "version": 2,
        "detail": [{"strategy": "content_model", "errcode": 0, **result, "prob": 90}],
        "errcode": 0,
        "errmsg": "ok",
        "result": result,
    }
