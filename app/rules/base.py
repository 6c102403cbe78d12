"""What a rule of 码上督 is: cited, versioned code with thresholds and one set-based SELECT.

A rule's `SELECT` yields one row per subject that it looks at, as of a day, with at least the columns
`village_id`, `subject_id` (text, stable from day to day), `colour` ('red', 'yellow' or null) and `missing`
(the name of the field without which the subject cannot be judged, or null); all further columns are evidence,
and `rows` (an array) holds the keys of the ledger rows behind it. So each subject is fired, clear or
not computable, and missing data never look clean. `needs` says which ledgers must be there at all: a village
without them is not computable, whatever the SELECT says of it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, model_validator
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.workdays import Calendar
from app.models import CalendarDay
from app.models.organisations import Line
from app.models.rules import Colour, RuleMode, Verdict

Row = Mapping[str, Any]
LARGEST = 10**13  # of a threshold: fen of a hundred billion yuan, times 100 still a bigint
MOST_ROWS = 200  # keys of ledger rows that one finding carries; `row_count` is the true number


class Thresholds(BaseModel):
    """The numbers of a rule, with defaults, units and their source. The county may set others, as far as the
    database can count with them."""

    model_config = {"extra": "forbid"}

    @model_validator(mode="after")
    def _countable(self) -> Self:
        if any(isinstance(value, int) and abs(value) > LARGEST for _, value in self):
            raise ValueError(f"thresholds are at most {LARGEST}")
        return self


ThresholdsT = TypeVar("ThresholdsT", bound=Thresholds)


@dataclass(frozen=True)
class Need:
    """A ledger without which a rule says nothing of a village: at least one row of `table` that fulfils
    `condition` (SQL over `t`), where `recent` names the day column and `days` how old the newest may be."""

    table: str
    label: str
    condition: str = "true"
    recent: str | None = None
    days: int = 0

    def sql(self) -> str:
        """A condition over village `v`: the ledger is there."""
        fresh = ""
        if self.recent:
            oldest = f" AND t.{self.recent} > :as_of - {self.days}" if self.days else ""
            fresh = f" AND t.{self.recent} <= :as_of{oldest}"
        return (
            f"EXISTS (SELECT 1 FROM {self.table} t WHERE t.village_id = v.id AND ({self.condition}){fresh})"
        )


@dataclass(frozen=True)
class Words:
    """What people read: `title` in a line, `basis` why it fired, with place, time, figures and source."""

    title: str
    basis: str


@dataclass(frozen=True)
class Finding:
    """A rule fired for one subject. `signature` names the ledger rows behind it."""

    village_id: uuid.UUID
    subject_kind: str
    subject_id: str
    colour: Colour
    title: str
    basis: str
    evidence: dict[str, Any] = field(default_factory=dict)
    signature: str = ""

    @property
    def key(self) -> str:
        """Names village and subject."""
        return f"{self.village_id}:{self.subject_id}"


@dataclass(frozen=True)
class Clearing:
    """What the data say now about a subject that fired before: why it is clear, with the evidence."""

    reason: str
    evidence: dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """What a rule says of one village: `missing` maps the name of a field to how many subjects lack it."""

    examined: int
    fired: int
    unknown: int
    missing: dict[str, int]

    @property
    def verdict(self) -> Verdict:
        """Fired before not computable before clear; a village without anything to look at is clear only
        when the ledgers are there."""
        if self.fired:
            return Verdict.FIRED
        return Verdict.NOT_COMPUTABLE if self.missing else Verdict.CLEAR


@dataclass(frozen=True)
class Evaluation:
    """All that a rule says as of a day. `cleared` and `unknown` speak of watched subjects, by their key:
    clear now with the reason, or not to be judged for want of the named field."""

    findings: list[Finding]
    villages: dict[uuid.UUID, Judged]
    cleared: dict[str, Clearing]
    unknown: dict[str, str]


class Rule(ABC, Generic[ThresholdsT]):
    """One rule. `key` is stable and stands in settings, warnings and addresses; `code` is its number in the
    catalogue. `absence`: it fires because something is not there, so it keeps still while a village reports
    nothing at all. `subject` is the noun of `subject_id`, `rows_of` the ledger of `rows`."""

    key: ClassVar[str]
    code: ClassVar[str]
    version: ClassVar[int] = 1
    title: ClassVar[str]
    meaning: ClassVar[str]
    source: ClassVar[str]
    clears_by: ClassVar[str]
    line: ClassVar[Line]
    mode: ClassVar[RuleMode] = RuleMode.ACTIVE
    needs: ClassVar[tuple[Need, ...]] = ()
    exclusions: ClassVar[tuple[str, ...]] = ()
    absence: ClassVar[bool] = False
    subject: ClassVar[str]
    rows_of: ClassVar[str] = ""
    SELECT: ClassVar[str]
    thresholds: type[ThresholdsT]

    @abstractmethod
    def words(self, row: Row, *, village: str, as_of: date, thresholds: ThresholdsT) -> Words:
        """Title and basis of a row that fired. Dates in `row` are ISO text, amounts integer fen."""

    def cleared(self, row: Row, *, thresholds: ThresholdsT) -> str:
        """Why a subject that fired before is clear now, from its present row."""
        return "台账数据显示已不符合预警条件。"

    def vanished(self, session: Session, *, as_of: date, subjects: Sequence[str]) -> dict[str, Clearing]:
        """For watched subjects that the SELECT no longer yields (`village:subject`): the evidence that clears
        them. What is not answered stays open until people say why."""
        return {}

    def parameters(self, thresholds: ThresholdsT) -> dict[str, Any]:
        """What the SELECT may bind besides `as_of`: every threshold by its name."""
        return {name: value for name, value in thresholds if not isinstance(value, Mapping)}

    def evaluate(
        self, session: Session, *, as_of: date, thresholds: ThresholdsT, watched: Iterable[str] = ()
    ) -> Evaluation:
        """Judge every village as of a day, in one statement. `watched` are keys (`village:subject`) of
        warnings that are open, so that what is clear by now is told too."""
        wanted = list(watched)
        bound = text(statement(self))
        values = {**self.parameters(thresholds), "as_of": as_of, "watched": wanted}
        names = bound.compile().params.keys()
        if "rest_days" in names:
            values["rest_days"] = rest_days(session, as_of)
        rows = session.execute(bound, {name: values[name] for name in names}).mappings().all()
        return _Reader(self, thresholds, as_of).read(session, rows, wanted)


def rest_days(session: Session, as_of: date) -> list[date]:
    """The days on which offices and banks rest, from 400 days before a day to 60 after it: what a SELECT
    binds as `rest_days`, for deadlines that move on to the next work day."""
    entered = {row.day: row.is_work_day for row in session.scalars(select(CalendarDay))}
    calendar = Calendar(entered)
    days = (as_of + timedelta(days=step) for step in range(-400, 61))
    return [day for day in days if not calendar.is_work_day(day)]


def statement(rule: Rule[Any]) -> str:
    """The one statement of a rule: its subjects, those that matter in full, and the count of each village."""
    lacking = " UNION ALL ".join(
        f"SELECT v.id, '{need.label}' FROM live_village v WHERE NOT {need.sql()}" for need in rule.needs
    )
    lacking = lacking or "SELECT NULL::uuid, NULL::text WHERE false"
    return f"""
