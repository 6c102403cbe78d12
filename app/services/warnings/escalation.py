"""Climbing the ladder: what nobody took in hand, mended or reviewed in time is told to the next level."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.workdays import Calendar
from app.models import EarlyWarning
from app.models.base import Json
from app.models.rules import RuleMode
from app.models.warnings import WarningState
from app.services import calendar, county_settings
from app.services.actors import System
from app.services.warnings import audience, events, ladder, notices
from app.services.warnings.names import LEVELS, STEPS
from app.services.warnings.terms import Ladder, Level

BATCH = 500
ACTING = System("warnings.escalate")
WAITING = (WarningState.CLEARED, WarningState.PROPOSED)


@dataclass(frozen=True)
class Terms:
    """The county's ladder and the work days at this moment."""

    setting: Ladder
    work_days: Calendar
    now: datetime

    @classmethod
    def load(cls, session: Session) -> Terms:
        """As they are in force now."""
        setting: Ladder = county_settings.get(session, "warning.ladder")
        return cls(setting, calendar.load(session), clock.now())

    def begin(self, warning: EarlyWarning) -> ladder.Steps:
        """The ladder from its first step; where a second person is awaited, from the review."""
        steps = ladder.frozen(self.setting, warning.colour, self.now, self.work_days)
        if warning.state == WarningState.ACKNOWLEDGED:
            return ladder.done(steps, (ladder.ACKNOWLEDGE,), self.now)
        return self.reviewing(steps) if warning.state in WAITING else steps

    def tightened(self, warning: EarlyWarning) -> ladder.Steps:
        """After it became red."""
        return ladder.tightened(warning.ladder, self.setting, warning.colour, self.now, self.work_days)

    def reviewing(self, steps: ladder.Steps) -> ladder.Steps:
        """A second person is awaited."""
        return ladder.reviewing(steps, self.setting, self.now, self.work_days)

    def sent_back(self, steps: ladder.Steps) -> ladder.Steps:
        """He returned it."""
        return ladder.sent_back(steps, self.setting, self.now, self.work_days)

    def taken(self, steps: ladder.Steps) -> ladder.Steps:
        """Somebody took it in hand."""
        taken = ladder.done(steps, (ladder.ACKNOWLEDGE,), self.now)
        return ladder.climbing(taken, self.setting, self.now, self.work_days)

    def climbing(self, steps: ladder.Steps) -> ladder.Steps:
        """Something is due in any case."""
        return ladder.climbing(steps, self.setting, self.now, self.work_days)


def set_steps(warning: EarlyWarning, steps: ladder.Steps) -> None:
    """Write the ladder and when its next step is due. A warning that is only tried out has none."""
    live = warning.mode == RuleMode.ACTIVE and warning.state != WarningState.CLOSED
    warning.ladder = steps if warning.mode == RuleMode.ACTIVE else []
    warning.next_due_at = ladder.next_due(steps) if live else None


def escalate(session: Session) -> int:
    """Tell the next level of what is overdue, the longest overdue first; how many warnings. Several at once
    share the work: each warning is taken by one of them."""
    terms = Terms.load(session)
    overdue = session.scalars(
        select(EarlyWarning)
        .where(EarlyWarning.next_due_at <= terms.now, EarlyWarning.state != WarningState.CLOSED)
        .order_by(EarlyWarning.next_due_at, EarlyWarning.id)
        .limit(BATCH)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    if not overdue:
        return 0
    steps, levels = [], []
    for warning in overdue:
        late, marked = ladder.missed(warning.ladder, terms.now)
        set_steps(warning, terms.climbing(marked))
        level = Level.COUNTY if any(step["level"] == Level.COUNTY for step in late) else Level.TOWN
        levels.append(level)
        steps.append(events.Step(warning, "escalated", _words(late, level), {"level": level.value}))
    written = events.add_many(session, steps, acting=ACTING)
    told = audience.load(session, {warning.village_id for warning in overdue})
    notices.call(
        session,
        (
            notices.Call(warning, f"escalated:{event.position}", told.level(warning.village_id, level))
            for warning, event, level in zip(overdue, written, levels, strict=True)
        ),
    )
    return len(overdue)


def _words(late: list[Json], level: Level) -> str:
    """「1 个工作日内没有签收，报镇街督办。」"""
    reasons = "；".join(
        STEPS[step["step"]]
        if step["step"] == ladder.AGAIN
        else f"{step['work_days']} 个工作日内没有{STEPS[step['step']]}"
        for step in late
    )
    return f"{reasons}，报{LEVELS[level]}督办。"
