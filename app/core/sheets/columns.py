"""What a table in a workbook is expected to hold: columns, limits, and what can be wrong with a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from app.core import pii, text

MEGABYTE = 1024 * 1024
LONGEST_SHOWN = 20


class Type(StrEnum):
    """text 文字, long_text 长文字, whole 整数, number 数, money 金额 (fen), date 日期, month 2026-03,
    quarter 2026-Q1, year 2026, yes_no 是否, choice 从选项中选."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    WHOLE = "whole"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    YES_NO = "yes_no"
    CHOICE = "choice"


@dataclass(frozen=True)
class Column:
    """One column, found by its label or a synonym in the header row.

    `options` are what a choice may be, as written in the sheet, `spellings` (written, option) what else
    people write for one; a number may carry its `unit`; `secret` values are never repeated in an error; a
    vertically merged cell counts for all its rows only in columns that `spread`; a row in which only
    `prefilled` columns stand is none; `group` is written above the headers of columns that belong together.
    """

    key: str
    label: str
    type: Type = Type.TEXT
    required: bool = False
    synonyms: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    help: str = ""
    longest: int = 200
    unit: str = ""
    group: str = ""
    secret: bool = False
    spread: bool = False
    prefilled: bool = False
    spellings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Limits:
    """How large a workbook may be: bytes as sent and as unpacked, rows and columns that hold something."""

    max_bytes: int = 10 * MEGABYTE
    max_unpacked: int = 120 * MEGABYTE
    max_rows: int = 20_000
    max_columns: int = 60
    max_errors: int = 500


@dataclass(frozen=True)
class RowError:
    """What is wrong with one cell: where (`B7`), under which header, what stands there (cut, personal data
    masked), what is wrong, and what to do."""

    cell: str
    header: str
    value: str
    problem: str
    remedy: str

    @property
    def message(self) -> str:
        """All of it in one sentence."""
        shown = f"「{self.value}」" if self.value else ""
        head = f"{self.cell} {self.header}" if self.header else self.cell
        return f"{head}{shown}：{self.problem}，{self.remedy}。"

    def as_json(self) -> dict[str, str]:
        """For storing and answering."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, str]) -> RowError:
        """Back from `as_json`."""
        return cls(**{name: str(data.get(name, "")) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Row:
    """One row below the header: its number in the sheet, and what it holds by column key."""

    number: int
    values: dict[str, Any]


@dataclass
class Sheet:
    """A table as it was read; `partial` are the rows with errors, as far as they could be read. `places` are
    column numbers (from 0) by key; `unknown` are headers that stand for no column; `formulas` counts cells
    whose last computed result was read."""

    name: str
    header_row: int
    places: dict[str, int]
    headers: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    partial: list[Row] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    formulas: int = 0
    cut_short: bool = False

    def cell(self, key: str, number: int) -> str:
        """The address of a column in row `number`: B7; of an absent column the row's first cell."""
        return address(self.places.get(key, 0), number)

    def error(self, column: Column, number: int, value: object, problem: str, remedy: str) -> RowError:
        """An error about `column` in row `number`."""
        return RowError(
            self.cell(column.key, number),
            self.headers.get(column.key, column.label),
            shown(value, secret=column.secret),
            problem,
            remedy,
        )


def letters(column: int) -> str:
    """The letters of a column counted from 0: A, Z, AA."""
    name, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_number(name: str) -> int:
    """The number of a column from 0: A → 0, AA → 26."""
    number = 0
    for letter in name.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def address(column: int, row: int) -> str:
    """The address of a cell: column from 0, row from 1."""
    return f"{letters(column)}{row}"


def shown(value: object, *, secret: bool = False) -> str:
    """A value as an error may repeat it: one line, cut, without personal data."""
    if value in (None, ""):
        return ""
    return "***" if secret else text.cut(pii.mask(text.one_line(str(value))), LONGEST_SHOWN)
