"""Spreadsheets in and out (导入导出). In: `read` finds a table by its header row and checks each cell, with
errors that name cells as people see them. Out: `template`, `workbook`, `marked`, `csv_lines`; nothing that
is written is ever run as a formula."""

from app.core.sheets.cells import Unreadable
from app.core.sheets.columns import Column, Limits, Row, RowError, Sheet, Type, address, letters
from app.core.sheets.reading import DEFAULT_LIMITS, raw_rows, read
from app.core.sheets.writing import (
    CSV_MIME,
    MIME,
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
    "MIME",
    "Column",
    "Limits",
    "Row",
    "RowError",
    "Sheet",
    "Table",
    "Type",
    "Unreadable",
    "address",
    "csv_lines",
    "defused",
    "letters",
    "marked",
    "plain",
    "raw_rows",
    "read",
    "template",
    "workbook",
]
