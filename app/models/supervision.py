"""码上督: what follows from warnings and ledgers: arrears on the village page, campaigns, portraits."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, Json, RandomKey, str_enum
from app.models.income import Receivable
from app.models.organisations import Organisation


class CountySetting(Base):
    """A setting that the county changes while the system runs (weights, switches, ladders), by name. Without
    a row the default in the code holds. Its history is in `setting_history` under the noun `setting`."""

    __tablename__ = "county_setting"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Json]


class ArrearsState(enum.StrEnum):
    """prepared 待送达 → served 已预告 (the debtor knows the day of publication) → published 已公示 →
    removed 已销号; prepared | served → settled 公示前已缴清 | cancelled 已取消."""

    PREPARED = "prepared"
    SERVED = "served"
    PUBLISHED = "published"
    REMOVED = "removed"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class ArrearsNotice(RandomKey, Created, Base):
    """Rent that is overdue, on its way to the village page and off it (精准监督). `debtor_shown` is how the
    page names the debtor: a firm by its name, a person by surname and group. `publish_on`: the day named in
    the pre-notice; `served_how`: how the debtor got it (当面送达, 电话, 邮寄, 微信). Amounts are fen."""

    __tablename__ = "arrears_notice"
    __table_args__ = (
        Index(
            "uq_arrears_notice_open",
            "receivable_id",
            unique=True,
            postgresql_where=text("state IN ('prepared', 'served', 'published')"),
        ),
        Index("ix_arrears_notice_village_id_state", "village_id", "state"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    receivable_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("receivable.id"))
    warning_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("warning.id"))
    state: Mapped[ArrearsState] = mapped_column(str_enum(ArrearsState), default=ArrearsState.PREPARED)
    debtor_shown: Mapped[str]
    title_shown: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    due_on: Mapped[date]
    notice_on: Mapped[date]
    publish_on: Mapped[date]
    prepared_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    served_on: Mapped[date | None]
    served_how: Mapped[str] = mapped_column(default="", server_default="")
    served_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    published_at: Mapped[datetime | None]
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str] = mapped_column(default="", server_default="")
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")
    receivable: Mapped[Receivable] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class CampaignState(enum.StrEnum):
    """open 进行中 → closed 已结束, with the outcome."""

    OPEN = "open"
    CLOSED = "closed"


class Campaign(RandomKey, Created, Base):
    """A self-check that an office asks of its villages (专项自查), often after a warning. `questions` are
    {key, text, kind, required}; `outcome` says how it was dealt with (处理), `lesson` what rule or
    practice came of it."""

    __tablename__ = "campaign"

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    number: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    reason: Mapped[str]
    warning_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("warning.id"))
    questions: Mapped[list[Json]]
    due_on: Mapped[date]
    state: Mapped[CampaignState] = mapped_column(str_enum(CampaignState), default=CampaignState.OPEN)
    issued_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="", server_default="")
    lesson: Mapped[str] = mapped_column(default="", server_default="")
    lock_version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class AnswerState(enum.StrEnum):
    """waiting 待自查 → answered 已报送 → accepted 已核 | returned 退回重报 → answered."""

    WAITING = "waiting"
    ANSWERED = "answered"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class CampaignAnswer(RandomKey, Base):
    """One village's part in a campaign: its answers by question, whether it found something, what, and what
    it does about it. Files hang on it as evidence."""

    __tablename__ = "campaign_answer"
    __table_args__ = (UniqueConstraint("campaign_id", "village_id"),)

    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaign.id"))
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    state: Mapped[AnswerState] = mapped_column(str_enum(AnswerState), default=AnswerState.WAITING)
    answers: Mapped[Json] = mapped_column(default=dict)
    found: Mapped[bool | None]
    finding: Mapped[str] = mapped_column(default="", server_default="")
    measures: Mapped[str] = mapped_column(default="", server_default="")
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    answered_at: Mapped[datetime | None]
    reviewed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    reviewed_at: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(default="", server_default="")
    reminded_at: Mapped[datetime | None]
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")
    campaign: Mapped[Campaign] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class Band(enum.StrEnum):
    """green 好, yellow 一般, red 差, unknown 数据不足."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNKNOWN = "unknown"


class VillageScore(RandomKey, Base):
    """The portrait (画像) of a village in a month, as it was computed then: it is kept and never changed. A
    later computation of the same month is a new `revision` with its reason. Points are tenths.

    `components`: per component key, points, maximum, raw value, shrunk value, peers' median, n, confidence,
    and how to get its rows; `weights`: the settings then in force; `context`: the day it was computed for,
    the peers' median of the points with n, and what the confidence rests on."""

    __tablename__ = "village_score"
    __table_args__ = (UniqueConstraint("village_id", "month", "revision"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    month: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str] = mapped_column(default="", server_default="")
    points: Mapped[int | None]
    band: Mapped[Band] = mapped_column(str_enum(Band))
    confidence: Mapped[int]
    components: Mapped[list[Json]]
    weights: Mapped[Json]
    context: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    computed_at: Mapped[datetime]

    village: Mapped[Organisation] = relationship(lazy="raise")
