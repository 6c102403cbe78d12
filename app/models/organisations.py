"""Places: the tree of organisations and the places where codes hang."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, RandomKey, str_enum


class OrganisationKind(enum.StrEnum):
    """county 区县, town 镇街, village 村社, department 职能条线."""

    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"
    DEPARTMENT = "department"


class Line(enum.StrEnum):
    """The department whose matter something is (职能条线): agriculture 农业农村, construction 住建,
    civil_affairs 民政, finance 财政; discipline 纪检 is nobody's but the inspectors'."""

    AGRICULTURE = "agriculture"
    CONSTRUCTION = "construction"
    CIVIL_AFFAIRS = "civil_affairs"
    FINANCE = "finance"
    DISCIPLINE = "discipline"


class Organisation(RandomKey, Created, Base):
    """One organisation of the tree. `code` stands in addresses and scenes; `ancestry` holds the ids of
    all organisations above it and its own, so that "within" is one containment test. A department has a
    `line`; its area is that of the organisation above it."""

    __tablename__ = "organisation"
    __table_args__ = (Index("ix_organisation_ancestry", "ancestry", postgresql_using="gin"),)

    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[OrganisationKind] = mapped_column(str_enum(OrganisationKind))
    name: Mapped[str]
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    ancestry: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(UUID(as_uuid=True)))
    households: Mapped[int | None]
    adults: Mapped[int | None]
    introduction: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    line: Mapped[Line | None] = mapped_column(str_enum(Line))

    parent: Mapped[Organisation | None] = relationship(remote_side="Organisation.id", lazy="raise")


class QrPlacement(RandomKey, Created, Base):
    """A place where a village's code hangs (户门 door, 公告栏 board, 小店 shop …).

    `place` is "" for the village's own code. `scene` is the Official Account's permanent scene,
    `miniprogram_scene` the Mini Program's; ticket and url come from the platform."""

    __tablename__ = "qr_placement"
    __table_args__ = (UniqueConstraint("village_id", "place"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    place: Mapped[str] = mapped_column(default="")
    label: Mapped[str] = mapped_column(default="")
    scene: Mapped[str] = mapped_column(unique=True)
    app_id: Mapped[str | None]
    ticket: Mapped[str | None]
    url: Mapped[str | None]
    issued_at: Mapped[datetime | None]
    miniprogram_scene: Mapped[str] = mapped_column(unique=True)
    miniprogram_file: Mapped[str | None]

    village: Mapped[Organisation] = relationship(lazy="raise")


class ScanChannel(enum.StrEnum):
    """Which of a village's codes was scanned."""

    OFFICIAL_ACCOUNT = "official_account"
    PAGE = "page"
    MINIPROGRAM = "miniprogram"


class ScanEvent(Base):
    """One scan, counted by place and channel; it names nobody."""

    __tablename__ = "scan_event"
    __table_args__ = (Index("ix_scan_event_village_id_at", "village_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    place: Mapped[str]
    channel: Mapped[ScanChannel] = mapped_column(str_enum(ScanChannel))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
