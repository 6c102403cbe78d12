"""From a workbook to what importing it would do: rows become items, items are compared with what is there.

An item is told by village, category, period and title; when a period's title is not given and one item is
there already, that one is meant. Nothing is written here."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core.errors import BadInput
from app.core.sheets import Column, Row, RowError, Sheet
from app.models import Disclosure, DisclosureCategory, DisclosureVersion, Organisation
from app.models.disclosures import DisclosureState
from app.services import access
from app.services.actors import Officer
from app.services.disclosures import EDITABLE, LONGEST_TITLE, STATE_NAMES, Draft, fields, summaries
from app.services.disclosures.states import written_by
from app.services.disclosures.writing import Laid, lay
from app.services.imports.columns import BODY, OWN, PERIOD, RECORD, TITLE, VILLAGE, Layout, layout
from app.services.imports.villages import VillageNames, unclear

S = DisclosureState


class Outcome(StrEnum):
    """create 新建草稿, change 修改草稿, correct 提出更正, unchanged 没有变化, skip 不导入 (with a reason)."""

    CREATE = "create"
    CHANGE = "change"
    CORRECT = "correct"
    UNCHANGED = "unchanged"
    SKIP = "skip"


@dataclass(frozen=True)
class Step:
    """What importing does with one item. `rows` are its rows in the sheet."""

    village: Organisation
    draft: Draft
    rows: tuple[int, ...]
    outcome: Outcome
    reason: str = ""
    disclosure_id: uuid.UUID | None = None


@dataclass
class Plan:
    """All steps of a workbook, or what is wrong with it."""

    sheet: Sheet
    steps: list[Step] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


@dataclass
class _Item:
    village: Organisation
    period: str | None
    title: str
    titled: bool
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class _There:
    """What is there already of one village, category and period."""

    disclosure: Disclosure
    version: DisclosureVersion
    mine: bool
    proposed: DisclosureVersion | None


def plan(
    session: Session,
    *,
    acting: Officer,
    category: DisclosureCategory,
    villages: Sequence[Organisation],
    sheet: Sheet,
) -> Plan:
    """Look through a sheet that was read with the category's columns. Errors of rows are in the plan."""
    made = Plan(sheet, errors=list(sheet.errors))
    shape = layout(category)
    items = _Grouping(category, shape, villages, made).items()
    drafts = []
    for item in items:
        laid = _laid(session, category, shape, item, made)
        if laid is not None:
            drafts.append((item, laid))
    there = _existing(session, acting, category, [item for item, _ in drafts])
    for item, (draft, shown) in drafts:
        made.steps.append(_step(item, draft, shown, there.get((item.village.id, item.period), []), made))
    made.errors.sort(key=_place)
    return made


def _place(error: RowError) -> tuple[int, int, str]:
    name = error.cell.rstrip("0123456789")
    return int(error.cell[len(name) :] or 0), len(name), name


# --- rows to items --------------------------------------------------------------------------------


class _Grouping:
    def __init__(
        self, category: DisclosureCategory, shape: Layout, villages: Sequence[Organisation], made: Plan
    ) -> None:
        self._category = category
        self._shape = shape
        self._made = made
        self._columns = {column.key: column for column in shape.columns}
        self._names = VillageNames(villages)

    def items(self) -> list[_Item]:
        """The items in the order of their first rows; rows that cannot be placed are errors."""
        for row in self._made.sheet.partial:
            if row.values.get(VILLAGE):
                self._village(row)
        found: dict[tuple[uuid.UUID, str | None, str], _Item] = {}
        for row in self._made.sheet.rows:
            village = self._village(row)
            if village is None:
                continue
            period = row.values.get(PERIOD)
            given = row.values.get(TITLE) or ""
            title = given or self._title(village, period)
            item = found.setdefault((village.id, period, title), _Item(village, period, title, bool(given)))
            if item.rows and not self._shape.with_records:
                first = item.rows[0].number
                self.wrong(row, TITLE, given, f"和第 {first} 行是同一件", "请删掉重复的行，或写上不同的标题")
                continue
            item.rows.append(row)
        return list(found.values())

    def _title(self, village: Organisation, period: str | None) -> str:
        words = f"{village.name}{summaries.spoken_period(period)}{self._category.name}"
        return words[:LONGEST_TITLE]

    def _village(self, row: Row) -> Organisation | None:
        name = str(row.values[VILLAGE])
        found = self._names.find(name)
        if len(found) == 1:
            return found[0]
        self.wrong(row, VILLAGE, name, *unclear(found))
        return None

    def wrong(self, row: Row, key: str, value: object, problem: str, remedy: str) -> None:
        column = self._columns[key]
        self._made.errors.append(self._made.sheet.error(column, row.number, value, problem, remedy))


