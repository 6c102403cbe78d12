"""What a village has and plans: assets and resources (资产资源), funds (资金), budgets (预算). Fen."""

from __future__ import annotations

import enum
import uuid
from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, RandomKey, str_enum
from app.models.ledgers import AreaUnit, ExpenseClass, LandKind, LedgerRow
from app.models.organisations import Organisation


class AssetKind(enum.StrEnum):
    """land 土地, water 水面, forest 林地, building 房屋, shop 店面, factory 厂房, equipment 设备, other."""

    LAND = "land"
    WATER = "water"
    FOREST = "forest"
    BUILDING = "building"
    SHOP = "shop"
    FACTORY = "factory"
    EQUIPMENT = "equipment"
    OTHER = "other"


class AssetStatus(enum.StrEnum):
    """idle 闲置, let 出租, own_use 自用, disposed 已处置."""

    IDLE = "idle"
    LET = "let"
    OWN_USE = "own_use"
    DISPOSED = "disposed"


class Asset(RandomKey, LedgerRow, Base):
    """An asset or resource of the collective (资产资源台账); `status_since`: from when its status holds."""

    __tablename__ = "asset"
    __table_args__ = (UniqueConstraint("village_id", "number"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    name: Mapped[str]
    kind: Mapped[AssetKind] = mapped_column(str_enum(AssetKind))
    land_kind: Mapped[LandKind | None] = mapped_column(str_enum(LandKind))
    area: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    area_unit: Mapped[AreaUnit | None] = mapped_column(str_enum(AreaUnit))
    location: Mapped[str] = mapped_column(default="", server_default="")
    boundary: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[AssetStatus] = mapped_column(str_enum(AssetStatus))
    status_since: Mapped[date | None]
    value_fen: Mapped[int | None] = mapped_column(BigInteger)

    village: Mapped[Organisation] = relationship(lazy="raise")


class Fund(RandomKey, LedgerRow, Base):
    """A pot of money (资金): the village's own, a subsidy from above, a donation."""

    __tablename__ = "fund"
    __table_args__ = (UniqueConstraint("village_id", "number"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    name: Mapped[str]
    source: Mapped[str] = mapped_column(default="", server_default="")
    purpose: Mapped[str] = mapped_column(default="", server_default="")

    village: Mapped[Organisation] = relationship(lazy="raise")


class FundStatement(RandomKey, LedgerRow, Base):
    """A fund in a month as it was shown (资金收支结存): opening + income - expense should be the balance, and
    the opening the balance of the month before. `period` is 2026-03."""

    __tablename__ = "fund_statement"
    __table_args__ = (UniqueConstraint("fund_id", "period"), Index("ix_fund_statement_period", "period"))

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    fund_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("fund.id"))
    period: Mapped[str]
    opening_fen: Mapped[int | None] = mapped_column(BigInteger)
    income_fen: Mapped[int] = mapped_column(BigInteger)
    expense_fen: Mapped[int] = mapped_column(BigInteger)
    balance_fen: Mapped[int] = mapped_column(BigInteger)

    village: Mapped[Organisation] = relationship(lazy="raise")


class Budget(RandomKey, LedgerRow, Base):
    """What a village may spend on something in a year (预算). `category` is the account title, `expense` what
    it means; actuals are the year's payments of that title."""

    __tablename__ = "budget"
    __table_args__ = (UniqueConstraint("village_id", "year", "category"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    year: Mapped[int]
    category: Mapped[str]
    expense: Mapped[ExpenseClass | None] = mapped_column(str_enum(ExpenseClass))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    adopted_on: Mapped[date | None]
    meeting_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("meeting.id"))

    village: Mapped[Organisation] = relationship(lazy="raise")
