"""The control API under `/_control`: tests and the phone page steer the sandbox with it."""

import base64
import binascii
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from wechat_sandbox import control_models as m
from wechat_sandbox.actions import Phone, Refused, Result
from wechat_sandbox.api_oauth import BadAuthorize, authorize
from wechat_sandbox.control_system import add_system_routes
from wechat_sandbox.records import ChatPage, Persona
from wechat_sandbox.state import Missing, World


def answer(result: Result) -> m.ActionAnswer:
    """The answer of an action."""
    return m.ActionAnswer.model_validate(vars(result))


def persona_answer(world: World, persona: Persona) -> m.PersonaAnswer:
    """A person with her ids."""
    official = world.contact(world.account("official"), persona) if world.has("official") else None
    mini = world.contact(world.account("miniprogram"), persona) if world.has("miniprogram") else None
    known = official or mini
    return m.PersonaAnswer(
        persona=persona.name,
        id=persona.id,
        role=persona.role,
        openid=official.openid if official else None,
        mp_openid=mini.openid if mini else None,
        openids={key: world.contact(item, persona).openid for key, item in world.accounts.items()},
        unionid=known.unionid if known else "",
        subscribed=bool(official and official.subscribed),
    )


def create_control(world: World, phone: Phone) -> FastAPI:
    """The control application."""
    app = FastAPI(
        title="WeChat sandbox control",
        description="Personas act, calls fail, the clock moves; nothing here exists on the real platform.",
        version="1",
    )
    _add_error_handlers(app)
    _add_people(app, world)
    _add_messages(app, world, phone)
    _add_actions(app, world, phone)
    _add_pages(app, world, phone)
    add_system_routes(app, world, phone)
    return app


