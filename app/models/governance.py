"""How a village decides and who belongs to it: meetings, members, declared relations, households."""

from __future__ import annotations

import enum
import uuid
from datetime import date

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, RandomKey, str_enum
from app.models.ledgers import LedgerRow
from app.models.organisations import Organisation


class MeetingKind(enum.StrEnum):
    """villagers 村民会议, representatives 村民代表会议, committee 村两委会议, supervision 监督委员会会议,
    members 成员(代表)大会."""

    VILLAGERS = "villagers"
    REPRESENTATIVES = "representatives"
    COMMITTEE = "committee"
    SUPERVISION = "supervision"
    MEMBERS = "members"


class Meeting(RandomKey, LedgerRow, Base):
    """A meeting and what it decided (会议与表决). `entitled`: how many should have come."""

    __tablename__ = "meeting"
    __table_args__ = (
        UniqueConstraint("village_id", "number"),
        Index("ix_meeting_village_id_held_on", "village_id", "held_on"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    kind: Mapped[MeetingKind] = mapped_column(str_enum(MeetingKind))
    held_on: Mapped[date]
    noticed_on: Mapped[date | None]
    title: Mapped[str]
    resolution: Mapped[str] = mapped_column(default="", server_default="")
    entitled: Mapped[int | None]
    present: Mapped[int | None]
    votes_for: Mapped[int | None]
    votes_against: Mapped[int | None]
    votes_abstained: Mapped[int | None]
    town_approval: Mapped[str | None]
    town_approved_on: Mapped[date | None]

    village: Mapped[Organisation] = relationship(lazy="raise")


class Member(RandomKey, LedgerRow, Base):
    """A member of the collective (成员名册); `household` is the number of his household."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("village_id", "household", "name_key"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    household: Mapped[str]
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(default="", server_default="")
    person_digest: Mapped[str | None]
    group_name: Mapped[str] = mapped_column(default="", server_default="")
    joined_on: Mapped[date | None]
    left_on: Mapped[date | None]

    village: Mapped[Organisation] = relationship(lazy="raise")


class RelationKind(enum.StrEnum):
    """self 本人, spouse 配偶, child 子女, parent 父母, sibling 兄弟姐妹, in_law 姻亲, firm 本人或亲属的企业,
    other 其他."""

    SELF = "self"
    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    IN_LAW = "in_law"
    FIRM = "firm"
    OTHER = "other"


class Relation(RandomKey, LedgerRow, Base):
    """A declared relation of a village cadre (干部亲属申报): `party` is his kin, their firm, or he himself.

    `officer_id` and `party_officer_id` tie the two to officers of this system where they are."""

    __tablename__ = "relation"
    __table_args__ = (
        UniqueConstraint("village_id", "cadre_key", "kind", "party_key"),
        Index("ix_relation_village_id_party_key", "village_id", "party_key"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    cadre: Mapped[str]
    cadre_key: Mapped[str] = mapped_column(default="", server_default="")
    post: Mapped[str] = mapped_column(default="", server_default="")
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"), index=True)
    kind: Mapped[RelationKind] = mapped_column(str_enum(RelationKind))
    party: Mapped[str]
    party_key: Mapped[str] = mapped_column(default="", server_default="")
    party_digest: Mapped[str | None]
    party_officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"), index=True)
    declared_on: Mapped[date | None]
    ended_on: Mapped[date | None]

    village: Mapped[Organisation] = relationship(lazy="raise")


class HouseholdCount(RandomKey, LedgerRow, Base):
    """How many households, adults and members a village had in a year (户数人口). The newest year also stands
    at the village itself."""

    __tablename__ = "household_count"
    __table_args__ = (UniqueConstraint("village_id", "year"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    year: Mapped[int]
    households: Mapped[int]
    adults: Mapped[int | None]
    members: Mapped[int | None]

    village: Mapped[Organisation] = relationship(lazy="raise")
