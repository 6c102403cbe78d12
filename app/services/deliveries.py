"""What a worker asks of and writes into the outbox: claims in order, ways to a person, results.

Every result is taken only from the claim that is still the present one. Machinery: the use case that
enqueued the message left the audit row.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    cast,
    exists,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, aliased

from app.core import clock
from app.core.db import database_now, wake_worker
from app.models import InboundMessage, MessageTemplate, OutgoingMessage, SubscriptionGrant, WechatIdentity
from app.models.base import WorkState
from app.models.delivery import Confirmation, MessageClass
from app.services import claims, grants, inbound, outbox

# A minute less than the platform's ten, for clocks and for the way there.
SAFE_REPEAT = outbox.REPEAT_WINDOW - timedelta(minutes=1)
SAFE_COARSE_ATTEMPTS = 5


class Channel(enum.StrEnum):
    """How a message travels: template 模板消息 to followers of the Official Account; for one consent each,
    subscribe 订阅消息 of the Mini Program and bizsend 订阅通知 of the Official Account."""

    TEMPLATE = "template"
    SUBSCRIBE = "subscribe"
    BIZSEND = "bizsend"


@dataclass(frozen=True)
class Way:
    """One way to a person: whose account, which openid, which template and its mapping of fields."""

    channel: Channel
    identity_id: uuid.UUID
    app_id: str
    openid: str = field(repr=False)
    template_id: str
    mapping: Mapping[str, str]


@dataclass(frozen=True)
class Ways:
    """The ways to a person in the order of preference; `without_template` says that there would be one more
    if the account had a template for this kind."""

    ways: tuple[Way, ...]
    without_template: bool


@dataclass(frozen=True)
class Crowd:
    """Accounts that have as many calls in hand as they may: `followers` of the Official Account `official`
    are left waiting for now, or everybody else."""

    official: str = ""
    followers: bool = False
    others: bool = False


def claim(
    session: Session,
    *,
    owner: str,
    limit: int,
    lease_seconds: float,
    now: datetime | None = None,
    crowd: Crowd | None = None,
) -> list[OutgoingMessage]:
    """Due messages, at most one per person: the next one goes out when the one before has come to an end, so
    that nobody reads the answer before the question, and nobody is written to twice at once."""
    moment = now or database_now(session)
    first = [
        _first_in_line(person, moment) for person in (OutgoingMessage.officer_id, OutgoingMessage.villager_id)
    ]
    return claims.claim(
        session,
        OutgoingMessage,
        owner=owner,
        limit=limit,
        lease_seconds=lease_seconds,
        now=moment,
        where=(*first, *_not_crowded(crowd or Crowd())),
        order=(OutgoingMessage.due_at, OutgoingMessage.created_at),
    )


def _first_in_line(person: Any, now: datetime) -> ColumnElement[bool]:
    """Nothing older to the same person is due, in hand or being retried. (One that is not due yet and was
    never tried does not hold up the rest.)"""
    earlier = aliased(OutgoingMessage)
    return ~exists().where(
        getattr(earlier, person.key) == person,
        earlier.state.in_([WorkState.PENDING, WorkState.CLAIMED]),
        or_(earlier.due_at <= now, earlier.fence > 0),
        tuple_(earlier.created_at, earlier.id) < tuple_(OutgoingMessage.created_at, OutgoingMessage.id),
    )


def _not_crowded(crowd: Crowd) -> list[ColumnElement[bool]]:
    follower = exists().where(
        WechatIdentity.app_id == crowd.official,
        WechatIdentity.subscribed,
        or_(
            WechatIdentity.officer_id == OutgoingMessage.officer_id,
            WechatIdentity.villager_id == OutgoingMessage.villager_id,
        ),
    )
    return [~follower] * crowd.followers + [follower] * crowd.others


def ways(session: Session, message: OutgoingMessage, *, official: str, miniprogram: str) -> Ways:
    """How this message can reach its person now, given the two app ids (empty: not configured)."""
    mine = WechatIdentity.officer_id == message.officer_id
    if message.officer_id is None:
        mine = WechatIdentity.villager_id == message.villager_id
    newest_first = WechatIdentity.last_seen_at.desc().nulls_last()
    identities = session.scalars(
        select(WechatIdentity)
        .where(mine, WechatIdentity.app_id.in_([official, miniprogram]))
        .order_by(newest_first, WechatIdentity.created_at)
    ).all()
    templates = {
        (row.app_id, row.channel): row
        for row in session.scalars(select(MessageTemplate).where(MessageTemplate.kind == message.kind))
    }
    found: list[Way] = []
    lacking = False
    for channel, app_id in (
        (Channel.TEMPLATE, official),
        (Channel.SUBSCRIBE, miniprogram),
        (Channel.BIZSEND, official),
    ):
        template = templates.get((app_id, channel))
        for identity in identities:
            if identity.app_id != app_id or (channel is Channel.TEMPLATE and not identity.subscribed):
                continue
            if template is None:
                lacking = lacking or channel is Channel.TEMPLATE
            elif channel is Channel.TEMPLATE or _granted(session, identity, template.template_id):
                found.append(_way(channel, identity, template))
    return Ways(tuple(found), lacking)


def _way(channel: Channel, identity: WechatIdentity, template: MessageTemplate) -> Way:
    return Way(channel, identity.id, identity.app_id, identity.openid, template.template_id, template.mapping)


def _granted(session: Session, identity: WechatIdentity, template_id: str) -> bool:
    grant = select(SubscriptionGrant.id).where(
        SubscriptionGrant.app_id == identity.app_id,
        SubscriptionGrant.openid == identity.openid,
        SubscriptionGrant.template_id == template_id,
        SubscriptionGrant.remaining > 0,
        SubscriptionGrant.refused.is_(False),
    )
    return session.scalar(grant) is not None


def may_repeat(message: OutgoingMessage, now: datetime) -> bool:
    """Whether a message whose earlier send may have arrived can be sent again: urgent ones rather twice than
    never; ordinary ones while the platform drops repetitions of the same message number. Of coarse ones no
    time is kept: their first five attempts lie within those minutes."""
    if message.message_class is MessageClass.URGENT:
        return True
    if message.channel != Channel.TEMPLATE or message.sent_at is None:
        return False
    if message.coarse:
        return message.attempts <= SAFE_COARSE_ATTEMPTS
    return now - message.sent_at < SAFE_REPEAT


def sent_by_hand(message: OutgoingMessage) -> bool:
    """Whether a claimed message was made new by a person (outbox.resend): tried before, but nothing of that
    is left. It may knock at a paused account once. A message that found no free slot, or was released for a
    new follower, looks the same and costs a call at most."""
    return message.fence > 1 and message.attempts == 1 and message.error_code is None


def begin(session: Session, message: OutgoingMessage, way: Way) -> bool:
    """Note, before anything is sent, which way is taken, and when this was first tried. Committed before the
    call: whoever inherits the claim of a worker that died in the middle knows that it may have been sent.
    False when the claim was lost."""
    now = clock.now()
    first = message.sent_at or (clock.whole_day(now) if message.coarse else now)
    return claims.note(
        session,
        message,
        channel=way.channel,
        app_id=way.app_id,
        identity_id=way.identity_id,
        sent_at=first,
        msgid=None,
    )


def accepted(session: Session, message: OutgoingMessage, way: Way, msgid: int | None) -> bool:
    """The platform took it. Applies a report that came before this."""
    now = clock.now()
    kept = claims.finish(
        session,
        message,
        WorkState.DONE,
        msgid=msgid,
        sent_at=clock.whole_day(now) if message.coarse else now,
        confirmation=Confirmation.NONE,
        confirmed_at=None,
    )
    if kept and msgid is not None:
        status = session.scalar(
            select(InboundMessage.fields["Status"].astext)
            .where(
                inbound.unused_reports(),
                inbound.reported_id() == str(msgid),
                InboundMessage.app_id == way.app_id,
            )
            .limit(1)
        )
        if status is not None:
            outbox.confirm(session, app_id=way.app_id, msgid=msgid, status=status)
    return kept


def take_consent(session: Session, way: Way) -> bool:
    """Use up one consent where the channel wants one, before sending; False when none is left."""
    if way.channel is Channel.TEMPLATE:
        return True
    return grants.take(session, app_id=way.app_id, openid=way.openid, template_id=way.template_id)


def return_consent(session: Session, way: Way) -> None:
    """The message was certainly not sent: the consent is still there."""
    if way.channel is not Channel.TEMPLATE:
        grants.give_back(session, app_id=way.app_id, openid=way.openid, template_id=way.template_id)


def refused_by_person(session: Session, way: Way, errcode: int) -> None:
    """The person cannot be reached this way: 43004 does not follow any more; 43101 no consent left."""
    if way.channel is not Channel.TEMPLATE:
        grants.exhausted(session, app_id=way.app_id, openid=way.openid, template_id=way.template_id)
    elif errcode == 43004:
        session.execute(
            update(WechatIdentity).where(WechatIdentity.id == way.identity_id).values(subscribed=False)
        )


def rest(session: Session, message: OutgoingMessage, state: WorkState, error: str, reason: str) -> bool:
    """Come to rest as waiting, failed (dead letter) or unknown, with a code and a reason for people.

    Only `unknown` keeps the note of when it was handed over: the others never left or were refused."""
    values: dict[str, object] = {} if state is WorkState.UNKNOWN else {"sent_at": message.sent_at}
    return claims.finish(session, message, state, error_code=error, error_text=reason, **values)


def recover(session: Session, *, now: datetime) -> tuple[int, int]:
    """Once a minute: apply reports that slipped past both transactions, and send what waits for people who
    became reachable without anybody saying so. How many of each; wakes workers for expired leases too."""
    reports = _apply_missed_reports(session, now)
    released = 0
    subscribed = exists().where(
        WechatIdentity.subscribed,
        or_(
            and_(WechatIdentity.officer_id == OutgoingMessage.officer_id),
            and_(WechatIdentity.villager_id == OutgoingMessage.villager_id),
        ),
    )
    people = session.execute(
        select(OutgoingMessage.officer_id, OutgoingMessage.villager_id)
        .where(
            OutgoingMessage.state == WorkState.WAITING,
            OutgoingMessage.error_code.is_(None),
            OutgoingMessage.read_at.is_(None),
            OutgoingMessage.created_at >= now - outbox.RELEASE_WITHIN,
            subscribed,
        )
        .distinct()
    ).all()
    for officer_id, villager_id in people:
        released += outbox.release_waiting(session, officer_id=officer_id, villager_id=villager_id)
    wake_worker(session)
    return reports, released


def _apply_missed_reports(session: Session, now: datetime) -> int:
    unreported = session.execute(
        select(OutgoingMessage, InboundMessage.fields["Status"].astext)
        .join(
            InboundMessage,
            and_(
                InboundMessage.app_id == OutgoingMessage.app_id,
                inbound.reported_id() == cast(OutgoingMessage.msgid, String),
            ),
        )
        .where(
            OutgoingMessage.state == WorkState.DONE,
            OutgoingMessage.confirmation == Confirmation.NONE,
            OutgoingMessage.created_at > now - timedelta(days=8),
            inbound.unused_reports(),
        )
        .with_for_update(of=OutgoingMessage, skip_locked=True)
    ).all()
    for message, status in unreported:
        outbox.apply_report(session, message, status or "")
    return len(unreported)
