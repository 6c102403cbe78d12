"""The only place that answers "may this actor see or do this".

Every list, count, search, export, push and file download asks here. Conditions are SQL, so that a list
and a count can never disagree. Exclusion (回避) is part of them: an officer whom a complaint names never
sees it, whatever else he is appointed to.
"""

from __future__ import annotations

import uuid
from typing import cast as typing_cast

from sqlalchemy import ColumnElement, Uuid, and_, case, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.expression import cast

from app.core.errors import Forbidden, NotFound, Unauthenticated
from app.models import (
    Appointment,
    AuditEntry,
    Complaint,
    Contract,
    Disclosure,
    DisclosureCategory,
    Organisation,
    OutgoingMessage,
    Payment,
    Project,
    ProjectStage,
)
from app.models import Officer as OfficerRow
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import Duty, Role
from app.models.projects import ProjectState
from app.services.access_base import INSPECTORS as INSPECTORS
from app.services.access_base import VILLAGE_ROLES as VILLAGE_ROLES
from app.services.access_base import Condition as Condition
from app.services.access_base import acts_for_county as acts_for_county
from app.services.access_base import covers as covers
from app.services.access_base import is_administrator as is_administrator
from app.services.access_base import refused as refused
from app.services.access_base import require_administrator as require_administrator
from app.services.access_base import within as within
from app.services.access_complaints import access_complaint as access_complaint
from app.services.access_complaints import require_handler as require_handler
from app.services.access_complaints import visible_complaints as visible_complaints
from app.services.access_warnings import access_warning as access_warning
from app.services.access_warnings import sees_trials as sees_trials
from app.services.access_warnings import told_in_audit
from app.services.access_warnings import visible_warnings as visible_warnings
from app.services.actors import Actor, Officer, Villager

DRAFTERS = {
    Role.INFORMATION_OFFICER: "本村信息员",
    Role.LIAISON_OFFICER: "本村联络员",
    Role.TOWN_INSPECTOR: "镇街",
    Role.COUNTY_INSPECTOR: "区纪委",
}
REVIEWERS = {Role.TOWN_INSPECTOR: "镇街", Role.COUNTY_INSPECTOR: "区纪委"}

# --- disclosures ----------------------------------------------------------------------------------


def visible_disclosures(actor: Actor) -> Condition:
    """Published ones and tombstones are everybody's; drafts belong to the village's officers and above."""
    public = Disclosure.state.in_([DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN])
    if is_administrator(actor):
        return true()
    if isinstance(actor, Officer):
        return or_(public, within(Disclosure.village_id, actor.organisations(*VILLAGE_ROLES, *INSPECTORS)))
    return public


