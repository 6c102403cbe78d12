"""The part of `access` about figures: spending, key figures and portraits of places. The village's own
officers see their village, inspectors their area, administrators everything; departments and the public
nothing."""

from __future__ import annotations

import uuid

from sqlalchemy import false, or_, select, true
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Forbidden, NotFound
from app.models import Organisation
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.services.access import (
    INSPECTORS,
    VILLAGE_ROLES,
    Condition,
    acts_for_county,
    is_administrator,
    within,
)
from app.services.actors import Actor, Officer


def measured(actor: Actor) -> Condition:
    """SQL over `Organisation`: the places whose figures the actor sees."""
    if is_administrator(actor):
        return true()
    if not isinstance(actor, Officer):
        return false()
    villages = within(Organisation.id, actor.organisations(*VILLAGE_ROLES))
    return or_(villages, within(Organisation.id, actor.organisations(*INSPECTORS)))


def access_place(session: Session, actor: Actor, code: str, *kinds: OrganisationKind) -> Organisation:
    """The active place with this code and of one of `kinds` (any when none is named), if the actor sees its
    figures. Raises NotFound otherwise, existing or not; BadInput for a place of another kind."""
    found = session.scalar(
        select(Organisation).where(Organisation.code == code, Organisation.active, measured(actor))
    )
    if found is None or found.kind == OrganisationKind.DEPARTMENT:
        raise NotFound("figures.not_found", "没有找到这个单位的数据，可能代码有误，或不属于您的范围。")
    if kinds and found.kind not in kinds:
        raise BadInput("figures.wrong_kind", f"「{found.name}」不是这一页要的单位类型。", given=code)
    return found


def counties_of(session: Session, actor: Actor) -> list[uuid.UUID]:
    """The counties that the actor inspects; for an administrator all of them."""
    query = select(Organisation.id).where(Organisation.kind == OrganisationKind.COUNTY)
    if not is_administrator(actor):
        own = actor.organisations(Role.COUNTY_INSPECTOR) if isinstance(actor, Officer) else ()
        query = query.where(Organisation.id.in_(own))
    return sorted(session.scalars(query))


def require_county(actor: Actor) -> None:
    """Raise unless an inspector of the county or the administrator acts."""
    if not acts_for_county(actor):
        raise Forbidden("figures.not_county", "这一步由区纪委或平台管理员办理。")
