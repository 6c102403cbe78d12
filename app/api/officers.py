"""Officers, their appointments and passwords."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Query, status
from pydantic import Field, StrictBool, StringConstraints
from sqlalchemy.orm import Session

from app.api.common import Admin, Signed, page, problems, router
from app.api.schemas import Body, Code, OrganisationRef, Out, Password, Phone, Word, place
from app.core import pii
from app.models import Appointment, Officer
from app.models.people import Duty, Role
from app.services import access, organisations, sessions
from app.services import officers as service
from app.services.actors import Actor
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("工作人员")

Login = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,39}$"),
    Field(description="登录名，不分大小写", examples=["xinxi02"]),
]


class AppointmentOut(Out):
    """A role at an organisation for a time."""

    id: uuid.UUID
    role: Role
    duty: Duty
    organisation: OrganisationRef
    since: datetime
    until: datetime | None = Field(description="免去的时间；在任为空")


class OfficerOut(Out):
    """An officer. The phone number is whole for administrators only."""

    id: uuid.UUID
    name: str = Field(examples=["李联络"])
    login: str
    phone: str | None
    active: bool
    bound: bool = Field(description="是否已绑定微信，能收到推送")
    created_at: datetime
    appointments: list[AppointmentOut]


class NewOfficer(Body):
    """A new officer; appointments follow."""

    name: Word = Field(examples=["王小信"])
    login: Login
    password: Password | None = Field(default=None, description="不填则只能扫码绑定微信后使用")
    phone: Phone | None = None


class OfficerChanges(Body):
    """What is to be changed; fields that are left out stay. Switching off ends all logins."""

    name: Word = Field(default="", examples=["王小信"])
    phone: Phone | None = None
    active: StrictBool = True


class NewPassword(Body):
    """A new password."""

    password: Password


class NewAppointment(Body):
    """A new appointment from now on. A liaison officer's duty must be named, others have none."""

    organisation: Code
    role: Role = Field(examples=["liaison_officer"])
    duty: Duty = Field(default=Duty.GENERAL, examples=["complaints"])


@api.get("/officers", responses=problems(400, 404, 422))
def list_officers(
    acting: Signed,
    session: ReadSession,
    organisation: Annotated[Code | None, Query(description="在这个单位任职（代码）")] = None,
    role: Annotated[Role | None, Query(description="现任这个职务")] = None,
    bound: Annotated[bool | None, Query(description="是否已绑定微信")] = None,
    active: Annotated[bool | None, Query(description="是否启用")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[OfficerOut]:
    """工作人员列表，新的在前。纪检人员看到本辖区的，其他人只看到自己。"""
    place_id = organisations.by_code(session, acting=acting, code=organisation).id if organisation else None
    query = service.listing(acting, organisation_id=place_id, role=role, bound=bound, active=active)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Officer.created_at, key=Officer.id
    )
    tied = service.bound(session, [row[0].id for row in rows])
    return Page(items=[_out(row[0], acting, tied) for row in rows], next=following)


@api.get("/officers/{officer_id}", responses=problems(404, 422))
def get_officer(officer_id: uuid.UUID, acting: Signed, session: ReadSession) -> OfficerOut:
    """一位工作人员，含全部任职和绑定情况。"""
    return _show(session, acting, officer_id)


@api.post("/officers", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 409, 422))
def create_officer(body: NewOfficer, acting: Admin, session: WriteSession) -> OfficerOut:
    """新增工作人员。"""
    officer = service.create(session, acting=acting, **body.model_dump())
    return _show(session, acting, officer.id)


@api.patch("/officers/{officer_id}", responses=problems(400, 403, 404, 422))
def change_officer(
    officer_id: uuid.UUID, body: OfficerChanges, acting: Admin, session: WriteSession
) -> OfficerOut:
    """修改姓名、电话，或停用、启用。停用后所有登录立即失效。"""
    changes = body.model_dump(exclude_unset=True)
    service.change(session, acting=acting, officer_id=officer_id, **changes)
    if changes.get("active") is False:
        sessions.revoke_officer(session, officer_id=officer_id)
    return _show(session, acting, officer_id)


@api.post(
    "/officers/{officer_id}/password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(400, 403, 404, 422),
)
def set_password(officer_id: uuid.UUID, body: NewPassword, acting: Admin, session: WriteSession) -> None:
    """重设密码；原有登录全部失效。"""
    service.set_password(session, acting=acting, officer_id=officer_id, password=body.password)
    sessions.revoke_officer(session, officer_id=officer_id)


@api.post(
    "/officers/{officer_id}/appointments",
    status_code=status.HTTP_201_CREATED,
    responses=problems(400, 403, 404, 409, 422),
)
def appoint_officer(
    officer_id: uuid.UUID, body: NewAppointment, acting: Admin, session: WriteSession
) -> OfficerOut:
    """任命：从现在起担任某单位的某项职务。"""
    organisation = organisations.by_code(session, acting=acting, code=body.organisation)
    service.appoint(
        session,
        acting=acting,
        officer_id=officer_id,
        organisation=organisation,
        role=body.role,
        duty=body.duty,
    )
    return _show(session, acting, officer_id)


@api.delete(
    "/appointments/{appointment_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(403, 404, 409, 422),
)
def dismiss_officer(appointment_id: uuid.UUID, acting: Admin, session: WriteSession) -> None:
    """免去一项职务，立即生效；任职记录保留。"""
    service.dismiss(session, acting=acting, appointment_id=appointment_id)


def _show(session: Session, acting: Actor, officer_id: uuid.UUID) -> OfficerOut:
    officer = service.view(session, acting=acting, officer_id=officer_id)
    return _out(officer, acting, service.bound(session, [officer_id]))


def _out(officer: Officer, acting: Actor, tied: frozenset[uuid.UUID]) -> OfficerOut:
    whole = access.is_administrator(acting) or officer.phone is None
    return OfficerOut(
        id=officer.id,
        name=officer.name,
        login=officer.login,
        phone=officer.phone if whole else pii.mask_phone(officer.phone or ""),
        active=officer.active,
        bound=officer.id in tied,
        created_at=officer.created_at,
        appointments=[_appointment(row) for row in officer.appointments],
    )


def _appointment(row: Appointment) -> AppointmentOut:
    return AppointmentOut(
        id=row.id,
        role=row.role,
        duty=row.duty,
        organisation=place(row.organisation),
        since=row.since,
        until=row.until,
    )
