"""A rule that is only tried out (试运行) is the county's: nobody below it learns of what it found.
And looking at another day changes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput
from app.models import EarlyWarning, Officer, OutgoingMessage, RuleVerdict, WarningNotice
from app.models.people import Role
from app.models.rules import RuleMode
from app.models.warnings import WarningState
from app.services import audit
from app.services.warnings import evaluation, settings, silences, verdicts
from tests import factories
from tests.services.warnings.support import (
    JOB,
    SPENDING,
    TRIAL,
    World,
    acting,
    kinds,
    officer,
    pay,
    run,
    tell,
    warning,
)


@pytest.fixture
def tried(session: Session, world: World) -> EarlyWarning:
    pay(session, world.village, "甲", 500)
    run(session, TRIAL)
    return warning(session, "甲", TRIAL)


def _trail(session: Session, person: Officer, found: EarlyWarning) -> list[str]:
    query = audit.listing(acting(session, person), noun="warning", noun_id=str(found.id))
    return [row.action for row in session.scalars(query)]


def test_the_audit_trail_keeps_it_from_the_town(session: Session, world: World, tried: EarlyWarning) -> None:
    assert _trail(session, world.inspector, tried) == []
    assert _trail(session, world.leader, tried) == ["fired"]
    run(session)  # a rule that pushes
    tell(session)  # leaves a row of the trail that is about no single warning
    assert _trail(session, world.inspector, warning(session, "甲")) == ["fired"]
    whole = session.scalars(audit.listing(factories.ROOT, noun="warning")).all()
    assert {row.action for row in whole} == {"fired", "notified"}


def test_an_officer_who_administers_reads_the_whole_trail(
    session: Session, world: World, tried: EarlyWarning
) -> None:
    tell(session)
    keeper = officer(session, Role.ADMINISTRATOR, world.county)
    run(session)
    tell(session)
    rows = session.scalars(audit.listing(acting(session, keeper), noun="warning")).all()
    assert sorted(row.action for row in rows) == ["fired", "fired", "notified"]


def test_its_runs_are_counted_for_the_county_only(
    session: Session, world: World, tried: EarlyWarning
) -> None:
    def seen(person: Officer) -> int:
        return len(session.scalars(evaluation.runs(acting(session, person), TRIAL)).all())

    assert (seen(world.leader), seen(world.inspector)) == (1, 0)
    settings.configure(
        session, acting=factories.ROOT, rule=TRIAL, mode=RuleMode.ACTIVE, thresholds={}, reason="试得不错"
    )
    run(session, TRIAL)
    assert (seen(world.leader), seen(world.inspector)) == (2, 1)


def test_a_silence_does_not_betray_it(session: Session, world: World, tried: EarlyWarning) -> None:
    with pytest.raises(BadInput) as refused:
        silences.of_warning(
            session,
            acting=acting(session, world.leader),
            warning=tried,
            ends_on=clock.today(),
            reason="正在核查",
        )
    assert refused.value.code == "silence.trial"
    assert session.scalars(silences.listing(acting(session, world.liaison))).all() == []


@pytest.mark.parametrize("days", [-3650, -30, -1, 1, 400])
def test_another_day_is_looked_at_and_changes_nothing(session: Session, world: World, days: int) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    tell(session)
    pay(session, world.village, "乙", 500)
    found, before = warning(session, "甲"), session.get_one(RuleVerdict, (SPENDING.key, world.village.id))
    looked = evaluation.run(session, acting=JOB, rule=SPENDING, as_of=clock.today() + timedelta(days=days))
    assert looked.outcome == {"mode": "active", "findings": 2 if days > -3 else 0, "looked": True}
    tell(session)
    session.refresh(before)
    assert (before.as_of, found.state, kinds(session, found)) == (clock.today(), WarningState.OPEN, ["fired"])
    assert session.scalar(select(func.count()).select_from(EarlyWarning)) == 1
    assert session.scalar(select(func.count()).select_from(WarningNotice)) == 4
    assert session.scalar(select(func.count()).select_from(OutgoingMessage)) == 4


def test_a_village_that_was_switched_off_is_in_no_count(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    world.village.active = False
    session.flush()
    leader = acting(session, world.leader)
    summed = verdicts.summary(session, acting=leader, rule=SPENDING)
    counted = verdicts.counts(session, acting=leader, rules=[SPENDING])[SPENDING.key]
    listed = session.execute(verdicts.listing(session, acting=leader, rule=SPENDING)).all()
    assert sum(summed.verdicts.values()) == sum(counted.values()) == len(listed) == 1


def test_the_first_day_of_all(session: Session, world: World) -> None:
    """What nobody ran yet may be looked at too, however long ago."""
    looked = evaluation.run(session, acting=JOB, rule=SPENDING, as_of=date(2001, 1, 1))
    assert looked.outcome == {"mode": "active", "findings": 0, "looked": True}
