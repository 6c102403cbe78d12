"""The privacy gate (隐私关口): the text of attached files, and what people decided about findings."""

from __future__ import annotations

import enum
import uuid

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, RandomKey, str_enum


class AttachmentText(RandomKey, Base):
    """The text of one page or sheet of an attached file. `readable` is false when it has no text layer."""

    __tablename__ = "attachment_text"
    __table_args__ = (UniqueConstraint("attachment_id", "position"),)

    attachment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("attachment.id", ondelete="CASCADE"))
    position: Mapped[int]
    label: Mapped[str]
    text: Mapped[str]
    readable: Mapped[bool]


class Verdict(enum.StrEnum):
    """justified 有依据保留; confirmed 人工核对过 (a page or picture that no program can read)."""

    JUSTIFIED = "justified"
    CONFIRMED = "confirmed"


class PrivacyDecision(RandomKey, Created, Base):
    """What an officer decided about one finding of the gate. `finding` is a keyed digest of item, place and
    found text, so that the decision holds for exactly that and stores nothing personal."""

    __tablename__ = "privacy_decision"
    __table_args__ = (
        UniqueConstraint("disclosure_id", "finding"),
        Index("ix_privacy_decision_disclosure_id", "disclosure_id"),
    )

    disclosure_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("disclosure.id"))
    finding: Mapped[str]
    place: Mapped[str]
    kind: Mapped[str]
    verdict: Mapped[Verdict] = mapped_column(str_enum(Verdict))
    reason: Mapped[str] = mapped_column(default="")
    officer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("officer.id"))
