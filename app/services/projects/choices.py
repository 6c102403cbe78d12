"""What an officer who keeps small works may choose from: villages, contracts, published items, payments."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

from app.core.errors import AppError
from app.models import Contract, Disclosure, DisclosureVersion, Organisation, Payment, Project
from app.models.disclosures import DisclosureState
from app.models.ledgers import ContractKind
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.services import access
from app.services.actors import Actor, Officer
from app.services.projects.timeline import listing

KEEPERS = (Role.INFORMATION_OFFICER, Role.TOWN_INSPECTOR)
MOST = 60


def of_area(session: Session, *, acting: Actor, limit: int) -> Sequence[Project]:
    """The newest projects of the officer's own area; an administrator's area is all."""
    query = listing(acting).limit(limit)
    if not access.is_administrator(acting):
        places = acting.organisations() if isinstance(acting, Officer) else ()
        query = query.where(access.within(Project.village_id, places))
    return session.scalars(query).all()


def inside(session: Session, *, acting: Actor, village_id: uuid.UUID) -> bool:
    """Whether a village lies in the area of one of the officer's appointments."""
    return access.is_administrator(acting) or access.covers(
        session, acting, village_id, *access.VILLAGE_ROLES, *access.INSPECTORS
    )


def keeps(session: Session, *, acting: Actor, village_id: uuid.UUID) -> bool:
    """Whether the actor keeps this village's ledgers."""
    try:
        access.require_ledger_keeper(session, acting, village_id)
    except AppError:
        return False
    return True


def villages(session: Session, *, acting: Actor) -> Sequence[Organisation]:
    """The villages whose ledgers the actor keeps, with their towns."""
    town = aliased(Organisation)
    query = (
        select(Organisation)
        .join(town, town.id == Organisation.parent_id)
        .where(Organisation.kind == OrganisationKind.VILLAGE, Organisation.active)
        .options(joinedload(Organisation.parent))
        .order_by(town.code, Organisation.code)
    )
    if not access.is_administrator(acting):
        places = acting.organisations(*KEEPERS) if isinstance(acting, Officer) else ()
        query = query.where(access.within(Organisation.id, places))
    return session.scalars(query).all()


def contracts(session: Session, *, village_ids: Sequence[uuid.UUID]) -> Sequence[Contract]:
    """The contracts for works, the newest first."""
    query = select(Contract).where(
        Contract.village_id.in_(village_ids),
        Contract.kind.in_([ContractKind.WORKS, ContractKind.LABOUR]),
        Contract.voided_at.is_(None),
    )
    return session.scalars(query.order_by(Contract.starts_on.desc(), Contract.number).limit(200)).all()


def published(session: Session, *, village_id: uuid.UUID) -> Sequence[tuple[Disclosure, str]]:
    """The newest published items of a village with their titles: what may be the evidence of a stage."""
    rows = session.execute(
        select(Disclosure, DisclosureVersion.title)
        .join(
            DisclosureVersion,
            (DisclosureVersion.disclosure_id == Disclosure.id)
            & (DisclosureVersion.number == Disclosure.current_version),
        )
        .where(Disclosure.village_id == village_id, Disclosure.state == DisclosureState.PUBLISHED)
        .order_by(Disclosure.published_at.desc(), Disclosure.id)
        .limit(MOST)
    )
    return [(row[0], row[1]) for row in rows]


def payments(session: Session, *, project: Project) -> Sequence[Payment]:
    """The newest payments of the village that belong to no project yet."""
    query = select(Payment).where(
        Payment.village_id == project.village_id, Payment.project_id.is_(None), Payment.voided_at.is_(None)
    )
    if project.contract_id is not None:
        query = query.where(Payment.contract_id.is_distinct_from(project.contract_id))
    return session.scalars(query.order_by(Payment.paid_on.desc(), Payment.id.desc()).limit(MOST)).all()
