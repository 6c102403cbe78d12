"""How a ledger is declared: its fields, how they are written, its natural key, what a row must obey."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from app.core import clock
from app.core.errors import BadInput, Conflict, NotFound
from app.core.sheets import Column, Type

Choice = TypeVar("Choice", bound=StrEnum)
Values = dict[str, Any]
"""A row of a ledger by the names of its model's attributes."""

FIRST_DAY, LATEST_YEARS = date(1980, 1, 1), 1


@dataclass(frozen=True)
class Field:
    """One field: how it is headed in a sheet, and where it is kept.

    `attribute` of the model ("" where it is only read); `words` are a choice's members and what a sheet
    calls them; `link` is the ledger whose row this field names by number; `reads` makes the value out of
    what was typed (raises BadInput); `person`: an identity number, of which a digest is kept; `signed`: an
    amount may be negative; `example` for the documents."""

    column: Column
    attribute: str
    words: tuple[tuple[StrEnum, str], ...] = ()
    link: str = ""
    reads: Callable[[Any], Any] | None = None
    person: bool = False
    signed: bool = False
    asked: bool = True
    example: Any = None

    @property
    def key(self) -> str:
        """The key by which its value is passed."""
        return self.column.key

    @cached_property
    def kind(self) -> type[StrEnum] | None:
        """The choice's type."""
        return type(self.words[0][0]) if self.words else None

    @cached_property
    def by_word(self) -> dict[str, StrEnum]:
        """A choice's members by the words of a sheet, other words for them, and their own values."""
        own = {word: member for member, word in self.words}
        other = {written: own[word] for written, word in self.column.spellings}
        return other | own | {str(member): member for member, _ in self.words}

    def shown(self, value: Any) -> Any:
        """A stored value as a sheet would have it: a choice in words."""
        return next((word for member, word in self.words if member == value), value)


Derive = Callable[[Values], None]
Check = Callable[[Values], Iterable[BadInput]]


def _nothing(values: Values) -> None:
    """Nothing is derived."""


def _unchecked(values: Values) -> Iterable[BadInput]:
    return ()


def number_taken(values: Values) -> Conflict:
    """The number is in use, as most ledgers say it."""
    return Conflict("ledger.number_taken", "本村这本台账里已有同样编号或同一对象的记录，请核对后换一个编号。")


def link_unknown(one: Field) -> BadInput:
    """A number that names nothing in this village, as most ledgers say it."""
    return BadInput(
        "ledger.link_unknown",
        f"本村没有这个{one.column.label}，请先录入它，或核对编号。",
        field=one.key,
    )


def row_missing() -> NotFound:
    """No such row, or none that the caller may know of, as most ledgers say it."""
    return NotFound("ledger.row_not_found", "没有找到这条台账记录，可能不属于您负责的村社。")


