"""True over time (留痕可验): one hash chain per village over publishes, corrections and withdrawals."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Json, str_enum


class ChainEvent(enum.StrEnum):
    """published 公开, corrected 更正, withdrawn 撤回, reduced 到期隐去个人信息."""

    PUBLISHED = "published"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    REDUCED = "reduced"


class ChainLink(Base):
    """One link. `digest` covers the link before, its number, what happened to which version, when, `terms`,
    and `content_digest`, which is salted: nothing personal can be guessed from the chain. `terms` are
    category, kind, period, notice and moment of publication as they stood then: a correction may change
    them. See docs/chain.md."""

    __tablename__ = "chain_link"
    __table_args__ = (
        UniqueConstraint("village_id", "number"),
        Index("ix_chain_link_disclosure_id", "disclosure_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[int]
    event: Mapped[ChainEvent] = mapped_column(str_enum(ChainEvent))
    disclosure_id: Mapped[uuid.UUID]
    version: Mapped[int]
    terms: Mapped[Json]
    content_digest: Mapped[str]
    previous: Mapped[str]
    digest: Mapped[str]
    at: Mapped[datetime]


class ChainHead(Base):
    """The newest link of a village's chain; locked while one is added."""

    __tablename__ = "chain_head"

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    number: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str]


class ChainCheck(Base):
    """The newest full verification of a village's chain: when, up to which link, and the kinds of faults
    found with how many of each. The public page shows it; it never verifies contents itself."""

    __tablename__ = "chain_check"

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    at: Mapped[datetime]
    number: Mapped[int]
    faults: Mapped[Json] = mapped_column(default=dict)
