"""The journal of deliveries and the memory that recognises a repeated one, across threads and processes.

Reports of finished sends (TEMPLATESENDJOBFINISH) leave no trace of when they came once they were used: beside
a message whose times are kept by whole days such a row would name its second. All reports are treated alike,
or the missing ones would point to those messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, CursorResult, bindparam, delete, func, insert, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.core import clock
from app.models import InboundMessage
from app.models.base import Json

WAIT_MILLISECONDS = 2500
FINISHED_EVENT = "templatesendjobfinish"
REPORTS_KEPT = timedelta(hours=1)
_REPORT_FIELDS = ("ToUserName", "MsgType", "Event", "MsgID", "MsgId", "Status")


@dataclass(frozen=True)
class Delivered:
    """What arrived, as decrypted. `key` is the wide key: the same for every repetition of one delivery."""

    app_id: str
    key: str
    msg_type: str
    event: str | None
    openid: str
    fields: Json

    @property
    def is_report(self) -> bool:
        """Whether this is the report of a finished send."""
        return (self.event or "").lower() == FINISHED_EVENT


@dataclass(frozen=True)
class Handled:
    """What came of a delivery: the reply in clear text (None: nothing to say) and the journal's outcome,
    `handled`, `ignored` or `error`. `used_up`: a report that was written into its message; not journalled."""

    reply: str | None
    outcome: str = "handled"
    used_up: bool = False


@dataclass(frozen=True)
class Receipt:
    """The reply to send, and whether this was a repetition that changed nothing."""

    reply: str | None
    repeated: bool


def receive(session: Session, delivered: Delivered, handle: Callable[[], Handled]) -> Receipt:
    """Run `handle` once for a delivery, however often it arrives; repetitions get the stored reply.

    The key, the journal row, the reply and whatever `handle` writes are one transaction. A repetition that
    comes while the first is still at work waits for it, at most 2.5 seconds (the platform gives up after
    five): then it sends the reply that the first was too slow to send, or does the work itself if the first
    failed. Answering `success` at once would lose the message in that last case. When the wait is over it
    raises sqlalchemy.exc.OperationalError (lock not available) and the platform is asked to come again.

    The usual path takes no extra round trip for this: an advisory lock is tried in the same statement that
    inserts the key, and only a collision waits. No audit row: the journal is one itself."""
    key = f"{delivered.app_id}:{delivered.key}"
    if not _claim(session, key):
        known = _stored(session, key)
        if known is not None:
            return known
        _wait_for_other(session, key)
        if not _claim(session, key):
            known = _stored(session, key)
            assert known is not None, "the key is neither free nor taken"
            return known
    handled = handle()
    session.flush()
    if delivered.is_report:
        _keep_report(session, key, delivered, handled)
    else:
        _keep(session, key, delivered, handled)
    return Receipt(handled.reply, repeated=False)


def reported_id() -> ColumnElement[str]:
    """The `msgid` that a journalled report is about, as text."""
    return func.coalesce(InboundMessage.fields["MsgID"].astext, InboundMessage.fields["MsgId"].astext)


def unused_reports() -> ColumnElement[bool]:
    """Reports that came before the number they name was known, and may still be of use."""
    since = func.clock_timestamp() - REPORTS_KEPT
    return (InboundMessage.received_at > since) & (func.lower(InboundMessage.event) == FINISHED_EVENT)


def drop_reports(session: Session, *, app_id: str | None, msgid: int) -> None:
    """Take the reports about a message out of the journal, with the transaction that used them."""
    session.execute(
        delete(InboundMessage)
        .where(unused_reports(), InboundMessage.app_id == app_id, reported_id() == str(msgid))
        .execution_options(synchronize_session=False)
    )


def forget_reports(session: Session, *, now: datetime) -> int:
    """Delete reports that nobody asked for within an hour (the answer was lost, or another system's). How
    many."""
    result = session.execute(
        delete(InboundMessage)
        .where(
            InboundMessage.received_at < now - REPORTS_KEPT,
            func.lower(InboundMessage.event) == FINISHED_EVENT,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return int(result.rowcount)


def _claim(session: Session, key: str) -> bool:
    return session.execute(_CLAIM, {"id": key, "lock": _lock_number(key)}).first() is not None


def _stored(session: Session, key: str) -> Receipt | None:
    row = session.execute(_STORED, {"id": key}).first()
    return Receipt(row[0], repeated=True) if row is not None else None


def _wait_for_other(session: Session, key: str) -> None:
    session.execute(text(f"SET LOCAL lock_timeout = {WAIT_MILLISECONDS}"))
    session.execute(_WAIT, {"lock": _lock_number(key)})
    session.execute(text("SET LOCAL lock_timeout = DEFAULT"))


def _keep(session: Session, key: str, delivered: Delivered, handled: Handled) -> None:
    """Write the journal row and tie it and the reply to the key, in one statement."""
    values = {
        "id": key,
        "stored_reply": handled.reply,
        "app": delivered.app_id,
        "kind": delivered.msg_type,
        "event": delivered.event,
        "openid": delivered.openid,
        "fields": delivered.fields,
        "outcome": handled.outcome,
    }
    session.execute(_KEEP, values)


def _keep_report(session: Session, key: str, delivered: Delivered, handled: Handled) -> None:
    """The key with its day only and tied to nothing; a journal row only while the report is still needed,
    without the person and the second."""
    session.execute(_COARSEN, {"id": key, "day": clock.whole_day(clock.now())})
    if handled.used_up:
        return
    fields = {name: delivered.fields[name] for name in _REPORT_FIELDS if name in delivered.fields}
    session.execute(
        insert(InboundMessage).values(
            app_id=delivered.app_id,
            msg_type=delivered.msg_type,
            event=delivered.event,
            openid="",
            fields=fields,
            outcome=handled.outcome,
        )
    )


def _lock_number(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)


# Built once: every delivery runs these, and building costs more than running.
_CLAIM = text(
    """
    INSERT INTO inbound_key (key)
    SELECT :id WHERE pg_try_advisory_xact_lock(:lock)
    ON CONFLICT (key) DO NOTHING
    RETURNING key
    """
).bindparams(bindparam("lock", type_=BigInteger))
_STORED = text("SELECT reply FROM inbound_key WHERE key = :id")
_WAIT = text("SELECT pg_advisory_xact_lock(:lock)").bindparams(bindparam("lock", type_=BigInteger))
_COARSEN = text("UPDATE inbound_key SET received_at = :day WHERE key = :id")
_KEEP = text(
    """
    WITH journal AS (
        INSERT INTO inbound_message (app_id, msg_type, event, openid, fields, outcome)
        VALUES (:app, :kind, :event, :openid, :fields, :outcome)
        RETURNING id
    )
    UPDATE inbound_key SET reply = :stored_reply, inbound_id = journal.id FROM journal WHERE key = :id
    """
).bindparams(bindparam("fields", type_=JSONB))
