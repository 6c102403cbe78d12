"""Spending taken apart: by month, purpose, payee, method, class, account title, project or village."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import cast, func, literal, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.types import String

from app.models import Organisation, Payment, Project
from app.models.ledgers import ExpenseClass, PaymentMethod
from app.services.spending.places import Place
from app.services.spending.slices import NOTHING, PAYEE, PURPOSE, Slice, conditions, inside

MOST_GROUPS = 200
METHODS = {"transfer": "转账", "card": "村务卡", "cash": "现金"}
EXPENSES = {
    "labour": "用工",
    "material": "材料",
    "works": "工程",
    "goods": "采购",
    "service": "服务",
    "welfare": "福利补助",
    "office": "办公",
    "hospitality": "接待",
    "upkeep": "日常维护",
    "transfer": "往来",
    "other": "其他",
}
assert set(METHODS) == set(PaymentMethod), "every method has a word"
assert set(EXPENSES) == set(ExpenseClass), "every class has a word"


class By(enum.StrEnum):
    """What spending is grouped by."""

    MONTH = "month"
    PURPOSE = "purpose"
    PAYEE = "payee"
    METHOD = "method"
    EXPENSE = "expense"
    CATEGORY = "category"
    PROJECT = "project"
    VILLAGE = "village"


@dataclass(frozen=True)
class _Dimension:
    """How a `By` groups: `key` is what a filter takes, `label` (an aggregate) what people read, `words` what
    stands for the rows without it."""

    key: SQLCoreOperations[Any]
    label: SQLCoreOperations[Any]
    words: dict[str, str]
    nothing: str


_MONTH = func.to_char(Payment.paid_on, "YYYY-MM")
_DIMENSIONS: dict[By, _Dimension] = {
    By.MONTH: _Dimension(_MONTH, func.min(_MONTH), {}, ""),
    By.PURPOSE: _Dimension(PURPOSE, func.min(Payment.purpose), {}, "未填用途"),
    By.PAYEE: _Dimension(PAYEE, func.max(Payment.payee), {}, ""),
    By.METHOD: _Dimension(Payment.method, literal(""), METHODS, ""),
    By.EXPENSE: _Dimension(Payment.expense, literal(""), EXPENSES, "科目未归类"),
    By.CATEGORY: _Dimension(Payment.category, func.min(Payment.category), {}, ""),
    By.PROJECT: _Dimension(cast(Payment.project_id, String), literal(""), {}, "未关联工程"),
    By.VILLAGE: _Dimension(cast(Payment.village_id, String), literal(""), {}, ""),
}


@dataclass(frozen=True)
class Sum:
    """An amount in fen and the number of rows it is made of."""

    amount_fen: int
    count: int


@dataclass(frozen=True)
class Missing:
    """How much of a figure lacks something that it would be told apart by."""

    purpose: Sum
    expense: Sum
    project: Sum


@dataclass(frozen=True)
class Group:
    """One part. `slice` holds exactly its rows; of a part by village, `village` says of which."""

    key: str
    label: str
    total: Sum
    slice: Slice
    village: Organisation | None = None


@dataclass(frozen=True)
class Breakdown:
    """The parts, months in order, else the largest first; `rest` is what stands in no part because there are
    too many, of `groups` altogether."""

    slice: Slice
    by: By
    parts: tuple[Group, ...]
    rest: Sum
    groups: int
    total: Sum
    missing: Missing


def breakdown(session: Session, *, place: Place, wanted: Slice, by: By, limit: int = 50) -> Breakdown:
    """Take a place's spending apart. One query, and one for the names of projects. The place was asked for
    with `places`, which checks access."""
    most = MOST_GROUPS if by == By.MONTH else min(limit, MOST_GROUPS)
    rows = session.execute(_query(place, wanted, by, most)).all()
    if not rows:
        nothing = Sum(0, 0)
        return Breakdown(wanted, by, (), nothing, 0, nothing, Missing(nothing, nothing, nothing))
    named = _names(session, place, by, [row.key for row in rows])
    parts = tuple(_group(row, wanted, by, named, place) for row in rows)
    first = rows[0]
    total = Sum(int(first.all_fen), int(first.all_rows))
    shown = Sum(sum(part.total.amount_fen for part in parts), sum(part.total.count for part in parts))
    missing = [Sum(int(first[at]), int(first[at + 1])) for at in range(_MISSING_AT, _MISSING_AT + 6, 2)]
    return Breakdown(
        slice=wanted,
        by=by,
        parts=parts,
        rest=Sum(total.amount_fen - shown.amount_fen, total.count - shown.count),
        groups=int(first.groups),
        total=total,
        missing=Missing(*missing),
    )


_MISSING_AT = 7


def _query(place: Place, wanted: Slice, by: By, limit: int) -> Any:
    dimension = _DIMENSIONS[by]
    amount, count = func.sum(Payment.amount_fen), func.count()
    lacking = []
    for column in (PURPOSE, Payment.expense, Payment.project_id):
        empty = column.is_(None)
        lacking += [
            func.sum(func.coalesce(amount.filter(empty), 0)).over(),
            func.sum(count.filter(empty)).over(),
        ]
    query = select(
        type_coerce(dimension.key, String).label("key"),
        type_coerce(dimension.label, String).label("label"),
        amount.label("fen"),
        count.label("rows"),
        func.sum(amount).over().label("all_fen"),
        func.sum(count).over().label("all_rows"),
        func.count().over().label("groups"),
        *lacking,
    ).where(inside(place.keys), *conditions(wanted))
    ordered = dimension.key.asc() if by == By.MONTH else amount.desc()
    return query.group_by(dimension.key).order_by(ordered, dimension.key.asc()).limit(limit)


def _names(session: Session, place: Place, by: By, keys: list[str | None]) -> dict[str, str]:
    if by == By.VILLAGE:
        return {str(village.id): village.name for village in place.villages}
    if by != By.PROJECT:
        return {}
    wanted = [uuid.UUID(key) for key in keys if key is not None]
    found = session.execute(select(Project.id, Project.name).where(Project.id.in_(wanted)))
    return {str(key): name for key, name in found}


def _group(row: Any, wanted: Slice, by: By, named: dict[str, str], place: Place) -> Group:
    dimension = _DIMENSIONS[by]
    key = NOTHING if row.key is None else str(row.key)
    if row.key is None:
        label = dimension.nothing
    else:
        label = dimension.words.get(key) or named.get(key) or str(row.label)
    within = next((one for one in place.villages if by == By.VILLAGE and str(one.id) == key), None)
    return Group(key, label, Sum(int(row.fen), int(row.rows)), _NARROWER[by](wanted, key), within)


def _month(wanted: Slice, key: str) -> Slice:
    first = date.fromisoformat(f"{key}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return wanted.but(since=max(first, wanted.since), until=min(last, wanted.until))


_NARROWER: dict[By, Callable[[Slice, str], Slice]] = {
    By.MONTH: _month,
    By.PURPOSE: lambda wanted, key: wanted.but(purpose=key),
    By.PAYEE: lambda wanted, key: wanted.but(payee=key),
    By.METHOD: lambda wanted, key: wanted.but(method=PaymentMethod(key)),
    By.EXPENSE: lambda wanted, key: wanted.but(expense=key),
    By.CATEGORY: lambda wanted, key: wanted.but(category=key),
    By.PROJECT: lambda wanted, key: wanted.but(project=key),
    By.VILLAGE: lambda wanted, _key: wanted,
}
