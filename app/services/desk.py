"""What waits for an officer: warnings of his area, disclosures to review, drafts that came back to him.
(Complaints on his desk: `complaints.queries.on_desk`; messages: `outbox.inbox`.)"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased, joinedload

from app.core.errors import Forbidden
from app.models import Contract, Disclosure, EarlyWarning, Organisation, WarningEvent
from app.models.disclosures import DisclosureState
from app.models.ledgers import ContractState
from app.models.organisations import OrganisationKind
from app.models.people import Duty, Role
from app.models.warnings import WarningState
from app.services import access, disclosures
from app.services.actors import Actor, Officer

LIVE = tuple(state for state in WarningState if state != WarningState.CLOSED)


def warnings(acting: Actor, *, states: Sequence[WarningState] = LIVE) -> Select[EarlyWarning]:
    """The warnings that the actor may know of, with village and town: red before yellow, newest first."""
    return (
        select(EarlyWarning)
        .where(access.visible_warnings(acting), EarlyWarning.state.in_(states))
        .options(joinedload(EarlyWarning.village).joinedload(Organisation.parent))
        .order_by(EarlyWarning.colour, EarlyWarning.created_at.desc(), EarlyWarning.id)
    )


def warning_events(session: Session, warning: EarlyWarning) -> Sequence[WarningEvent]:
    """The steps of a warning's life, in order."""
    return session.scalars(
        select(WarningEvent).where(WarningEvent.warning_id == warning.id).order_by(WarningEvent.position)
    ).all()


def contract_of(session: Session, *, acting: Actor, warning: EarlyWarning) -> Contract | None:
    """The contract that a warning is about, if it is about one that the actor may see."""
    if warning.subject_kind != "contract":
        return None
    return session.scalar(
        select(Contract).where(Contract.id == uuid.UUID(warning.subject_id), access.visible_contracts(acting))
    )


def to_review(session: Session, *, acting: Actor, limit: int = 30) -> list[disclosures.Item]:
    """Submitted disclosures that wait for this reviewer; never his own."""
    if not isinstance(acting, Officer):
        return []
    places = (
        *acting.organisations(Role.LIAISON_OFFICER, duty=Duty.PUBLICATION),
        *acting.organisations(Role.TOWN_INSPECTOR),
    )
    query = disclosures.listing(acting, states=(DisclosureState.SUBMITTED,)).where(
        access.within(Disclosure.village_id, places), Disclosure.author_id != acting.officer_id
    )
    return [disclosures.Item(*row) for row in session.execute(query.limit(limit))]


def unfinished(session: Session, *, acting: Actor, limit: int = 30) -> list[disclosures.Item]:
    """The officer's own drafts, and what was returned to him."""
    if not isinstance(acting, Officer):
        return []
    states = (DisclosureState.RETURNED, DisclosureState.DRAFT)
    query = disclosures.listing(acting, states=states).where(Disclosure.author_id == acting.officer_id)
    return [disclosures.Item(*row) for row in session.execute(query.limit(limit))]


def area_disclosures(
    session: Session,
    *,
    acting: Actor,
    states: Sequence[DisclosureState] = tuple(DisclosureState),
    limit: int = 100,
) -> list[disclosures.Item]:
    """Disclosures in every state of the officer's own area, newest first; an administrator's area is all."""
    query = disclosures.listing(acting, states=states).order_by(None)
    if not access.is_administrator(acting):
        places = acting.organisations() if isinstance(acting, Officer) else ()
        query = query.where(access.within(Disclosure.village_id, places))
    newest = query.order_by(Disclosure.created_at.desc(), Disclosure.id).limit(limit)
    return [disclosures.Item(*row) for row in session.execute(newest)]


def author_villages(session: Session, *, acting: Actor) -> Sequence[Organisation]:
    """The villages for which the officer drafts disclosures. Raises Forbidden when there is none."""
    places = acting.organisations(Role.INFORMATION_OFFICER) if isinstance(acting, Officer) else ()
    town = aliased(Organisation)
    found = session.scalars(
        select(Organisation)
        .join(town, town.id == Organisation.parent_id)
        .where(Organisation.id.in_(places), Organisation.kind == OrganisationKind.VILLAGE)
        .options(joinedload(Organisation.parent))
        .order_by(town.code, Organisation.code)
    ).all()
    if not found:
        raise Forbidden("disclosure.not_author", "只有本村信息员可以起草和提交公开信息。")
    return found


def contracts_to_choose(
    session: Session, *, acting: Actor, village_ids: Sequence[uuid.UUID]
) -> Sequence[Contract]:
    """Running contracts of these villages, the first to end first: what a re-tender notice may be about."""
    return session.scalars(
        select(Contract)
        .where(
            access.visible_contracts(acting),
            Contract.village_id.in_(village_ids),
            Contract.state == ContractState.ACTIVE,
        )
        .order_by(Contract.ends_on, Contract.number)
    ).all()


def names(session: Session, organisation_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Town and village in one name (益农镇东联村), by id."""
    town = aliased(Organisation)
    rows = session.execute(
        select(Organisation.id, town.name, Organisation.name)
        .outerjoin(town, town.id == Organisation.parent_id)
        .where(Organisation.id.in_(set(organisation_ids)))
    )
    return {key: f"{above or ''}{name}" for key, above, name in rows}
