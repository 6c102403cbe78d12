"""A year of complaints in the demo: what was asked, whose desk it lay on, what was answered, and the ratings.

Each complaint is played through step by step, as the services would have written it; what would happen
today or later has not happened. Anonymous ones keep whole days only.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.core import clock, ids
from app.demo.people import Staff
from app.demo.world import Draw, VillageStage
from app.models import Assignment, Complaint, ComplaintCategory, ComplaintEvent, Officer, Organisation, Rating
from app.models.complaint_classes import Level
from app.models.complaints import ComplaintChannel, ComplaintState, EventKind, Satisfaction
from app.services.complaints import deadlines
from app.services.complaints.feedback import SATISFACTION_NAMES
from app.services.complaints.reminders import RATING_WINDOW
from app.services.complaints.routing import OFFICE_NAMES, above

ANONYMOUS_CHANNELS = (ComplaintChannel.PAGE, ComplaintChannel.MINIPROGRAM)


class NotYet(Exception):
    """The next step lies on the demo's own day or later."""


@dataclass(frozen=True)
class Desk:
    """Where a complaint of one village may lie."""

    stage: VillageStage
    staff: Staff

    def at(self, level: Level) -> tuple[Organisation, Officer]:
        """The office of a level and the officer who takes complaints there."""
        return {
            Level.VILLAGE: (self.stage.village, self.staff.liaison),
            Level.TOWN: (self.stage.town, self.staff.town),
            Level.COUNTY: (self.stage.county, self.staff.county),
        }[level]


@dataclass(frozen=True)
class Opinion:
    """How an answer was rated, and why."""

    satisfaction: Satisfaction
    reason: str = ""


