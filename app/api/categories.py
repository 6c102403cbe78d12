"""The 10+X list of what villages publish: reading it, changing it with a reason, a village's own entries."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query, status
from pydantic import Field, JsonValue, StringConstraints
from sqlalchemy.orm import Session

from app.api.common import OfVillage, Signed, page, problems, router, village_id
from app.api.schemas import (
    NO_NUL,
    Body,
    CategoryCode,
    Code,
    Day,
    OptionalParagraph,
    Out,
    Version,
    Word,
)
from app.core import clock
from app.core.pii import Kind
from app.models import DisclosureCategory, Organisation, SettingHistory
from app.models.categories import Cadence, DayUnit, FieldType, Layout
from app.models.people import Role
from app.services import access
from app.services import categories as service
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("公开清单")

Label = Annotated[str, StringConstraints(max_length=12, pattern=NO_NUL)]
Help = Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]
Days = Annotated[int, Field(strict=True, ge=0, le=366)]
Reason = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]


class Option(Body):
    """One option of a choice."""

    value: Annotated[str, StringConstraints(max_length=40, pattern=NO_NUL)]
    label: Label


class FieldDefinition(Body):
    """A field of an item, or a column of its records."""

    key: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")] = Field(examples=["amount"])
    label: Label = Field(examples=["金额"])
    type: FieldType
    required: bool = False
    public: bool | None = Field(default=None, description="不填：个人信息类不公开，其余公开")
    help: Help = ""
    options: list[Option] | None = Field(default=None, max_length=30, description="choice 的选项")
    unit: Annotated[str, StringConstraints(max_length=6, pattern=NO_NUL)] | None = Field(
        default=None, description="number 的单位", examples=["亩"]
    )
    total: bool | None = Field(default=None, description="合计进关键数字")
    shown: Annotated[str, StringConstraints(pattern=r"^(full|masked)$")] | None = Field(
        default=None, description="person 怎样显示：masked 只显示姓"
    )


class Category(Out):
    """An entry of the 10+X list."""

    code: str = Field(examples=["finance"])
    name: str = Field(examples=["村级财务"])
    explanation: str
    fixed: bool = Field(description="十项必须公开的之一")
    parent: str | None = Field(description="归在哪一项下面", examples=["leasing"])
    village: str | None = Field(description="村里自设的：哪个村")
    active: bool
    in_force: bool = Field(description="今天是否要公开")
    in_force_from: date | None
    in_force_until: date | None
    position: int
    cadence: Cadence
    event: str = Field(description="什么事之后")
    due_days: int
    due_unit: DayUnit
    due: str = Field(description="期限，用话说", examples=["每月一次，月后 15 天内"])
    notice_days: int = Field(description="公示至少几天，0 为不用公示")
    notice_unit: DayUnit
    drafted_by: Role
    reviewed_by: Role
    review_days: int = Field(description="审核期限，工作日")
    layout: Layout
    fields: list[dict[str, JsonValue]]
    columns: list[dict[str, JsonValue]]
    person_days: int | None = Field(description="个人信息在公示期满后保留几天，空为一直保留")
    excusable: list[str] = Field(description="说明理由后可以保留的个人信息种类")
    source: str = Field(description="依据")
    version: int


class CategoryChanges(Body):
    """What may be changed. What is left out stays as it is."""

    name: Word = Field(default="", examples=["村级财务"])
    explanation: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] = ""
    position: Annotated[int, Field(strict=True, ge=1, le=9999)] = 500
    active: bool = True
    cadence: Cadence = Cadence.ON_CHANGE
    due_days: Days = 0
    due_unit: DayUnit = DayUnit.CALENDAR
    event: Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)] = ""
    notice_days: Days = 0
    notice_unit: DayUnit = DayUnit.CALENDAR
    drafted_by: Role = Role.INFORMATION_OFFICER
    reviewed_by: Role = Role.LIAISON_OFFICER
    review_days: Annotated[int, Field(strict=True, ge=0, le=60)] = 2
    layout: Layout = Layout.TABLE
    fields: list[FieldDefinition] = Field(default_factory=list, max_length=20)
    columns: list[FieldDefinition] = Field(default_factory=list, max_length=12)
    person_days: Annotated[int, Field(strict=True, ge=0, le=3660)] | None = None
    excusable: list[Kind] = Field(default_factory=list, max_length=20)
    source: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] = ""
    in_force_from: Day | None = None
    in_force_until: Day | None = None

    def values(self) -> dict[str, Any]:
        """What was given, for the service."""
        given = self.model_fields_set & CategoryChanges.model_fields.keys()
        values = {key: getattr(self, key) for key in given}
        for key in given & {"fields", "columns"}:
            values[key] = [one.model_dump(mode="json", exclude_none=True) for one in values[key]]
        return values


class CategoryEdit(CategoryChanges):
    """A change with its reason."""

    reason: Reason = Field(description="修改的原因，留在变更记录里", examples=["区里要求每月 10 日前公开"])
    version: Version = None


class NewCategory(CategoryChanges):
    """An X of a village, or without one of the whole county."""

    village: Code | None = Field(default=None, description="哪个村自设；不填为全区共用")
    name: Word = Field(examples=["乡村大食堂"])
    reason: Reason = Field(examples=["村民代表会议提出"])


class Change(Out):
    """One change of an entry: the values before and after it."""

    at: datetime
    actor_kind: str
    actor_id: str | None
    reason: OptionalParagraph
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]


@api.get("/disclosures/categories", responses=problems(404, 422))
def list_disclosure_categories(
    acting: Signed,
    session: ReadSession,
    village: OfVillage = None,
    on: Annotated[
        date | None, Query(description="只看这一天有效的，不填为全部", examples=["2026-11-24"])
    ] = None,
) -> list[Category]:
    """「10+X」公开清单：每一项后面是归在它下面的。填村社代码时连同村里自设的。"""
    rows = service.listing(session, village_id(session, acting, village), on)
    return [_out(session, row) for row in rows]


@api.post(
    "/disclosures/categories",
    status_code=status.HTTP_201_CREATED,
    responses=problems(400, 403, 404, 409, 422),
)
def add_disclosure_category(body: NewCategory, acting: Signed, session: WriteSession) -> Category:
    """自设一项：村里的由本村监督公开的联络员或镇街加，全区共用的由区县加。"""
    village = access.access_village(session, acting, body.village) if body.village else None
    values = body.values()
    own = service.Own(values.pop("name"), values.pop("explanation", ""), values)
    made = service.add_own(session, acting=acting, village=village, own=own, reason=body.reason)
    return _out(session, made)


@api.get("/disclosures/categories/{category}", responses=problems(404, 422))
def get_disclosure_category(category: CategoryCode, _acting: Signed, session: ReadSession) -> Category:
    """公开清单的一项。"""
    return _out(session, service.find(session, category))


@api.patch("/disclosures/categories/{category}", responses=problems(400, 403, 404, 409, 422))
def edit_disclosure_category(
    category: CategoryCode, body: CategoryEdit, acting: Signed, session: WriteSession
) -> Category:
    """修改一项，要写原因。十项必须公开的不能停用。已公开的内容不受影响。"""
    edited = service.edit(
        session,
        acting=acting,
        code=category,
        changes=body.values(),
        reason=body.reason,
        version=body.version,
    )
    return _out(session, edited)


@api.get("/disclosures/categories/{category}/history", responses=problems(400, 404, 422))
def list_disclosure_category_changes(
    category: CategoryCode, _acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[Change]:
    """一项的变更记录，新的在前。"""
    service.find(session, category)
    rows, following = page(
        session,
        service.changes(category),
        cursor=after,
        limit=limit,
        moment=SettingHistory.at,
        key=SettingHistory.id,
    )
    return Page(items=[Change.model_validate(row[0]) for row in rows], next=following)


def _out(session: Session, row: DisclosureCategory) -> Category:
    own: uuid.UUID | None = row.village_id
    shown = {key: getattr(row, key) for key in Category.model_fields if hasattr(row, key)}
    return Category(
        **shown
        | {
            "parent": row.parent_code,
            "village": session.get_one(Organisation, own).code if own else None,
            "in_force": service.in_force(row, clock.today()),
            "due": service.cadence_words(row),
            "version": row.revision,
        }
    )
