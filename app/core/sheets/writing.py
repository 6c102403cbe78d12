"""Writing workbooks and CSV that nobody's spreadsheet runs: every text is written as text.

CSV has no text cells, so a text that a spreadsheet would take for a formula gets an apostrophe before it
(OWASP, "CSV Injection"); numbers keep their minus."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from app.core.sheets.columns import Column, RowError, Type, column_number, letters

BOM = "\ufeff"
MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_MIME = "text/csv; charset=utf-8"
NOTES = "说明"
ERRORS = "错误"
REASONS = "问题"
_FONT = "微软雅黑"
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"-?\d{1,3}(?:,?\d{3})*(?:\.\d+)?")
_LONGEST_CELL = 32_767
_LONGEST_LIST = 255  # of a validation list written out in a cell rule
_BLANK_ROWS = 500


@dataclass(frozen=True)
class Table:
    """A sheet to write: its columns and the rows by column key; `choices` are lists offered in cells."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[dict[str, Any]] = ()
    choices: dict[str, Sequence[str]] = field(default_factory=dict)


def template(table: Table, notes: Sequence[str]) -> bytes:
    """A workbook to fill in: the sheet with its header row and prefilled rows, lists to choose from, a
    「说明」 sheet with what each column takes, and `notes` before that."""
    out = io.BytesIO()
    with _book(out) as book:
        styles = _Styles(book)
        sheet = book.add_worksheet(table.title[:31])
        head = last = _groups(sheet, table.columns, styles)
        _header(sheet, table.columns, styles, at=head)
        for last, values in enumerate(table.rows, start=head + 1):
            _write_row(sheet, last, [values.get(column.key) for column in table.columns], styles)
        lists = _Lists(book)
        for at, column in enumerate(table.columns):
            offered = _offered(column, table.choices)
            if offered:
                lists.offer(sheet, at, offered, head + 1, last + _BLANK_ROWS)
        _notes(book.add_worksheet(NOTES), table.columns, notes, styles)
        lists.write()
    return out.getvalue()


def workbook(tables: Iterable[Table]) -> bytes:
    """A workbook to read: one sheet per table, written row by row."""
    out = io.BytesIO()
    with _book(out, constant_memory=True) as book:
        styles = _Styles(book)
        for table in tables:
            sheet = book.add_worksheet(table.title[:31])
            _header(sheet, table.columns, styles)
            for at, values in enumerate(table.rows, start=1):
                _write_row(sheet, at, [values.get(column.key) for column in table.columns], styles)
    return out.getvalue()


@dataclass(frozen=True)
class Page:
    """A sheet that was sent, to be sent back: its rows with their numbers (from 1), what is wrong with its
    cells, and the number of its header row."""

    title: str
    rows: Iterable[tuple[int, Sequence[Any]]]
    errors: Sequence[RowError]
    header_row: int = 0


def marked(pages: Sequence[Page]) -> bytes:
    """The sheets that were sent, with the cells in question in red, what is wrong in a comment and in a
    column 「问题」 behind the last one, and a 「错误」 sheet that lists all of it."""
    out = io.BytesIO()
    with _book(out) as book:
        styles = _Styles(book)
        for page in pages:
            _marked(book.add_worksheet(page.title[:31]), page, styles)
        several = len(pages) > 1
        labels = ("位置", "列", "内容", "问题", "怎么改", *(["工作表"] if several else []))
        listed = book.add_worksheet(ERRORS)
        _header(listed, [Column(key=name, label=name) for name in labels], styles)
        found = [(page.title, error) for page in pages for error in page.errors]
        for at, (title, error) in enumerate(found, start=1):
            cells = [error.cell, error.header, error.value, error.problem, error.remedy, title]
            _write_row(listed, at, cells if several else cells[:-1], styles)
    return out.getvalue()


def _marked(sheet: Worksheet, page: Page, styles: _Styles) -> None:
    wrong: dict[int, dict[int, RowError]] = {}
    for error in page.errors:
        name = error.cell.rstrip("0123456789")
        wrong.setdefault(int(error.cell[len(name) :]), {})[column_number(name)] = error
    for at, (number, row) in enumerate(page.rows):
        found = wrong.get(number, {})
        for place, value in enumerate(row):
            _write(sheet, at, place, value, styles, styles.wrong if place in found else None)
        for place, error in found.items():
            remark = f"{error.problem}，{error.remedy}。"
            sheet.write_comment(at, place, remark, {"author": "码上工程"})
        if number == page.header_row:
            sheet.write_string(at, len(row), REASONS, styles.head)
        elif found:
            reasons = "；".join(
                f"{one.header or one.cell}：{one.problem}，{one.remedy}" for one in found.values()
            )
            sheet.write_string(at, len(row), reasons[:_LONGEST_CELL], styles.text)


