"""A cookie jar per person for the application's pages, although there is one browser.

Cookies ignore ports, so the application and the sandbox on one host share them. When another person
takes the phone, the application's cookies are put away and those of the other person come out.
"""

from http.cookies import SimpleCookie

from starlette.requests import Request
from starlette.responses import Response

from wechat_sandbox.api_oauth import COOKIE
from wechat_sandbox.records import Persona
from wechat_sandbox.state import Missing, World

OWN_PREFIX = "sandbox_"


def holder(world: World, request: Request) -> Persona | None:
    """Who holds the phone in this browser."""
    try:
        return world.find_persona(request.cookies.get(COOKIE, ""))
    except Missing:
        return None


def raw_cookies(request: Request) -> dict[str, str]:
    """The application's cookies with their values exactly as sent, quotes and all."""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return {name: value for name, _, value in pairs if name and not name.startswith(OWN_PREFIX)}


def hand_over(world: World, request: Request, response: Response, persona: Persona) -> None:
    """Give the phone to `persona`: swap the jars on this response."""
    previous = holder(world, request)
    foreign = raw_cookies(request)
    if previous is not None and previous.id == persona.id:
        foreign = {}
    elif previous is not None:
        world.jars[previous.id] = dict(foreign)
    own = world.jars.pop(persona.id, {}) if previous is None or previous.id != persona.id else {}
    for name in foreign:
        if name not in own:
            response.delete_cookie(name, path="/", httponly=True, samesite="lax")
    for name, value in own.items():
        _set_raw(response, name, value)
    response.set_cookie(COOKIE, persona.id, path="/", httponly=True, samesite="lax")


def _set_raw(response: Response, name: str, value: str) -> None:
    """Set a cookie with its value exactly as the application wrote it, quotes and all."""
    cookie: SimpleCookie = SimpleCookie()
    cookie[name] = ""
    morsel = cookie[name]
    morsel.set(name, value, value)
    morsel["path"], morsel["httponly"], morsel["samesite"] = "/", True, "lax"
    response.headers.append("set-cookie", morsel.OutputString())
