"""Silences, inhibition, and that nothing is lost by them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.models import EarlyWarning, Organisation, RuleVerdict, Silence
from app.models.organisations import Line
from app.models.people import Role
from app.models.rules import Colour, RuleMode, Verdict
from app.models.warnings import WarningState
from app.rules import ALL_RULES
from app.services.warnings import escalation, muting, queries, settings, silences
from app.services.warnings.silences import Wanted
from tests import factories
from tests.services.warnings.support import (
    SPENDING,
    World,
    acting,
    kinds,
    officer,
    pay,
    run,
    tell,
    told,
    warning,
)

ABSENCE = next(rule for rule in ALL_RULES if rule.absence and rule.key != muting.SILENT_VILLAGE)


def _silence(
    session: Session, who: object, place: Organisation, *, days: int = 10, **fields: object
) -> Silence:
    wanted = Wanted(clock.today() + timedelta(days=days), "正在核查", **fields)  # type: ignore[arg-type]
    return silences.set(session, acting=acting(session, who), place=place, wanted=wanted)  # type: ignore[arg-type]


def _warning(session: Session, village: Organisation, **columns: object) -> EarlyWarning:
    values = {
        "rule": "test.other",
        "line": Line.FINANCE,
        "fingerprint": str(columns),
        "village_id": village.id,
        "subject_kind": "payee",
        "subject_id": "甲",
        "colour": Colour.YELLOW,
        "title": "另一条预警",
        "basis": "",
        "clears_by": "",
        "first_seen_on": clock.today(),
        "last_seen_on": clock.today(),
        "mode": RuleMode.ACTIVE,
    }
    found = EarlyWarning(**(values | columns))
    session.add(found)
    session.flush()
    return found


def test_what_waits_through_a_silence_goes_out_when_its_day_is_over(session: Session, world: World) -> None:
    with time_machine.travel("2026-03-05 02:00Z", tick=False) as now:
        _silence(session, world.liaison, world.village, days=10)
        pay(session, world.village, "甲", 500)
        run(session)
        assert tell(session) == 0
        found = warning(session, "甲")
        assert found.muted_by == muting.Mute.VILLAGE_SILENCE
        assert "静默到 2026-03-15：正在核查" in found.muted_because
        assert [one.reason for one in queries.silenced_by(session, acting=factories.ROOT, warning=found)] == [
            "正在核查"
        ]
        now.shift(timedelta(days=10))
        assert tell(session) == 0
        now.shift(timedelta(days=1))
        assert tell(session) == 4
        assert set(told(session, found)) == world.first
        assert kinds(session, found) == ["fired", "muted", "unmuted"]
        assert tell(session) == 0


def test_ending_a_silence_early_resumes_the_push(session: Session, world: World) -> None:
    silence = _silence(session, world.inspector, world.town, includes_red=True)
    pay(session, world.village, "甲", 5000)
    run(session)
    tell(session)
    found = warning(session, "甲")
    assert (found.muted_by, told(session, found)) == (muting.Mute.SILENCE, [])
    with pytest.raises(Forbidden):
        silences.end(session, acting=acting(session, world.liaison), silence_id=silence.id)
    silences.end(session, acting=acting(session, world.second), silence_id=silence.id)
    assert warning(session, "甲").muted_because == ""
    assert tell(session) == 4
    with pytest.raises(Conflict):
        silences.end(session, acting=acting(session, world.second), silence_id=silence.id)


def test_what_is_closed_meanwhile_is_never_told(session: Session, world: World) -> None:
    silence = _silence(session, world.liaison, world.village)
    paid = pay(session, world.village, "甲", 500)
    run(session)
    paid.amount_fen = 1
    session.flush()
    run(session)
    silences.end(session, acting=acting(session, world.liaison), silence_id=silence.id)
    assert tell(session) == 0
    dropped = {one.notice.dropped_because for one in queries.notified(session, warning(session, "甲"))}
    assert dropped == {"通知发出前已整改或销号"}


def test_a_village_cannot_silence_red(session: Session, world: World) -> None:
    with pytest.raises(Forbidden) as refused:
        _silence(session, world.liaison, world.village, includes_red=True)
    assert refused.value.code == "silence.red"
    _silence(session, world.liaison, world.village)
    pay(session, world.village, "甲", 5000)
    pay(session, world.village, "乙", 500)
    run(session)
    tell(session)
    assert warning(session, "甲").muted_by == ""
    assert warning(session, "乙").muted_by == muting.Mute.VILLAGE_SILENCE
    found = warning(session, "甲")
    with pytest.raises(Forbidden):
        silences.of_warning(
            session,
            acting=acting(session, world.liaison),
            warning=found,
            ends_on=clock.today(),
            reason="不想看",
        )
    silences.of_warning(
        session, acting=acting(session, world.leader), warning=found, ends_on=clock.today(), reason="核查"
    )
    assert warning(session, "甲").muted_by == muting.Mute.SILENCE


@pytest.mark.parametrize("who", ["other_village", "handler", "other_town"])
def test_silences_of_other_places(session: Session, world: World, who: str) -> None:
    person = {
        "other_village": lambda: officer(session, Role.LIAISON_OFFICER, world.other),
        "handler": lambda: world.handler,
        "other_town": lambda: officer(session, Role.TOWN_INSPECTOR, factories.places(session).town),
    }[who]()
    with pytest.raises(Forbidden):
        _silence(session, person, world.village)
    held = _silence(session, world.liaison, world.village)
    with pytest.raises(NotFound):
        silences.end(session, acting=acting(session, person), silence_id=held.id)
    assert session.scalars(silences.listing(acting(session, person))).all() == []
    assert session.scalars(silences.listing(acting(session, world.inspector), running=True)).all() == [held]


@pytest.mark.parametrize(
    ("days", "fields", "code"),
    [
        (-1, {}, "silence.end_wrong"),
        (91, {}, "silence.end_wrong"),
        (1, {"rule": "no.such"}, "rule.not_found"),
        (1, {"subject_kind": "contract"}, "silence.subject_unclear"),
    ],
)
def test_silences_that_are_refused(
    session: Session, world: World, days: int, fields: dict[str, object], code: str
) -> None:
    with pytest.raises((BadInput, NotFound)) as refused:
        _silence(session, world.inspector, world.village, days=days, **fields)
    assert refused.value.code == code


def test_red_keeps_yellow_on_the_same_subject_quiet(session: Session, world: World) -> None:
    red = _warning(session, world.village, colour=Colour.RED, title="红的那条")
    _warning(session, world.other, colour=Colour.RED, subject_id="乙", fingerprint="elsewhere")
    pay(session, world.village, "甲", 500)
    pay(session, world.village, "乙", 500)
    run(session)
    tell(session)
    assert warning(session, "甲").muted_by == muting.Mute.RED
    assert "红的那条" in warning(session, "甲").muted_because
    assert warning(session, "乙").muted_by == ""
    red.state = WarningState.CLOSED
    session.flush()
    tell(session)
    assert set(told(session, warning(session, "甲"))) == world.first


def test_a_village_that_reports_nothing_mutes_what_misses_something(session: Session, world: World) -> None:
    missing = _warning(session, world.village, rule=ABSENCE.key, fingerprint="absence")
    elsewhere = _warning(session, world.other, rule=ABSENCE.key, fingerprint="elsewhere")
    muting.refresh(session)
    assert missing.muted_by == ""
    silent = _warning(
        session, world.village, rule=muting.SILENT_VILLAGE, title="三个月没有上报", subject_kind="village"
    )
    muting.refresh(session)
    assert (missing.muted_by, elsewhere.muted_by, silent.muted_by) == (muting.Mute.NO_DATA, "", "")
    assert "三个月没有上报" in missing.muted_because
    silent.state = WarningState.CLOSED
    session.add(
        RuleVerdict(
            rule=ABSENCE.key,
            village_id=world.other.id,
            as_of=clock.today(),
            verdict=Verdict.NOT_COMPUTABLE,
        )
    )
    session.flush()
    muting.refresh(session)
    assert (missing.muted_by, elsewhere.muted_by) == ("", muting.Mute.NO_DATA)


def test_the_ladder_climbs_through_a_villages_silence_and_waits_for_an_offices(
    session: Session, world: World
) -> None:
    with time_machine.travel("2026-03-05 02:00Z", tick=False) as now:
        _silence(session, world.liaison, world.village, days=60)
        _silence(session, world.inspector, world.other, days=60)
        pay(session, world.village, "甲", 500)
        pay(session, world.other, "乙", 500)
        run(session)
        now.shift(timedelta(days=7))
        assert escalation.escalate(session) == 2
        tell(session)
        assert set(told(session, warning(session, "甲"))) == {world.inspector.id, world.second.id}
        assert told(session, warning(session, "乙")) == []
        now.shift(timedelta(days=60))
        tell(session)
        assert set(told(session, warning(session, "乙"))) >= {world.inspector.id, world.second.id}


def test_why_it_is_quiet_tells_a_department_nothing_of_another_line(session: Session, world: World) -> None:
    _warning(session, world.village, colour=Colour.RED, title="张三的事", line=Line.DISCIPLINE)
    pay(session, world.village, "甲", 500)
    run(session)
    tell(session)
    found = warning(session, "甲")
    assert (found.muted_by, "张三" in found.muted_because) == (muting.Mute.RED, False)
    assert "红色预警" in found.muted_because


@pytest.mark.parametrize("mode", [RuleMode.SHADOW, RuleMode.OFF])
def test_a_rule_that_pushes_no_more_leaves_its_open_warnings_quiet(
    session: Session, world: World, mode: RuleMode
) -> None:
    with time_machine.travel("2026-03-05 02:00Z", tick=False) as now:
        pay(session, world.village, "甲", 500)
        run(session)
        assert tell(session) == 4
        _configure(session, mode)
        pay(session, world.village, "甲", 5000)
        now.shift(timedelta(days=8))
        run(session)
        assert escalation.escalate(session) == 1
        assert tell(session) == 0
        found = warning(session, "甲")
        assert (found.muted_by, "规则" in found.muted_because) == (muting.Mute.OFF, True)
        _configure(session, RuleMode.ACTIVE)
        assert tell(session) > 0
        assert found.muted_by == ""


def _configure(session: Session, mode: RuleMode) -> None:
    settings.configure(
        session, acting=factories.ROOT, rule=SPENDING, mode=mode, thresholds={}, reason="误报太多"
    )


def test_a_village_that_is_served_no_more_is_quiet(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    world.village.active = False
    session.flush()
    assert tell(session) == 0
    assert warning(session, "甲").muted_because == "这个村社已停用"
    world.village.active = True
    session.flush()
    assert tell(session) == 4