def csv_lines(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """CSV line by line: UTF-8 with a BOM, as Excel wants it, CRLF, formulas defused."""
    buffer = io.StringIO(BOM)
    buffer.seek(len(BOM))
    writer = csv.writer(buffer)
    writer.writerow([defused(header) for header in headers])
    yield _taken(buffer)
    for row in rows:
        writer.writerow([defused(value) for value in row])
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    line = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return line


def defused(value: Any) -> str:
    """A value as a CSV field that no spreadsheet runs."""
    words = plain(value)
    return f"'{words}" if words.startswith(_RISKY) and not _NUMBER.fullmatch(words) else words


def plain(value: Any) -> str:
    """A value as text: 是/否 for truth values, ISO days, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return value.isoformat() if isinstance(value, date) else str(value)


def _book(out: io.BytesIO, **options: Any) -> xlsxwriter.Workbook:
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return xlsxwriter.Workbook(out, {**safe, **options})


class _Styles:
    def __init__(self, book: xlsxwriter.Workbook) -> None:
        base = {"font_name": _FONT, "font_size": 11}
        head = {
            **base,
            "bold": True,
            "bg_color": "#FCEBEA",
            "border": 1,
            "text_wrap": True,
            "valign": "vcenter",
        }
        self.head: Format = book.add_format(head)
        self.needed: Format = book.add_format({**head, "font_color": "#C8161D"})
        # Text format throughout: Excel must not make dates of 3-5 or floats of long numbers.
        self.text: Format = book.add_format({**base, "num_format": "@"})
        self.day: Format = book.add_format({**base, "num_format": "yyyy-mm-dd"})
        self.number: Format = book.add_format(base)
        self.wrapped: Format = book.add_format({**base, "text_wrap": True, "valign": "top"})
        self.wrong: Format = book.add_format({**base, "bg_color": "#FFC7CE", "font_color": "#9C0006"})


def _groups(sheet: Worksheet, columns: Sequence[Column], styles: _Styles) -> int:
    """The row of group names above the headers, if there are any; in which row the headers stand."""
    at = 0
    for name, members in groupby(columns, key=lambda column: column.group):
        width = len(list(members))
        if name and width > 1:
            sheet.merge_range(0, at, 0, at + width - 1, name, styles.head)
        elif name:
            sheet.write_string(0, at, name, styles.head)
        at += width
    return 1 if any(column.group for column in columns) else 0


def _header(sheet: Worksheet, columns: Sequence[Column], styles: _Styles, *, at: int = 0) -> None:
    free = (Type.MONEY, Type.NUMBER, Type.WHOLE)
    for place, column in enumerate(columns):
        width = min(max(len(column.label) * 2 + 4, 12), 40)
        style = {Type.DATE: styles.day}.get(
            column.type, styles.number if column.type in free else styles.text
        )
        sheet.set_column(place, place, width, style)
        mark = "*" if column.required else ""
        sheet.write_string(at, place, column.label + mark, styles.needed if column.required else styles.head)
    sheet.freeze_panes(at + 1, 0)


def _write_row(sheet: Worksheet, at: int, values: Sequence[Any], styles: _Styles) -> None:
    for place, value in enumerate(values):
        _write(sheet, at, place, value, styles)


def _write(
    sheet: Worksheet, at: int, place: int, value: Any, styles: _Styles, style: Format | None = None
) -> None:
    if value is None or value == "":
        if style is not None:
            sheet.write_blank(at, place, None, style)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        sheet.write_number(at, place, value, style or styles.number)
    elif isinstance(value, date):
        sheet.write_string(at, place, plain(value)[:19], style or styles.text)
    else:
        sheet.write_string(at, place, plain(value)[:_LONGEST_CELL], style or styles.text)


def _offered(column: Column, choices: dict[str, Sequence[str]]) -> Sequence[str]:
    if column.key in choices:
        return choices[column.key]
    return ("是", "否") if column.type == Type.YES_NO else column.options


class _Lists:
    """Lists to choose from; long ones, and those with a comma, stand in a hidden sheet."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._stored: list[Sequence[str]] = []

    def offer(self, sheet: Worksheet, place: int, options: Sequence[str], first: int, last: int) -> None:
        short = sum(len(option) + 1 for option in options) <= _LONGEST_LIST
        if short and not any("," in option for option in options):
            source: Any = list(options)
        else:
            self._stored.append(options)
            column = letters(len(self._stored) - 1)
            source = f"=选项!${column}$1:${column}${len(options)}"
        sheet.data_validation(
            first,
            place,
            last,
            place,
            {
                "validate": "list",
                "source": source,
                "error_title": "请从列表中选",
                "error_message": "这一格只能填列表里的内容。",
            },
        )

    def write(self) -> None:
        """The hidden sheet, if it is needed."""
        if not self._stored:
            return
        sheet = self._book.add_worksheet("选项")
        for place, options in enumerate(self._stored):
            for at, option in enumerate(options):
                sheet.write_string(at, place, option)
        sheet.very_hidden()


_TAKES = {
    Type.TEXT: "文字",
    Type.LONG_TEXT: "文字，可以多行",
    Type.WHOLE: "整数",
    Type.NUMBER: "数字",
    Type.MONEY: "金额，如 1234.50 或 1.5万元",
    Type.DATE: "日期，如 2026-03-05 或 2026年3月5日",
    Type.MONTH: "月份，如 2026-03 或 2026年3月",
    Type.QUARTER: "季度，如 2026-Q1 或 2026年第1季度",
    Type.YEAR: "年份，如 2026",
    Type.YES_NO: "是 或 否",
    Type.CHOICE: "从列表中选",
}


def _notes(sheet: Worksheet, columns: Sequence[Column], notes: Sequence[str], styles: _Styles) -> None:
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 8)
    sheet.set_column(2, 2, 34)
    sheet.set_column(3, 3, 60)
    at = 0
    for note in notes:
        sheet.merge_range(at, 0, at, 3, "", styles.wrapped)
        sheet.write_string(at, 0, note, styles.wrapped)
        at += 1
    for place, label in enumerate(("列", "必填", "填什么", "说明")):
        sheet.write_string(at + 1, place, label, styles.head)
    for row, column in enumerate(columns, start=at + 2):
        needed = "必填" if column.required else ""
        for place, words in enumerate((column.label, needed, _TAKES[column.type], column.help)):
            sheet.write_string(row, place, words, styles.wrapped)
