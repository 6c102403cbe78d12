"""How often a rule is right (规则准确率), from the reasons with which its warnings were closed.

    precision = (mended + transferred) / (mended + transferred + false_alarm)

An explained warning counts on neither side: the data were as the rule said, and nothing was wrong with it;
how many they are is told beside it, as is the share over everything closed. Below `LEAST` judged warnings no
ratio is given, because one of three says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import EarlyWarning
from app.models.warnings import CloseReason, WarningState
from app.services import access
from app.services.actors import Actor

LEAST = 20


@dataclass(frozen=True)
class Precision:
    """The closed warnings of a rule, by reason."""

    rule: str
    mended: int = 0
    transferred: int = 0
    explained: int = 0
    false_alarm: int = 0

    @property
    def closed(self) -> int:
        """All of them."""
        return self.mended + self.transferred + self.explained + self.false_alarm

    @property
    def judged(self) -> int:
        """Those that say whether the rule was right."""
        return self.mended + self.transferred + self.false_alarm

    @property
    def precision(self) -> float | None:
        """The share of them in which it was; None when they are too few."""
        return _share(self.mended + self.transferred, self.judged)

    @property
    def strict(self) -> float | None:
        """The share of all closed ones in which something was mended or transferred; None likewise."""
        return _share(self.mended + self.transferred, self.closed)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole >= LEAST else None


def precision(session: Session, acting: Actor, rules: Sequence[str] = ()) -> dict[str, Precision]:
    """The precision of rules (all when none is named) over the warnings that the actor may know of, by the
    rule's key. For inspectors and administrators."""
    access.require_inspector(acting)
    query = (
        select(EarlyWarning.rule, EarlyWarning.close_reason, func.count())
        .where(
            access.visible_warnings(acting),
            EarlyWarning.state == WarningState.CLOSED,
        )
        .group_by(EarlyWarning.rule, EarlyWarning.close_reason)
    )
    if rules:
        query = query.where(EarlyWarning.rule.in_(rules))
    counts: dict[str, dict[CloseReason, int]] = {key: {} for key in rules}
    for rule, reason, number in session.execute(query):
        if reason is not None:
            counts.setdefault(rule, {})[reason] = number
    return {
        rule: Precision(rule, **{reason.value: number for reason, number in found.items()})
        for rule, found in counts.items()
    }
