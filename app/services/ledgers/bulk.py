"""Many rows at once, as an import brings them: what is new goes in, what differs is changed with history,
what is the same is left alone. A handful of statements for thousands of rows."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Uuid
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, Conflict
from app.core.keys import Keys
from app.models import LedgerChange
from app.services import access_ledgers, audit
from app.services.actors import Actor
from app.services.ledgers import doubles, effects, project_rows, reading, storing
from app.services.ledgers.base import Ledger, Values
from app.services.ledgers.changing import difference, facts, fixed_fault, settle
from app.services.ledgers.definitions import ledger as declared
from app.services.ledgers.entries import shown
from app.services.ledgers.reading import Entry
from app.services.ledgers.works import PROJECTS

ATTEMPTS = 2
IMPORTED = "导入"


@dataclass
class Written:
    """What became of many rows: `counts` of created, changed, unchanged; by the place of the row among those
    given `faults`, with the field in `data`, and `doubles`, the number of the row that it probably is."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: dict[int, list[AppError]] = field(default_factory=dict)
    doubles: dict[int, str] = field(default_factory=dict)


@dataclass
class _Coming:
    """A row on its way in: its place, what was given, and the whole row as it would be if it were new."""

    at: int
    entry: Entry
    whole: Values
    double: bool = False


def upsert_many(
    session: Session,
    *,
    acting: Actor,
    ledger: str | Ledger,
    rows: Sequence[tuple[uuid.UUID, Mapping[str, Any]]],
    batch_id: uuid.UUID | None,
    keys: Keys,
    reason: str = IMPORTED,
    source: set[Any] | None = None,
) -> Written:
    """Enter or complete rows, each (village id, values by column key), by the ledger's natural key.

    An empty value never empties a field; what is fixed once entered is never changed but becomes a fault of
    its row, as does everything else that single entering refuses. A voided row that comes again as it was
    stays voided. `source` are the ids of rows that came from the same source, and grows: with it, money that
    is there from another one is not entered again but completes what is there (`doubles`). Raises Forbidden
    for a village whose ledger the actor does not keep."""
    into = declared(ledger) if isinstance(ledger, str) else ledger
    access_ledgers.require_keeper_everywhere(
        session, acting, into.model, {village_id for village_id, _ in rows}
    )
    run = _Run(session, acting, into, batch_id, reason, source)
    entries = [reading.read(into, village_id, values, keys) for village_id, values in rows]
    reading.link_up(session, into, entries)
    if into is PROJECTS:
        project_rows.put(session, acting=acting, entries=entries, counts=run.written.counts)
        run.written.faults = {at: list(entry.faults) for at, entry in enumerate(entries) if entry.faults}
    else:
        run.all(entries)
    audit.record(
        session,
        acting=acting,
        action="imported",
        noun=into.noun,
        noun_id=batch_id or "",
        refused=len(run.written.faults),
        rows={name: count for name, count in run.written.counts.items() if count},
    )
    return run.written


