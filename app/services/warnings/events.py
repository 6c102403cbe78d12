"""The steps of a warning's life: appended, never changed, each with its audit row."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import EarlyWarning, WarningEvent
from app.models.base import Json
from app.services import audit
from app.services.actors import Actor, System

SYSTEM = "系统"


@dataclass(frozen=True)
class Step:
    """One step to append."""

    warning: EarlyWarning
    kind: str
    text: str = ""
    data: Json = field(default_factory=dict)


def add_many(
    session: Session,
    steps: Sequence[Step],
    *,
    acting: Actor,
    who: str = SYSTEM,
    officer_id: uuid.UUID | None = None,
) -> list[WarningEvent]:
    """Append steps of many warnings, in order, in a few statements."""
    if not steps:
        return []
    positions = _positions(session, {step.warning.id for step in steps})
    events = []
    for step in steps:
        positions[step.warning.id] = position = positions.get(step.warning.id, 0) + 1
        events.append(
            WarningEvent(
                id=uuid.uuid4(),
                warning_id=step.warning.id,
                position=position,
                kind=step.kind,
                at=clock.now(),
                who=who,
                officer_id=officer_id,
                text=step.text,
                data=step.data,
            )
        )
        audit.record(
            session,
            acting=acting,
            action=step.kind,
            noun="warning",
            noun_id=step.warning.id,
            village_id=step.warning.village_id,
            colour=step.warning.colour,
            state=step.warning.state,
        )
    session.add_all(events)
    session.flush()
    return events


def add(
    session: Session,
    warning: EarlyWarning,
    kind: str,
    *,
    acting: Actor = System("warnings"),
    who: str = SYSTEM,
    officer_id: uuid.UUID | None = None,
    text: str = "",
    data: Json | None = None,
) -> WarningEvent:
    """Append one step."""
    steps = [Step(warning, kind, text, data or {})]
    return add_many(session, steps, acting=acting, who=who, officer_id=officer_id)[0]


def _positions(session: Session, warning_ids: set[uuid.UUID]) -> dict[uuid.UUID, int]:
    rows = session.execute(
        select(WarningEvent.warning_id, func.max(WarningEvent.position))
        .where(WarningEvent.warning_id.in_(warning_ids))
        .group_by(WarningEvent.warning_id)
    )
    return dict(rows.all())
