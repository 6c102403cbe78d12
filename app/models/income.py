"""What is owed to a village and what came in: receivables (应收款) and receipts (收款). Amounts are fen."""

from __future__ import annotations

import enum
import uuid
from datetime import date

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, RandomKey, str_enum
from app.models.ledgers import Contract, LedgerRow, PartyKind, PaymentMethod
from app.models.organisations import Organisation


class ReceivableKind(enum.StrEnum):
    """rent 租金承包款, deposit 保证金, instalment 分期款, fee 费用, other 其他."""

    RENT = "rent"
    DEPOSIT = "deposit"
    INSTALMENT = "instalment"
    FEE = "fee"
    OTHER = "other"


class Receivable(RandomKey, LedgerRow, Base):
    """One amount that somebody owes the village by a day (应收). Paid by the receipts that name it; what is
    outstanding on a day is the amount less the receipts until then. `planned`: made of its contract's
    instalments or yearly rent, and follows the contract until something is paid on it."""

    __tablename__ = "receivable"
    __table_args__ = (
        UniqueConstraint("village_id", "number"),
        Index("ix_receivable_village_id_due_on", "village_id", "due_on"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    kind: Mapped[ReceivableKind] = mapped_column(str_enum(ReceivableKind), default=ReceivableKind.RENT)
    title: Mapped[str]
    contract_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contract.id"), index=True)
    debtor: Mapped[str]
    debtor_key: Mapped[str] = mapped_column(default="", server_default="")
    debtor_kind: Mapped[PartyKind | None] = mapped_column(str_enum(PartyKind))
    debtor_group: Mapped[str] = mapped_column(default="", server_default="")
    period_from: Mapped[date | None]
    period_to: Mapped[date | None]
    due_on: Mapped[date]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    planned: Mapped[bool] = mapped_column(default=False, server_default="false")

    village: Mapped[Organisation] = relationship(lazy="raise")
    contract: Mapped[Contract | None] = relationship(lazy="raise")


class Collector(enum.StrEnum):
    """Who took the money: cashier 报账员, other 其他经手人 (has two days to hand it over)."""

    CASHIER = "cashier"
    OTHER = "other"


class Receipt(RandomKey, LedgerRow, Base):
    """Money that came in (收款). `banked_on`: the day it reached the village's account, null when unknown;
    a transfer is banked the day it is received."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("village_id", "voucher", "received_on", "line"),
        Index("ix_receipt_village_id_received_on", "village_id", "received_on"),
        Index(
            "ix_receipt_receivable_id", "receivable_id", postgresql_where=text("receivable_id IS NOT NULL")
        ),
        Index("ix_receipt_contract_id", "contract_id", postgresql_where=text("contract_id IS NOT NULL")),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    voucher: Mapped[str]
    line: Mapped[int] = mapped_column(default=1, server_default="1")
    received_on: Mapped[date]
    payer: Mapped[str]
    payer_key: Mapped[str] = mapped_column(default="", server_default="")
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    method: Mapped[PaymentMethod] = mapped_column(str_enum(PaymentMethod))
    category: Mapped[str] = mapped_column(default="", server_default="")
    purpose: Mapped[str | None]
    contract_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contract.id"))
    receivable_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("receivable.id"))
    fund_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("fund.id"))
    collector: Mapped[Collector | None] = mapped_column(str_enum(Collector))
    handled_by: Mapped[str] = mapped_column(default="", server_default="")
    banked_on: Mapped[date | None]

    village: Mapped[Organisation] = relationship(lazy="raise")
