"""Reading a table from a workbook: finding its header row by names, then row by row with addresses."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from app.core.errors import BadInput
from app.core.sheets import archive, cells
from app.core.sheets.columns import Column, Limits, Row, RowError, Sheet, Type, address, letters, shown

HEADER_WITHIN = 20
DEFAULT_LIMITS = Limits()
Progress = Callable[[int, int], None]
_UNIT = re.compile(r"[(\[](?:单位:)?(元|百元|千元|万元)[)\]]")
_BRACKETS = re.compile(r"[(\[][^)\]]*[)\]]")
_SCALES = {"元": 1, "百元": 100, "千元": 1000, "万元": 10_000}
_Cells = list[list[Any]]


def read(
    data: bytes,
    columns: Sequence[Column],
    *,
    sheet: str = "",
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Sheet:
    """The table with these columns in a workbook, its rows checked one by one; what is wrong with cells is
    in `errors`, and such rows are left out.

    Hidden sheets are passed over; formulas count with their last computed result. `sheet` names the one to
    prefer, else it is the first in which the header row is found. Raises BadInput when the file is no
    workbook or a required column is missing (`sheet.header_missing`), TooLarge beyond `limits`."""
    seen = archive.check(data, limits)
    found = _find(_open(data), columns, sheet)
    part = seen.get(found.sheet.name, archive.Part())
    found.sheet.formulas = part.formulas
    _Reader(found, columns, limits, part.broken).run(progress)
    return found.sheet


def _open(data: bytes) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data))
    except (CalamineError, OSError, ValueError) as error:
        raise archive.damaged() from error


class _Found:
    """A sheet whose header row is known, with its raw cells and the merged ones."""

    def __init__(
        self, sheet: Sheet, rows: _Cells, scales: dict[str, int], merged: dict[tuple[int, int], int]
    ):
        self.sheet = sheet
        self.rows = rows
        self.scales = scales
        self.merged = merged


def _find(book: CalamineWorkbook, columns: Sequence[Column], wanted: str) -> _Found:
    visible = [
        one.name
        for one in book.sheets_metadata
        if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
    ]
    visible.sort(key=lambda name: name != wanted)  # stable: the wanted one first
    best: _Found | None = None
    for name in visible:
        try:
            raw = book.get_sheet_by_name(name)
            found = _in_sheet(name, raw, columns)
        except (CalamineError, OSError, ValueError) as error:
            raise archive.damaged() from error
        if found is not None and (best is None or len(found.sheet.places) > len(best.sheet.places)):
            best = found
        if best is found is not None and not _missing(found.sheet, columns):
            break
    missing = _missing(best.sheet, columns) if best else [column for column in columns if column.required]
    if best is None or missing:
        names = "、".join(f"「{column.label}」" for column in missing or columns)
        raise BadInput(
            "sheet.header_missing",
            f"没有找到表头或缺少列：{names}。请用下载的模板填写，不要改动表头。",
            columns=[column.label for column in missing or columns],
        )
    return best


def _missing(sheet: Sheet, columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if column.required and column.key not in sheet.places]


def _in_sheet(name: str, raw: CalamineSheet, columns: Sequence[Column]) -> _Found | None:
    """The header row is the one among the first in which most columns are found; a header of two rows (a
    merged group above the names) counts as one."""
    rows: _Cells = raw.to_python(skip_empty_area=False)
    candidates: list[tuple[int, int, list[Any]]] = []
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        candidates.append((at, at + 1, row))
        if at + 1 < len(rows):
            below = rows[at + 1]
            joined = [
                lower if not cells.empty(lower) else upper for upper, lower in zip(row, below, strict=True)
            ]
            candidates.append((at, at + 2, joined))
    best: tuple[int, int, list[Any], dict[str, int]] | None = None
    for first, end, row in candidates:
        places = _places(row, columns)
        if places and (best is None or len(places) > len(best[3])):
            best = (first, end, row, places)
    if best is None:
        return None
    _, end, row, places = best
    headers = {key: str(row[place]).strip() for key, place in places.items()}
    known = set(places.values())
    sheet = Sheet(name=name, header_row=end, places=places, headers=headers)
    sheet.unknown = [
        f"{letters(at)} 列「{shown(value)}」"
        for at, value in enumerate(row)
        if at not in known and not cells.empty(value)
    ]
    scales = {
        column.key: _scale(headers[column.key])
        for column in columns
        if column.type == Type.MONEY and column.key in headers
    }
    return _Found(sheet, rows, scales, _merged(raw))


def _places(row: list[Any], columns: Sequence[Column]) -> dict[str, int]:
    """Where each column stands: by its label, by a synonym, then without what stands in brackets."""
    places: dict[str, int] = {}
    passes: tuple[tuple[Callable[[str], str], Callable[[Column], tuple[str, ...]]], ...] = (
        (_name, lambda column: (column.label,)),
        (_name, lambda column: column.synonyms),
        (_bare, lambda column: (column.label, *column.synonyms)),
    )
    for plain, names in passes:
        for at, value in enumerate(row):
            if not isinstance(value, str) or at in places.values() or not plain(value):
                continue
            for column in columns:
                if column.key not in places and plain(value) in {plain(label) for label in names(column)}:
                    places[column.key] = at
                    break
    return places


def _name(header: str) -> str:
    folded = re.sub(r"[\s*:]+", "", unicodedata.normalize("NFKC", header)).lower()
    return folded.replace("[", "(").replace("]", ")")


def _bare(header: str) -> str:
    return _BRACKETS.sub("", _name(header))


def _scale(header: str) -> int:
    match = _UNIT.search(_name(header))
    return _SCALES[match[1]] if match else 1


def _merged(raw: CalamineSheet) -> dict[tuple[int, int], int]:
    """For each cell below the first one of a vertical merge: the row of the first one (all from 0)."""
    found = {}
    for (top, left), (bottom, right) in raw.merged_cell_ranges or []:
        if left == right:
            for row in range(top + 1, min(bottom, top + 5000) + 1):
                found[row, left] = top
    return found


class _Reader:
    """Goes through the rows below the header."""

    def __init__(
        self, found: _Found, columns: Sequence[Column], limits: Limits, broken: Collection[str]
    ) -> None:
        self._found = found
        self._broken = broken
        self._sheet = found.sheet
        self._columns = [column for column in columns if column.key in found.sheet.places]
        self._limits = limits

    def run(self, progress: Progress | None) -> None:
        sheet, rows = self._sheet, self._found.rows
        telling = [sheet.places[column.key] for column in self._columns if not column.prefilled]
        for at in range(sheet.header_row, len(rows)):
            if progress is not None and at % 500 == 0:
                progress(at, len(rows))
            if all(cells.empty(rows[at][place]) for place in telling):
                continue
            self._row(at)
            if len(sheet.errors) >= self._limits.max_errors:
                sheet.cut_short = True
                return

    def _row(self, at: int) -> None:
        values: dict[str, Any] = {}
        errors: list[RowError] = []
        for column in self._columns:
            raw = self._found.rows[at][self._sheet.places[column.key]]
            try:
                values[column.key] = self._value(column, at, raw)
            except cells.Unreadable as error:
                errors.append(self._sheet.error(column, at + 1, raw, error.problem, error.remedy))
        self._sheet.errors += errors
        (self._sheet.partial if errors else self._sheet.rows).append(Row(at + 1, values))

    def _value(self, column: Column, at: int, raw: Any) -> Any:
        place = self._sheet.places[column.key]
        if address(place, at + 1) in self._broken:  # the reader gives such a cell as an empty one
            raise cells.Unreadable("公式出错", "请改正公式，或直接填写结果")
        if cells.empty(raw) and (at, place) in self._found.merged:
            first = self._found.merged[at, place]
            if not column.spread:
                start = address(place, first + 1)
                raise cells.Unreadable(f"和 {start} 合并成了一格", "请取消合并，每一行单独填写")
            raw = self._found.rows[first][place] if first >= self._sheet.header_row else raw
        if cells.empty(raw):
            if column.required:
                raise cells.Unreadable("没有填写", "这一列每一行都要填")
            return None
        return cells.convert(column, raw, scale=self._found.scales.get(column.key, 1))


def raw_rows(data: bytes, sheet: str, limits: Limits = DEFAULT_LIMITS) -> _Cells:
    """All cells of one sheet as they are, for writing it anew with remarks. Raises as `read`."""
    archive.check(data, limits)
    try:
        rows: _Cells = _open(data).get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as error:
        raise archive.damaged() from error
    return rows
