"""Who is told about warnings: first the village's liaison officers (联络员), its town's inspectors and the
handlers of the department whose line it is; later, by the ladder, the inspectors of a level."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.models import Appointment, Organisation
from app.models import Officer as OfficerRow
from app.models.organisations import Line, OrganisationKind
from app.models.people import Role
from app.services import officers
from app.services.warnings.terms import Level

ROLES = {Level.TOWN: Role.TOWN_INSPECTOR, Level.COUNTY: Role.COUNTY_INSPECTOR}


@dataclass(frozen=True)
class Audience:
    """The officers who serve for some villages now. `places`: each village with all that lies above it."""

    places: dict[uuid.UUID, list[uuid.UUID]]
    posts: dict[tuple[Role, uuid.UUID], list[uuid.UUID]]
    handlers: dict[tuple[Line, uuid.UUID], list[uuid.UUID]]

    def first(self, village_id: uuid.UUID, line: Line) -> list[uuid.UUID]:
        """Those who are told when a warning fires."""
        above = self.places.get(village_id, [])
        told = self.posts.get((Role.LIAISON_OFFICER, village_id), [])
        told = [*told, *self._holders(Role.TOWN_INSPECTOR, above)]
        handlers = (one for place in above for one in self.handlers.get((line, place), []))
        return list(dict.fromkeys([*told, *handlers]))

    def level(self, village_id: uuid.UUID, level: Level) -> list[uuid.UUID]:
        """The inspectors of a level; where a town has none, the county's."""
        above = self.places.get(village_id, [])
        return self._holders(ROLES[level], above) or self._holders(Role.COUNTY_INSPECTOR, above)

    def _holders(self, role: Role, places: Iterable[uuid.UUID]) -> list[uuid.UUID]:
        return list(dict.fromkeys(one for place in places for one in self.posts.get((role, place), [])))


def load(session: Session, village_ids: Collection[uuid.UUID]) -> Audience:
    """Who serves for these villages now, in two statements."""
    villages = select(Organisation.id, Organisation.ancestry).where(Organisation.id.in_(set(village_ids)))
    places = dict(session.execute(villages).all())
    area = {place for ancestry in places.values() for place in ancestry}
    department = and_(
        Organisation.kind == OrganisationKind.DEPARTMENT,
        Organisation.line.is_not(None),
        Organisation.parent_id.in_(area),
        Appointment.role == Role.DEPARTMENT_HANDLER,
    )
    rows = session.execute(
        select(Appointment.officer_id, Appointment.role, Organisation)
        .join(OfficerRow, OfficerRow.id == Appointment.officer_id)
        .join(Organisation, Organisation.id == Appointment.organisation_id)
        .where(OfficerRow.active, officers.running(), or_(Organisation.id.in_(area), department))
        .order_by(Appointment.since, Appointment.officer_id)
    )
    posts: dict[tuple[Role, uuid.UUID], list[uuid.UUID]] = defaultdict(list)
    handlers: dict[tuple[Line, uuid.UUID], list[uuid.UUID]] = defaultdict(list)
    for officer_id, role, place in rows:
        if role == Role.DEPARTMENT_HANDLER and place.line and place.parent_id:
            handlers[place.line, place.parent_id].append(officer_id)
        else:
            posts[role, place.id].append(officer_id)
    return Audience(places, posts, handlers)
