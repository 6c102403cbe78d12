"""码上办: what protects people: sealed names, unsealing, public versions, erasure."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Json, RandomKey, str_enum


class SealedIdentity(Base):
    """Name and phone of a named complainant, sealed (AES-256-GCM, key outside the database)."""

    __tablename__ = "sealed_identity"

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"), primary_key=True)
    sealed: Mapped[str]


class UnsealState(enum.StrEnum):
    """requested 待批准 → approved 已批准 | refused 未批准; approved → lapsed 已过期 after its time."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    LAPSED = "lapsed"


class UnsealRequest(RandomKey, Base):
    """Somebody asks to see who filed a complaint (调阅身份): with a reason, decided by a second person one
    level up or at the county, seen by the complainant at once. Whether there is a name at all is told only
    after approval. Readable until `open_until` (UTC); `opened` counts the readings. Of anonymous complaints
    the times are whole days."""

    __tablename__ = "unseal_request"
    __table_args__ = (
        Index(
            "uq_unseal_request_open",
            "complaint_id",
            "requested_by",
            unique=True,
            postgresql_where=text("state = 'requested'"),
        ),
    )

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"), index=True)
    requested_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("officer.id"))
    reason: Mapped[str]
    requested_at: Mapped[datetime]
    state: Mapped[UnsealState] = mapped_column(str_enum(UnsealState), default=UnsealState.REQUESTED)
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    decided_at: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(default="")
    open_until: Mapped[datetime | None]
    opened: Mapped[int] = mapped_column(default=0)


class PublicState(enum.StrEnum):
    """drafted 待审核 → published 已公开 → withdrawn 已撤下; drafted → withdrawn."""

    DRAFTED = "drafted"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class PublicAnswer(RandomKey, Created, Base):
    """The public version of an answered complaint (公开答复), where the complainant agreed: written anew
    without names, checked by the privacy gate and by a second person, shown on the village page. Reports
    about cadres never have one."""

    __tablename__ = "public_answer"
    __table_args__ = (Index("ix_public_answer_village_id_published_at", "village_id", "published_at"),)

    complaint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("complaint.id"), unique=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    question: Mapped[str]
    answer: Mapped[str]
    state: Mapped[PublicState] = mapped_column(str_enum(PublicState), default=PublicState.DRAFTED)
    drafted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("officer.id"))
    reviewed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(default="")
    lock_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class ErasureKind(enum.StrEnum):
    """anonymise 去标识 (who filed it is forgotten, what and how it was answered stays), delete 删除 (the
    words and files go, a tombstone with number, class, village and days stays)."""

    ANONYMISE = "anonymise"
    DELETE = "delete"


class ErasureState(enum.StrEnum):
    """proposed 待批准 → approved 已批准 → done 已执行; proposed → refused 未批准."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DONE = "done"
    REFUSED = "refused"


class Erasure(RandomKey, Base):
    """A round of clearing (到期清理): what is past its time on `as_of`, by class, proposed by one person and
    approved by another. `counts`: by class, what the dry run found, and how many were held back by legal
    holds; what is cleared is looked up anew when it runs."""

    __tablename__ = "erasure"

    kind: Mapped[ErasureKind] = mapped_column(str_enum(ErasureKind))
    as_of: Mapped[date]
    reason: Mapped[str]
    state: Mapped[ErasureState] = mapped_column(str_enum(ErasureState), default=ErasureState.PROPOSED)
    counts: Mapped[Json] = mapped_column(default=dict)
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    erased: Mapped[int] = mapped_column(default=0)
