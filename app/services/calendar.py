"""The work-day calendar of this installation: the package's years, overlaid by rows of `calendar_day`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.errors import BadInput
from app.core.workdays import Calendar
from app.models import CalendarDay
from app.services import access, audit
from app.services.actors import Actor

YES = {"1", "班", "上班", "work", "true"}
NO = {"0", "休", "放假", "off", "false"}


def load(session: Session) -> Calendar:
    """The calendar to compute deadlines with."""
    rows = session.scalars(select(CalendarDay))
    return Calendar({row.day: row.is_work_day for row in rows})


def import_csv(session: Session, *, acting: Actor, text: str) -> int:
    """Take the State Council's yearly notice as CSV lines `2027-02-06,班,春节调休`; returns how many.

    Existing days are replaced. Raises BadInput naming the line when one cannot be read."""
    access.require_administrator(acting)
    rows = _rows(text)
    days = {day["day"]: day for day in (_day(number, row) for number, row in rows)}
    if not days:
        raise BadInput("calendar.empty", "文件里没有日期。每行写：日期,班或休,说明。")
    statement = insert(CalendarDay).values(list(days.values()))
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[CalendarDay.day],
            set_={"is_work_day": statement.excluded.is_work_day, "note": statement.excluded.note},
        )
    )
    audit.record(session, acting=acting, action="imported", noun="calendar", noun_id="days", days=len(days))
    return len(days)


def days(session: Session, *, year: int) -> Sequence[CalendarDay]:
    """The days of a year that were entered here."""
    within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    return session.scalars(select(CalendarDay).where(within).order_by(CalendarDay.day)).all()


def _rows(text: str) -> list[tuple[int, list[str]]]:
    try:
        read = list(csv.reader(io.StringIO(text, newline=None)))
    except csv.Error as error:
        raise BadInput("calendar.malformed", "这不是能读懂的 CSV 文件，请另存为 CSV 再试。") from error
    return [(number, row) for number, row in enumerate(read, start=1) if row]


def _day(number: int, row: list[str]) -> dict[str, object]:
    cells = [cell.strip() for cell in row] + ["", ""]
    try:
        day = date.fromisoformat(cells[0])
    except ValueError as error:
        raise BadInput(
            "calendar.day_malformed",
            f"第 {number} 行的日期「{cells[0]}」读不懂，请写成 2027-02-06。",
            line=number,
        ) from error
    if cells[1].lower() not in YES | NO:
        raise BadInput("calendar.kind_malformed", f"第 {number} 行第二列请写「班」或「休」。", line=number)
    return {"day": day, "is_work_day": cells[1].lower() in YES, "note": cells[2]}
