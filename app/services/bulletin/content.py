"""What stands in the bulletin of a village and month: only what is public, gathered in a few queries."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput
from app.models import Disclosure, DisclosureCategory, DisclosureVersion, Organisation
from app.models.categories import Layout
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.obligations import ObligationState
from app.services import categories, chain, comparisons, obligations

EDITION = "1"  # part of the digest: another drawing of the same content is another file
MOST_ITEMS = 60
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 8, 6, 40
MOST_FIGURES = 6
MOST_OWED = 20
BODY_LINES, LONGEST_BODY = 3, 240
MONTH = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Entry:
    """One published item. `rows_left` were left out of the table, for the page behind the code."""

    title: str
    sentence: str
    published_on: date
    notice_until: date | None
    corrected_because: str
    figures: tuple[tuple[str, str, str], ...]
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_left: int
    urgent: bool


@dataclass(frozen=True)
class Withdrawal:
    """What was taken back in the month, and why."""

    title: str
    reason: str


@dataclass(frozen=True)
class Owed:
    """What should be public by now and is not."""

    title: str
    category: str
    due_on: date
    days_late: int


@dataclass(frozen=True)
class Content:
    """A bulletin. `groups` are categories of the 10+X list in its order with their items; `items_left` more
    were published than there is room for."""

    village: str
    town: str
    month: date
    page_url: str
    verify_url: str
    groups: tuple[tuple[str, tuple[Entry, ...]], ...]
    items_left: int
    withdrawals: tuple[Withdrawal, ...]
    owed: tuple[Owed, ...]
    owed_left: int
    chain_number: int
    chain_digits: str

    @property
    def digest(self) -> str:
        """Names the content: the same bulletin has the same."""
        return hashlib.sha256(f"{EDITION}{self!r}".encode()).hexdigest()[:32]

    @property
    def total(self) -> int:
        """How many items were published."""
        return sum(len(entries) for _, entries in self.groups) + self.items_left


def month_of(text: str) -> date:
    """The first day of the month 2026-10. Raises BadInput for anything else, and for months to come."""
    found = MONTH.fullmatch(text)
    if found is None or date(int(found[1]), int(found[2]), 1) > clock.today():
        raise BadInput("bulletin.month_wrong", "简报的月份写成 2026-10 这样，不能是以后的月份。", month=text)
    return date(int(found[1]), int(found[2]), 1)


def gather(session: Session, *, village: Organisation, month: date, public_url: str) -> Content:
    """The bulletin of `month` (its first day) as it stands now."""
    first, following = month, (month + timedelta(days=31)).replace(day=1)
    found = _published(session, village, first, following)
    tiles = categories.tops(session, village.id)
    tops = {code: top for top, codes in tiles.items() for code in codes}
    groups: dict[DisclosureCategory, list[Entry]] = {top: [] for top in tiles}
    for disclosure, version, category in found[:MOST_ITEMS]:
        group = groups.setdefault(tops.get(category.code, category), [])
        group.append(_entry(session, disclosure, version, category))
    owed = _owed(session, village, following, tops)
    head = chain.head(session, village.id)
    town = session.scalar(select(Organisation.name).where(Organisation.id == village.parent_id)) or ""
    return Content(
        village=village.name,
        town=town,
        month=month,
        page_url=f"{public_url}/v/{village.code}?p=bulletin",
        verify_url=f"{public_url}/verify?village={village.code}",
        groups=tuple((top.name, tuple(entries)) for top, entries in groups.items() if entries),
        items_left=max(0, len(found) - MOST_ITEMS),
        withdrawals=_withdrawals(session, village, first, following),
        owed=tuple(owed[:MOST_OWED]),
        owed_left=max(0, len(owed) - MOST_OWED),
        chain_number=head.number if head else 0,
        chain_digits=head.printed if head else "",
    )


def _published(
    session: Session, village: Organisation, first: date, following: date
) -> list[tuple[Disclosure, DisclosureVersion, DisclosureCategory]]:
    """What came out in the month, the first one first."""
    rows = session.execute(
        select(Disclosure, DisclosureVersion, DisclosureCategory)
        .join(
            DisclosureVersion,
            (DisclosureVersion.disclosure_id == Disclosure.id)
            & (DisclosureVersion.number == Disclosure.current_version),
        )
        .join(DisclosureCategory, DisclosureCategory.code == Disclosure.category_code)
        .where(
            Disclosure.village_id == village.id,
            Disclosure.state == DisclosureState.PUBLISHED,
            Disclosure.published_at >= clock.at(first),
            Disclosure.published_at < clock.at(following),
        )
        .order_by(Disclosure.published_at, Disclosure.id)
    )
    return [(disclosure, version, category) for disclosure, version, category in rows]


def _entry(
    session: Session, disclosure: Disclosure, version: DisclosureVersion, category: DisclosureCategory
) -> Entry:
    changes = comparisons.changes(session, disclosure=disclosure, version=version)
    figures = tuple(
        (label, str(value), changes[label].text if label in changes else "")
        for label, value in list(version.figures.items())[:MOST_FIGURES]
    )
    columns, rows, left = _table(version.table or {}, category.layout)
    assert disclosure.published_at is not None
    return Entry(
        title=version.title,
        sentence=version.summary,
        published_on=clock.local(disclosure.published_at).date(),
        notice_until=disclosure.notice_until,
        corrected_because=version.reason,
        figures=figures,
        text="" if figures or rows else _beginning(version.body),
        columns=columns,
        rows=rows,
        rows_left=left,
        urgent=disclosure.kind == DisclosureKind.URGENT_NOTICE,
    )


def _table(table: dict[str, Any], layout: Layout) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], int]:
    """The first rows and columns; a flow chart is for the page."""
    columns = tuple(str(name) for name in table.get("columns", []))[:MOST_COLUMNS]
    if not columns or layout == Layout.FLOW:
        return (), (), 0
    rows = table.get("rows", [])
    shown = [tuple(_cell(cell) for cell in row[:MOST_COLUMNS]) for row in rows[:MOST_ROWS]]
    padded = tuple((*row, *[""] * (len(columns) - len(row))) for row in shown)
    return columns, padded, max(0, len(rows) - MOST_ROWS)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _beginning(body: str) -> str:
    text = "\n".join([line.strip() for line in body.splitlines() if line.strip()][:BODY_LINES])
    return text if len(text) <= LONGEST_BODY else text[: LONGEST_BODY - 1] + "…"


def _withdrawals(
    session: Session, village: Organisation, first: date, following: date
) -> tuple[Withdrawal, ...]:
    rows = session.execute(
        select(DisclosureVersion.title, Disclosure.withdrawn_because, Disclosure.review_remark)
        .join(
            Disclosure,
            (DisclosureVersion.disclosure_id == Disclosure.id)
            & (DisclosureVersion.number == Disclosure.current_version),
        )
        .where(
            Disclosure.village_id == village.id,
            Disclosure.state == DisclosureState.WITHDRAWN,
            Disclosure.withdrawn_at >= clock.at(first),
            Disclosure.withdrawn_at < clock.at(following),
        )
        .order_by(Disclosure.withdrawn_at, Disclosure.id)
    )
    return tuple(Withdrawal(title, because or remark) for title, because, remark in rows)


def _owed(
    session: Session, village: Organisation, following: date, tops: dict[str, DisclosureCategory]
) -> list[Owed]:
    """What was due before the month's end and is late today."""
    names = {code: top.name for code, top in tops.items()}
    return [
        Owed(row.title, names.get(row.category_code, ""), row.due_on, row.days_late)
        for row in obligations.of_village(session, village_id=village.id)
        if row.state == ObligationState.OPEN and row.days_late and row.due_on < following
    ]