WITH live_village AS (
    SELECT id, name FROM organisation WHERE kind = 'village' AND active
), lacking(village_id, label) AS (
    {lacking}
), subject AS MATERIALIZED (
{rule.SELECT}
), judged AS (
    SELECT subject.*, l.village_id IS NOT NULL AS without_ledger
    FROM subject LEFT JOIN (SELECT DISTINCT village_id FROM lacking) l USING (village_id)
)
SELECT 'subject' AS part, v.id AS village_id, v.name AS village, to_jsonb(judged) AS row
FROM judged JOIN live_village v ON v.id = judged.village_id
WHERE NOT without_ledger
  AND (colour IS NOT NULL OR missing IS NOT NULL
       OR judged.village_id::text || ':' || subject_id = ANY(CAST(:watched AS text[])))
UNION ALL
SELECT 'village', v.id, v.name, jsonb_build_object(
    'examined', count(s.subject_id), 'fired', count(s.colour) FILTER (WHERE s.missing IS NULL),
    'unknown', count(s.missing))
FROM live_village v LEFT JOIN judged s ON s.village_id = v.id AND NOT s.without_ledger
GROUP BY v.id, v.name
UNION ALL
SELECT 'lacking', v.id, v.name, jsonb_build_object('label', lacking.label)
FROM lacking JOIN live_village v ON v.id = lacking.village_id
"""


class _Reader:
    """Turns the rows of a statement into an `Evaluation`."""

    def __init__(self, rule: Rule[Any], thresholds: Thresholds, as_of: date) -> None:
        self._rule, self._thresholds, self._as_of = rule, thresholds, as_of
        self._findings: list[Finding] = []
        self._cleared: dict[str, Clearing] = {}
        self._unknown: dict[str, str] = {}
        self._counts: dict[uuid.UUID, dict[str, int]] = {}
        self._missing: dict[uuid.UUID, dict[str, int]] = {}
        self._without_ledger: set[uuid.UUID] = set()

    def read(self, session: Session, rows: Iterable[Any], watched: Sequence[str]) -> Evaluation:
        """Sort the rows; ask the rule about watched subjects that are gone."""
        for part, village_id, village, row in (tuple(entry.values()) for entry in rows):
            if part == "village":
                self._counts[village_id] = row
            elif part == "lacking":
                self._without_ledger.add(village_id)
                self._lack(village_id, row["label"])
            else:
                self._subject(village_id, village, row)
        self._findings.sort(key=lambda found: (found.village_id, found.subject_id))
        self._gone(session, watched)
        return Evaluation(self._findings, self._villages(), self._cleared, self._unknown)

    def _lack(self, village_id: uuid.UUID, label: str) -> None:
        counts = self._missing.setdefault(village_id, {})
        counts[label] = counts.get(label, 0) + 1

    def _subject(self, village_id: uuid.UUID, village: str, row: dict[str, Any]) -> None:
        key = f"{village_id}:{row['subject_id']}"
        if row["missing"] is not None:
            self._unknown[key] = row["missing"]
            self._lack(village_id, row["missing"])
        elif row["colour"] is None:
            reason = self._rule.cleared(row, thresholds=self._thresholds)
            self._cleared[key] = Clearing(reason, _evidence(self._rule, row))
        else:
            self._findings.append(self._finding(village_id, village, row))

    def _finding(self, village_id: uuid.UUID, village: str, row: dict[str, Any]) -> Finding:
        words = self._rule.words(row, village=village, as_of=self._as_of, thresholds=self._thresholds)
        return Finding(
            village_id=village_id,
            subject_kind=self._rule.subject,
            subject_id=row["subject_id"],
            colour=Colour(row["colour"]),
            title=words.title,
            basis=words.basis,
            evidence=_evidence(self._rule, row),
            signature=_signature(row),
        )

    def _gone(self, session: Session, watched: Sequence[str]) -> None:
        """Only a ledger that is not there at all keeps the rule from being asked; what else the village lacks
        is named when there is no answer."""
        told = {found.key for found in self._findings} | self._cleared.keys() | self._unknown.keys()
        lost = {key: uuid.UUID(key.partition(":")[0]) for key in watched if key not in told}
        asked = [key for key, village_id in lost.items() if village_id not in self._without_ledger]
        gone = self._rule.vanished(session, as_of=self._as_of, subjects=asked) if asked else {}
        self._cleared.update({key: Clearing(one.reason, _plain(one.evidence)) for key, one in gone.items()})
        for key, village_id in lost.items():
            if key not in gone and village_id in self._missing:
                self._unknown[key] = "、".join(self._missing[village_id])

    def _villages(self) -> dict[uuid.UUID, Judged]:
        return {
            village_id: Judged(
                counts["examined"], counts["fired"], counts["unknown"], self._missing.get(village_id, {})
            )
            for village_id, counts in self._counts.items()
        }


def _evidence(rule: Rule[Any], row: Row) -> dict[str, Any]:
    """What a warning keeps of a row: its figures, and the keys of its ledger rows (the first of them)."""
    hidden = {"village_id", "subject_id", "colour", "missing", "without_ledger", "rows"}
    kept = {name: value for name, value in row.items() if name not in hidden}
    keys = row.get("rows")
    if keys is None:
        return kept
    return {
        **kept,
        "rows_of": rule.rows_of,
        "row_count": len(keys),
        "rows": sorted(keys, key=str)[:MOST_ROWS],
    }


def _plain(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence as JSON has it: sums come as decimals, days as days."""
    return {
        name: (
            int(value)
            if isinstance(value, Decimal)
            else value
            if isinstance(value, bool | int | float | str | list | dict | None)
            else str(value)
        )
        for name, value in evidence.items()
    }


def _signature(row: Row) -> str:
    keys = row.get("rows")
    named = sorted(map(str, keys)) if keys else [row["subject_id"]]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()
