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
from app.rules.base import Evaluation, Rule, Thresholds
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
    """The runs of a rule, newest first. For inspectors and administrators; those of a trial, which count what
    it found, for the county alone."""
    access.require_inspector(acting)
    query = select(RuleRun).where(RuleRun.rule == rule.key)
    if not access.sees_trials(acting):
        query = query.where(RuleRun.outcome["mode"].astext != RuleMode.SHADOW.value)
    return query.order_by(RuleRun.started_at.desc(), RuleRun.id.desc())


def run(session: Session, *, acting: Actor, rule: Rule[Any], as_of: date | None = None) -> RuleRun:
    """Evaluate one rule as of a date (default today) and apply what changed; whoever is to be told waits for
    `notices.send`, which is another transaction. Another day than today is only looked at (`looked`): what
    was so then, or may be so some day, neither fires nor clears anything.

    Two runs of a rule wait for each other. Off: nothing. Shadow: its new warnings are the county's only."""
    access.require_administrator(acting)
    today = clock.today()
    as_of = as_of or today
    started, begin = clock.now(), time.perf_counter()
    settings.lock(session, rule)
    mode, thresholds = setting(session, rule)
    outcome: Counter[str] = Counter()
    if mode != RuleMode.OFF and as_of == today:
        outcome = _apply(session, acting, rule, mode, thresholds, as_of)
    elif mode != RuleMode.OFF:
        said = rule.evaluate(session, as_of=as_of, thresholds=thresholds)
        outcome.update(findings=len(said.findings), looked=True)
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


def _apply(
    session: Session, acting: Actor, rule: Rule[Any], mode: RuleMode, thresholds: Thresholds, today: date
) -> Counter[str]:
    promoted = settings.promote(session, acting=acting, rule=rule) if mode == RuleMode.ACTIVE else 0
    live, settled = applying.live(session, rule), applying.settled(session, rule)
    said = rule.evaluate(session, as_of=today, thresholds=thresholds, watched=[*live, *settled])
    outcome = Counter(findings=len(said.findings), promoted=promoted)
    _keep_verdicts(session, rule, said, today)
    new = _thresholds_changed(session, rule, thresholds)
    apart = "（上次运行以后调整过阈值，请核对是否真的整改）" if new else ""
    changed = applying.apply(session, rule, said, live, settled, mode=mode, as_of=today, remark=apart)
    outcome.update(changed)
    return outcome


def _thresholds_changed(session: Session, rule: Rule[Any], thresholds: Thresholds) -> bool:
    """Whether the last run that applied anything had others."""
    query = select(RuleRun.thresholds).where(
        RuleRun.rule == rule.key,
        RuleRun.outcome["mode"].astext != RuleMode.OFF.value,
        RuleRun.outcome["looked"].is_(None),
    )
    last = session.scalar(query.order_by(RuleRun.started_at.desc()).limit(1))
    return last is not None and last != thresholds.model_dump(mode="json")


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
