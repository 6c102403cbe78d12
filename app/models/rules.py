"""码上督: the county's settings of rules, their runs, what they say of each village, and back-tests."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Json, RandomKey, str_enum


class Colour(enum.StrEnum):
    """yellow 黄, red 红: a function of evidence, never edited by hand."""

    YELLOW = "yellow"
    RED = "red"


class RuleMode(enum.StrEnum):
    """off 停用, shadow 试运行 (computed, shown to the county only, never pushed), active 启用."""

    OFF = "off"
    SHADOW = "shadow"
    ACTIVE = "active"


class RuleSetting(Base):
    """The county's setting of a rule; without a row the rule's own defaults hold. Its history is in
    `setting_history` under the noun `rule`."""

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


class Verdict(enum.StrEnum):
    """fired 有预警, clear 正常, not_computable 数据不足，无法判断: missing data never look clean."""

    FIRED = "fired"
    CLEAR = "clear"
    NOT_COMPUTABLE = "not_computable"


class RuleVerdict(Base):
    """What a rule said of a village in its newest run: how many subjects it looked at, how many fired, how
    many could not be judged, and the fields that were missing, each with how often."""

    __tablename__ = "rule_verdict"
    __table_args__ = (Index("ix_rule_verdict_village_id", "village_id"),)

    rule: Mapped[str] = mapped_column(primary_key=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    as_of: Mapped[date]
    verdict: Mapped[Verdict] = mapped_column(str_enum(Verdict))
    examined: Mapped[int] = mapped_column(default=0)
    fired: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)
    missing: Mapped[Json] = mapped_column(default=dict)


class RuleBacktest(RandomKey, Base):
    """A rule run over history without any effect (回测): from when to when, in steps of days, with which
    thresholds, and what it would have found. Made by the worker; `outcome` is null until then."""

    __tablename__ = "rule_backtest"
    __table_args__ = (Index("ix_rule_backtest_rule_requested_at", "rule", "requested_at"),)

    rule: Mapped[str]
    since: Mapped[date]
    until: Mapped[date]
    step_days: Mapped[int]
    thresholds: Mapped[Json]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    export_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("export.id"))
    finished_at: Mapped[datetime | None]
    outcome: Mapped[Json | None]


class TenderKind(enum.StrEnum):
    """works 工程, goods 货物, services 服务."""

    WORKS = "works"
    GOODS = "goods"
    SERVICES = "services"


class TenderLimit(RandomKey, Created, Base):
    """From which amount (fen) a purchase needs what, in a county from a day on (招标限额): a vote of the
    village, a public tender at the town, the procedure of the national law. `county_id` null: everywhere
    where no county has its own. The newest row that is in force on the day counts."""

    __tablename__ = "tender_limit"
    __table_args__ = (
        UniqueConstraint("county_id", "kind", "valid_from", postgresql_nulls_not_distinct=True),
    )

    county_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[TenderKind] = mapped_column(str_enum(TenderKind))
    valid_from: Mapped[date]
    vote_fen: Mapped[int | None] = mapped_column(BigInteger)
    tender_fen: Mapped[int] = mapped_column(BigInteger)
    law_fen: Mapped[int | None] = mapped_column(BigInteger)
    source: Mapped[str]
