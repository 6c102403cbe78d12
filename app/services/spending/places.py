"""The place whose spending is looked at: a village, or a town with its villages."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Organisation
from app.models.organisations import OrganisationKind
from app.services import access_figures
from app.services.actors import Actor


@dataclass(frozen=True)
class Place:
    """A village or town, with the active villages that its sums are made of, in the order of their codes."""

    organisation: Organisation
    villages: tuple[Organisation, ...]

    @property
    def keys(self) -> list[uuid.UUID]:
        """The villages' keys."""
        return [village.id for village in self.villages]

    @property
    def county_id(self) -> uuid.UUID:
        """The county that the place lies in."""
        return self.organisation.ancestry[0]


def village(session: Session, *, acting: Actor, code: str) -> Place:
    """A village whose figures the actor sees. Raises NotFound, BadInput when it is no village."""
    found = access_figures.access_place(session, acting, code, OrganisationKind.VILLAGE)
    return Place(found, (found,))


def town(session: Session, *, acting: Actor, code: str) -> Place:
    """A town whose figures the actor sees, with its villages. Raises NotFound, BadInput when it is none."""
    found = access_figures.access_place(session, acting, code, OrganisationKind.TOWN)
    below = session.scalars(
        select(Organisation)
        .where(
            Organisation.parent_id == found.id,
            Organisation.kind == OrganisationKind.VILLAGE,
            Organisation.active,
        )
        .order_by(Organisation.code)
    )
    return Place(found, tuple(below))
