"""Reminders: the village some days before a due date, its town once it has passed. Each due item reminds once
before and once after; one message tells an officer of everything of that day."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, DateTime, cast, func, or_, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import DisclosureCategory, Obligation, Officer, Organisation
from app.models.delivery import MessageKind
from app.models.obligations import ObligationState
from app.models.people import Duty, Role
from app.services import audit, officers, outbox
from app.services.access import INSPECTORS
from app.services.actors import System

ACTING = System("obligations.remind")
BATCH = 2000

KeyT = TypeVar("KeyT", bound=Hashable)
Owed = tuple[Obligation, DisclosureCategory, Organisation]


def remind(session: Session, *, today: date, days: int) -> int:
    """Tell of what is due within `days` and of what is overdue, a batch of each; how many items this was.

    Before the due date whoever drafts for the village is told; after it the town, and the village too if it
    was never told."""
    late = _take(session, Obligation.due_on < today, told_since=True)
    soon = _take(session, Obligation.due_on.between(today, today + timedelta(days=days)), told_since=False)
    _tell_villages(session, [*soon, *(one for one in late if one[0].reminded_at is None)], today)
    _tell_towns(session, late, today)
    now = clock.now()
    for row, _, _ in (*soon, *late):
        row.reminded_at = now
    session.flush()
    if soon or late:
        audit.record(
            session,
            acting=ACTING,
            action="reminded",
            noun="obligation",
            noun_id="reminders",
            soon=len(soon),
            late=len(late),
        )
    return len(soon) + len(late)


def _tell_villages(session: Session, rows: Sequence[Owed], today: date) -> None:
    for (village, role), owed in _by(rows, lambda one: (one[2], one[1].drafted_by)).items():
        first = min(row.due_on for row, _, _ in owed)
        task = f"{len(owed)}项待公开，{first.month}月{first.day}日到期"
        told = _drafters(session, village, role)
        _tell(session, told, village, owed[0][0], task, f"{today}", f"/desk/board/{village.code}")


def _tell_towns(session: Session, rows: Sequence[Owed], today: date) -> None:
    for town_id, owed in _by(rows, lambda one: one[2].parent_id).items():
        if town_id is None:
            continue
        town = session.get_one(Organisation, town_id)
        villages = len({row.village_id for row, _, _ in owed})
        task = f"{villages}个村{len(owed)}项逾期未公开"
        told = officers.holders(session, town_id, Role.TOWN_INSPECTOR)
        _tell(session, told, town, owed[0][0], task, f"late:{today}", f"/desk/board?town={town.code}")


def _take(session: Session, due: ColumnElement[bool], *, told_since: bool) -> list[Owed]:
    """Open due items, locked, that reminded nobody yet; `told_since`: nobody since they are overdue."""
    quiet: ColumnElement[bool] = Obligation.reminded_at.is_(None)
    if told_since:
        overdue_since = Obligation.due_on + timedelta(days=1)
        quiet = or_(quiet, Obligation.reminded_at < _midnight(overdue_since))
    rows = session.execute(
        select(Obligation, DisclosureCategory, Organisation)
        .join(DisclosureCategory, DisclosureCategory.code == Obligation.category_code)
        .join(Organisation, Organisation.id == Obligation.village_id)
        .where(Obligation.state == ObligationState.OPEN, due, quiet, Organisation.active)
        .order_by(Obligation.due_on, Obligation.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=Obligation)
    )
    return [(row, category, village) for row, category, village in rows]


def _midnight(day: ColumnElement[date]) -> ColumnElement[datetime]:
    return func.timezone("Asia/Shanghai", cast(day, DateTime(timezone=False)))


def _by(rows: Sequence[Owed], key: Callable[[Owed], KeyT]) -> dict[KeyT, list[Owed]]:
    found: dict[KeyT, list[Owed]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def _drafters(session: Session, village: Organisation, role: Role) -> list[Officer]:
    """Who drafts this kind of item for the village; where nobody does, whoever supervises its publication."""
    place: uuid.UUID | None = village.parent_id if role in INSPECTORS else village.id
    found = officers.holders(session, place, role) if place else []
    return found or officers.holders(session, village.id, Role.LIAISON_OFFICER, duty=Duty.PUBLICATION)


def _tell(
    session: Session,
    told: Sequence[Officer],
    place: Organisation,
    first: Obligation,
    task: str,
    occasion: str,
    path: str,
) -> None:
    for officer in told:
        outbox.enqueue(
            session,
            kind=MessageKind.REVIEW_REQUESTED,
            officer_id=officer.id,
            village_id=place.id,
            subject_kind="obligation",
            subject_id=str(first.id),
            data={"task": task, "village": place.name, "submitted_at": clock.spoken(clock.now())},
            path=path,
            key=f"obligation:{first.id}:{occasion}:{officer.id}",
        )
