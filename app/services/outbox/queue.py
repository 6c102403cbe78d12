"""Putting messages into the outbox, letting them go, holding them back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import database_now, wake_worker
from app.models import (
    InboundKey,
    MessageTemplate,
    OutgoingKey,
    OutgoingMessage,
    SubscriptionGrant,
    WechatIdentity,
)
from app.models.base import WorkState
from app.models.delivery import Confirmation, MessageClass, MessageKind
from app.services.outbox.rows import RELEASE_WITHIN, change, count, day_or, reachable, recipient

KEYS_KEPT = timedelta(days=90)
INBOUND_KEYS_KEPT = timedelta(days=3)

URGENT_KINDS = frozenset(
    {MessageKind.COMPLAINT_ASSIGNED, MessageKind.COMPLAINT_OVERDUE, MessageKind.WARNING_FIRED}
)


def enqueue(
    session: Session,
    *,
    kind: MessageKind,
    village_id: uuid.UUID | None,
    subject_kind: str,
    subject_id: str,
    data: dict[str, str],
    path: str,
    key: str,
    officer_id: uuid.UUID | None = None,
    villager_id: uuid.UUID | None = None,
    message_class: MessageClass | None = None,
    coarse: bool = False,
    due_at: datetime | None = None,
) -> OutgoingMessage | None:
    """Put one message for one person into the outbox; None when `key` was used before, even long ago.

    `subject_id` is the row's own key as text; `data` maps field names of `wechat.templates` to values;
    `path` (begins with a slash) is what it opens. A person whom nothing reaches gets it as `waiting`: it
    stands in the inbox and in the list of the unreached. Raises ValueError unless one person is named."""
    if (officer_id is None) == (villager_id is None) or not path.startswith("/"):
        raise ValueError("a message has one recipient and a path")
    message_id = uuid.uuid4()
    if not _use_key(session, key, message_id, coarse=coarse):
        return None
    present = clock.now()
    due = due_at or database_now(session)
    message = OutgoingMessage(
        id=message_id,
        kind=kind,
        message_class=message_class or _class_of(kind),
        officer_id=officer_id,
        villager_id=villager_id,
        village_id=village_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        data=data,
        url=path,
        coarse=coarse,
        created_at=clock.whole_day(present) if coarse else present,
        due_at=clock.whole_day(due) if coarse else due,
        state=WorkState.PENDING if reachable(session, officer_id, villager_id) else WorkState.WAITING,
    )
    session.add(message)
    session.flush()
    if message.state is WorkState.PENDING:
        wake_worker(session)
    return message


@dataclass(frozen=True)
class News:
    """One text for many villagers; `key` is completed by each one's own id. See `enqueue` for the fields."""

    kind: MessageKind
    message_class: MessageClass
    village_id: uuid.UUID
    subject_kind: str
    subject_id: str
    data: dict[str, str]
    path: str
    key: str


def enqueue_each(session: Session, news: News, villager_ids: Sequence[uuid.UUID]) -> int:
    """Put the news into the outbox for each of these villagers who can be reached with it now: he follows the
    Official Account, or has a consent left for a template of this kind. Nobody gets the same key twice. How
    many were new."""
    ids = {
        f"{news.key}:{villager_id}": villager_id for villager_id in _within_reach(session, news, villager_ids)
    }
    messages = {key: uuid.uuid4() for key in ids}
    if not ids:
        return 0
    added = session.scalars(
        insert(OutgoingKey)
        .values([{"key": key, "message_id": message_id} for key, message_id in messages.items()])
        .on_conflict_do_nothing()
        .returning(OutgoingKey.key)
    ).all()
    if added:
        shared = {
            "kind": news.kind,
            "message_class": news.message_class,
            "village_id": news.village_id,
            "subject_kind": news.subject_kind,
            "subject_id": news.subject_id,
            "data": news.data,
            "url": news.path,
            "created_at": clock.now(),
            "due_at": database_now(session),
            "state": WorkState.PENDING,
        }
        session.execute(
            insert(OutgoingMessage),
            [shared | {"id": messages[key], "villager_id": ids[key]} for key in added],
        )
        wake_worker(session)
    return len(added)


def _within_reach(session: Session, news: News, villager_ids: Sequence[uuid.UUID]) -> Sequence[uuid.UUID]:
    consent = exists().where(
        SubscriptionGrant.app_id == WechatIdentity.app_id,
        SubscriptionGrant.openid == WechatIdentity.openid,
        SubscriptionGrant.remaining > 0,
        SubscriptionGrant.refused.is_(False),
        MessageTemplate.app_id == SubscriptionGrant.app_id,
        MessageTemplate.template_id == SubscriptionGrant.template_id,
        MessageTemplate.kind == news.kind,
    )
    found = (
        select(WechatIdentity.villager_id)
        .where(WechatIdentity.villager_id.in_(villager_ids), or_(WechatIdentity.subscribed, consent))
        .distinct()
    )
    return session.scalars(found).all()


def release_waiting(
    session: Session, *, officer_id: uuid.UUID | None = None, villager_id: uuid.UUID | None = None
) -> int:
    """After a person became reachable (bound, followed): what waits for him, is unread and not older than
    seven days, is sent now. How many."""
    now = database_now(session)
    released = change(
        session,
        and_(
            recipient(officer_id, villager_id),
            OutgoingMessage.state == WorkState.WAITING,
            OutgoingMessage.read_at.is_(None),
            OutgoingMessage.created_at >= clock.now() - RELEASE_WITHIN,
        ),
        state=WorkState.PENDING,
        attempts=0,
        due_at=day_or(now),
        lease_until=None,
        sent_at=None,
        msgid=None,
        confirmation=Confirmation.NONE,
        confirmed_at=None,
        error_code=None,
        error_text=None,
    )
    if released:
        wake_worker(session)
    return released


def suspend(session: Session, *, officer_id: uuid.UUID) -> int:
    """After an officer's WeChat was unbound: what was to be sent waits in his inbox. How many."""
    mine = and_(recipient(officer_id, None), OutgoingMessage.state == WorkState.PENDING)
    return change(session, mine, state=WorkState.WAITING)


def cleanup(session: Session, *, now: datetime) -> int:
    """Delete keys of sent messages after 90 days and of deliveries after 3; how many."""
    old_sent = delete(OutgoingKey).where(OutgoingKey.created_at < now - KEYS_KEPT)
    old_received = delete(InboundKey).where(InboundKey.received_at < now - INBOUND_KEYS_KEPT)
    return count(session.execute(old_sent)) + count(session.execute(old_received))


def _class_of(kind: MessageKind) -> MessageClass:
    return MessageClass.URGENT if kind in URGENT_KINDS else MessageClass.ORDINARY


def _use_key(session: Session, key: str, message_id: uuid.UUID, *, coarse: bool) -> bool:
    values: dict[str, object] = {"key": key, "message_id": message_id}
    if coarse:
        values["created_at"] = clock.whole_day(clock.now())
    added = session.execute(
        insert(OutgoingKey).values(values).on_conflict_do_nothing().returning(OutgoingKey.key)
    )
    return added.first() is not None
