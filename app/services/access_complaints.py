"""Who may know of a complaint, and who never may (回避): the part of `access` about complaints.

Whoever a complaint is about is excluded from everything that concerns it, with his subordinates, his declared
kin and whoever shares his phone. It is worked out in SQL at every reading, from what appointments and
declarations say now, so that a list, a count, a push and a file can never disagree, and nobody gets in by
being appointed later."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    union,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.core import clock
from app.core.errors import Forbidden, NotFound
from app.models import (
    Appointment,
    Assignment,
    Complaint,
    ComplaintCadre,
    ComplaintCategory,
    ComplaintClass,
    ComplaintSubject,
    Organisation,
    Relation,
)
from app.models import Officer as OfficerRow
from app.models.complaints import AssignmentKind
from app.models.people import Duty, Role
from app.services.access_base import (
    INSPECTORS,
    VILLAGE_ROLES,
    Condition,
    covers,
    is_administrator,
    refused,
    within,
)
from app.services.actors import Actor, Officer, Villager


def excluded(officer_id: uuid.UUID) -> Condition:
    """SQL over `Complaint`: this officer may not know of it."""
    about_whom = exists().where(
        ComplaintSubject.complaint_id == Complaint.id, ComplaintSubject.officer_id.in_(_excluding(officer_id))
    )
    key = _key(OfficerRow.name)
    own_key = select(key).where(OfficerRow.id == officer_id).scalar_subquery()
    own_places = select(Appointment.organisation_id).where(Appointment.officer_id == officer_id, _running())
    kin = tuple_(ComplaintCadre.village_id, ComplaintCadre.name_key).in_(_kin_names(officer_id))
    cadre = exists().where(
        ComplaintCadre.complaint_id == Complaint.id,
        or_(
            ComplaintCadre.name_key == own_key,
            and_(ComplaintCadre.leads, ComplaintCadre.village_id.in_(own_places)),
            kin,
        ),
    )
    return or_(about_whom, cadre)


def _excluding(officer_id: uuid.UUID) -> Select[uuid.UUID]:
    """The officers because of whom this one is excluded: himself, who has his phone, whoever leads an
    organisation where he serves or one above it, and his declared kin."""
    himself = select(literal(officer_id, type_=OfficerRow.id.type).label("id"))
    own, other = aliased(OfficerRow), aliased(OfficerRow)
    same_phone = (
        select(other.id)
        .join(own, own.phone == other.phone)
        .where(own.id == officer_id, func.coalesce(own.phone, "") != "")
    )
    mine, leader = aliased(Appointment), aliased(Appointment)
    superiors = (
        select(leader.officer_id)
        .select_from(mine)
        .join(Organisation, Organisation.id == mine.organisation_id)
        .join(leader, leader.organisation_id == func.any(Organisation.ancestry))
        .where(
            mine.officer_id == officer_id,
            _running(mine),
            leader.leads,
            _running(leader),
            leader.officer_id != officer_id,
        )
    )
    merged = union(himself, same_phone, superiors, *_kin(officer_id)).subquery()
    return select(merged.c.id)


def _kin(officer_id: uuid.UUID) -> Iterable[Select[Any]]:
    """His kin by the declarations (干部亲属申报) of villages, in both directions: as officers that are named
    there, and as officers of that village's line who bear the name."""
    yield select(Relation.officer_id).where(
        _declared(), Relation.party_officer_id == officer_id, Relation.officer_id.is_not(None)
    )
    yield select(Relation.party_officer_id).where(
        _declared(), Relation.officer_id == officer_id, Relation.party_officer_id.is_not(None)
    )
    names = union(*_kin_rows(officer_id)).subquery()
    village = aliased(Organisation)
    yield (
        select(OfficerRow.id)
        .join(names, names.c.name_key == _key(OfficerRow.name))
        .join(village, village.id == names.c.village_id)
        .join(Appointment, Appointment.officer_id == OfficerRow.id)
        .where(_running(), Appointment.organisation_id == func.any(village.ancestry))
    )


def _kin_names(officer_id: uuid.UUID) -> Select[uuid.UUID, str]:
    names = union(*_kin_rows(officer_id)).subquery()
    return select(names.c.village_id, names.c.name_key)


