"""What the Mini Program gets to see: models of answers, and how rows become them.

Times are RFC 3339 in UTC, days are dates in Asia/Shanghai. Those of an anonymous complaint are whole days:
midnight in Shanghai."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.core import clock
from app.core.keys import Keys
from app.models import Attachment, ComplaintEvent, Disclosure, DisclosureCategory, Organisation, Rating
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintState, EventKind, Satisfaction
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import categories, disclosures, file_keys, organisations, search
from app.services.comparisons import Change
from app.services.complaints import own, queries
from app.services.complaints.handling import STATE_NAMES
from app.services.complaints.routing import OFFICE_NAMES
from app.services.revisions import Revision

EXAMPLE_ID = "5b1f0d6c-8a55-4c0e-9c0a-1b6f3a2e7d11"


class VillageName(BaseModel):
    """A village with its town."""

    code: str = Field(examples=["donglian"])
    name: str = Field(examples=["东联村"])
    town: str = Field(examples=["益农镇"])


class File(BaseModel):
    """A file. `path` is relative to the base address of this API; one with `k` opens for ten minutes without
    a login, so that an image element can show it."""

    id: uuid.UUID = Field(examples=[EXAMPLE_ID])
    name: str = Field(examples=["路灯.jpg"])
    media_type: str | None = Field(examples=["image/jpeg"])
    size: int | None = Field(examples=[182044])
    path: str = Field(examples=[f"files/{EXAMPLE_ID}?k=…"])
    preview: str | None = Field(default=None, description="PDF 第一页的图片，没有的为空")


class Category(BaseModel):
    """A disclosure category (10+X 公开类别)."""

    code: str = Field(examples=["leasing"])
    name: str = Field(examples=["资源发包"])
    explanation: str = Field(examples=["土地、房屋等集体资源的出租和招标。"])
    fixed: bool = Field(description="是否十项必公开之一")
    parent: str | None = Field(default=None, description="归在哪一类下面", examples=["leasing"])
    due: str = Field(default="", description="多久公开一次", examples=["每月一次，月后 15 天内"])
    notice: str = Field(default="", description="公示多久，没有公示期的为空", examples=["7 个工作日"])
    source: str = Field(default="", description="依据")
    own: bool = Field(default=False, description="是否本村自设")


class DisclosureLine(BaseModel):
    """A disclosure in a list. A withdrawn one (已撤回) keeps its title and says why, nothing else."""

    id: uuid.UUID = Field(examples=[EXAMPLE_ID])
    category: str = Field(description="类别代码", examples=["leasing"])
    category_name: str = Field(examples=["资源发包"])
    kind: DisclosureKind
    state: DisclosureState
    title: str = Field(examples=["村口鱼塘重新招租公告"])
    summary: str = Field(examples=["鱼塘 12 亩重新招租，11 月 30 日前报名。"])
    published_on: date | None
    notice_until: date | None


class Correction(BaseModel):
    """A correction (更正): when, why, and what it changed."""

    published_on: date | None
    reason: str = Field(examples=["第 3 笔金额写错"])
    changed: list[str] = Field(description="改了哪些地方", examples=[["标题", "表格「路灯」的金额"]])


class DisclosurePage(DisclosureLine):
    """A disclosure with all that stands on its page. `table` has `columns` and `rows`; `compared` says for
    figures what became of them since the period before."""

    village: VillageName
    period: str | None
    body: str
    figures: dict[str, Any]
    compared: dict[str, str] = Field(examples=[{"支出": "比上月多 1.2 万元（+12%）"}])
    table: dict[str, Any]
    withdrawn_because: str | None
    corrections: list[Correction] = Field(description="历次更正，新的在前")
    views_this_month: int
    files: list[File]


class Segment(BaseModel):
    """A piece of text; `hit` marks what was looked for."""

    text: str
    hit: bool


class Hit(DisclosureLine):
    """A disclosure that was found, with the words marked in its title and in the place where they stand."""

    marked_title: list[Segment]
    snippet: list[Segment]


class StepLine(BaseModel):
    """One step of a complaint's timeline (办理过程)."""

    kind: EventKind
    at: datetime
    who: str = Field(examples=["益农镇东联村"])
    text: str = Field(examples=["已受理，正在办理。"])
    files: list[File]


class RatingLine(BaseModel):
    """A rating (评价) of one round of answering."""

    round: int
    satisfaction: Satisfaction
    reason: str
    at: datetime


class ComplaintLine(BaseModel):
    """A complaint in one's own list."""

    id: uuid.UUID = Field(examples=[EXAMPLE_ID])
    number: str = Field(examples=["GD20261123-4F7K"])
    village: VillageName
    category: str = Field(examples=["public_works"])
    category_name: str = Field(examples=["设施维修"])
    state: ComplaintState
    state_name: str = Field(examples=["办理中"])
    filed_at: datetime
    promised_on: date
    beginning: str = Field(description="内容的开头", examples=["村口的路灯坏了三天"])


class ComplaintPage(ComplaintLine):
    """A complaint with its timeline, as its complainant reads it."""

    content: str
    anonymous: bool
    provisional: bool = Field(description="承诺日期是否待节假日安排公布后再定")
    level: Level
    level_name: str = Field(examples=["村社联络员"])
    can_add: bool = Field(description="现在可以补充")
    can_rate: bool = Field(description="现在可以评价")
    files: list[File]
    steps: list[StepLine]
    ratings: list[RatingLine]


