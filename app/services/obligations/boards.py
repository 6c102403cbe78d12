"""The board (公开进度): one screen per town, villages × categories, and what is missing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from app.core import clock
from app.core.errors import NotFound
from app.models import Obligation, Organisation
from app.models.obligations import ObligationState
from app.models.organisations import OrganisationKind
from app.services import access_obligations, categories
from app.services.actors import Actor
from app.services.obligations import standings
from app.services.obligations.standings import Standing

OWN = "own"


@dataclass(frozen=True)
class Column:
    """A category of the board; `own` is one column for all entries that villages added themselves."""

    code: str
    name: str


@dataclass(frozen=True)
class Cell:
    """How one category of one village stands. `missing` is how much is overdue."""

    colour: str
    words: str
    missing: int
    late_days: int
    due_on: date | None
    met_on: date | None

    @property
    def urgent(self) -> bool:
        """Overdue, or due within a week: what a phone shows first."""
        return self.colour in ("yellow", "red")


NOTHING = Cell("none", "", 0, 0, None, None)


@dataclass(frozen=True)
class Line:
    """A village with its cells in the order of the columns."""

    village: Organisation
    cells: tuple[Cell, ...]

    @property
    def missing(self) -> int:
        """How much is overdue in all categories."""
        return sum(cell.missing for cell in self.cells)


@dataclass(frozen=True)
class Board:
    """The villages of a town that the actor may see, in the order of their codes."""

    town: Organisation
    period: str | None
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]

    @property
    def missing(self) -> int:
        """How much is overdue in all villages."""
        return sum(line.missing for line in self.lines)

    @property
    def complete(self) -> int:
        """How many villages have nothing overdue."""
        return sum(not line.missing for line in self.lines)


@dataclass(frozen=True)
class TownLine:
    """A town in the list above the board: how many of its villages are behind, and with how much."""

    town: Organisation
    villages: int
    behind: int
    missing: int


def towns(session: Session, *, acting: Actor) -> list[TownLine]:
    """The towns with villages on the actor's board, in the order of their codes. One query."""
    today = clock.today()
    town, overdue = aliased(Organisation), aliased(Obligation)
    rows = session.execute(
        select(
            town,
            func.count(Organisation.id.distinct()),
            func.count(overdue.village_id.distinct()),
            func.count(overdue.id),
        )
        .select_from(Organisation)
        .join(town, town.id == Organisation.parent_id)
        .outerjoin(
            overdue,
            and_(
                overdue.village_id == Organisation.id,
                overdue.state == ObligationState.OPEN,
                overdue.due_on < today,
            ),
        )
        .where(_villages(acting))
        .group_by(town.id)
        .order_by(town.code)
    )
    return [TownLine(place, villages, behind, missing) for place, villages, behind, missing in rows]


def _villages(acting: Actor) -> ColumnElement[bool]:
    return and_(
        Organisation.kind == OrganisationKind.VILLAGE,
        Organisation.active,
        access_obligations.on_board(acting),
    )


def board(session: Session, *, acting: Actor, town_id: uuid.UUID, period: str | None = None) -> Board:
    """The board of a town: how every category of every village stands now, or with `period` (2026, 2026-Q3,
    2026-10) only what that period asked for. Villages that the actor has nothing to do with are left out.

    Raises NotFound when nothing of the town is his, BadInput for a malformed period. Three queries."""
    today = clock.today()
    town = session.get(Organisation, town_id)
    villages = session.scalars(
        select(Organisation)
        .where(_villages(acting), Organisation.parent_id == town_id)
        .order_by(Organisation.code)
    ).all()
    if town is None or not villages:
        raise NotFound("board.not_found", "没有找到这个镇街的公开进度，可能链接有误，或不属于您的范围。")
    here = Obligation.village_id.in_([village.id for village in villages])
    when = standings.in_period(period) if period else standings.begun(today)
    found = standings.by_village(session, and_(here, when), today=today)
    columns = _columns(session, today)
    return Board(town, period, columns, tuple(_line(village, columns, found) for village in villages))


def _columns(session: Session, today: date) -> tuple[Column, ...]:
    common = [Column(one.code, one.name) for one in categories.tops(session, None, today)]
    return (*common, Column(OWN, "本村自选"))


def _line(
    village: Organisation, columns: Sequence[Column], found: dict[tuple[uuid.UUID, str], Standing]
) -> Line:
    mine = {code: one for (village_id, code), one in found.items() if village_id == village.id}
    cells = [_cell(mine.pop(column.code, None)) for column in columns if column.code != OWN]
    return Line(village, (*cells, _worst([_cell(one) for one in mine.values()])))


def _cell(one: Standing | None) -> Cell:
    if one is None:
        return NOTHING
    return Cell(one.colour, one.words, one.late, one.late_days, one.due_on, one.last_met_on)


def _worst(cells: Sequence[Cell]) -> Cell:
    """Of several categories in one column: the worst, with all that is missing."""
    if not cells:
        return NOTHING
    order = ("none", "grey", "green", "yellow", "red")
    worst = max(cells, key=lambda cell: (cell.late_days, order.index(cell.colour)))
    return Cell(
        worst.colour,
        worst.words,
        sum(cell.missing for cell in cells),
        worst.late_days,
        worst.due_on,
        worst.met_on,
    )
