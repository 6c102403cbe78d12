"""Key figures of a place: by month, quarter or year, of the whole place or of each village or town in it.

What is missing is never a number: a cell without a denominator, one that has not happened yet and one that is
hidden because it could point at a person each say so."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput
from app.models import Organisation
from app.models.organisations import OrganisationKind
from app.services import access_figures
from app.services.actors import Actor
from app.services.kpis.counting import INFINITE, Amount, Key, Scope, attribute, count
from app.services.kpis.definitions import Kpi
from app.services.kpis.periods import Grain, Period, around, between, year_earlier


class Each(enum.StrEnum):
    """whole 合计, town 每个镇街, village 每个村."""

    WHOLE = "whole"
    TOWN = "town"
    VILLAGE = "village"


class Note(enum.StrEnum):
    """Why a cell has no value: suppressed 数量太少，不显示; no_denominator 没有可比的基数; no_data 没有数据;
    not_yet 还没有发生."""

    SUPPRESSED = "suppressed"
    NO_DENOMINATOR = "no_denominator"
    NO_DATA = "no_data"
    NOT_YET = "not_yet"


@dataclass(frozen=True)
class Cell:
    """A figure of one unit in one period. `n` are the rows that it rests on (the denominator's, where there
    is one); `counted` of `villages` have any. `group` is the value of the definition's `by`."""

    unit: Organisation
    period: Period
    group: str
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int | None
    counted: int | None
    villages: int
    so_far: bool
    note: Note | None = None


@dataclass(frozen=True)
class Figures:
    """A key figure with its cells: units in the order of their codes, then periods, then groups."""

    kpi: Kpi
    place: Organisation
    grain: Grain
    cells: tuple[Cell, ...]


_BELOW = {
    (OrganisationKind.COUNTY, Each.TOWN): OrganisationKind.TOWN,
    (OrganisationKind.COUNTY, Each.VILLAGE): OrganisationKind.VILLAGE,
    (OrganisationKind.TOWN, Each.VILLAGE): OrganisationKind.VILLAGE,
}


def figures(
    session: Session,
    *,
    acting: Actor,
    kpi: Kpi,
    place: str,
    grain: Grain,
    since: date,
    until: date,
    each: Each = Each.WHOLE,
) -> Figures:
    """Compute a key figure. Two statements besides the places.

    Raises NotFound for a place whose figures the actor does not see, BadInput for a time or a way to take it
    apart that do not fit."""
    here = access_figures.access_place(session, acting, place)
    units, unit_of = _units(session, here, each)
    wanted, computed = _spans(kpi, grain, since, until)
    unit = {Each.VILLAGE: "v.id", Each.TOWN: "v.parent_id", Each.WHOLE: "CAST(:place AS uuid)"}[each]
    last = min(computed[-1].last, clock.today() - timedelta(days=kpi.ripe_days)) if computed else until
    scope = Scope(here, unit, unit_of, computed, grain, last)
    cells = _cells(session, kpi, scope, units) if computed else []
    if kpi.minimum_cell:
        cells = _protected(kpi, cells)
    shown = {period.text for period in wanted}
    return Figures(kpi, here, grain, tuple(cell for cell in cells if cell.period.text in shown))


def _spans(kpi: Kpi, grain: Grain, since: date, until: date) -> tuple[list[Period], list[Period]]:
    """The periods asked for that have begun, and those to compute: where cells are hidden always whole years,
    so that what is hidden does not depend on what was asked for."""
    today = clock.today()
    wanted = [period for period in between(since, until, grain) if period.first <= today]
    if not wanted or not kpi.minimum_cell:
        return wanted, wanted
    year = around(wanted[0].first, Grain.YEAR).first
    whole = between(year, around(wanted[-1].first, Grain.YEAR).last, grain)
    return wanted, [period for period in whole if period.first <= today]


def _units(
    session: Session, place: Organisation, each: Each
) -> tuple[list[Organisation], dict[uuid.UUID, uuid.UUID]]:
    kind = OrganisationKind(place.kind)
    if each != Each.WHOLE and (kind, each) not in _BELOW:
        raise BadInput("kpi.each_wrong", f"「{place.name}」不能这样分。", field="each")
    below = session.scalars(
        select(Organisation)
        .where(Organisation.ancestry.contains([place.id]), Organisation.active)
        .order_by(Organisation.code)
    ).all()
    villages = [one for one in below if one.kind == OrganisationKind.VILLAGE]
    if each == Each.WHOLE:
        return [place], {village.id: place.id for village in villages}
    units = [one for one in below if one.kind == _BELOW[kind, each]]
    if each == Each.VILLAGE:
        return units, {village.id: village.id for village in villages}
    towns = {town.id for town in units}
    return units, {
        village.id: village.parent_id
        for village in villages
        if village.parent_id is not None and village.parent_id in towns
    }


