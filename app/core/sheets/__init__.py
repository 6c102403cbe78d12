"""Spreadsheets in and out (导入导出). In: `read` finds a table by its header row and checks each cell, with
errors that name cells as people see them. Out: `template`, `workbook`, `marked`, `csv_lines`; nothing that
is written is ever run as a formula."""

from app.core.sheets.cells import Unreadable
from app.core.sheets.columns import Column, Limits, Row, RowError, Sheet, Type, address, letters
from app.core.sheets.grids import Book, Grid, Header, find_columns, known_header, likely_header
from app.core.sheets.reading import DEFAULT_LIMITS, Line, TableReader, missing, raw_rows, read
from app.core.sheets.writing import (
    CSV_MIME,
    ERRORS,
    MIME,
    NOTES,
    REASONS,
    Page,
    Table,
    csv_lines,
    defused,
    marked,
    plain,
    template,
    workbook,
)

__all__ = [
    "CSV_MIME",
    "DEFAULT_LIMITS",
    "ERRORS",
    "MIME",
    "NOTES",
    "REASONS",
    "Book",
    "Column",
    "Grid",
    "Header",
    "Limits",
    "Line",
    "Page",
    "Row",
    "RowError",
    "Sheet",
    "Table",
    "TableReader",
    "Type",
    "Unreadable",
    "address",
    "csv_lines",
    "defused",
    "find_columns",
    "known_header",
    "letters",
    "likely_header",
    "marked",
    "missing",
    "plain",
    "raw_rows",
    "read",
    "template",
    "workbook",
]
