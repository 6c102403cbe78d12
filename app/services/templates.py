"""Which template of an account carries which kind of message (消息模板). What matches is decided by
`wechat.templates`; here it is written and looked up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.models import MessageTemplate
from app.models.delivery import MessageKind
from app.services import access, audit
from app.services.actors import Actor


@dataclass(frozen=True)
class Chosen:
    """The template of an account for one kind: our field names → its keywords."""

    template_id: str
    title: str
    mapping: Mapping[str, str]


def replace(
    session: Session, *, acting: Actor, app_id: str, channel: str, chosen: Mapping[MessageKind, Chosen]
) -> None:
    """Make `chosen` all the templates of one account and channel; kinds that are not in it have none."""
    gone = [kind for kind in MessageKind if kind not in chosen]
    session.execute(
        delete(MessageTemplate).where(
            MessageTemplate.app_id == app_id,
            MessageTemplate.channel == channel,
            MessageTemplate.kind.in_(gone),
        )
    )
    for kind, one in chosen.items():
        values = {
            "template_id": one.template_id,
            "title": one.title,
            "mapping": dict(one.mapping),
            "synced_at": clock.now(),
        }
        session.execute(
            insert(MessageTemplate)
            .values(app_id=app_id, channel=channel, kind=kind, **values)
            .on_conflict_do_update(index_elements=["app_id", "channel", "kind"], set_=values)
        )
    audit.record(
        session,
        acting=acting,
        action="templates.synced",
        noun="account",
        noun_id=app_id,
        channel=channel,
        kinds=sorted(chosen),
    )


def find(session: Session, *, app_id: str, channel: str, kind: MessageKind) -> MessageTemplate | None:
    """The template of an account for one kind of message."""
    return session.scalar(
        select(MessageTemplate).where(
            MessageTemplate.app_id == app_id,
            MessageTemplate.channel == channel,
            MessageTemplate.kind == kind,
        )
    )


def listing(session: Session, *, app_id: str, channel: str) -> list[MessageTemplate]:
    """The templates of one account and channel, by kind."""
    return list(
        session.scalars(
            select(MessageTemplate)
            .where(MessageTemplate.app_id == app_id, MessageTemplate.channel == channel)
            .order_by(MessageTemplate.kind)
        )
    )


def all_of(session: Session, *, acting: Actor, app_ids: Collection[str]) -> Sequence[MessageTemplate]:
    """The templates of these accounts, by account, channel and kind."""
    access.require_administrator(acting)
    query = select(MessageTemplate).where(MessageTemplate.app_id.in_(app_ids))
    order = (MessageTemplate.app_id, MessageTemplate.channel, MessageTemplate.kind)
    return session.scalars(query.order_by(*order)).all()


def missing(
    session: Session, *, app_id: str, channel: str, kinds: Collection[MessageKind]
) -> list[MessageKind]:
    """Those of `kinds` for which this account has no usable template, as of the last sync."""
    known = set(
        session.scalars(
            select(MessageTemplate.kind).where(
                MessageTemplate.app_id == app_id, MessageTemplate.channel == channel
            )
        )
    )
    return [kind for kind in kinds if kind not in known]