def _cells(session: Session, kpi: Kpi, scope: Scope, units: Sequence[Organisation]) -> list[Cell]:
    below = kpi.denominator
    only = below.attribute if below is not None else None
    above = count(session, kpi.numerator, scope, by=kpi.by, only=only)
    if kpi.compare is not None:
        base: dict[Key, Amount] = _year_before(session, kpi, scope)
    elif below is None:
        base = above
    elif below.attribute is not None:
        numbers = attribute(session, below, scope)
        base = {
            (unit_id, period.first, ""): amount
            for unit_id, amount in numbers.items()
            for period in scope.periods
        }
    else:
        base = count(session, below, scope, by=kpi.by)
    groups = sorted({key[2] for key in (above.keys() | base.keys())}) if kpi.by else [""]
    size: dict[uuid.UUID, int] = {}
    for unit_id in scope.unit_of.values():
        size[unit_id] = size.get(unit_id, 0) + 1
    return [
        _cell(kpi, unit, period, group, above, base, size.get(unit.id, 0))
        for unit in units
        for period in scope.periods
        for group in groups
    ]


def _year_before(session: Session, kpi: Kpi, scope: Scope) -> dict[Key, Amount]:
    """The same periods a year earlier, up to the same day."""
    earlier = [
        Period(year_earlier(period.first), year_earlier(period.last), period.text) for period in scope.periods
    ]
    found = count(
        session, kpi.numerator, replace(scope, periods=earlier, until=year_earlier(scope.until)), by=kpi.by
    )
    return {
        (unit, first.replace(year=first.year + 1), group): amount
        for (unit, first, group), amount in found.items()
    }


def _cell(
    kpi: Kpi,
    unit: Organisation,
    period: Period,
    group: str,
    above: dict[Key, Amount],
    base: dict[Key, Amount],
    villages: int,
) -> Cell:
    key = (unit.id, period.first, group)
    over, under = above.get(key), base.get(key)
    value, note = _value(kpi, period, over, under)
    alone = kpi.denominator is None and kpi.compare is None
    guarded = over if kpi.protects == "numerator" or alone else under
    rows = guarded.rows if guarded else 0
    return Cell(
        unit=unit,
        period=period,
        group=group,
        value=value,
        numerator=None if over is None or over.value == INFINITE else over.value,
        denominator=None if under is None or alone else under.value,
        n=rows,
        counted=under.villages if under else 0,
        villages=villages,
        so_far=period.first <= clock.today() <= period.last,
        note=note,
    )


def _value(
    kpi: Kpi, period: Period, over: Amount | None, under: Amount | None
) -> tuple[float | None, Note | None]:
    if over is None and kpi.empty == "unknown":
        return None, Note.NO_DATA
    if kpi.denominator is None and kpi.compare is None:
        if over is None:
            return None, Note.NO_DATA
        return (None, Note.NOT_YET) if over.value == INFINITE else (round(over.value, 4), None)
    if under is None or not under.value:
        return None, Note.NO_DENOMINATOR
    number = over.value if over else 0.0
    if kpi.compare is not None:
        return round((number - under.value) / under.value, 4), None
    value = number * kpi.scale / under.value
    if kpi.annual:
        days = (min(period.last, clock.today()) - period.first).days + 1
        value = value * 365 / days
    return round(value, 4), None


def _protected(kpi: Kpi, cells: Sequence[Cell]) -> list[Cell]:
    """Small cells hidden; and where one alone would be hidden among its siblings, so that a sum would give it
    away, the next smallest too. Siblings are the units of a period, altogether and of one parent, and the
    periods of a unit, of a year and of a quarter."""
    hidden = {at for at, cell in enumerate(cells) if cell.n and cell.n < kpi.minimum_cell}
    lines: dict[tuple[object, ...], list[int]] = {}
    for at, cell in enumerate(cells):
        first, unit = cell.period.first, cell.unit
        for key in (
            ("units", first),
            ("of", unit.parent_id, first),
            ("year", unit.id, first.year),
            ("quarter", unit.id, around(first, Grain.QUARTER).first),
        ):
            lines.setdefault((*key, cell.group), []).append(at)
    for _ in range(len(cells)):
        found = [_lonely(line, hidden, cells) for line in lines.values()]
        more = {at for at in found if at is not None}
        if not more:
            break
        hidden |= more
    return [_hide(cell) if at in hidden else cell for at, cell in enumerate(cells)]


def _lonely(line: Sequence[int], hidden: set[int], cells: Sequence[Cell]) -> int | None:
    """The cell that must be hidden beside the only hidden one of a line."""
    if len(line) < 2 or sum(at in hidden for at in line) != 1:
        return None
    others: Iterable[int] = (at for at in line if at not in hidden and cells[at].n)
    return min(others, key=lambda at: (cells[at].n or 0, at), default=None)


def _hide(cell: Cell) -> Cell:
    return replace(
        cell, value=None, numerator=None, denominator=None, n=None, counted=None, note=Note.SUPPRESSED
    )