# --- items to drafts ------------------------------------------------------------------------------


def _laid(
    session: Session, category: DisclosureCategory, shape: Layout, item: _Item, made: Plan
) -> tuple[Draft, Laid] | None:
    """The draft of an item, checked as a typed one is; None with errors for what is wrong."""
    columns = {column.key: column for column in shape.columns}
    before = len(made.errors)
    filled = _filled(item, columns, made)
    records = [_part(row, RECORD) for row in item.rows] if shape.with_records else []
    kept = [number for number, record in enumerate(records) if record]
    _, _, faults = fields.check(category, filled=filled, records=[records[number] for number in kept])
    for fault in faults:
        row = item.rows[kept[fault.row - 1]] if fault.row and fault.row <= len(kept) else item.rows[0]
        key = (RECORD if fault.row else OWN) + fault.key
        column = columns.get(key, columns[TITLE])
        made.errors.append(
            made.sheet.error(column, row.number, row.values.get(key), fault.text.rstrip("。"), "请改正")
        )
    if len(made.errors) > before:
        return None
    body = next((row.values[BODY] for row in item.rows if row.values.get(BODY)), "")
    draft = Draft(
        category_code=category.code,
        title=item.title,
        body=body,
        period=item.period,
        filled=filled,
        records=[records[number] for number in kept],
    )
    try:
        return draft, lay(session, item.village, category, draft)
    except BadInput as problem:
        first = item.rows[0]
        text = problem.message.rstrip("。")
        made.errors.append(made.sheet.error(columns[TITLE], first.number, item.title, text, "请改正"))
        return None


def _filled(item: _Item, columns: Mapping[str, Column], made: Plan) -> dict[str, Any]:
    """The item's own fields, each from whichever of its rows has it; two different values are an error."""
    filled: dict[str, Any] = {}
    seen: dict[str, int] = {}
    for row in item.rows:
        for key, value in _part(row, OWN).items():
            if key in filled and filled[key] != value:
                column = columns[OWN + key]
                problem = f"和第 {seen[key]} 行不一样"
                remedy = "同一件只填一次，或各行填得一样"
                made.errors.append(made.sheet.error(column, row.number, value, problem, remedy))
            filled.setdefault(key, value)
            seen.setdefault(key, row.number)
    return filled


def _part(row: Row, prefix: str) -> dict[str, Any]:
    return {
        key.removeprefix(prefix): _stored(value)
        for key, value in row.values.items()
        if key.startswith(prefix) and value is not None
    }


