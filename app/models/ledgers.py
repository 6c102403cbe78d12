"""The ledgers that warnings are computed from: contracts and payments. Amounts are fen."""

from __future__ import annotations

import enum
import uuid
from datetime import date

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, RandomKey, str_enum
from app.models.organisations import Organisation


class ContractKind(enum.StrEnum):
    """lease_out 出租发包, lease_in 承租, works 工程, purchase 采购, labour 用工."""

    LEASE_OUT = "lease_out"
    LEASE_IN = "lease_in"
    WORKS = "works"
    PURCHASE = "purchase"
    LABOUR = "labour"


class ContractState(enum.StrEnum):
    """active 履行中, ended 已到期收回, renewed 已续签, cancelled 已解除."""

    ACTIVE = "active"
    ENDED = "ended"
    RENEWED = "renewed"
    CANCELLED = "cancelled"


class Contract(RandomKey, Created, Base):
    """A contract of a village (合同). Terms are dates in Asia/Shanghai, both ends included."""

    __tablename__ = "contract"
    __table_args__ = (
        UniqueConstraint("village_id", "number"),
        Index("ix_contract_state_ends_on", "state", "ends_on"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    kind: Mapped[ContractKind] = mapped_column(str_enum(ContractKind))
    state: Mapped[ContractState] = mapped_column(str_enum(ContractState), default=ContractState.ACTIVE)
    title: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    counterparty: Mapped[str]
    signed_on: Mapped[date | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class PaymentMethod(enum.StrEnum):
    """transfer 转账, card 村务卡, cash 现金."""

    TRANSFER = "transfer"
    CARD = "card"
    CASH = "cash"


class Payment(Base):
    """A payment of a village (收付凭证). Append-only; ready to be partitioned by month of `paid_on`."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("village_id", "voucher", "paid_on"),
        Index("ix_payment_village_id_paid_on", "village_id", "paid_on"),
        Index("ix_payment_project_id", "project_id", postgresql_where=text("project_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    voucher: Mapped[str]
    paid_on: Mapped[date]
    payee: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    method: Mapped[PaymentMethod] = mapped_column(str_enum(PaymentMethod))
    category: Mapped[str]
    purpose: Mapped[str | None]
    contract_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contract.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))

    village: Mapped[Organisation] = relationship(lazy="raise")
