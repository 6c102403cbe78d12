"""Telling officers: one message for what waits, yellow once a day, nothing at night, never twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from app.core import clock
from app.core.db import Database
from app.core.settings import Settings
from app.jobs import supervision
from app.models import Appointment, OutgoingMessage, WarningNotice
from app.models.delivery import MessageClass, MessageKind
from app.models.people import Role
from app.models.warnings import NoticeState
from app.services.warnings import notices
from tests.services.warnings.support import (
    SPENDING,
    Spending,
    World,
    make_world,
    messages,
    pay,
    run,
    tell,
    told,
    warning,
)
from tests.support import settings_for

NIGHT = "21:00-07:30"


def test_several_are_one_message_with_counts_and_the_list(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    pay(session, world.village, "乙", 5000)
    pay(session, world.other, "丙", 500)
    run(session)
    assert tell(session) == 4
    [both] = messages(session, world.liaison)
    assert (both.kind, both.url, both.village_id) == (
        MessageKind.WARNING_DIGEST,
        "/desk/warnings",
        world.village.id,
    )
    assert both.data["total"] == "2条预警待处置"
    assert both.data["colours"] == "红色1条、黄色1条"
    assert both.message_class == MessageClass.URGENT
    [all_three] = messages(session, world.inspector)
    assert all_three.data["village"].endswith("等2个村社")
    assert all_three.village_id is None
    assert tell(session) == 0
    assert set(told(session, warning(session, "丙"))) == world.first - {world.liaison.id}


def test_several_changes_of_one_warning_are_one_line(session: Session, world: World) -> None:
    paid = pay(session, world.village, "甲", 500)
    run(session)
    paid.amount_fen = 5000
    session.flush()
    run(session)
    tell(session)
    [message] = messages(session, world.liaison)
    assert (message.kind, message.data["colour"]) == (MessageKind.WARNING_FIRED, "红色预警")
    assert message.url == f"/desk/warnings/{warning(session, '甲').id}"


def test_yellow_goes_once_a_day_and_red_takes_along_what_waits(session: Session, world: World) -> None:
    with time_machine.travel("2026-03-05 02:00Z", tick=False) as now:
        pay(session, world.village, "甲", 500)
        run(session)
        assert tell(session, daily=True) == 4
        pay(session, world.village, "乙", 500)
        run(session)
        assert tell(session, daily=True) == 0
        pay(session, world.village, "丙", 5000)
        run(session)
        assert tell(session, daily=True) == 4
        assert messages(session, world.liaison)[-1].data["total"] == "2条预警待处置"
        pay(session, world.village, "丁", 500)
        run(session)
        assert tell(session, daily=True) == 0
        now.shift(timedelta(days=1))
        assert tell(session, daily=True) == 4


def test_nothing_at_night_and_everything_in_the_morning(session: Session, world: World) -> None:
    with time_machine.travel("2026-03-05 13:00Z", tick=False) as now:  # 21:00 in Shanghai
        pay(session, world.village, "甲", 5000)
        run(session)
        assert tell(session, quiet=NIGHT) == 0
        now.shift(timedelta(hours=10, minutes=29))
        assert tell(session, quiet=NIGHT) == 0
        now.shift(timedelta(minutes=1))
        assert tell(session, quiet=NIGHT) == 4
        assert tell(session, quiet=NIGHT) == 0


def test_what_was_mended_in_the_night_and_who_left_is_not_told(session: Session, world: World) -> None:
    paid = pay(session, world.village, "甲", 500)
    pay(session, world.village, "乙", 500)
    run(session)
    paid.amount_fen = 1
    world.liaison.active = False
    session.flush()
    run(session)
    assert tell(session) == 3
    rows = session.execute(
        select(WarningNotice.state, WarningNotice.dropped_because, func.count())
        .group_by(WarningNotice.state, WarningNotice.dropped_because)
        .order_by(WarningNotice.dropped_because)
    ).all()
    assert sorted(map(tuple, rows)) == [
        (NoticeState.DROPPED, "工作人员已停用", 1),
        (NoticeState.DROPPED, "通知发出前已整改或销号", 4),
        (NoticeState.GROUPED, "", 3),
    ]


def test_opening_a_warning_is_seen(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    tell(session)
    found = warning(session, "甲")
    assert notices.seen(session, officer_id=world.liaison.id, warning_id=found.id) == 1
    assert notices.seen(session, officer_id=world.liaison.id, warning_id=found.id) == 0


def test_two_notifiers_and_two_runs_at_once(database: Database) -> None:
    with database.transaction() as session:
        world = make_world(session)
        for number in range(30):
            pay(session, world.village, f"户{number}", 500)

    def runs(_: int) -> None:
        with database.transaction() as session:
            run(session)

    def tells(_: int) -> int:
        with database.transaction() as session:
            return tell(session)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(runs, range(3)))
        assert sum(pool.map(tells, range(4))) == 4
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(WarningNotice)) == 30 * 4
        assert session.scalar(select(func.count()).select_from(OutgoingMessage)) == 4


@pytest.mark.parametrize(
    ("environment", "given", "quiet", "daily"),
    [
        ("development", {}, False, False),
        ("production", {}, True, True),
        ("production", {"quiet_hours": "", "yellow_once_a_day": False}, False, False),
        ("development", {"quiet_hours": NIGHT, "yellow_once_a_day": True}, True, True),
    ],
)
def test_the_manner_follows_the_installation(
    tmp_path: Path, environment: str, given: dict[str, object], quiet: bool, daily: bool
) -> None:
    production = {"environment": environment, "public_url": "https://example.test", "secret_key": "k" * 40}
    manner = notices.Manner.of(settings_for(tmp_path, **production, **given))
    assert (manner.quiet is not None, manner.daily) == (quiet, daily)


def test_hours_that_nobody_can_read_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="21:00-07:30"):
        settings_for(tmp_path, quiet_hours="nights")


def test_a_rule_that_fails_keeps_neither_the_others_nor_the_messages(
    borrowed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Spending):
        """Its statement is no SQL."""

        key = "test.broken"
        SELECT = "SELECT nothing"

    with borrowed.transaction() as session:
        world = make_world(session)
        pay(session, world.village, "甲", 500)
    monkeypatch.setattr(supervision, "ALL_RULES", (Broken(), SPENDING))
    settings: Settings = settings_for(tmp_path)
    with capture_logs() as logged, pytest.raises(RuntimeError, match=r"test\.broken"):
        supervision.run_rules(borrowed, settings)
    assert [(line["event"], line["rule"]) for line in logged] == [("rule.failed", "test.broken")]
    with borrowed.transaction() as session:
        assert set(told(session, warning(session, "甲"))) == world.first


def test_who_left_his_post_is_not_told_of_what_he_may_no_longer_see(session: Session, world: World) -> None:
    """He is still an officer, elsewhere; his successor is told by the audit."""
    with time_machine.travel("2026-03-05 13:00Z", tick=False) as now:
        pay(session, world.village, "甲", 500)
        run(session)
        assert tell(session, quiet=NIGHT) == 0
        for gone in (world.liaison, world.handler, world.inspector):
            session.execute(
                update(Appointment).where(Appointment.officer_id == gone.id).values(until=clock.now())
            )
        session.add(
            Appointment(
                officer_id=world.liaison.id,
                organisation_id=world.other.id,
                role=Role.LIAISON_OFFICER,
                since=clock.now(),
            )
        )
        session.flush()
        now.shift(timedelta(hours=12))
        assert tell(session, quiet=NIGHT) == 1
        found = warning(session, "甲")
        assert told(session, found) == [world.second.id]
        why = session.scalars(select(WarningNotice.dropped_because)).all()
        assert sorted(why) == ["", *["已离开这个岗位"] * 3]
