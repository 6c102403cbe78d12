"""Where complaints of an area, category or class go first (分办规则), as data that the county keeps. How a
route is found and followed, `routing` says."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import BadInput, NotFound
from app.models import ComplaintCategory, ComplaintClass, ComplaintRoute, Organisation
from app.models.complaint_classes import Level
from app.models.organisations import Line, OrganisationKind
from app.services import access, setting_history
from app.services.actors import Actor
from app.services.complaints import settings_history


@dataclass(frozen=True)
class Wanted:
    """A route: complaints of this `area` (code of a county, town or village), category and class (None fits
    all) go to `level`, or to the department of `line` there."""

    level: Level
    line: Line | None = None
    area: str | None = None
    category_code: str | None = None
    class_code: str | None = None


def listing(session: Session, *, acting: Actor) -> Sequence[tuple[ComplaintRoute, Organisation | None]]:
    """All routes with their areas: the general ones first. For officers and administrators."""
    access.require_officer_or_administrator(acting)
    rows = session.execute(
        select(ComplaintRoute, Organisation)
        .outerjoin(Organisation, Organisation.id == ComplaintRoute.area_id)
        .order_by(
            Organisation.code.nulls_first(),
            ComplaintRoute.category_code.nulls_first(),
            ComplaintRoute.class_code.nulls_first(),
        )
    )
    return [(row[0], row[1]) for row in rows]


def put(session: Session, *, acting: Actor, wanted: Wanted, reason: str) -> ComplaintRoute:
    """Set where complaints of this area, category and class go; what was set for the same ones is replaced.

    The county's inspectors and administrators only. Raises BadInput for an unknown area, category or class,
    one that sends to the village what must skip it, or a missing reason; Conflict when nothing changes."""
    settings_history.require_county(acting)
    area = _area(session, wanted.area)
    _check(session, wanted, area)
    setting_history.lock(session, settings_history.ROUTE, "all")
    row = session.scalar(
        select(ComplaintRoute).where(
            ComplaintRoute.area_id.is_not_distinct_from(area.id if area else None),
            ComplaintRoute.category_code.is_not_distinct_from(wanted.category_code),
            ComplaintRoute.class_code.is_not_distinct_from(wanted.class_code),
        )
    )
    before = _plain(row, wanted.area) if row is not None else {}
    if row is None:
        row = ComplaintRoute(
            id=uuid.uuid4(),
            area_id=area.id if area else None,
            category_code=wanted.category_code,
            class_code=wanted.class_code,
        )
        session.add(row)
    row.level, row.line = wanted.level, wanted.line
    settings_history.record(
        session,
        acting=acting,
        noun=settings_history.ROUTE,
        key=str(row.id),
        reason=reason,
        before=before,
        after=_plain(row, wanted.area),
    )
    return row


def remove(session: Session, *, acting: Actor, route_id: uuid.UUID, reason: str) -> None:
    """Drop a route; complaints go by the next that fits. Raises Forbidden, NotFound, BadInput."""
    settings_history.require_county(acting)
    setting_history.lock(session, settings_history.ROUTE, "all")
    row = session.get(ComplaintRoute, route_id, populate_existing=True)
    if row is None:
        raise NotFound("complaint_route.not_found", "没有找到这条分办规则，可能已经删除。")
    area = session.get(Organisation, row.area_id) if row.area_id else None
    settings_history.record(
        session,
        acting=acting,
        noun=settings_history.ROUTE,
        key=str(row.id),
        reason=reason,
        before=_plain(row, area.code if area else None),
        after={},
    )
    session.delete(row)
    session.flush()


def _area(session: Session, code: str | None) -> Organisation | None:
    if code is None:
        return None
    wanted = Organisation.code == code, Organisation.kind != OrganisationKind.DEPARTMENT, Organisation.active
    found = session.scalar(select(Organisation).where(*wanted))
    if found is None:
        raise BadInput(
            "complaint_route.area_unknown", "没有这个地方，请填区县、镇街或村的代码。", field="area"
        )
    return found


def _check(session: Session, wanted: Wanted, area: Organisation | None) -> None:
    category = session.get(ComplaintCategory, wanted.category_code) if wanted.category_code else None
    grade = session.get(ComplaintClass, wanted.class_code) if wanted.class_code else None
    if wanted.category_code and category is None:
        raise BadInput("complaint.category_unknown", "请选择一个诉求类别。", field="category_code")
    if wanted.class_code and grade is None:
        raise BadInput("complaint.class_unknown", "没有这个诉求等级。", field="class_code")
    skips = (category is not None and category.skips_village) or (grade is not None and grade.skips_village)
    if skips and wanted.level == Level.VILLAGE:
        raise BadInput("complaint_route.must_skip", "反映干部的诉求不得交村里办理。", field="level")
    if wanted.line is not None and wanted.level == Level.VILLAGE:
        raise BadInput(
            "complaint_route.line_at_village", "职能部门在镇街或区县，请选镇街或区县一级。", field="level"
        )


def _plain(row: ComplaintRoute, area: str | None) -> dict[str, Any]:
    return {
        "area": area,
        "category_code": row.category_code,
        "class_code": row.class_code,
        "level": row.level,
        "line": row.line,
    }
