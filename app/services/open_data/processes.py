"""What is public of a village's tenders, projects and contracts, joined into contracting processes.

What is not public on the village's pages is not here: an award appears with its published notice, a contract
when it is published as such or belongs to a public project."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.models import Contract, Disclosure, Organisation, Project, Tender
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.interaction import TenderState
from app.models.projects import ProjectState
from app.services import access, access_interaction
from app.services.actors import Visitor

VISITOR = Visitor()


@dataclass(frozen=True)
class Process:
    """One contracting process with all that is public of it."""

    key: uuid.UUID
    tender: Tender | None = None
    project: Project | None = None
    contract: Contract | None = None


def processes(session: Session, village: Organisation) -> Iterator[Process]:
    """One per tender, one per untendered project with a contract, one per other published contract."""
    tenders = session.scalars(
        select(Tender)
        .where(
            Tender.village_id == village.id,
            Tender.state != TenderState.DRAFT,
            access_interaction.visible_tenders(VISITOR),
        )
        .order_by(Tender.opens_at, Tender.id)
    ).all()
    projects = {
        project.id: project
        for project in session.scalars(
            select(Project)
            .where(
                Project.village_id == village.id,
                Project.state != ProjectState.CANCELLED,
                access.visible_projects(VISITOR),
            )
            .order_by(Project.number)
        )
    }
    contracts = {one.id: one for one in _contracts(session, village, list(projects.values()))}
    done: set[uuid.UUID] = set()
    last = {tender.project_id: tender.id for tender in tenders if tender.project_id}
    for tender in tenders:
        project = projects.get(tender.project_id) if tender.project_id else None
        # Of several tenders for one project the last one led to the contract.
        led = project is not None and last[project.id] == tender.id
        contract = contracts.get(project.contract_id) if led and project and project.contract_id else None
        done |= {key for key in (project and project.id, contract and contract.id) if key}
        yield Process(tender.id, tender, project, contract)
    for project in projects.values():
        contract = contracts.get(project.contract_id) if project.contract_id else None
        if project.id not in done and contract is not None and contract.id not in done:
            done.add(contract.id)
            yield Process(project.id, None, project, contract)
    for contract in contracts.values():
        if contract.id not in done:
            yield Process(contract.id, None, None, contract)


def _contracts(session: Session, village: Organisation, projects: Sequence[Project]) -> Sequence[Contract]:
    """Contracts that were published as such, or belong to public projects. A notice that merely answers the
    end of a lease does not publish the lease."""
    told = exists().where(
        Disclosure.contract_id == Contract.id,
        Disclosure.state == DisclosureState.PUBLISHED,
        Disclosure.kind == DisclosureKind.PLAIN,
    )
    of_projects = Contract.id.in_([one.contract_id for one in projects if one.contract_id])
    query = select(Contract).where(
        Contract.village_id == village.id, Contract.voided_at.is_(None), or_(told, of_projects)
    )
    return session.scalars(query.order_by(Contract.starts_on, Contract.id)).all()