class _Run:
    """One call of `upsert_many`."""

    def __init__(
        self,
        session: Session,
        acting: Actor,
        ledger: Ledger,
        batch_id: uuid.UUID | None,
        reason: str,
        source: set[Any] | None,
    ) -> None:
        self._session = session
        self._acting = acting
        self._ledger = ledger
        self._table = ledger.model.__table__
        self._batch_id = batch_id
        self._reason = reason
        self._source = source
        self._number = tuple(name for name in ledger.natural if name != "line")
        self.written = Written()

    def all(self, entries: Sequence[Entry]) -> None:
        """Every row: the good ones are written."""
        pending = self._once([made for at, entry in enumerate(entries) if (made := self._whole(at, entry))])
        touched: list[Any] = []
        for _ in range(ATTEMPTS):
            existing = self._existing(pending)
            new, changes = self._decide(pending, existing)
            new = self._set_apart(new, changes)
            touched += self._change(changes)
            pending = self._insert(new, touched)
            if self._source is not None:
                self._source.update(touched)
            if not pending:
                break
        for made in pending:
            self._fault(made.at, _changed_meanwhile())
        effects.many(self._session, self._acting, self._ledger, touched)

    def _whole(self, at: int, entry: Entry) -> _Coming | None:
        whole = {name: entry.values.get(name) for name in self._ledger.attributes}
        found = entry.faults or list(reading.faults(self._ledger, whole))
        if found:
            self.written.faults[at] = list(found)
            return None
        return _Coming(at, entry, whole)

    def _fault(self, at: int, fault: AppError) -> None:
        self.written.faults.setdefault(at, []).append(fault)

    def _key(self, village_id: uuid.UUID, values: Any) -> tuple[Any, ...]:
        return (village_id, *(values[name] for name in self._ledger.natural))

    def _once(self, coming: list[_Coming]) -> list[_Coming]:
        """Rows that name the same thing twice: the same again counts as unchanged, another one is a fault."""
        first: dict[tuple[Any, ...], _Coming] = {}
        kept = []
        for made in coming:
            earlier = first.setdefault(self._key(made.entry.village_id, made.whole), made)
            if earlier is made:
                kept.append(made)
            elif earlier.whole == made.whole:
                self.written.counts["unchanged"] += 1
            else:
                self._fault(made.at, self._ledger.taken(made.whole))
        return kept

    def _existing(self, coming: Sequence[_Coming]) -> dict[tuple[Any, ...], list[Row[Any]]]:
        """The rows that stand there already, by village and number, all lines of it."""
        found: dict[tuple[Any, ...], list[Row[Any]]] = defaultdict(list)
        kept = ("id", "village_id", *self._ledger.attributes, "voided_at", "batch_id", "lock_version")
        for chunk in storing.chunks(coming):
            names = ("village_id", *self._number)
            places = {(made.entry.village_id, *(made.whole[name] for name in self._number)) for made in chunk}
            query = storing.looked_up(self._table, names, places, kept)
            for row in self._session.execute(query):
                found[(row.village_id, *(getattr(row, name) for name in self._number))].append(row)
        return found

    def _decide(
        self, coming: Sequence[_Coming], existing: Mapping[tuple[Any, ...], list[Row[Any]]]
    ) -> tuple[list[_Coming], list[tuple[_Coming, Row[Any]]]]:
        new, changes = [], []
        used: set[Any] = set()
        last: dict[tuple[Any, ...], int] = {}
        for made in coming:
            place = (made.entry.village_id, *(made.whole[name] for name in self._number))
            rows = existing.get(place, [])
            same = self._same(made, rows, used)
            if same is None:
                if rows and self._ledger.lines:
                    line = max(last.get(place, 0), *(row.line for row in rows)) + 1
                    made.whole["line"] = last[place] = line
                new.append(made)
                continue
            used.add(same.id)
            changes.append((made, same))
        return new, changes

    def _set_apart(self, new: list[_Coming], changes: list[tuple[_Coming, Row[Any]]]) -> list[_Coming]:
        """The new rows that are not probably there from another source; those that are complete what is."""
        if self._source is None or self._ledger.key not in doubles.LIKE:
            return new
        self._source.update(row.id for _, row in changes)
        coming = [(made.entry.village_id, made.whole) for made in new]
        found = doubles.find(self._session, self._ledger, coming, self._source)
        for at, row in found.items():
            new[at].double = True
            self.written.doubles[new[at].at] = row.voucher
            self._source.add(row.id)
            changes.append((new[at], row))
        return [made for at, made in enumerate(new) if at not in found]

    def _same(self, made: _Coming, rows: Sequence[Row[Any]], used: set[Any]) -> Row[Any] | None:
        """The row that this one is. Where several share a number: the one of the same line if it says the
        same, else one that says the same and came with another file; a voided line is passed over."""
        if not self._ledger.lines:
            return rows[0] if rows else None
        free = [row for row in rows if row.id not in used]
        wanted = facts(self._ledger, made.whole)
        alike = [row for row in free if facts(self._ledger, row) == wanted]
        own = next((row for row in free if row.line == made.whole["line"]), None)
        if own is not None and own in alike:
            return own
        for row in alike:
            if row.batch_id is None or row.batch_id != self._batch_id:
                return row
        return own if own is not None and own.voided_at is None else None

    def _change(self, changes: Sequence[tuple[_Coming, Row[Any]]]) -> list[Any]:
        updates, histories = [], []
        for made, row in changes:
            before = {name: getattr(row, name) for name in self._ledger.attributes}
            after = settle(self._ledger, before, self._given(made, before))
            changed = difference(self._ledger, before, after)
            if not changed:
                self.written.counts["unchanged"] += 1
                continue
            fault = self._refused(row, before, after, changed)
            if fault is not None:
                self._fault(made.at, fault)
                continue
            updates.append({**after, "id": row.id, "lock_version": row.lock_version})
            histories.append(self._history(row, before, after, changed))
        done = storing.overwrite(self._session, self._table, self._ledger.attributes, updates)
        if done != len(updates):
            raise _changed_meanwhile()
        storing.append(self._session, storing.table_of(LedgerChange), _HISTORY, histories)
        self.written.counts["changed"] += len(updates)
        return [one["id"] for one in updates]

    def _given(self, made: _Coming, before: Values) -> Values:
        """What was given, without what tells the row apart: that is known to agree."""
        given = {name: value for name, value in made.entry.values.items() if name not in self._ledger.natural}
        return doubles.filling(self._ledger, before, given) if made.double else given

    def _refused(
        self, row: Row[Any], before: Values, after: Values, changed: Sequence[str]
    ) -> AppError | None:
        if row.voided_at is not None:
            return Conflict("ledger.voided", "这条记录已经作废，请先恢复它，或换一个编号。")
        fixed = fixed_fault(self._ledger, changed)
        return fixed or next(iter(reading.faults(self._ledger, after)), None)

    def _history(self, row: Row[Any], before: Values, after: Values, changed: list[str]) -> dict[str, Any]:
        return {
            "id": uuid.uuid4(),
            "noun": self._ledger.key,
            "noun_id": str(row.id),
            "village_id": row.village_id,
            "at": clock.now(),
            "actor_kind": self._acting.kind,
            "actor_id": self._acting.id,
            "reason": self._reason,
            "before": shown(before, changed),
            "after": shown(after, changed),
            "batch_id": self._batch_id,
        }

    def _insert(self, new: Sequence[_Coming], touched: list[Any]) -> list[_Coming]:
        """Put the new rows in; returns those that somebody else was faster with."""
        own_key = isinstance(self._table.columns["id"].type, Uuid)
        names = [*(["id"] if own_key else []), "village_id", *self._ledger.attributes, "batch_id"]
        rows = []
        for made in new:
            row = {
                name: storing.blank(self._table, name) if value is None else value
                for name, value in made.whole.items()
            }
            row |= {"village_id": made.entry.village_id, "batch_id": self._batch_id}
            rows.append(row | ({"id": uuid.uuid4()} if own_key else {}))
        unique = self._unique()
        done = {
            tuple(one[:-1]): one[-1]
            for one in storing.insert_new(self._session, self._table, names, unique, rows)
        }
        left = []
        for made, row in zip(new, rows, strict=True):
            key = tuple(row[name] for name in unique)
            if key in done:
                touched.append(done[key])
            else:
                left.append(made)
        self.written.counts["created"] += len(new) - len(left)
        return left

    def _unique(self) -> list[str]:
        """The columns of the table's natural key, in which a fund stands for its village."""
        return [*(() if "fund_id" in self._ledger.natural else ("village_id",)), *self._ledger.natural]


_HISTORY = (
    "id", "noun", "noun_id", "village_id", "at", "actor_kind", "actor_id", "reason", "before", "after",
    "batch_id",
)  # fmt: skip


def _changed_meanwhile() -> Conflict:
    return Conflict("ledger.changed", "刚才有人改过这条记录，请看清楚现在的内容再改。")
