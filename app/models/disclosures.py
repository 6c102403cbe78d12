"""码上知: categories of the 10+X list, disclosures with immutable versions, attachments."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, Json, Leased, Ordered, RandomKey, str_enum
from app.models.organisations import Organisation


class DisclosureCategory(Base):
    """One entry of the 10+X list (10+X 公开清单). `fixed` ones every village must publish."""

    __tablename__ = "disclosure_category"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    position: Mapped[int]
    fixed: Mapped[bool]
    explanation: Mapped[str] = mapped_column(default="")


class DisclosureState(enum.StrEnum):
    """draft 草稿 → submitted 待审 → returned 退回 | published 已公开 → withdrawn 已撤回."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class DisclosureKind(enum.StrEnum):
    """plain 一般公开; retender_notice 重新招租公告: it answers the end of the contract it is linked to."""

    PLAIN = "plain"
    RETENDER_NOTICE = "retender_notice"


class Disclosure(RandomKey, Created, Base):
    """Something a village publishes (公开事项). What people read is its present version."""

    __tablename__ = "disclosure"
    __table_args__ = (
        Index("ix_disclosure_village_id_state_published_at", "village_id", "state", "published_at"),
        Index(
            "ix_disclosure_public",
            "village_id",
            text("published_at DESC"),
            "id",
            postgresql_where=text("state IN ('published', 'withdrawn')"),
        ),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    category_code: Mapped[str] = mapped_column(ForeignKey("disclosure_category.code"))
    kind: Mapped[DisclosureKind] = mapped_column(str_enum(DisclosureKind), default=DisclosureKind.PLAIN)
    state: Mapped[DisclosureState] = mapped_column(str_enum(DisclosureState), default=DisclosureState.DRAFT)
    period: Mapped[str | None]
    contract_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contract.id"), index=True)
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    reviewer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    review_remark: Mapped[str] = mapped_column(default="")
    submitted_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    notice_until: Mapped[date | None]
    current_version: Mapped[int] = mapped_column(default=1)
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")
    category: Mapped[DisclosureCategory] = relationship(lazy="raise")
    versions: Mapped[list[DisclosureVersion]] = relationship(
        lazy="raise", order_by="DisclosureVersion.number", back_populates="disclosure"
    )

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class DisclosureVersion(RandomKey, Created, Base):
    """One text of a disclosure. `summary` is the plain sentence shown first; `figures` are label/value
    pairs, `table` has `columns` and `rows`. Never changed once published."""

    __tablename__ = "disclosure_version"
    __table_args__ = (UniqueConstraint("disclosure_id", "number"),)

    disclosure_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("disclosure.id"))
    number: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    figures: Mapped[Json] = mapped_column(Ordered, default=dict)
    table: Mapped[Json] = mapped_column(default=dict)
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))

    disclosure: Mapped[Disclosure] = relationship(lazy="raise", back_populates="versions")


class AttachmentOwner(enum.StrEnum):
    """What a file belongs to; `none` while an upload is not yet used."""

    NONE = "none"
    DISCLOSURE = "disclosure"
    COMPLAINT = "complaint"
    COMPLAINT_EVENT = "complaint_event"


class Attachment(RandomKey, Leased, Created, Base):
    """A file. `original` is its content address, `viewing` that of the copy without metadata.

    A picture sent in the chat begins as a media id that the worker fetches (state pending, see
    `WorkState`); an upload is done at once. `upload_digest` lets its uploader, and nobody else, use it."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_owner_kind_owner_id", "owner_kind", "owner_id"),
        Index("ix_attachment_due_at", "due_at", postgresql_where="state IN ('pending', 'claimed')"),
    )

    owner_kind: Mapped[AttachmentOwner] = mapped_column(
        str_enum(AttachmentOwner), default=AttachmentOwner.NONE
    )
    owner_id: Mapped[uuid.UUID | None]
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(default="")
    media_type: Mapped[str | None]
    size: Mapped[int | None]
    original: Mapped[str | None]
    viewing: Mapped[str | None]
    app_id: Mapped[str | None]
    media_id: Mapped[str | None]
    upload_digest: Mapped[str | None] = mapped_column(index=True)
