"""Running a rule: its findings are compared with the open warnings, and only changes do anything."""

from __future__ import annotations

import enum
import hashlib
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, NotFound
from app.models import EarlyWarning, RuleRun, RuleSetting, RuleVerdict, WarningEvent
from app.models.rules import Colour, RuleMode
from app.models.warnings import WarningState
from app.rules import by_key
from app.rules.base import Evaluation, Finding, Rule, Thresholds
from app.services import access, audit
from app.services.actors import Actor, System
from app.services.warnings import messages


class Change(enum.StrEnum):
    """What a run does with one subject, and why."""

    FIRED = "fired"
    WORSE = "worse"
    BETTER = "better"
    REFIRED = "refired"
    SAME = "same"
    CLEARED = "cleared"
    STILL_CLEAR = "still_clear"


PUSHED = frozenset({Change.FIRED, Change.WORSE, Change.REFIRED})


@dataclass(frozen=True)
class Known:
    """What a decision needs to know of the open warning of a subject."""

    colour: Colour
    state: WarningState


def decide(found: Colour | None, known: Known | None) -> Change:
    """Compare a finding's colour (None: did not fire) with the open warning of its subject (None: none)."""
    if known is None:
        return Change.FIRED
    if found is None:
        return Change.STILL_CLEAR if known.state == WarningState.CLEARED else Change.CLEARED
    if known.state == WarningState.CLEARED:
        return Change.REFIRED
    if found == known.colour:
        return Change.SAME
    return Change.WORSE if found == Colour.RED else Change.BETTER


def fingerprint(rule: Rule[Any], finding: Finding) -> str:
    """Names rule, village and subject, so that a subject has one open warning at a time."""
    parts = (rule.key, str(finding.village_id), finding.subject_kind, finding.subject_id)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def find_rule(key: str) -> Rule[Any]:
    """The rule with this key. Raises NotFound."""
    rule = by_key(key)
    if rule is None:
        raise NotFound("rule.not_found", f"没有名为「{key}」的规则。", rule=key)
    return rule


def setting(session: Session, rule: Rule[Any]) -> tuple[RuleMode, Thresholds]:
    """The mode and thresholds in force: the county's, else the rule's own."""
    row = session.get(RuleSetting, rule.key)
    if row is None:
        return rule.mode, rule.thresholds()
    return row.mode, rule.thresholds(**row.thresholds)


def configure(
    session: Session, *, acting: Actor, rule: Rule[Any], mode: RuleMode, thresholds: dict[str, Any]
) -> RuleSetting:
    """Set a rule's mode and thresholds. Raises BadInput naming the wrong threshold."""
    access.require_administrator(acting)
    try:
        checked = rule.thresholds(**thresholds)
    except ValueError as error:
        raise BadInput("rule.thresholds_wrong", "阈值不对，请检查名称和范围。", rule=rule.key) from error
    row = session.merge(
        RuleSetting(rule=rule.key, mode=mode, thresholds=checked.model_dump(exclude_unset=True))
    )
    audit.record(
        session,
        acting=acting,
        action="configured",
        noun="rule",
        noun_id=rule.key,
        mode=mode,
        thresholds=row.thresholds,
    )
    return row


def runs(acting: Actor, rule: Rule[Any]) -> Select[RuleRun]:
    """The runs of a rule, newest first. For inspectors and administrators."""
    access.require_inspector(acting)
    query = select(RuleRun).where(RuleRun.rule == rule.key)
    return query.order_by(RuleRun.started_at.desc(), RuleRun.id.desc())


def run(session: Session, *, acting: Actor, rule: Rule[Any], as_of: date | None = None) -> RuleRun:
    """Evaluate one rule as of a date (default today) and apply what changed.

    Two runs of a rule wait for each other. Off: nothing. Shadow: counted, no warning, no push."""
    access.require_administrator(acting)
    as_of = as_of or clock.today()
    started, begin = clock.now(), time.perf_counter()
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"rule:{rule.key}"))))
    mode, thresholds = setting(session, rule)
    outcome: Counter[str] = Counter()
    if mode != RuleMode.OFF:
        known = _open(session, rule)
        said = rule.evaluate(session, as_of=as_of, thresholds=thresholds, watched=known)
        outcome["findings"] = len(said.findings)
        _keep_verdicts(session, rule, said, as_of)
        if mode == RuleMode.ACTIVE:
            outcome.update(_apply(session, rule, said, known, as_of))
    done = RuleRun(
        id=uuid.uuid4(),
        rule=rule.key,
        as_of=as_of,
        started_at=started,
        milliseconds=round((time.perf_counter() - begin) * 1000),
        thresholds=thresholds.model_dump(),
        outcome={"mode": mode.value, **outcome},
    )
    session.add(done)
    session.flush()
    audit.record(session, acting=acting, action="ran", noun="rule", noun_id=rule.key, **done.outcome)
    return done


