"""码上知: what villagers do with what is published: follow, ask, object, sign up, look."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, Json, Leased, RandomKey, str_enum
from app.models.disclosures import Disclosure


class VillageFollow(RandomKey, Created, Base):
    """A villager follows a village (关注): he is told when something is published."""

    __tablename__ = "village_follow"
    __table_args__ = (UniqueConstraint("village_id", "villager_id"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    villager_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("villager.id"), index=True)


class Broadcast(RandomKey, Leased, Created, Base):
    """Telling the followers of a village about one published item; the worker writes the messages in batches.

    One for each version that came out; `reason` is published or corrected. `followers` is how many there
    were, `reached` for how many of them there was a way and a message was made; `after` is the last follow
    that was looked at, so that a killed worker goes on where it was."""

    __tablename__ = "broadcast"
    __table_args__ = (
        UniqueConstraint("disclosure_id", "version"),
        Index("ix_broadcast_due_at", "due_at", postgresql_where="state IN ('pending', 'claimed')"),
    )

    disclosure_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("disclosure.id"))
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    version: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str] = mapped_column(default="published")
    urgent: Mapped[bool] = mapped_column(default=False)
    followers: Mapped[int] = mapped_column(default=0)
    reached: Mapped[int] = mapped_column(default=0)
    after: Mapped[uuid.UUID | None]


class QuestionState(enum.StrEnum):
    """open 待答复 → answered 已答复 | refused 不予公开 (abuse, personal data; the asker sees the reason)."""

    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"


class Question(RandomKey, Created, Base):
    """A question on exactly one published item (提问). The public reads it, without a name, once answered."""

    __tablename__ = "question"
    __table_args__ = (
        Index("ix_question_disclosure_id_state", "disclosure_id", "state"),
        Index("ix_question_open", "village_id", "due_on", postgresql_where="state = 'open'"),
    )

    disclosure_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("disclosure.id"))
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    villager_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("villager.id"), index=True)
    state: Mapped[QuestionState] = mapped_column(str_enum(QuestionState), default=QuestionState.OPEN)
    text: Mapped[str]
    due_on: Mapped[date]
    answer: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    answered_at: Mapped[datetime | None]
    lock_version: Mapped[int] = mapped_column(default=1)

    disclosure: Mapped[Disclosure] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class ObjectionState(enum.StrEnum):
    """open 待核实 → upheld 异议成立 (a correction or withdrawal follows) | explained 已说明."""

    OPEN = "open"
    UPHELD = "upheld"
    EXPLAINED = "explained"


class Objection(RandomKey, Created, Base):
    """An objection raised within an item's notice period (公示异议): while one is open, the item's notice is
    not done. Answered by somebody else than the item's author."""

    __tablename__ = "objection"
    __table_args__ = (
        Index("ix_objection_disclosure_id_state", "disclosure_id", "state"),
        Index("ix_objection_open", "village_id", "due_on", postgresql_where="state = 'open'"),
        Index(
            "ix_objection_one_open",
            "disclosure_id",
            "villager_id",
            unique=True,
            postgresql_where="state = 'open'",
        ),
    )

    disclosure_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("disclosure.id"))
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    villager_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("villager.id"), index=True)
    state: Mapped[ObjectionState] = mapped_column(str_enum(ObjectionState), default=ObjectionState.OPEN)
    text: Mapped[str]
    due_on: Mapped[date]
    answer: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    answered_at: Mapped[datetime | None]
    lock_version: Mapped[int] = mapped_column(default=1)

    disclosure: Mapped[Disclosure] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class TenderState(enum.StrEnum):
    """draft 待公告 → open 报名中 → closed 报名截止 → awarded 已定标 | failed 流标;
    open | closed → cancelled 已取消."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    AWARDED = "awarded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Tender(RandomKey, Created, Base):
    """An invitation to sign up (报名), published with a disclosure. Amounts are fen.

    `requirements` are the fields a sign-up must fill: [{key, label, required}]. Sign-ups are taken from
    publication until `closes_at` (UTC); their number is public, their list is the village office's."""

    __tablename__ = "tender"
    __table_args__ = (Index("ix_tender_closes_at", "closes_at", postgresql_where="state = 'open'"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    disclosure_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("disclosure.id"), unique=True)
    contract_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contract.id"), index=True)
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"), index=True)
    state: Mapped[TenderState] = mapped_column(str_enum(TenderState), default=TenderState.DRAFT)
    title: Mapped[str]
    floor_price_fen: Mapped[int | None] = mapped_column(BigInteger)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime]
    requirements: Mapped[list[Json]] = mapped_column(default=list)
    sign_ups: Mapped[int] = mapped_column(default=0)
    winner: Mapped[str] = mapped_column(default="")
    award_fen: Mapped[int | None] = mapped_column(BigInteger)
    awarded_on: Mapped[date | None]
    remark: Mapped[str] = mapped_column(default="")
    award_disclosure_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("disclosure.id"))
    lock_version: Mapped[int] = mapped_column(default=1)

    disclosure: Mapped[Disclosure] = relationship(lazy="raise", foreign_keys=[disclosure_id])

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class TenderSignUp(RandomKey, Created, Base):
    """One person or firm that signed up. `answers` (name, phone, the required fields) are sealed: only the
    village office opens them. One per villager and tender; he may change or withdraw it until the close."""

    __tablename__ = "tender_sign_up"
    __table_args__ = (UniqueConstraint("tender_id", "villager_id"), UniqueConstraint("tender_id", "number"))

    tender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tender.id"))
    villager_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("villager.id"), index=True)
    number: Mapped[int]
    answers_sealed: Mapped[str]
    withdrawn_at: Mapped[datetime | None]


