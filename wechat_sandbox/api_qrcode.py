"""QR codes with a scene (带参数的二维码) and their pictures."""

import base64
import secrets

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import Answer, Call, Registry
from wechat_sandbox.images import qr_image
from wechat_sandbox.records import Json, Ticket
from wechat_sandbox.state import World

registry = Registry()

MAX_EXPIRE_SECONDS = 2_592_000
DEFAULT_EXPIRE_SECONDS = 60
ACTIONS = {"QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"}
URL_PREFIX = "http://weixin.qq.com/q/"


@registry.post("/cgi-bin/qrcode/create", kinds=frozenset({"official"}), daily=100_000)
def create(call: Call) -> Answer:
    """A ticket for a scene; a permanent scene always gets the same ticket."""
    action = call.body.get("action_name")
    if action not in ACTIONS:
        raise PlatformError(40052)
    scene = _scene(call.body, str(action))
    if "LIMIT" in str(action):
        ticket = _permanent(call, str(action), scene)
        return {"ticket": ticket.ticket, "url": ticket.url}
    seconds = _seconds(call.body)
    ticket = _add(call, str(action), scene, call.world.clock.now() + seconds)
    return {"ticket": ticket.ticket, "expire_seconds": seconds, "url": ticket.url}


def _scene(body: Json, action: str) -> str:
    info = body.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise PlatformError(40053)
    if "STR" in action:
        text = scene.get("scene_str")
        if not isinstance(text, str) or not 1 <= len(text) <= 64:
            raise PlatformError(40053)
        return text
    number = scene.get("scene_id")
    highest = 100_000 if "LIMIT" in action else 0xFFFFFFFF
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= highest:
        raise PlatformError(40053)
    return str(number)


def _seconds(body: Json) -> int:
    seconds = body.get("expire_seconds", DEFAULT_EXPIRE_SECONDS)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 1 <= seconds <= MAX_EXPIRE_SECONDS:
        raise PlatformError(40053)
    return seconds


def _permanent(call: Call, action: str, scene: str) -> Ticket:
    permanent = call.account.permanent
    if (action, scene) not in permanent:
        if len(permanent) >= call.world.config.limits.permanent_scenes:
            raise PlatformError(45029)
        permanent[(action, scene)] = _add(call, action, scene, None)
    return permanent[(action, scene)]


def _add(call: Call, action: str, scene: str, expires_at: float | None) -> Ticket:
    world = call.world
    value = base64.urlsafe_b64encode(secrets.token_bytes(68)).decode().rstrip("=")
    ticket = Ticket(
        app_id=call.account.app_id,
        ticket=f"gQ{value}==",
        url=URL_PREFIX + secrets.token_urlsafe(16),
        action=action,
        scene=scene,
        expires_at=expires_at,
        created_at=world.clock.now(),
    )
    world.tickets[ticket.ticket] = ticket
    world.changes += 1
    return ticket


def picture_route(world: World) -> Route:
    """`/cgi-bin/showqrcode`: the picture of a ticket, without a token (通过 ticket 换取二维码)."""

    async def show(request: Request) -> Response:
        ticket = world.tickets.get(request.query_params.get("ticket", ""))
        status = 200 if ticket else 404
        world.log.add(
            "call",
            None,
            method="GET",
            path="/cgi-bin/showqrcode",
            query=dict(request.query_params),
            body=None,
            answer=None,
            status=status,
        )
        if ticket is None:
            return Response(status_code=404)
        return Response(qr_image(ticket.url), media_type="image/jpg")

    return Route("/cgi-bin/showqrcode", show)