def access_disclosure(session: Session, actor: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    """The disclosure, if the actor may know of it. Raises NotFound otherwise."""
    query = select(Disclosure).where(Disclosure.id == disclosure_id, visible_disclosures(actor))
    if not isinstance(actor, Officer):
        here = exists().where(Organisation.id == Disclosure.village_id, visible_organisations(actor))
        query = query.where(here)  # a village that was switched off shows nothing any more
    found = session.scalar(query)
    if found is None:
        raise NotFound("disclosure.not_found", "没有找到这条公开信息，可能已经下架或链接有误。")
    return found


def sees_drafts(session: Session, actor: Actor, village_id: uuid.UUID) -> bool:
    """Whether the actor may read what this village has not published yet; the row form of
    `visible_disclosures`."""
    return is_administrator(actor) or covers(session, actor, village_id, *VILLAGE_ROLES, *INSPECTORS)


def require_author(
    session: Session, actor: Actor, village_id: uuid.UUID, role: Role = Role.INFORMATION_OFFICER
) -> Officer:
    """The officer, if he drafts for this village in this role (信息员, unless the category says otherwise).
    Raises Forbidden otherwise."""
    if not isinstance(actor, Officer) or not covers(session, actor, village_id, role):
        who = DRAFTERS.get(role, "本村信息员")
        raise Forbidden("disclosure.not_author", f"只有{who}可以起草和提交这类公开信息。", role=role)
    return actor


def require_reviewer(
    session: Session, actor: Actor, village_id: uuid.UUID, role: Role = Role.LIAISON_OFFICER
) -> Officer:
    """The officer, if he reviews for this village in this role: the liaison officer who supervises
    publication (联络员) or his town, unless the category asks for the town or the county itself.
    Raises Forbidden otherwise."""
    if isinstance(actor, Officer) and (
        covers(session, actor, village_id, Role.LIAISON_OFFICER, duty=Duty.PUBLICATION)
        or covers(session, actor, village_id, Role.TOWN_INSPECTOR)
        if role == Role.LIAISON_OFFICER
        else covers(session, actor, village_id, role)
    ):
        return actor
    who = REVIEWERS.get(role, "负责监督公开的联络员或镇街")
    raise Forbidden("disclosure.not_reviewer", f"只有{who}可以审核。", role=role)


def reviewable(actor: Officer) -> Condition:
    """SQL over `Disclosure` joined with its category: the actor holds the role that reviews it."""
    town = within(Disclosure.village_id, actor.organisations(Role.TOWN_INSPECTOR))
    liaison = or_(
        within(Disclosure.village_id, actor.organisations(Role.LIAISON_OFFICER, duty=Duty.PUBLICATION)),
        town,
    )
    other = [
        and_(
            DisclosureCategory.reviewed_by == role,
            within(Disclosure.village_id, actor.organisations(role)),
        )
        for role in actor.roles() - {Role.LIAISON_OFFICER}
    ]
    urgent = Disclosure.kind == DisclosureKind.URGENT_NOTICE
    by_liaison = or_(urgent, DisclosureCategory.reviewed_by == Role.LIAISON_OFFICER)
    return or_(and_(by_liaison, liaison), and_(~urgent, or_(false(), *other)))


def access_gate(session: Session, actor: Actor, disclosure_id: uuid.UUID) -> Disclosure:
    """The disclosure, if the actor may see what the privacy gate found in it: its village's officers,
    the offices above, the administrator. Raises NotFound otherwise, also for a public item."""
    found = access_disclosure(session, actor, disclosure_id)
    if is_administrator(actor) or covers(session, actor, found.village_id, *VILLAGE_ROLES, *INSPECTORS):
        return found
    raise NotFound("disclosure.not_found", "没有找到这条公开信息，可能已经下架或链接有误。")


def require_gatekeeper(
    session: Session, actor: Actor, village_id: uuid.UUID, drafted_by: Role, reviewed_by: Role
) -> Officer:
    """The officer, if he drafts or reviews such disclosures of this village. Raises Forbidden otherwise."""
    if isinstance(actor, Officer) and covers(session, actor, village_id, drafted_by):
        return actor
    return require_reviewer(session, actor, village_id, reviewed_by)


# --- ledgers (complaints and warnings: `access_complaints`, `access_warnings`) -------------------------


def visible_contracts(actor: Actor) -> Condition:
    """Whole contracts are for officers of the village and above; the public reads disclosures."""
    if is_administrator(actor):
        return true()
    if isinstance(actor, Officer):
        return within(Contract.village_id, actor.organisations(*VILLAGE_ROLES, *INSPECTORS))
    return false()


def visible_payments(actor: Actor) -> Condition:
    """Single payments are for officers of the village and above; the public reads disclosures."""
    if is_administrator(actor):
        return true()
    if isinstance(actor, Officer):
        return within(Payment.village_id, actor.organisations(*VILLAGE_ROLES, *INSPECTORS))
    return false()


def require_ledger_keeper(session: Session, actor: Actor, village_id: uuid.UUID) -> None:
    """Raise unless the actor keeps this village's ledgers: its 信息员, its town, or the administrator."""
    if not is_administrator(actor) and not covers(
        session, actor, village_id, Role.INFORMATION_OFFICER, Role.TOWN_INSPECTOR
    ):
        raise refused()


# --- small works ----------------------------------------------------------------------------------


def visible_projects(actor: Actor) -> Condition:
    """Everybody's once decided, or once one of its stages was published; what is only proposed belongs to
    the village's officers and above."""
    if is_administrator(actor):
        return true()
    shown = exists().where(
        ProjectStage.project_id == Project.id,
        ProjectStage.disclosure_id == Disclosure.id,
        Disclosure.state.in_([DisclosureState.PUBLISHED, DisclosureState.WITHDRAWN]),
    )
    public = or_(Project.state != ProjectState.PROPOSED, shown)
    if isinstance(actor, Officer):
        return or_(public, within(Project.village_id, actor.organisations(*VILLAGE_ROLES, *INSPECTORS)))
    return public


def access_project(session: Session, actor: Actor, project_id: uuid.UUID) -> Project:
    """The project, if the actor may know of it. Raises NotFound otherwise."""
    found = session.scalar(select(Project).where(Project.id == project_id, visible_projects(actor)))
    if found is None:
        raise NotFound("project.not_found", "没有找到这个工程，可能链接有误，或还没有决策公开。")
    return found


# --- organisations and people ---------------------------------------------------------------------


def visible_organisations(actor: Actor) -> Condition:
    """The names of places are public; what is switched off shows to administrators only."""
    return true() if is_administrator(actor) else Organisation.active.is_(True)


def visible_officers(actor: Actor) -> Condition:
    """Administrators see all officers, inspectors those ever appointed in their area, everybody himself."""
    if is_administrator(actor):
        return true()
    if not isinstance(actor, Officer):
        return false()
    below = within(Appointment.organisation_id, actor.organisations(*INSPECTORS))
    served = exists().where(Appointment.officer_id == OfficerRow.id, below)
    return or_(OfficerRow.id == actor.officer_id, served)


def visible_audit(actor: Actor) -> Condition:
    """Administrators see the whole trail, inspectors that of their area; nobody the steps of a complaint
    or of a warning that he may not know of, nor of a message about a complaint."""
    if not isinstance(actor, Officer):
        return true() if is_administrator(actor) else false()
    reach: Condition = true()
    if not is_administrator(actor):
        area = actor.organisations(*INSPECTORS)
        reach = within(typing_cast("InstrumentedAttribute[uuid.UUID]", AuditEntry.village_id), area)
    subject = case((OutgoingMessage.subject_kind == "complaint", cast(OutgoingMessage.subject_id, Uuid)))
    known = exists().where(Complaint.id == _key_of("complaint"), visible_complaints(actor))
    about_known = exists().where(Complaint.id == subject, visible_complaints(actor))
    told = exists().where(
        OutgoingMessage.id == _key_of("message"),
        or_(OutgoingMessage.subject_kind != "complaint", about_known),
    )
    return and_(
        reach,
        told_in_audit(actor),
        or_(AuditEntry.noun != "complaint", known),
        or_(AuditEntry.noun != "message", told),
    )


def _key_of(noun: str) -> ColumnElement[uuid.UUID]:
    """The key of an audit row's thing; only these nouns' keys are known to be UUIDs."""
    return case((AuditEntry.noun == noun, cast(AuditEntry.noun_id, Uuid)))


def inspects(actor: Actor) -> bool:
    """Whether an inspector or the administrator acts."""
    inspector = isinstance(actor, Officer) and not actor.roles().isdisjoint(INSPECTORS)
    return inspector or is_administrator(actor)


def require_inspector(actor: Actor) -> None:
    """Raise unless an inspector or the administrator acts."""
    if not inspects(actor):
        raise refused()


def access_village(session: Session, actor: Actor, code: str) -> Organisation:
    """The village with this code. Raises NotFound otherwise."""
    found = session.scalar(
        select(Organisation).where(
            Organisation.code == code, Organisation.kind == "village", visible_organisations(actor)
        )
    )
    if found is None:
        raise NotFound("village.not_found", "没有找到这个村社，请检查二维码或链接是否完整。")
    return found


def require_officer(actor: Actor) -> Officer:
    """The officer who acts. Raises Unauthenticated, or Forbidden for an administrator who is no officer."""
    if not isinstance(actor, Officer):
        if is_administrator(actor):
            raise refused()
        raise Unauthenticated("login.required", "请先登录工作台。")
    return actor


def require_villager(actor: Actor) -> Villager:
    """The villager who acts. Raises Unauthenticated otherwise."""
    if not isinstance(actor, Villager):
        raise Unauthenticated("login.required", "请先在微信中打开页面登录。")
    return actor


def require_officer_or_administrator(actor: Actor) -> None:
    """Raise unless somebody from an office or the platform acts."""
    if not isinstance(actor, Officer) and not is_administrator(actor):
        raise refused()
