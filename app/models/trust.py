"""Trust and time: audit entries, the calendar of work days, leases and ticks of the scheduler."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Json, Leased, RandomKey


class AuditEntry(RandomKey, Base):
    """Who did what to which thing. Keys are random and, where an anonymous complaint is concerned, times
    are whole days. Append-only; ready to be partitioned by month."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_at_id", "at", "id"),
        Index("ix_audit_entry_noun_noun_id", "noun", "noun_id"),
    )

    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    action: Mapped[str]
    noun: Mapped[str]
    noun_id: Mapped[str]
    village_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    data: Mapped[Json] = mapped_column(default=dict)


class SettingHistory(RandomKey, Base):
    """What a setting of the county was before and after a change, who changed it and why (变更记录)."""

    __tablename__ = "setting_history"
    __table_args__ = (Index("ix_setting_history_noun_noun_id_at", "noun", "noun_id", "at"),)

    at: Mapped[datetime]
    noun: Mapped[str]
    noun_id: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    reason: Mapped[str]
    before: Mapped[Json]
    after: Mapped[Json]


class CalendarDay(Base):
    """A day that the State Council's yearly notice makes a holiday or a make-up work day (调休)."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_work_day: Mapped[bool]
    note: Mapped[str] = mapped_column(default="")


class Lease(Base):
    """A named right that one process holds at a time, by the database's clock."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    until: Mapped[datetime]
    fence: Mapped[int] = mapped_column(default=1)


class JobTick(Base):
    """One due time of a scheduled job; whoever inserts the row runs it. `outcome` is null while it runs."""

    __tablename__ = "job_tick"

    job: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    owner: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Export(RandomKey, Leased, Base):
    """A file that the worker makes in the background, with progress (`done` of `total`)."""

    __tablename__ = "export"

    kind: Mapped[str]
    parameters: Mapped[Json] = mapped_column(default=dict)
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    file: Mapped[str | None]
    file_name: Mapped[str | None]
