"""ASGI middleware: request ids, access log without personal data, security headers, body limit, readable
addresses, same-site forms. Pure ASGI, so that context variables reach the endpoints."""

from __future__ import annotations

import re
import time
import uuid
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import images, logging
from app.core.errors import AppError, Forbidden, TooLarge
from app.core.settings import Settings
from app.services import attachments
from app.web import errors
from app.web.auth import PAGE_COOKIE

log = logging.get(__name__)

# Routes that may carry an anonymous complaint leave no line at all.
UNLOGGED = re.compile(r"^/(s|v/[^/]+/complain|files|miniprogram/v1/anonymous)(/|$)")
CACHEABLE = ("/static/",)
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PROGRAMS = ("/api/", "/miniprogram/", "/wechat/")
WITH_FILES = re.compile(r"^/(v|my|s|desk)(/|$)")
UNREADABLE = re.compile("[\x00\ud800-\udfff]")
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
            "Permissions-Policy": "geolocation=(self), microphone=(), camera=()",
        }
        if settings.production:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", _caching(scope))
            await send(message)

        await self.app(scope, receive, answer if scope["type"] == "http" else send)


class Compression(GZipMiddleware):
    """Sends text compressed: villagers pay for what they load, and not every house has a reverse proxy that
    does it. Pictures, PDF and workbooks are compressed already. Tickets in forms differ in every answer, so
    that their length tells nothing (BREACH)."""

    def __init__(self, app: ASGIApp) -> None:
        packed = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/pdf", images.Kind.XLSX.mime)
        super().__init__(app, minimum_size=500, compresslevel=6, exclude_content_types=packed)


class BodyLimit:
    """Refuses bodies over the limit, announced or streamed, before anything reads them. Pages take as many
    files at once as their forms offer; the framework keeps large ones on disk."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.largest = settings.upload_max_bytes

    def limit(self, path: str) -> int:
        """The largest body at this address, in bytes."""
        files = attachments.MOST_FILES if WITH_FILES.match(path) else 2
        return self.largest * files + BODY_OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit(scope["path"])
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            large = TooLarge("request.too_large", "一次发送的内容太大，请少选几个文件，或把照片压缩后再传。")
            await _refuse(large, scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return message if seen <= limit else {"type": "http.disconnect"}

        await self.app(scope, counted, send)


class ReadableAddress:
    """Refuses pages' addresses with a NUL or half a character in them: nothing behind could read those. The
    interfaces for programs check their own fields."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and not scope["path"].startswith(PROGRAMS)
        if ours and UNREADABLE.search(scope["path"] + _plain(scope["query_string"])):
            await _refuse(errors.malformed(), _readable(scope), receive, send)
            return
        await self.app(scope, receive, send)


class SameSite:
    """Refuses state-changing requests from other sites: on pages always, since even a login or an anonymous
    form sent by somebody else does harm (login CSRF), for programs when they carry our cookie.

    Old browsers and programs that name neither an origin nor a site are let in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.own = urlsplit(settings.public_url).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in UNSAFE and self._foreign(scope):
            foreign = Forbidden("request.foreign", "这个请求来自别的网站，没有办理。请从本站页面重新操作。")
            await _refuse(foreign, scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _foreign(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        if scope["path"].startswith(PROGRAMS) and PAGE_COOKIE not in headers.get("cookie", ""):
            return False
        if headers.get("sec-fetch-site") == "cross-site":
            return True
        origin = headers.get("origin", "null")
        return origin != "null" and urlsplit(origin).netloc not in {self.own, headers.get("host", "")}


def _plain(query: bytes) -> str:
    return unquote_to_bytes(query).decode("latin-1")


def _readable(scope: Scope) -> Scope:
    """The same request with the unreadable signs taken out: the answer shows its own address."""
    path = UNREADABLE.sub("", scope["path"])
    return {**scope, "path": path, "raw_path": path.encode(), "query_string": b""}


def _caching(scope: Scope) -> str:
    """Static files whose address holds their digest may be kept for ever; nothing else is kept at all."""
    versioned = scope["path"].startswith(CACHEABLE) and b"v=" in scope["query_string"]
    return "public, max-age=31536000, immutable" if versioned else "no-store"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _refuse(error: AppError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as the error handlers do, which lie further inside."""
    await errors.render(Request(scope), error)(scope, receive, send)
