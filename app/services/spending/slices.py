"""Which payments a figure is made of: a time and filters that combine. The same slice makes the figure, the
list of its rows and the address of that list, so that the three cannot disagree."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, case, func
from sqlalchemy.sql.elements import SQLCoreOperations

from app.core.errors import BadInput
from app.models import Payment
from app.models.ledgers import ExpenseClass, PaymentMethod

NOTHING = "-"
"""As the value of a filter: the rows where it is not filled in."""

LONGEST_YEARS = 10
# Whom the ledger was entered for before names had keys: the name itself.
PAYEE: ColumnElement[str] = case((Payment.payee_key != "", Payment.payee_key), else_=Payment.payee)
PURPOSE: ColumnElement[str | None] = func.nullif(Payment.purpose_key, "")


@dataclass(frozen=True)
class Slice:
    """Payments from `since` to `until`, both days included, that fulfil every filter given. `expense`,
    `purpose`, `project` and `contract` may be `NOTHING`; `purpose` is a purpose key, `payee` a payee key."""

    since: date
    until: date
    expense: str | None = None
    purpose: str | None = None
    payee: str | None = None
    method: PaymentMethod | None = None
    category: str | None = None
    project: str | None = None
    contract: str | None = None

    def __post_init__(self) -> None:
        if self.until < self.since or self.until.year - self.since.year > LONGEST_YEARS:
            raise BadInput(
                "spending.span_wrong", f"起止日期不对：先起后止，最多 {LONGEST_YEARS} 年。", field="from"
            )
        if self.expense not in (None, NOTHING, *ExpenseClass):
            raise BadInput("spending.expense_unknown", "没有这一类支出。", field="expense")

    @property
    def filters(self) -> dict[str, str]:
        """The filters given, as the parameters of an address."""
        given = {name: getattr(self, name) for name in FILTERS}
        return {name: str(value) for name, value in given.items() if value is not None}

    @property
    def query(self) -> str:
        """Time and filters as the query of an address."""
        span = {"from": self.since.isoformat(), "to": self.until.isoformat()}
        return urlencode({**span, **self.filters})

    def but(self, **changed: Any) -> Slice:
        """The same with other filters."""
        return replace(self, **changed)


FILTERS = ("expense", "purpose", "payee", "method", "category", "project", "contract")


def conditions(wanted: Slice, *, timed: bool = True) -> list[ColumnElement[bool]]:
    """SQL over `Payment`: the slice's rows, voided ones left out; `timed` as False leaves the time out.
    Raises BadInput for a project or contract that is no key."""
    found: list[ColumnElement[bool]] = [Payment.voided_at.is_(None)]
    if timed:
        found.append(Payment.paid_on.between(wanted.since, wanted.until))
    if wanted.method is not None:
        found.append(Payment.method == wanted.method)
    if wanted.payee is not None:
        found.append(PAYEE.in_([wanted.payee]))
    if wanted.category is not None:
        found.append(Payment.category == wanted.category)
    if wanted.expense is not None:
        found.append(_filled(Payment.expense, wanted.expense))
    if wanted.purpose is not None:
        found.append(_filled(PURPOSE, wanted.purpose))
    if wanted.project is not None:
        found.append(_filled(Payment.project_id, _key(wanted.project, "project")))
    if wanted.contract is not None:
        found.append(_filled(Payment.contract_id, _key(wanted.contract, "contract")))
    return found


def _filled(column: SQLCoreOperations[Any], value: object) -> ColumnElement[bool]:
    return column.is_(None) if value == NOTHING else column == value


def _key(value: str, field: str) -> uuid.UUID | str:
    if value == NOTHING:
        return value
    try:
        return uuid.UUID(value)
    except ValueError as error:
        raise BadInput("spending.key_malformed", "工程或合同的编号不对。", field=field) from error


def inside(villages: Sequence[uuid.UUID]) -> ColumnElement[bool]:
    """SQL over `Payment`: of one of these villages."""
    return Payment.village_id == villages[0] if len(villages) == 1 else Payment.village_id.in_(villages)
