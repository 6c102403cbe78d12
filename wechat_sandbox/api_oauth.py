"""Page authorisation (网页授权) and the JS-SDK ticket."""

import re
import secrets
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from wechat_sandbox.api_miniprogram import take_code
from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import OK, Answer, Call, Registry
from wechat_sandbox.records import Contact
from wechat_sandbox.state import Missing, World

registry = Registry()

SCOPES = {"snsapi_base", "snsapi_userinfo"}
STATE = re.compile(r"[A-Za-z0-9]{0,128}")
COOKIE = "sandbox_persona"


class BadAuthorize(ValueError):
    """The page cannot be authorised; the text is for people."""


def authorize(world: World, persona: str, query: dict[str, str]) -> str:
    """Where the browser goes next: `redirect_uri` with `code` and `state`.

    Raises:
        BadAuthorize: a parameter is wrong, or nobody holds the phone.
    """
    account = world.accounts.get(query.get("appid", ""))
    if account is None or account.config.kind != "official":
        raise BadAuthorize("appid 不正确：沙箱里没有这个公众号")
    if query.get("response_type") != "code":
        raise BadAuthorize("response_type 必须是 code")
    if query.get("scope") not in SCOPES:
        raise BadAuthorize("scope 只能是 snsapi_base 或 snsapi_userinfo")
    if not STATE.fullmatch(query.get("state", "")):
        raise BadAuthorize("state 只能是字母和数字，最长 128 个")
    target = urlsplit(query.get("redirect_uri", ""))
    if target.scheme not in {"http", "https"} or not target.netloc:
        raise BadAuthorize("redirect_uri 不是完整的网址")
    try:
        contact = world.contact(account, world.find_persona(persona))
    except Missing as error:
        raise BadAuthorize("不知道是谁的手机：请先打开 /phone 选一个人") from error
    code = world.add_code("oauth", contact, scope=query["scope"])
    added = urlencode({"code": code, "state": query.get("state", "")})
    return urlunsplit(target._replace(query=f"{target.query}&{added}" if target.query else added))


def page_route(world: World) -> Route:
    """`/connect/oauth2/authorize`: the person comes from the query or from the phone page's cookie."""

    async def serve(request: Request) -> Response:
        query = dict(request.query_params)
        persona = query.get(COOKIE) or request.cookies.get(COOKIE, "")
        entry = world.log.add(
            "call", None, method="GET", path=request.url.path, query=query, body=None, answer=None, status=302
        )
        try:
            target = authorize(world, persona, query)
        except BadAuthorize as error:
            entry["status"] = 400
            return HTMLResponse(
                f"<!doctype html><meta charset=utf-8><title>授权失败</title><p>{error}</p>", 400
            )
        entry["persona"] = world.find_persona(persona).name
        return RedirectResponse(target, 302)

    return Route("/connect/oauth2/authorize", serve)


@registry.get("/sns/oauth2/access_token", token=False, text_plain=True)
def access_token(call: Call) -> Answer:
    """Trade the code for openid; this token is not the API token."""
    account = call.by_secret(call.query.get("appid", ""), call.query.get("secret", ""))
    if call.query.get("grant_type") != "authorization_code":
        raise PlatformError(40002)
    code = take_code(call.world, "oauth", account.app_id, call.query.get("code"))
    token = "OA_" + secrets.token_urlsafe(60)
    account.page_tokens[token] = (code.openid, code.scope, call.world.clock.now() + 7200)
    return {
        "access_token": token,
        "expires_in": 7200,
        "refresh_token": "RT_" + secrets.token_urlsafe(60),
        "openid": code.openid,
        "scope": code.scope,
        "unionid": call.world.contacts[code.openid].unionid,
    }


def _page_token(call: Call) -> tuple[Contact, str]:
    value, openid = call.query.get("access_token", ""), call.query.get("openid", "")
    if not value:
        raise PlatformError(41001)
    for account in call.world.accounts.values():
        if value in account.page_tokens:
            owner, scope, until = account.page_tokens[value]
            if until <= call.world.clock.now():
                raise PlatformError(42001)
            if owner != openid:
                raise PlatformError(40003)
            return call.world.contacts[owner], scope
    raise PlatformError(40001)


@registry.get("/sns/userinfo", token=False, text_plain=True)
def userinfo(call: Call) -> Answer:
    """Name and picture, only with scope `snsapi_userinfo`; the platform gives everybody 微信用户."""
    contact, scope = _page_token(call)
    if scope != "snsapi_userinfo":
        raise PlatformError(48001)
    return {
        "openid": contact.openid,
        "nickname": "微信用户",
        "sex": 0,
        "province": "",
        "city": "",
        "country": "",
        "headimgurl": "",
        "privilege": [],
        "unionid": contact.unionid,
    }


@registry.get("/sns/auth", token=False, text_plain=True)
def auth(call: Call) -> Answer:
    """Whether a page token still holds."""
    _page_token(call)
    return OK


@registry.get("/cgi-bin/ticket/getticket", kinds=frozenset({"official"}))
def ticket(call: Call) -> Answer:
    """The ticket that JS-SDK signatures use, the same for two hours."""
    if call.query.get("type") not in {"jsapi", "wx_card"}:
        raise PlatformError(40097)
    now = call.world.clock.now()
    current = call.account.js_ticket
    if current is None or current[1] <= now:
        current = (secrets.token_urlsafe(64), now + 7200)
        call.account.js_ticket = current
    return {**OK, "ticket": current[0], "expires_in": int(current[1] - now)}
