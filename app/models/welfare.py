"""Who was paid for work and who got aid: labour slips (用工), benefits (补助), the death register. Fen.

People are compared by `*_digest` (a keyed digest of the identity number, which itself is never stored) and,
where that is missing, by `*_key` (the name as rules compare it)."""

from __future__ import annotations

import enum
import uuid
from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, RandomKey, str_enum
from app.models.ledgers import LedgerRow
from app.models.organisations import Organisation


class WorkUnit(enum.StrEnum):
    """day 按天, hour 按小时, piece 计件."""

    DAY = "day"
    HOUR = "hour"
    PIECE = "piece"


class LabourSlip(RandomKey, LedgerRow, Base):
    """One person's work on one day at one job (用工单). `rostered`: he stands on the village's public roster
    (用工名册), null when unknown."""

    __tablename__ = "labour_slip"
    __table_args__ = (
        UniqueConstraint("village_id", "number"),
        Index("ix_labour_slip_village_id_worked_on", "village_id", "worked_on"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    worker: Mapped[str]
    worker_key: Mapped[str] = mapped_column(default="", server_default="")
    worker_digest: Mapped[str | None]
    worked_on: Mapped[date]
    job: Mapped[str]
    site: Mapped[str] = mapped_column(default="", server_default="")
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"), index=True)
    unit: Mapped[WorkUnit] = mapped_column(str_enum(WorkUnit), default=WorkUnit.DAY)
    quantity: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    rate_fen: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    dispatched_by: Mapped[str] = mapped_column(default="", server_default="")
    confirmed_by: Mapped[str] = mapped_column(default="", server_default="")
    rostered: Mapped[bool | None]
    paid_on: Mapped[date | None]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"))

    village: Mapped[Organisation] = relationship(lazy="raise")


class Benefit(RandomKey, LedgerRow, Base):
    """Aid or a subsidy paid to one person for a period (补助发放). `kind` is the name of the benefit as the
    ledger has it (低保金, 残疾人补贴 …); `period` is 2026-03 or 2026."""

    __tablename__ = "benefit"
    __table_args__ = (
        UniqueConstraint("village_id", "kind", "period", "recipient_key", "line"),
        Index("ix_benefit_recipient_digest", "recipient_digest"),
        Index("ix_benefit_village_id_paid_on", "village_id", "paid_on"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str]
    period: Mapped[str]
    line: Mapped[int] = mapped_column(default=1, server_default="1")
    recipient: Mapped[str]
    recipient_key: Mapped[str] = mapped_column(default="", server_default="")
    recipient_digest: Mapped[str | None]
    recipient_group: Mapped[str] = mapped_column(default="", server_default="")
    paid_on: Mapped[date]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    basis: Mapped[str] = mapped_column(default="", server_default="")

    village: Mapped[Organisation] = relationship(lazy="raise")


class BenefitExclusion(RandomKey, Created, Base):
    """Two kinds of benefit that nobody may draw for the same time (互斥补助), by whose rule, and from when to
    when the rule holds. The county keeps them."""

    __tablename__ = "benefit_exclusion"
    __table_args__ = (UniqueConstraint("kind_a", "kind_b", "valid_from"),)

    kind_a: Mapped[str]
    kind_b: Mapped[str]
    source: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class DeathRecord(RandomKey, LedgerRow, Base):
    """Somebody of the village who died (死亡登记), as civil affairs hand it over."""

    __tablename__ = "death_record"
    __table_args__ = (
        UniqueConstraint("village_id", "name_key", "died_on"),
        Index("ix_death_record_person_digest", "person_digest"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(default="", server_default="")
    person_digest: Mapped[str | None]
    died_on: Mapped[date]
    registered_on: Mapped[date | None]

    village: Mapped[Organisation] = relationship(lazy="raise")
