"""What callers send and get of each ledger, made from the ledgers' declarations."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, create_model

from app.api.schemas import (
    NO_NUL,
    NOT_BLANK,
    Body,
    Code,
    Count,
    Day,
    Fen,
    Line,
    OptionalLine,
    OrganisationRef,
    Out,
    Version,
    Word,
)
from app.core.money import LIMIT_FEN
from app.core.sheets import Type
from app.models.ledgers import ExpenseClass
from app.services.ledgers import Field as LedgerField
from app.services.ledgers import Ledger, readers
from app.web.paging import After, Limit

SignedFen = Annotated[
    int, Field(strict=True, ge=-LIMIT_FEN, le=LIMIT_FEN, description="金额，单位：分，可以是负数")
]
Year = Annotated[int, Field(strict=True, ge=1949, le=2199, examples=[2026])]
Month = Annotated[str, StringConstraints(pattern=r"^(19[5-9]\d|2[01]\d\d)-(0[1-9]|1[0-2])$")]
Period = Annotated[str, StringConstraints(pattern=r"^(19[5-9]\d|2[01]\d\d)(-(0[1-9]|1[0-2]))?$")]
IdNumber = Annotated[
    str,
    StringConstraints(max_length=40, pattern=NOT_BLANK),
    Field(description="证件号码：只存比对码，不存号码，也查不回来"),
]


def _decimal(value: object) -> object:
    """A number or its digits, never a special one."""
    if isinstance(value, bool) or (isinstance(value, str) and len(value) > 20):
        raise ValueError("请填数字")
    return str(value) if isinstance(value, float) else value


Quantity = Annotated[
    Decimal, BeforeValidator(_decimal), Field(ge=0, lt=10_000_000, max_digits=10, decimal_places=3)
]


class Approval(Body):
    """Who approved, in which office, when."""

    who: OptionalLine = Field(default="", examples=["王某"])
    role: OptionalLine = Field(default="", examples=["书记"])
    on: Day | None = Field(default=None, examples=["2026-03-05"])


class Instalment(Body):
    """One instalment of a contract."""

    due_on: Day = Field(examples=["2026-03-01"])
    amount_fen: Annotated[int, Field(strict=True, ge=1, le=LIMIT_FEN)] = Field(examples=[1_200_000])
    note: OptionalLine = Field(default="", examples=["第一年租金"])


class ApprovalOut(Out):
    """Who approved, in which office, when."""

    who: str = ""
    role: str = ""
    on: str = ""


class InstalmentOut(Out):
    """One instalment of a contract."""

    due_on: date
    amount_fen: int
    note: str = ""


class Reasoned(Body):
    """Why a row is voided or restored."""

    reason: Line = Field(description="理由，留在变更记录里", examples=["金额录错，已另行录入"])
    version: Version = None


class RowChangeOut(Out):
    """One change of a row: what was and what is, who made it and why."""

    at: datetime
    actor_kind: str
    actor_id: str | None
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]
    batch_id: uuid.UUID | None = Field(description="随哪一次导入变更")


@dataclass(frozen=True)
class Models:
    """The types of one ledger."""

    out: type[BaseModel]
    new: type[BaseModel]
    change: type[BaseModel]
    filters: type[BaseModel]


_LAST_YEAR = "；不限定村社和日期时只找最近一年的"
_LISTS: dict[Any, tuple[Any, Any]] = {
    readers.approvals: (Annotated[list[Approval], Field(max_length=20)], list[ApprovalOut]),
    readers.schedule: (Annotated[list[Instalment], Field(max_length=60)], list[InstalmentOut]),
}
_TYPES: dict[Type, Any] = {
    Type.MONEY: Fen,
    Type.WHOLE: Count,
    Type.NUMBER: Quantity,
    Type.YES_NO: Annotated[bool, Field(strict=True)],
    Type.MONTH: Month,
    Type.YEAR: Year,
    Type.DATE: Day,
}
_OUT: dict[Type, Any] = {
    Type.MONEY: int,
    Type.WHOLE: int,
    Type.NUMBER: Decimal,
    Type.YES_NO: bool,
    Type.YEAR: int,
    Type.DATE: date,
}


@cache
def models_of(ledger: Ledger) -> Models:
    """The types of a ledger's rows."""
    name = "".join(part.title() for part in ledger.noun.split("_"))
    entered: dict[str, Any] = {
        one.key: (_taken(one), _described(one, ...))
        for one in ledger.fields
        if one.column.required and not one.link
    }
    every: dict[str, Any] = {
        key: (_optional(kind), _described(one, None)) for one in ledger.fields for key, kind in _keys(one)
    }
    new = {"village": (Code, ...)} | every | entered
    change = every | {
        "reason": (Line, Field(description="为什么改，留在变更记录里", examples=["核对凭证后补填"])),
        "version": (Version, None),
    }
    fixed = _fixed(ledger)
    return Models(
        out=create_model(f"{name}Out", __base__=Out, __doc__=f"{ledger.title}的一条记录。", **_shown(ledger)),
        new=create_model(f"New{name}", __base__=Body, __doc__=f"要录入的{ledger.title}。", **new),
        change=create_model(
            f"{name}Change",
            __base__=Body,
            __doc__=f"要改的内容：没有给出的不变，给 null 的清空。{fixed}",
            **change,
        ),
        filters=create_model(f"{name}Filters", **_filters(ledger)),
    )


