"""One's own complaints (我的诉求): file, list, read, add, rate. Named: the villager is known."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.models import Complaint
from app.models.complaints import ComplaintChannel, Satisfaction
from app.services import access, submissions
from app.services.actors import Actor
from app.services.complaints import feedback, filing, own, queries
from app.services.reference import DEFAULT_COMPLAINT_CATEGORY
from app.web import paging
from app.web.context import Context, InContext, ReadSession
from app.web.paging import After, Limit, Page
from miniprogram_api import answers, checks
from miniprogram_api.callers import AsAnybody, AsVillager, Limited
from miniprogram_api.fields import Contact, Content, Readable, Reason, Reference, UploadToken, Word

router = APIRouter(tags=["诉求"])

Uploads = Annotated[list[UploadToken], Field(max_length=9, description="上传得到的 token")]
Idempotency = Annotated[
    str | None,
    Header(max_length=100, description="重试时用同一个值：同一次提交只受理一件"),
    Readable,
]


class NewComplaint(BaseModel):
    """A complaint to be filed."""

    village: Word = Field(description="村社代码", examples=["donglian"])
    category: Word = Field(default=DEFAULT_COMPLAINT_CATEGORY, examples=["public_works"])
    content: Content = Field(examples=["三组路口的路灯坏了三天，晚上看不见路。"])
    about: list[uuid.UUID] = Field(default=[], max_length=10, description="反映对象的 id")
    place: Contact = Field(default="", description="在哪里", examples=["三组老桥头"])
    publishable: bool = Field(default=False, description="同意去掉姓名等信息后公开答复")
    uploads: Uploads = []


class NamedComplaint(NewComplaint):
    """A complaint under one's name. `name` and `phone` are sealed at once; `hidden` (对村保密): only offices
    above the village, by unsealing."""

    name: Contact = Field(default="", examples=["王小明"])
    phone: Contact = Field(default="", examples=["13800005678"])
    hidden: bool = True
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


class Filed(BaseModel):
    """A complaint that was taken in."""

    id: uuid.UUID
    number: str = Field(examples=["GD20261123-4F7K"])
    promised_on: date = Field(description="承诺在这一天之前答复")
    provisional: bool


class Addition(BaseModel):
    """More words or pictures for a complaint (补充)."""

    text: Content = Field(default="", examples=["补充一张今天拍的照片。"])
    uploads: Uploads = []


class Opinion(BaseModel):
    """A rating (评价): satisfied 满意, partly 基本满意, unsatisfied 不满意."""

    satisfaction: Satisfaction
    reason: Reason = Field(default="", examples=["处理得很快。"])


class ComplaintCategory(BaseModel):
    """What a complaint is about (诉求类别) with its promises; accepting counts work days, finishing too
    unless `in_calendar_days`."""

    code: str = Field(examples=["public_works"])
    name: str = Field(examples=["设施维修"])
    accept_days: int
    finish_days: int
    in_calendar_days: bool


FILING = Depends(Limited("complaint", "20/minute", "200/day"))


@router.get("/complaint-categories")
def categories(session: ReadSession, _acting: AsAnybody) -> list[ComplaintCategory]:
    """诉求类别和办理期限（工作日）。"""
    return [
        ComplaintCategory(
            code=row.code,
            name=row.name,
            accept_days=row.grade.accept_days,
            finish_days=row.grade.finish_days,
            in_calendar_days=row.grade.finish_in_calendar_days,
        )
        for row in own.categories(session)
    ]


@router.post("/complaints", status_code=201, dependencies=[FILING])
def file(
    body: NamedComplaint, here: InContext, acting: AsVillager, idempotency_key: Idempotency = None
) -> Filed:
    """实名提交诉求。文字先经微信内容安全检查：422 complaint.content_refused 时没有提交，请让村民修改。"""
    verdict = checks.check(here, acting, body.content)
    with here.database.transaction() as session:
        once = _once(session, here, acting, idempotency_key)
        if once is not None and once.repeated:
            return _filed(_first(session, acting, once))
        made = filing.file(
            session,
            acting=acting,
            village=access.access_village(session, acting, body.village),
            filing=filing.Filing(
                content=body.content,
                channel=ComplaintChannel.MINIPROGRAM,
                category_code=body.category,
                about=body.about,
                name=body.name,
                phone=body.phone,
                hidden=body.hidden,
                place=body.place,
                latitude=body.latitude,
                longitude=body.longitude,
                publishable=body.publishable,
                uploads=body.uploads,
                content_check=verdict,
            ),
            keys=here.keys,
        ).complaint
        if once is not None:
            submissions.done(session, once, outcome=str(made.id))
        return _filed(made)


def _once(session: Session, here: Context, acting: Actor, key: str | None) -> submissions.Submission | None:
    return submissions.begin(session, nonce=f"{acting.id}:{key}", keys=here.keys) if key else None


def _first(session: Session, acting: Actor, once: submissions.Submission) -> Complaint:
    if once.outcome is None:
        raise Conflict("request.conflict", "同一次提交正在处理，请稍后在「我的诉求」里查看。")
    return own.find(session, acting=acting, reference=once.outcome)


def _filed(row: Complaint) -> Filed:
    return Filed(id=row.id, number=row.number, promised_on=row.promised_on, provisional=row.provisional)


@router.get("/complaints")
def listing(
    session: ReadSession, acting: AsVillager, limit: Limit = 20, after: After = None
) -> Page[answers.ComplaintLine]:
    """自己实名提交的诉求，新的在前。"""
    query = paging.after(queries.listing(acting), after, Complaint.filed_at, Complaint.id)
    rows = session.scalars(query.limit(limit + 1)).all()
    return Page(items=[_line(row) for row in rows[:limit]], next=paging.cursor(rows, limit, "filed_at"))


def _line(row: Complaint) -> answers.ComplaintLine:
    town = row.village.parent.name if row.village.parent else ""
    village = answers.village_name(row.village, town)
    return answers.ComplaintLine(**answers.complaint_line(row, village, row.category.name))


@router.get("/complaints/{reference}")
def read(
    reference: Reference, here: InContext, session: ReadSession, acting: AsVillager
) -> answers.ComplaintPage:
    """一件诉求：内容、附件、办理过程、评价。"""
    return _page(session, here, own.find(session, acting=acting, reference=reference))


@router.post("/complaints/{reference}/additions", status_code=201, dependencies=[FILING])
def add(reference: Reference, body: Addition, here: InContext, acting: AsVillager) -> answers.ComplaintPage:
    """补充文字或图片；不改变办理期限。"""
    verdict = checks.check(here, acting, body.text)
    with here.database.transaction() as session:
        row = own.find(session, acting=acting, reference=reference)
        feedback.add(
            session,
            acting=acting,
            complaint=row,
            text=body.text,
            uploads=body.uploads,
            keys=here.keys,
            content_check=verdict,
        )
        return _page(session, here, row)


@router.post("/complaints/{reference}/rating", status_code=201)
def rate(reference: Reference, body: Opinion, here: InContext, acting: AsVillager) -> answers.ComplaintPage:
    """评价答复。第一次「不满意」会重新办理，并交上一级。"""
    checks.check(here, acting, body.reason)
    with here.database.transaction() as session:
        row = own.find(session, acting=acting, reference=reference)
        feedback.rate(
            session, acting=acting, complaint=row, satisfaction=body.satisfaction, reason=body.reason
        )
        return _page(session, here, row)


@router.post("/complaints/{reference}/withdrawal", status_code=201)
def withdraw(reference: Reference, here: InContext, acting: AsVillager) -> answers.ComplaintPage:
    """撤回还没有答复的诉求。"""
    with here.database.transaction() as session:
        row = own.find(session, acting=acting, reference=reference)
        feedback.withdraw(session, acting=acting, complaint=row)
        return _page(session, here, row)


def _page(session: Session, here: Context, row: Complaint) -> answers.ComplaintPage:
    return answers.complaint_page(session, queries.view(session, row, inside=False), here.keys)
