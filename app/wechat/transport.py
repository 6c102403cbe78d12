"""How outgoing calls travel. The only file of the app that imports httpx; `client` says what is called.

Every sending thread has its own HTTP client; all share one TLS context (one pool for many threads collapses
under load). No redirects, no proxies from the environment, connect 3 s and read 10 s by default. Tokens and
secrets travel in query strings, so nothing here logs an address, and errors carry the bare path.

A call that failed before it left is `Busy`. A call whose answer was lost is `OutcomeUnknown`, unless asking
twice does no harm. Error codes become `ApiRefused` with the action to take. Source: the platform's pages of
the single calls.
"""

from __future__ import annotations

import functools
import json
import logging
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx

from app.core import metrics
from app.core.settings import Settings
from app.wechat.accounts import Account
from app.wechat.errors import Action, ApiRefused, Busy, CallFailed, OutcomeUnknown

API_ANSWER_LIMIT = 4 * 1024 * 1024
KEEPALIVE_SECONDS = 3.0  # shorter than servers keep idle connections, so that none is used while it closes

for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # their INFO and DEBUG lines show whole addresses


class TokenSource(Protocol):
    """Where access tokens come from; shared by all processes of an installation."""

    def get(self, account: Account) -> str:
        """The present access token of `account`."""

    def renew(self, account: Account, *, rejected: str) -> str:
        """A token that is not `rejected`, fetched in normal mode if nobody else has done so already."""


@dataclass(frozen=True)
class Answer:
    """A whole answer of the platform. `json` is None when the body is no JSON object."""

    status: int
    content: bytes
    content_type: str
    json: dict[str, Any] | None


@dataclass(frozen=True)
class _Request:
    """One request. `path` stands for it in errors and metrics, because `url` and `params` hold secrets."""

    method: str
    url: str
    path: str
    params: Mapping[str, str] | None = None
    payload: Mapping[str, Any] | None = None
    repeatable: bool = False
    limit: int = API_ANSWER_LIMIT

    def lost(self, reason: str) -> Busy | OutcomeUnknown:
        """The error for an answer that did not arrive."""
        return Busy(self.path, reason) if self.repeatable else OutcomeUnknown(self.path, reason)


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class Transport:
    """Carries one account's calls. Close it when the process ends; threads need not care.

    `transport` replaces the network in tests of this class."""

    def __init__(
        self,
        account: Account,
        settings: Settings,
        tokens: TokenSource | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.account = account
        self.api_base = settings.wechat_api_base.rstrip("/")
        self.mp_base = settings.wechat_mp_base.rstrip("/")
        self.open_base = settings.wechat_open_base.rstrip("/")
        self._timeout = httpx.Timeout(settings.wechat_read_timeout, connect=settings.wechat_connect_timeout)
        self._tokens = tokens
        self._transport = transport
        self._local = threading.local()
        self._clients: list[httpx.Client] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            clients, self._clients = self._clients, []
            self._local = threading.local()
        for client in clients:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        repeatable: bool = False,
    ) -> dict[str, Any]:
        """Call `path` with the account's token and return the JSON answer.

        `repeatable` says that asking twice does no harm, so a lost answer is `Busy`. A refused token is
        renewed once and the call repeated once. Raises ApiRefused, Busy or OutcomeUnknown."""
        request = _Request(method, self.api_base + path, path, params, payload, repeatable)
        return _json_of(self._with_token(request), request)

    def fetch(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        limit: int = API_ANSWER_LIMIT,
    ) -> Answer:
        """Like `call` for answers that are bytes; at most `limit` of them, else ApiRefused with MEDIA."""
        return self._with_token(
            _Request(method, self.api_base + path, path, params, payload, repeatable=True, limit=limit)
        )

    def call_without_token(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        repeatable: bool = False,
    ) -> dict[str, Any]:
        """Call `path` where the app secret or a person's own code takes the token's place."""
        request = _Request(method, self.api_base + path, path, params, payload, repeatable)
        return _json_of(self._exchange(request), request)

    def get_elsewhere(self, url: str, params: Mapping[str, str] | None = None, *, limit: int) -> Answer:
        """GET an address outside the API base, without token. The caller vouches for its host."""
        return self._exchange(_Request("GET", url, urlsplit(url).path, params, repeatable=True, limit=limit))

    def _with_token(self, request: _Request) -> Answer:
        assert self._tokens is not None, "this client was built without a token source"
        token = self._tokens.get(self.account)
        try:
            return self._exchange(_with(request, token))
        except ApiRefused as refusal:
            if refusal.action is not Action.REFRESH_TOKEN:
                raise
        return self._exchange(_with(request, self._tokens.renew(self.account, rejected=token)))

    def _exchange(self, request: _Request) -> Answer:
        started = time.perf_counter()
        result = "ok"
        try:
            answer = self._send(request)
            _check(answer, request)
        except CallFailed as failure:
            result = failure.code
            raise
        finally:
            metrics.CALL_SECONDS.labels(_label(request.path), result).observe(time.perf_counter() - started)
        return answer

    def _send(self, request: _Request) -> Answer:
        content, headers = None, {}
        if request.payload is not None:
            content = json.dumps(request.payload, ensure_ascii=False).encode("utf-8", "replace")
            headers = {"content-type": "application/json"}
        try:
            with self._client().stream(
                request.method, request.url, params=request.params, content=content, headers=headers
            ) as response:
                return _read(response, request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Busy(request.path, "no_connection") from None
        except httpx.TimeoutException:
            raise request.lost("timeout") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise request.lost("broken_answer") from None

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._local, "client", None)
        if client is None:
            client = httpx.Client(
                timeout=self._timeout,
                verify=_tls(),
                follow_redirects=False,
                trust_env=False,
                transport=self._transport,
                limits=httpx.Limits(keepalive_expiry=KEEPALIVE_SECONDS),
            )
            with self._lock:
                self._local.client = client
                self._clients.append(client)
        return client


