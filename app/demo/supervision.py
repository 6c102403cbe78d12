"""What offices did in the demo about what the ledgers showed: arrears on their way to the village page and
off it, and the self-checks of towns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.core import clock
from app.demo import plants
from app.demo.books import Books
from app.demo.people import Staff
from app.demo.world import Draw, VillageStage, World, texts
from app.models import ArrearsNotice, Base, Campaign, CampaignAnswer, Officer
from app.models.supervision import AnswerState, ArrearsState, CampaignState
from app.services.arrears.board import PAID

_WORDS = texts("supervision")


@dataclass(frozen=True)
class _Course:
    """When what happened to a notice, in days after the rent was due; None: not yet."""

    notice: int
    served: int
    publish: int
    published: bool = False
    paid: bool = False


_COURSES = {
    plants.PREPARED: _Course(notice=69, served=70, publish=78),
    plants.PUBLISHED: _Course(notice=62, served=63, publish=72, published=True),
    plants.REMOVED: _Course(notice=61, served=62, publish=70, published=True, paid=True),
    plants.SETTLED: _Course(notice=61, served=62, publish=70, paid=True),
}


def notice(draw: Draw, stage: VillageStage, staff: Staff, books: Books) -> ArrearsNotice | None:
    """The notice to a debtor of the village, if a story has one, as far as it has come."""
    story = next((one for one in plants.LATE if one.village == stage.place.code), None)
    if story is None:
        return None
    due = draw.today - timedelta(days=story.due_days)
    owed = next(row for row in books.receivables if row["due_on"] == due)
    course = _COURSES[stage.place.code]

    def day(number: int) -> date:
        return due + timedelta(days=number)

    made = ArrearsNotice(
        id=draw.key(),
        village_id=stage.village.id,
        receivable_id=owed["id"],
        state=ArrearsState.SERVED,
        debtor_shown=owed["debtor"],
        title_shown=owed["title"],
        amount_fen=owed["amount_fen"],
        due_on=due,
        notice_on=day(course.notice),
        publish_on=day(course.publish),
        prepared_by=staff.liaison.id,
        served_on=day(course.served),
        served_how="当面送达，对方签收",
        served_by=staff.liaison.id,
        approved_by=staff.town.id,
        created_at=draw.moment(day(course.notice)),
    )
    if course.published:
        made.state, made.published_at = ArrearsState.PUBLISHED, clock.at(made.publish_on, 8, 10)
    if course.paid:
        assert story.paid_after is not None
        made.state = ArrearsState.REMOVED if course.published else ArrearsState.SETTLED
        made.ended_at, made.ended_because = clock.at(day(story.paid_after), 18), PAID
    return made


def campaigns(draw: Draw, places: World, staff: Mapping[str, Officer]) -> Iterator[Base]:
    """The self-checks: one that runs, with villages that have answered and one that is late; one that is
    over, with what came of it."""
    for entry in _WORDS["campaigns"]:
        issued = draw.work_day_before(draw.today - timedelta(days=entry["issued"] - 1))
        town = places.towns[entry["office"]]
        inspector = staff[f"{entry['office']}.town"]
        campaign = Campaign(
            id=draw.key(),
            organisation_id=town.id,
            number=f"ZC{issued:%Y%m%d}-{draw.random.choice('3479')}{draw.random.choice('FHKM')}7K",
            title=entry["title"],
            reason=entry["reason"],
            questions=[
                {"key": f"q{number}", "required": True} | question
                for number, question in enumerate(entry["questions"], start=1)
            ],
            due_on=draw.today - timedelta(days=entry["due"]),
            state=CampaignState.CLOSED if "closed" in entry else CampaignState.OPEN,
            issued_by=inspector.id,
            closed_at=clock.at(draw.today - timedelta(days=entry["closed"]), 16)
            if "closed" in entry
            else None,
            outcome=entry.get("outcome", ""),
            lesson=entry.get("lesson", ""),
            created_at=draw.moment(issued, 9, 10),
        )
        yield campaign
        answered = {answer["village"]: answer for answer in entry["answers"]}
        for stage in places.villages:
            if stage.town is town:
                yield _answer(draw, campaign, stage, staff, answered.get(stage.place.code), inspector)


def _answer(
    draw: Draw,
    campaign: Campaign,
    stage: VillageStage,
    staff: Mapping[str, Officer],
    given: Mapping[str, Any] | None,
    inspector: Officer,
) -> CampaignAnswer:
    """What a village said, or that it has said nothing; the late ones were reminded the day after."""
    row = CampaignAnswer(
        id=draw.key(), campaign_id=campaign.id, village_id=stage.village.id, state=AnswerState.WAITING
    )
    if given is None:
        row.reminded_at = clock.at(campaign.due_on + timedelta(days=1), 8, 50)
        return row
    keys = [question["key"] for question in campaign.questions]
    day = draw.today - timedelta(days=given["days"])
    row.answers = dict(zip(keys, given["reply"], strict=True))
    row.found, row.finding, row.measures = given["found"], given["finding"], given["measures"]
    row.state, row.answered_at = AnswerState.ANSWERED, draw.moment(day, 10, 16)
    row.answered_by = staff[f"{stage.place.code}.info"].id
    if given["reviewed"]:
        row.state, row.reviewed_by = AnswerState(given["reviewed"]), inspector.id
        row.reviewed_at = draw.moment(day + timedelta(days=1), 9, 16)
    return row
