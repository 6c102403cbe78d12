"""What the form of a disclosure offers to an officer who drafts: villages, categories, contracts, projects,
periods."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

from app.core import clock
from app.core.errors import Forbidden
from app.models import Contract, DisclosureCategory, Organisation, Project
from app.models.categories import Cadence
from app.models.ledgers import ContractState
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.models.projects import ProjectState
from app.services import access, categories
from app.services.actors import Actor, Officer

MONTHS, QUARTERS, YEARS = 7, 5, 3


def villages(session: Session, *, acting: Actor) -> Sequence[Organisation]:
    """The villages for which the officer drafts disclosures. Raises Forbidden when there is none."""
    places = acting.organisations(*_roles(session)) if isinstance(acting, Officer) else ()
    town = aliased(Organisation)
    found = session.scalars(
        select(Organisation)
        .join(town, town.id == Organisation.parent_id)
        .where(
            access.within(Organisation.id, places),
            Organisation.kind == OrganisationKind.VILLAGE,
            Organisation.active,
        )
        .options(joinedload(Organisation.parent))
        .order_by(town.code, Organisation.code)
    ).all()
    if not found:
        raise Forbidden("disclosure.not_author", "只有本村信息员可以起草和提交公开信息。")
    return found


def anywhere(session: Session, *, acting: Actor) -> bool:
    """Whether the officer drafts for any village."""
    return isinstance(acting, Officer) and bool(acting.organisations(*_roles(session)))


def _roles(session: Session) -> set[Role]:
    """The roles by which any category in use is drafted."""
    used = session.scalars(select(DisclosureCategory.drafted_by).where(DisclosureCategory.active).distinct())
    return {Role.INFORMATION_OFFICER, *used}


def offered(session: Session, *, acting: Actor, villages: Sequence[Organisation]) -> list[DisclosureCategory]:
    """The categories that the officer may draft in, each top entry before those below it: the common ones and
    these villages' own. (A village's own draft keeps its category when it was switched off since.)"""
    roles = acting.roles() if isinstance(acting, Officer) else frozenset()
    found: dict[str, DisclosureCategory] = {}
    places: list[uuid.UUID | None] = [None, *(village.id for village in villages[:20])]
    for place in places:
        for category in categories.listing(session, place, clock.today()):
            if category.drafted_by in roles:
                found.setdefault(category.code, category)
    return list(found.values())


def contracts(session: Session, *, acting: Actor, village_ids: Sequence[uuid.UUID]) -> Sequence[Contract]:
    """Running contracts of these villages, the first to end first: what a re-tender notice may be about."""
    return session.scalars(
        select(Contract)
        .where(
            access.visible_contracts(acting),
            Contract.village_id.in_(village_ids),
            Contract.state == ContractState.ACTIVE,
            Contract.voided_at.is_(None),
        )
        .order_by(Contract.ends_on, Contract.number)
    ).all()


def projects(session: Session, *, village_ids: Sequence[uuid.UUID]) -> Sequence[Project]:
    """Works of these villages that are under way, the newest first."""
    over = (ProjectState.SETTLED, ProjectState.CANCELLED)
    return session.scalars(
        select(Project)
        .where(Project.village_id.in_(village_ids), Project.state.not_in(over))
        .order_by(Project.created_at.desc(), Project.number)
        .limit(200)
    ).all()


def periods(cadence: Cadence, today: date | None = None) -> list[tuple[str, str]]:
    """The periods that an item may be about, with their names, the newest first; the one that was last
    completed is the second. Empty for what is published on change or after an event."""
    day = today or clock.today()
    if cadence == Cadence.MONTH:
        months = [_month(day, back) for back in range(MONTHS)]
        return [(f"{year}-{month:02d}", f"{year}年{month}月") for year, month in months]
    if cadence == Cadence.QUARTER:
        quarter = day.year * 4 + (day.month - 1) // 3
        found = [divmod(quarter - back, 4) for back in range(QUARTERS)]
        return [(f"{year}-Q{at + 1}", f"{year}年第{'一二三四'[at]}季度") for year, at in found]
    if cadence == Cadence.YEAR:
        return [(str(day.year - back), f"{day.year - back}年") for back in range(YEARS)]
    return []


def _month(day: date, back: int) -> tuple[int, int]:
    year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    return year, month + 1
