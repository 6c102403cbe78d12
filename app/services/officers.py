"""Officers and their appointments."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session, selectinload

from app.core import clock, security
from app.core.errors import BadInput, Conflict, NotFound
from app.models import Appointment, Officer, Organisation, WechatIdentity
from app.models.organisations import OrganisationKind
from app.models.people import Duty, Role
from app.services import access, audit
from app.services.actors import Actor, Post
from app.services.actors import Officer as ActingOfficer

MINIMUM_PASSWORD = 8
PLACES = {
    Role.INFORMATION_OFFICER: OrganisationKind.VILLAGE,
    Role.LIAISON_OFFICER: OrganisationKind.VILLAGE,
    Role.TOWN_INSPECTOR: OrganisationKind.TOWN,
    Role.COUNTY_INSPECTOR: OrganisationKind.COUNTY,
    Role.DEPARTMENT_HANDLER: OrganisationKind.DEPARTMENT,
    Role.ADMINISTRATOR: OrganisationKind.COUNTY,
}


def create(
    session: Session,
    *,
    acting: Actor,
    name: str,
    login: str,
    password: str | None = None,
    phone: str | None = None,
) -> Officer:
    """Add an officer. Raises BadInput for a short password, Conflict for a login in use."""
    access.require_administrator(acting)
    login = login.strip().lower()
    if not login or not name.strip():
        raise BadInput("officer.incomplete", "姓名和登录名都要填写。")
    if session.scalar(select(Officer.id).where(Officer.login == login)):
        raise Conflict("officer.login_taken", f"登录名 {login} 已被使用，请换一个。", login=login)
    officer = Officer(name=name.strip(), login=login, phone=phone, password_hash=_hash(password))
    session.add(officer)
    session.flush()
    audit.record(session, acting=acting, action="created", noun="officer", noun_id=officer.id)
    return officer


def set_password(session: Session, *, acting: Actor, officer_id: uuid.UUID, password: str) -> None:
    """Give an officer a new password. Raises NotFound, or BadInput for a short one."""
    access.require_administrator(acting)
    officer = find(session, officer_id)
    officer.password_hash = _hash(password)
    audit.record(session, acting=acting, action="password_set", noun="officer", noun_id=officer.id)


def change(session: Session, *, acting: Actor, officer_id: uuid.UUID, **changes: object) -> Officer:
    """Change name, phone or active. Whoever is switched off can no longer log in or act.

    Raises NotFound, or BadInput for another field or an empty name."""
    access.require_administrator(acting)
    officer = find(session, officer_id)
    for field, value in changes.items():
        if field not in {"name", "phone", "active"} or (field == "name" and not value):
            raise BadInput("officer.field_wrong", f"不能这样修改「{field}」。", field=field)
        setattr(officer, field, value)
    session.flush()
    fields = sorted(changes)
    audit.record(session, acting=acting, action="changed", noun="officer", noun_id=officer.id, fields=fields)
    return officer


def _hash(password: str | None) -> str | None:
    if password is None:
        return None
    if len(password) < MINIMUM_PASSWORD:
        raise BadInput("password.too_short", f"密码至少 {MINIMUM_PASSWORD} 位。")
    return security.hash_password(password)


def find(session: Session, officer_id: uuid.UUID) -> Officer:
    """The officer. Raises NotFound."""
    officer = session.get(Officer, officer_id)
    if officer is None:
        raise _missing()
    return officer


def _missing() -> NotFound:
    return NotFound("officer.not_found", "没有找到这位工作人员。")


def listing(
    acting: Actor,
    *,
    organisation_id: uuid.UUID | None = None,
    role: Role | None = None,
    bound: bool | None = None,
    active: bool | None = None,
) -> Select[Officer]:
    """The officers whom the actor may know, newest first, with their appointments and places.

    `organisation_id` and `role` mean one running appointment that has both."""
    query = select(Officer).where(access.visible_officers(acting))
    if organisation_id is not None or role is not None:
        held = select(Appointment.officer_id).where(running())
        if organisation_id is not None:
            held = held.where(Appointment.organisation_id == organisation_id)
        if role is not None:
            held = held.where(Appointment.role == role)
        query = query.where(Officer.id.in_(held))
    if bound is not None:
        tied = exists().where(WechatIdentity.officer_id == Officer.id)
        query = query.where(tied if bound else ~tied)
    if active is not None:
        query = query.where(Officer.active.is_(active))
    with_posts = selectinload(Officer.appointments).joinedload(Appointment.organisation)
    return query.options(with_posts).order_by(Officer.created_at.desc(), Officer.id.desc())


def view(session: Session, *, acting: Actor, officer_id: uuid.UUID) -> Officer:
    """One officer with his appointments, as of now. Raises NotFound for one whom the actor may not know."""
    query = listing(acting).where(Officer.id == officer_id).execution_options(populate_existing=True)
    officer = session.scalar(query)
    if officer is None:
        raise _missing()
    return officer


def bound(session: Session, officer_ids: Sequence[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Which of these officers have bound their WeChat."""
    found = session.scalars(
        select(WechatIdentity.officer_id).where(WechatIdentity.officer_id.in_(officer_ids))
    )
    return frozenset(key for key in found if key is not None)