def _kin_rows(officer_id: uuid.UUID) -> Iterable[Select[uuid.UUID, str]]:
    """Villages and names of those with whom a declaration ties him: by his id, or by his name where he serves
    in that village's line."""
    own = aliased(OfficerRow)
    place = aliased(Organisation)
    serves = (
        select(literal(1))
        .select_from(Appointment)
        .join(place, place.id == Relation.village_id)
        .where(
            Appointment.officer_id == officer_id,
            _running(),
            Appointment.organisation_id == func.any(place.ancestry),
        )
        .correlate(Relation)
        .exists()
    )
    for mine, my_key, other_key in (
        (Relation.party_officer_id, Relation.party_key, Relation.cadre_key),
        (Relation.officer_id, Relation.cadre_key, Relation.party_key),
    ):
        is_he = or_(mine == officer_id, and_(mine.is_(None), my_key == _key(own.name), serves))
        yield (
            select(Relation.village_id.label("village_id"), other_key.label("name_key"))
            .join(own, own.id == officer_id)
            .where(_declared(), is_he)
        )


def _declared() -> Condition:
    """A declaration that holds."""
    ended = Relation.ended_on
    return and_(Relation.voided_at.is_(None), or_(ended.is_(None), ended > clock.today()))


def _running(row: type[Appointment] = Appointment) -> Condition:
    now = clock.now()
    return and_(row.since <= now, or_(row.until.is_(None), row.until > now))


