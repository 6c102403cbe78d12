"""Going through the sheets of a file and writing their rows to the ledgers, in one transaction.

Looking first (preview) is the same thing in a savepoint that is rolled back: so it says exactly what would
happen, also of a row that names a contract of another sheet. Rows go in chunks; none stays in memory."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import AppError
from app.core.keys import Keys
from app.core.sheets import Line, RowError, TableReader
from app.core.sheets.columns import column_number
from app.models import Organisation
from app.services.actors import Actor
from app.services.imports.villages import VillageNames, unclear
from app.services.ledger_imports import bank, skipping
from app.services.ledger_imports.layouts import VILLAGE, VILLAGE_COLUMN, order
from app.services.ledger_imports.recognise import Part
from app.services.ledgers import readers
from app.services.ledgers.base import Field, Ledger
from app.services.ledgers.bulk import upsert_many
from app.services.ledgers.definitions import LEDGERS
from app.services.ledgers.words import name_key

CHUNK = 2000
KEPT_ERRORS = 500
MONEY_DAYS = {"payments": "paid_on", "receipts": "received_on"}


class Choice(StrEnum):
    """all_or_nothing 全部导入或都不导入, good_rows 只导入没有错的行."""

    ALL_OR_NOTHING = "all_or_nothing"
    GOOD_ROWS = "good_rows"


COUNTED = ("created", "changed", "unchanged")
Progress = Callable[[int, int], None]
"""`progress(done, total)` in rows."""


@dataclass(frozen=True)
class Entry:
    """One row on its way to a ledger: where it stands, whose it is, its values by column key."""

    line: Line
    village: Organisation
    ledger: str
    values: dict[str, Any]


@dataclass
class Outcome:
    """What became of a file. `rows` are those that hold an entry, `skipped` sums and balances; at most
    KEPT_ERRORS of the errors are kept, all are counted; `counts` by ledger: created, changed, unchanged;
    `villages` rows by code; `months` in which money came in or went out, with the village's code; `doubles`
    rows that are probably in the ledger from another source."""

    rows: int = 0
    skipped: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)
    error_count: int = 0
    error_rows: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    villages: Counter[str] = field(default_factory=Counter)
    months: set[tuple[str, str]] = field(default_factory=set)
    doubles: list[dict[str, Any]] = field(default_factory=list)
    double_count: int = 0

    def sorted_errors(self) -> list[dict[str, str]]:
        """The errors that were kept, in the order of the file."""
        return sorted(self.errors, key=lambda error: (error["sheet"], *_place(error["cell"])))

    @property
    def good(self) -> int:
        """How many rows can be entered."""
        return self.rows - self.error_rows


def _place(cell: str) -> tuple[int, int]:
    name = cell.rstrip("0123456789")
    return int(cell[len(name) :] or 0), column_number(name)


class Run:
    """One way through a file."""

    def __init__(
        self,
        session: Session,
        *,
        acting: Actor,
        batch_id: uuid.UUID,
        keys: Keys,
        kept: Mapping[str, Sequence[Organisation]],
        chosen: Organisation | None,
        doubles: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.outcome = Outcome()
        self._session = session
        self._acting = acting
        self._batch_id = batch_id
        self._keys = keys
        self._kept = kept
        self._chosen = chosen
        self._doubles = doubles
        self._progress = progress
        self._done = self._total = 0
        self._seen: dict[str, dict[int, tuple[str, int]]] = {}
        self._lines: Counter[int] = Counter()

    def all(self, parts: Iterable[Part]) -> Outcome:
        """Write every sheet that is ready: what others name by number comes first."""
        ready = [part for part in parts if part.ready]
        ready.sort(key=lambda part: min(order()[key] for key in part.layout.feeds) if part.layout else 0)
        self._total = sum(part.grid.height for part in ready)
        for sheet in [_Sheet(self, part) for part in ready]:  # what follows from rows loads villages anew
            sheet.write()
            self._done += sheet.height
        self._tell(0)
        return self.outcome

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            self._progress(min(self._done + done, self._total), self._total)


class _Sheet:
    """One sheet of a run."""

    def __init__(self, run: Run, part: Part) -> None:
        assert part.layout is not None
        assert part.header is not None
        self._run = run
        self._outcome = run.outcome
        self._layout = part.layout
        self._columns = part.layout.by_key
        self._reader = TableReader(part.grid, part.header, part.places, part.layout.columns)
        villages = run._kept[part.layout.feeds[0]]
        self._names = VillageNames(villages)
        only = villages[0] if len(villages) == 1 else None
        above = f"{part.grid.name} {part.grid.above(part.header)}"
        self._whose = run._chosen or only or self._names.within(above)
        self._found: dict[str, list[Organisation]] = {}
        self._naming = _naming(part)
        self.height = part.grid.height
        self._source: set[Any] | None = None if run._doubles else set()

    def write(self) -> None:
        """All its rows, in chunks."""
        entries = self._entries()
        while chunk := list(islice(entries, CHUNK)):
            by_ledger: dict[str, list[Entry]] = {}
            for entry in chunk:
                by_ledger.setdefault(entry.ledger, []).append(entry)
            for key, some in by_ledger.items():
                self._write(key, some)

    def _entries(self) -> Iterator[Entry]:
        for line in self._reader.lines():
            if line.number % CHUNK == 0:
                self._run._tell(line.number)
            if self._reader.blank(line):
                continue
            total = skipping.is_total([line.cells[place] for place in self._naming])
            if total or self._reader.again(line) or (line.errors and _no_entry(line)):
                self._outcome.skipped += 1
                continue
            yield from self._entered(line)

    def _entered(self, line: Line) -> Iterator[Entry]:
        try:
            village = self._village(line)
            found = list(self._layout.entries(line.values))
            for key, values in found:
                self._number(key, village, values, line)
        except bank.Unclear as unclear_:
            if _no_entry(line):
                self._outcome.skipped += 1
                return
            self._fail(line, [self._error(line, unclear_.key, unclear_.problem, unclear_.remedy)])
        except _Wrong as wrong:
            self._fail(line, wrong.errors)
        else:
            self._outcome.rows += 1
            self._outcome.villages[village.code] += 1
            for key, values in found:
                if key in MONEY_DAYS:
                    self._outcome.months.add((village.code, f"{values[MONEY_DAYS[key]]:%Y-%m}"))
                yield Entry(line, village, key, values)

    def _village(self, line: Line) -> Organisation:
        """Whose the row is. Raises _Wrong with all that is wrong with the row so far."""
        written = line.values.get(VILLAGE)
        if not written:
            if line.errors and self._whose is not None:
                raise _Wrong(line.errors)
            if self._whose is None:
                remedy = "请加一列「村社」，或在上传时选好是哪个村"
                raise _Wrong([*line.errors, self._error(line, VILLAGE, "没有写明是哪个村", remedy)])
            return self._whose
        if written not in self._found:
            self._found[written] = self._names.find(written)
        found = self._found[written]
        errors = list(line.errors)
        if len(found) != 1:
            errors.append(self._error(line, VILLAGE, *unclear(found)))
        if errors:
            raise _Wrong(errors)
        return found[0]

    def _number(self, ledger: str, village: Organisation, values: dict[str, Any], line: Line) -> None:
        """Tell lines of one voucher apart; the same row twice in a file is an error."""
        declared = LEDGERS[ledger]
        if declared.lines and not values.get("line"):
            self._once(ledger, hash((village.id, frozenset(values.items()))), line, "完全一样")
            number = [_natural(declared, values, key) for key in declared.natural if key != "line"]
            place = hash((ledger, village.id, *number))
            self._run._lines[place] += 1
            values["line"] = self._run._lines[place]
        else:
            natural = [_natural(declared, values, key) for key in declared.natural]
            self._once(ledger, hash((village.id, *natural)), line, "是同一条")

    def _once(self, ledger: str, print_: int, line: Line, how: str) -> None:
        here = (self._reader.sheet.name, line.number)
        sheet, first = self._run._seen.setdefault(ledger, {}).setdefault(print_, here)
        if (sheet, first) != here:
            where = f"第 {first} 行" if sheet == here[0] else f"「{sheet}」第 {first} 行"
            remedy = "请删掉重复的行，或填写不同的编号、分录号"
            raise _Wrong([self._error(line, self._layout.columns[1].key, f"和{where}{how}", remedy)])

    def _write(self, ledger: str, entries: Sequence[Entry]) -> None:
        counts = self._outcome.counts.setdefault(ledger, Counter(dict.fromkeys(COUNTED, 0)))
        rows = [(entry.village.id, entry.values) for entry in entries]
        written = upsert_many(
            self._run._session,
            acting=self._run._acting,
            ledger=ledger,
            rows=rows,
            batch_id=self._run._batch_id,
            keys=self._run._keys,
            source=self._source,
        )
        counts.update(written.counts)
        for at, number in written.doubles.items():
            self._double(entries[at], number)
        for at, faults in written.faults.items():
            entry = entries[at]
            self._outcome.rows -= 1
            self._outcome.villages[entry.village.code] -= 1
            self._fail(entry.line, [self._told(entry, fault) for fault in faults])

    def _double(self, entry: Entry, number: str) -> None:
        self._outcome.double_count += 1
        if len(self._outcome.doubles) < KEPT_ERRORS:
            where = {"sheet": self._reader.sheet.name, "row": entry.line.number, "ledger": entry.ledger}
            what = {"voucher": readers.number(entry.values["voucher"]), "same_as": number}
            self._outcome.doubles.append(where | what)

    def _told(self, entry: Entry, fault: AppError) -> RowError:
        problem, _, remedy = fault.message.rstrip("。").partition("，")
        key = str(fault.data.get("field") or "")
        key = self._layout.back.get(key, key)
        if key not in self._columns:
            one = LEDGERS[entry.ledger].by_key.get(key)
            key = one.key if one is not None and one.key in self._columns else self._layout.columns[1].key
        return self._error(entry.line, key, problem, remedy or "请改正")

    def _error(self, line: Line, key: str, problem: str, remedy: str) -> RowError:
        column = self._columns.get(key, VILLAGE_COLUMN)
        place = self._reader.sheet.places.get(key)
        raw = line.cells[place] if place is not None else ""
        return self._reader.sheet.error(column, line.number, raw, problem, remedy)

    def _fail(self, line: Line, errors: Sequence[RowError]) -> None:
        outcome = self._outcome
        outcome.rows += 1
        outcome.error_rows += 1
        outcome.error_count += len(errors)
        room = KEPT_ERRORS - len(outcome.errors)
        outcome.errors += [
            {**error.as_json(), "sheet": self._reader.sheet.name} for error in errors[: max(room, 0)]
        ]


class _Wrong(Exception):
    """A row that cannot be entered, and why."""

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__()
        self.errors = errors


def _no_entry(line: Line) -> bool:
    return skipping.is_summary(line.cells) or skipping.is_foot(line.cells)


def _naming(part: Part) -> list[int]:
    """Where the columns stand that tell the entries of a ledger apart."""
    if part.layout is None or part.layout.split is not None:
        return []
    declared = LEDGERS[part.layout.key]
    named = [_field(declared, attribute) for attribute in declared.natural]
    return [part.places[one.key] for one in named if one is not None and one.key in part.places]


def _field(declared: Ledger, attribute: str) -> Field | None:
    """The field that a part of the natural key is made of."""
    return declared.by_key.get(attribute.removesuffix("_key")) or declared.by_key.get(attribute)


def _natural(declared: Ledger, values: Mapping[str, Any], attribute: str) -> str:
    """What stands for a part of the natural key in a row that was only read: names as they are compared."""
    one = _field(declared, attribute)
    value = values.get(one.key) if one is not None else None
    if attribute.endswith("_key"):
        return name_key(str(value))
    return readers.number(value) if isinstance(value, str) else str(value)
