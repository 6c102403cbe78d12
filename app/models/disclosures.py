"""码上知: disclosures with immutable versions, their files, and the index for searching them."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, Json, Leased, Ordered, RandomKey, str_enum
from app.models.categories import DisclosureCategory
from app.models.organisations import Organisation


class DisclosureState(enum.StrEnum):
    """draft 草稿 → submitted 待审 → returned 退回 | approved 待定时公开 | published 已公开;
    published → withdrawn 已撤回."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETURNED = "returned"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class DisclosureKind(enum.StrEnum):
    """plain 一般公开; retender_notice 重新招租公告: it answers the end of the contract it is linked to;
    tender_notice 招标公告; award_notice 中标公示; urgent_notice 紧急通知 (联防联控): reviewed at
    once, pinned, and over by itself."""

    PLAIN = "plain"
    RETENDER_NOTICE = "retender_notice"
    TENDER_NOTICE = "tender_notice"
    AWARD_NOTICE = "award_notice"
    URGENT_NOTICE = "urgent_notice"


class Disclosure(RandomKey, Created, Base):
    """Something a village publishes (公开事项). What people read is its present version.

    `proposed_version` is a correction that waits for review beside the public one: `proposed_state` is
    draft, submitted or returned. `notice_days` are counted from publication in the unit of the category;
    `notice_until` is their last day. `publish_at`: when an approved item comes out by itself. `expires_at`:
    when an urgent notice is over. `review_due_at`: by when to decide (UTC), null when nothing
    waits for him; `review_reminders`: how many of its reminders went out."""

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
        Index(
            "ix_disclosure_public_category",
            "village_id",
            "category_code",
            text("published_at DESC"),
            "id",
            postgresql_where=text("state IN ('published', 'withdrawn')"),
        ),
        Index("ix_disclosure_publish_at", "publish_at", postgresql_where=text("state = 'approved'")),
        Index(
            "ix_disclosure_review_due_at", "review_due_at", postgresql_where=text("review_due_at IS NOT NULL")
        ),
        Index(
            "ix_disclosure_persons",
            "notice_until",
            postgresql_where=text("persons AND reduced_at IS NULL AND state IN ('published', 'withdrawn')"),
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
    notice_days: Mapped[int | None]
    notice_until: Mapped[date | None]
    publish_at: Mapped[datetime | None]
    review_due_at: Mapped[datetime | None]
    review_reminders: Mapped[int] = mapped_column(default=0, server_default="0")
    expires_at: Mapped[datetime | None]
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"), index=True)
    withdrawn_at: Mapped[datetime | None]
    withdrawn_because: Mapped[str] = mapped_column(default="", server_default="")
    # Whether it holds data of single persons, and when they were taken out after its notice.
    persons: Mapped[bool] = mapped_column(default=False, server_default="false")
    reduced_at: Mapped[datetime | None]
    current_version: Mapped[int] = mapped_column(default=1)
    proposed_version: Mapped[int | None]
    proposed_state: Mapped[DisclosureState | None] = mapped_column(str_enum(DisclosureState))
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")
    category: Mapped[DisclosureCategory] = relationship(lazy="raise")
    versions: Mapped[list[DisclosureVersion]] = relationship(
        lazy="raise", order_by="DisclosureVersion.number", back_populates="disclosure"
    )

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class DisclosureVersion(RandomKey, Created, Base):
    """One text of a disclosure. `summary` is the plain sentence shown first; `figures` are label/value
    pairs, `table` has `columns` and `rows`: all of this is public.

    `filled` and `records` are what the officer filled into the category's fields and columns; figures and
    table are made from them and hold only what the public may see. Never changed once published, except that
    data of persons are taken out after the notice (`reduced`). `reason` says why a correction was made;
    `salt` makes its digest in the village's chain unguessable."""

    __tablename__ = "disclosure_version"
    __table_args__ = (UniqueConstraint("disclosure_id", "number"),)

    disclosure_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("disclosure.id"))
    number: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    figures: Mapped[Json] = mapped_column(Ordered, default=dict)
    table: Mapped[Json] = mapped_column(default=dict)
    filled: Mapped[Json] = mapped_column(Ordered, default=dict, server_default="[]")
    records: Mapped[list[Json]] = mapped_column(default=list, server_default="[]")
    reason: Mapped[str] = mapped_column(default="", server_default="")
    published_at: Mapped[datetime | None]
    salt: Mapped[str | None]
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    reviewer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))

    disclosure: Mapped[Disclosure] = relationship(lazy="raise", back_populates="versions")


class AttachmentOwner(enum.StrEnum):
    """What a file belongs to; `none` while an upload is not yet used."""

    NONE = "none"
    DISCLOSURE = "disclosure"
    COMPLAINT = "complaint"
    COMPLAINT_EVENT = "complaint_event"
    WARNING_EVENT = "warning_event"
    CAMPAIGN_ANSWER = "campaign_answer"


class Attachment(RandomKey, Leased, Created, Base):
    """A file. `original` is its content address, `viewing` that of the copy without metadata, `preview` a
    picture of a PDF's first page.

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
    # A disclosure's file is shown from one version on, until a correction drops it.
    since_version: Mapped[int] = mapped_column(default=1, server_default="1")
    dropped_in_version: Mapped[int | None]
    preview: Mapped[str | None]
    media_type: Mapped[str | None]
    size: Mapped[int | None]
    original: Mapped[str | None]
    viewing: Mapped[str | None]
    app_id: Mapped[str | None]
    media_id: Mapped[str | None]
    upload_digest: Mapped[str | None] = mapped_column(index=True)


class DisclosureSearch(Base):
    """The search index over what is published: tokens of the present version, long texts in several parts.

    `tokens` also carries the village as a token of its own, so that one index answers "these words in this
    village"."""

    __tablename__ = "disclosure_search"
    __table_args__ = (Index("ix_disclosure_search_tokens", "tokens", postgresql_using="gin"),)

    disclosure_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("disclosure.id", ondelete="CASCADE"), primary_key=True
    )
    part: Mapped[int] = mapped_column(primary_key=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    tokens: Mapped[str] = mapped_column(TSVECTOR)
