"""One category of one village as a table: CSV, JSON and Excel.

A published item gives one line for each row of its table, or one line when it has none; a withdrawn one
gives its tombstone: that it was there, when it was taken down and why, nothing of what it said. Data of
persons that left the page after the notice have left here too, because both read the same stored text.

Items are read in pages, each in a session of its own, so that a slow reader holds no connection."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.core import clock, sheets
from app.core.sheets import Column, Table
from app.models import Disclosure, DisclosureCategory, DisclosureVersion, Organisation
from app.models.categories import FieldType
from app.models.disclosures import DisclosureState
from app.services import access, categories, disclosures
from app.services.actors import Visitor
from app.services.disclosures import fields
from app.services.disclosures.values import Field

FORMATS = ("csv", "json", "xlsx")
PAGE = 200
VISITOR = Visitor()
_ITEM = {
    "item_id": "公开事项的编号",
    "village_code": "村社代码",
    "village": "村社",
    "town": "镇街",
    "category_code": "公开类别代码",
    "category": "公开类别",
    "period": "所属期间：2026、2026-Q3 或 2026-03",
    "title": "标题",
    "summary": "一句话说明",
    "state": "published 公开中，withdrawn 已撤回（只留下撤回的说明）",
    "version": "第几个版本；更正过的大于 1",
    "published_on": "公开日期",
    "notice_until": "公示到哪一天",
    "withdrawn_on": "撤回日期",
    "withdrawn_because": "撤回原因",
    "address": "网页地址",
}
_OTHER = "其余数字和表格，JSON 形式：figures 名称到数值，table 有 columns 和 rows"
_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_MONTH = re.compile(r"(\d{4})年(\d{1,2})月")


class Readable(Protocol):
    """What opens sessions for reading: `core.db.Database`."""

    def reading(self) -> AbstractContextManager[Session]:
        """A session for reading."""
        ...


@dataclass(frozen=True)
class Licence:
    """Under which terms the data may be used."""

    name: str
    url: str


@dataclass(frozen=True)
class OpenColumn:
    """A column of the tables: its stable name, and what it holds."""

    key: str
    meaning: str


@dataclass(frozen=True)
class Offer:
    """A category with its number of public items, tombstones counted, and when the newest came out."""

    category: DisclosureCategory
    items: int
    newest: datetime | None


@dataclass(frozen=True)
class Source:
    """What a table is made of: the village with its town, the category, and where its pages are."""

    village: Organisation
    town: str
    category: DisclosureCategory
    base: str
    licence: Licence


def offers(session: Session, village: Organisation) -> list[Offer]:
    """The categories in which the village has public items, in the order of the list."""
    counted = session.execute(
        select(Disclosure.category_code, func.count(), func.max(Disclosure.published_at))
        .where(
            Disclosure.village_id == village.id,
            access.visible_disclosures(VISITOR),
            Disclosure.state.in_(disclosures.PUBLIC),
        )
        .group_by(Disclosure.category_code)
    )
    found = {code: (count, newest) for code, count, newest in counted}
    return [
        Offer(category, *found[category.code])
        for category in categories.listing(session, village.id)
        if category.code in found
    ]


def source(
    session: Session, village: Organisation, category_code: str, *, base: str, licence: Licence
) -> Source:
    """What the table of a category is made of. Raises NotFound for one that the village does not have."""
    category = categories.find(session, category_code, village.id)
    town = session.get(Organisation, village.parent_id)
    return Source(village, town.name if town else "", category, base, licence)


def columns(category: DisclosureCategory) -> list[OpenColumn]:
    """The columns of a category's table. Names stay what they are; new ones may be added before `other`."""
    own = [field for field in fields.fields_of(category) if field.public]
    records = [field for field in fields.columns_of(category) if field.public]
    found = [OpenColumn(key, meaning) for key, meaning in _ITEM.items()]
    found += [OpenColumn(f"figure.{field.key}", _meaning(field)) for field in own]
    if records:
        found.append(OpenColumn("row", "明细的第几行"))
    found += [OpenColumn(f"record.{field.key}", _meaning(field)) for field in records]
    return [*found, OpenColumn("other", _OTHER)]


def _meaning(field: Field) -> str:
    unit = "元" if field.type == FieldType.MONEY else field.unit
    return f"{field.label}（{unit}）" if unit else field.label


def csv_stream(database: Readable, of: Source) -> Iterator[bytes]:
    """The table as CSV, line by line: UTF-8 with a mark, no cell that a spreadsheet would run."""
    keys = [column.key for column in columns(of.category)]
    yield from sheets.csv_lines(keys, ([line.get(key) for key in keys] for line in _lines(database, of)))


def workbook(database: Readable, of: Source) -> bytes:
    """The table as an Excel workbook, with a sheet that says what the columns hold."""
    named = columns(of.category)
    data = Table("data", [Column(one.key, one.key) for one in named], _lines(database, of))
    meanings = [{"key": one.key, "meaning": one.meaning} for one in named]
    terms = {"key": "licence", "meaning": f"{of.licence.name} {of.licence.url}"}
    about = Table("说明", [Column("key", "列"), Column("meaning", "含义")], [*meanings, terms])
    return sheets.workbook([data, about])


