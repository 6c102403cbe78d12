"""What all parts of the outbox share: its constants, conditions and changes of rows."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Result,
    Uuid,
    and_,
    case,
    cast,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Complaint, OutgoingMessage, SubscriptionGrant, WechatIdentity
from app.models.delivery import Confirmation
from app.services import access_complaints

RELEASE_WITHIN = timedelta(days=7)
# The platform takes the same message number to the same person for a repetition within ten minutes.
REPEAT_WINDOW = timedelta(minutes=10)
NEW_TRY_AFTER = timedelta(minutes=11)


def reachable(session: Session, officer_id: uuid.UUID | None, villager_id: uuid.UUID | None) -> bool:
    """Whether the person follows, or left a consent to be written to."""
    mine = WechatIdentity.officer_id == officer_id
    if officer_id is None:
        mine = WechatIdentity.villager_id == villager_id
    consent = exists().where(
        SubscriptionGrant.app_id == WechatIdentity.app_id,
        SubscriptionGrant.openid == WechatIdentity.openid,
        SubscriptionGrant.remaining > 0,
        SubscriptionGrant.refused.is_(False),
    )
    found = select(WechatIdentity.id).where(mine, or_(WechatIdentity.subscribed, consent)).limit(1)
    return session.scalar(found) is not None


def recipient(officer_id: uuid.UUID | None, villager_id: uuid.UUID | None) -> ColumnElement[bool]:
    """The messages of one person, without those about complaints that he may no longer know of (回避). Raises
    ValueError unless exactly one is named."""
    if (officer_id is None) == (villager_id is None):
        raise ValueError("name one recipient")
    if officer_id is not None:
        kept_from = exists().where(Complaint.id == about_complaint(), access_complaints.excluded(officer_id))
        return and_(OutgoingMessage.officer_id == officer_id, ~kept_from)
    return OutgoingMessage.villager_id == villager_id


def about_complaint() -> ColumnElement[uuid.UUID]:
    """SQL: the key of the complaint that a message is about; null for other messages."""
    return case((OutgoingMessage.subject_kind == "complaint", cast(OutgoingMessage.subject_id, Uuid)))


def new_try(message: OutgoingMessage, now: datetime) -> datetime:
    """The earliest moment at which the platform takes the message for a new one."""
    if message.coarse or message.sent_at is None:
        return now + NEW_TRY_AFTER
    waited = clock.now() - message.sent_at
    return now + max(NEW_TRY_AFTER - waited, timedelta())


def start_anew(message: OutgoingMessage, due: datetime, *, keep_error: bool = False) -> None:
    """Forget what came of earlier tries; `keep_error` leaves the reason of the last failure standing."""
    message.due_at = clock.whole_day(due) if message.coarse else due
    message.lease_until = due if message.coarse else None
    message.sent_at = message.msgid = message.confirmed_at = None
    if not keep_error:
        message.confirmation = Confirmation.NONE


def day_or(now: datetime) -> ColumnElement[datetime]:
    """`now`, or its day for coarse messages."""
    return case((OutgoingMessage.coarse, clock.whole_day(now)), else_=now)


def change(session: Session, condition: ColumnElement[bool], **values: object) -> int:
    """Update the messages that fulfil `condition`; how many."""
    statement = update(OutgoingMessage).where(condition).values(**values)
    return count(session.execute(statement.execution_options(synchronize_session="fetch")))


def count(result: Result[Any]) -> int:
    """How many rows a statement touched."""
    assert isinstance(result, CursorResult)
    return int(result.rowcount)
