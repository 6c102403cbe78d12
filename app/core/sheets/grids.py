"""An opened workbook: its visible sheets row by row, and which row is the header of the table in one.

A header is recognised by the columns that are looked for (labels, then synonyms), or said by somebody, who
names its cells. Rows are handed out one by one, so that a long sheet is never laid out in memory."""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from app.core.sheets import archive, cells
from app.core.sheets.columns import Column, Limits, Type, letters, shown

HEADER_WITHIN = 20
FEWEST_NAMES = 3  # of a row that may be a header though no column in it is known
MOST_MERGED, MOST_WIDE = 5000, 200
_MONEY_UNIT = "[百千万亿]?元"
_UNIT = re.compile(  # of 元 alone more must be known: 元月 and 元宝 are no units
    rf"\([^()]*?([百千万亿]元|元(?=[)/每、,;])|[万亿](?=\)))[^()]*\)|(?<=[^(])({_MONEY_UNIT})$"
)
_UNIT_ABOVE = re.compile(rf"单位[:(](?:[^\s:()]*[、,/])?(?:人民币)?({_MONEY_UNIT})(?!\w)")
_SPACED = re.compile(r"(?<=[单位万千百人民币:(])\s+(?=[位元万千百人民币:(])")
_BRACKETS = re.compile(r"[(\[][^)\]]*[)\]]")
_SCALES = {"元": 1, "百元": 100, "千元": 1000, "万元": 10_000, "亿元": 100_000_000}

Cells = list[Any]


@dataclass(frozen=True)
class Header:
    """The header of a table: `above` rows stand before its last one, which has the number `end`; `cells` are
    what it holds, with a group merged above the names unless it is a row `alone`."""

    above: int
    end: int
    cells: Cells
    alone: bool = True

    def names(self) -> dict[str, int]:
        """Its names with their columns (from 0), in order; one that comes again gets a number: 金额（2）."""
        seen: Counter[str] = Counter()
        found = {}
        for at, value in enumerate(self.cells):
            if cells.empty(value):
                continue
            name = " ".join(str(value).split())[:60]
            seen[name] += 1
            found[name if seen[name] == 1 else f"{name}（{seen[name]}）"] = at
        return found


@dataclass
class Grid:
    """One sheet. `head` are its first rows; `merged` leads from each cell below the first one of a vertical
    merge to the row of the first one, `wide` from each cell of a horizontal one to its first column (all
    from 0)."""

    name: str
    height: int
    head: list[Cells]
    merged: dict[tuple[int, int], int]
    wide: dict[tuple[int, int], int]
    part: archive.Part
    _raw: CalamineSheet = field(repr=False)

    def rows(self) -> Iterator[Cells]:
        """All rows from the first one of the sheet, one by one. Raises BadInput (`sheet.damaged`)."""
        try:
            yield from self._raw.iter_rows()
        except (CalamineError, OSError, ValueError) as error:
            raise archive.damaged() from error

    def above(self, header: Header) -> str:
        """What stands above a header: title, unit, the name of an account."""
        return " ".join(
            str(value) for row in self.head[: header.above] for value in row if not cells.empty(value)
        )


