"""Petitions (信访) that the discipline office counted: another noun than the complaints of this system."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, RandomKey
from app.models.ledgers import LedgerRow
from app.models.organisations import Organisation


class PetitionCount(RandomKey, LedgerRow, Base):
    """How many petitions about a village came in a month, by class (信访件数): imported, compared like the
    complaints and never mixed with them. `month` is 2026-03; `matter` the office's own class (村级财务,
    农村建房, …), `matter_key` the same for comparing. Zero is a count; no row is "not known"."""

    __tablename__ = "petition_count"
    __table_args__ = (UniqueConstraint("village_id", "month", "matter_key"),)

    village_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    month: Mapped[str]
    matter: Mapped[str]
    matter_key: Mapped[str] = mapped_column(default="", server_default="")
    petitions: Mapped[int]

    village: Mapped[Organisation] = relationship(lazy="raise")
