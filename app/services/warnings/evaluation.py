"""Running a rule: its findings are compared with the open warnings, and only changes do anything."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from datetime import date
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.models import RuleRun, RuleVerdict
from app.models.rules import RuleMode
from app.rules.base import Evaluation, Rule
from app.services import access, audit
from app.services.actors import Actor
from app.services.warnings import applying, settings
from app.services.warnings.decisions import Change, Known, Settled, decide
from app.services.warnings.settings import configure, find_rule, setting

__all__ = [
    "Change",
    "Known",
    "Settled",
    "configure",
    "decide",
    "find_rule",
    "run",
    "runs",
    "setting",
]


def runs(acting: Actor, rule: Rule[Any]) -> Select[RuleRun]:
    """The runs of a rule, newest first. For inspectors and administrators."""
    access.require_inspector(acting)
    query = select(RuleRun).where(RuleRun.rule == rule.key)
    return query.order_by(RuleRun.started_at.desc(), RuleRun.id.desc())


def run(session: Session, *, acting: Actor, rule: Rule[Any], as_of: date | None = None) -> RuleRun:
    """Evaluate one rule as of a date (default today) and apply what changed; whoever is to be told waits for
    `notices.send`, which is another transaction.

    Two runs of a rule wait for each other. Off: nothing. Shadow: its new warnings are the county's only."""
    access.require_administrator(acting)
    as_of = as_of or clock.today()
    started, begin = clock.now(), time.perf_counter()
    settings.lock(session, rule)
    mode, thresholds = setting(session, rule)
    outcome: Counter[str] = Counter()
    if mode != RuleMode.OFF:
        promoted = settings.promote(session, acting=acting, rule=rule) if mode == RuleMode.ACTIVE else 0
        live = applying.live(session, rule)
        settled = applying.settled(session, rule)
        said = rule.evaluate(session, as_of=as_of, thresholds=thresholds, watched=[*live, *settled])
        outcome.update(findings=len(said.findings), promoted=promoted)
        _keep_verdicts(session, rule, said, as_of)
        outcome.update(applying.apply(session, rule, said, live, settled, mode=mode, as_of=as_of))
    done = RuleRun(
        id=uuid.uuid4(),
        rule=rule.key,
        as_of=as_of,
        started_at=started,
        milliseconds=round((time.perf_counter() - begin) * 1000),
        thresholds=thresholds.model_dump(mode="json"),
        outcome={"mode": mode.value} | {name: n for name, n in outcome.items() if n or name == "findings"},
    )
    session.add(done)
    session.flush()
    audit.record(session, acting=acting, action="ran", noun="rule", noun_id=rule.key, **done.outcome)
    return done


def _keep_verdicts(session: Session, rule: Rule[Any], said: Evaluation, as_of: date) -> None:
    """What the rule says of each village stands in one row, the newest run's."""
    rows = [
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
    ]
    if not rows:
        return
    insertion = insert(RuleVerdict)
    changed = {name: insertion.excluded[name] for name in rows[0] if name not in ("rule", "village_id")}
    session.execute(
        insertion.on_conflict_do_update(index_elements=["rule", "village_id"], set_=changed), rows
    )
