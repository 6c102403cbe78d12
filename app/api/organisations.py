"""Organisations: the tree of county, towns, villages and departments."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, status
from pydantic import Field, StrictBool

from app.api.common import Admin, Signed, problems, router
from app.api.schemas import NO_NUL, Body, Code, Count, OptionalParagraph, OrganisationRef, Out, Word, place
from app.models import Organisation
from app.models.organisations import Line, OrganisationKind
from app.services import organisations as service
from app.web.context import ReadSession, WriteSession
from app.web.paging import Limit, Page

api = router("单位")


class OrganisationOut(Out):
    """An organisation."""

    code: str = Field(examples=["donglian"])
    kind: OrganisationKind
    name: str = Field(examples=["东联村"])
    parent: OrganisationRef | None = Field(description="上级单位")
    households: int | None = Field(description="户数")
    adults: int | None = Field(description="成年人数")
    introduction: str
    line: Line | None = Field(description="职能条线：只有部门有，看得到本条线的预警")
    active: bool = Field(description="停用的单位不再对外显示")


class NewOrganisation(Body):
    """A new organisation. A village needs a town, a town a county; departments belong to either."""

    kind: OrganisationKind = Field(examples=["village"])
    code: Code = Field(examples=["xinlian"])
    name: Word = Field(examples=["新联村"])
    parent: Code | None = Field(default=None, description="上级单位的代码；区县没有", examples=["yinong"])
    households: Count | None = Field(default=None, examples=[520])
    adults: Count | None = Field(default=None, examples=[1260])
    introduction: OptionalParagraph = Field(default="", examples=["沿江小村，以蔬菜和水产为主。"])
    line: Line | None = Field(default=None, description="职能条线，只有部门填")


class OrganisationChanges(Body):
    """What is to be changed; fields that are left out stay."""

    name: Word = Field(default="", examples=["东联村"])
    households: Count | None = None
    adults: Count | None = None
    introduction: OptionalParagraph = ""
    line: Line | None = None
    active: StrictBool = True


@api.get("/organisations", responses=problems(404, 422))
def list_organisations(
    acting: Signed,
    session: ReadSession,
    kind: Annotated[OrganisationKind | None, Query(description="只看这类单位")] = None,
    parent: Annotated[Code | None, Query(description="只看这个单位的下级（代码）")] = None,
    q: Annotated[str | None, Query(max_length=60, pattern=NO_NUL, description="名称或代码里的字")] = None,
    after: Annotated[Code | None, Query(description="上一页返回的 next，不填为第一页")] = None,
    limit: Limit = 50,
) -> Page[OrganisationOut]:
    """单位列表，按代码排序。"""
    parent_id = service.by_code(session, acting=acting, code=parent).id if parent else None
    query = service.listing(acting, kind=kind, parent_id=parent_id, words=q)
    if after is not None:
        query = query.where(Organisation.code > after)
    rows = session.scalars(query.limit(limit + 1)).all()
    following = rows[limit - 1].code if len(rows) > limit else None
    return Page(items=[organisation_out(row) for row in rows[:limit]], next=following)


@api.get("/organisations/{code}", responses=problems(404, 422))
def get_organisation(code: Code, acting: Signed, session: ReadSession) -> OrganisationOut:
    """一个单位。"""
    return organisation_out(service.by_code(session, acting=acting, code=code))


@api.post("/organisations", status_code=status.HTTP_201_CREATED, responses=problems(400, 403, 404, 409, 422))
def create_organisation(body: NewOrganisation, acting: Admin, session: WriteSession) -> OrganisationOut:
    """新增单位。代码用在网址和二维码里，以后不能改。"""
    parent = service.by_code(session, acting=acting, code=body.parent) if body.parent else None
    values = body.model_dump(exclude={"parent"})
    service.create(session, acting=acting, parent=parent, **values)
    return organisation_out(service.by_code(session, acting=acting, code=body.code))


@api.patch("/organisations/{code}", responses=problems(400, 403, 404, 409, 422))
def change_organisation(
    code: Code, body: OrganisationChanges, acting: Admin, session: WriteSession
) -> OrganisationOut:
    """修改名称、户数、人数、简介，或停用。"""
    organisation = service.by_code(session, acting=acting, code=code)
    changes = body.model_dump(exclude_unset=True)
    service.change(session, acting=acting, organisation_id=organisation.id, **changes)
    session.flush()
    return organisation_out(organisation)


def organisation_out(row: Organisation) -> OrganisationOut:
    """The organisation as it is shown; the one above it must be loaded."""
    return OrganisationOut(
        code=row.code,
        kind=row.kind,
        name=row.name,
        parent=place(row.parent) if row.parent else None,
        households=row.households,
        adults=row.adults,
        introduction=row.introduction,
        line=row.line,
        active=row.active,
    )
