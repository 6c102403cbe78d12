"""Months and quarters as the demo counts them: by their first days."""

from __future__ import annotations

from datetime import date


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def add_months(month: date, number: int) -> date:
    """The first day of the month `number` months later (or earlier)."""
    index = month.year * 12 + month.month - 1 + number
    return date(index // 12, index % 12 + 1, 1)


def add_years(day: date, number: int) -> date:
    """The same day of another year; the 29th of February becomes the 28th."""
    try:
        return day.replace(year=day.year + number)
    except ValueError:
        return day.replace(year=day.year + number, day=28)


def quarter_of(day: date) -> date:
    """The first day of its quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def first_month(today: date) -> date:
    """Where the books begin: the quarter that holds the month a year ago."""
    return quarter_of(add_months(month_of(today), -12))
