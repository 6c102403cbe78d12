"""Work days: the State Council's yearly notice, as far as it was entered here."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field, StringConstraints

from app.api.common import Admin, Signed, problems, router
from app.api.schemas import NO_NUL, Body, Out
from app.services import calendar as service
from app.web.context import ReadSession, WriteSession

api = router("工作日")


class CalendarDayOut(Out):
    """A holiday on a weekday, or a make-up work day."""

    day: date
    is_work_day: bool
    note: str


class Notice(Body):
    """The notice as CSV, one day a line: date, 班 or 休, remark."""

    csv: Annotated[str, StringConstraints(max_length=100_000, pattern=NO_NUL)] = Field(
        examples=["2027-02-06,班,春节调休\n2027-02-08,休,春节"]
    )


class Imported(Out):
    """How many days were taken."""

    days: int


@api.get("/calendar", responses=problems(422))
def list_calendar_days(
    _acting: Signed,
    session: ReadSession,
    year: Annotated[int, Query(ge=2000, le=2199, description="年份", examples=[2027])],
) -> list[CalendarDayOut]:
    """这一年已录入的调休和放假日。"""
    return [CalendarDayOut.model_validate(row) for row in service.days(session, year=year)]


@api.post("/calendar", responses=problems(400, 403, 422))
def import_calendar(body: Notice, acting: Admin, session: WriteSession) -> Imported:
    """录入国务院节假日安排；已有的日期以新的为准。"""
    return Imported(days=service.import_csv(session, acting=acting, text=body.csv))
