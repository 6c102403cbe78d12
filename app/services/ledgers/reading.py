"""From what was typed or sent to what is stored: one row's values, checked; links by number, for many rows
in one question."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ARRAY, Integer, Numeric, Uuid, any_, cast, select
from sqlalchemy.orm import Session

from app.core import pii, text
from app.core.errors import BadInput
from app.core.keys import Keys
from app.core.money import LIMIT_FEN
from app.core.sheets import Type
from app.services.ledgers import readers, storing
from app.services.ledgers.base import Field, Ledger, Values
from app.services.ledgers.definitions import LEDGERS
from app.services.ledgers.words import person_digest

LARGEST = 10_000_000
NAME_LONGEST = 60
_DIGITS = re.compile(r"(?:\d\W{0,2}){14}")


@dataclass
class Entry:
    """One row on its way in: `values` by attribute as far as something was given, `numbers` the links
    still to be found (field and number), `erased` the attributes to be emptied, `faults` what is wrong."""

    village_id: uuid.UUID
    values: Values = field(default_factory=dict)
    numbers: list[tuple[Field, str]] = field(default_factory=list)
    erased: set[str] = field(default_factory=set)
    faults: list[BadInput] = field(default_factory=list)


@cache
def optional(ledger: Ledger, attribute: str) -> bool:
    """Whether the attribute may be empty in the table."""
    return bool(ledger.model.__table__.columns[attribute].nullable)


@cache
def _whole_number(ledger: Ledger, attribute: str) -> bool:
    return isinstance(ledger.model.__table__.columns[attribute].type, Integer)


@cache
def _places(ledger: Ledger, attribute: str) -> Decimal:
    kind = ledger.model.__table__.columns[attribute].type
    assert isinstance(kind, Numeric)
    return Decimal(1).scaleb(-(kind.scale or 0))


def read(ledger: Ledger, village_id: uuid.UUID, given: Mapping[str, Any], keys: Keys | None) -> Entry:
    """What `given` (by field key, or by attribute) says. Empty ones are in `erased`, for those who want to
    empty a field; unknown ones raise KeyError: they are our own slip."""
    entry = Entry(village_id)
    for key, value in given.items():
        one = ledger.by_key[key]
        if value is None or (isinstance(value, str) and not value.strip()):
            if one.attribute:
                entry.erased.add(one.attribute)
            continue
        try:
            _one(ledger, one, value, keys, entry)
        except BadInput as fault:
            fault.data.setdefault("field", one.key)
            entry.faults.append(fault)
    return entry


def _one(ledger: Ledger, one: Field, value: Any, keys: Keys | None, entry: Entry) -> None:
    if one.link:
        if isinstance(value, uuid.UUID):
            entry.values[one.attribute] = value
        else:
            entry.numbers.append((one, readers.number(value)))
    elif one.person:
        if keys is None:
            raise ValueError("identity numbers need the keys of this installation")
        entry.values[one.attribute] = person_digest(keys, str(value))
    else:
        entry.values[one.attribute or one.key] = _value(ledger, one, value)


def _value(ledger: Ledger, one: Field, value: Any) -> Any:
    kind = one.column.type
    if one.reads is not None:
        return _short(one, one.reads(value))
    if one.words:
        if isinstance(value, StrEnum) and value in one.by_word.values():
            return value
        if str(value) not in one.by_word:
            raise BadInput("ledger.choice_wrong", f"「{one.column.label}」不在选项里，请从列表中选。")
        return one.by_word[str(value)]
    if kind == Type.TEXT:
        return _short(one, _private(one, _line(str(value))))
    if kind == Type.LONG_TEXT:
        return _short(one, _private(one, text.clean(str(value))))
    if kind == Type.NUMBER:
        return _decimal(ledger, one, value)
    if kind == Type.YEAR and _whole_number(ledger, one.attribute):
        return int(value)
    if kind == Type.DATE and not isinstance(value, date):
        raise BadInput("ledger.day_wrong", "看不懂这个日期，请写成 2026-03-05。")
    return value


@lru_cache(maxsize=50_000)
def _line(value: str) -> str:
    return text.one_line(value)


def _private(one: Field, value: str) -> str:
    """Words without identity numbers: in a remark they are masked, in a name or number they are refused, for
    there the wrong column was read."""
    masked = pii.mask(value, (pii.Kind.ID_CARD,)) if _DIGITS.search(value) else value
    if masked != value and one.column.longest <= NAME_LONGEST:
        raise BadInput(
            "ledger.id_number_misplaced",
            f"「{one.column.label}」里是身份证号，请核对列的对应，号码只能放在「身份证号」一列。",
        )
    return masked


def _short(one: Field, value: Any) -> Any:
    if isinstance(value, str) and len(value) > one.column.longest:
        raise BadInput(
            "ledger.text_long", f"「{one.column.label}」太长，请缩短到 {one.column.longest} 个字以内。"
        )
    return value


def _decimal(ledger: Ledger, one: Field, value: Any) -> Decimal:
    made = Decimal(value) if isinstance(value, Decimal | int) else Decimal(str(value))
    if not made.is_finite() or abs(made) >= LARGEST:
        raise BadInput("ledger.number_large", "这个数太大，请核对。")
    return made.quantize(_places(ledger, one.attribute))


def faults(ledger: Ledger, values: Values) -> Iterator[BadInput]:
    """What is wrong with the whole row `values`; completes it by deriving when nothing is missing."""
    missing = [one for one in ledger.fields if one.column.required and _empty(values.get(one.attribute))]
    if missing:
        for one in missing:
            yield BadInput("ledger.field_missing", f"「{one.column.label}」没有填写，请补上。", field=one.key)
        return
    ledger.derive(values)
    found = list(ledger.check(values))
    yield from found
    seen = {fault.data.get("field") for fault in found}
    yield from (fault for fault in _limits(ledger, values) if fault.data.get("field") not in seen)


def _empty(value: Any) -> bool:
    return value is None or value == ""


def _limits(ledger: Ledger, values: Values) -> Iterable[BadInput]:
    for one in ledger.fields:
        value = values.get(one.attribute)
        if value is None or one.column.type not in (Type.MONEY, Type.WHOLE):
            continue
        most = LIMIT_FEN if one.column.type == Type.MONEY else LARGEST
        if value < 0 and not one.signed:
            yield BadInput("ledger.negative", f"「{one.column.label}」不能是负数，请核对。", field=one.key)
        elif abs(value) > most:
            yield BadInput("ledger.number_large", "这个数太大，请核对。", field=one.key)


def link_up(session: Session, ledger: Ledger, entries: Sequence[Entry]) -> None:
    """Find what the rows name by number, and check that what they name by key is of their own village: one
    question for each ledger that is named. What is not found becomes a fault of its row."""
    for one in ledger.fields:
        if not one.link:
            continue
        named: dict[tuple[uuid.UUID, str], list[Entry]] = defaultdict(list)
        keyed: dict[tuple[uuid.UUID, uuid.UUID], list[Entry]] = defaultdict(list)
        for entry in entries:
            for field_, number in entry.numbers:
                if field_ is one:
                    named[entry.village_id, number].append(entry)
            if one.attribute in entry.values:
                keyed[entry.village_id, entry.values[one.attribute]].append(entry)
        target = LEDGERS[one.link]
        found = _by_number(session, target, list(named)) if named else {}
        for place, users in named.items():
            for entry in users:
                if place in found:
                    entry.values[one.attribute] = found[place]
                else:
                    entry.faults.append(ledger.unknown(one))
        known = _own(session, target, list(keyed)) if keyed else set()
        for own, users in keyed.items():
            if own not in known:
                for entry in users:
                    entry.faults.append(ledger.unknown(one))


def _by_number(
    session: Session, target: Ledger, wanted: Sequence[tuple[uuid.UUID, str]]
) -> dict[tuple[uuid.UUID, str], uuid.UUID]:
    model = target.model
    voided = ("voided_at",) if hasattr(model, "voided_at") else ()
    names = ("village_id", "number")
    query = storing.looked_up(model.__table__, names, wanted, (*names, "id", *voided))
    rows = [row for row in session.execute(query) if not voided or row.voided_at is None]
    return {(village, number): key for village, number, key, *_ in rows}


def _own(
    session: Session, target: Ledger, wanted: Sequence[tuple[uuid.UUID, uuid.UUID]]
) -> set[tuple[uuid.UUID, uuid.UUID]]:
    model = target.model
    query = select(model.village_id, model.id).where(
        model.id == any_(_array([key for _, key in wanted], Uuid()))
    )
    if hasattr(model, "voided_at"):
        query = query.where(model.voided_at.is_(None))
    return {(village, key) for village, key in session.execute(query)}


def _array(values: list[Any], kind: Any) -> Any:
    return cast(values, ARRAY(kind))
