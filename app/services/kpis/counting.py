"""From a checked definition to one SQL statement and its numbers. Identifiers come from `sources` alone;
every value of a definition and every day is bound."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.workdays import OFFICE_HOURS, ONE_DAY
from app.models import Organisation
from app.models.organisations import OrganisationKind
from app.services import calendar
from app.services.kpis.definitions import Condition, Part
from app.services.kpis.periods import Grain, Period
from app.services.kpis.sources import ATTRIBUTES, SOURCES

INFINITE = float("inf")

Key = tuple[uuid.UUID, date, str]  # unit, first day of the period, group


@dataclass
class Amount:
    """A measure over `rows` rows of `villages` villages. Infinite: it has not happened yet."""

    value: float
    rows: int
    villages: int

    def add(self, other: Amount) -> None:
        """Of one more village. Medians are never added."""
        self.value += other.value
        self.rows += other.rows
        self.villages += other.villages


@dataclass(frozen=True)
class Scope:
    """Where and when to count. `unit_of` says for each village which unit it is counted for; `unit` is the
    same as SQL over `v`. `until`: the last day that counts."""

    place: Organisation
    unit: str
    unit_of: dict[uuid.UUID, uuid.UUID]
    periods: Sequence[Period]
    grain: Grain
    until: date


@dataclass
class _Statement:
    """The parts of a statement under way."""

    where: list[str]
    values: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any) -> str:
        """The name under which a value is bound."""
        name = f"value_{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def count(
    session: Session, part: Part, scope: Scope, *, by: str | None = None, only: str | None = None
) -> dict[Key, Amount]:
    """The amounts of a part by unit, period and group ("" without `by`). `only`: villages where this number
    is known. One statement."""
    statement = _Statement([_place(scope.place)])
    if only is not None:
        statement.where.append(f"{ATTRIBUTES[only]} > 0")
    sql = _sql(session, part, scope, statement, by)
    values = statement.values | {"place": scope.place.id}
    found: dict[Key, Amount] = {}
    for unit, first, group, value, rows, villages in session.execute(text(sql), values):
        if value is None:  # rows, but nothing in them that could be added up
            continue
        amount = Amount(float(value), int(rows), int(villages))
        key = (unit if part.ranked else scope.unit_of[unit], first, "" if group is None else str(group))
        if key in found:
            found[key].add(amount)
        else:
            found[key] = amount
    return found


def attribute(session: Session, part: Part, scope: Scope) -> dict[uuid.UUID, Amount]:
    """The sum of a number of the villages themselves by unit; villages without it are left out."""
    assert part.attribute is not None
    column = ATTRIBUTES[part.attribute]
    rows = session.execute(
        text(f"SELECT v.id, {column} FROM organisation v WHERE {_place(scope.place)} AND {column} > 0"),  # noqa: S608
        {"place": scope.place.id},
    )
    found: dict[uuid.UUID, Amount] = {}
    for village_id, number in rows:
        found.setdefault(scope.unit_of[village_id], Amount(0.0, 0, 0)).add(Amount(float(number), 1, 1))
    return found


def _place(place: Organisation) -> str:
    live = "v.kind = 'village' AND v.active"
    if place.kind == OrganisationKind.VILLAGE:
        return f"{live} AND v.id = :place"
    if place.kind == OrganisationKind.TOWN:
        return f"{live} AND v.parent_id = :place"
    return f"{live} AND v.ancestry @> ARRAY[CAST(:place AS uuid)]"


def _sql(session: Session, part: Part, scope: Scope, statement: _Statement, by: str | None) -> str:
    assert part.source is not None
    assert part.day is not None
    source = SOURCES[part.source]
    day, where = source.fields[part.day].sql, statement.where
    where.append(source.base)
    where.extend(_condition(source.fields[one[0]].sql, one, statement) for one in part.where)
    where.append(f"{day} <= {statement.bind(scope.until)}")
    joined, bucket = "", f"date_trunc('{scope.grain.value}', {day})::date"
    if part.window == "until":
        firsts = statement.bind([period.first for period in scope.periods])
        lasts = statement.bind([period.last for period in scope.periods])
        joined = (
            f"JOIN unnest(CAST({firsts} AS date[]), CAST({lasts} AS date[])) AS period (first, last)"
            f" ON {day} <= period.last"
        )
        bucket = "period.first"
    else:
        where.append(f"{day} >= {statement.bind(scope.periods[0].first)}")
    group = source.fields[by].sql if by else "''"
    unit, villages = (scope.unit, "count(DISTINCT v.id)") if part.ranked else ("v.id", "1")
    return f"""
        {_workdays(session, scope, statement) if source.calendar else ""}
        SELECT {unit}, {bucket}, {group}, {_measure(part)}, count(*), {villages}
        FROM {source.table} JOIN organisation v ON v.id = {source.village} {joined}
        WHERE {" AND ".join(where)}
        GROUP BY 1, 2, 3
    """  # noqa: S608  (put together from names in `sources`; values are bound)


def _measure(part: Part) -> str:
    assert part.source is not None
    if part.field is None:
        return "count(*)"
    column = SOURCES[part.source].fields[part.field].sql
    if part.measure == "sum":
        return f"sum({column})"
    share = {"median": 0.5, "p90": 0.9}[part.measure or ""]
    # Of an even number the smaller middle one: a mean with "not yet" says nothing.
    return (
        f"percentile_disc({share}) WITHIN GROUP"
        f" (ORDER BY coalesce(CAST({column} AS double precision), 'infinity'))"
    )


def _condition(column: str, condition: Condition, statement: _Statement) -> str:
    _name, operator, *value = condition
    if operator in ("null", "filled"):
        return f"{column} IS {'NOT ' if operator == 'filled' else ''}NULL"
    if operator == "in":
        return f"{column} = ANY({statement.bind(value[0])})"
    return f"{column} {operator} {statement.bind(value[0])}"


def _workdays(session: Session, scope: Scope, statement: _Statement) -> str:
    """The CTE `workday`: every day with the working minutes before it."""
    known = calendar.load(session)
    minutes = sum((end - begin).total_seconds() for begin, end in OFFICE_HOURS.on(scope.until)) / 60
    days, befores, works = [], [], []
    day, before = scope.periods[0].first - timedelta(days=31), 0.0
    while day <= scope.until + timedelta(days=366):  # what was filed on the last day is answered later
        work = known.is_work_day(day)
        days.append(day)
        befores.append(before)
        works.append(work)
        before += minutes if work else 0.0
        day += ONE_DAY
    names = [statement.bind(column) for column in (days, befores, works)]
    return (
        "WITH workday AS MATERIALIZED (SELECT * FROM unnest("  # noqa: S608  (names of bound values)
        f"CAST({names[0]} AS date[]), CAST({names[1]} AS double precision[]), CAST({names[2]} AS boolean[])"
        ") AS w (day, before, works))"
    )
