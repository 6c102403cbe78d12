"""ASGI middleware: request ids, access log without personal data, security headers, body limit, same-site
forms. Pure ASGI, so that context variables reach the endpoints."""

from __future__ import annotations

import re
import time
import uuid
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import logging
from app.core.settings import Settings
from app.web.auth import PAGE_COOKIE

log = logging.get(__name__)

# Routes that may carry an anonymous complaint leave no line at all.
UNLOGGED = re.compile(r"^/(s|v/[^/]+/complain|files|miniprogram/v1/anonymous)(/|$)")
CACHEABLE = ("/static/",)
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
BODY_OVERHEAD = 1024 * 1024


class RequestLog:
    """Binds a request id for the log and the answer, and writes one line per request: method, route,
    status and time. Never the query, never an address, and nothing at all on anonymous routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex[:16]
        status, begin = 500, time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with logging.bound(request_id=request_id):
            try:
                await self.app(scope, receive, answer)
            finally:
                if not UNLOGGED.match(scope["path"]):
                    route = getattr(scope.get("route"), "path", "")
                    spent = round((time.perf_counter() - begin) * 1000)
                    log.info("request", method=scope["method"], route=route, status=status, ms=spent)


class SecurityHeaders:
    """Headers that keep pages what they are; frames are allowed to WeChat's own pages only."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        frames = " ".join({_origin(settings.wechat_open_base), _origin(settings.wechat_mp_base)})
        self.headers = {
            "Content-Security-Policy": (
                "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self';"
                f" form-action 'self' {_origin(settings.wechat_open_base)}; base-uri 'none';"
                f" frame-ancestors 'self' {frames}"
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
        }
        if settings.production:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith(CACHEABLE):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, answer if scope["type"] == "http" else send)


class BodyLimit:
    """Refuses bodies over the limit, announced or streamed, before anything reads them."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.limit = settings.upload_max_bytes * 2 + BODY_OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > self.limit:
            await _refuse(send, 413)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return message if seen <= self.limit else {"type": "http.disconnect"}

        await self.app(scope, counted, send)


class SameSite:
    """Refuses state-changing requests that carry our cookie and come from another site."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.own = urlsplit(settings.public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in UNSAFE and self._foreign(Headers(scope=scope)):
            await _refuse(send, 403)
            return
        await self.app(scope, receive, send)

    def _foreign(self, headers: Headers) -> bool:
        if PAGE_COOKIE not in headers.get("cookie", ""):
            return False
        origin = headers.get("origin")
        if origin is None or origin == "null":
            return headers.get("sec-fetch-site", "same-origin") == "cross-site"
        return urlsplit(origin).netloc not in {self.own, headers.get("host", "")}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
