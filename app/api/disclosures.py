"""Disclosures: the 10+X list, drafts, review and release."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import Query, status
from pydantic import Field, JsonValue
from sqlalchemy.orm import Session, joinedload

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.schemas import (
    Body,
    CategoryCode,
    Code,
    Essay,
    Figures,
    OptionalLine,
    OptionalParagraph,
    OrganisationRef,
    Out,
    Table,
    TableOut,
    UploadToken,
    Word,
    place,
)
from app.api.uploads import FileOut, file_out
from app.models import Disclosure, DisclosureVersion
from app.models.disclosures import AttachmentOwner, DisclosureKind, DisclosureState
from app.services import access, attachments
from app.services import disclosures as service
from app.services.actors import Actor
from app.web.context import InContext, ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("公开")


class Category(Out):
    """An entry of the 10+X list."""

    code: str = Field(examples=["finance"])
    name: str = Field(examples=["村级财务"])
    fixed: bool = Field(description="十项必须公开的之一")
    explanation: str


class VersionOut(Out):
    """One text of a disclosure; never changed once published."""

    number: int
    title: str
    summary: str = Field(description="一句话说明")
    body: str
    figures: dict[str, JsonValue] = Field(description="数字：名称 → 值")
    table: TableOut | None
    created_at: datetime


class DisclosureOut(Out):
    """A disclosure as lists show it."""

    id: uuid.UUID
    village: OrganisationRef
    category: Category
    kind: DisclosureKind
    state: DisclosureState
    title: str
    summary: str
    period: str | None = Field(description="所属期间", examples=["2026-03"])
    contract_id: uuid.UUID | None = Field(description="重新招租公告所对应的合同")
    created_at: datetime
    submitted_at: datetime | None
    published_at: datetime | None
    notice_until: date | None = Field(description="公示到这一天")
    review_remark: str = Field(description="退回意见或撤回原因")
    version: int


class DisclosureDetail(DisclosureOut):
    """A disclosure with all its texts and files."""

    versions: list[VersionOut]
    files: list[FileOut]


class NewDraft(Body):
    """A draft. A re-tender notice names its contract."""

    village: Code
    category: CategoryCode = Field(description="公开类别", examples=["finance"])
    title: Word = Field(examples=["三月份收支公开"])
    summary: Annotated[Word, Field(max_length=80)] = Field(examples=["三月收入 12 万元，支出 8 万元。"])
    body: Essay = ""
    kind: DisclosureKind = DisclosureKind.PLAIN
    contract_id: uuid.UUID | None = None
    period: Annotated[OptionalLine, Field(max_length=20)] | None = Field(default=None, examples=["2026-03"])
    figures: Figures = Field(default_factory=dict, examples=[{"收入": "12 万元", "支出": "8 万元"}])
    table: Table | None = None
    notice_days: Annotated[int, Field(strict=True, ge=1, le=366)] | None = Field(
        default=None, description="公示几天"
    )
    uploads: list[UploadToken] = Field(default_factory=list, max_length=9, description="上传文件得到的 token")


class Remark(Body):
    """Why it goes back or comes down; a reason for withdrawal becomes public."""

    remark: OptionalParagraph = Field(examples=["请补充每笔支出的说明。"])


@api.get("/disclosures/categories")
def list_disclosure_categories(_acting: Signed, session: ReadSession) -> list[Category]:
    """「10+X」公开清单。"""
    return [Category.model_validate(row) for row in service.categories(session)]


@api.get("/disclosures", responses=problems(400, 404, 422))
def list_disclosures(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    category: Annotated[CategoryCode | None, Query(description="只看这个公开类别")] = None,
    state: Annotated[DisclosureState | None, Query(description="只看这种状态")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[DisclosureOut]:
    """公开信息，新的在前。草稿和待审的只有本村人员和上级能看到。"""
    query = service.listing(
        acting,
        village_id=village_id(session, acting, village),
        category_code=category,
        states=[state] if state else list(DisclosureState),
    ).options(joinedload(Disclosure.village))
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=Disclosure.created_at, key=Disclosure.id
    )
    return Page(items=[_out(service.Item(*row)) for row in rows], next=following)


@api.get("/disclosures/{disclosure_id}", responses=problems(404, 422))
def get_disclosure(disclosure_id: uuid.UUID, acting: Signed, session: ReadSession) -> DisclosureDetail:
    """一条公开信息，含历次版本和附件。"""
    return _show(session, acting, disclosure_id)


@api.post("/disclosures", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 422))
def draft_disclosure(
    body: NewDraft, acting: Signed, session: WriteSession, here: InContext
) -> DisclosureDetail:
    """起草：本村信息员。"""
    village = access.access_village(session, acting, body.village)
    values = body.model_dump(exclude={"village", "category", "table"})
    table = body.table.model_dump() if body.table else {}
    draft = service.Draft(category_code=body.category, table=table, **values)
    made = service.draft(session, acting=acting, village=village, draft=draft, keys=here.keys)
    return _show(session, acting, made.id)


@api.post("/disclosures/{disclosure_id}/submit", responses=problems(403, 404, 409, 422))
def submit_disclosure(disclosure_id: uuid.UUID, acting: Signed, session: WriteSession) -> DisclosureDetail:
    """提交审核：草稿或被退回的。"""
    service.submit(session, acting=acting, disclosure_id=disclosure_id)
    return _show(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/publish", responses=problems(403, 404, 409, 422))
def publish_disclosure(disclosure_id: uuid.UUID, acting: Signed, session: WriteSession) -> DisclosureDetail:
    """审核通过并公开。起草人不能审核自己的。"""
    service.publish(session, acting=acting, disclosure_id=disclosure_id)
    return _show(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/return", responses=problems(400, 403, 404, 409, 422))
def return_disclosure(
    disclosure_id: uuid.UUID, body: Remark, acting: Signed, session: WriteSession
) -> DisclosureDetail:
    """退回修改，写明要改什么。"""
    service.send_back(session, acting=acting, disclosure_id=disclosure_id, remark=body.remark)
    return _show(session, acting, disclosure_id)


@api.post("/disclosures/{disclosure_id}/withdraw", responses=problems(400, 403, 404, 409, 422))
def withdraw_disclosure(
    disclosure_id: uuid.UUID, body: Remark, acting: Signed, session: WriteSession
) -> DisclosureDetail:
    """撤回已公开的内容；原处留下说明，原因会公开。"""
    service.withdraw(session, acting=acting, disclosure_id=disclosure_id, reason=body.remark)
    return _show(session, acting, disclosure_id)


def _show(session: Session, acting: Actor, disclosure_id: uuid.UUID) -> DisclosureDetail:
    item = service.item(session, acting=acting, disclosure_id=disclosure_id)
    session.refresh(item.disclosure, ["village"])
    files = attachments.of(session, AttachmentOwner.DISCLOSURE, [disclosure_id])[disclosure_id]
    return DisclosureDetail(
        **_out(item).model_dump(),
        versions=[_version(row) for row in service.versions(session, item.disclosure)],
        files=[file_out(row) for row in files],
    )


def _version(row: DisclosureVersion) -> VersionOut:
    return VersionOut(
        number=row.number,
        title=row.title,
        summary=row.summary,
        body=row.body,
        figures=row.figures,
        table=TableOut.model_validate(row.table) if row.table else None,
        created_at=row.created_at,
    )


def _out(item: service.Item) -> DisclosureOut:
    row = item.disclosure
    return DisclosureOut(
        id=row.id,
        village=place(row.village),
        category=Category.model_validate(item.category),
        kind=row.kind,
        state=row.state,
        title=item.version.title,
        summary=item.version.summary,
        period=row.period,
        contract_id=row.contract_id,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        published_at=row.published_at,
        notice_until=row.notice_until,
        review_remark=row.review_remark,
        version=row.lock_version,
    )