def _key(name: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """An officer's name as declarations compare it (`ledgers.words.name_key` of a person's name)."""
    return func.lower(func.replace(func.replace(name, " ", ""), "·", ""))


def excluded_ids(
    session: Session, complaint: Complaint, officer_ids: Iterable[uuid.UUID]
) -> frozenset[uuid.UUID]:
    """Who of these officers may not know of the complaint: for routing and pushes."""
    wanted = list(dict.fromkeys(officer_ids))
    named = exists().where(ComplaintSubject.complaint_id == complaint.id)
    cadre = exists().where(ComplaintCadre.complaint_id == complaint.id)
    if not wanted or not session.scalar(select(or_(named, cadre))):
        return frozenset()
    return frozenset(
        key
        for key in wanted
        if session.scalar(select(exists().where(Complaint.id == complaint.id, excluded(key))))
    )


def subjects_of(session: Session, complaint: Complaint) -> frozenset[str]:
    """Whom a complaint is about, officers by id and cadres by name."""
    ids = session.scalars(
        select(ComplaintSubject.officer_id).where(ComplaintSubject.complaint_id == complaint.id)
    )
    names = session.scalars(
        select(ComplaintCadre.name_key).where(ComplaintCadre.complaint_id == complaint.id)
    )
    return frozenset([*(str(key) for key in ids), *names])


# --- reading --------------------------------------------------------------------------------------


def visible_complaints(actor: Actor) -> Condition:
    """Which complaints the actor may know of.

    A liaison officer: those that lie or lay with his village. Inspectors: all of their area. A department:
    those handed to it. A villager: his own. Nobody: one that he is excluded from."""
    if isinstance(actor, Officer):
        reach = or_(
            within(Complaint.village_id, actor.organisations(*INSPECTORS)),
            _assigned_to(actor.organisations(Role.LIAISON_OFFICER, duty=Duty.COMPLAINTS)),
            _assigned_to(actor.organisations(Role.DEPARTMENT_HANDLER)),
            true() if is_administrator(actor) else false(),
        )
        return and_(reach, ~excluded(actor.officer_id))
    if isinstance(actor, Villager):
        return Complaint.villager_id == actor.villager_id
    return true() if is_administrator(actor) else false()


def _assigned_to(organisations: tuple[uuid.UUID, ...]) -> Condition:
    if not organisations:
        return false()
    return exists().where(
        Assignment.complaint_id == Complaint.id, Assignment.organisation_id.in_(organisations)
    )


def access_complaint(session: Session, actor: Actor, complaint_id: uuid.UUID) -> Complaint:
    """The complaint, if the actor may know of it. Raises NotFound otherwise, existing or not."""
    found = session.scalar(select(Complaint).where(Complaint.id == complaint_id, visible_complaints(actor)))
    if found is None:
        raise NotFound("complaint.not_found", "没有找到这件诉求，可能链接有误，或不由您办理。")
    return found


def require_handler(session: Session, actor: Actor, complaint: Complaint) -> Officer:
    """The officer, if the complaint lies on his desk now (主办). Raises Forbidden otherwise."""
    return _holder(session, actor, complaint, AssignmentKind.LEAD)


def require_party(session: Session, actor: Actor, complaint: Complaint) -> Officer:
    """The officer, if his office handles it or was asked to join (主办、协办). Raises Forbidden otherwise."""
    return _holder(session, actor, complaint, AssignmentKind.LEAD, AssignmentKind.JOINT)


def _holder(session: Session, actor: Actor, complaint: Complaint, *kinds: AssignmentKind) -> Officer:
    if not isinstance(actor, Officer):
        raise refused()
    access_complaint(session, actor, complaint.id)
    holders = session.scalars(
        select(Assignment.organisation_id).where(
            Assignment.complaint_id == complaint.id, Assignment.until.is_(None), Assignment.kind.in_(kinds)
        )
    ).all()
    if set(desks(actor)).isdisjoint(holders):
        raise Forbidden("complaint.not_yours", "这件诉求现在不由您办理，请联系正在办理的单位。")
    return actor


def require_filer(session: Session, actor: Actor, village: Organisation) -> Officer:
    """The officer, if he may register complaints for people of this village (代为登记): who serves there, or
    inspects it. Raises Forbidden otherwise."""
    if isinstance(actor, Officer) and covers(session, actor, village.id, *VILLAGE_ROLES, *INSPECTORS):
        return actor
    raise Forbidden("complaint.not_filer", "只有本村和上级单位的工作人员可以代村民登记诉求。")


def desks(actor: Officer) -> tuple[uuid.UUID, ...]:
    """The organisations for which the officer handles complaints."""
    return (
        *actor.organisations(Role.LIAISON_OFFICER, duty=Duty.COMPLAINTS),
        *actor.organisations(*INSPECTORS, Role.DEPARTMENT_HANDLER),
    )


def inspects_complaint(session: Session, actor: Actor, complaint: Complaint, *roles: Role) -> bool:
    """Whether the officer inspects the complaint's village in one of these roles (by default any inspector)
    and may know of it."""
    if not isinstance(actor, Officer) or not covers(
        session, actor, complaint.village_id, *(roles or INSPECTORS)
    ):
        return False
    known = select(exists().where(Complaint.id == complaint.id, visible_complaints(actor)))
    return bool(session.scalar(known))


# --- counting -------------------------------------------------------------------------------------


def countable() -> Condition:
    """SQL over `Complaint`: figures that everybody may see may count it. Reports about cadres, and whatever
    else is about a person, count nowhere below the county: a count would tell him."""
    return _countable(Complaint.id, Complaint.class_code, Complaint.category_code)


def _countable(
    key: SQLColumnExpression[uuid.UUID],
    class_code: SQLColumnExpression[str],
    category_code: SQLColumnExpression[str],
) -> Condition:
    secret_classes = select(ComplaintClass.code).where(ComplaintClass.skips_village)
    secret_categories = select(ComplaintCategory.code).where(ComplaintCategory.skips_village)
    return and_(
        ~exists().where(ComplaintSubject.complaint_id == key),
        ~exists().where(ComplaintCadre.complaint_id == key),
        class_code.not_in(secret_classes),
        category_code.not_in(secret_categories),
    )


COUNTABLE_SQL = str(
    _countable(
        literal_column("k.id"), literal_column("k.class_code"), literal_column("k.category_code")
    ).compile()
)
"""`countable` for statements written by hand, over `complaint k`."""


def statistics_condition(actor: Actor) -> Condition:
    """SQL over `Complaint`: what this actor's statistics may count. The county and administrators: all that
    they may know of; a town its area's and a village its own, as far as everybody may count them."""
    if is_administrator(actor) and not isinstance(actor, Officer):
        return true()
    if not isinstance(actor, Officer):
        return false()
    reach = [
        and_(
            within(Complaint.village_id, actor.organisations(Role.COUNTY_INSPECTOR)),
            ~excluded(actor.officer_id),
        ),
        and_(
            within(Complaint.village_id, actor.organisations(Role.TOWN_INSPECTOR, Role.LIAISON_OFFICER)),
            countable(),
        ),
    ]
    if is_administrator(actor):
        reach.append(~excluded(actor.officer_id))
    return or_(*reach)
