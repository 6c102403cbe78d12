"""How complaints are classed and where they go first: classes, categories, routes, and who changed them."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field, JsonValue

from app.api.common import Signed, page, problems, router
from app.api.schemas import Body, CategoryCode, Code, Line, OrganisationRef, Out, Paragraph, Word, place
from app.models import ComplaintRoute, Organisation, SettingHistory
from app.models.complaint_classes import Level
from app.models.organisations import Line as DepartmentLine
from app.services.complaints import classes, routes, settings_history
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("诉求设置")

SettingCode = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$", examples=["public_works"])]
FewDays = Annotated[int, Field(strict=True, ge=1, le=60)]
Hours = Annotated[int, Field(strict=True, ge=1, le=80)]
KeptDays = Annotated[int | None, Field(ge=30, le=36_500, description="办结多少天以后；空为一直保留")]


class ComplaintClassTerms(Body):
    """Everything that a class says. Days are work days, hours working hours, unless said otherwise."""

    name: Word = Field(examples=["投诉"])
    accept_days: int = Field(strict=True, ge=1, le=5, description="受理期限（工作日）")
    reply_hours: Hours = Field(description="首次回复时限（工作小时）")
    target_hours: Hours = Field(description="首次回复目标（工作小时）")
    finish_days: FewDays = Field(description="办结期限（工作日）")
    finish_in_calendar_days: bool = Field(default=False, description="办结期限按自然日算")
    extensions_most: int = Field(strict=True, ge=0, le=2, description="最多延期几次")
    extension_days: int = Field(strict=True, ge=1, le=30, description="每次延长几个工作日")
    skips_village: bool = Field(default=False, description="不交村里办理，也从不公开")
    anonymise_days: KeptDays = None
    delete_days: KeptDays = None
    source: Line = Field(description="依据", examples=["区纪委〔2026〕3号"])


class ComplaintClassChange(ComplaintClassTerms):
    """New terms, and why."""

    reason: Paragraph = Field(examples=["按区里统一要求缩短办结期限。"])


class ComplaintClassOut(Out):
    """A class of complaints (诉求等级)."""

    code: str = Field(examples=["complaint"])
    name: str
    position: int
    accept_days: int
    reply_hours: int
    target_hours: int
    finish_days: int
    finish_in_calendar_days: bool
    extensions_most: int
    extension_days: int
    skips_village: bool
    anonymise_days: int | None
    delete_days: int | None
    source: str


class ComplaintCategoryOut(Out):
    """What complaints are about (诉求类别)."""

    code: str = Field(examples=["public_works"])
    name: str = Field(examples=["设施维修"])
    position: int
    class_code: str
    line: DepartmentLine | None
    skips_village: bool
    active: bool


class ComplaintCategoryChange(Body):
    """A category as it shall be, and why."""

    name: Word = Field(examples=["人居环境"])
    position: int = Field(strict=True, ge=0, le=1000, description="排列顺序")
    class_code: CategoryCode = Field(description="起始等级", examples=["request"])
    line: DepartmentLine | None = Field(default=None, description="归哪条线的职能部门")
    skips_village: bool = False
    active: bool = True
    reason: Paragraph = Field(examples=["群众反映集中，单列一类。"])


class ComplaintRouteOut(Out):
    """Where complaints go first (分办规则). Empty fits all; area goes before category before class."""

    id: uuid.UUID
    area: OrganisationRef | None
    category_code: str | None
    class_code: str | None
    level: Level
    line: DepartmentLine | None


class ComplaintRouteChange(Body):
    """A route as it shall be, and why; one for the same area, category and class is replaced."""

    area: Code | None = None
    category_code: CategoryCode | None = None
    class_code: CategoryCode | None = None
    level: Level
    line: DepartmentLine | None = None
    reason: Paragraph = Field(examples=["建房类由镇村建办直接办理。"])


class ComplaintSettingChangeOut(Out):
    """One change: what stood there before and after it; `{}` for nothing."""

    at: datetime
    noun_id: str
    actor_kind: str
    actor_id: str | None
    reason: str
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]


class ComplaintSetting(StrEnum):
    """Of which settings the history is asked."""

    CLASS = settings_history.CLASS
    CATEGORY = settings_history.CATEGORY
    ROUTE = settings_history.ROUTE


@api.get("/complaint-classes", responses=problems(403))
def list_complaint_classes(acting: Signed, session: ReadSession) -> list[ComplaintClassOut]:
    """诉求等级和期限。"""
    return [ComplaintClassOut.model_validate(row) for row in classes.classes(session, acting=acting)]


@api.put("/complaint-classes/{code}", responses=problems(400, 403, 404, 409, 422))
def change_complaint_class(
    code: SettingCode, body: ComplaintClassChange, acting: Signed, session: WriteSession
) -> ComplaintClassOut:
    """修改一个等级的期限，要写原因；只影响以后受理、重办、延期和调整的诉求。"""
    terms = classes.Terms(**body.model_dump(exclude={"reason"}))
    row = classes.change(session, acting=acting, code=code, terms=terms, reason=body.reason)
    return ComplaintClassOut.model_validate(row)


@api.get("/complaint-categories", responses=problems(403))
def list_complaint_categories(acting: Signed, session: ReadSession) -> list[ComplaintCategoryOut]:
    """诉求类别，包括已停用的。"""
    return [ComplaintCategoryOut.model_validate(row) for row in classes.categories(session, acting=acting)]


@api.put("/complaint-categories/{code}", responses=problems(400, 403, 409, 422))
def put_complaint_category(
    code: SettingCode, body: ComplaintCategoryChange, acting: Signed, session: WriteSession
) -> ComplaintCategoryOut:
    """新增或修改一个类别；停用后村民不能再选，已有的诉求不受影响。"""
    terms = classes.CategoryTerms(**body.model_dump(exclude={"reason"}))
    row = classes.put_category(session, acting=acting, code=code, terms=terms, reason=body.reason)
    return ComplaintCategoryOut.model_validate(row)


@api.get("/complaint-routes", responses=problems(403))
def list_complaint_routes(acting: Signed, session: ReadSession) -> list[ComplaintRouteOut]:
    """分办规则；没有规则的先交村里，反映干部的先交镇街。"""
    return [_route(row, area) for row, area in routes.listing(session, acting=acting)]


@api.post("/complaint-routes", status_code=201, responses=problems(400, 403, 409, 422))
def put_complaint_route(
    body: ComplaintRouteChange, acting: Signed, session: WriteSession
) -> ComplaintRouteOut:
    """设置某个地方、类别、等级的诉求先交哪一级或哪个职能部门；相同条件的原规则被替换。"""
    wanted = routes.Wanted(**body.model_dump(exclude={"reason"}))
    row = routes.put(session, acting=acting, wanted=wanted, reason=body.reason)
    return _route(row, session.get(Organisation, row.area_id) if row.area_id else None)


@api.delete("/complaint-routes/{route_id}", status_code=204, responses=problems(400, 403, 404, 422))
def remove_complaint_route(
    route_id: uuid.UUID,
    acting: Signed,
    session: WriteSession,
    reason: Annotated[Paragraph, Query(description="删除的原因，留存", examples=["改由镇街统一分办。"])],
) -> None:
    """删除一条分办规则。"""
    routes.remove(session, acting=acting, route_id=route_id, reason=reason)


@api.get("/complaint-settings/history", responses=problems(400, 403, 422))
def list_complaint_setting_changes(
    setting: ComplaintSetting, acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[ComplaintSettingChangeOut]:
    """等级、类别或分办规则的变更记录，新的在前。"""
    query = settings_history.changes(acting, setting)
    rows, following = page(
        session, query, cursor=after, limit=limit, moment=SettingHistory.at, key=SettingHistory.id
    )
    return Page(items=[ComplaintSettingChangeOut.model_validate(row[0]) for row in rows], next=following)


def _route(row: ComplaintRoute, area: Organisation | None) -> ComplaintRouteOut:
    return ComplaintRouteOut(
        id=row.id,
        area=place(area) if area else None,
        category_code=row.category_code,
        class_code=row.class_code,
        level=row.level,
        line=row.line,
    )
