"""码上知: small works (小型工程) from proposal to final account. Amounts are fen."""

from __future__ import annotations

import enum
import uuid
from datetime import date

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Created, RandomKey, str_enum
from app.models.organisations import Organisation


class ProjectState(enum.StrEnum):
    """proposed 提议 → approved 已决策 → under_way 实施中 → accepted 已验收 → settled 已决算;
    cancelled 已取消."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    UNDER_WAY = "under_way"
    ACCEPTED = "accepted"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class StageKind(enum.StrEnum):
    """The stages of small works in their order: proposal 提议, vote 会议表决, decision 决策公示, tender
    招标公告, award 中标公示, contract 签订合同, change 变更, payment 付款, acceptance 验收,
    final_account 决算."""

    PROPOSAL = "proposal"
    VOTE = "vote"
    DECISION = "decision"
    TENDER = "tender"
    AWARD = "award"
    CONTRACT = "contract"
    CHANGE = "change"
    PAYMENT = "payment"
    ACCEPTANCE = "acceptance"
    FINAL_ACCOUNT = "final_account"


class Project(RandomKey, Created, Base):
    """A small-works project of a village (小型工程). `approved_on` is the day of the decision; from then on
    the later stages are owed. `exempt` names stages that it need not go through, `exempt_because` why."""

    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("village_id", "number"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    state: Mapped[ProjectState] = mapped_column(str_enum(ProjectState), default=ProjectState.PROPOSED)
    estimate_fen: Mapped[int | None] = mapped_column(BigInteger)
    approved_on: Mapped[date | None]
    planned_start_on: Mapped[date | None]
    planned_end_on: Mapped[date | None]
    contract_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("contract.id"), index=True)
    final_fen: Mapped[int | None] = mapped_column(BigInteger)
    exempt: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    exempt_because: Mapped[str] = mapped_column(default="")
    cancelled_because: Mapped[str] = mapped_column(default="")
    lock_version: Mapped[int] = mapped_column(default=1)

    village: Mapped[Organisation] = relationship(lazy="raise")
    stages: Mapped[list[ProjectStage]] = relationship(
        lazy="raise", order_by="ProjectStage.day", back_populates="project"
    )

    __mapper_args__ = {"version_id_col": lock_version}  # noqa: RUF012


class ProjectStage(RandomKey, Created, Base):
    """One step of a project with its day and its evidence: a published item, a file, a vote, an amount.

    A project may have several changes (变更); of other kinds the newest counts. Payments are read from the
    payment ledger and have no rows here."""

    __tablename__ = "project_stage"
    __table_args__ = (Index("ix_project_stage_project_id_day", "project_id", "day"),)

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("project.id"))
    kind: Mapped[StageKind] = mapped_column(str_enum(StageKind))
    day: Mapped[date]
    text: Mapped[str] = mapped_column(default="")
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    votes_for: Mapped[int | None]
    votes_against: Mapped[int | None]
    votes_abstained: Mapped[int | None]
    disclosure_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("disclosure.id"), index=True)

    project: Mapped[Project] = relationship(lazy="raise", back_populates="stages")
