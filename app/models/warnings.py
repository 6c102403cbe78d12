"""码上督: early warnings, their steps, who was told, and what keeps them quiet."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, Json, RandomKey, str_enum
from app.models.organisations import Line, Organisation
from app.models.rules import Colour, RuleMode


class WarningState(enum.StrEnum):
    """open 待处置 → acknowledged 处置中 → cleared 待复核 (the data say that it is mended) → closed 已销号;
    open | acknowledged → proposed 待复核 (somebody says why no data will clear it) → closed, or back.

    open | acknowledged | proposed → cleared only by evidence; cleared → open when it fires again."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    PROPOSED = "proposed"
    CLEARED = "cleared"
    CLOSED = "closed"


class CloseReason(enum.StrEnum):
    """mended 已整改 (only when the data say so), explained 已说明, false_alarm 误报, transferred 已移送."""

    MENDED = "mended"
    EXPLAINED = "explained"
    FALSE_ALARM = "false_alarm"
    TRANSFERRED = "transferred"


class EarlyWarning(RandomKey, Created, Base):
    """A warning (预警): one rule, one village, one subject, one episode.

    `fingerprint` names rule, village and subject; only one episode of it is not closed at a time.
    `signature` names the evidence: after it was closed as explained, false alarm or transferred, the same
    evidence does not fire again (`settles`, until the data were clear in between). `mode`: a shadow warning
    (试运行) is the county's and never pushed. `line`: the department whose matter it is.
    `missing`: data that by now are lacking to judge it, "" when none.
    `ladder`: the escalation steps frozen at firing, each {step, level, due_at, done_at}; `next_due_at`: the
    due time of the first that is not done. `muted_by` and `muted_because`: what keeps people from being told
    at present and the same in words, "" when they are told. `proposal…`: how somebody proposes to close it,
    `transferred_to` the office that it is handed to."""

    __tablename__ = "warning"
    __table_args__ = (
        Index(
            "uq_warning_open_fingerprint",
            "fingerprint",
            unique=True,
            postgresql_where=text("state <> 'closed'"),
        ),
        Index("ix_warning_fingerprint", "fingerprint"),
        Index("ix_warning_village_id_state", "village_id", "state"),
        Index("ix_warning_created_at_id", "created_at", "id"),
        Index("ix_warning_rule_live", "rule", postgresql_where=text("state <> 'closed' OR settles")),
        Index("ix_warning_next_due_at", "next_due_at", postgresql_where=text("next_due_at IS NOT NULL")),
    )

    rule: Mapped[str]
    rule_version: Mapped[int] = mapped_column(default=1, server_default="1")
    mode: Mapped[RuleMode] = mapped_column(
        str_enum(RuleMode), default=RuleMode.ACTIVE, server_default="active"
    )
    line: Mapped[Line] = mapped_column(str_enum(Line), default=Line.AGRICULTURE, server_default="agriculture")
    fingerprint: Mapped[str]
    signature: Mapped[str] = mapped_column(default="", server_default="")
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
    missing: Mapped[str] = mapped_column(default="", server_default="")
    first_seen_on: Mapped[date]
    last_seen_on: Mapped[date]
    acknowledged_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    acknowledged_at: Mapped[datetime | None]
    proposal: Mapped[CloseReason | None] = mapped_column(str_enum(CloseReason))
    proposal_text: Mapped[str] = mapped_column(default="", server_default="")
    proposed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    transferred_to: Mapped[str] = mapped_column(default="", server_default="")
    cleared_at: Mapped[datetime | None]
    clearing_evidence: Mapped[Json] = mapped_column(default=dict)
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[CloseReason | None] = mapped_column(str_enum(CloseReason))
    settles: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    ladder: Mapped[list[Json]] = mapped_column(default=list, server_default="[]")
    next_due_at: Mapped[datetime | None]
    pushed_at: Mapped[datetime | None]
    muted_by: Mapped[str] = mapped_column(default="", server_default="")
    muted_because: Mapped[str] = mapped_column(default="", server_default="")
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")
    events: Mapped[list[WarningEvent]] = relationship(lazy="raise", order_by="WarningEvent.position")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class WarningEvent(RandomKey, Base):
    """One step in the life of a warning. `kind`: fired, worse, better, repeated, escalated, muted, unmuted,
    promoted (its rule left the trial), acknowledged, explained, proposed, returned, cleared, refired,
    closed."""

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


class NoticeState(enum.StrEnum):
    """waiting 待发 (until `due_at`, or for the next day's message) → grouped 已并入消息; waiting → dropped
    不再需要 (closed or muted before it was sent)."""

    WAITING = "waiting"
    GROUPED = "grouped"
    DROPPED = "dropped"


class WarningNotice(RandomKey, Created, Base):
    """That one officer is to be told of one change of a warning. The notices of an officer go out together:
    `message_id` is the message that carried it. `seen_at`: he opened the warning."""

    __tablename__ = "warning_notice"
    __table_args__ = (
        Index("uq_warning_notice_once", "warning_id", "officer_id", "change", unique=True),
        Index("ix_warning_notice_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_warning_notice_officer_id_sent_on", "officer_id", "sent_on"),
    )

    warning_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("warning.id"))
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officer.id"))
    change: Mapped[str]
    colour: Mapped[Colour] = mapped_column(str_enum(Colour))
    state: Mapped[NoticeState] = mapped_column(str_enum(NoticeState), default=NoticeState.WAITING)
    due_at: Mapped[datetime]
    sent_on: Mapped[date | None]
    message_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("outgoing_message.id"))
    dropped_because: Mapped[str] = mapped_column(default="", server_default="")
    seen_at: Mapped[datetime | None]


class Silence(RandomKey, Created, Base):
    """Somebody decided that certain warnings are not pushed until a day (静默): of one rule or all, in one
    place, about one subject or all. A village cannot silence red, and what a village silenced (`by_village`)
    still climbs the ladder. `ends_on` is its last day. Ended early: `ended_at`."""

    __tablename__ = "silence"
    __table_args__ = (Index("ix_silence_organisation_id_ends_on", "organisation_id", "ends_on"),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    rule: Mapped[str | None]
    subject_kind: Mapped[str | None]
    subject_id: Mapped[str | None]
    includes_red: Mapped[bool] = mapped_column(default=False)
    by_village: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str]
    officer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officer.id"))
    set_by: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="", server_default="")
