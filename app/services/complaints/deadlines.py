"""When a complaint must be accepted, first replied to and answered (期限).

Accepting and finishing count work days, the first reply working hours; the class has the numbers. Where the
law counts calendar days (公开事项二十日), a last day on which nobody works moves on to the next work day.
Only filing, reopening, an extension, another class and another calendar set a deadline: nothing that anybody
writes does."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from app.core import clock
from app.core.workdays import Calendar, Deadline
from app.models import Complaint, ComplaintClass
from app.models.complaints import ComplaintState

OPEN = (ComplaintState.FILED, ComplaintState.ACCEPTED)


def start(complaint: Complaint, grade: ComplaintClass, work_days: Calendar, moment: datetime) -> None:
    """Begin to count from `moment` (UTC): at filing and at reopening. What was extended before is over."""
    complaint.clock_from = clock.whole_day(moment) if complaint.anonymous else moment
    complaint.extensions = complaint.extended_days = 0
    count(complaint, grade, work_days)


def count(complaint: Complaint, grade: ComplaintClass, work_days: Calendar) -> None:
    """Set all deadlines from where the clock began, by this class and calendar, with its extensions."""
    began = complaint.clock_from or complaint.filed_at
    day = clock.local(began).date()
    accept = work_days.add_work_days(day, grade.accept_days)
    finish = _finish(work_days, day, grade)
    if complaint.extended_days:
        longer = work_days.add_work_days(finish.day, complaint.extended_days)
        finish = Deadline(longer.day, finish.provisional or longer.provisional)
    complaint.accept_at = accept.moment
    # Of an anonymous one only the day is known: the hours of the next work day are all it has.
    complaint.reply_at = (
        work_days.add_work_days(day, 1).moment
        if complaint.anonymous
        else work_days.add_working_hours(began, grade.reply_hours)
    )
    complaint.finish_at = finish.moment
    complaint.promised_on = finish.day
    complaint.provisional = finish.provisional
    complaint.counted_under = work_days.digest


def _finish(work_days: Calendar, day: date, grade: ComplaintClass) -> Deadline:
    if not grade.finish_in_calendar_days:
        return work_days.add_work_days(day, grade.finish_days)
    return work_days.add_work_days(day + timedelta(days=grade.finish_days), 0)
