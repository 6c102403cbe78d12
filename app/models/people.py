"""People: officers with their appointments, villagers, their WeChat identities, bindings and sessions."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, RandomKey, str_enum
from app.models.organisations import Organisation


class Role(enum.StrEnum):
    """What an officer is appointed as: 信息员, 联络员, 镇街纪检, 区纪委, 职能部门, 平台管理员."""

    INFORMATION_OFFICER = "information_officer"
    LIAISON_OFFICER = "liaison_officer"
    TOWN_INSPECTOR = "town_inspector"
    COUNTY_INSPECTOR = "county_inspector"
    DEPARTMENT_HANDLER = "department_handler"
    ADMINISTRATOR = "administrator"


class Duty(enum.StrEnum):
    """The line of an appointment. Supervising publication (监督公开) and answering complaints (答复诉求) are
    two appointments, held by one person or by two; `general` is everything else."""

    GENERAL = "general"
    PUBLICATION = "publication"
    COMPLAINTS = "complaints"


class Officer(RandomKey, Created, Base):
    """Somebody who works in the system. `login` and password open the desk where WeChat does not."""

    __tablename__ = "officer"

    name: Mapped[str]
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    phone: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)

    appointments: Mapped[list[Appointment]] = relationship(
        back_populates="officer", lazy="raise", order_by="Appointment.since"
    )


class Appointment(RandomKey, Base):
    """An officer's role at an organisation for a time (UTC); `until` is null while it lasts. `leads`: he
    heads it (主要负责人); whoever else serves there or below it is his subordinate."""

    __tablename__ = "appointment"
    __table_args__ = (Index("ix_appointment_organisation_id_role", "organisation_id", "role"),)

    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officer.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    role: Mapped[Role] = mapped_column(str_enum(Role))
    duty: Mapped[Duty] = mapped_column(str_enum(Duty), default=Duty.GENERAL)
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    until: Mapped[datetime | None]
    leads: Mapped[bool] = mapped_column(default=False, server_default="false")

    officer: Mapped[Officer] = relationship(back_populates="appointments", lazy="raise")
    organisation: Mapped[Organisation] = relationship(lazy="raise")


class Villager(RandomKey, Created, Base):
    """A person known only through WeChat. `display_name` is what he calls himself, if anything."""

    __tablename__ = "villager"

    display_name: Mapped[str | None]
    phone_sealed: Mapped[str | None]


class WechatIdentity(RandomKey, Created, Base):
    """One person in one of our WeChat apps. Belongs to a villager always, to an officer when bound."""

    __tablename__ = "wechat_identity"
    __table_args__ = (UniqueConstraint("app_id", "openid"),)

    app_id: Mapped[str]
    openid: Mapped[str]
    unionid: Mapped[str | None] = mapped_column(index=True)
    villager_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("villager.id"), index=True)
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"), index=True)
    subscribed: Mapped[bool] = mapped_column(default=False)
    village_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    last_seen_at: Mapped[datetime | None]


class Binding(RandomKey, Created, Base):
    """A one-time code that ties an officer to the openid that scans it.

    issued → bound → unbound; issued → expired. `scene` is stored as a digest only."""

    __tablename__ = "binding"

    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officer.id"), index=True)
    scene_digest: Mapped[str] = mapped_column(unique=True)
    ticket_url: Mapped[str | None]
    expires_at: Mapped[datetime]
    issued_by: Mapped[str]
    identity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("wechat_identity.id"))
    bound_at: Mapped[datetime | None]
    unbound_at: Mapped[datetime | None]


class SessionKind(enum.StrEnum):
    """page: a cookie of the H5 pages; miniprogram: a Mini Program login; token: a REST bearer token."""

    PAGE = "page"
    MINIPROGRAM = "miniprogram"
    TOKEN = "token"  # noqa: S105  (a name, not a secret)


class LoginSession(RandomKey, Created, Base):
    """A login: opaque, revocable, stored as a digest. Exactly one of villager, officer and administrator
    (`label`, for tokens made on the command line) is meant."""

    __tablename__ = "login_session"
    __table_args__ = (
        Index("ix_login_session_expires_at", "expires_at", postgresql_where=text("revoked_at IS NULL")),
    )

    digest: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[SessionKind] = mapped_column(str_enum(SessionKind))
    villager_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("villager.id"))
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"), index=True)
    label: Mapped[str | None]
    session_key_sealed: Mapped[str | None]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
