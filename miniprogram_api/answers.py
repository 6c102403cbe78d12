"""What the Mini Program gets to see: models of answers, and how rows become them.

Times are RFC 3339 in UTC, days are dates in Asia/Shanghai. Those of an anonymous complaint are whole days:
midnight in Shanghai."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.core import clock
from app.core.keys import Keys
from app.models import Attachment, ComplaintEvent, Disclosure, DisclosureCategory, Organisation, Rating
from app.models.complaints import ComplaintState, EventKind, Level, Satisfaction
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import disclosures, file_keys, organisations
from app.services.complaints import own, queries
from app.services.complaints.handling import STATE_NAMES
from app.services.complaints.routing import OFFICE_NAMES

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


class Category(BaseModel):
    """A disclosure category (10+X 公开类别)."""

    code: str = Field(examples=["leasing"])
    name: str = Field(examples=["资源发包"])
    explanation: str = Field(examples=["土地、房屋等集体资源的出租和招标。"])
    fixed: bool = Field(description="是否十项必公开之一")


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


class DisclosurePage(DisclosureLine):
    """A disclosure with all that stands on its page. `table` has `columns` and `rows`."""

    village: VillageName
    period: str | None
    body: str
    figures: dict[str, Any]
    table: dict[str, Any]
    withdrawn_because: str | None
    files: list[File]


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
    return Category(code=row.code, name=row.name, explanation=row.explanation, fixed=row.fixed)


def disclosure_line(item: disclosures.Item) -> DisclosureLine:
    """A disclosure in a list."""
    return DisclosureLine(**_line(item))


def disclosure_page(
    item: disclosures.Item, village: VillageName, files: Sequence[Attachment]
) -> DisclosurePage:
    """A disclosure's page; of a withdrawn one only the tombstone."""
    withdrawn, version = _withdrawn(item.disclosure), item.version
    return DisclosurePage(
        **_line(item),
        village=village,
        period=item.disclosure.period,
        body="" if withdrawn else version.body,
        figures={} if withdrawn else version.figures,
        table={} if withdrawn else version.table,
        withdrawn_because=item.disclosure.review_remark if withdrawn else None,
        files=[] if withdrawn else [public_file(one) for one in files if one.viewing],
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
    return File(id=row.id, name=row.name, media_type=row.media_type, size=row.size, path=f"files/{row.id}")


def private_file(row: Attachment, keys: Keys) -> File:
    """A file that only this reader may see, with a key that opens it for ten minutes."""
    shown = public_file(row)
    shown.path += f"?k={file_keys.make(keys, row.id)}"
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
