"""Portraits and warnings: raising one costs nothing, leaving one open costs more every day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from app.core import clock
from app.core.db import Database
from app.models import EarlyWarning, WarningEvent
from app.models.rules import Colour
from app.models.warnings import WarningState
from app.services.portrait.terms import METHOD
from tests.services.figures import books, counties
from tests.services.figures.counties import LAST, World, drawn


@pytest.fixture(scope="module")
def world(worker_database: Database) -> Iterator[World]:
    with counties.built(worker_database) as made:
        yield made


RAISED: st.SearchStrategy[Any] = st.builds(
    dict,
    days_ago=st.integers(0, 200),
    colour=st.sampled_from(list(Colour)),
    state=st.sampled_from([WarningState.OPEN, WarningState.ACKNOWLEDGED]),
)
SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _raise(
    world: World, *, days_ago: int, colour: Colour, state: WarningState, due_in: int = 15
) -> EarlyWarning:
    seen = LAST - timedelta(days=days_ago)
    due = clock.at(seen + timedelta(days=due_in + 1))
    ladder = [{"step": "mend", "level": "county", "due_at": due.astimezone(UTC).isoformat(), "done_at": None}]
    return books.warning(
        world.session, world.village, seen.isoformat(), colour=colour, state=state, ladder=ladder
    )


def _alerts(world: World, as_of: date = LAST) -> tuple[float, int]:
    """What is left of the component, and the points of the whole."""
    found = drawn(world, as_of)["甲村"].portrait
    value, points = found.scored[-1].value, found.points
    assert value is not None
    assert points is not None
    return value, points


@SLOW
@given(there=st.lists(RAISED, max_size=4), raised=st.lists(RAISED, min_size=1, max_size=3))
def test_raising_a_warning_never_lowers_the_score(world: World, there: list[Any], raised: list[Any]) -> None:
    with world.session.begin_nested() as step:
        for one in there:
            _raise(world, **one)
        before = drawn(world)
        for one in raised:
            _raise(world, **(one | {"days_ago": min(one["days_ago"], 15)}))
        after = drawn(world)
        step.rollback()

    assert {name: one.portrait.points for name, one in after.items()} == {
        name: one.portrait.points for name, one in before.items()
    }


@SLOW
@given(one=RAISED, later=st.integers(1, 60))
def test_leaving_a_warning_open_lowers_the_score_more_every_day(world: World, one: Any, later: int) -> None:
    with world.session.begin_nested() as step:
        _raise(world, **one)
        now, _ = _alerts(world)
        then, _ = _alerts(world, LAST + timedelta(days=later))
        step.rollback()

    overdue = one["days_ago"] - 15
    assert then <= now
    if overdue + later > 0 and overdue < METHOD.full_days:
        assert then < now


@pytest.mark.parametrize(
    ("kinds", "left"),
    [
        ([], 1 - 0.4 * 5 / 60),
        (["fired", "acknowledged"], 1 - 0.4 * 5 / 60),
        (["fired", "proposed"], 1.0),
        (["fired", "proposed", "returned"], 1 - 0.4 * 5 / 60),
        (["fired", "cleared"], 1.0),
        (["fired", "cleared", "refired"], 1 - 0.4 * 5 / 60),
        (["fired", "closed"], 1.0),
    ],
)
def test_what_waits_for_a_second_person_costs_nothing(world: World, kinds: list[str], left: float) -> None:
    with world.session.begin_nested() as step:
        raised = _raise(world, days_ago=20, colour=Colour.RED, state=WarningState.OPEN)
        for position, kind in enumerate(kinds):
            at = datetime(2026, 10, 15, position, tzinfo=UTC)
            world.session.add(
                WarningEvent(warning_id=raised.id, position=position, kind=kind, at=at, who="某人")
            )
        world.session.add(
            WarningEvent(warning_id=raised.id, position=99, kind="closed", at=clock.now(), who="十一月的事")
        )
        if not kinds:
            world.session.execute(delete(WarningEvent).where(WarningEvent.warning_id == raised.id))
        world.session.flush()
        value, _ = _alerts(world)
        step.rollback()

    assert value == pytest.approx(left)


def test_a_shadow_warning_costs_nothing(world: World) -> None:
    with world.session.begin_nested() as step:
        raised = _raise(world, days_ago=100, colour=Colour.RED, state=WarningState.OPEN)
        raised.mode = "shadow"  # type: ignore[assignment]
        world.session.flush()
        value, _ = _alerts(world)
        step.rollback()

    assert value == 1.0
