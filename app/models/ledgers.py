"""The ledgers that warnings are computed from: what all their rows share, contracts and payments.

Amounts are fen. The other ledgers stand in `income`, `holdings`, `welfare` and `governance`."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.models.base import Base, Created, Json, RandomKey, str_enum
from app.models.organisations import Organisation


class PartyKind(enum.StrEnum):
    """firm 单位, person 个人. Null where the name does not tell."""

    FIRM = "firm"
    PERSON = "person"


class LandKind(enum.StrEnum):
    """What is let, as far as the law gives it a term of its own: household_land 家庭承包地,
    waste_land 四荒地, grassland 草地, forest 林地, farmland 其他农用地 (流转), pond 水面,
    building 房屋, other 其他."""

    HOUSEHOLD_LAND = "household_land"
    WASTE_LAND = "waste_land"
    GRASSLAND = "grassland"
    FOREST = "forest"
    FARMLAND = "farmland"
    POND = "pond"
    BUILDING = "building"
    OTHER = "other"


class AreaUnit(enum.StrEnum):
    """mu 亩, square_metre 平方米."""

    MU = "mu"
    SQUARE_METRE = "square_metre"


class LedgerRow(Created):
    """What every ledger row has. A wrong row is voided (作废) with a reason, never deleted; `batch_id` is the
    import it came with. Rules and statistics leave voided rows out."""

    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("import_batch.id"), index=True)
    voided_at: Mapped[datetime | None]
    voided_because: Mapped[str] = mapped_column(default="", server_default="")
    lock_version: Mapped[int] = mapped_column(default=1, server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  (of the class, not of a row)
        """Two people at once get a conflict, not a lost update."""
        return {"version_id_col": cls.lock_version}


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


class Contract(RandomKey, LedgerRow, Base):
    """A contract of a village (合同). Terms are dates in Asia/Shanghai, both ends included.

    `state_since` is the day from which the state holds, so that a rule can look at an earlier day;
    `still_used`: the asset is used on although the term is over; `is_member`: the other side belongs to the
    collective; `schedule`: instalments as {due_on, amount_fen, note}; `meeting_id`: the vote on it;
    `tender_ref`: the number of its tender or trade, if it had one."""

    __tablename__ = "contract"
    __table_args__ = (
        UniqueConstraint("village_id", "number"),
        Index("ix_contract_state_ends_on", "state", "ends_on"),
        Index("ix_contract_village_id_counterparty_key", "village_id", "counterparty_key"),
    )

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    kind: Mapped[ContractKind] = mapped_column(str_enum(ContractKind))
    state: Mapped[ContractState] = mapped_column(str_enum(ContractState), default=ContractState.ACTIVE)
    state_since: Mapped[date | None]
    title: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    counterparty: Mapped[str]
    counterparty_key: Mapped[str] = mapped_column(default="", server_default="")
    counterparty_kind: Mapped[PartyKind | None] = mapped_column(str_enum(PartyKind))
    counterparty_group: Mapped[str] = mapped_column(default="", server_default="")
    is_member: Mapped[bool | None]
    asset_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("asset.id"), index=True)
    land_kind: Mapped[LandKind | None] = mapped_column(str_enum(LandKind))
    area: Mapped[Decimal | None] = mapped_column(Numeric(14, 3))
    area_unit: Mapped[AreaUnit | None] = mapped_column(str_enum(AreaUnit))
    signed_on: Mapped[date | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    annual_rent_fen: Mapped[int | None] = mapped_column(BigInteger)
    deposit_fen: Mapped[int | None] = mapped_column(BigInteger)
    schedule: Mapped[list[Json]] = mapped_column(default=list, server_default="[]")
    meeting_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("meeting.id"))
    town_approval: Mapped[str | None]
    town_approved_on: Mapped[date | None]
    tender_ref: Mapped[str | None]
    still_used: Mapped[bool | None]

    village: Mapped[Organisation] = relationship(lazy="raise")


class PaymentMethod(enum.StrEnum):
    """transfer 转账, card 村务卡, cash 现金."""

    TRANSFER = "transfer"
    CARD = "card"
    CASH = "cash"


class ExpenseClass(enum.StrEnum):
    """What an account title (科目) means for rules and peers: labour 用工, material 材料, works 工程,
    goods 采购, service 服务, welfare 福利补助, office 办公, hospitality 接待, upkeep 日常维护,
    transfer 往来, other 其他. Null where the title is not known."""

    LABOUR = "labour"
    MATERIAL = "material"
    WORKS = "works"
    GOODS = "goods"
    SERVICE = "service"
    WELFARE = "welfare"
    OFFICE = "office"
    HOSPITALITY = "hospitality"
    UPKEEP = "upkeep"
    TRANSFER = "transfer"
    OTHER = "other"


class Payment(LedgerRow, Base):
    """A payment of a village (收付凭证). Amount, day and payee are never changed: a wrong one is voided and
    entered anew; purpose and links may be completed, with history. Ready to be partitioned by `paid_on`.

    `line` tells the lines of one voucher apart. Derived when written: `payee_key` (the payee's name as
    rules compare it), `payee_kind`, `expense` (from the account title), `purpose_key` (what it was for,
    without trades, months and numbers; null when no purpose is given). `approvals` are {who, role, on};
    `town_approval` is the town's number of approval."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("village_id", "voucher", "paid_on", "line"),
        Index("ix_payment_village_id_paid_on", "village_id", "paid_on"),
        Index("ix_payment_project_id", "project_id", postgresql_where=text("project_id IS NOT NULL")),
        Index("ix_payment_contract_id", "contract_id", postgresql_where=text("contract_id IS NOT NULL")),
        Index("ix_payment_paid_on_id", "paid_on", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    voucher: Mapped[str]
    line: Mapped[int] = mapped_column(default=1, server_default="1")
    paid_on: Mapped[date]
    payee: Mapped[str]
    payee_key: Mapped[str] = mapped_column(default="", server_default="")
    payee_kind: Mapped[PartyKind | None] = mapped_column(str_enum(PartyKind))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    method: Mapped[PaymentMethod] = mapped_column(str_enum(PaymentMethod))
    category: Mapped[str]
    expense: Mapped[ExpenseClass | None] = mapped_column(str_enum(ExpenseClass))
    purpose: Mapped[str | None]
    purpose_key: Mapped[str | None]
    contract_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contract.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))
    fund_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("fund.id"))
    invoice_number: Mapped[str | None]
    invoiced_on: Mapped[date | None]
    handled_by: Mapped[str] = mapped_column(default="", server_default="")
    approvals: Mapped[list[Json]] = mapped_column(default=list, server_default="[]")
    town_approval: Mapped[str | None]
    town_approved_on: Mapped[date | None]

    village: Mapped[Organisation] = relationship(lazy="raise")


class LedgerChange(RandomKey, Base):
    """What a ledger row was before and after a change, who made it and why (台账变更记录). `noun` is the
    ledger's key, `noun_id` the row's; void and restore are changes too."""

    __tablename__ = "ledger_change"
    __table_args__ = (Index("ix_ledger_change_noun_noun_id_at", "noun", "noun_id", "at"),)

    noun: Mapped[str]
    noun_id: Mapped[str]
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor_id: Mapped[str | None]
    reason: Mapped[str]
    before: Mapped[Json]
    after: Mapped[Json]
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("import_batch.id"))