class Case:
    """One complaint on its way. Every step raises NotYet instead of happening today or later."""

    def __init__(
        self,
        draw: Draw,
        desk: Desk,
        category: ComplaintCategory,
        *,
        filed: datetime,
        content: str,
        channel: ComplaintChannel,
        villager: uuid.UUID | None,
        numbers: set[str],
    ) -> None:
        self._draw, self._desk, self._category = draw, desk, category
        self.now = filed  # the true moment of the last step, even where only the day is written down
        anonymous = villager is None
        secret = f"{draw.random.getrandbits(256):064x}"
        self.row = Complaint(
            id=draw.key(),
            number=_number(draw, clock.local(filed).date(), numbers),
            village_id=desk.stage.village.id,
            category_code=category.code,
            class_code=category.class_code,
            channel=channel,
            state=ComplaintState.FILED,
            anonymous=anonymous,
            villager_id=villager,
            # The digest of a receipt that nobody holds.
            receipt_digest=hashlib.sha256(secret.encode()).hexdigest() if anonymous else None,
            content=content,
            filed_at=clock.whole_day(filed) if anonymous else filed,
            reopened=0,
            lock_version=1,
            events=[],
            assignments=[],
            rating=[],
        )
        self._promise(filed)
        self._event(EventKind.FILED, "村民", "诉求已提交。")
        self._assign(Level.TOWN if category.skips_village else Level.VILLAGE)

    # --- the office's steps ---

    def accept(self, hours: float) -> None:
        """Taken in hand after so many working hours."""
        self._wait(self._draw.calendar.add_working_hours(self.now, hours))
        self.row.state, self.row.accepted_at = ComplaintState.ACCEPTED, self._moment()
        self._event(EventKind.ACCEPTED, self._office.name, "已受理，正在办理。", officer=self._officer)

    def answer(self, hours: float, text: str) -> None:
        """Answered after so many more working hours."""
        self._wait(self._draw.calendar.add_working_hours(self.now, hours))
        self.row.state, self.row.answered_at = ComplaintState.ANSWERED, self._moment()
        self.row.first_replied_at = self.row.first_replied_at or self.row.answered_at
        self._event(EventKind.ANSWERED, self._office.name, text, officer=self._officer)

    def note(self, text: str) -> None:
        """An internal note, a little later."""
        self._wait(self.now + timedelta(minutes=self._draw.random.randint(5, 50)))
        self._event(EventKind.NOTE, self._officer.name, text, officer=self._officer, visible=False)

    def escalate(self, at: datetime) -> None:
        """The scheduler finds it overdue and hands it one level up."""
        self._wait(at)
        late = "逾期未受理" if self.row.state == ComplaintState.FILED else "逾期未办结"
        self.row.remind_at = at + timedelta(days=1)
        self._event(EventKind.ESCALATED, "系统", f"{late}，转上一级督办。")
        self._assign(above(self.row.level))

    # --- the complainant's steps ---

    def add(self, minutes: int, text: str) -> None:
        """The complainant adds some words."""
        self._wait(self.now + timedelta(minutes=minutes))
        self._event(EventKind.ADDED, "村民", text)

    def rate(self, after: timedelta, opinion: Opinion) -> None:
        """Rated: closed, or reopened one level up by the first "unsatisfied"."""
        self._wait(self.now + after)
        satisfaction, reason = opinion.satisfaction, opinion.reason
        self.row.rating.append(
            Rating(
                id=self._draw.key(),
                complaint_id=self.row.id,
                round=self.row.reopened + 1,
                satisfaction=satisfaction,
                reason=reason,
                at=self._moment(),
            )
        )
        words = SATISFACTION_NAMES[satisfaction] + (f"：{reason}" if reason else "")
        self._event(EventKind.RATED, "村民", f"评价为{words}")
        if satisfaction == Satisfaction.UNSATISFIED and not self.row.reopened:
            self._reopen()
        else:
            self._close("诉求已办结。")

    def close_unrated(self) -> None:
        """Closed by the scheduler when the time for rating is over."""
        self._wait(self.now + RATING_WINDOW + timedelta(minutes=self._draw.random.randint(1, 55)))
        self._close("15 天内未评价，诉求办结（未评价）。")

    # --- inside ---

    def _reopen(self) -> None:
        row = self.row
        row.state, row.reopened = ComplaintState.FILED, row.reopened + 1
        row.accepted_at = row.answered_at = None
        self._promise(self.now)
        promised = f"{row.promised_on.month}月{row.promised_on.day}日"
        self._event(EventKind.REOPENED, "系统", f"村民不满意，重新办理，{promised}前答复。")
        self._assign(above(row.level))

    def _close(self, text: str) -> None:
        self.row.state, self.row.closed_at = ComplaintState.CLOSED, self._moment()
        self._event(EventKind.CLOSED, "系统", text)

    def _promise(self, moment: datetime) -> None:
        deadlines.start(self.row, self._category.grade, self._draw.calendar, moment)

    def _assign(self, level: Level) -> None:
        self._office, self._officer = self._desk.at(level)
        for running in self.row.assignments:
            running.until = running.until or self._moment()
        self.row.assignments.append(
            Assignment(
                id=self._draw.key(),
                complaint_id=self.row.id,
                organisation_id=self._office.id,
                officer_id=self._officer.id,
                level=level,
                since=self._moment(),
            )
        )
        self.row.level = level
        words = f"已转交{self._office.name}（{OFFICE_NAMES[level]}）办理。"
        self._event(EventKind.ASSIGNED, "系统", words, officer=self._officer)

    def _event(
        self, kind: EventKind, who: str, text: str, *, officer: Officer | None = None, visible: bool = True
    ) -> None:
        self.row.lock_version += 1
        self.row.events.append(
            ComplaintEvent(
                id=self._draw.key(),
                complaint_id=self.row.id,
                position=len(self.row.events) + 1,
                kind=kind,
                at=self._moment(),
                visible=visible,
                who=who,
                officer_id=officer.id if officer else None,
                text=text,
                data={},
            )
        )

    def _wait(self, until: datetime) -> None:
        if until >= self._draw.horizon:
            raise NotYet
        self.now = until

    def _moment(self) -> datetime:
        return clock.whole_day(self.now) if self.row.anonymous else self.now


def _number(draw: Draw, day: date, taken: set[str]) -> str:
    """A number in the form of `ids.complaint_number`, drawn from the demo's own chance."""
    while True:
        number = f"GD{day:%Y%m%d}-{''.join(draw.random.choices(ids.ALPHABET, k=4))}"
        if number not in taken:
            taken.add(number)
            return number
