"""Planning: every due item is a row before it is due (每日排定).

The table is filled by a few statements over all villages at once: villages × categories in force × the
present and the next period. A key, unique in its village, makes it repeatable. A due date that has passed
never moves and its row is never removed, whatever the county changes later.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.workdays import Calendar, Deadline
from app.models import AuditEntry, DisclosureCategory
from app.models.categories import Cadence, DayUnit
from app.services import audit, calendar
from app.services.actors import System
from app.services.categories import in_force
from app.services.obligations import derived, periods, settling
from app.services.obligations.periods import Period
from app.services.obligations.rows import count, unnested

ACTING = System("obligations.plan")
NOUN, RUN = "obligation", "plan"
LONGEST_BACKLOG = 12  # periods
FIRST_DAYS = 30  # this project's own choice


@dataclass(frozen=True)
class Planned:
    """What a run did: rows added, due dates moved, rows of what is no longer owed removed, waived because the
    ledger says so, found met."""

    added: int
    moved: int
    removed: int
    waived: int
    met: int


def plan(session: Session, *, today: date) -> Planned:
    """Make the due items that are missing, move due dates that the county or the calendar changed, take away
    what is no longer owed and not yet due, and note what is published already. Harmless to repeat.

    Two runs wait for each other. After a pause the periods since the last run are made up for."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("obligations.plan"))))
    categories = session.scalars(select(DisclosureCategory)).all()
    work_days = calendar.load(session)
    since = min(_last_run(session) or today, today)
    wanted = [item for one in categories for item in _of_category(one, since, today, work_days)]
    added = _add(session, wanted)
    moved = _move(session, wanted, today)
    removed = _remove(session, wanted, today)
    added += derived.plan(session, categories=categories, today=today, work_days=work_days)
    waived = derived.waive(session)
    met = settling.settle(session)
    done = Planned(added=added, moved=moved, removed=removed, waived=waived, met=met)
    audit.record(session, acting=ACTING, action="planned", noun=NOUN, noun_id=RUN, **vars(done))
    return done


def due(category: DisclosureCategory, after: date, work_days: Calendar) -> Deadline:
    """By when something of this category is due that a period's last day or an event on `after` asks for."""
    if category.due_unit == DayUnit.WORK:
        return work_days.add_work_days(after, category.due_days)
    return Deadline(after + timedelta(days=category.due_days), provisional=False)


@dataclass(frozen=True)
class _Wanted:
    """One due item of all villages, or of the one village whose own category it is."""

    code: str
    village_id: uuid.UUID | None
    key: str
    title: str
    period: str
    due_on: date
    provisional: bool


def _last_run(session: Session) -> date | None:
    at = session.scalar(
        select(func.max(AuditEntry.at)).where(AuditEntry.noun == NOUN, AuditEntry.noun_id == RUN)
    )
    return clock.local(at).date() if at else None


def _of_category(
    category: DisclosureCategory, since: date, today: date, work_days: Calendar
) -> Iterator[_Wanted]:
    """Its periods up to the next one that are in force and were not due before `since`. An entry that every
    village must publish and that has no periods (有变动就公开) is owed once, 30 days after the first run."""
    present = periods.of(category.cadence, today)
    if present is None:
        if category.fixed and category.cadence == Cadence.ON_CHANGE and category.parent_code is None:
            yield from _first(category, today)
        return
    period = periods.after(present)
    for _ in range(LONGEST_BACKLOG):
        deadline = due(category, period.last, work_days)
        if deadline.day < since:
            return
        if in_force(category, period.last):
            yield _wanted(category, period, deadline)
        period = periods.before(period)


def _first(category: DisclosureCategory, today: date) -> Iterator[_Wanted]:
    if in_force(category, today):
        yield _Wanted(
            code=category.code,
            village_id=category.village_id,
            key=f"{category.code}:first",
            title=f"{category.name}（首次公开）",
            period="",
            due_on=today + timedelta(days=FIRST_DAYS),
            provisional=False,
        )


def _wanted(category: DisclosureCategory, period: Period, deadline: Deadline) -> _Wanted:
    return _Wanted(
        code=category.code,
        village_id=category.village_id,
        key=f"{category.code}:{period.text}",
        title=f"{period.label}{category.name}",
        period=period.text,
        due_on=deadline.day,
        provisional=deadline.provisional,
    )


_COLUMNS = {
    "code": "text",
    "village_id": "uuid",
    "key": "text",
    "title": "text",
    "period": "text",
    "due_on": "date",
    "provisional": "boolean",
}
_WANTED = unnested(_COLUMNS)
_ADD = """
    INSERT INTO obligation (id, village_id, category_code, key, title, period, source, due_on, provisional,
                            state, waived_because)
    SELECT gen_random_uuid(), village.id, wanted.code, wanted.key, wanted.title, wanted.period, 'calendar',
           wanted.due_on, wanted.provisional, 'open', ''
    FROM {wanted} JOIN organisation AS village ON {whose}
    WHERE village.kind = 'village' AND village.active
    ON CONFLICT (village_id, key) DO NOTHING
"""
_MOVE = f"""
    UPDATE obligation SET due_on = wanted.due_on, provisional = wanted.provisional, title = wanted.title
    FROM {_WANTED}
    WHERE obligation.key = wanted.key AND wanted.period <> ''
      AND obligation.source = 'calendar' AND obligation.state = 'open'
      AND obligation.due_on >= :today AND wanted.due_on >= :today
      AND (obligation.due_on, obligation.provisional, obligation.title)
          IS DISTINCT FROM (wanted.due_on, wanted.provisional, wanted.title)
"""  # noqa: S608  (built from names in this file)
_REMOVE = f"""
    DELETE FROM obligation
    WHERE source = 'calendar' AND state = 'open' AND due_on >= :today
      AND (NOT EXISTS (SELECT FROM {_WANTED} WHERE wanted.key = obligation.key)
           OR village_id IN (SELECT id FROM organisation WHERE NOT active))
"""  # noqa: S608


def _add(session: Session, wanted: Sequence[_Wanted]) -> int:
    """The list for all villages, then each village's own entries: two joins, each by its index."""
    shared = [item for item in wanted if item.village_id is None]
    own = [item for item in wanted if item.village_id is not None]
    everywhere = _ADD.format(wanted=_WANTED, whose="wanted.village_id IS NULL")
    at_home = _ADD.format(wanted=_WANTED, whose="wanted.village_id = village.id")
    return _run(session, everywhere, shared) + _run(session, at_home, own)


def _move(session: Session, wanted: Sequence[_Wanted], today: date) -> int:
    return _run(session, _MOVE, wanted, today=today)


def _remove(session: Session, wanted: Sequence[_Wanted], today: date) -> int:
    return _run(session, _REMOVE, wanted, today=today)


def _run(session: Session, statement: str, wanted: Sequence[_Wanted], **values: Any) -> int:
    columns = {name: [getattr(item, name) for item in wanted] for name in _COLUMNS}
    return count(session.execute(text(statement), columns | values))
