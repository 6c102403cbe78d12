"""Spending month by month, beside the place's own past: the same month a year ago and the mean of the months
before. A month before the ledger begins has no value, which is not zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Organisation, Payment
from app.services.spending.breakdown import Sum
from app.services.spending.places import Place
from app.services.spending.slices import PURPOSE, Slice, conditions, inside

BACK = 12  # months that the trailing mean looks back
FEWEST = 3  # months that it needs
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Month:
    """One month. `year_ago_fen` and `trailing_fen` (the mean of up to 12 months before it, at least 3) are
    None where the ledger does not reach back so far; `so_far`: the month is not over. `unnamed` are its rows
    without a purpose, `unclassified` those without a class. `slice` holds its rows."""

    month: str
    total: Sum
    year_ago_fen: int | None
    trailing_fen: int | None
    trailing_months: int
    so_far: bool
    unnamed: Sum
    unclassified: Sum
    slice: Slice


@dataclass(frozen=True)
class Trend:
    """The months in order; from `ledger_from` on every village of the place that has payments at all has
    them, None when none has."""

    slice: Slice
    months: tuple[Month, ...]
    ledger_from: date | None

    @property
    def total(self) -> Sum:
        """Of all months."""
        return _add(month.total for month in self.months)

    @property
    def unnamed(self) -> Sum:
        """Of all months, what has no purpose."""
        return _add(month.unnamed for month in self.months)

    @property
    def unclassified(self) -> Sum:
        """Of all months, what has no class."""
        return _add(month.unclassified for month in self.months)


def _add(sums: Iterable[Sum]) -> Sum:
    given = list(sums)
    return Sum(sum(one.amount_fen for one in given), sum(one.count for one in given))


def trend(session: Session, *, place: Place, wanted: Slice) -> Trend:
    """Whole months from that of `since` to that of `until`. Two queries. The place was asked for with
    `places`, which checks access."""
    whole = wanted.but(since=first_of(wanted.since), until=last_of(wanted.until))
    begun = _ledger_from(session, place)
    back = whole.but(since=add_months(whole.since, -BACK))
    sums = _sums(session, place, back)
    names = _months(whole.since, whole.until)
    today = clock.today()
    shown = tuple(_month(first, sums, begun, whole, today) for first in names)
    return Trend(whole, shown, begun)


def _ledger_from(session: Session, place: Place) -> date | None:
    """By the index, in one statement: the first day of each village's ledger, the latest of them."""
    first = (
        select(Payment.paid_on)
        .where(Payment.village_id == Organisation.id, Payment.voided_at.is_(None))
        .order_by(Payment.paid_on)
        .limit(1)
        .lateral()
    )
    found: date | None = session.scalar(
        select(func.max(first.c.paid_on))
        .select_from(Organisation)
        .join(first, true())
        .where(Organisation.id.in_(place.keys))
    )
    return found


_Sums = tuple[Sum, Sum, Sum]  # everything, without a purpose, without a class
_NONE: _Sums = (Sum(0, 0), Sum(0, 0), Sum(0, 0))


def _sums(session: Session, place: Place, wanted: Slice) -> dict[date, _Sums]:
    month = func.date_trunc("month", Payment.paid_on)
    amount, count = func.sum(Payment.amount_fen), func.count()
    lacking = []
    for empty in (PURPOSE.is_(None), Payment.expense.is_(None)):
        lacking += [func.coalesce(amount.filter(empty), 0), count.filter(empty)]
    rows = session.execute(
        select(month, amount, count, *lacking).where(inside(place.keys), *conditions(wanted)).group_by(month)
    )
    return {
        when.date(): (Sum(int(fen), number), Sum(int(unnamed), a), Sum(int(unclassified), b))
        for when, fen, number, unnamed, a, unclassified, b in rows
    }


def _month(first: date, sums: dict[date, _Sums], begun: date | None, whole: Slice, today: date) -> Month:
    total, unnamed, unclassified = sums.get(first, _NONE)
    last = last_of(first)
    start = first_of(begun) if begun else None
    known = [
        month for month in _months(add_months(first, -BACK), first - _ONE_DAY) if start and month >= start
    ]
    mean = round(sum(sums.get(month, _NONE)[0].amount_fen for month in known) / len(known)) if known else 0
    year_ago = add_months(first, -12)
    return Month(
        month=f"{first:%Y-%m}",
        total=total,
        year_ago_fen=sums.get(year_ago, _NONE)[0].amount_fen if start and year_ago >= start else None,
        trailing_fen=mean if len(known) >= FEWEST else None,
        trailing_months=len(known),
        so_far=first <= today <= last,
        unnamed=unnamed,
        unclassified=unclassified,
        slice=whole.but(since=first, until=last),
    )


def _months(since: date, until: date) -> list[date]:
    found, month = [], first_of(since)
    while month <= until:
        found.append(month)
        month = add_months(month, 1)
    return found


def first_of(day: date) -> date:
    """The first of its month."""
    return day.replace(day=1)


def last_of(day: date) -> date:
    """The last of its month."""
    return add_months(day.replace(day=1), 1) - _ONE_DAY


def add_months(first: date, months: int) -> date:
    """The first of the month so many months later."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
