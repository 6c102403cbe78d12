"""码上知: the published versions of an item side by side (历次版本): what corrections changed, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Disclosure, DisclosureVersion
from app.services.snippets import Segment

LONGEST_COMPARED = 4_000
MOST_LINES = 1_000
MOST_DIFFERENCES = 20
_PIECES = re.compile(r"\d[\d.,]*|.", re.DOTALL)


@dataclass(frozen=True)
class Difference:
    """One thing that changed: where, what stood there, what stands there now; an empty side is none."""

    place: str
    before: list[Segment]
    after: list[Segment]


@dataclass(frozen=True)
class Revision:
    """One published version: its number as people count (第 1 版 first), and what it changed."""

    ordinal: int
    version: DisclosureVersion
    differences: list[Difference]
    more: int


def history(session: Session, disclosure: Disclosure) -> list[Revision]:
    """The published versions, the newest first. Drafts and corrections under review are none of them."""
    published = session.scalars(
        select(DisclosureVersion)
        .where(
            DisclosureVersion.disclosure_id == disclosure.id,
            DisclosureVersion.published_at.is_not(None),
            DisclosureVersion.number <= disclosure.current_version,
        )
        .order_by(DisclosureVersion.number)
    ).all()
    found = []
    for at, version in enumerate(published):
        changed = differences(published[at - 1], version) if at else []
        found.append(
            Revision(at + 1, version, changed[:MOST_DIFFERENCES], max(0, len(changed) - MOST_DIFFERENCES))
        )
    return found[::-1]


def differences(old: DisclosureVersion, new: DisclosureVersion) -> list[Difference]:
    """What changed from one version to another, in the order in which the page shows it."""
    found = [
        _difference(place, getattr(old, field), getattr(new, field))
        for place, field in (("标题", "title"), ("一句话说明", "summary"))
        if getattr(old, field) != getattr(new, field)
    ]
    for label in dict.fromkeys([*old.figures, *new.figures]):
        before, after = _shown(old.figures.get(label)), _shown(new.figures.get(label))
        if before != after:
            found.append(Difference(label, _whole(before), _whole(after)))
    found += [
        _difference("正文", before, after) for before, after in _paired(_lines(old.body), _lines(new.body))
    ]
    return found + list(_in_tables(old.table or {}, new.table or {}))


def _in_tables(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    columns = [str(name) for name in new.get("columns", [])]
    former = [str(name) for name in old.get("columns", [])]
    if former != columns and former and columns:
        yield Difference("表头", _whole("、".join(former)), _whole("、".join(columns)))
        was, now = len(old.get("rows", [])), len(new.get("rows", []))
        yield Difference("整张表", _whole(f"{was} 行"), _whole(f"重新列了，{now} 行"))
        return
    for before, after in _paired(_rows(old), _rows(new)):
        if before and after and len(before) == len(after) == len(columns):
            for column, was, now in zip(columns, before, after, strict=True):
                if was != now:
                    yield Difference(f"表格「{after[0]}」的{column}", _whole(was), _whole(now))
        else:
            yield Difference("表格中的一行", _row(before), _row(after))


def _rows(table: dict[str, Any]) -> list[tuple[str, ...]]:
    return [tuple(str(cell) for cell in row) for row in table.get("rows", [])]


def _row(cells: Sequence[str]) -> list[Segment]:
    return _whole(" · ".join(cells))


def _lines(body: str) -> list[str]:
    return [line.strip() for line in body.splitlines() if line.strip()]


def _paired(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """What was taken out beside what came in its place; None, or the empty text, where there is nothing.
    Long texts are compared line by line: aligning thousands of equal lines takes seconds, on each view."""
    nothing = type(next(iter((*old, *new)), ""))()
    if len(old) + len(new) > MOST_LINES:
        yield from ((a, b) for a, b in zip_longest(old, new, fillvalue=nothing) if a != b)
        return
    for kind, begin, end, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for at in range(max(end - begin, stop - start)):
            before = old[begin + at] if begin + at < end else nothing
            after = new[start + at] if start + at < stop else nothing
            yield before, after


def _difference(place: str, before: str, after: str) -> Difference:
    """Both texts with what is not in the other one marked, numbers as a whole. Long ones are marked whole:
    comparing is slow."""
    if not before or not after or len(before) + len(after) > LONGEST_COMPARED:
        return Difference(place, _whole(before), _whole(after))
    left: list[Segment] = []
    right: list[Segment] = []
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    for kind, begin, end, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if end > begin:
            left.append(Segment("".join(old[begin:end]), hit=kind != "equal"))
        if stop > start:
            right.append(Segment("".join(new[start:stop]), hit=kind != "equal"))
    return Difference(place, left, right)


def _whole(text: str) -> list[Segment]:
    return [Segment(text, hit=True)] if text else []


def _shown(value: object) -> str:
    return "" if value is None else str(value)
