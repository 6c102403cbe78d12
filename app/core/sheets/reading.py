"""Reading a table from a workbook: finding its header row by names, then row by row with addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.errors import BadInput
from app.core.sheets import cells
from app.core.sheets.columns import Column, Limits, Row, RowError, Sheet, address
from app.core.sheets.grids import Book, Cells, Grid, Header, known_header, scales, unknown

DEFAULT_LIMITS = Limits()
EVERY = 500  # rows between two reports of progress
Progress = Callable[[int, int], None]


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
    table = _find(Book(data, limits), columns, sheet)
    found = table.sheet
    for line in table.lines():
        if progress is not None and line.number % EVERY == 0:
            progress(line.number, table.height)
        if table.blank(line):
            continue
        found.errors += line.errors
        (found.partial if line.errors else found.rows).append(Row(line.number, line.values))
        if len(found.errors) >= limits.max_errors:
            found.cut_short = True
            break
    return found


def _find(book: Book, columns: Sequence[Column], wanted: str) -> TableReader:
    visible = sorted(book.names(), key=lambda name: name != wanted)  # stable: the wanted one first
    best: TableReader | None = None
    for name in visible:
        grid = book.grid(name)
        known = known_header(grid, columns)
        if known is None or (best is not None and len(known[1]) <= len(best.sheet.places)):
            continue
        best = TableReader(grid, known[0], known[1], columns)
        if not missing(best.sheet.places, columns):
            break
    absent = missing(best.sheet.places if best else {}, columns)
    if best is None or absent:
        names = "、".join(f"「{column.label}」" for column in absent or columns)
        raise BadInput(
            "sheet.header_missing",
            f"没有找到表头或缺少列：{names}。请用下载的模板填写，不要改动表头。",
            columns=[column.label for column in absent or columns],
        )
    return best


def missing(places: Mapping[str, int], columns: Sequence[Column]) -> list[Column]:
    """The required columns that were not found."""
    return [column for column in columns if column.required and column.key not in places]


@dataclass(frozen=True)
class Line:
    """One row below the header: its number in the sheet, its cells as they are, what they hold by column key,
    and what is wrong."""

    number: int
    cells: Cells
    values: dict[str, Any]
    errors: list[RowError]


class TableReader:
    """A table in a sheet: its header, where its columns stand, and its rows, checked one by one."""

    def __init__(
        self, grid: Grid, header: Header, places: Mapping[str, int], columns: Sequence[Column]
    ) -> None:
        headers = {key: str(header.cells[place]).strip() for key, place in places.items()}
        self.sheet = Sheet(grid.name, header.end, dict(places), headers)
        self.sheet.unknown = unknown(header, places)
        self.sheet.formulas = grid.part.formulas
        self.height = grid.height
        self._grid = grid
        self._header = header
        self._scales = scales(grid, header, columns, places)
        self._columns = [(column, places[column.key]) for column in columns if column.key in places]
        self._telling = [place for column, place in self._columns if not column.prefilled]
        self._tops = {(first, place) for (_, place), first in grid.merged.items()}
        self._seen: dict[tuple[int, int], Any] = {}

    def lines(self) -> Iterator[Line]:
        """The rows below the header, blank ones too. Raises BadInput when the sheet is damaged."""
        for at, row in enumerate(self._grid.rows()):
            if self._tops:
                self._remember(at, row)
            if at >= self._header.end:
                yield self._line(at, row)

    def blank(self, line: Line) -> bool:
        """Whether nothing stands in any column that tells something."""
        return all(cells.empty(line.cells[place]) for place in self._telling)

    def again(self, line: Line) -> bool:
        """Whether the row is the header once more, as on a further printed page."""
        names = [self._header.cells[place] for _, place in self._columns]
        return names == [line.cells[place] for _, place in self._columns]

    def _remember(self, at: int, row: Cells) -> None:
        for place in range(len(row)):
            if (at, place) in self._tops:
                self._seen[at, place] = row[place]

    def _line(self, at: int, row: Cells) -> Line:
        values: dict[str, Any] = {}
        errors: list[RowError] = []
        for column, place in self._columns:
            try:
                values[column.key] = self._value(column, at, place, row[place])
            except cells.Unreadable as error:
                errors.append(self.sheet.error(column, at + 1, row[place], error.problem, error.remedy))
        return Line(at + 1, row, values, errors)

    def _value(self, column: Column, at: int, place: int, raw: Any) -> Any:
        broken = self._grid.part.broken
        if broken and address(place, at + 1) in broken:  # the reader gives such a cell as an empty one
            raise cells.Unreadable("公式出错", "请改正公式、算出结果后保存，或直接填写结果")
        if cells.empty(raw) and (at, place) in self._grid.merged:
            first = self._grid.merged[at, place]
            if not column.spread:
                start = address(place, first + 1)
                raise cells.Unreadable(f"和 {start} 合并成了一格", "请取消合并，每一行单独填写")
            raw = self._seen[first, place] if first >= self.sheet.header_row else raw
        if cells.empty(raw):
            if column.required:
                raise cells.Unreadable("没有填写", "这一列每一行都要填")
            return None
        return cells.convert(column, raw, scale=self._scales.get(column.key, 1))


def raw_rows(data: bytes, sheet: str, limits: Limits = DEFAULT_LIMITS) -> list[Cells]:
    """All cells of one sheet as they are, for writing it anew with remarks. Raises as `read`."""
    return list(Book(data, limits).grid(sheet).rows())
