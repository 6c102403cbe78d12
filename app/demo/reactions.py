"""What the demo's villagers do with what is published: follow, ask, object, look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.core import clock
from app.demo.articles import Pen
from app.demo.people import Staff
from app.demo.publications import Output, Published
from app.demo.world import Draw, texts
from app.models import Base, Broadcast, Objection, Question, Villager
from app.models.base import WorkState
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.interaction import ObjectionState, QuestionState

_WORDS = texts("articles")
BUSIEST = "donglian"
# Share of the adults that follow the village's code.
FOLLOWING = {BUSIEST: 0.29}
USUALLY_FOLLOWING = 0.032
# Views of a household in a year; the published programme counted 80,000 in a village of 500 households.
LOOKS = {BUSIEST: 158.0}
USUALLY_LOOKS = (9.0, 34.0)
HOME_SHARE = 0.34
DAILY_BACK = 33  # views of the time before are one row a month, as the nightly job folds them
WORK_DAYS = 3
QUESTION_VILLAGES = (0, 1, 2, 5, 7, 11, 13)


@dataclass(frozen=True)
class Crowd:
    """The villagers of a village: those who write, and `silent` ones that only follow it."""

    villagers: Sequence[Villager]
    silent: list[dict[str, Any]]
    follows: list[dict[str, Any]]


def crowd(pen: Pen, villagers: Sequence[Villager]) -> Crowd:
    """The followers of a village, as rows to insert: more of them in every month."""
    draw, place = pen.draw, pen.stage.place
    share = FOLLOWING.get(place.code, USUALLY_FOLLOWING * draw.random.uniform(0.6, 1.9))
    silent, follows = [], []
    for number in range(round(place.adults * share)):
        day = draw.today - timedelta(days=1 + int(360 * draw.random.random() ** 1.3))
        at = draw.moment(day, 6, 22)
        key = villagers[number].id if number < len(villagers) else draw.key()
        if number >= len(villagers):
            silent.append({"id": key, "created_at": at})
        follows.append(
            {"id": draw.key(), "village_id": pen.stage.village.id, "villager_id": key, "created_at": at}
        )
    return Crowd(villagers, silent, follows)


# --- questions and objections ---------------------------------------------------------------------


def write(pen: Pen, staff: Staff, output: Output, crowd: Crowd) -> list[Base]:
    """Questions with answers, one that waits, objections, and how far an urgent notice came."""
    rows: list[Base] = []
    if pen.stage.number in QUESTION_VILLAGES:
        rows += _answered(pen, staff, output, crowd)
    if pen.stage.place.code == BUSIEST:
        newest = _newest(output, "finance")
        rows.append(_question(pen, crowd, newest, _WORDS["open_questions"][0]["text"], _yesterday(pen)))
    rows += _objections(pen, staff, output, crowd)
    rows += _broadcasts(pen, output, crowd)
    return rows


def _yesterday(pen: Pen) -> datetime:
    return pen.draw.moment(pen.draw.work_day_before(pen.draw.today), 17, 20)


def _newest(output: Output, category: str) -> Published:
    return next(
        one
        for one in sorted(output.published, key=lambda one: one.day, reverse=True)
        if one.article.category == category and one.row.state == DisclosureState.PUBLISHED
    )


def _answered(pen: Pen, staff: Staff, output: Output, crowd: Crowd) -> Iterator[Question]:
    for entry in pen.draw.random.sample(_WORDS["questions"], 3 if pen.stage.number else 6):
        items = [
            one
            for one in output.published
            if one.article.category == entry["category"] and one.day < pen.draw.today - timedelta(days=9)
        ]
        if not items:
            continue
        one = items[-1]
        asked = pen.draw.moment(one.day + timedelta(days=pen.draw.random.randint(1, 3)), 8, 20)
        row = _question(pen, crowd, one, entry["text"], asked)
        row.state, row.answer, row.lock_version = QuestionState.ANSWERED, entry["answer"], 2
        row.answered_by = staff.liaison.id
        day = pen.day(clock.local(asked).date() + timedelta(days=1))
        row.answered_at = pen.draw.moment(day, 9, 16)
        yield row


def _due(pen: Pen, asked: datetime) -> date:
    return pen.draw.calendar.add_work_days(clock.local(asked).date(), WORK_DAYS).day


def _question(pen: Pen, crowd: Crowd, one: Published, words: str, asked: datetime) -> Question:
    return Question(
        id=pen.draw.key(),
        disclosure_id=one.row.id,
        village_id=one.row.village_id,
        villager_id=pen.draw.random.choice(crowd.villagers).id,
        state=QuestionState.OPEN,
        text=words,
        due_on=_due(pen, asked),
        created_at=asked,
    )


def _objections(pen: Pen, staff: Staff, output: Output, crowd: Crowd) -> Iterator[Objection]:
    """One that waits for an answer, on the plan that lies open; one that was explained."""
    for one in output.published:
        if one.article.key == "plan":
            yield _objection(pen, crowd, one, _WORDS["objections"]["open"], _yesterday(pen))
        elif one.article.category == "tender_winner" and one.article.key:
            asked = pen.draw.moment(one.day + timedelta(days=1), 9, 18)
            row = _objection(pen, crowd, one, _WORDS["objections"]["text"], asked)
            row.state, row.answer = ObjectionState.EXPLAINED, _WORDS["objections"]["answer"]
            row.answered_by, row.lock_version = staff.liaison.id, 2
            day = pen.day(clock.local(asked).date() + timedelta(days=1))
            row.answered_at = pen.draw.moment(day, 9, 16)
            if pen.stage.number % 4 == 3:
                yield row


def _objection(pen: Pen, crowd: Crowd, one: Published, words: str, asked: datetime) -> Objection:
    return Objection(
        id=pen.draw.key(),
        disclosure_id=one.row.id,
        village_id=one.row.village_id,
        villager_id=pen.draw.random.choice(crowd.villagers).id,
        state=ObjectionState.OPEN,
        text=words,
        due_on=_due(pen, asked),
        created_at=asked,
    )


def _broadcasts(pen: Pen, output: Output, crowd: Crowd) -> Iterator[Broadcast]:
    """How far the urgent notice came, and the news of the last weeks."""
    for one in output.published:
        urgent = one.row.kind == DisclosureKind.URGENT_NOTICE
        if not urgent and one.day < pen.draw.today - timedelta(days=21):
            continue
        followers = len([row for row in crowd.follows if row["created_at"] < one.events[0].at])
        yield Broadcast(
            id=pen.draw.key(),
            disclosure_id=one.row.id,
            village_id=one.row.village_id,
            version=1,
            reason="published",
            urgent=urgent,
            followers=followers,
            reached=round(followers * pen.draw.random.uniform(0.84, 0.95)),
            state=WorkState.DONE,
            created_at=one.events[0].at,
        )


# --- views ----------------------------------------------------------------------------------------


def views(pen: Pen, output: Output) -> list[dict[str, Any]]:
    """A year of views as rows to insert: of the home page and of the items, most of them soon after they came
    out, more of them in every month."""
    draw, place = pen.draw, pen.stage.place
    low, high = USUALLY_LOOKS
    each = LOOKS.get(place.code, draw.random.uniform(low, high))
    a_year = each * place.households
    days = [draw.today - timedelta(days=back) for back in range(365, 0, -1)]
    growth = [0.6 + 0.8 * number / 365 for number in range(365)]
    found: dict[tuple[Any, date], int] = {}
    for day, factor in zip(days, growth, strict=True):
        _add(draw, found, None, day, a_year * HOME_SHARE / 365 * factor * draw.random.uniform(0.7, 1.3))
    public = [one for one in output.published if one.row.state == DisclosureState.PUBLISHED]
    weights = [draw.random.uniform(0.5, 1.5) * WANTED.get(one.article.category, 1.0) for one in public]
    for one, weight in zip(public, weights, strict=True):
        number = a_year * (1 - HOME_SHARE) * weight / sum(weights)
        for share, first, last in ((0.5, 0, 3), (0.3, 4, 20), (0.2, 21, 120)):
            visible = [one.day + timedelta(days=after) for after in range(first, last + 1)]
            visible = [day for day in visible if days[0] <= day < draw.today]
            for day in visible:
                _add(draw, found, one.row.id, day, number * share / (last - first + 1))
    return [
        {"village_id": pen.stage.village.id, "disclosure_id": key, "day": day, "count": count}
        for (key, day), count in found.items()
    ]


# What people look at more often than at the rest.
WANTED = {"finance": 3.0, "hardship_aid": 2.6, "minimum_living": 2.4, "tender_notice": 2.2, "labour": 1.8}


def _add(draw: Draw, found: dict[tuple[Any, date], int], key: Any, day: date, number: float) -> None:
    """Add views, rounded by chance; older ones under the first day of their month."""
    count = int(number + draw.random.random())
    if count:
        old = day < draw.today - timedelta(days=DAILY_BACK)
        place = (key, day.replace(day=1) if old else day)
        found[place] = found.get(place, 0) + count