class Book:
    """A workbook that was looked over. Raises BadInput and TooLarge as `archive.check`."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._parts = archive.check(data, limits)
        try:
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        except (CalamineError, OSError, ValueError) as error:
            raise archive.damaged() from error

    def names(self) -> list[str]:
        """The visible sheets that hold cells, in order."""
        return [
            one.name
            for one in self._book.sheets_metadata
            if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
        ]

    def grid(self, name: str) -> Grid:
        """One sheet, also a hidden one. Raises BadInput."""
        try:
            raw = self._book.get_sheet_by_name(name)
            grid = Grid(
                name,
                raw.end[0] + 1 if raw.end else 0,
                [],
                _merged(raw),
                _wide(raw),
                self._parts.get(name, archive.Part()),
                raw,
            )
        except (CalamineError, OSError, ValueError) as error:
            raise archive.damaged() from error
        for row in grid.rows():
            grid.head.append(row)
            if len(grid.head) > HEADER_WITHIN:
                break
        return grid


def _merged(raw: CalamineSheet) -> dict[tuple[int, int], int]:
    found = {}
    for (top, left), (bottom, right) in raw.merged_cell_ranges or []:
        if left == right:
            for row in range(top + 1, min(bottom, top + MOST_MERGED) + 1):
                found[row, left] = top
    return found


def _wide(raw: CalamineSheet) -> dict[tuple[int, int], int]:
    """Merges among the first rows that go over several columns: titles, and groups above headers."""
    found: dict[tuple[int, int], int] = {}
    for (top, left), (_, right) in raw.merged_cell_ranges or []:
        if top < HEADER_WITHIN:
            found |= {(top, place): left for place in range(left + 1, min(right, left + MOST_WIDE) + 1)}
    return found


# --- headers --------------------------------------------------------------------------------------


def headers(grid: Grid) -> Iterator[Header]:
    """Every row among the first that may be a header, each also joined with the one below it: a header of
    two rows (a merged group above the names) counts as one."""
    for at, row in enumerate(grid.head[:HEADER_WITHIN]):
        yield Header(at, at + 1, row)
        if at + 1 < len(grid.head):
            below = grid.head[at + 1]
            joined = [
                lower if not cells.empty(lower) else upper for upper, lower in zip(row, below, strict=True)
            ]
            yield Header(at + 1, at + 2, joined, alone=False)


def known_header(grid: Grid, columns: Sequence[Column]) -> tuple[Header, dict[str, int]] | None:
    """The header in which most of the columns are found, and where they stand; None when there is none. A
    row by itself goes before one joined with the title above it."""
    best: tuple[Header, dict[str, int]] | None = None
    for header in headers(grid):
        places = find_columns(header.cells, columns)
        if places and (best is None or (len(places), header.alone) > (len(best[1]), best[0].alone)):
            best = header, places
    return best


def likely_header(grid: Grid) -> Header | None:
    """The row that looks most like a header although none of its columns is known: the first with most
    different words and no numbers. None when no row does."""
    best: Header | None = None
    for at, row in enumerate(grid.head[:HEADER_WITHIN]):
        words = {value.strip() for value in row if isinstance(value, str) and not cells.empty(value)}
        numbers = any(not isinstance(value, str) and value is not None for value in row)
        if numbers or len(words) < FEWEST_NAMES:
            continue
        if best is None or len(words) > sum(not cells.empty(value) for value in best.cells):
            best = Header(at, at + 1, row)
    return best


def find_columns(row: Cells, columns: Sequence[Column]) -> dict[str, int]:
    """Where each column stands: by its label, by a synonym, then without what stands in brackets."""
    places: dict[str, int] = {}
    for plain, wanted in _names_of(tuple(columns)):
        for at, value in enumerate(row):
            if not isinstance(value, str) or at in places.values():
                continue
            key = next((key for key in wanted.get(plain(value), ()) if key not in places), None)
            if key is not None:
                places[key] = at
    return places


_Pass = tuple[Callable[[str], str], Mapping[str, Sequence[str]]]


@lru_cache(maxsize=256)
def _names_of(columns: tuple[Column, ...]) -> tuple[_Pass, ...]:
    """What headers are compared with, pass by pass: name → the keys of the columns that bear it."""
    passes: list[_Pass] = []
    for plain, names in (
        (_name, lambda column: (column.label,)),
        (_name, lambda column: column.synonyms),
        (_bare, lambda column: (column.label, *column.synonyms)),
    ):
        wanted: dict[str, list[str]] = {}
        for column in columns:
            for name in dict.fromkeys(plain(one) for one in names(column)):
                if name:
                    wanted.setdefault(name, []).append(column.key)
        passes.append((plain, wanted))
    return tuple(passes)


def unknown(header: Header, places: Mapping[str, int]) -> list[str]:
    """The headers that stand for no column, as people see them."""
    known = set(places.values())
    return [
        f"{letters(at)} 列「{shown(value)}」"
        for at, value in enumerate(header.cells)
        if at not in known and not cells.empty(value)
    ]


def scales(
    grid: Grid, header: Header, columns: Sequence[Column], places: Mapping[str, int]
) -> dict[str, int]:
    """What the unit of each amount makes of a plain number (万元: 10,000): the unit in the column's header,
    else in the group or title merged above it, else the one above the table (单位：万元)."""
    above = _UNIT_ABOVE.search(_SPACED.sub("", unicodedata.normalize("NFKC", grid.above(header))))
    whole = _SCALES[above[1]] if above else 1
    found = {}
    for column in columns:
        if column.type == Type.MONEY and column.key in places:
            place = places[column.key]
            named = (_unit(value) for value in (header.cells[place], *_over(grid, header, place)))
            found[column.key] = next((scale for scale in named if scale), whole)
    return found


def _over(grid: Grid, header: Header, place: int) -> Iterator[Any]:
    """What stands above a column, the nearest first: groups merged over it, and titles alone in their row."""
    for row in reversed(range(header.above)):
        above = grid.head[row]
        alone = sum(not cells.empty(value) for value in above) == 1
        yield above[0] if alone and not cells.empty(above[0]) else above[grid.wide.get((row, place), place)]


def _unit(value: Any) -> int | None:
    """The scale of the unit in a header: 合同金额（万元/年）, 总价/万元."""
    own = _UNIT.search(_name(value)) if isinstance(value, str) else None
    if own is None:
        return None
    unit = own[1] or own[2]
    return _SCALES[unit if unit.endswith("元") else f"{unit}元"]


def _name(header: str) -> str:
    folded = re.sub(r"[\s*:]+", "", unicodedata.normalize("NFKC", header)).lower()
    return folded.replace("[", "(").replace("]", ")")


def _bare(header: str) -> str:
    return _BRACKETS.sub("", _name(header))