def _open(session: Session, rule: Rule[Any]) -> dict[str, EarlyWarning]:
    """The warnings of a rule that are not closed, by village and subject."""
    live = session.scalars(
        select(EarlyWarning).where(EarlyWarning.rule == rule.key, EarlyWarning.state != WarningState.CLOSED)
    )
    return {f"{warning.village_id}:{warning.subject_id}": warning for warning in live}


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


def _apply(
    session: Session, rule: Rule[Any], said: Evaluation, known: dict[str, EarlyWarning], as_of: date
) -> Counter[str]:
    outcome: Counter[str] = Counter()
    left = dict(known)
    for finding in said.findings:
        outcome.update(_fire(session, rule, finding, left.pop(finding.key, None), as_of))
    outcome.update(_clear(session, left, said))
    return outcome


def _fire(
    session: Session, rule: Rule[Any], finding: Finding, warning: EarlyWarning | None, as_of: date
) -> Counter[str]:
    change = decide(finding.colour, Known(warning.colour, warning.state) if warning else None)
    if warning is None:
        warning = _new(session, rule, finding, as_of)
    warning.last_seen_on = as_of
    warning.title, warning.basis, warning.evidence = finding.title, finding.basis, finding.evidence
    warning.colour = finding.colour
    if change == Change.REFIRED:
        warning.state, warning.cleared_at, warning.clearing_evidence = WarningState.OPEN, None, {}
    outcome = Counter({change.value: 1})
    if change != Change.SAME:
        event = add_event(
            session, warning, change.value, who="系统", acting=System("rules.run"), text=finding.basis
        )
        if change in PUSHED:
            outcome["pushed"] = messages.push(session, warning, change=f"{change.value}:{event.position}")
    return outcome


def _new(session: Session, rule: Rule[Any], finding: Finding, as_of: date) -> EarlyWarning:
    key = fingerprint(rule, finding)
    episodes = session.scalar(
        select(func.count()).select_from(EarlyWarning).where(EarlyWarning.fingerprint == key)
    )
    warning = EarlyWarning(
        id=uuid.uuid4(),
        rule=rule.key,
        rule_version=rule.version,
        line=rule.line,
        signature=finding.signature,
        fingerprint=key,
        episode=(episodes or 0) + 1,
        village_id=finding.village_id,
        subject_kind=finding.subject_kind,
        subject_id=finding.subject_id,
        colour=finding.colour,
        title=finding.title,
        basis=finding.basis,
        clears_by=rule.clears_by,
        evidence=finding.evidence,
        first_seen_on=as_of,
        last_seen_on=as_of,
    )
    session.add(warning)
    session.flush()
    return warning


def _clear(session: Session, gone: dict[str, EarlyWarning], said: Evaluation) -> Counter[str]:
    """Warnings whose subject did not fire: cleared where the data show why, left open where they do not."""
    outcome: Counter[str] = Counter()
    for key, warning in gone.items():
        if warning.state == WarningState.CLEARED:
            continue
        clearing = said.cleared.get(key)
        if clearing is None:
            outcome["unexplained"] += 1
            continue
        warning.state = WarningState.CLEARED
        warning.cleared_at = clock.now()
        warning.clearing_evidence = {"reason": clearing.reason, **clearing.evidence}
        add_event(
            session,
            warning,
            Change.CLEARED.value,
            who="系统",
            acting=System("rules.run"),
            text=clearing.reason,
        )
        outcome[Change.CLEARED.value] += 1
    return outcome


def add_event(
    session: Session,
    warning: EarlyWarning,
    kind: str,
    *,
    who: str,
    acting: Actor,
    text: str = "",
    officer_id: uuid.UUID | None = None,
) -> WarningEvent:
    """Append one step of a warning's life, and its audit row."""
    last = session.scalar(
        select(func.max(WarningEvent.position)).where(WarningEvent.warning_id == warning.id)
    )
    event = WarningEvent(
        id=uuid.uuid4(),
        warning_id=warning.id,
        position=(last or 0) + 1,
        kind=kind,
        at=clock.now(),
        who=who,
        officer_id=officer_id,
        text=text,
    )
    session.add(event)
    session.flush()
    audit.record(
        session,
        acting=acting,
        action=kind,
        noun="warning",
        noun_id=warning.id,
        village_id=warning.village_id,
        colour=warning.colour,
        state=warning.state,
    )
    return event
