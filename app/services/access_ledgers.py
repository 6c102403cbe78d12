"""The part of `access` about ledgers (台账): most belong to the village's officers and above; what tells
about persons to fewer, and declared kinship to fewest."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.errors import NotFound
from app.models import Benefit, DeathRecord, Member, Organisation, Project, Relation
from app.models.organisations import Line, OrganisationKind
from app.models.people import Role
from app.services.access import (
    INSPECTORS,
    VILLAGE_ROLES,
    Condition,
    acts_for_county,
    covers,
    is_administrator,
    refused,
    require_ledger_keeper,
    visible_organisations,
    visible_projects,
    within,
)
from app.services.actors import Actor, Officer

KEEPERS = (Role.INFORMATION_OFFICER, *INSPECTORS)
_CIVIL_AFFAIRS = (Benefit, DeathRecord)
_FEWER = (Benefit, DeathRecord, Member, Relation)


def visible_rows(actor: Actor, model: type[Any]) -> Condition:
    """Which rows of a ledger the actor may see.

    Money, assets, meetings: the village's officers, the offices above. Aid, deaths, members: those of them
    who keep or supervise ledgers; aid and deaths also the department for civil affairs. Declared relations:
    who keeps the ledger, and the inspectors."""
    if model is Project:
        return visible_projects(actor)
    if is_administrator(actor):
        return true()
    if not isinstance(actor, Officer):
        return false()
    roles = KEEPERS if model in _FEWER else (*VILLAGE_ROLES, *INSPECTORS)
    own = within(model.village_id, actor.organisations(*roles))
    if model in _CIVIL_AFFAIRS:
        return or_(own, below_department(model.village_id, actor, Line.CIVIL_AFFAIRS))
    return own


def below_department(column: InstrumentedAttribute[uuid.UUID], actor: Officer, line: Line) -> Condition:
    """Whether the village in `column` lies in the area of a department of this line where the actor works:
    below the organisation that the department belongs to."""
    places = actor.organisations(Role.DEPARTMENT_HANDLER)
    if not places:
        return false()
    area = (
        select(Organisation.parent_id)
        .where(
            Organisation.id.in_(places),
            Organisation.kind == OrganisationKind.DEPARTMENT,
            Organisation.line == line,
        )
        .scalar_subquery()
    )
    above = func.array(area, type_=ARRAY(UUID(as_uuid=True)))
    return column.in_(select(Organisation.id).where(Organisation.ancestry.op("&&")(above)))


def require_keeper(session: Session, actor: Actor, model: type[Any], village_id: uuid.UUID) -> None:
    """Raise Forbidden unless the actor keeps this ledger of the village: its 信息员, its town, the
    administrator; deaths and aid also the department for civil affairs."""
    if model in _CIVIL_AFFAIRS and isinstance(actor, Officer):
        here = select(Organisation.id).where(
            Organisation.id == village_id, below_department(Organisation.id, actor, Line.CIVIL_AFFAIRS)
        )
        if session.scalar(here) is not None:
            return
    require_ledger_keeper(session, actor, village_id)


def access_area(session: Session, actor: Actor, code: str) -> Organisation:
    """The organisation of this code, that villages may lie below. Raises NotFound."""
    found = session.scalar(
        select(Organisation).where(Organisation.code == code, visible_organisations(actor))
    )
    if found is None:
        raise NotFound("organisation.not_found", "没有找到这个单位，请检查代码。", given=code)
    return found


def require_keeper_everywhere(
    session: Session, actor: Actor, model: type[Any], village_ids: Collection[uuid.UUID]
) -> None:
    """`require_keeper` for many villages in one question."""
    if is_administrator(actor):
        return
    found = session.scalars(
        select(Organisation.id).where(Organisation.id.in_(village_ids), _kept(actor, model))
    )
    if set(village_ids) - set(found):
        raise refused()


def _kept(actor: Actor, *models: type[Any]) -> Condition:
    roles = (Role.INFORMATION_OFFICER, Role.TOWN_INSPECTOR)
    places = actor.organisations(*roles) if isinstance(actor, Officer) else ()
    reach = within(Organisation.id, places)
    if isinstance(actor, Officer) and not set(models).isdisjoint(_CIVIL_AFFAIRS):
        reach = or_(reach, below_department(Organisation.id, actor, Line.CIVIL_AFFAIRS))
    return reach


def kept_villages(actor: Actor, *models: type[Any]) -> Select[Organisation]:
    """The villages whose ledgers the actor keeps, by code; with `models` also those of which he keeps one of
    these alone: the list form of `require_keeper`."""
    query = select(Organisation).where(
        Organisation.kind == OrganisationKind.VILLAGE, Organisation.active.is_(True)
    )
    if not is_administrator(actor):
        query = query.where(_kept(actor, *models))
    return query.order_by(Organisation.code)


def require_county(session: Session, actor: Actor) -> None:
    """Raise Forbidden unless the actor sets rules for the county: its inspectors, the administrator."""
    if not acts_for_county(actor):
        raise refused()


def reads_county_tables(actor: Actor) -> bool:
    """Whether the actor may read the county's tables for ledgers: every officer and administrator."""
    return is_administrator(actor) or isinstance(actor, Officer)


def require_reader(actor: Actor) -> None:
    """Raise Forbidden unless `reads_county_tables`."""
    if not reads_county_tables(actor):
        raise refused()


def sees_ledgers(session: Session, actor: Actor, village_id: uuid.UUID) -> bool:
    """Whether the actor may read the village's ledgers of money: the row form of `visible_rows`."""
    return is_administrator(actor) or covers(session, actor, village_id, *VILLAGE_ROLES, *INSPECTORS)