def _fixed(ledger: Ledger) -> str:
    names = [ledger.by_key[name].column.label for name in ledger.fixed]
    return f"{'、'.join(names)}录入后不能改。" if names else ""


def _keys(one: LedgerField) -> list[tuple[str, Any]]:
    """The keys under which a field is sent: what it names by number may also be named by key."""
    return [(one.key, _taken(one)), *([(one.attribute, uuid.UUID)] if one.link else [])]


def _optional(kind: Any) -> Any:
    return kind | None


def _taken(one: LedgerField) -> Any:
    """The type of a value that is sent."""
    if one.reads in _LISTS:
        return _LISTS[one.reads][0]
    if one.reads is readers.period:
        return Period
    if one.kind is not None:
        return one.kind
    if one.person:
        return IdNumber
    if one.signed:
        return SignedFen
    if one.column.type in _TYPES:
        return _TYPES[one.column.type]
    if one.link or (one.column.required and one.column.longest <= 60):
        return Word
    pattern = NOT_BLANK if one.column.required else NO_NUL
    return Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=one.column.longest, pattern=pattern)
    ]


def _described(one: LedgerField, default: Any) -> Any:
    words = one.column.label + (f"；{one.column.help}" if one.column.help else "")
    example = one.example.isoformat() if isinstance(one.example, date) else one.example
    examples = None if example is None else [example]
    return Field(default, description=words, examples=examples)


def _shown(ledger: Ledger) -> dict[str, Any]:
    """The fields of an answer: keys by which names are compared, and digests, stay inside."""
    fields: dict[str, Any] = {
        "id": (int if ledger.key == "payments" else uuid.UUID, ...),
        "village": (OrganisationRef, ...),
    }
    columns = ledger.model.__table__.columns
    for one in ledger.fields:
        if one.person:
            fields["identified"] = (bool, Field(description="是否登记过证件号码（只存比对码）"))
            continue
        kind = _out(one)
        may_be_empty = columns[one.attribute].nullable
        fields[one.attribute] = (kind | None if may_be_empty else kind, Field(description=one.column.label))
    if "expense" in ledger.derived:
        fields["expense"] = (ExpenseClass | None, Field(description="按科目归的类；科目不认识的为空"))
    if ledger.key == "receivables":
        fields["planned"] = (bool, Field(description="按合同自动生成，随合同变动"))
        fields["outstanding_fen"] = (int, Field(description="还欠多少，单位：分"))
    return fields | {
        "entered_at": (datetime, Field(description="录入时间")),
        "voided_at": (datetime | None, Field(description="作废时间；没有作废的为空")),
        "voided_because": (str, Field(description="作废理由")),
        "version": (int, ...),
    }


def _out(one: LedgerField) -> Any:
    if one.reads in _LISTS:
        return _LISTS[one.reads][1]
    if one.kind is not None:
        return one.kind
    return uuid.UUID if one.link else _OUT.get(one.column.type, str)


def _filters(ledger: Ledger) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "village": (Code | None, Field(None, description="只看这个村社（代码）")),
        "town": (Code | None, Field(None, description="只看这个单位以下的村社（代码）")),
    }
    if ledger.day:
        label = ledger.by_key[ledger.day].column.label
        fields["since"] = (Day | None, Field(None, alias="from", description=f"{label}从这一天起"))
        fields["until"] = (Day | None, Field(None, alias="to", description=f"{label}到这一天为止（含）"))
    if ledger.key == "contracts":
        fields["ends_before"] = (Day | None, Field(None, description="在这一天之前到期"))
    if ledger.searched:
        labels = "、".join(ledger.by_key[name].column.label for name in ledger.searched)
        limit = _LAST_YEAR if ledger.day else ""
        fields["words"] = (
            Annotated[str, StringConstraints(max_length=60, pattern=NO_NUL)],
            Field("", description=f"在{labels}里找这些字，空格隔开的都要有{limit}"),
        )
    for one in ledger.fields:
        if one.link:
            name = one.attribute.removesuffix("_id")
            fields[name] = (uuid.UUID | None, Field(None, description=f"只看这个{one.column.label[:-2]}的"))
        elif one.kind is not None:
            fields[one.attribute] = (
                one.kind | None,
                Field(None, description=f"只看{one.column.label}是这一种的"),
            )
    voided = (Literal["no", "yes", "all"], Field("all", description="作废的：no 不看，yes 只看，all 都看"))
    return fields | {"voided": voided, "after": (After, None), "limit": (Limit, 50)}
