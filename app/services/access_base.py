"""What every part of `access` is built from: who is an administrator, what lies within an area."""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.expression import cast

from app.core.errors import AppError, Forbidden
from app.models import Organisation
from app.models.people import Duty, Role
from app.services.actors import Actor, Administrator, Officer, System

INSPECTORS = (Role.TOWN_INSPECTOR, Role.COUNTY_INSPECTOR)
VILLAGE_ROLES = (Role.INFORMATION_OFFICER, Role.LIAISON_OFFICER)

Condition = ColumnElement[bool]


def refused() -> AppError:
    """The error for a step that the caller may not take."""
    return Forbidden("access.forbidden", "您没有权限做这件事；如需办理，请联系管理员或上级单位。")


def is_administrator(actor: Actor) -> bool:
    """Whether the actor administers the platform."""
    return isinstance(actor, Administrator | System) or (
        isinstance(actor, Officer) and Role.ADMINISTRATOR in actor.roles()
    )


def require_administrator(actor: Actor) -> None:
    """Raise unless the actor administers the platform."""
    if not is_administrator(actor):
        raise refused()


def acts_for_county(actor: Actor) -> bool:
    """Whether an inspector of the county (区纪委) or the administrator acts."""
    county = isinstance(actor, Officer) and Role.COUNTY_INSPECTOR in actor.roles()
    return county or is_administrator(actor)


def within(column: InstrumentedAttribute[uuid.UUID], organisations: tuple[uuid.UUID, ...]) -> Condition:
    """Whether the village in `column` is one of `organisations` or lies below one."""
    if not organisations:
        return false()
    wanted = cast(list(organisations), ARRAY(UUID(as_uuid=True)))
    return column.in_(select(Organisation.id).where(Organisation.ancestry.op("&&")(wanted)))


def covers(
    session: Session, actor: Actor, village_id: uuid.UUID, *roles: Role, duty: Duty | None = None
) -> bool:
    """Whether an officer holds one of `roles` at this village or above it."""
    if not isinstance(actor, Officer):
        return False
    ancestry = session.scalar(select(Organisation.ancestry).where(Organisation.id == village_id)) or []
    return any(place in ancestry for place in actor.organisations(*roles, duty=duty))