@dataclass(frozen=True)
class Ledger:
    """A ledger (台账) of villages.

    `natural`: what tells its rows apart within a village; `fixed`: attributes that never change once entered
    (a wrong row is voided and entered anew); `lines`: several rows may share a number, told apart by `line`;
    `derive` completes the values, `check` yields what is wrong with them; `day`: by which lists are ordered
    ("" is the day of entry); `searched`: the attributes that words are looked for in; `since`: a state and
    the day from which it holds, today where nobody says."""

    key: str
    title: str
    model: type[Any]
    fields: tuple[Field, ...]
    natural: tuple[str, ...]
    searched: tuple[str, ...]
    day: str = ""
    fixed: tuple[str, ...] = ()
    lines: bool = False
    derive: Derive = _nothing
    check: Check = _unchecked
    taken: Callable[[Values], Conflict] = number_taken
    unknown: Callable[[Field], BadInput] = link_unknown
    missing: Callable[[], NotFound] = row_missing
    derived: tuple[str, ...] = ()
    since: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of its sheet."""
        return tuple(one.column for one in self.fields if one.asked)

    @cached_property
    def noun(self) -> str:
        """Its name in the audit trail."""
        name: str = self.model.__tablename__
        return name

    @cached_property
    def by_key(self) -> dict[str, Field]:
        """Its fields by their keys, and by the attributes that they fill."""
        return {one.attribute: one for one in self.fields if one.attribute} | {
            one.key: one for one in self.fields
        }

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """What is stored of a row, without what every ledger has."""
        entered = [one.attribute for one in self.fields if one.attribute]
        return tuple(dict.fromkeys([*entered, *self.derived]))


# --- fields ---------------------------------------------------------------------------------------


def text(
    key: str,
    label: str,
    *synonyms: str,
    required: bool = False,
    longest: int = 200,
    help: str = "",
    reads: Callable[[Any], Any] | None = None,
    example: Any = None,
    asked: bool = True,
) -> Field:
    """Words; of more than 200 characters they may have lines."""
    kind = Type.LONG_TEXT if longest > 200 else Type.TEXT
    column = Column(key, label, kind, required=required, synonyms=synonyms, longest=longest, help=help)
    return Field(column, key, reads=reads, example=example, asked=asked)


def of_type(kind: Type) -> Callable[..., Field]:
    """A maker of fields of one type."""

    def make(
        key: str,
        label: str,
        *synonyms: str,
        required: bool = False,
        help: str = "",
        example: Any = None,
        signed: bool = False,
        unit: str = "",
    ) -> Field:
        column = Column(key, label, kind, required=required, synonyms=synonyms, help=help, unit=unit)
        return Field(column, key, example=example, signed=signed)

    return make


day = of_type(Type.DATE)
money = of_type(Type.MONEY)
whole = of_type(Type.WHOLE)
number = of_type(Type.NUMBER)
yes_no = of_type(Type.YES_NO)
month = of_type(Type.MONTH)
year = of_type(Type.YEAR)


def choice(
    key: str,
    label: str,
    words: Mapping[Choice, str],
    *synonyms: str,
    required: bool = False,
    help: str = "",
    example: Any = None,
) -> Field:
    """One of several; `words`: what the sheet calls each, with what else people write behind 「|」."""
    pairs = [(member, written.split("|")) for member, written in words.items()]
    return Field(
        Column(
            key,
            label,
            Type.CHOICE,
            required=required,
            synonyms=synonyms,
            options=tuple(names[0] for _, names in pairs),
            spellings=tuple((other, names[0]) for _, names in pairs for other in names[1:]),
            help=help,
        ),
        key,
        words=tuple((member, names[0]) for member, names in pairs),
        example=example,
    )


def link(
    key: str, label: str, attribute: str, to: str, *synonyms: str, required: bool = False, help: str = ""
) -> Field:
    """Names a row of another ledger of the same village by its number."""
    column = Column(
        key, label, required=required, synonyms=synonyms, longest=60, help=help or "填本村台账里的编号"
    )
    return Field(column, attribute, link=to)


def person(key: str, label: str, attribute: str, *synonyms: str) -> Field:
    """An identity number; only a digest is kept."""
    help_ = "只用来比对是不是同一个人，系统不保存号码"
    return Field(
        Column(key, label, synonyms=synonyms, secret=True, help=help_, longest=40), attribute, person=True
    )


# --- checks that many ledgers share ---------------------------------------------------------------


def positive(values: Values, *names: str) -> Iterable[BadInput]:
    """Amounts that must be above nothing."""
    for name in names:
        value = values.get(name)
        if value is not None and value <= 0:
            yield BadInput("ledger.amount_wrong", "金额要大于零，请核对。", field=name)


def in_order(values: Values, first: str, last: str, what: str) -> Iterable[BadInput]:
    """Two days or numbers of which the second may not be before the first."""
    start, end = values.get(first), values.get(last)
    if start is not None and end is not None and end < start:
        yield BadInput("ledger.order_wrong", f"{what}，请核对。", field=last)


def happened(values: Values, *names: str) -> Iterable[BadInput]:
    """Days that lie behind us, and not absurdly far."""
    today = clock.today()
    for name in names:
        value = values.get(name)
        if value is not None and value > today:
            yield BadInput("ledger.day_to_come", "这一天还没有到，请核对日期。", field=name)
        elif value is not None and value < FIRST_DAY:
            yield BadInput("ledger.day_absurd", f"{value.year} 年太早了，请核对年份。", field=name)


Key = uuid.UUID | int
"""The key of a row: of payments a number."""