BEGINNING = 60


def village_name(village: Organisation, town: str) -> VillageName:
    """A village as it is named."""
    return VillageName(code=village.code, name=village.name, town=town)


def village_of(session: Session, village: Organisation) -> VillageName:
    """The same when the town still has to be looked up."""
    above = organisations.above(session, village)
    return village_name(village, above[0].name if above else "")


def category(row: DisclosureCategory) -> Category:
    """A disclosure category."""
    return Category(
        code=row.code,
        name=row.name,
        explanation=row.explanation,
        fixed=row.fixed,
        parent=row.parent_code,
        due=categories.cadence_words(row),
        notice=categories.notice_words(row),
        source=row.source,
        own=row.village_id is not None,
    )


def disclosure_line(item: disclosures.Item) -> DisclosureLine:
    """A disclosure in a list."""
    return DisclosureLine(**_line(item))


def disclosure_page(
    item: disclosures.Item,
    village: VillageName,
    files: Sequence[Attachment],
    *,
    compared: Mapping[str, Change],
    history: Sequence[Revision],
    views: int,
) -> DisclosurePage:
    """A disclosure's page; of a withdrawn one only the tombstone."""
    row, version = item.disclosure, item.version
    withdrawn = _withdrawn(row)
    return DisclosurePage(
        **_line(item),
        village=village,
        period=row.period,
        body="" if withdrawn else version.body,
        figures={} if withdrawn else version.figures,
        compared={} if withdrawn else {label: change.text for label, change in compared.items()},
        table={} if withdrawn else version.table,
        withdrawn_because=(row.withdrawn_because or row.review_remark) if withdrawn else None,
        corrections=[] if withdrawn else [_correction(one) for one in history if one.ordinal > 1],
        views_this_month=views,
        files=[] if withdrawn else [public_file(one) for one in files if one.viewing],
    )


def hit(one: search.Hit) -> Hit:
    """A disclosure that was found."""
    return Hit(
        **_line(disclosures.Item(one.disclosure, one.version, one.category)),
        marked_title=[Segment(text=piece.text, hit=piece.hit) for piece in one.title],
        snippet=[Segment(text=piece.text, hit=piece.hit) for piece in one.snippet],
    )


def _correction(one: Revision) -> Correction:
    published = one.version.published_at
    return Correction(
        published_on=clock.local(published).date() if published else None,
        reason=one.version.reason,
        changed=[change.place for change in one.differences],
    )


def _line(item: disclosures.Item) -> dict[str, Any]:
    row = item.disclosure
    return {
        "id": row.id,
        "category": item.category.code,
        "category_name": item.category.name,
        "kind": row.kind,
        "state": row.state,
        "title": item.version.title,
        "summary": "" if _withdrawn(row) else item.version.summary,
        "published_on": clock.local(row.published_at).date() if row.published_at else None,
        "notice_until": row.notice_until,
    }


def _withdrawn(row: Disclosure) -> bool:
    return row.state == DisclosureState.WITHDRAWN


def public_file(row: Attachment) -> File:
    """A file of something published."""
    path = f"files/{row.id}"
    preview = f"{path}/preview" if row.preview else None
    return File(
        id=row.id, name=row.name, media_type=row.media_type, size=row.size, path=path, preview=preview
    )


def private_file(row: Attachment, keys: Keys) -> File:
    """A file that only this reader may see, with a key that opens it for ten minutes."""
    shown = public_file(row)
    key = file_keys.make(keys, row.id)
    shown.path += f"?k={key}"
    if shown.preview:
        shown.preview += f"?k={key}"
    return shown


def complaint_line(row: Any, village: VillageName, category_name: str) -> dict[str, Any]:
    """The fields of a complaint in a list."""
    return {
        "id": row.id,
        "number": row.number,
        "village": village,
        "category": row.category_code,
        "category_name": category_name,
        "state": row.state,
        "state_name": STATE_NAMES[row.state],
        "filed_at": row.filed_at,
        "promised_on": row.promised_on,
        "beginning": row.content[:BEGINNING],
    }


def complaint_page(session: Session, view: queries.View, keys: Keys) -> ComplaintPage:
    """A complaint's page for its complainant."""
    row = view.complaint
    return ComplaintPage(
        **complaint_line(row, village_of(session, view.village), view.category.name),
        content=row.content,
        anonymous=row.anonymous,
        provisional=row.provisional,
        level=row.level,
        level_name=OFFICE_NAMES[row.level],
        can_add=row.state != ComplaintState.CLOSED,
        can_rate=row.state == ComplaintState.ANSWERED,
        files=_private(view.files, keys),
        steps=[_step(step, view.event_files.get(step.id, []), keys) for step in view.events],
        ratings=[_rating(one) for one in own.ratings(session, row)],
    )


def _private(files: Sequence[Attachment], keys: Keys) -> list[File]:
    return [private_file(one, keys) for one in files if one.viewing]


def _step(step: ComplaintEvent, files: Sequence[Attachment], keys: Keys) -> StepLine:
    return StepLine(kind=step.kind, at=step.at, who=step.who, text=step.text, files=_private(files, keys))


def _rating(row: Rating) -> RatingLine:
    return RatingLine(round=row.round, satisfaction=row.satisfaction, reason=row.reason, at=row.at)