def json_stream(database: Readable, of: Source) -> Iterator[bytes]:
    """The items as JSON with their texts, figures and tables, in pieces of a page each."""
    head = {
        "village": {"code": of.village.code, "name": of.village.name, "town": of.town},
        "category": {"code": of.category.code, "name": of.category.name},
        "licence": {"name": of.licence.name, "url": of.licence.url},
        "generated_at": clock.now().isoformat(timespec="seconds"),
        "columns": {column.key: column.meaning for column in columns(of.category)},
    }
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "items": ['
    between = ""
    for page in _pages(database, of):
        written = [json.dumps(_as_json(of, *row), ensure_ascii=False) for row in page]
        yield (between + ",\n".join(written)).encode()
        between = ",\n"
    yield b"]}\n"


# --- parts ----------------------------------------------------------------------------------------

_Row = tuple[Disclosure, DisclosureVersion]


def _pages(database: Readable, of: Source) -> Iterator[list[_Row]]:
    last: tuple[datetime | None, uuid.UUID] | None = None
    while True:
        with database.reading() as session:
            query = disclosures.listing(VISITOR, village_id=of.village.id, category_code=of.category.code)
            if last is not None:
                query = query.where(
                    or_(
                        Disclosure.published_at < last[0],
                        and_(Disclosure.published_at == last[0], Disclosure.id > last[1]),
                    )
                )
            rows = [(row[0], row[1]) for row in session.execute(query.limit(PAGE))]
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        last = rows[-1][0].published_at, rows[-1][0].id


def _lines(database: Readable, of: Source) -> Iterator[dict[str, Any]]:
    for page in _pages(database, of):
        for disclosure, version in page:
            yield from _flat(of, disclosure, version)


def _item(of: Source, disclosure: Disclosure, version: DisclosureVersion) -> dict[str, Any]:
    gone = disclosure.state is DisclosureState.WITHDRAWN
    return {
        "item_id": str(disclosure.id),
        "village_code": of.village.code,
        "village": of.village.name,
        "town": of.town,
        "category_code": of.category.code,
        "category": of.category.name,
        "period": disclosure.period or "",
        "title": version.title,
        "summary": "" if gone else version.summary,
        "state": disclosure.state.value,
        "version": version.number,
        "published_on": _day(disclosure.published_at),
        "notice_until": disclosure.notice_until.isoformat() if disclosure.notice_until else "",
        "withdrawn_on": _day(disclosure.withdrawn_at),
        "withdrawn_because": (disclosure.withdrawn_because or disclosure.review_remark) if gone else "",
        "address": f"{of.base}/v/{of.village.code}/d/{disclosure.id}",
    }


def _day(moment: datetime | None) -> str:
    return clock.local(moment).date().isoformat() if moment else ""


def _as_json(of: Source, disclosure: Disclosure, version: DisclosureVersion) -> dict[str, Any]:
    item = _item(of, disclosure, version)
    if disclosure.state is DisclosureState.WITHDRAWN:
        return item
    return {**item, "body": version.body, "figures": version.figures, "table": version.table}


def _flat(of: Source, disclosure: Disclosure, version: DisclosureVersion) -> Iterator[dict[str, Any]]:
    line = _item(of, disclosure, version)
    if disclosure.state is DisclosureState.WITHDRAWN:
        yield line
        return
    own = {field.label: field for field in fields.fields_of(of.category) if field.public}
    records = {field.key: field for field in fields.columns_of(of.category) if field.public}
    rest: dict[str, Any] = {}
    for label, value in version.figures.items():
        if label in own:
            line[f"figure.{own[label].key}"] = _plain(own[label], value)
        else:
            rest.setdefault("figures", {})[label] = value
    table = version.table or {}
    keys = [key for key in table.get("keys", ()) if key in records]
    known = bool(keys) and len(keys) == len(table.get("columns", ()))
    if table.get("rows") and not known:
        rest["table"] = {"columns": table["columns"], "rows": table["rows"]}
    if rest:
        line["other"] = json.dumps(rest, ensure_ascii=False)
    if not known or not table.get("rows"):
        yield line
        return
    for number, row in enumerate(table["rows"], start=1):
        cells = {f"record.{key}": _plain(records[key], cell) for key, cell in zip(keys, row, strict=True)}
        yield {**line, "row": number, **cells}


def _plain(field: Field, shown: Any) -> str:
    """A value for programs: amounts and numbers without commas and units, days in ISO form."""
    words = str(shown)
    if field.type in (FieldType.MONEY, FieldType.NUMBER):
        unit = "元" if field.type == FieldType.MONEY else field.unit
        return words.removesuffix(unit).strip().replace(",", "")
    if field.type == FieldType.DATE and (match := _DAY.fullmatch(words)):
        return f"{match[1]}-{int(match[2]):02d}-{int(match[3]):02d}"
    if field.type == FieldType.MONTH and (match := _MONTH.fullmatch(words)):
        return f"{match[1]}-{int(match[2]):02d}"
    return words