class PageView(Base):
    """Views of a page on one day, written in batches: `disclosure_id` is null for the village's home page.

    It names nobody. Append-only; a nightly job folds the rows of a day into one."""

    __tablename__ = "page_view"
    __table_args__ = (
        Index("ix_page_view_village_id_day", "village_id", "day", postgresql_include=["count"]),
        Index("ix_page_view_disclosure_id_day", "disclosure_id", "day", postgresql_include=["count"]),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    disclosure_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("disclosure.id"))
    day: Mapped[date]
    count: Mapped[int]


class ImportState(enum.StrEnum):
    """reading 读取中 → mapping 待对应列 | previewed 已预览 → applying 导入中 → applied 已导入;
    refused 有错误未导入."""

    READING = "reading"
    MAPPING = "mapping"
    PREVIEWED = "previewed"
    APPLYING = "applying"
    APPLIED = "applied"
    REFUSED = "refused"


class ImportBatch(RandomKey, Created, Base):
    """One workbook that was uploaded for import (导入): what it was read as, and what came of it.

    `done` of `total` rows show how far a long one is; `export_id`: the worker's task for it; `mapping`: which
    column of the file is which field, where somebody said so."""

    __tablename__ = "import_batch"

    kind: Mapped[str]
    category_code: Mapped[str | None] = mapped_column(ForeignKey("disclosure_category.code"))
    file: Mapped[str]
    file_name: Mapped[str]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    requested_by: Mapped[str]
    state: Mapped[ImportState] = mapped_column(str_enum(ImportState))
    rows: Mapped[int] = mapped_column(default=0)
    errors: Mapped[list[Json]] = mapped_column(default=list)
    result: Mapped[Json] = mapped_column(default=dict)
    applied_at: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    total: Mapped[int] = mapped_column(default=0, server_default="0")
    export_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("export.id"))
    mapping: Mapped[Json] = mapped_column(default=dict, server_default="{}")


class ImportMapping(RandomKey, Created, Base):
    """Which column of a sort of file is which field (列对应), as its owner last said: found again by the kind
    of ledger and `signature`, the digest of the file's headers. `owner` is kind:id of the actor."""

    __tablename__ = "import_mapping"
    __table_args__ = (UniqueConstraint("owner", "kind", "signature"),)

    owner: Mapped[str]
    kind: Mapped[str]
    signature: Mapped[str]
    mapping: Mapped[Json]
