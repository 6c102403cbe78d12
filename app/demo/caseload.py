"""Which complaints a village had over the year, and how each went.

Most are long over. A few are open today: new, in hand, answered and waiting for a rating. And in some
villages something happened that shows a rule: an overdue one, one that went a level up, one that was
reopened, and the programme's own story, asked at nine and answered within the hour.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from app.core import clock
from app.demo.requests import ANONYMOUS_CHANNELS, Case, Desk, NotYet, Opinion
from app.demo.world import Draw, texts
from app.models import Complaint, ComplaintCategory, ComplaintSubject, Villager
from app.models.complaints import ComplaintChannel, Satisfaction
from app.services.complaints import ladder
from app.services.complaints.deadlines import OPEN
from app.services.complaints.ladder_terms import DEFAULT as LADDER

_WORDS = texts("cases")
RATED_SHARE = 0.47  # of what is answered, as a comparable platform published
PARTLY_EVERY = 12
CHANNELS = {
    ComplaintChannel.CHAT: 35,
    ComplaintChannel.PAGE: 30,
    ComplaintChannel.MINIPROGRAM: 28,
    ComplaintChannel.PROXY: 7,
}
# Who asks for something for himself says who he is.
ANONYMOUS_SHARE = {"cadre_conduct": 0.5, "consultation": 0.0, "request": 0.0, "house_building": 0.0}
USUALLY_ANONYMOUS = 0.15
SCHEDULER_DELAY = timedelta(minutes=10)
HOURS_A_DAY = 8
Words = dict[str, Any]


@dataclass
class Raters:
    """Decides who rates, so that the share comes out right over all villages."""

    owed: float = 0.0
    rated: int = 0
    numbers: set[str] = field(default_factory=set)

    def answered(self, *, may_rate: bool = True) -> bool:
        """Another one is answered; is it rated?"""
        self.owed += RATED_SHARE
        if not may_rate or self.owed < 1:
            return False
        self.owed -= 1
        self.rated += 1
        return True


@dataclass
class Caseload:
    """All complaints of one village while they are being written."""

    draw: Draw
    desk: Desk
    categories: Mapping[str, ComplaintCategory]
    villagers: list[Villager]
    raters: Raters
    rows: list[Complaint] = field(default_factory=list)
    pool: list[Words] = field(default_factory=list)

    def write(self) -> list[Complaint]:
        """The complaints, in the order in which they were filed."""
        pool = _WORDS["cases"]
        self.pool = self.draw.random.sample(pool, len(pool))
        number = self.desk.stage.number
        for _ in range(5 + number % 2):
            self._play(self._long_over)
        for play in (self._answered, self._in_hand, self._new):
            self._play(play)
        special = SPECIAL.get(number)
        if special is not None:
            self._play(lambda: special(self))
        for row in self.rows:
            self._place_on_ladder(row)
        return sorted(self.rows, key=lambda row: row.filed_at)

    def _place_on_ladder(self, row: Complaint) -> None:
        """Open ones stand where the scheduler left them last night: the newest step that is due is not
        done."""
        if row.state not in OPEN:
            return
        row.step, this_morning = 0, clock.at(self.draw.today, 8)
        while ladder.due(row, LADDER, self.draw.calendar) < this_morning:
            row.step += 1
        row.step_at = ladder.due(row, LADDER, self.draw.calendar)

    def _play(self, story: Callable[[], None]) -> None:
        """Let a story run until it would reach today."""
        with suppress(NotYet):
            story()

    # --- what every village has ---

    def _long_over(self) -> None:
        day = self.draw.day_ago(350, 45)
        case, words = self.begin(day, hours=(7, 21))
        if self.draw.random.random() < 0.12:
            case.add(self.draw.random.randint(3, 25), self.draw.random.choice(_WORDS["additions"]))
        self.handle(case, words, note=self.draw.random.random() < 0.15)
        self.finish(case)

    def _answered(self) -> None:
        case, words = self.begin(self.work_day(6), hours=(9, 10))
        case.accept(self.draw.random.uniform(0.3, 2))
        case.answer(self.draw.random.uniform(1, 9), words["answer"])
        self.raters.answered(may_rate=False)

    def _in_hand(self) -> None:
        case, _ = self.begin(self.work_day(2), hours=(9, 11))
        case.accept(self.draw.random.uniform(0.5, 3))

    def _new(self) -> None:
        self.begin(self.draw.today - timedelta(days=1), hours=(15, 20), anonymous=False)

    # --- the steps they are made of ---

    def work_day(self, back: int) -> date:
        """The work day `back` work days before today."""
        return self.draw.work_day_before(self.draw.today, back)

    def begin(
        self,
        day: date,
        *,
        hours: tuple[int, int],
        words: Words | None = None,
        category: str | None = None,
        anonymous: bool | None = None,
        moment: datetime | None = None,
    ) -> tuple[Case, Words]:
        """File the next matter of the pool (of one category, if named), or the one given."""
        random = self.draw.random
        words = self._filled(words or self._next(category), day)
        if anonymous is None:
            anonymous = random.random() < ANONYMOUS_SHARE.get(words["category"], USUALLY_ANONYMOUS)
        channel = random.choices(list(CHANNELS), list(CHANNELS.values()))[0]
        villager: uuid.UUID | None = random.choice(self.villagers).id
        if anonymous:
            channel, villager = random.choice(ANONYMOUS_CHANNELS), None
        case = Case(
            self.draw,
            self.desk,
            self.categories[words["category"]],
            filed=moment or self.draw.moment(day, *hours),
            content=words["content"],
            channel=channel,
            villager=villager,
            numbers=self.raters.numbers,
        )
        self.rows.append(case.row)
        return case, words

    def handle(self, case: Case, words: Words, *, note: bool = False) -> None:
        """Accept and answer well within the promised time."""
        random = self.draw.random
        case.accept(random.uniform(0.2, 5))
        if note:
            case.note(random.choice(_WORDS["notes"]))
        days = self.categories[words["category"]].grade.finish_days
        longest = days * HOURS_A_DAY * 0.55
        case.answer(0.5 + (longest - 0.5) * random.random() ** 2, words["answer"])

    def finish(self, case: Case) -> None:
        """Rated by some, closed for the others when their time is over."""
        random = self.draw.random
        if not self.raters.answered():
            case.close_unrated()
            return
        day = clock.local(case.now).date() + timedelta(days=random.choice((0, 0, 1, 1, 2, 3, 5)))
        after = max(timedelta(minutes=25), self.draw.moment(day, 8, 21) - case.now)
        if self.raters.rated % PARTLY_EVERY == 0:
            opinion = Opinion(Satisfaction.PARTLY, random.choice(_WORDS["partly"]))
        else:
            opinion = Opinion(Satisfaction.SATISFIED, random.choice(_WORDS["praise"]))
        case.rate(after, opinion)

    def _next(self, category: str | None) -> Words:
        found = next(words for words in self.pool if category in (None, words["category"]))
        self.pool.remove(found)
        return found

    def _filled(self, words: Words, day: date) -> Words:
        slots = {
            "group": self.draw.random.randint(2, 12),
            "spot": self.draw.random.choice(_WORDS["spots"]),
            "month": (day.replace(day=1) - timedelta(days=1)).month,
            "money": self.draw.random.choice(("500", "1,000", "2,000", "3,000")),
        }
        return {key: text.format(**slots) for key, text in words.items()}


def story(load: Caseload) -> None:
    """Asked at nine about the receipt for a donation, answered in detail within the hour."""
    day = load.work_day(12)
    case, words = load.begin(
        day, hours=(9, 9), words=_WORDS["story"], anonymous=False, moment=clock.at(day, 9)
    )
    case.accept(0.1)
    case.answer(0.7, words["answer"])
    load.raters.answered(may_rate=False)
    load.raters.owed -= 1
    case.rate(timedelta(minutes=22), Opinion(Satisfaction.SATISFIED, words["reason"]))


def overdue_unaccepted(load: Caseload) -> None:
    """Nobody took it in hand in time; the next run of the reminders hands it up."""
    load.begin(load.work_day(3), hours=(9, 16), category="complaint", anonymous=False)


def overdue_unanswered(load: Caseload) -> None:
    """Taken in hand, never answered."""
    days = load.categories["public_works"].grade.finish_days
    case, _ = load.begin(load.work_day(days + 1), hours=(9, 11), category="public_works", anonymous=False)
    case.accept(2)


def handed_up(load: Caseload) -> None:
    """Not answered in time; lies with the town since then."""
    days = load.categories["consultation"].grade.finish_days
    case, _ = load.begin(load.work_day(days + 2), hours=(9, 11), category="consultation", anonymous=False)
    case.accept(1)
    case.escalate(case.row.finish_at + SCHEDULER_DELAY)


def handed_up_and_answered(load: Caseload) -> None:
    """Not accepted in time; the town answered instead."""
    case, words = load.begin(load.draw.day_ago(300, 60), hours=(8, 18), category="request", anonymous=False)
    case.escalate(case.row.accept_at + SCHEDULER_DELAY)
    case.accept(2)
    case.answer(6, words["answer"])
    load.finish(case)


def reopened(load: Caseload) -> None:
    """Unsatisfied with the village's answer, satisfied with the town's."""
    case, words = load.begin(
        load.draw.work_day_before(load.draw.today, 64),
        hours=(9, 15),
        words=_WORDS["reopened"],
        anonymous=False,
    )
    load.handle(case, words)
    load.raters.answered(may_rate=False)
    load.raters.owed -= 1
    case.rate(timedelta(hours=5), Opinion(Satisfaction.UNSATISFIED, words["reason"]))
    case.accept(3)
    case.answer(18, words["second"])
    case.rate(timedelta(hours=25), Opinion(Satisfaction.SATISFIED, "这次是真的通了。"))


def reopened_today(load: Caseload) -> None:
    """Unsatisfied with the village's answer; in the town's hands now."""
    case, words = load.begin(load.work_day(9), hours=(9, 10), words=_WORDS["reopened_open"], anonymous=False)
    case.accept(2)
    case.answer(9, words["answer"])
    load.raters.answered(may_rate=False)
    load.raters.owed -= 1
    case.rate(timedelta(hours=3), Opinion(Satisfaction.UNSATISFIED, words["reason"]))
    case.accept(4)


def about_an_officer(load: Caseload) -> None:
    """About the village's own information officer: it never lay in the village, and he never sees it."""
    case, _ = load.begin(load.work_day(4), hours=(9, 10), category="cadre_conduct", anonymous=True)
    case.row.subjects = [ComplaintSubject(complaint_id=case.row.id, officer_id=load.desk.staff.author.id)]
    case.accept(2)


# By the village's position in the list of villages.
SPECIAL: dict[int, Callable[[Caseload], None]] = {
    0: reopened_today,
    2: handed_up_and_answered,
    3: overdue_unaccepted,
    6: reopened,
    7: overdue_unanswered,
    8: about_an_officer,
    9: handed_up_and_answered,
    10: handed_up,
    11: story,
}
