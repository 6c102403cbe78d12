"""The board of a town, the list of an area, reminders."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.models import OutgoingMessage
from app.models.obligations import ObligationSource
from app.models.people import Role
from app.services import obligations
from tests import factories
from tests.factories import ROOT, Places, acting
from tests.services.obligations.support import TODAY, plan, published


def test_the_board_shows_what_each_village_misses(
    session: Session, places: Places, that_day: time_machine.Traveller
) -> None:
    other = factories.village(session, places.town)
    plan(session)
    obligations.met(session, acting=ROOT, disclosure=published(session, places, period="2026-09"))
    that_day.move_to(datetime(2026, 10, 20, 2, tzinfo=UTC))
    town = acting(session, factories.officer(session, Role.TOWN_INSPECTOR, places.town))

    board = obligations.board(session, acting=town, town_id=places.town.id)

    place = [column.code for column in board.columns].index("finance")
    cells = {line.village.id: line.cells[place] for line in board.lines}
    assert (cells[places.village.id].colour, cells[places.village.id].missing) == ("green", 0)
    assert (cells[other.id].words, cells[other.id].missing) == ("逾期 5 天", 1)
    assert (board.missing, board.complete) == (1, 1)
    assert {column.code for column in board.columns} >= {"finance", "leasing", "own"}
    (line,) = obligations.towns(session, acting=town)
    assert (line.villages, line.behind, line.missing) == (2, 1, 1)
    assert obligations.figures(session, acting=town) == (1, 0)


def test_the_board_of_a_period_shows_only_that_period(session: Session, places: Places) -> None:
    plan(session)
    town = acting(session, factories.officer(session, Role.TOWN_INSPECTOR, places.town))

    board = obligations.board(session, acting=town, town_id=places.town.id, period="2026-09")

    (line,) = board.lines
    shown = {column.code: cell for column, cell in zip(board.columns, line.cells, strict=True)}
    assert shown["finance"].due_on == date(2026, 10, 15)
    assert shown["assets"].words == ""


def test_a_village_officer_sees_his_village_on_the_board_and_no_other(
    session: Session, places: Places
) -> None:
    factories.village(session, places.town)
    author = acting(session, factories.officer(session, Role.INFORMATION_OFFICER, places.village))
    plan(session)

    board = obligations.board(session, acting=author, town_id=places.town.id)

    assert [line.village.id for line in board.lines] == [places.village.id]
    with pytest.raises(NotFound):
        obligations.board(session, acting=author, town_id=factories.places(session).town.id)


def _tasks(session: Session) -> list[tuple[uuid.UUID | None, str]]:
    rows = session.scalars(select(OutgoingMessage).order_by(OutgoingMessage.created_at))
    return [(row.officer_id, row.data["task"]) for row in rows]


def test_the_village_is_reminded_before_and_the_town_after_each_once(
    session: Session, places: Places, that_day: time_machine.Traveller
) -> None:
    author = factories.officer(session, Role.INFORMATION_OFFICER, places.village)
    town = factories.officer(session, Role.TOWN_INSPECTOR, places.town)
    plan(session)

    assert obligations.remind(session, today=date(2026, 10, 11), days=3) == 0
    assert obligations.remind(session, today=TODAY, days=3) == 1
    assert obligations.remind(session, today=TODAY, days=3) == 0
    assert _tasks(session) == [(author.id, "1项待公开，10月15日到期")]

    that_day.move_to(datetime(2026, 10, 15, 16, 30, tzinfo=UTC))
    assert obligations.remind(session, today=date(2026, 10, 16), days=3) == 1
    assert obligations.remind(session, today=date(2026, 10, 17), days=3) == 0
    assert _tasks(session)[1:] == [(town.id, "1个村1项逾期未公开")]


def test_what_is_overdue_at_once_is_told_to_village_and_town(session: Session, places: Places) -> None:
    author = factories.officer(session, Role.INFORMATION_OFFICER, places.village)
    town = factories.officer(session, Role.TOWN_INSPECTOR, places.town)
    factories.contract(session, places.village, ends_in=-4)
    factories.contract(session, places.village, ends_in=-9)
    plan(session)

    obligations.remind(session, today=TODAY, days=0)

    told = dict(_tasks(session))
    assert set(told) == {author.id, town.id}
    assert told[town.id] == "1个村2项逾期未公开"


def test_met_and_waived_items_remind_nobody(session: Session, places: Places) -> None:
    factories.officer(session, Role.INFORMATION_OFFICER, places.village)
    plan(session)
    obligations.met(session, acting=ROOT, disclosure=published(session, places, period="2026-09"))

    assert obligations.remind(session, today=date(2026, 10, 20), days=3) == 0


def test_the_list_of_an_area_can_be_narrowed(session: Session, places: Places) -> None:
    plan(session)
    factories.contract(session, places.village, ends_in=-4)
    plan(session)
    town = acting(session, factories.officer(session, Role.TOWN_INSPECTOR, places.town))

    def keys(**wanted: object) -> list[str]:
        query = obligations.listing(town, obligations.Filter(**wanted))  # type: ignore[arg-type]
        return [row.key.split(":")[0] + ":" + row.period for row in session.scalars(query)]

    assert keys(late=True) == ["contract:"]
    assert keys(period="2026-Q4") == ["contract:", "finance:2026-10", "finance:2026-11"]
    assert keys(category_code="assets", due_until=date(2027, 12, 31)) == ["assets:2026"]
    assert keys(organisation_id=places.county.id, source=ObligationSource.CONTRACT) == ["contract:"]
    assert keys(village_id=uuid.uuid4()) == []
