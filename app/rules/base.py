"""What a rule of 码上督 is: cited, versioned code with thresholds and one set-based SELECT."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.models.warnings import Colour


class Thresholds(BaseModel):
    """The numbers of a rule, with defaults, units and their source. The county may set others."""

    model_config = {"extra": "forbid"}


ThresholdsT = TypeVar("ThresholdsT", bound=Thresholds)


@dataclass(frozen=True)
class Finding:
    """A rule fired for one subject. `basis` says in plain words why, with place, date and source."""

    village_id: uuid.UUID
    subject_kind: str
    subject_id: str
    colour: Colour
    title: str
    basis: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Clearing:
    """What the data say now about a subject that fired before: why it is clear, with the evidence."""

    reason: str
    evidence: dict[str, Any]


class Rule(ABC, Generic[ThresholdsT]):
    """One rule. `key` is stable and stands in settings, warnings and addresses."""

    key: ClassVar[str]
    version: ClassVar[int]
    title: ClassVar[str]
    meaning: ClassVar[str]
    source: ClassVar[str]
    clears_by: ClassVar[str]
    thresholds: type[ThresholdsT]

    @abstractmethod
    def find(self, session: Session, *, as_of: date, thresholds: ThresholdsT) -> Sequence[Finding]:
        """All findings as of a date, in one set-based SELECT."""

    @abstractmethod
    def clear(self, session: Session, *, as_of: date, subject_ids: Sequence[str]) -> dict[str, Clearing]:
        """For subjects that no longer fire: the evidence that cleared them, by subject id."""
