"""What the rules found of what was planted, and what they told besides."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.models.rules import Verdict
from app.rules.base import Finding, Judged
from bench.county.truth import Case, Truth

_PARTS = re.compile(r"[:/|@]")


@dataclass
class Score:
    """One rule. Of the planted cases each is found, or missed, or `untold`: the rule said that it cannot
    tell, and for want of what. `hits`: subjects that are planted for it; `beside`: findings that point at
    rows planted for another rule (a split purchase is also one without tender); `lapses`: at a small lapse
    that truly happened; `unplanted`: at nothing known."""

    rule: str
    planted: list[Case] = field(default_factory=list)
    found: list[Case] = field(default_factory=list)
    missed: list[Case] = field(default_factory=list)
    untold: dict[str, str] = field(default_factory=dict)
    hits: int = 0
    beside: list[Finding] = field(default_factory=list)
    lapses: list[Finding] = field(default_factory=list)
    unplanted: list[Finding] = field(default_factory=list)

    @property
    def told(self) -> int:
        """How many different subjects the rule told of."""
        return self.hits + len(self.beside) + len(self.lapses) + len(self.unplanted)


@dataclass
class Report:
    """The scores by rule; `by_village`: how many findings point at nothing known, by the village's code."""

    scores: dict[str, Score]
    by_village: dict[str, int]

    @property
    def missed(self) -> list[Case]:
        """All planted cases that no rule found."""
        return [case for score in self.scores.values() for case in score.missed]

    @property
    def untold(self) -> dict[str, str]:
        """The planted cases of which a rule said that it cannot tell, and for want of what."""
        return {name: lacking for score in self.scores.values() for name, lacking in score.untold.items()}

    @property
    def found(self) -> list[str]:
        """The names of the cases that were found."""
        return sorted(case.name for score in self.scores.values() for case in score.found)

    @property
    def unplanted(self) -> int:
        """How many findings point at nothing that was put in."""
        return sum(len(score.unplanted) for score in self.scores.values())


@dataclass(frozen=True)
class Subject:
    """What a rule said of one subject on all days together."""

    finding: Finding
    words: frozenset[str]
    rows: bool


def compare(
    truth: Truth,
    findings_by_rule: Mapping[str, Sequence[Finding]],
    kinds: Mapping[str, str],
    *,
    unknown: Mapping[str, Mapping[str, str]] | None = None,
) -> Report:
    """Match findings with planted cases. `findings_by_rule` are those of all days that were looked at;
    `kinds` says which rule is to find which kind. A finding is of a case when it is of its village and one
    of its rows (or its subject) is a row of the case; one that names no rows at all is of the village's
    case. Of a village from which nothing comes any more, every finding is beside that. `unknown`: by rule,
    the subjects (`village:subject`) that it could not judge, and for want of what."""
    codes = truth.code_of()
    cases, lapses = _by_village(truth.cases), _by_village(truth.lapses)
    report = Report({}, defaultdict(int))
    for rule, findings in findings_by_rule.items():
        score = report.scores.setdefault(rule, Score(rule))
        score.planted = [case for case in truth.cases if kinds.get(case.kind) == rule]
        hit: set[str] = set()
        for subject in _subjects(findings):
            code = codes[subject.finding.village_id]
            touched = [case for case in cases[code] if _about(subject, case, kinds.get(case.kind) == rule)]
            mine = [case.name for case in touched if kinds.get(case.kind) == rule]
            hit.update(mine)
            if mine:
                score.hits += 1
            elif touched:
                score.beside.append(subject.finding)
            elif any(_about(subject, lapse, wanted=False) for lapse in lapses[code]):
                score.lapses.append(subject.finding)
            else:
                score.unplanted.append(subject.finding)
                report.by_village[code] += 1
        score.found = [case for case in score.planted if case.name in hit]
        rest = [case for case in score.planted if case.name not in hit]
        score.untold = _untold(truth, rest, (unknown or {}).get(rule, {}))
        score.missed = [case for case in rest if case.name not in score.untold]
    return report


def _untold(truth: Truth, cases: list[Case], unknown: Mapping[str, str]) -> dict[str, str]:
    """Which of the cases the rule said it cannot judge, and for want of what."""
    told: dict[str, str] = {}
    for case in cases:
        for key, lacking in unknown.items():
            village, _, subject = key.partition(":")
            if village == str(truth.villages[case.village]) and case.keys & {subject, *_PARTS.split(subject)}:
                told[case.name] = lacking
    return told


def uncomputable(
    truth: Truth,
    verdicts: Mapping[str, Mapping[uuid.UUID, Judged]],
    gaps: Mapping[str, tuple[str, ...]],
) -> list[str]:
    """The gaps that a rule took for clear or fired: `kind@village rule`. Empty when every rule that needs
    what a village never records says that it cannot tell."""
    return [
        f"{gap.name} {rule}: {verdicts[rule][truth.villages[gap.village]].verdict.value}"
        for gap in truth.gaps
        for rule in gaps.get(gap.kind, ())
        if rule in verdicts and verdicts[rule][truth.villages[gap.village]].verdict != Verdict.NOT_COMPUTABLE
    ]


def first_found(truth: Truth, days: Mapping[date, Sequence[Finding]], kind: str) -> dict[str, date]:
    """On which of the days each case of a kind was found first; `days` are the findings of its rule."""
    codes, found = truth.code_of(), dict[str, date]()
    for day in sorted(days):
        for subject in _subjects(days[day]):
            code = codes[subject.finding.village_id]
            mine = (case for case in truth.cases if case.kind == kind and case.village == code)
            for case in mine:
                if _about(subject, case, wanted=True):
                    found.setdefault(case.name, day)
    return found


def _by_village(cases: Iterable[Case]) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        found[case.village].append(case)
    return found


def _about(subject: Subject, case: Case, wanted: bool) -> bool:
    if subject.words & case.keys or case.village in case.keys:
        return True
    return wanted and not subject.rows and not any(_is_key(key) for key in case.keys)


def _is_key(word: str) -> bool:
    """Whether it names a row, not a period or a village."""
    return len(word) == 36 or word.isdigit()


def _subjects(findings: Iterable[Finding]) -> Iterator[Subject]:
    """One entry for each subject, with all that was said of it."""
    grouped: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        grouped[finding.key].append(finding)
    for same in grouped.values():
        words = frozenset(word for finding in same for word in _words(finding))
        yield Subject(same[-1], words, any(finding.evidence.get("rows") for finding in same))


def _words(finding: Finding) -> Iterator[str]:
    yield finding.subject_id
    yield from _PARTS.split(finding.subject_id)
    yield from _texts(finding.evidence)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner) if isinstance(inner, Mapping | list) else (str(inner),)
    elif isinstance(value, str):
        yield value