def _with(request: _Request, token: str) -> _Request:
    return replace(request, params={"access_token": token, **(request.params or {})})


def _json_of(answer: Answer, request: _Request) -> dict[str, Any]:
    if answer.json is None:
        raise request.lost("unreadable_answer")
    return answer.json


def _check(answer: Answer, request: _Request) -> None:
    """Raise for HTTP errors and for error codes, which come with HTTP 200."""
    errcode = _errcode(answer.json)
    if errcode:
        raise ApiRefused(request.path, errcode, str((answer.json or {}).get("errmsg", "")))
    if answer.status == 504:
        raise request.lost("gateway_timeout")
    if answer.status >= 500 or answer.status == 429:
        raise Busy(request.path, f"http_{answer.status}")
    if answer.status != 200:
        raise ApiRefused(request.path, answer.status, f"HTTP {answer.status}")


def _read(response: httpx.Response, request: _Request) -> Answer:
    """The body up to `limit` bytes, and its JSON when it begins like an object, whatever its label says."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > request.limit:
            raise ApiRefused(request.path, 45001, "answer larger than the limit")
    decoded: object = None
    if content.lstrip()[:1] == b"{":
        try:
            decoded = json.loads(content)
        except (ValueError, RecursionError):
            decoded = None
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(
        response.status_code, bytes(content), content_type, decoded if isinstance(decoded, dict) else None
    )


def _label(path: str) -> str:
    """The path as a metric's label; addresses of single files would make a label each."""
    return path if path.startswith(("/cgi-bin/", "/wxa/", "/wxaapi/", "/sns/")) else "elsewhere"


def _errcode(decoded: dict[str, Any] | None) -> int:
    value = (decoded or {}).get("errcode", 0)
    try:
        return int(value)
    except (TypeError, ValueError):
        return -1
