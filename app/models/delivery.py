"""Delivery: the outbox, the inbound journal, templates, consents and platform tokens."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Json, Leased, RandomKey, str_enum


class MessageKind(enum.StrEnum):
    """What a message is about; each kind is mapped to a template of the account in use."""

    COMPLAINT_ASSIGNED = "complaint_assigned"
    COMPLAINT_PROGRESS = "complaint_progress"
    COMPLAINT_OVERDUE = "complaint_overdue"
    WARNING_FIRED = "warning_fired"
    WARNING_DIGEST = "warning_digest"
    REVIEW_REQUESTED = "review_requested"
    TASK_ISSUED = "task_issued"
    DISCLOSURE_PUBLISHED = "disclosure_published"


class MessageClass(enum.StrEnum):
    """What to do when the answer to a send is lost: urgent ones are sent again (rather twice than never),
    ordinary ones only when the platform dedupes them by `client_msg_id`, the rest are left for a person."""

    URGENT = "urgent"
    ORDINARY = "ordinary"


class Confirmation(enum.StrEnum):
    """What the platform reported after accepting (TEMPLATESENDJOBFINISH)."""

    NONE = "none"
    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"


class OutgoingMessage(RandomKey, Leased, Created, Base):
    """The outbox and, at the same time, a person's inbox: one message to one officer or villager.

    `data` maps our field names to values. `url` is what it opens. A message whose person has no reachable
    WeChat identity is `waiting`. Messages about anonymous complaints are `coarse`: all their times are whole
    days. Append-only; ready to be partitioned by month."""

    __tablename__ = "outgoing_message"
    __table_args__ = (
        Index("ix_outgoing_message_due", "due_at", postgresql_where="state IN ('pending', 'claimed')"),
        Index("ix_outgoing_message_officer_id_created_at", "officer_id", "created_at"),
        Index("ix_outgoing_message_villager_id_created_at", "villager_id", "created_at"),
        Index("ix_outgoing_message_state_created_at", "state", "created_at", "id"),
        Index("ix_outgoing_message_msgid", "app_id", "msgid"),
        # How far the news of a published item came.
        Index(
            "ix_outgoing_message_published", "subject_id", postgresql_where="kind = 'disclosure_published'"
        ),
    )

    kind: Mapped[MessageKind] = mapped_column(str_enum(MessageKind))
    message_class: Mapped[MessageClass] = mapped_column(str_enum(MessageClass), default=MessageClass.ORDINARY)
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    villager_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("villager.id"))
    village_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    data: Mapped[Json]
    url: Mapped[str]
    app_id: Mapped[str | None]
    identity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("wechat_identity.id"))
    channel: Mapped[str | None]
    msgid: Mapped[int | None] = mapped_column(BigInteger)
    sent_at: Mapped[datetime | None]
    confirmation: Mapped[Confirmation] = mapped_column(str_enum(Confirmation), default=Confirmation.NONE)
    confirmed_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    coarse: Mapped[bool] = mapped_column(default=False)


class OutgoingKey(Base):
    """Keeps a message's unique key after it was sent, with its own retention."""

    __tablename__ = "outgoing_key"

    key: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[uuid.UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class InboundMessage(Base):
    """The journal of what WeChat sent us, as decrypted. `outcome`: handled, ignored (unknown event), or
    error (a handler failed; kept for repair). Append-only; ready to be partitioned by month."""

    __tablename__ = "inbound_message"
    __table_args__ = (Index("ix_inbound_message_received_at", "received_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    app_id: Mapped[str]
    msg_type: Mapped[str]
    event: Mapped[str | None]
    openid: Mapped[str]
    fields: Mapped[Json]
    outcome: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InboundKey(Base):
    """The wide key of a delivery, with the reply that a retry gets. Kept at least a day."""

    __tablename__ = "inbound_key"

    key: Mapped[str] = mapped_column(primary_key=True)
    inbound_id: Mapped[int | None] = mapped_column(BigInteger)
    reply: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class MessageTemplate(RandomKey, Base):
    """Which template of an account carries a message kind, and which of its keywords each field fills."""

    __tablename__ = "message_template"
    __table_args__ = (UniqueConstraint("app_id", "channel", "kind"),)

    app_id: Mapped[str]
    channel: Mapped[str]
    kind: Mapped[MessageKind] = mapped_column(str_enum(MessageKind))
    template_id: Mapped[str]
    title: Mapped[str]
    mapping: Mapped[Json]
    synced_at: Mapped[datetime]


class SubscriptionGrant(RandomKey, Base):
    """How many subscribe messages of a template a person still accepts (订阅次数). `last_source` is the
    dialog counted last: one dialog is reported by the page and by an event, and counts once."""

    __tablename__ = "subscription_grant"
    __table_args__ = (UniqueConstraint("app_id", "openid", "template_id"),)

    app_id: Mapped[str]
    openid: Mapped[str]
    template_id: Mapped[str]
    remaining: Mapped[int] = mapped_column(default=0)
    refused: Mapped[bool] = mapped_column(default=False)
    last_source: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class AccessToken(Base):
    """A credential of the platform, shared by all processes: `kind` is access_token or jsapi_ticket.

    Refreshed under a lease, early, through `stable_token` in normal mode."""

    __tablename__ = "access_token"

    app_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    forced_on: Mapped[datetime | None]
    forced_count: Mapped[int] = mapped_column(default=0)
