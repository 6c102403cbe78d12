"""How a village stands: what is due, what came out when, how many days late. All of this is public."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, case, func, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Session, joinedload

from app.core import clock
from app.models import DisclosureCategory, Obligation
from app.models.obligations import ObligationSource, ObligationState
from app.services import access, access_obligations
from app.services.actors import Actor
from app.services.obligations import periods
from app.services.obligations.settling import days_late

SOON = 7  # days before the due date from which on the board says so
RED_AFTER = 15  # days late; yellow up to then
SHOWN_BACK = timedelta(days=400)
MOST_ROWS = 60


@dataclass(frozen=True)
class Row:
    """One thing owed, as everybody reads it. `days_late` of an open one grows every day; of a met one it
    stays for ever."""

    id: uuid.UUID
    category_code: str
    title: str
    period: str
    source: ObligationSource
    source_id: uuid.UUID | None
    due_on: date
    provisional: bool
    state: ObligationState
    met_on: date | None
    days_late: int
    disclosure_id: uuid.UUID | None
    waived_because: str
    today: date

    @property
    def colour(self) -> str:
        """green, yellow, red or grey."""
        return colour(self.state, self.days_late, (self.due_on - self.today).days)

    @property
    def words(self) -> str:
        """The same in words, so that no colour says anything alone."""
        return words(self.state, self.days_late, (self.due_on - self.today).days)


def colour(state: ObligationState, late: int, left: int) -> str:
    """green: published (late or not); red: more than 15 days late; yellow: late, or due within a week; grey:
    not due yet, or waived."""
    if state == ObligationState.MET:
        return "green"
    if state == ObligationState.WAIVED:
        return "grey"
    if late:
        return "red" if late > RED_AFTER else "yellow"
    return "yellow" if left <= SOON else "grey"


def words(state: ObligationState, late: int, left: int) -> str:
    """The state in words: 按时公开, 迟 3 天公开, 逾期 3 天, 还有 5 天到期, 今天到期, 免于公开."""
    if state == ObligationState.MET:
        return f"迟 {late} 天公开" if late else "按时公开"
    if state == ObligationState.WAIVED:
        return "免于公开"
    if late:
        return f"逾期 {late} 天"
    return "今天到期" if left == 0 else f"还有 {left} 天到期"


@dataclass(frozen=True)
class Standing:
    """How one category of a village stands. `due_on` is the earliest open due date; `open` counts what is
    open, `late` what is overdue of it, `late_days` those of the oldest; `last_*` are of the newest item that
    was met: when it was due, when it came out, how late."""

    due_on: date | None
    open: int
    late: int
    late_days: int
    last_due_on: date | None
    last_met_on: date | None
    last_late_days: int
    today: date

    @property
    def colour(self) -> str:
        """green, yellow, red; grey where nothing was ever owed."""
        if self.due_on is None:
            return "green" if self.last_met_on else "grey"
        if not self.late and self.last_met_on and (self.due_on - self.today).days > SOON:
            return "green"
        return colour(ObligationState.OPEN, self.late_days, (self.due_on - self.today).days)

    @property
    def words(self) -> str:
        """In a few characters: 逾期 3 天, 今天到期, 还有 5 天到期, 按时公开, 迟 3 天公开, or ""."""
        if self.due_on is not None and (self.late or not self.last_met_on or self.colour != "green"):
            return words(ObligationState.OPEN, self.late_days, (self.due_on - self.today).days)
        return words(ObligationState.MET, self.last_late_days, 0) if self.last_met_on else ""


def standing(session: Session, village_id: uuid.UUID) -> dict[str, Standing]:
    """How each category of a village stands, by the code of its top entry (the tile of the village's page).
    Categories in which nothing was owed in the last 400 days are left out. One query."""
    today = clock.today()
    where = and_(Obligation.village_id == village_id, begun(today))
    found = by_village(session, where, today=today)
    return {code: one for (_, code), one in found.items()}


def by_village(
    session: Session, where: ColumnElement[bool], *, today: date
) -> dict[tuple[uuid.UUID, str], Standing]:
    """How the villages and categories of `where` stand, by village and top category."""
    top = func.coalesce(DisclosureCategory.parent_code, DisclosureCategory.code)
    is_open = Obligation.state == ObligationState.OPEN
    is_met = Obligation.state == ObligationState.MET
    met_in_order = func.array_agg(aggregate_order_by(Obligation.met_on, Obligation.due_on.desc()))
    rows = session.execute(
        select(
            Obligation.village_id,
            top,
            func.min(Obligation.due_on).filter(is_open),
            func.count().filter(is_open),
            func.count().filter(is_open, Obligation.due_on < today),
            func.max(Obligation.due_on).filter(is_met),
            type_coerce(met_in_order.filter(is_met), ARRAY(Date))[1],
        )
        .join(DisclosureCategory, DisclosureCategory.code == Obligation.category_code)
        .where(where)
        .group_by(Obligation.village_id, top)
    )
    return {
        (village_id, code): _standing(due_on, count, late, last_due, last_met, today)
        for village_id, code, due_on, count, late, last_due, last_met in rows
    }


def _standing(
    due_on: date | None, count: int, late: int, last_due: date | None, last_met: date | None, today: date
) -> Standing:
    return Standing(
        due_on=due_on,
        open=count,
        late=late,
        late_days=max(0, (today - due_on).days) if due_on else 0,
        last_due_on=last_due,
        last_met_on=last_met,
        last_late_days=max(0, (last_met - last_due).days) if last_met and last_due else 0,
        today=today,
    )


def begun(today: date) -> ColumnElement[bool]:
    """SQL: still open from whenever, or due in the last 400 days; without the periods that come next."""
    recent = or_(Obligation.state == ObligationState.OPEN, Obligation.due_on >= today - SHOWN_BACK)
    return and_(recent, Obligation.period.not_in(periods.not_begun(today)))


def of_category(session: Session, *, village_id: uuid.UUID, codes: Sequence[str]) -> list[Row]:
    """What a village owes and owed in these categories, the last due first."""
    return _rows(
        session, and_(Obligation.village_id == village_id, Obligation.category_code.in_(list(codes)))
    )


def of_village(session: Session, *, village_id: uuid.UUID, limit: int = MOST_ROWS) -> list[Row]:
    """What a village owes and owed, what is open first, in the order of due dates; then the newest."""
    return _rows(session, Obligation.village_id == village_id, open_first=True, limit=limit)


def _rows(
    session: Session, where: ColumnElement[bool], *, open_first: bool = False, limit: int = MOST_ROWS
) -> list[Row]:
    today = clock.today()
    is_open = Obligation.state == ObligationState.OPEN
    order: list[Any] = [Obligation.due_on.desc(), Obligation.id]
    if open_first:
        order = [is_open.desc(), case((is_open, Obligation.due_on)), *order]
    query = select(Obligation).where(where, begun(today)).order_by(*order).limit(limit)
    return [row_of(one, today) for one in session.scalars(query)]


def row_of(row: Obligation, today: date) -> Row:
    """A due item as it is shown on `today`."""
    return Row(
        id=row.id,
        category_code=row.category_code,
        title=row.title,
        period=row.period,
        source=row.source,
        source_id=row.source_id,
        due_on=row.due_on,
        provisional=row.provisional,
        state=row.state,
        met_on=row.met_on,
        days_late=days_late(row, today),
        disclosure_id=row.disclosure_id,
        waived_because=row.waived_because,
        today=today,
    )


@dataclass(frozen=True)
class Filter:
    """Which due items a list shows. `period`: this one and what lies within it; `late`: overdue or published
    late (True), neither (False)."""

    village_id: uuid.UUID | None = None
    organisation_id: uuid.UUID | None = None
    category_code: str | None = None
    state: ObligationState | None = None
    source: ObligationSource | None = None
    period: str | None = None
    late: bool | None = None
    due_from: date | None = None
    due_until: date | None = None


def listing(acting: Actor, wanted: Filter, *, today: date | None = None) -> Select[Obligation]:
    """The due items of the actor's area, the first due first, with their villages."""
    today = today or clock.today()
    query = select(Obligation).where(access_obligations.visible_obligations(acting))
    for column, value in (
        (Obligation.village_id, wanted.village_id),
        (Obligation.category_code, wanted.category_code),
        (Obligation.state, wanted.state),
        (Obligation.source, wanted.source),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.organisation_id is not None:
        query = query.where(access.within(Obligation.village_id, (wanted.organisation_id,)))
    if wanted.period is not None:
        query = query.where(in_period(wanted.period))
    if wanted.due_from is not None:
        query = query.where(Obligation.due_on >= wanted.due_from)
    if wanted.due_until is not None:
        query = query.where(Obligation.due_on <= wanted.due_until)
    if wanted.late is not None:
        query = query.where(is_late(today) if wanted.late else ~is_late(today))
    return query.options(joinedload(Obligation.village)).order_by(Obligation.due_on, Obligation.id)


def in_period(text: str) -> ColumnElement[bool]:
    """SQL: a due item of this period or of one within it; what has no period counts by its due date. Raises
    BadInput for a malformed one."""
    period = periods.read(text)
    return or_(
        Obligation.period.in_(periods.within(period)),
        and_(Obligation.period == "", Obligation.due_on.between(period.first, period.last)),
    )


def is_late(today: date) -> ColumnElement[bool]:
    """SQL: overdue and open, or published after its due date."""
    return or_(
        and_(Obligation.state == ObligationState.OPEN, Obligation.due_on < today),
        and_(Obligation.state == ObligationState.MET, Obligation.met_on > Obligation.due_on),
    )


def figures(session: Session, *, acting: Actor) -> tuple[int, int]:
    """For the desk: how much of the actor's area is overdue, and how much is due within a week."""
    today = clock.today()
    mine = and_(
        access_obligations.visible_obligations(acting),
        Obligation.state == ObligationState.OPEN,
        Obligation.due_on <= today + timedelta(days=SOON),
    )
    late = func.count().filter(Obligation.due_on < today)
    overdue, total = session.execute(select(late, func.count()).where(mine)).one()
    return overdue, total - overdue
