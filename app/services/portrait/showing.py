"""A village's portrait as officers read it, its trend, and the rows behind each point."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Date, Numeric, String, Uuid, cast, column, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.models import Complaint, EarlyWarning, Organisation, VillageScore
from app.models.organisations import OrganisationKind
from app.services import access, access_figures
from app.services.actors import Actor
from app.services.portrait import counting, snapshots
from app.services.portrait.indicators import BY_KEY, Indicator
from app.services.portrait.terms import Method

TREND = 24  # months
MOST_ROWS = 200


@dataclass(frozen=True)
class Shown:
    """The newest revision of a month, and the village's own months up to it (the newest revision of each)."""

    village: Organisation
    score: VillageScore
    trend: tuple[VillageScore, ...]


@dataclass(frozen=True)
class Row:
    """A row behind a point; `share`: how good it is, 0 to 1, or of an open warning how much it takes."""

    id: str
    day: date
    label: str
    fen: int | None
    share: float


@dataclass(frozen=True)
class Rows:
    """One page of rows as the ledgers are now; `then` is how many there were when the portrait was made, None
    where that is not told. `last` is where the next page begins, None on the last one."""

    indicator: Indicator
    month: str
    then: int | None
    items: tuple[Row, ...]
    last: tuple[date, str] | None


def portrait(session: Session, *, acting: Actor, village: str, month: str | None = None) -> Shown:
    """A village's portrait of a month, or of the latest one kept. The village's officers, inspectors above it
    and administrators; departments and the public get NotFound."""
    place = access_figures.access_place(session, acting, village, OrganisationKind.VILLAGE)
    found = snapshots.newest(session, place.id, month)
    return Shown(place, found, _trend(session, place.id, found.month))


def _trend(session: Session, village_id: uuid.UUID, month: str) -> tuple[VillageScore, ...]:
    rows = session.scalars(
        select(VillageScore)
        .where(VillageScore.village_id == village_id, VillageScore.month <= month)
        .ext(distinct_on(VillageScore.month))
        .order_by(VillageScore.month.desc(), VillageScore.revision.desc())
        .limit(TREND)
    ).all()
    return tuple(reversed(rows))


def revisions(session: Session, *, acting: Actor, village: str, month: str) -> Sequence[VillageScore]:
    """All revisions of a month, the newest first."""
    place = access_figures.access_place(session, acting, village, OrganisationKind.VILLAGE)
    snapshots.newest(session, place.id, month)
    query = select(VillageScore).where(VillageScore.village_id == place.id, VillageScore.month == month)
    return session.scalars(query.order_by(VillageScore.revision.desc())).all()


def rows(
    session: Session,
    *,
    acting: Actor,
    village: str,
    month: str | None,
    indicator: str,
    only_bad: bool = False,
    after: tuple[date, str] | None = None,
    limit: int = 50,
) -> Rows:
    """The rows behind an indicator's points, the latest day first; `only_bad`: those that cost points.

    Complaints only as far as the actor may know of them, warnings likewise. Raises NotFound for an unknown
    indicator or when the month was not computed."""
    shown = portrait(session, acting=acting, village=village, month=month)
    wanted = BY_KEY.get(indicator)
    if wanted is None:
        raise NotFound("portrait.indicator_not_found", "画像里没有这一项。", indicator=indicator[:60])
    kept = _kept(shown.score, indicator)
    limit = min(limit, MOST_ROWS)
    found = session.execute(_query(acting, shown, wanted, only_bad, after).limit(limit + 1)).all()
    items = tuple(
        Row(row.row_id, row.day, row.label, None if row.fen is None else int(row.fen), float(row.share))
        for row in found[:limit]
    )
    last = (items[-1].day, items[-1].id) if len(found) > limit else None
    return Rows(wanted, shown.score.month, kept, items, last)


def _kept(score: VillageScore, indicator: str) -> int | None:
    for component in score.components:
        for part in component["indicators"]:
            if part["key"] == indicator:
                count: int | None = part["n"]
                return count
    return None


def _query(
    acting: Actor, shown: Shown, indicator: Indicator, only_bad: bool, after: tuple[date, str] | None
) -> Any:
    method = Method.model_validate(shown.score.weights["method"])
    values = counting.window(date.fromisoformat(shown.score.context["as_of"]), method)
    statement = text(indicator.select)
    names = statement.compile().params.keys()
    select_rows = statement.bindparams(**{name: values[name] for name in names}).columns(
        column("village_id", Uuid),
        column("row_id", String),
        column("day", Date),
        column("label", String),
        column("fen", Numeric),
        column("share", Numeric),
        column("weight", Numeric),
    )
    row = select_rows.subquery("r").c
    query = select(row.row_id, row.day, row.label, row.fen, row.share).where(
        row.village_id == shown.village.id
    )
    if indicator.rows_of == "complaint":
        mine = select(cast(Complaint.id, String)).where(access.visible_complaints(acting))
        query = query.where(row.row_id.in_(mine))
    if indicator.rows_of == "warning":
        seen = select(cast(EarlyWarning.id, String)).where(access.visible_warnings(acting))
        query = query.where(row.row_id.in_(seen))
    if only_bad:
        query = query.where(row.share > 0 if indicator.deducts else row.share < 1)
    if after is not None:
        query = query.where(tuple_(row.day, row.row_id) < after)
    return query.order_by(row.day.desc(), row.row_id.desc())
