"""How urgent a complaint is (三色): green, yellow before the deadline, red after it; the same in Python for
one and in SQL for lists, counts and the ladder.

Red: a deadline has passed, or it was extended more than twice, or the complainant was unsatisfied a second
time, which stays red when it is closed (颍州监督一点通的红牌条件). Yellow: three days before the promised day
(寿光：还剩三天). Grey: it waits for nobody's step."""

from __future__ import annotations

import enum
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, not_, or_

from app.core import clock
from app.models import Complaint
from app.models.complaints import ComplaintState
from app.services.complaints.deadlines import OPEN

YELLOW_DAYS = 3
EXTENSIONS = 2
UNSATISFIED = 2


class Colour(enum.StrEnum):
    """green 正常, yellow 临期, red 超期, grey 不在办理中."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GREY = "grey"


def colour(complaint: Complaint) -> Colour:
    """Of one complaint, now."""
    if complaint.unsatisfied >= UNSATISFIED:
        return Colour.RED
    if complaint.state not in OPEN:
        return Colour.GREY
    if late(complaint) or complaint.extensions > EXTENSIONS:
        return Colour.RED
    return Colour.YELLOW if days_left(complaint) <= YELLOW_DAYS else Colour.GREEN


def late(complaint: Complaint) -> bool:
    """A deadline has passed and the step was not taken."""
    now = clock.now()
    not_accepted = complaint.state == ComplaintState.FILED and complaint.accept_at < now
    return complaint.state in OPEN and (complaint.finish_at < now or not_accepted)


def days_left(complaint: Complaint) -> int:
    """Calendar days to the promised day; negative when it has passed."""
    return (complaint.promised_on - clock.today()).days


def overdue() -> ColumnElement[bool]:
    """SQL: `late`."""
    now = clock.now()
    not_accepted = and_(Complaint.state == ComplaintState.FILED, Complaint.accept_at < now)
    return and_(Complaint.state.in_(OPEN), or_(Complaint.finish_at < now, not_accepted))


def condition(wanted: Colour) -> ColumnElement[bool]:
    """SQL: `colour`."""
    running = Complaint.state.in_(OPEN)
    red = or_(
        overdue(),
        Complaint.unsatisfied >= UNSATISFIED,
        and_(running, Complaint.extensions > EXTENSIONS),
    )
    soon = Complaint.promised_on <= clock.today() + timedelta(days=YELLOW_DAYS)
    return {
        Colour.RED: red,
        Colour.YELLOW: and_(running, not_(red), soon),
        Colour.GREEN: and_(running, not_(red), not_(soon)),
        Colour.GREY: and_(not_(running), not_(red)),
    }[wanted]
