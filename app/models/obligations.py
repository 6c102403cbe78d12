"""码上知: what each village owes to publish, and by when (应公开事项)."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, RandomKey, str_enum
from app.models.organisations import Organisation


class ObligationSource(enum.StrEnum):
    """What asks for it: calendar 周期, contract 合同到期, project 工程进度, event 事项发生."""

    CALENDAR = "calendar"
    CONTRACT = "contract"
    PROJECT = "project"
    EVENT = "event"


class ObligationState(enum.StrEnum):
    """open 待公开 → met 已公开 (a withdrawal opens it again); open → waived 不需要公开, with a reason."""

    OPEN = "open"
    MET = "met"
    WAIVED = "waived"


class Obligation(RandomKey, Created, Base):
    """One thing that a village owes to publish, there before it is due. `key` is unique in the village and
    makes planning repeatable: `finance:2026-10`, `contract:<id>:retender`, `project:<id>:tender`.

    `period` is 2026, 2026-Q3 or 2026-10, "" for what is owed once. `met_on` is the day on which it came out;
    `met_on - due_on` are the days late (calendar days)."""

    __tablename__ = "obligation"
    __table_args__ = (
        UniqueConstraint("village_id", "key"),
        Index("ix_obligation_village_id_category_code_due_on", "village_id", "category_code", "due_on"),
        Index("ix_obligation_open", "due_on", postgresql_where="state = 'open'"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    category_code: Mapped[str] = mapped_column(ForeignKey("disclosure_category.code"))
    key: Mapped[str]
    title: Mapped[str]
    period: Mapped[str] = mapped_column(default="")
    source: Mapped[ObligationSource] = mapped_column(str_enum(ObligationSource))
    source_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    due_on: Mapped[date]
    provisional: Mapped[bool] = mapped_column(default=False)
    state: Mapped[ObligationState] = mapped_column(str_enum(ObligationState), default=ObligationState.OPEN)
    disclosure_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("disclosure.id"), index=True)
    met_on: Mapped[date | None]
    waived_because: Mapped[str] = mapped_column(default="")
    reminded_at: Mapped[datetime | None]

    village: Mapped[Organisation] = relationship(lazy="raise")
