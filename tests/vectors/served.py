"""The app on a loopback port, configured with the account of a test vector, over a real database."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn
from sqlalchemy import delete, select
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from app.core.db import Database
from app.core.settings import Settings
from app.main import build_context, create_app
from app.models.delivery import InboundKey, InboundMessage
from app.wechat.accounts import accounts_from
from app.wechat.callback import CallbackRoute, Handle

Json = dict[str, Any]
Query = dict[str, str] | Sequence[tuple[str, str]] | str

SECRET = "a secret for tests that is long enough"
PATH = "/wechat/callback"


@dataclass(frozen=True)
class Answered:
    """An answer, how long it took, and what the journal holds now."""

    status: int
    body: bytes
    content_type: str
    milliseconds: float


def settings_for(
    *, token: str, aes_key: str = "", app_id: str = "", production: bool = False, **more: object
) -> Settings:
    """Settings of an installation whose Official Account is the given one."""
    return Settings(
        _env_file=None,
        environment="production" if production else "development",
        public_url="https://village.example",
        secret_key=SECRET,
        wechat_app_id=app_id or "wx0000000000000000",
        wechat_app_secret="not called",
        wechat_token=token,
        wechat_aes_key=aes_key or "A" * 43,
        **more,
    )


@contextmanager
def listening(app: object) -> Iterator[str]:
    """Serve an ASGI app on a free loopback port; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()  # connections wait in line until the server has started
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        sock.close()


class Served:
    """Apps by account, started when first needed; the journal is emptied with `forget`."""

    def __init__(self, database: Database, handle: Handle | None = None) -> None:
        self._database = database
        self._handle = handle
        self._running: dict[tuple[str, str, str, bool], tuple[Any, str]] = {}
        self._client = httpx.Client(timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        for context, _ in self._running.values():
            context.__exit__(None, None, None)

    def app(self, settings: Settings) -> ASGIApp:
        """The product as the composition root makes it; with a `handle` of its own, the callback alone."""
        if self._handle is None:
            return create_app(context=build_context(settings, self._database))
        account = accounts_from(settings).official
        return Starlette(routes=[Route(PATH, CallbackRoute(account, self._database, self._handle, settings))])

    def send(
        self,
        account: tuple[str, str, str],
        *,
        production: bool,
        query: Query,
        body: bytes | None,
        content_type: str = "text/xml",
    ) -> Answered:
        """GET (without body) or POST the callback of `account` = (token, key, app id)."""
        url = self._address(account, production)
        method = "GET" if body is None else "POST"
        headers = {} if body is None else {"content-type": content_type}
        started = time.perf_counter()
        answer = self._client.request(
            method,
            url + PATH,
            params=httpx.QueryParams(query),
            content=body,
            headers=headers,
        )
        spent = (time.perf_counter() - started) * 1000
        return Answered(answer.status_code, answer.content, answer.headers.get("content-type", ""), spent)

    def journal(self) -> list[InboundMessage]:
        """What was kept, in order of arrival."""
        with self._database.reading() as session:
            kept = list(session.scalars(select(InboundMessage).order_by(InboundMessage.id)))
            session.expunge_all()
        return kept

    def forget(self) -> None:
        """Empty the journal, so that the next case starts from nothing."""
        with self._database.transaction() as session:
            session.execute(delete(InboundKey))
            session.execute(delete(InboundMessage))

    def _address(self, account: tuple[str, str, str], production: bool) -> str:
        key = (*account, production)
        if key not in self._running:
            token, aes_key, app_id = account
            settings = settings_for(token=token, aes_key=aes_key, app_id=app_id, production=production)
            context = listening(self.app(settings))
            address = context.__enter__()
            self._client.get(address + PATH)  # warm: the first request pays for imports and threads
            self._running[key] = (context, address)
        return self._running[key][1]
