"""Who may change the 10+X list; the part of `services.access` about it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import or_, select, true
from sqlalchemy.orm import Session, joinedload

from app.core.errors import Forbidden
from app.models import Organisation
from app.models.organisations import OrganisationKind
from app.models.people import Duty, Role
from app.services.access import INSPECTORS, Condition, covers, is_administrator, within
from app.services.actors import Actor, Officer


def edits_catalogue(session: Session, actor: Actor, village_id: uuid.UUID | None) -> bool:
    """Whether the actor may change this part of the list: the county and the administrator the common
    entries; a village's own also its town and whoever supervises its publication (联络员)."""
    if is_administrator(actor):
        return True
    if not isinstance(actor, Officer):
        return False
    if village_id is None:
        return bool(actor.organisations(Role.COUNTY_INSPECTOR))
    return covers(session, actor, village_id, *INSPECTORS) or covers(
        session, actor, village_id, Role.LIAISON_OFFICER, duty=Duty.PUBLICATION
    )


def require_catalogue_editor(session: Session, actor: Actor, village_id: uuid.UUID | None) -> None:
    """Raise Forbidden unless the actor may, see `edits_catalogue`."""
    if not edits_catalogue(session, actor, village_id):
        raise Forbidden(
            "category.not_editor", "公开清单由区县修改；村里自设的事项，由本村监督公开的联络员或镇街修改。"
        )


def catalogue_villages(session: Session, actor: Actor) -> Sequence[Organisation]:
    """The villages whose own entries the actor may change, with their towns."""
    return session.scalars(
        select(Organisation)
        .where(Organisation.kind == OrganisationKind.VILLAGE, Organisation.active.is_(True), _below(actor))
        .options(joinedload(Organisation.parent))
        .order_by(Organisation.code)
    ).all()


def _below(actor: Actor) -> Condition:
    if is_administrator(actor):
        return true()
    own = actor if isinstance(actor, Officer) else None
    inspected = own.organisations(*INSPECTORS) if own else ()
    supervised = own.organisations(Role.LIAISON_OFFICER, duty=Duty.PUBLICATION) if own else ()
    return or_(within(Organisation.id, inspected), within(Organisation.id, supervised))
