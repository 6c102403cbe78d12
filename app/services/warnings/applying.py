"""Applying what a rule said: each change is decided by `decisions`, and written with its step, its deadlines
and the notices of those who are told. A run with a thousand findings is a handful of statements."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import EarlyWarning
from app.models.rules import RuleMode
from app.models.warnings import WarningState
from app.rules.base import Evaluation, Finding, Rule
from app.services import county_settings
from app.services.actors import System
from app.services.warnings import audience, escalation, events, notices
from app.services.warnings.decisions import ANEW, PUSHED, SILENT, Change, Known, Settled, decide, grown

ACTING = System("rules.run")
Found = dict[str, EarlyWarning]


def fingerprint(rule: Rule[Any], finding: Finding) -> str:
    """Names rule, village and subject, so that a subject has one open warning at a time."""
    parts = (rule.key, str(finding.village_id), finding.subject_kind, finding.subject_id)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def key_of(warning: EarlyWarning) -> str:
    """Village and subject, as rules name them."""
    return f"{warning.village_id}:{warning.subject_id}"


def live(session: Session, rule: Rule[Any]) -> Found:
    """The warnings of a rule that are not closed, by village and subject. Whoever is about to change one
    waits until the run is over."""
    rows = session.scalars(
        select(EarlyWarning)
        .where(EarlyWarning.rule == rule.key, EarlyWarning.state != WarningState.CLOSED)
        .order_by(EarlyWarning.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {key_of(warning): warning for warning in rows}


def settled(session: Session, rule: Rule[Any]) -> Found:
    """The closed episodes that keep the same evidence from firing again, the newest of each subject."""
    rows = session.scalars(
        select(EarlyWarning)
        .where(EarlyWarning.rule == rule.key, EarlyWarning.settles)
        .order_by(EarlyWarning.episode)
        .execution_options(populate_existing=True)
    )
    return {key_of(warning): warning for warning in rows}


def apply(
    session: Session,
    rule: Rule[Any],
    said: Evaluation,
    open_ones: Found,
    closed_ones: Found,
    *,
    mode: RuleMode,
    as_of: date,
    remark: str = "",
) -> Counter[str]:
    """Write what changed; how many of each change, and how many notices wait now (`pushed`). `remark`: what
    the reviewer should know of everything that this run clears."""
    return _Run(session, rule, said, open_ones, closed_ones, mode, as_of, remark).apply()


class _Run:
    """One run of a rule on its warnings."""

    def __init__(
        self,
        session: Session,
        rule: Rule[Any],
        said: Evaluation,
        open_ones: Found,
        closed_ones: Found,
        mode: RuleMode,
        as_of: date,
        remark: str,
    ) -> None:
        self._session, self._rule, self._said = session, rule, said
        self._live, self._settled = open_ones, closed_ones
        self._mode, self._as_of, self._remark = mode, as_of, remark
        self._terms = escalation.Terms.load(session)
        self._repeat_days: int = county_settings.get(session, "warning.repeat_days")
        self._changes: list[tuple[EarlyWarning, Change, str]] = []
        self._new: list[EarlyWarning] = []
        self._outcome: Counter[str] = Counter()

    def apply(self) -> Counter[str]:
        left = dict(self._live)
        for finding in self._said.findings:
            self._fire(finding, left.pop(finding.key, None))
        for key, warning in left.items():
            self._quiet(key, warning)
        for key in self._said.cleared.keys() & self._settled.keys():
            self._settled[key].settles = False  # what fires after this is another matter
        self._number_episodes()
        self._outcome["pushed"] = self._tell()
        return self._outcome

    def _note(self, warning: EarlyWarning, change: Change, words: str) -> None:
        self._outcome[change.value] += 1
        if change not in SILENT:
            self._changes.append((warning, change, words))

    def _fire(self, finding: Finding, warning: EarlyWarning | None) -> None:
        before = None if warning else self._settled.get(finding.key)
        change = decide(
            finding.colour,
            _known(warning, finding) if warning else None,
            Settled(before.colour, _grew(before, finding)) if before else None,
            repeat_days=self._repeat_days,
        )
        if change == Change.SETTLED:
            self._outcome[change.value] += 1
            return
        if before is not None:
            before.settles = False
        if warning is None:
            warning = self._open(finding)
        was_proposed = warning.state == WarningState.PROPOSED
        warning.last_seen_on, warning.missing = self._as_of, ""
        warning.title, warning.basis, warning.evidence = finding.title, finding.basis, finding.evidence
        warning.colour, warning.signature = finding.colour, finding.signature
        if change == Change.REFIRED or (was_proposed and change in (Change.WORSE, Change.RETURNED)):
            _reopen(warning)
        self._deadlines(warning, change, was_proposed)
        lapsed = "证据有变化，原来的说明不再适用。" if was_proposed and change in PUSHED else ""
        self._note(warning, change, lapsed + finding.basis)

    def _open(self, finding: Finding) -> EarlyWarning:
        warning = EarlyWarning(
            id=uuid.uuid4(),
            rule=self._rule.key,
            rule_version=self._rule.version,
            mode=self._mode,
            line=self._rule.line,
            fingerprint=fingerprint(self._rule, finding),
            episode=1,
            village_id=finding.village_id,
            subject_kind=finding.subject_kind,
            subject_id=finding.subject_id,
            state=WarningState.OPEN,
            clears_by=self._rule.clears_by,
            first_seen_on=self._as_of,
            muted_by="",
        )
        self._new.append(warning)
        return warning

    def _deadlines(self, warning: EarlyWarning, change: Change, was_proposed: bool) -> None:
        if change in ANEW:
            escalation.set_steps(warning, self._terms.begin(warning))
            return
        steps = warning.ladder
        if was_proposed and change in (Change.WORSE, Change.RETURNED):
            escalation.set_steps(warning, steps := self._terms.sent_back(steps))
        if change == Change.WORSE:
            escalation.set_steps(warning, self._terms.tightened(warning))

    def _quiet(self, key: str, warning: EarlyWarning) -> None:
        """The subject did not fire: cleared where the data show why, left open where they do not."""
        said = self._said.cleared.get(key)
        if said is None:
            warning.missing = self._said.unknown.get(key, "")
            self._outcome[(Change.UNKNOWN if warning.missing else Change.UNEXPLAINED).value] += 1
            return
        warning.missing, reason = "", said.reason + self._remark
        change = decide(None, Known(warning.colour, warning.state))
        if change == Change.CLEARED:
            warning.state, warning.cleared_at = WarningState.CLEARED, clock.now()
            warning.clearing_evidence = {**said.evidence, "reason": reason}
            warning.muted_by = warning.muted_because = ""
            escalation.set_steps(warning, self._terms.reviewing(warning.ladder))
        self._note(warning, change, reason)

    def _number_episodes(self) -> None:
        """Whatever is new is the next episode of its subject."""
        if not self._new:
            return
        rows = self._session.execute(
            select(EarlyWarning.fingerprint, func.max(EarlyWarning.episode))
            .where(EarlyWarning.fingerprint.in_([one.fingerprint for one in self._new]))
            .group_by(EarlyWarning.fingerprint)
        )
        last = dict(rows.all())
        for warning in self._new:
            warning.episode = last.get(warning.fingerprint, 0) + 1
        self._session.add_all(self._new)

    def _tell(self) -> int:
        """Append the steps, and let notices wait for whoever is told of them."""
        steps = [events.Step(warning, change.value, words) for warning, change, words in self._changes]
        written = events.add_many(self._session, steps, acting=ACTING)
        pushed = [
            (warning, f"{change.value}:{event.position}")
            for (warning, change, _), event in zip(self._changes, written, strict=True)
            if change in PUSHED and warning.mode == RuleMode.ACTIVE
        ]
        if not pushed:
            return 0
        told = audience.load(self._session, {warning.village_id for warning, _ in pushed})
        return notices.call(
            self._session,
            (
                notices.Call(warning, change, told.first(warning.village_id, warning.line))
                for warning, change in pushed
            ),
        )


def _known(warning: EarlyWarning, finding: Finding) -> Known:
    told = None
    if warning.mode == RuleMode.ACTIVE and not warning.muted_by and warning.pushed_at is not None:
        told = (clock.today() - clock.local(warning.pushed_at).date()).days
    return Known(warning.colour, warning.state, _grew(warning, finding), told)


def _grew(warning: EarlyWarning, finding: Finding) -> bool:
    return grown(warning.evidence, warning.signature, finding.evidence, finding.signature)


def _reopen(warning: EarlyWarning) -> None:
    warning.state, warning.cleared_at, warning.clearing_evidence = WarningState.OPEN, None, {}
    warning.proposal, warning.proposal_text, warning.transferred_to = None, "", ""
    warning.proposed_by = None
