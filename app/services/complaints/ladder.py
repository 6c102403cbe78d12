"""The ladder that late complaints climb (提醒、督办、上提): reminders, the supervisor, the town, the county.

What comes next and when stands with the complaint (`step`, `step_at`): set when it is filed, accepted,
extended, reopened or put into another class, and after each step. Nothing that anybody writes moves it. The
scheduler takes what is due, oldest first, each row under its own lock, and the step moves on in the same
transaction: several schedulers at once do each step once, and nothing starves.

Not accepted: the handler is reminded when the day is over, after one more work day it goes one level up, and
again until the county has it. Accepted: reminded three days before the promised day and when it has passed,
with the next level told (督办); then the town has it, then the county (五个工作日：某市公开办法), which is
reminded each work day."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.workdays import Calendar
from app.models import Complaint
from app.models.complaint_classes import Level
from app.models.complaints import AssignmentKind, ComplaintState, EventKind
from app.models.delivery import MessageKind
from app.services import calendar, county_settings
from app.services.actors import System
from app.services.complaints import routing, timeline
from app.services.complaints.deadlines import OPEN
from app.services.complaints.ladder_terms import ComplaintLadder

BATCH = 200
ACTING = System("complaints.remind")
SETTING = "complaint.ladder"
MORNING = (8, 30)  # when people are at their desks


def start(session: Session, complaint: Complaint) -> None:
    """Stand at the foot of the ladder: when filed, reopened, accepted, extended, reclassed; off it when the
    complaint waits for no office's step."""
    complaint.step = 0
    _plan(session, complaint, calendar.load(session))


def replan(session: Session, complaint: Complaint, work_days: Calendar) -> None:
    """Stay on the same step, whose moment moves with the deadlines: they were counted anew."""
    if complaint.step_at is not None:
        _plan(session, complaint, work_days)


def _plan(session: Session, complaint: Complaint, work_days: Calendar) -> None:
    if complaint.state not in OPEN or complaint.merged_into_id is not None:
        complaint.step_at = None
        return
    terms: ComplaintLadder = county_settings.get(session, SETTING)
    complaint.step_at = due(complaint, terms, work_days)


def due(complaint: Complaint, terms: ComplaintLadder, work_days: Calendar) -> datetime:
    """When the next step of an open complaint is due: mornings of work days, since it goes to people."""
    step = complaint.step
    if complaint.state == ComplaintState.FILED:
        last = _last_day(complaint.accept_at)
        return _morning_after(work_days, last, step * terms.accept)
    promised = complaint.promised_on
    if step == 0:
        return clock.at(promised - timedelta(days=terms.remind_before), *MORNING)
    after = (0, terms.town, terms.county)
    if step <= len(after):
        return _morning_after(work_days, promised, after[step - 1])
    return _morning_after(work_days, promised, terms.county + (step - len(after)) * terms.again)


def _last_day(deadline: datetime) -> date:
    return clock.local(deadline - timedelta(seconds=1)).date()


def _morning_after(work_days: Calendar, day: date, number: int) -> datetime:
    """The morning of the work day after `number` further work days have passed since `day`."""
    return clock.at(work_days.add_work_days(day, number + 1).day, *MORNING)


def climb(session: Session) -> int:
    """Do what is due, a batch, oldest first; how many."""
    now, work_days = clock.now(), calendar.load(session)
    ready = session.scalars(
        select(Complaint)
        .where(Complaint.step_at <= now)
        .order_by(Complaint.step_at, Complaint.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for complaint in ready:
        _take(session, complaint)
        complaint.step += 1
        _plan(session, complaint, work_days)
        # Who slept through several steps wakes up on the last of them, not in a storm of messages.
        while complaint.step_at is not None and complaint.step_at <= now and _quiet(complaint):
            complaint.step += 1
            _plan(session, complaint, work_days)
    session.flush()
    return len(ready)


def _quiet(complaint: Complaint) -> bool:
    """The step that comes next only repeats a reminder."""
    return complaint.level == Level.COUNTY


def _take(session: Session, complaint: Complaint) -> None:
    filed, step = complaint.state == ComplaintState.FILED, complaint.step
    if filed:
        words = "逾期未受理"
        up = routing.above(complaint.level) if step or _unassigned(session, complaint) else None
    else:
        words = ("即将到期", "逾期未办结", "逾期未办结", "逾期未办结")[min(step, 3)]
        up = {2: routing.highest(Level.TOWN, complaint.level), 3: Level.COUNTY}.get(step)
        if step and _unassigned(session, complaint):
            up = routing.above(complaint.level)
    if up is not None and up != complaint.level:
        _escalate(session, complaint, up, words)
        return
    _remind(session, complaint, words)
    if not filed and step == 1:
        _tell_supervisor(session, complaint, words)


def _unassigned(session: Session, complaint: Complaint) -> bool:
    held = routing.lead(session, complaint)
    return held is None or held.officer_id is None


def _escalate(session: Session, complaint: Complaint, level: Level, words: str) -> None:
    complaint.escalations += 1
    timeline.add(
        session, complaint, EventKind.ESCALATED, acting=ACTING, who="系统", text=f"{words}，转上一级督办。"
    )
    routing.assign(session, complaint, acting=ACTING, level=level)


def _remind(session: Session, complaint: Complaint, words: str) -> None:
    timeline.add(
        session,
        complaint,
        EventKind.REMINDED,
        acting=ACTING,
        who="系统",
        text=f"{words}，已提醒承办人。",
        visible=False,
    )
    held = routing.lead(session, complaint)
    if held is not None and held.officer_id is not None:
        _push(session, complaint, held.officer_id, words)
    elif complaint.level == Level.COUNTY:
        routing.assign(session, complaint, acting=ACTING, level=Level.COUNTY)


def _tell_supervisor(session: Session, complaint: Complaint, words: str) -> None:
    if complaint.level == Level.COUNTY:
        return
    level, office, officer = routing.desk(session, complaint, routing.above(complaint.level))
    watching = routing.attach(
        session, complaint, kind=AssignmentKind.WATCH, office=office, officer=officer, level=level
    )
    if watching is not None and officer is not None:
        _push(session, complaint, officer.id, words)


def _push(session: Session, complaint: Complaint, officer_id: uuid.UUID, words: str) -> None:
    timeline.tell_officer(
        session,
        complaint,
        officer_id,
        key=f"step:{complaint.reopened}:{complaint.state}:{complaint.extensions}:{complaint.step}",
        kind=MessageKind.COMPLAINT_OVERDUE,
        overdue=words,
    )


def without_step() -> ColumnElement[bool]:
    """SQL over `Complaint`: open, handled on its own, and nothing comes next. There should be none, ever."""
    return and_(Complaint.state.in_(OPEN), Complaint.step_at.is_(None), Complaint.merged_into_id.is_(None))
