"""The door that WeChat knocks on: address verification and deliveries, for one account.

A plain ASGI route, without dependency injection in its way: size limit, signature, decryption, parsing,
recognition of repetitions, one handler, reply. Nothing slow happens here: the platform hangs up after five
seconds and knocks again, three times in all. What goes wrong is answered like this:

- a delivery that is not genuine or not well-formed: 403 or 400 with one and the same body;
- our database is away, or a repetition waited too long for the first: 503, so that the platform comes again;
- a handler fails: the delivery is kept with the outcome `error` for repair and answered `success`, because
  coming again would fail again and tell the person that the account is broken.

Source: the platform's page on receiving pushes (消息推送).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import anyio
import anyio.to_thread
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core import clock, logging, metrics
from app.core.db import Database
from app.core.errors import AppError, Unavailable
from app.core.settings import Settings
from app.services import inbound as journal
from app.wechat import crypto, envelope, replies
from app.wechat.accounts import Account
from app.wechat.errors import CallbackRefused
from app.wechat.inbound import Inbound, dedupe_key, from_fields
from app.wechat.replies import Reply

Handle = Callable[[Session, Account, Inbound], Reply | None]

REFUSAL = b"refused"
DRAIN_FACTOR = 16
STALE_SECONDS = 300
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_MEDIA_TYPES = {envelope.BodyFormat.XML: "application/xml", envelope.BodyFormat.JSON: "application/json"}

log = logging.get("wechat.callback")


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    outcome: str
    media_type: str = "text/plain"


_COME_AGAIN = _Answer(503, b"", "unavailable")


class CallbackRoute:
    """The ASGI endpoint of one account's deliveries. Mount it with `Route(path, CallbackRoute(…))`.

    `handle` runs in a worker thread, inside the transaction that keeps the delivery. In production only
    encrypted bodies are taken: the signature of a plain one does not cover it."""

    def __init__(self, account: Account, database: Database, handle: Handle, settings: Settings) -> None:
        self._account = account
        self._database = database
        self._handle = handle
        self._encrypted_only = settings.production
        self._max_bytes = settings.callback_max_bytes
        # Not more threads than connections: they would only wait for one another, past the five seconds.
        self._threads = anyio.CapacityLimiter(settings.pool_size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            answer = await self._answer(scope, receive)
        except CallbackRefused as refusal:
            log.warning("wechat.callback.refused", account=self._account.kind, reason=refusal.reason)
            answer = _Answer(refusal.status, REFUSAL, f"refused_{refusal.status}")
        metrics.CALLBACK_SECONDS.labels(answer.outcome).observe(time.perf_counter() - started)
        response = Response(answer.body, answer.status, dict(_HEADERS), answer.media_type)
        if answer.status == 405:
            response.headers["allow"] = "GET, POST"
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> _Answer:
        if scope["method"] not in ("GET", "POST"):
            return _Answer(405, b"", "method")
        query = _query(scope)
        if scope["method"] == "GET":
            return self._verify(query)
        body = await self._body(scope, receive)
        return await anyio.to_thread.run_sync(self._deliver, query, body, limiter=self._threads)

    def _verify(self, query: dict[str, str]) -> _Answer:
        """Answer the platform's verification of our address: its own word back, as plain text."""
        self._check_plain_signature(query)
        if "echostr" not in query:
            raise CallbackRefused(400, "no_echostr")
        return _Answer(200, query["echostr"].encode(), "verified")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The body, up to the limit. A larger one is read on for a while and thrown away: most senders only
        look at an answer after they have sent everything."""
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if len(announced) > 12 or (announced.isdigit() and int(announced) > self._max_bytes * DRAIN_FACTOR):
            raise CallbackRefused(400, "too_large")
        body, total = bytearray(), 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise CallbackRefused(400, "disconnected")
            chunk = message.get("body", b"")
            total += len(chunk)
            if total > self._max_bytes * DRAIN_FACTOR:
                raise CallbackRefused(400, "too_large")
            if total <= self._max_bytes:
                body += chunk
            if not message.get("more_body"):
                break
        if total > self._max_bytes:
            raise CallbackRefused(400, "too_large")
        return bytes(body)

    def _deliver(self, query: dict[str, str], body: bytes) -> _Answer:
        inbound = self._open(query, body)
        try:
            receipt = self._receive(inbound, self._run)
        except Exception as error:  # whatever a handler raises must not reach the platform
            if _may_pass(error):
                log.exception("wechat.callback.unavailable", kind=inbound.kind)
                return _COME_AGAIN
            log.exception("wechat.callback.handler_failed", kind=inbound.kind, code=_code(error))
            return self._keep_failed(inbound)
        return self._reply(inbound, receipt)

    def _keep_failed(self, inbound: Inbound) -> _Answer:
        """Keep a delivery whose handler failed; all that the handler had written is rolled back by now."""
        try:
            receipt = self._receive(inbound, lambda *_: journal.Handled(None, "error"))
        except Exception:  # the database failed too: let the platform come again
            log.exception("wechat.callback.unavailable", kind=inbound.kind)
            return _COME_AGAIN
        return self._reply(inbound, receipt)

    def _receive(
        self, inbound: Inbound, run: Callable[[Session, Inbound], journal.Handled]
    ) -> journal.Receipt:
        delivered = journal.Delivered(
            app_id=self._account.app_id,
            key=dedupe_key(inbound),
            msg_type=inbound.msg_type,
            event=inbound.event,
            openid=inbound.from_user,
            fields=inbound.fields,
        )
        with self._database.transaction() as session:
            return journal.receive(session, delivered, lambda: run(session, inbound))

    def _run(self, session: Session, inbound: Inbound) -> journal.Handled:
        reply = self._handle(session, self._account, inbound)
        text = replies.render(reply, inbound, timestamp=_seconds())
        outcome = "ignored" if isinstance(reply, replies.Ignored) else "handled"
        return journal.Handled(text, outcome, used_up=isinstance(reply, replies.UsedUp))

    def _open(self, query: dict[str, str], body: bytes) -> Inbound:
        """The delivery inside a request: signature first, then decryption, then parsing.

        Of a body that has an `Encrypt` field (safe and compatible mode) only the decrypted text counts."""
        said_encrypted = query.get("encrypt_type") == "aes" or "msg_signature" in query
        if not said_encrypted:
            self._check_plain_signature(query)
        body_format, fields = envelope.parse(body)
        if said_encrypted or "Encrypt" in fields:
            return self._decrypt(query, fields)
        if self._encrypted_only:
            raise CallbackRefused(400, "not_encrypted")
        raw = body.decode("utf-8-sig")
        return from_fields(fields, raw=raw, body_format=body_format)

    def _decrypt(self, query: dict[str, str], outer: envelope.Fields) -> Inbound:
        sealed = outer.get("Encrypt")
        if not isinstance(sealed, str) or not sealed:
            raise CallbackRefused(400, "not_encrypted")
        token, stamp, nonce = self._signed_parts(query)
        crypto.check_signature(query.get("msg_signature", ""), token, stamp, nonce, sealed)
        self._note_age(stamp)
        frame = crypto.decrypt(self._account.aes_key, self._account.app_id, sealed)
        body_format, fields = envelope.parse(frame.message)
        raw = frame.message.decode("utf-8-sig")
        return from_fields(fields, raw=raw, body_format=body_format, encrypted=True)

    def _check_plain_signature(self, query: dict[str, str]) -> None:
        crypto.check_signature(query.get("signature", ""), *self._signed_parts(query))

    def _note_age(self, stamp: str) -> None:
        """Log deliveries that were signed long ago. No freshness rule is documented, so they are taken; a
        request caught and sent again is recognised as a repetition."""
        known = stamp.isascii() and stamp.isdigit() and len(stamp) <= 12
        if self._encrypted_only and not (known and abs(_seconds() - int(stamp)) <= STALE_SECONDS):
            log.info("wechat.callback.stale", account=self._account.kind)

    def _signed_parts(self, query: dict[str, str]) -> tuple[str, str, str]:
        stamp, nonce = query.get("timestamp"), query.get("nonce")
        if not self._account.token or not stamp or not nonce:
            raise CallbackRefused(403, "unsigned")
        return self._account.token, stamp, nonce

    def _reply(self, inbound: Inbound, receipt: journal.Receipt) -> _Answer:
        outcome = "repeated" if receipt.repeated else "handled"
        if receipt.reply is None:
            return _Answer(200, replies.SUCCESS, outcome)
        text = receipt.reply
        if inbound.encrypted:
            text = replies.seal(self._account, text, body_format=inbound.format, timestamp=_seconds())
        return _Answer(200, text.encode(), outcome, _MEDIA_TYPES[inbound.format])


def _query(scope: Scope) -> dict[str, str]:
    """The parameters of the address. One that comes twice is refused: readers differ on which one counts."""
    try:
        pairs = parse_qsl(
            scope["query_string"].decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=32
        )
    except ValueError:
        raise CallbackRefused(400, "query") from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise CallbackRefused(400, "query")
    return query


def _may_pass(error: Exception) -> bool:
    """Whether `error` comes from outside the handler and may be gone when the platform comes again."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout | Unavailable)


def _code(error: Exception) -> str:
    return error.code if isinstance(error, AppError) else type(error).__name__


def _seconds() -> int:
    return int(clock.now().timestamp())
