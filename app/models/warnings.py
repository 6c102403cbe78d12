"""码上督: settings and runs of rules, warnings and their events."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, Json, RandomKey, str_enum
from app.models.organisations import Organisation


class RuleMode(enum.StrEnum):
    """off 停用, shadow 试运行 (computed, never pushed), active 启用."""

    OFF = "off"
    SHADOW = "shadow"
    ACTIVE = "active"


class RuleSetting(Base):
    """The county's setting of a rule; without a row the rule's own defaults hold."""

    __tablename__ = "rule_setting"

    rule: Mapped[str] = mapped_column(primary_key=True)
    mode: Mapped[RuleMode] = mapped_column(str_enum(RuleMode), default=RuleMode.ACTIVE)
    thresholds: Mapped[Json] = mapped_column(default=dict)


class RuleRun(RandomKey, Base):
    """One evaluation of a rule as of a date, with what it found and changed."""

    __tablename__ = "rule_run"
    __table_args__ = (Index("ix_rule_run_rule_started_at", "rule", "started_at"),)

    rule: Mapped[str]
    as_of: Mapped[date]
    started_at: Mapped[datetime]
    milliseconds: Mapped[int]
    thresholds: Mapped[Json]
    outcome: Mapped[Json]


class Colour(enum.StrEnum):
    """yellow 黄, red 红: a function of evidence, never edited by hand."""

    YELLOW = "yellow"
    RED = "red"


class WarningState(enum.StrEnum):
    """open 待处置 → acknowledged 处置中 → cleared 待复核 (the data say so) → closed 已销号.

    open | acknowledged → cleared only by evidence; cleared → open when it fires again."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    CLOSED = "closed"


class CloseReason(enum.StrEnum):
    """mended 已整改, explained 已说明, false_alarm 误报, transferred 已移送."""

    MENDED = "mended"
    EXPLAINED = "explained"
    FALSE_ALARM = "false_alarm"
    TRANSFERRED = "transferred"


class EarlyWarning(RandomKey, Created, Base):
    """A warning (预警): one rule, one village, one subject, one episode.

    `fingerprint` names rule, village and subject; only one episode of it is not closed at a time."""

    __tablename__ = "warning"
    __table_args__ = (
        Index(
            "uq_warning_open_fingerprint",
            "fingerprint",
            unique=True,
            postgresql_where=text("state <> 'closed'"),
        ),
        Index("ix_warning_village_id_state", "village_id", "state"),
        Index("ix_warning_created_at_id", "created_at", "id"),
    )

    rule: Mapped[str]
    fingerprint: Mapped[str]
    episode: Mapped[int] = mapped_column(default=1)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    colour: Mapped[Colour] = mapped_column(str_enum(Colour))
    state: Mapped[WarningState] = mapped_column(str_enum(WarningState), default=WarningState.OPEN)
    title: Mapped[str]
    basis: Mapped[str]
    clears_by: Mapped[str]
    evidence: Mapped[Json] = mapped_column(default=dict)
    first_seen_on: Mapped[date]
    last_seen_on: Mapped[date]
    acknowledged_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    cleared_at: Mapped[datetime | None]
    clearing_evidence: Mapped[Json] = mapped_column(default=dict)
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[CloseReason | None] = mapped_column(str_enum(CloseReason))
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")
    events: Mapped[list[WarningEvent]] = relationship(lazy="raise", order_by="WarningEvent.position")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class WarningEvent(RandomKey, Base):
    """One step in the life of a warning. `kind`: fired, worse, better, notified, acknowledged, explained,
    cleared, refired, closed."""

    __tablename__ = "warning_event"
    __table_args__ = (Index("ix_warning_event_warning_id_position", "warning_id", "position", unique=True),)

    warning_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("warning.id"))
    position: Mapped[int]
    kind: Mapped[str]
    at: Mapped[datetime]
    who: Mapped[str]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    text: Mapped[str] = mapped_column(default="")
    data: Mapped[Json] = mapped_column(default=dict)
