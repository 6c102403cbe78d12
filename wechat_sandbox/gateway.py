"""What every platform endpoint has in common: failures on demand, token, method, body, quota, log."""

import asyncio
import inspect
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.log import masked
from wechat_sandbox.records import Contact, FailRule, Json
from wechat_sandbox.state import Account, World

TOKEN_FORM = re.compile(r"[A-Za-z0-9_-]{20,512}")
ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")
OK: Json = {"errcode": 0, "errmsg": "ok"}
Kind = Literal["official", "miniprogram"]
Answer = Mapping[str, Any] | Response


@dataclass
class Call:
    """One call of a platform endpoint, its token already checked."""

    world: World
    endpoint: "Endpoint"
    request: Request
    raw: bytes
    query: dict[str, str]
    body: Json
    current: Account | None
    rule: FailRule | None

    @property
    def account(self) -> Account:
        """The account that the token belongs to."""
        if self.current is None:
            raise PlatformError(40001)
        return self.current

    def contact(self, openid: object) -> Contact:
        """The person behind an openid of this account.

        Raises:
            PlatformError: 40003 when the account has no such person, 41009 when missing.
        """
        if openid in {None, ""}:
            raise PlatformError(41009)
        contact = self.world.known(self.account, openid)
        if contact is None:
            raise PlatformError(40003)
        return contact

    def by_secret(self, app_id: str, secret: str) -> Account:
        """The account that an app id and secret name.

        Raises:
            PlatformError: 40013, 40125, 41002, 41004, 40164.
        """
        if not app_id:
            raise PlatformError(41002)
        if not secret:
            raise PlatformError(41004)
        account = self.world.accounts.get(app_id)
        if account is None:
            raise PlatformError(40013)
        if account.config.app_secret != secret:
            raise PlatformError(40125)
        self.current = account
        count_call(self.world, account, self.endpoint)
        return account

    def check_ip(self, account: Account) -> None:
        """Refuse callers outside the account's list (40164)."""
        host = self.request.client.host if self.request.client else ""
        allowed = account.config.ip_whitelist
        if allowed and host not in allowed:
            raise PlatformError(40164, f"invalid ip {host}, not in whitelist")


Handler = Callable[[Call], Answer | Awaitable[Answer]]


@dataclass(frozen=True)
class Endpoint:
    """A platform endpoint and its rules."""

    method: Literal["GET", "POST"]
    path: str
    handler: Handler
    token: bool = True
    body: Literal["json", "none"] = "none"
    kinds: frozenset[Kind] = frozenset({"official", "miniprogram"})
    daily: int | None = None
    per_minute: int | None = None
    minute_code: int = 45011
    text_plain: bool = False


