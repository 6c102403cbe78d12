"""The county's mode and thresholds of each rule, with their history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core import text
from app.core.errors import BadInput, NotFound
from app.models import EarlyWarning, RuleSetting, SettingHistory
from app.models.rules import RuleMode
from app.models.warnings import WarningState
from app.rules import by_key
from app.rules.base import Rule, Thresholds
from app.services import access, audit, setting_history
from app.services.actors import Actor
from app.services.warnings import audience, escalation, events, notices

NOUN = "rule"
LONGEST_REASON = 500
UNHANDLED = (WarningState.OPEN, WarningState.ACKNOWLEDGED)


def find_rule(key: str) -> Rule[Any]:
    """The rule with this key. Raises NotFound."""
    rule = by_key(key)
    if rule is None:
        raise NotFound("rule.not_found", f"没有名为「{key}」的规则。", rule=key)
    return rule


def setting(session: Session, rule: Rule[Any]) -> tuple[RuleMode, Thresholds]:
    """The mode and thresholds in force: the county's, else the rule's own."""
    return _in_force(rule, session.get(RuleSetting, rule.key))


def _in_force(rule: Rule[Any], row: RuleSetting | None) -> tuple[RuleMode, Thresholds]:
    if row is None:
        return rule.mode, rule.thresholds()
    return row.mode, rule.thresholds(**row.thresholds)


def settings(session: Session, rules: Sequence[Rule[Any]]) -> dict[str, tuple[RuleMode, Thresholds]]:
    """The same of many rules in one statement, by key."""
    wanted = select(RuleSetting).where(RuleSetting.rule.in_([rule.key for rule in rules]))
    rows = {row.rule: row for row in session.scalars(wanted)}
    return {rule.key: _in_force(rule, rows.get(rule.key)) for rule in rules}


def lock(session: Session, rule: Rule[Any]) -> None:
    """Wait until nobody else runs or sets this rule; held until the end of the transaction."""
    setting_history.lock(session, NOUN, rule.key)


def configure(
    session: Session,
    *,
    acting: Actor,
    rule: Rule[Any],
    mode: RuleMode,
    thresholds: dict[str, Any],
    reason: str,
) -> RuleSetting:
    """Set a rule's mode and thresholds, with a reason for its history. From shadow to active, its open
    warnings become everybody's and are told once; off closes nothing.

    Raises BadInput for a wrong threshold or a missing reason."""
    access.require_administrator(acting)
    because = text.clean(reason)
    if not because or len(because) > LONGEST_REASON:
        raise BadInput(
            "rule.reason_missing", f"请写明调整的原因，最多 {LONGEST_REASON} 个字。", field="reason"
        )
    try:
        checked = rule.thresholds.model_validate(thresholds)
    except ValueError as error:
        raise BadInput("rule.thresholds_wrong", "阈值不对，请检查名称和范围。", rule=rule.key) from error
    lock(session, rule)
    before = _plain(*setting(session, rule))
    row = session.merge(
        RuleSetting(rule=rule.key, mode=mode, thresholds=checked.model_dump(mode="json", exclude_unset=True))
    )
    setting_history.remember(
        session,
        acting=acting,
        noun=NOUN,
        key=rule.key,
        reason=because,
        before=before,
        after=_plain(mode, checked),
    )
    promoted = promote(session, acting=acting, rule=rule) if mode == RuleMode.ACTIVE else 0
    audit.record(
        session,
        acting=acting,
        action="configured",
        noun=NOUN,
        noun_id=rule.key,
        mode=mode,
        thresholds=row.thresholds,
        promoted=promoted,
    )
    return row


def _plain(mode: RuleMode, thresholds: Thresholds) -> dict[str, Any]:
    return {"mode": mode.value, "thresholds": thresholds.model_dump(mode="json")}


def promote(session: Session, *, acting: Actor, rule: Rule[Any]) -> int:
    """What a rule found while it was tried out becomes everybody's, and those who have to do with it are told
    now; the deadlines begin. How many warnings."""
    shadows = session.scalars(
        select(EarlyWarning)
        .where(
            EarlyWarning.rule == rule.key,
            EarlyWarning.mode == RuleMode.SHADOW,
            EarlyWarning.state != WarningState.CLOSED,
        )
        .order_by(EarlyWarning.id)
        .with_for_update(key_share=True)
    ).all()
    if not shadows:
        return 0
    terms = escalation.Terms.load(session)
    for warning in shadows:
        warning.mode = RuleMode.ACTIVE
        escalation.set_steps(warning, terms.begin(warning))
    steps = [events.Step(one, "promoted", "规则已启用，试运行期间的预警开始推送。") for one in shadows]
    told = audience.load(session, {one.village_id for one in shadows})
    written = events.add_many(session, steps, acting=acting)
    notices.call(
        session,
        (
            notices.Call(one, f"promoted:{event.position}", told.first(one.village_id, one.line))
            for one, event in zip(shadows, written, strict=True)
            if one.state in UNHANDLED
        ),
    )
    return len(shadows)


def changes(acting: Actor, rule: Rule[Any]) -> Select[SettingHistory]:
    """The changes of a rule's setting, newest first. For inspectors and administrators."""
    access.require_inspector(acting)
    return setting_history.changes(NOUN, rule.key)