def _stored(value: Any) -> Any:
    """As `disclosures.values.read` takes it: exact numbers as text, days in ISO form."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


# --- items and what is there ----------------------------------------------------------------------


def _existing(
    session: Session, acting: Officer, category: DisclosureCategory, items: Sequence[_Item]
) -> dict[tuple[uuid.UUID, str | None], list[_There]]:
    """What is there of the same villages and periods; without a period, of the same titles."""
    if not items:
        return {}
    periods = {item.period for item in items if item.period}
    titles = {item.title for item in items}
    rows = session.execute(
        select(Disclosure, DisclosureVersion, written_by(acting.officer_id))
        .join(
            DisclosureVersion,
            (DisclosureVersion.disclosure_id == Disclosure.id)
            & (DisclosureVersion.number == Disclosure.current_version),
        )
        .where(
            access.visible_disclosures(acting),
            Disclosure.category_code == category.code,
            Disclosure.village_id.in_({item.village.id for item in items}),
            Disclosure.state != S.WITHDRAWN,
            or_(
                Disclosure.period.in_(periods),
                Disclosure.period.is_(None) & DisclosureVersion.title.in_(titles),
            ),
        )
        .order_by(Disclosure.created_at, Disclosure.id)
    ).all()
    proposals = _proposals(session, [row[0] for row in rows])
    found: dict[tuple[uuid.UUID, str | None], list[_There]] = {}
    for disclosure, version, mine in rows:
        there = _There(disclosure, version, mine, proposals.get(disclosure.id))
        found.setdefault((disclosure.village_id, disclosure.period), []).append(there)
    return found


def _proposals(session: Session, disclosures: Sequence[Disclosure]) -> dict[uuid.UUID, DisclosureVersion]:
    wanted = [one.id for one in disclosures if one.proposed_version is not None]
    if not wanted:
        return {}
    rows = session.scalars(
        select(DisclosureVersion)
        .join(Disclosure, Disclosure.id == DisclosureVersion.disclosure_id)
        .where(Disclosure.id.in_(wanted), DisclosureVersion.number == Disclosure.proposed_version)
    )
    return {row.disclosure_id: row for row in rows}


def _step(item: _Item, draft: Draft, laid: Laid, there: Sequence[_There], made: Plan) -> Step:
    rows = tuple(row.number for row in item.rows)
    same = [one for one in there if one.version.title == item.title]
    if not same and item.period and not item.titled:
        same = list(there)
    if not same:
        return Step(item.village, draft, rows, Outcome.CREATE)
    if len(same) > 1:
        cell = made.sheet.cell(TITLE, rows[0])
        made.errors.append(
            RowError(cell, "标题", "", f"这一期已有 {len(same)} 件", "请在「标题」里写明是哪一件")
        )
        return Step(item.village, draft, rows, Outcome.SKIP)
    found = same[0]
    if not item.titled:
        draft = _retitled(draft, found.version.title)
    outcome, reason = _compare(found, draft, laid)
    return Step(item.village, draft, rows, outcome, reason, found.disclosure.id)


def _retitled(draft: Draft, title: str) -> Draft:
    return Draft(**{**vars(draft), "title": title})


def _compare(found: _There, draft: Draft, laid: Laid) -> tuple[Outcome, str]:
    disclosure, state = found.disclosure, found.disclosure.state
    if _same(found.version, draft, laid):
        return Outcome.UNCHANGED, f"和{STATE_NAMES[state]}的内容一样"
    if state in EDITABLE:
        return (Outcome.CHANGE, "") if found.mine else (Outcome.SKIP, "是别人起草的草稿，请本人修改")
    if state != S.PUBLISHED:
        return Outcome.SKIP, "正在审核，请审核人退回后再导入"
    if disclosure.reduced_at is not None:
        return Outcome.SKIP, "公示期已满、个人信息已去除，不能再用明细更正"
    if found.proposed is not None and _same(found.proposed, draft, laid):
        return Outcome.UNCHANGED, "同样内容的更正已经有了"
    if disclosure.proposed_state is not None and disclosure.proposed_state not in EDITABLE:
        return Outcome.SKIP, "已有一份更正在等审核"
    return Outcome.CORRECT, "已公开，只能提出更正"


def _same(version: DisclosureVersion, draft: Draft, laid: Laid) -> bool:
    there = (version.title, version.body, dict(version.filled), list(version.records))
    new = (draft.title.strip(), draft.body.strip(), laid.filled, laid.records)
    return json.dumps(there, sort_keys=True) == json.dumps(new, sort_keys=True)
