"""Keeping portraits. A month is computed once, when it is over; what was kept is never changed. To compute it
again makes a new revision, with who asked for it and why."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock, text
from app.core.errors import BadInput, NotFound
from app.models import Organisation, VillageScore
from app.models.organisations import OrganisationKind
from app.services import access, access_figures, audit
from app.services.actors import Actor
from app.services.portrait import counting
from app.services.portrait.counting import Drawn, Terms
from app.services.portrait.indicators import COMPONENTS
from app.services.portrait.method import Scored

BATCH = 500
LONGEST_REASON = 500
FIRST_REASON = "每月自动计算。"
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
_ONE_DAY = timedelta(days=1)


def last_day(month: str) -> date:
    """The last day of a month written as 2026-10. Raises BadInput for anything else."""
    found = _MONTH.fullmatch(month)
    if found is None:
        raise BadInput("portrait.month_malformed", "月份请写成 2026-10 这样的形式。", field="month")
    first = date(int(found[1]), int(found[2]), 1)
    return (first + timedelta(days=31)).replace(day=1) - _ONE_DAY


def month_before(day: date) -> str:
    """The month that was over when the month of `day` began: 2026-10."""
    return f"{day.replace(day=1) - _ONE_DAY:%Y-%m}"


def counties(session: Session) -> Sequence[uuid.UUID]:
    """The active counties, one transaction each."""
    query = select(Organisation.id).where(Organisation.kind == OrganisationKind.COUNTY, Organisation.active)
    return session.scalars(query.order_by(Organisation.code)).all()


def take(session: Session, *, acting: Actor, county_id: uuid.UUID, month: str) -> int:
    """Compute and keep the portraits of a county's villages for a month that is over; how many are new.
    Villages that have one for the month already are left alone, so that it is safe to run again.

    Raises Forbidden for anybody but the platform, BadInput for a month that is not over."""
    access.require_administrator(acting)
    as_of = _over(month)
    wanted = _without(session, county_id, month)
    if not wanted:
        return 0
    given = counting.terms(session)
    drawn = [
        one
        for one in counting.draw(session, county_id=county_id, as_of=as_of, given=given)
        if one.village.id in wanted
    ]
    made = _keep(session, drawn, month, given, as_of, FIRST_REASON, dict.fromkeys(wanted, 1))
    audit.record(
        session,
        acting=acting,
        action="taken",
        noun="portrait",
        noun_id=f"{county_id}:{month}",
        villages=made,
    )
    return made


def recompute(session: Session, *, acting: Actor, village: str, month: str, reason: str) -> VillageScore:
    """Compute a village's month again, as a new revision beside those kept.

    Raises Forbidden for anybody but the county's inspectors and the administrator, NotFound for a place that
    is not theirs, BadInput for a month that is not over or a missing reason."""
    access_figures.require_county(acting)
    place = access_figures.access_place(session, acting, village, OrganisationKind.VILLAGE)
    as_of, because = _over(month), _reason(reason)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"portrait:{place.id}"))))
    newest = select(func.max(VillageScore.revision)).where(
        VillageScore.village_id == place.id, VillageScore.month == month
    )
    revision = (session.scalar(newest) or 0) + 1
    given = counting.terms(session)
    drawn = counting.draw(session, county_id=place.ancestry[0], as_of=as_of, given=given)
    own = [one for one in drawn if one.village.id == place.id]
    _keep(session, own, month, given, as_of, because, {place.id: revision})
    audit.record(
        session,
        acting=acting,
        action="recomputed",
        noun="portrait",
        noun_id=f"{place.id}:{month}",
        village_id=place.id,
        revision=revision,
    )
    return session.scalars(
        select(VillageScore).filter_by(village_id=place.id, month=month, revision=revision)
    ).one()


def newest(session: Session, village_id: uuid.UUID, month: str | None) -> VillageScore:
    """The newest revision of a month, or of the latest month kept. Raises NotFound when there is none."""
    query = select(VillageScore).where(VillageScore.village_id == village_id)
    if month is not None:
        last_day(month)
        query = query.where(VillageScore.month == month)
    found = session.scalar(query.order_by(VillageScore.month.desc(), VillageScore.revision.desc()).limit(1))
    if found is None:
        raise NotFound("portrait.not_computed", "这个月的画像还没有计算；每月初计算上个月的。")
    return found


def _over(month: str) -> date:
    as_of = last_day(month)
    if as_of >= clock.today():
        raise BadInput("portrait.month_not_over", "这个月还没有过完，不能定稿。", field="month")
    return as_of


def _without(session: Session, county_id: uuid.UUID, month: str) -> set[uuid.UUID]:
    """The villages of the county that have nothing for the month."""
    kept = select(VillageScore.id).where(
        VillageScore.village_id == Organisation.id, VillageScore.month == month
    )
    rows = session.scalars(
        select(Organisation.id).where(
            Organisation.ancestry.contains([county_id]),
            Organisation.kind == OrganisationKind.VILLAGE,
            Organisation.active,
            ~kept.exists(),
        )
    )
    return set(rows)


def _reason(given: str) -> str:
    reason = text.clean(given)
    if not reason or len(reason) > LONGEST_REASON:
        raise BadInput(
            "portrait.reason_missing", f"请写明重新计算的原因，最多 {LONGEST_REASON} 个字。", field="reason"
        )
    return reason


def _keep(
    session: Session,
    drawn: Sequence[Drawn],
    month: str,
    given: Terms,
    as_of: date,
    reason: str,
    revisions: dict[uuid.UUID, int],
) -> int:
    """Insert in batches; a row that somebody else made meanwhile stays as it is."""
    now, made = clock.now(), 0
    for batch in _batches(drawn):
        rows = [
            {
                "id": uuid.uuid4(),
                "village_id": one.village.id,
                "month": month,
                "revision": revisions[one.village.id],
                "reason": reason,
                "points": one.portrait.points,
                "band": one.portrait.band,
                "confidence": one.portrait.confidence,
                "components": _components(one, month),
                "weights": given.plain,
                "context": _context(one, as_of),
                "computed_at": now,
            }
            for one in batch
        ]
        insertion = insert(VillageScore).values(rows).on_conflict_do_nothing()
        made += len(session.scalars(insertion.returning(VillageScore.id)).all())
    return made


def _batches(drawn: Sequence[Drawn]) -> Iterator[Sequence[Drawn]]:
    for begin in range(0, len(drawn), BATCH):
        yield drawn[begin : begin + BATCH]


def _context(one: Drawn, as_of: date) -> dict[str, Any]:
    missing = {scored.indicator.lacking for scored in one.portrait.scored if not scored.own.there}
    return {
        "as_of": as_of.isoformat(),
        "peers": {
            "points": None if one.peers_points is None else round(one.peers_points),
            "n": one.peers_n,
        },
        "rules": {"computed": one.rules.computed, "of": one.rules.of, "lacking": list(one.rules.lacking)},
        "missing": sorted(missing),
    }


def _components(one: Drawn, month: str) -> list[dict[str, Any]]:
    found = []
    for component in COMPONENTS:
        parts = [scored for scored in one.portrait.scored if scored.indicator.component == component.key]
        told = [part for part in parts if part.points is not None]
        found.append(
            {
                "key": component.key,
                "title": component.title,
                "maximum": sum(part.maximum for part in parts),
                "counted": sum(part.maximum for part in told),
                "points": sum(part.points or 0 for part in told) if told else None,
                "indicators": [_indicator(part, one, month) for part in parts],
            }
        )
    return found


def _indicator(part: Scored, one: Drawn, month: str) -> dict[str, Any]:
    """What is kept of an indicator. Rows too few to count are not told: they could point at a person."""
    indicator, own = part.indicator, part.own
    hidden = own.there and 0 < own.n < indicator.minimum
    return {
        "key": indicator.key,
        "maximum": part.maximum,
        "points": part.points,
        "own": None if hidden or own.mean is None or not own.there else round(own.mean, 4),
        "value": None if part.value is None else round(part.value, 4),
        "median": None if part.middle.median is None else round(part.middle.median, 4),
        "peers": part.middle.n,
        "whole_county": part.middle.county,
        "n": None if hidden else own.n,
        "good": None if hidden else own.good,
        "few": hidden,
        "missing": "" if own.there else indicator.lacking,
        "rows": {
            "noun": indicator.rows_of,
            "filters": {"village": one.village.code, "month": month, "indicator": indicator.key},
            "count": None if hidden else own.n,
        },
    }
