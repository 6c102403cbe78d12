"""码上办: complaints with their events, assignments, ratings and sealed identities.

All keys are random. The times of an anonymous complaint are whole days everywhere."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Json, RandomKey, str_enum
from app.models.organisations import Organisation
from app.models.people import Officer


class ComplaintCategory(Base):
    """A class of complaints (诉求类别) with its deadlines in work days. `skips_village` sends it past the
    village, for matters about the village's own cadres."""

    __tablename__ = "complaint_category"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    position: Mapped[int]
    accept_days: Mapped[int]
    finish_days: Mapped[int]
    skips_village: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)


class ComplaintState(enum.StrEnum):
    """filed 待受理 → accepted 办理中 → answered 已答复 → closed 已办结; answered → accepted when reopened."""

    FILED = "filed"
    ACCEPTED = "accepted"
    ANSWERED = "answered"
    CLOSED = "closed"


class ComplaintChannel(enum.StrEnum):
    """Where it came in."""

    CHAT = "chat"
    PAGE = "page"
    MINIPROGRAM = "miniprogram"
    PROXY = "proxy"


class Level(enum.StrEnum):
    """Which level handles it."""

    VILLAGE = "village"
    TOWN = "town"
    COUNTY = "county"


class Complaint(RandomKey, Base):
    """A complaint or request (诉求). `villager_id` is null and `receipt_digest` set when anonymous."""

    __tablename__ = "complaint"
    __table_args__ = (
        Index("ix_complaint_village_id_state_filed_at", "village_id", "state", "filed_at"),
        Index("ix_complaint_filed_at_id", "filed_at", "id"),
        Index("ix_complaint_open_finish_at", "finish_at", postgresql_where=text("state <> 'closed'")),
    )

    number: Mapped[str] = mapped_column(unique=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    category_code: Mapped[str] = mapped_column(ForeignKey("complaint_category.code"))
    channel: Mapped[ComplaintChannel] = mapped_column(str_enum(ComplaintChannel))
    state: Mapped[ComplaintState] = mapped_column(str_enum(ComplaintState), default=ComplaintState.FILED)
    level: Mapped[Level] = mapped_column(str_enum(Level), default=Level.VILLAGE)
    anonymous: Mapped[bool] = mapped_column(default=False)
    villager_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("villager.id"), index=True)
    receipt_digest: Mapped[str | None] = mapped_column(unique=True)
    content: Mapped[str]
    filed_at: Mapped[datetime]
    accept_at: Mapped[datetime]
    finish_at: Mapped[datetime]
    promised_on: Mapped[date]
    provisional: Mapped[bool] = mapped_column(default=False)
    accepted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]
    reopened: Mapped[int] = mapped_column(default=0)
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")
    category: Mapped[ComplaintCategory] = relationship(lazy="raise")
    events: Mapped[list[ComplaintEvent]] = relationship(lazy="raise", order_by="ComplaintEvent.position")
    assignments: Mapped[list[Assignment]] = relationship(lazy="raise", order_by="Assignment.since")
    subjects: Mapped[list[ComplaintSubject]] = relationship(lazy="raise")
    rating: Mapped[list[Rating]] = relationship(lazy="raise", order_by="Rating.round")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class EventKind(enum.StrEnum):
    """The steps of a complaint's timeline."""

    FILED = "filed"
    ADDED = "added"
    ASSIGNED = "assigned"
    NOTIFIED = "notified"
    ACCEPTED = "accepted"
    ANSWERED = "answered"
    RATED = "rated"
    REOPENED = "reopened"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    CLOSED = "closed"
    NOTE = "note"


class ComplaintEvent(RandomKey, Base):
    """One step of a complaint, in order of `position`. `visible` ones the complainant sees."""

    __tablename__ = "complaint_event"
    __table_args__ = (UniqueConstraint("complaint_id", "position"),)

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"))
    position: Mapped[int]
    kind: Mapped[EventKind] = mapped_column(str_enum(EventKind))
    at: Mapped[datetime]
    visible: Mapped[bool] = mapped_column(default=True)
    who: Mapped[str]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    text: Mapped[str] = mapped_column(default="")
    data: Mapped[Json] = mapped_column(default=dict)


class Assignment(RandomKey, Base):
    """Whose desk a complaint lies on: an organisation and, when one was found, an officer."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index("ix_assignment_officer_id", "officer_id", postgresql_where=text("until IS NULL")),
    )

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    level: Mapped[Level] = mapped_column(str_enum(Level))
    since: Mapped[datetime]
    until: Mapped[datetime | None]

    officer: Mapped[Officer | None] = relationship(lazy="raise")


class ComplaintSubject(Base):
    """An officer whom a complaint is about: excluded from everything that concerns it (回避)."""

    __tablename__ = "complaint_subject"

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"), primary_key=True)
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officer.id"), primary_key=True, index=True)


class Satisfaction(enum.StrEnum):
    """satisfied 满意, partly 基本满意, unsatisfied 不满意. No answer is "not rated", never satisfied."""

    SATISFIED = "satisfied"
    PARTLY = "partly"
    UNSATISFIED = "unsatisfied"


class Rating(RandomKey, Base):
    """What the complainant thinks of the answer; one per round of answering."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("complaint_id", "round"),)

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"))
    round: Mapped[int]
    satisfaction: Mapped[Satisfaction] = mapped_column(str_enum(Satisfaction))
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class SealedIdentity(Base):
    """Name and phone of a named complainant, sealed (AES-256-GCM, key outside the database)."""

    __tablename__ = "sealed_identity"

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"), primary_key=True)
    sealed: Mapped[str]