class Registry:
    """Endpoints of one module, filled by decorators."""

    def __init__(self) -> None:
        self.endpoints: list[Endpoint] = []

    def get(self, path: str, **rules: Any) -> Callable[[Handler], Handler]:
        """Register a GET endpoint."""
        return self._add("GET", path, "none", rules)

    def post(self, path: str, **rules: Any) -> Callable[[Handler], Handler]:
        """Register a POST endpoint; its body is JSON unless `body="none"`."""
        return self._add("POST", path, rules.pop("body", "json"), rules)

    def _add(
        self,
        method: Literal["GET", "POST"],
        path: str,
        body: Literal["json", "none"],
        rules: dict[str, Any],
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.endpoints.append(Endpoint(method=method, path=path, handler=handler, body=body, **rules))
            return handler

        return register


def parse_body(raw: bytes) -> Json:
    """Read a JSON body as strictly as the platform.

    Raises:
        PlatformError: 44002 empty, 40033 not raw UTF-8, 47001 not a JSON object.
    """
    if not raw.strip():
        raise PlatformError(44002)
    if ESCAPED.search(raw):
        raise PlatformError(40033)
    try:
        body = json.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise PlatformError(40033) from error
    except ValueError as error:
        raise PlatformError(47001) from error
    if not isinstance(body, dict):
        raise PlatformError(47001)
    return body


def check_token(world: World, value: str, kinds: frozenset[Kind]) -> Account:
    """The account an access token belongs to.

    Raises:
        PlatformError: 41001 missing, 40014 malformed, 40001 unknown, 42001 expired, 48001 wrong kind.
    """
    if not value:
        raise PlatformError(41001)
    if not TOKEN_FORM.fullmatch(value):
        raise PlatformError(40014)
    for account in world.accounts.values():
        for token in account.tokens:
            if token.value == value:
                if token.expires_at <= world.clock.now():
                    raise PlatformError(42001)
                if account.config.kind not in kinds:
                    raise PlatformError(48001)
                return account
    raise PlatformError(40001)


def daily_limit(world: World, endpoint: Endpoint) -> int | None:
    """The calls per day of a path: from the configuration, else the platform's default."""
    return world.config.limits.daily.get(endpoint.path, endpoint.daily)


def count_call(world: World, account: Account, endpoint: Endpoint) -> None:
    """Count one call against the quotas.

    Raises:
        PlatformError: 45009 for the day, 45011 (or the endpoint's own code) for the minute.
    """
    per_minute = world.config.limits.per_minute.get(endpoint.path, endpoint.per_minute)
    minute = (endpoint.path, int(world.clock.now() // 60))
    day = (endpoint.path, world.clock.day())
    limit = daily_limit(world, endpoint)
    if limit is not None and account.used.get(day, 0) >= limit:
        raise PlatformError(45009)
    if per_minute is not None and account.minutes.get(minute, 0) >= per_minute:
        raise PlatformError(endpoint.minute_code)
    account.used[day] = account.used.get(day, 0) + 1
    account.minutes[minute] = account.minutes.get(minute, 0) + 1


def render(answer: Answer, *, text_plain: bool) -> Response:
    """JSON in raw UTF-8, sometimes labelled as text, as the platform does."""
    if isinstance(answer, Response):
        return answer
    content = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    media_type = "text/plain" if text_plain else "application/json; encoding=utf-8"
    return Response(content, media_type=media_type)


async def _run(endpoint: Endpoint, call: Call) -> Answer:
    """Check and answer one call."""
    world = call.world
    if endpoint.token:
        call.current = check_token(world, call.query.get("access_token", ""), endpoint.kinds)
    if call.request.method != endpoint.method:
        raise PlatformError(43002 if endpoint.method == "POST" else 43001)
    if endpoint.body == "json":
        call.body = parse_body(call.raw)
    if call.current is not None:
        count_call(world, call.current, endpoint)
    result = endpoint.handler(call)
    return await result if inspect.isawaitable(result) else result


def _openid(raw: bytes, query: dict[str, str]) -> str | None:
    if query.get("openid"):
        return query["openid"]
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    found = body.get("touser") or body.get("openid") if isinstance(body, dict) else None
    return found if isinstance(found, str) else None


async def _hang(request: Request, seconds: float = 60) -> None:
    """Give no answer until the client goes away."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                continue
    except TimeoutError:
        return


async def _answer(endpoint: Endpoint, call: Call) -> Response:
    rule = call.rule
    if rule and rule.latency_seconds:
        await asyncio.sleep(rule.latency_seconds)
    happens = rule is None or (
        rule.effect if rule.effect is not None else not (rule.errcode or rule.http_status)
    )
    answer: Answer = OK
    if happens:
        try:
            answer = await _run(endpoint, call)
        except PlatformError as error:
            answer = error.body()
    if rule and rule.errcode is not None:
        answer = PlatformError(rule.errcode, rule.errmsg).body()
    response = render(answer, text_plain=endpoint.text_plain)
    if rule and rule.http_status is not None:
        response = Response(
            "<html><body>gateway error</body></html>", rule.http_status, media_type="text/html"
        )
    if rule and rule.truncate:
        response = Response(bytes(response.body)[: len(response.body) // 2], media_type=response.media_type)
    return response


def _shown(response: Response) -> Any:
    try:
        return masked(json.loads(bytes(response.body)))
    except ValueError:
        return f"{len(response.body)} bytes, {response.media_type}"


def _shown_body(raw: bytes) -> Any:
    try:
        return masked(json.loads(raw)) if raw else None
    except ValueError:
        return f"{len(raw)} bytes"


def route(world: World, endpoints: list[Endpoint]) -> list[Route]:
    """Starlette routes of these endpoints; both methods reach one path, as on the platform."""
    return [_route(world, endpoint) for endpoint in endpoints]


def _route(world: World, endpoint: Endpoint) -> Route:
    async def serve(request: Request) -> Response:
        started = time.monotonic()
        world.base_url = world.base_url or str(request.base_url).rstrip("/")
        raw = await request.body()
        query = dict(request.query_params)
        openid = _openid(raw, query)
        rule = world.take_fail(endpoint.path, openid)
        call = Call(world, endpoint, request, raw, query, {}, None, rule)
        entry = world.log.add(
            "call",
            world.persona_of(openid),
            method=request.method,
            path=endpoint.path,
            query=masked(query),
            body=_shown_body(raw),
            answer=None,
            status=None,
            ms=None,
        )
        response = await _answer(endpoint, call)
        entry.update(
            app_id=call.current.app_id if call.current else None,
            status=response.status_code,
            ms=round((time.monotonic() - started) * 1000, 1),
            answer=_shown(response),
        )
        if rule and rule.timeout:
            entry.update(status=None, timeout=True)
            await _hang(request)
        return response

    return Route(endpoint.path, serve, methods=["GET", "POST"])
