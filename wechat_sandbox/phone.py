"""The phone page under `/phone`: who holds the phone, what it shows, what it polls."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from wechat_sandbox import images
from wechat_sandbox.actions import Phone
from wechat_sandbox.api_media import alive
from wechat_sandbox.jars import hand_over, holder
from wechat_sandbox.mp_proxy import MiniProgramProxy
from wechat_sandbox.phone_log import finished, summary, words
from wechat_sandbox.records import Persona, Ticket
from wechat_sandbox.state import World

LOOPBACK = {"localhost", "127.0.0.1"}
LOG_LINES = 60
CODES_SHOWN = 500


def phone_routes(world: World, phone: Phone) -> list[BaseRoute]:
    """All routes of the phone page."""
    page = PhonePage(world, phone)
    return [
        Route("/", lambda _: RedirectResponse("/phone", 303)),
        Route("/phone", page.show),
        Route("/phone/pick", page.pick, methods=["POST"]),
        Route("/phone/poll", page.poll),
        Route("/phone/codes", page.codes),
        Route("/phone/qr", page.qr),
        Route("/phone/decode", page.decode, methods=["POST"]),
        Route("/phone/media/{media_id}", page.media),
        *MiniProgramProxy(world).routes(),
    ]


class PhonePage:
    """Handlers of the phone page."""

    def __init__(self, world: World, phone: Phone) -> None:
        self.world = world
        self.phone = phone
        folder = Path(__file__).parent / "templates"
        self.html = Environment(loader=FileSystemLoader(folder), autoescape=select_autoescape())

    async def show(self, request: Request) -> Response:
        """The phone of whoever holds it; without anybody the list of people."""
        elsewhere = self._same_host(request)
        if elsewhere:
            return RedirectResponse(elsewhere, 303)
        persona = holder(self.world, request)
        if request.query_params.get("persona"):
            persona = self.world.persona(request.query_params["persona"])
            response: Response = RedirectResponse("/phone", 303)
            hand_over(self.world, request, response, persona)
            return response
        text = self.html.get_template("phone.html").render(
            persona=persona,
            people=[self._person(item) for item in self.world.personas.values()],
            account=self.world.account("official").config.title if self.world.has("official") else "公众号",
            mini_name=self.world.account("miniprogram").config.title if self.world.has("miniprogram") else "",
            app_url=self.world.config.app_url,
            mini=self.world.has("miniprogram"),
            hue=hue,
            clock=self.world.clock.shanghai(),
        )
        return HTMLResponse(text, headers={"cache-control": "no-store"})

    def _same_host(self, request: Request) -> str | None:
        """The page and the application must have one host name, or browsers keep their cookies apart."""
        wanted, here = urlsplit(self.world.config.app_url).hostname, request.url.hostname
        if wanted in LOOPBACK and here in LOOPBACK and wanted != here:
            return str(request.url.replace(hostname=wanted))
        return None

    async def pick(self, request: Request) -> Response:
        """Hand the phone to a person, known (`persona`) or new (`name`, `role`)."""
        form = await request.form()
        name = str(form.get("name") or "").strip()[:30]
        if name:
            persona = self.world.persona(name, "officer" if form.get("role") == "officer" else "villager")
        else:
            persona = self.world.find_persona(str(form.get("persona")))
        response = RedirectResponse("/phone", 303)
        hand_over(self.world, request, response, persona)
        return response

    def _person(self, persona: Persona) -> dict[str, Any]:
        chat = self.world.chats[persona.id]
        last = chat[-1] if chat else None
        return {
            "id": persona.id,
            "name": persona.name,
            "role": persona.role,
            "unread": sum(not message.read for message in chat),
            "last": words(last.type, last.title, last.text)[:24] if last else "",
        }

    async def poll(self, request: Request) -> Response:
        """What is new since log number `since`; marks the holder's messages as read when `seen` is set."""
        persona = holder(self.world, request)
        if persona is None or request.query_params.get("persona", persona.id) != persona.id:
            return JSONResponse({"gone": True})  # another tab handed the phone over
        since = _number(request.query_params.get("since"))
        chat = self.world.chats[persona.id]
        log = finished(self.world.log.read(_number(request.query_params.get("log"))))[-LOG_LINES:]
        fresh = [message for message in chat if message.seq > since]
        if request.query_params.get("seen") == "1":
            for message in chat:
                message.read = True
        return JSONResponse(
            {
                "seq": self.world.log.seq,
                "messages": [message.model_dump() for message in fresh],
                "people": [self._person(item) for item in self.world.personas.values()],
                "clock": self.world.clock.iso(),
                "log": [summary(entry) for entry in log],
                **self._account(persona),
            }
        )

    def _account(self, persona: Persona) -> dict[str, Any]:
        if not self.world.has("official"):
            return {"subscribed": False, "menu": []}
        account = self.world.account("official")
        return {
            "subscribed": self.world.contact(account, persona).subscribed,
            "menu": (account.menu or {}).get("button", []),
        }

    async def codes(self, request: Request) -> Response:
        """Codes that can be scanned, filtered by `q`: the newest temporary one first, the others by scene."""
        query = request.query_params.get("q", "").strip()
        found = [item for item in self.world.tickets.values() if query in item.scene and self._usable(item)]
        permanent = sorted((item for item in found if item.expires_at is None), key=lambda item: item.scene)
        temporary = [item for item in reversed(found) if item.expires_at is not None]
        tickets = [self._code(ticket) for ticket in temporary + permanent]
        wxacodes = [
            {
                "kind": "wxacode",
                "title": code.scene,
                "content": code.content,
                "note": code.page or "小程序首页",
            }
            for code in sorted(self.world.wxacodes.values(), key=lambda code: code.scene)
            if query in code.scene
        ]
        return JSONResponse({"tickets": tickets[:CODES_SHOWN], "wxacodes": wxacodes[:CODES_SHOWN]})

    def _usable(self, ticket: Ticket) -> bool:
        return ticket.expires_at is None or ticket.expires_at > self.world.clock.now() - 24 * 3600

    def _code(self, ticket: Ticket) -> dict[str, str]:
        note = "永久"
        if ticket.expires_at is not None:
            left = ticket.expires_at - self.world.clock.now()
            note = f"{max(1, round(left / 60))} 分钟内有效" if left > 0 else "已过期"
        return {"kind": "ticket", "title": ticket.scene, "content": ticket.url, "note": note}

    async def qr(self, request: Request) -> Response:
        """A picture of any content, for the list of codes."""
        content = request.query_params.get("content", "")[:1000]
        picture = await run_in_threadpool(images.qr_image, content or " ", size=240, form="PNG")
        return Response(picture, media_type="image/png", headers={"cache-control": "max-age=3600"})

    async def decode(self, request: Request) -> Response:
        """Read the code in an uploaded picture."""
        async with request.form() as form:
            file = form.get("image")
            if not isinstance(file, UploadFile):
                return JSONResponse({"error": "没有收到图片"}, 400)
            data = await file.read()
        try:
            content = await run_in_threadpool(images.decode_qr, data)
        except ModuleNotFoundError:
            return JSONResponse({"error": "这里没有安装识别二维码的程序，请粘贴码里的内容"}, 501)
        except ValueError:
            return JSONResponse({"error": "这个文件不是图片"}, 400)
        if content is None:
            return JSONResponse({"error": "图片里没有找到二维码"}, 404)
        return JSONResponse({"content": content})

    async def media(self, request: Request) -> Response:
        """A picture or voice in the chat."""
        media = alive(self.world, request.path_params["media_id"])
        if media is None:
            return Response(status_code=404)
        return Response(
            media.data, media_type=media.content_type, headers={"x-content-type-options": "nosniff"}
        )


def hue(persona_id: str) -> int:
    """The colour of a person's picture."""
    return int(persona_id[1:5], 16) % 360


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0
