"""What offices do with a complaint beyond accepting and answering: ask, extend, reclass, send away, hand
over, merge, keep people out, read the contact, register for somebody."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field

from app.api.common import Signed, problems, router
from app.api.complaint_views import ComplaintDetail, ComplaintOut, listed, shown
from app.api.schemas import (
    Answer,
    Body,
    CategoryCode,
    Code,
    OptionalLine,
    OrganisationRef,
    Out,
    Paragraph,
    UploadToken,
    Version,
)
from app.core import ids
from app.models.complaints import ComplaintChannel
from app.services import access
from app.services.complaints import filing, handling, merging, subjects, transferring, unsealing
from app.services.reference import DEFAULT_COMPLAINT_CATEGORY
from app.web.context import InContext, ReadSession, WriteSession

api = router("诉求")

Uploads = Annotated[list[UploadToken], Field(default_factory=list, max_length=9)]
Reason = Annotated[Paragraph, Field(examples=["要等供电所停电才能施工。"])]


class Question(Body):
    """What the office wants to know; the villager reads it."""

    text: Answer = Field(examples=["请问是哪一盏灯？杆子上有号码。"])
    uploads: Uploads
    version: Version = None


class Extension(Body):
    """A later day, with a reason that the villager reads."""

    reason: Reason
    version: Version = None


class Reclassing(Body):
    """Another category or class."""

    category: CategoryCode | None = None
    grade: CategoryCode | None = Field(default=None, examples=["hard"])
    reason: Reason
    version: Version = None


class Return(Body):
    """Not a matter for this platform, and where to turn to."""

    reason: Reason
    address: Paragraph = Field(examples=["区法院诉讼服务中心，电话 12368"])
    version: Version = None


class Handover(Body):
    """To which office, and why."""

    office: uuid.UUID
    reason: Reason
    version: Version = None


class Merge(Body):
    """With which complaint it is handled together."""

    into: uuid.UUID
    reason: Reason
    version: Version = None


class Subject(Body):
    """Somebody whom the complaint is about, by id or by name."""

    officer: uuid.UUID | None = None
    name: OptionalLine = ""
    reason: Reason


class Recusal(Body):
    """Why the officer should not handle it."""

    reason: Reason


class ContactOut(Out):
    """What the complainant told of himself."""

    name: str
    phone: str


class OfficeOut(OrganisationRef):
    """An office that may be asked to handle a complaint or to join."""

    id: uuid.UUID


class SuggestionOut(Out):
    """A complaint that may be about the same thing."""

    complaint: ComplaintOut
    alike: float = Field(description="用词相近的程度，0 到 1")
    why: str


class ProxyComplaint(Body):
    """A complaint that an officer registers for somebody without a phone (代为登记)."""

    village: Code
    category: CategoryCode = DEFAULT_COMPLAINT_CATEGORY
    content: Paragraph
    name: OptionalLine = Field(default="", description="不愿留名就不填：按匿名登记")
    phone: OptionalLine = ""
    hidden: bool = True
    place: OptionalLine = ""
    publishable: bool = False
    about: list[uuid.UUID] = Field(default_factory=list, max_length=10)
    uploads: Uploads


class ProxyFiled(Out):
    """The receipt is shown once and stored nowhere: print it for the person."""

    id: uuid.UUID
    number: str
    receipt: str = Field(examples=["1234 5678 9012 3456"])
    promised_on: date
    provisional: bool


@api.post("/complaints", status_code=201, responses=problems(400, 403, 404, 422))
def register_complaint(
    body: ProxyComplaint, acting: Signed, session: WriteSession, here: InContext
) -> ProxyFiled:
    """代村民登记诉求，得到 16 位查询码，打印给本人。"""
    given = body.model_dump(exclude={"village", "category"})
    made = filing.file_for(
        session,
        acting=acting,
        village=access.access_village(session, acting, body.village),
        filing=filing.Filing(channel=ComplaintChannel.PROXY, category_code=body.category, **given),
        keys=here.keys,
    )
    row = made.complaint
    return ProxyFiled(
        id=row.id,
        number=row.number,
        receipt=ids.spaced(made.receipt or ""),
        promised_on=row.promised_on,
        provisional=row.provisional,
    )


@api.post("/complaints/{complaint_id}/questions", responses=problems(400, 403, 404, 409, 422))
def ask_complainant(
    complaint_id: uuid.UUID, body: Question, acting: Signed, session: WriteSession, here: InContext
) -> ComplaintDetail:
    """向村民了解情况；算首次回应，不影响期限。"""
    handling.ask(session, acting=acting, complaint_id=complaint_id, keys=here.keys, **body.model_dump())
    return shown(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/extend", responses=problems(400, 403, 404, 409, 422))
def extend_complaint(
    complaint_id: uuid.UUID, body: Extension, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """延期，写明原因；次数有限，逾期后不能延。"""
    handling.extend(session, acting=acting, complaint_id=complaint_id, **body.model_dump())
    return shown(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/regrade", responses=problems(400, 403, 404, 409, 422))
def regrade_complaint(
    complaint_id: uuid.UUID, body: Reclassing, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """调整类别或分级；期限从提交时重算。"""
    handling.regrade(
        session,
        acting=acting,
        complaint_id=complaint_id,
        category_code=body.category,
        class_code=body.grade,
        reason=body.reason,
        version=body.version,
    )
    return shown(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/give-back", responses=problems(400, 403, 404, 409, 422))
def give_back_complaint(
    complaint_id: uuid.UUID, body: Return, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """不属受理范围，告知应当找哪个单位；村民仍可评价。"""
    handling.give_back(session, acting=acting, complaint_id=complaint_id, **body.model_dump())
    return shown(session, acting, complaint_id)


@api.get("/complaints/{complaint_id}/offices", responses=problems(404, 422))
def list_offices(complaint_id: uuid.UUID, acting: Signed, session: ReadSession) -> list[OfficeOut]:
    """可以转办或请求协办的单位。"""
    complaint = access.access_complaint(session, acting, complaint_id)
    return [OfficeOut.model_validate(one) for one in transferring.offices(session, complaint)]


@api.post("/complaints/{complaint_id}/transfer", responses=problems(400, 403, 404, 409, 422))
def transfer_complaint(
    complaint_id: uuid.UUID, body: Handover, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """转给别的单位办理；期限不变，原单位仍可查看。"""
    transferring.transfer(
        session,
        acting=acting,
        complaint_id=complaint_id,
        organisation_id=body.office,
        reason=body.reason,
        version=body.version,
    )
    return shown(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/join", responses=problems(400, 403, 404, 409, 422))
def join_complaint(
    complaint_id: uuid.UUID, body: Handover, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """请别的单位协办：可查看、写备注，仍由主办答复。"""
    transferring.join(
        session,
        acting=acting,
        complaint_id=complaint_id,
        organisation_id=body.office,
        reason=body.reason,
        version=body.version,
    )
    return shown(session, acting, complaint_id)


@api.get("/complaints/{complaint_id}/similar", responses=problems(404, 422))
def list_similar(
    complaint_id: uuid.UUID,
    acting: Signed,
    session: ReadSession,
    limit: Annotated[int, Query(ge=1, le=20)] = 5,
) -> list[SuggestionOut]:
    """可能反映同一件事的诉求，按地点、类别和用词推荐。"""
    found = merging.suggestions(session, acting=acting, complaint_id=complaint_id, limit=limit)
    for one in found:
        session.refresh(one.complaint, ["village", "category", "grade"])
    return [SuggestionOut(complaint=listed(one.complaint), alike=one.alike, why=one.why) for one in found]


@api.post("/complaints/{complaint_id}/merge", responses=problems(400, 403, 404, 409, 422))
def merge_complaint(
    complaint_id: uuid.UUID, body: Merge, acting: Signed, session: WriteSession
) -> ComplaintDetail:
    """并入另一件一起办理；各自的提出人都会收到答复，各自评价。"""
    merging.merge(
        session,
        acting=acting,
        complaint_id=complaint_id,
        into_id=body.into,
        reason=body.reason,
        version=body.version,
    )
    return shown(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/separate", responses=problems(400, 403, 404, 409, 422))
def separate_complaint(complaint_id: uuid.UUID, acting: Signed, session: WriteSession) -> ComplaintDetail:
    """拆分并案，单独办理。"""
    merging.separate(session, acting=acting, complaint_id=complaint_id)
    return shown(session, acting, complaint_id)


@api.post("/complaints/{complaint_id}/subjects", status_code=204, responses=problems(400, 403, 404, 409, 422))
def add_subject(complaint_id: uuid.UUID, body: Subject, acting: Signed, session: WriteSession) -> None:
    """补充需要回避的人；诉求会转给不用回避的人办理。"""
    subjects.add(
        session,
        acting=acting,
        complaint_id=complaint_id,
        officer_id=body.officer,
        name=body.name,
        reason=body.reason,
    )


@api.post("/complaints/{complaint_id}/recuse", status_code=204, responses=problems(400, 403, 404, 409, 422))
def recuse_from_complaint(
    complaint_id: uuid.UUID, body: Recusal, acting: Signed, session: WriteSession
) -> None:
    """自行回避：诉求转给别人，自己不再看到。"""
    subjects.recuse_self(session, acting=acting, complaint_id=complaint_id, reason=body.reason)


@api.post("/complaints/{complaint_id}/contact", responses=problems(403, 404, 409, 422))
def read_contact(
    complaint_id: uuid.UUID, acting: Signed, session: WriteSession, here: InContext
) -> ContactOut:
    """查看愿意让承办人看到的姓名和电话；每次查看都记入村民看得到的办理过程。"""
    told = unsealing.contact(session, acting=acting, complaint_id=complaint_id, keys=here.keys)
    return ContactOut(name=told.name, phone=told.phone)
