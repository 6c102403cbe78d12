"""The ladder at work: who is told when nobody acts, once each, the oldest first, over a holiday."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.core.errors import BadInput
from app.models import EarlyWarning, Payment, WarningEvent
from app.models.warnings import CloseReason
from app.services import county_settings
from app.services.warnings import escalation, lifecycle
from tests.factories import ROOT
from tests.services.warnings.support import (
    World,
    acting,
    kinds,
    make_world,
    messages,
    pay,
    run,
    tell,
    told,
    warning,
)

BEFORE_THE_FESTIVAL = "2026-02-13 02:00Z"


def _to(now: Any, day: date, hour: int = 9) -> None:
    now.move_to(clock.at(day, hour))


def test_town_then_county_then_county_again_over_the_spring_festival(session: Session, world: World) -> None:
    with time_machine.travel(BEFORE_THE_FESTIVAL, tick=False) as now:
        pay(session, world.village, "甲", 5000)
        run(session)
        tell(session)
        _to(now, date(2026, 2, 14), 23)
        assert escalation.escalate(session) == 0
        _to(now, date(2026, 2, 15), 0)
        assert escalation.escalate(session) == 1
        assert escalation.escalate(session) == 0
        tell(session)
        found = warning(session, "甲")
        assert found.next_due_at == clock.at(date(2026, 3, 6))
        assert messages(session, world.second)[-1].data["title"] == "督办：预警事项"
        assert messages(session, world.leader) == []
        for day in (date(2026, 3, 6), date(2026, 3, 14), date(2026, 3, 21)):
            _to(now, day)
            assert escalation.escalate(session) == 1
            tell(session)
        assert len(messages(session, world.leader)) == 3
        steps = session.scalars(
            select(WarningEvent.text)
            .where(WarningEvent.warning_id == found.id, WarningEvent.kind == "escalated")
            .order_by(WarningEvent.position)
        ).all()
        assert steps == [
            "1 个工作日内没有签收，报镇街督办。",
            "10 个工作日内没有整改或说明，报区级督办。",
            "仍未销号，再次督办，报区级督办。",
            "仍未销号，再次督办，报区级督办。",
        ]


def test_whoever_acts_in_time_is_not_reported(session: Session, world: World) -> None:
    with time_machine.travel(BEFORE_THE_FESTIVAL, tick=False) as now:
        pay(session, world.village, "甲", 500)
        run(session)
        found = warning(session, "甲")
        _to(now, date(2026, 2, 25), 17)
        lifecycle.acknowledge(session, acting=acting(session, world.liaison), warning_id=found.id)
        _to(now, date(2026, 3, 12), 17)
        assert escalation.escalate(session) == 0
        lifecycle.propose(
            session,
            acting=acting(session, world.liaison),
            warning_id=found.id,
            reason=CloseReason.EXPLAINED,
            text="手续齐全。",
        )
        _to(now, date(2026, 3, 20))
        assert escalation.escalate(session) == 1
        assert "没有复核销号，报区级" in _last(session, found)
        tell(session)
        assert told(session, found).count(world.leader.id) == 1


def _last(session: Session, found: EarlyWarning) -> str:
    query = select(WarningEvent.text).where(WarningEvent.warning_id == found.id)
    return session.scalars(query.order_by(WarningEvent.position.desc()).limit(1)).one()


def test_a_later_setting_leaves_what_runs_alone(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    frozen = warning(session, "甲").ladder
    terms = {
        "yellow": {"acknowledge": 1, "mend": 2},
        "red": {"acknowledge": 1, "mend": 1},
        "review": 1,
        "again": 1,
    }
    county_settings.put(session, acting=ROOT, key="warning.ladder", value=terms, reason="从严")
    pay(session, world.village, "乙", 500)
    run(session)
    assert warning(session, "甲").ladder == frozen
    assert [step["work_days"] for step in warning(session, "乙").ladder] == [1, 2]
    wrong = terms | {"yellow": {"acknowledge": 5, "mend": 2}}
    with pytest.raises(BadInput):
        county_settings.put(session, acting=ROOT, key="warning.ladder", value=wrong, reason="写错")


def test_where_the_town_has_nobody_the_county_is_told(session: Session, world: World) -> None:
    for one in (world.inspector, world.second):
        one.active = False
    session.flush()
    with time_machine.travel(BEFORE_THE_FESTIVAL, tick=False) as now:
        pay(session, world.village, "甲", 5000)
        run(session)
        now.shift(timedelta(days=4))
        escalation.escalate(session)
        tell(session)
        assert world.leader.id in told(session, warning(session, "甲"))


def test_the_oldest_go_first_and_several_schedulers_take_each_once(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        for number in range(25):
            pay(session, world.village, f"户{number}", 5000)
        with time_machine.travel("2026-02-13 02:00Z", tick=False):
            _pay_dates(session)
            run(session)
        before = clock.now() - timedelta(days=3)
        for number, one in enumerate(session.scalars(select(EarlyWarning).order_by(EarlyWarning.id))):
            one.ladder = [
                {**one.ladder[0], "due_at": (before + timedelta(minutes=number)).isoformat()},
                {**one.ladder[1], "due_at": (clock.now() + timedelta(days=9)).isoformat()},
            ]
            one.next_due_at = before + timedelta(minutes=number)

    def escalates(_: int) -> int:
        with database.transaction() as session:
            return escalation.escalate(session)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(escalates, range(4))) == 25
    with database.reading() as session:
        counted = session.execute(
            select(WarningEvent.warning_id, func.count())
            .where(WarningEvent.kind == "escalated")
            .group_by(WarningEvent.warning_id)
        ).all()
        assert [number for _, number in counted] == [1] * 25
        lost = select(func.count()).select_from(EarlyWarning).where(EarlyWarning.next_due_at.is_(None))
        assert session.scalar(lost) == 0


def _pay_dates(session: Session) -> None:
    for payment in session.scalars(select(Payment)):
        payment.paid_on = clock.today()
    session.flush()


def test_refiring_begins_anew(session: Session, world: World) -> None:
    with time_machine.travel(BEFORE_THE_FESTIVAL, tick=False) as now:
        paid = pay(session, world.village, "甲", 500)
        run(session)
        tell(session)
        paid.amount_fen = 1
        session.flush()
        run(session)
        _to(now, date(2026, 3, 2))
        paid.amount_fen = 500
        session.flush()
        assert run(session).outcome["refired"] == 1
        found = warning(session, "甲")
        assert found.next_due_at == clock.at(date(2026, 3, 6))
        assert tell(session) == 4
        assert kinds(session, found) == ["fired", "cleared", "refired"]
