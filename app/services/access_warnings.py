"""The part of `access` about early warnings: who may know of them, review them, silence them."""

from __future__ import annotations

import uuid

from sqlalchemy import Uuid, and_, case, cast, exists, false, func, not_, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.core.errors import Forbidden, NotFound
from app.models import AuditEntry, EarlyWarning, Organisation, Silence, WarningEvent
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.models.rules import RuleMode
from app.services.access_base import (
    INSPECTORS,
    VILLAGE_ROLES,
    Condition,
    covers,
    is_administrator,
    within,
)
from app.services.actors import Actor, Officer

HANDLED = ("acknowledged", "proposed")
"""Steps after which a person is no longer a second one."""


def visible_warnings(actor: Actor) -> Condition:
    """The village's own officers, the offices above, handlers of the department whose line it is, and the
    administrator; what its rule only tries out (试运行) is the county's alone."""
    if is_administrator(actor):
        return true()
    if not isinstance(actor, Officer):
        return false()
    reach = or_(
        within(EarlyWarning.village_id, actor.organisations(*VILLAGE_ROLES, *INSPECTORS)),
        _of_line(actor.organisations(Role.DEPARTMENT_HANDLER)),
    )
    county = within(EarlyWarning.village_id, actor.organisations(Role.COUNTY_INSPECTOR))
    return or_(and_(EarlyWarning.mode == RuleMode.ACTIVE, reach), county)


def sees_trials(actor: Actor) -> bool:
    """Whether the actor may know what rules find that are only tried out (试运行): the county."""
    county = isinstance(actor, Officer) and bool(actor.organisations(Role.COUNTY_INSPECTOR))
    return county or is_administrator(actor)


def told_in_audit(actor: Actor) -> Condition:
    """SQL over `AuditEntry`: it is about no single warning, or about one that the actor may know of."""
    key = case((single := _about_a_warning(), cast(AuditEntry.noun_id, Uuid)))
    return or_(not_(single), exists().where(EarlyWarning.id == key, visible_warnings(actor)))


def _about_a_warning() -> Condition:
    """Rows about many at once carry no village, and a word instead of a key."""
    return and_(AuditEntry.noun == "warning", AuditEntry.village_id.is_not(None))


def _of_line(departments: tuple[uuid.UUID, ...]) -> Condition:
    """The matter is that of one of these departments, and the village lies in its area."""
    if not departments:
        return false()
    village, department = aliased(Organisation), aliased(Organisation)
    return exists().where(
        village.id == EarlyWarning.village_id,
        department.id.in_(departments),
        department.line == EarlyWarning.line,
        department.parent_id == func.any(village.ancestry),
    )


def access_warning(session: Session, actor: Actor, warning_id: uuid.UUID) -> EarlyWarning:
    """The warning, if the actor may know of it. Raises NotFound otherwise."""
    found = session.scalar(select(EarlyWarning).where(EarlyWarning.id == warning_id, visible_warnings(actor)))
    if found is None:
        raise NotFound("warning.not_found", "没有找到这条预警，可能链接有误，或不属于您负责的村社。")
    return found


def may_review(session: Session, actor: Actor, warning: EarlyWarning) -> bool:
    """Whether the actor inspects this village and is a second person: he neither took the warning in hand
    nor proposed how to close it."""
    if not isinstance(actor, Officer) or not covers(session, actor, warning.village_id, *INSPECTORS):
        return False
    return not _handled(session, actor, warning)


def require_second_person(session: Session, actor: Officer, warning: EarlyWarning) -> None:
    """Raise Forbidden unless `may_review`."""
    if not covers(session, actor, warning.village_id, *INSPECTORS):
        raise Forbidden("warning.not_reviewer", "销号要由镇街或区级复核。")
    if _handled(session, actor, warning):
        raise Forbidden("warning.same_person", "签收、说明和复核销号要由两个人分别完成。")


def _handled(session: Session, actor: Officer, warning: EarlyWarning) -> bool:
    if actor.officer_id in (warning.acknowledged_by, warning.proposed_by):
        return True
    done = exists().where(
        WarningEvent.warning_id == warning.id,
        WarningEvent.officer_id == actor.officer_id,
        WarningEvent.kind.in_(HANDLED),
    )
    return bool(session.scalar(select(done)))


# --- silences -------------------------------------------------------------------------------------


def visible_silences(actor: Actor) -> Condition:
    """Those of the officer's own places and of places below or above them: he sees why nobody is told."""
    if is_administrator(actor):
        return true()
    if not isinstance(actor, Officer):
        return false()
    places = actor.organisations(*VILLAGE_ROLES, *INSPECTORS)
    above = select(func.unnest(Organisation.ancestry)).where(Organisation.id.in_(places))
    return or_(within(Silence.organisation_id, places), Silence.organisation_id.in_(above))


def may_silence(session: Session, actor: Actor, place: Organisation, *, red: bool) -> bool:
    """Whether `require_silencer` lets the actor."""
    try:
        require_silencer(session, actor, place, red=red)
    except Forbidden:
        return False
    return True


def require_silencer(
    session: Session, actor: Actor, place: Organisation, *, red: bool
) -> tuple[Officer, bool]:
    """The officer who may keep warnings of this place quiet, and whether he does so as its village: an
    inspector of the place or above it, or the village's own liaison officer for yellow ones. Raises
    Forbidden otherwise."""
    if isinstance(actor, Officer):
        if covers(session, actor, place.id, *INSPECTORS):
            return actor, False
        own = place.kind == OrganisationKind.VILLAGE and covers(
            session, actor, place.id, Role.LIAISON_OFFICER
        )
        if own and not red:
            return actor, True
        if own:
            raise Forbidden("silence.red", "红色预警的静默，和上级设置的静默，由镇街或区级办理。")
    raise Forbidden("silence.not_yours", "只有本村联络员（黄色预警）、镇街和区级可以静默这里的预警。")
