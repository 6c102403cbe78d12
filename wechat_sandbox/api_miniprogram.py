"""Mini Program services: login, phone number, codes (登录、手机号、小程序码)."""

import base64
import hashlib
import hmac
import re
import secrets

from starlette.responses import Response

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import OK, Answer, Call, Registry
from wechat_sandbox.images import qr_image
from wechat_sandbox.records import Contact, OneTimeCode, WxaCode
from wechat_sandbox.state import World

MINI = frozenset({"miniprogram"})
SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
NOTHING = b""
registry = Registry()


def take_code(world: World, kind: str, app_id: str, value: object) -> OneTimeCode:
    """Use up a one-time code of this account.

    Raises:
        PlatformError: 41008 missing, 40029 unknown or older than five minutes, 40163 used.
    """
    if not value:
        raise PlatformError(41008)
    code = world.codes.get(str(value))
    if code is None or code.kind != kind or code.app_id != app_id or code.expires_at <= world.clock.now():
        raise PlatformError(40029)
    if code.used:
        raise PlatformError(40163)
    code.used = True
    return code


@registry.get("/sns/jscode2session", token=False, text_plain=True)
def jscode2session(call: Call) -> Answer:
    """Trade a login code for openid and session key (小程序登录); needs no access token."""
    query = call.query
    account = call.by_secret(query.get("appid", ""), query.get("secret", ""))
    if query.get("grant_type") != "authorization_code":
        raise PlatformError(40002)
    code = take_code(call.world, "login", account.app_id, query.get("js_code"))
    contact = call.world.contacts[code.openid]
    if not contact.session_key:
        contact.session_key = new_session_key()
    return {"session_key": contact.session_key, "openid": contact.openid, "unionid": contact.unionid}


def new_session_key() -> str:
    """Sixteen random bytes in Base64."""
    return base64.b64encode(secrets.token_bytes(16)).decode()


def _session(call: Call) -> Contact:
    """The contact whose session key signed nothing, as the rule wants (hmac_sha256 of the empty text)."""
    contact = call.contact(call.query.get("openid"))
    if call.query.get("sig_method") != "hmac_sha256":
        raise PlatformError(40097)
    good = hmac.new(contact.session_key.encode(), NOTHING, hashlib.sha256).hexdigest()
    given = call.query.get("signature", "")
    if not contact.session_key or not hmac.compare_digest(good.encode(), given.encode()):
        raise PlatformError(87009)
    return contact


@registry.get("/wxa/checksession", kinds=MINI)
def check_session(call: Call) -> Answer:
    """Whether a session key still holds (检验登录态)."""
    _session(call)
    return OK


@registry.get("/wxa/resetusersessionkey", kinds=MINI, per_minute=60_000)
def reset_session(call: Call) -> Answer:
    """Replace a session key (重置登录态)."""
    contact = _session(call)
    contact.session_key = new_session_key()
    return {**OK, "openid": contact.openid, "session_key": contact.session_key}


@registry.post("/wxa/business/getuserphonenumber", kinds=MINI)
def phone_number(call: Call) -> Answer:
    """Trade a phone code for the number (获取手机号); an openid that is sent must own the code."""
    asked = call.body.get("openid")
    code = call.world.codes.get(str(call.body.get("code")))
    if asked and code and code.openid != asked:
        raise PlatformError(40029)
    code = take_code(call.world, "phone", call.account.app_id, call.body.get("code"))
    info = {
        "phoneNumber": code.number,
        "purePhoneNumber": code.number,
        "countryCode": "86",
        "watermark": {"timestamp": int(call.world.clock.now()), "appid": call.account.app_id},
    }
    return {**OK, "phone_info": info}


@registry.post("/wxa/getwxacodeunlimit", kinds=MINI, per_minute=5_000)
def code_unlimited(call: Call) -> Answer:
    """A Mini Program code as a picture (获取不限制的小程序码).

    The real one is round and only WeChat reads it; here the dots are a QR code with `wxacode:<id>`.
    """
    body, world = call.body, call.world
    scene, page = body.get("scene"), body.get("page") or ""
    if not isinstance(scene, str) or not SCENE.fullmatch(scene):
        raise PlatformError(40129)
    _check_page(call, page)
    env = body.get("env_version", "release")
    width = body.get("width", 430)
    if env not in {"release", "trial", "develop"}:
        raise PlatformError(40097)
    if not isinstance(width, int) or isinstance(width, bool) or not 280 <= width <= 1280:
        raise PlatformError(40097)
    identity = hashlib.sha256(f"{call.account.app_id}|{scene}|{page}|{env}".encode()).hexdigest()[:16]
    code = WxaCode(
        id=identity,
        app_id=call.account.app_id,
        scene=scene,
        page=str(page),
        env_version=str(env),
        content=f"wxacode:{identity}",
        created_at=world.clock.now(),
    )
    world.wxacodes[identity] = code
    world.changes += 1
    return Response(qr_image(code.content, size=width, colour="#07502a"), media_type="image/jpeg")


def _check_page(call: Call, page: object) -> None:
    if not isinstance(page, str) or page.startswith("/") or "?" in page:
        raise PlatformError(41030)
    if "scancode_time" in page or "scancode_time" in str(call.body.get("scene")):
        raise PlatformError(85096)
    published = call.account.config.pages
    if page and call.body.get("check_path", True) and published and page not in published:
        raise PlatformError(41030)
