"""What waits for an officer: warnings of his area, disclosures to review, drafts that came back to him.
(Complaints on his desk: `complaints.queries.on_desk`; messages: `outbox.inbox`.)"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from app.models import Contract, Disclosure, EarlyWarning, Organisation, WarningEvent
from app.models.disclosures import DisclosureState
from app.models.organisations import OrganisationKind
from app.models.warnings import WarningState
from app.services import access, disclosures
from app.services.actors import Actor, Officer
from app.services.warnings import queries

LIVE = queries.LIVE


def warnings(acting: Actor, *, states: Sequence[WarningState] = LIVE) -> Select[EarlyWarning]:
    """The warnings that the actor may know of, with village and town: red before yellow, newest first."""
    return queries.listing(acting, queries.Filters(states=states))


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
    """Submitted disclosures and corrections that wait for this reviewer; never his own."""
    return disclosures.to_review(session, acting=acting, limit=limit)


def unfinished(session: Session, *, acting: Actor, limit: int = 30) -> list[disclosures.Item]:
    """The officer's own drafts and corrections, and what was returned to him."""
    return disclosures.unfinished(session, acting=acting, limit=limit)


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


def names(session: Session, organisation_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Town and village in one name (益农镇东联村), by id."""
    town = aliased(Organisation)
    rows = session.execute(
        select(Organisation.id, town.name, Organisation.name)
        .outerjoin(town, town.id == Organisation.parent_id)
        .where(Organisation.id.in_(set(organisation_ids)))
    )
    return {key: f"{above or ''}{name}" for key, above, name in rows}


def own_villages(session: Session, officer: Officer) -> Sequence[Organisation]:
    """The villages in which the officer himself holds a post, in the order of their codes."""
    posts = [post.organisation_id for post in officer.posts]
    query = select(Organisation).where(
        Organisation.id.in_(posts), Organisation.kind == OrganisationKind.VILLAGE
    )
    return session.scalars(query.order_by(Organisation.code)).all()