def appoint(
    session: Session,
    *,
    acting: Actor,
    officer_id: uuid.UUID,
    organisation: Organisation,
    role: Role,
    duty: Duty = Duty.GENERAL,
) -> Appointment:
    """Appoint an officer from now on. A liaison officer's duty must be named.

    Raises BadInput when the role does not fit the place, Conflict when he holds it already."""
    access.require_administrator(acting)
    find(session, officer_id)
    if organisation.kind != PLACES[role]:
        raise BadInput(
            "appointment.place_wrong", "这个职务不能设在这类单位。", role=role, kind=organisation.kind
        )
    if (role == Role.LIAISON_OFFICER) == (duty == Duty.GENERAL):
        raise BadInput("appointment.duty_wrong", "联络员要注明分工（监督公开或答复诉求），其他职务不用。")
    held = select(Appointment.id).where(
        Appointment.officer_id == officer_id,
        Appointment.organisation_id == organisation.id,
        Appointment.role == role,
        Appointment.duty == duty,
        running(),
    )
    if session.scalar(held):
        raise Conflict("appointment.exists", "他已经担任这个职务。")
    appointment = Appointment(
        officer_id=officer_id, organisation_id=organisation.id, role=role, duty=duty, since=clock.now()
    )
    session.add(appointment)
    session.flush()
    audit.record(
        session,
        acting=acting,
        action="appointed",
        noun="officer",
        noun_id=officer_id,
        village_id=organisation.id,
        role=role,
        duty=duty,
    )
    return appointment


def dismiss(session: Session, *, acting: Actor, appointment_id: uuid.UUID) -> Appointment:
    """End an appointment now. Raises NotFound, or Conflict when it has ended."""
    access.require_administrator(acting)
    appointment = session.get(Appointment, appointment_id)
    if appointment is None:
        raise NotFound("appointment.not_found", "没有找到这项任命。")
    if appointment.until is not None:
        raise Conflict("appointment.ended", "这项任命已经结束。")
    appointment.until = clock.now()
    audit.record(session, acting=acting, action="dismissed", noun="officer", noun_id=appointment.officer_id)
    return appointment


def running() -> ColumnElement[bool]:
    """The appointment holds now."""
    now = clock.now()
    return (Appointment.since <= now) & or_(Appointment.until.is_(None), Appointment.until > now)


def is_running(appointment: Appointment) -> bool:
    """The same of a row in hand."""
    now = clock.now()
    return appointment.since <= now and (appointment.until is None or appointment.until > now)


def acting_officer(session: Session, officer_id: uuid.UUID) -> ActingOfficer | None:
    """The officer as an actor with his running appointments; None when unknown or switched off."""
    officer = session.get(Officer, officer_id)
    if officer is None or not officer.active:
        return None
    rows = session.scalars(select(Appointment).where(Appointment.officer_id == officer_id, running()))
    posts = tuple(Post(row.role, row.duty, row.organisation_id) for row in rows)
    return ActingOfficer(officer_id=officer.id, name=officer.name, posts=posts)


def holders(
    session: Session, organisation_id: uuid.UUID, *roles: Role, duty: Duty | None = None
) -> list[Officer]:
    """The active officers who hold one of `roles` at exactly this organisation, longest serving first."""
    query = (
        select(Officer)
        .join(Appointment, Appointment.officer_id == Officer.id)
        .where(
            Appointment.organisation_id == organisation_id,
            Appointment.role.in_(roles),
            Officer.active,
            running(),
        )
        .order_by(Appointment.since, Officer.id)
    )
    if duty is not None:
        query = query.where(Appointment.duty == duty)
    return list(dict.fromkeys(session.scalars(query)))


def serving_at(session: Session, *organisation_ids: uuid.UUID) -> dict[uuid.UUID, str]:
    """Ids and names of the active officers with a running appointment at one of these organisations."""
    rows = session.execute(
        select(Officer.id, Officer.name)
        .join(Appointment, Appointment.officer_id == Officer.id)
        .where(Appointment.organisation_id.in_(organisation_ids), Officer.active, running())
        .distinct()
    )
    return {row.id: row.name for row in rows}


@dataclass(frozen=True)
class Place:
    """An officer's running appointment with the place where he holds it."""

    officer: Officer
    role: Role
    organisation: Organisation


def cadres(session: Session, village: Organisation) -> list[Place]:
    """Whom a complaint of this village may be about (反映对象): officers of the village and of the offices
    above it, nearest first. Administrators of the platform are no cadres."""
    rows = session.execute(
        select(Officer, Appointment.role, Organisation)
        .join(Appointment, Appointment.officer_id == Officer.id)
        .join(Organisation, Organisation.id == Appointment.organisation_id)
        .where(
            Appointment.organisation_id.in_(village.ancestry),
            Appointment.role != Role.ADMINISTRATOR,
            Officer.active,
            running(),
        )
        .distinct()
    ).all()
    nearest = {key: place for place, key in enumerate(reversed(village.ancestry))}
    found = [Place(officer, role, organisation) for officer, role, organisation in rows]
    return sorted(found, key=lambda one: (nearest[one.organisation.id], one.officer.name, one.role))


def appointed_at(session: Session, organisation_id: uuid.UUID) -> list[tuple[Officer, list[Role]]]:
    """The active officers of exactly this organisation with their running roles there, in order of names."""
    rows = session.execute(
        select(Officer, Appointment.role)
        .join(Appointment, Appointment.officer_id == Officer.id)
        .where(Appointment.organisation_id == organisation_id, Officer.active, running())
        .order_by(Officer.name, Officer.id, Appointment.since)
    )
    found: dict[Officer, list[Role]] = {}
    for officer, role in rows:
        if role not in found.setdefault(officer, []):
            found[officer].append(role)
    return list(found.items())


def roles_over(session: Session, officer_id: uuid.UUID, organisation_ids: list[uuid.UUID]) -> set[Role]:
    """The roles that an officer holds or held at these organisations: in which capacity he signed."""
    return set(
        session.scalars(
            select(Appointment.role).where(
                Appointment.officer_id == officer_id, Appointment.organisation_id.in_(organisation_ids)
            )
        )
    )
