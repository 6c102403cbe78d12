"""The demo's portraits of the last months, and what the rules said last night, which portraits tell."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.demo.months import add_months, month_of
from app.models import RuleVerdict
from app.rules import ALL_RULES
from app.services.actors import Actor
from app.services.portrait import snapshots

MONTHS = 6


def judge(session: Session, villages: Collection[UUID], *, as_of: date) -> None:
    """What each rule says of these villages on a day. It raises no warning: that is left to the first run."""
    rows: list[dict[str, Any]] = []
    for rule in ALL_RULES:
        said = rule.evaluate(session, as_of=as_of, thresholds=rule.thresholds())
        rows += [
            {
                "rule": rule.key,
                "village_id": village_id,
                "as_of": as_of,
                "verdict": judged.verdict,
                "examined": judged.examined,
                "fired": judged.fired,
                "unknown": judged.unknown,
                "missing": judged.missing,
            }
            for village_id, judged in said.villages.items()
            if village_id in villages
        ]
    session.execute(insert(RuleVerdict).on_conflict_do_nothing(), rows)


def take(session: Session, *, acting: Actor, county_id: UUID, today: date) -> int:
    """The portraits of the last complete months, the oldest first; how many."""
    made = 0
    for back in range(MONTHS, 0, -1):
        month = add_months(month_of(today), -back)
        # A demo of a day to come knows no portraits of months that are not over.
        if add_months(month, 1) - timedelta(days=1) < clock.today():
            made += snapshots.take(session, acting=acting, county_id=county_id, month=f"{month:%Y-%m}")
    return made