def _add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(Missing)
    def missing(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error": "not_found", "message": str(error)}, 404)

    @app.exception_handler(Refused)
    def refused(_: Request, error: Exception) -> JSONResponse:
        code = error.code if isinstance(error, Refused) else "refused"
        return JSONResponse({"error": code, "message": str(error)}, 409)


def _add_people(app: FastAPI, world: World) -> None:
    @app.post("/personas")
    async def create_persona(body: m.PersonaBody) -> m.PersonaAnswer:
        """Create a person, or get the one of that name."""
        return persona_answer(world, world.persona(body.name, body.role))

    @app.get("/personas")
    async def list_personas() -> list[m.PersonaAnswer]:
        """Everybody who has a phone here."""
        return [persona_answer(world, persona) for persona in world.personas.values()]

    @app.get("/chat")
    async def chat(persona: str, since: int = 0) -> ChatPage:
        """The chat messages of a person, oldest first, after log number `since`."""
        found = world.find_persona(persona)
        messages = [message for message in world.chats[found.id] if message.seq > since]
        return ChatPage(persona=found.name, messages=messages)


def _add_messages(app: FastAPI, world: World, phone: Phone) -> None:
    @app.post("/say")
    async def say(body: m.SayBody) -> m.ActionAnswer:
        """Write a text in the chat."""
        persona = world.find_persona(body.persona)
        return answer(await phone.say(persona, body.text, body.account, wait=body.wait))

    @app.post("/picture")
    async def picture(body: m.PictureBody) -> m.ActionAnswer:
        """Send a photo."""
        try:
            data = base64.b64decode(body.image_base64, validate=True) if body.image_base64 else None
        except binascii.Error as error:
            raise Refused("bad_image", "image_base64 不是 Base64") from error
        persona = world.find_persona(body.persona)
        return answer(await phone.picture(persona, data, body.account, wait=body.wait))

    @app.post("/voice")
    async def voice(body: m.VoiceBody) -> m.ActionAnswer:
        """Send a voice message."""
        return answer(await phone.voice(world.find_persona(body.persona), body.account, wait=body.wait))

    @app.post("/location")
    async def location(body: m.LocationBody) -> m.ActionAnswer:
        """Send a place."""
        persona = world.find_persona(body.persona)
        return answer(
            await phone.location(
                persona, body.latitude, body.longitude, body.label, body.account, wait=body.wait
            )
        )

    @app.post("/push")
    async def push(body: m.PushBody) -> m.ActionAnswer:
        """Push any message or event, of a Mini Program too."""
        account = world.accounts.get(body.account) if body.account else world.account("official")
        if account is None:
            raise Missing(f"配置里没有这个账号：{body.account}")
        persona = world.find_persona(body.persona)
        return answer(await phone.raw(persona, body.fields, account, wait=body.wait))


def _add_actions(app: FastAPI, world: World, phone: Phone) -> None:
    @app.post("/scan")
    async def scan(body: m.ScanBody) -> m.ActionAnswer:
        """Scan a code."""
        persona = world.find_persona(body.persona)
        if body.content is not None:
            return answer(await phone.scan(persona, body.content, wait=body.wait))
        if body.ticket is not None:
            ticket = world.tickets.get(body.ticket)
            if ticket is None:
                raise Missing("没有这个 ticket")
        elif body.scene is not None:
            ticket = world.newest_ticket(body.scene, body.account)
        else:
            raise Refused("bad_scan", "要给 content、scene 或 ticket 之一")
        return answer(await phone.scan_ticket(persona, ticket, wait=body.wait))

    @app.post("/tap")
    async def tap(body: m.TapBody) -> m.ActionAnswer:
        """Tap a message or a menu button."""
        persona = world.find_persona(body.persona)
        if body.message_id is not None:
            return answer(await phone.tap_message(persona, body.message_id, body.link, wait=body.wait))
        if body.menu_key is None and body.menu_name is None:
            raise Refused("bad_tap", "要给 message_id、menu_key 或 menu_name 之一")
        return answer(
            await phone.tap_menu(persona, body.menu_key, body.menu_name, body.account, wait=body.wait)
        )

    @app.post("/follow")
    async def follow(body: m.FollowBody) -> m.ActionAnswer:
        """Follow the Official Account without a code."""
        return answer(await phone.follow(world.find_persona(body.persona), body.account, wait=body.wait))

    @app.post("/unfollow")
    async def unfollow(body: m.FollowBody) -> m.ActionAnswer:
        """Stop following."""
        return answer(await phone.unfollow(world.find_persona(body.persona), body.account, wait=body.wait))

    @app.post("/consent")
    async def consent(body: m.ConsentBody) -> m.ActionAnswer:
        """Answer the dialog of subscribe messages; each acceptance is one more message."""
        persona = world.find_persona(body.persona)
        account, chosen = phone.find_templates(body.template_ids, body.titles, body.account)
        return answer(await phone.consent(persona, account, chosen, accept=body.accept, wait=body.wait))


def _add_pages(app: FastAPI, world: World, phone: Phone) -> None:
    @app.post("/login")
    async def login(body: m.LoginBody) -> dict[str, str]:
        """Open the Mini Program: a code for `jscode2session`."""
        return {"js_code": phone.open_miniprogram(world.find_persona(body.persona), body.account)}

    @app.post("/phone-code")
    async def phone_code(body: m.PhoneCodeBody) -> dict[str, str]:
        """Share the phone number: a code for `getuserphonenumber`."""
        return {"code": phone.phone_code(world.find_persona(body.persona), body.number, body.account)}

    @app.post("/encrypted-data")
    async def encrypted_data(body: m.EncryptedDataBody) -> dict[str, str]:
        """Open data as `wx.getUserInfo` gives it; the person must have logged in."""
        return phone.encrypted_data(world.find_persona(body.persona), body.data, body.account)

    @app.post("/web")
    async def web(body: m.WebBody) -> dict[str, Any]:
        """Follow a page-authorisation address for this person, without a browser."""
        persona = world.find_persona(body.persona)
        try:
            target = authorize(world, persona.name, dict(parse_qsl(urlsplit(body.url).query)))
        except BadAuthorize as error:
            raise Refused("bad_authorize", str(error)) from error
        query = dict(parse_qsl(urlsplit(target).query))
        return {"redirect": target, "code": query["code"], "state": query.get("state", "")}
