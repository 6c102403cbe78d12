"""Runs of a rule: trial and promotion, settled evidence, data that are missing, many findings at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, NotFound
from app.models import EarlyWarning, Payment, RuleVerdict, SettingHistory
from app.models.ledgers import PaymentMethod
from app.models.rules import Colour, RuleMode, Verdict
from app.models.warnings import CloseReason, WarningState
from app.rules import ALL_RULES
from app.services import access, desk
from app.services.warnings import lifecycle, settings
from tests import factories
from tests.services.warnings.support import (
    SPENDING,
    TRIAL,
    World,
    acting,
    kinds,
    messages,
    pay,
    run,
    tell,
    told,
    warning,
)


def test_a_trial_is_the_countys_alone_and_pushed_once_when_its_rule_is_switched_on(
    session: Session, world: World
) -> None:
    pay(session, world.village, "甲", 500)
    assert run(session, TRIAL).outcome == {"mode": "shadow", "findings": 1, "fired": 1}
    tell(session)
    found = warning(session, "甲", TRIAL)
    assert (found.mode, found.next_due_at, found.ladder) == (RuleMode.SHADOW, None, [])
    assert told(session, found) == []
    for who in (world.inspector, world.liaison, world.handler):
        with pytest.raises(NotFound):
            access.access_warning(session, acting(session, who), found.id)
    assert access.access_warning(session, acting(session, world.leader), found.id)

    settings.configure(
        session, acting=factories.ROOT, rule=TRIAL, mode=RuleMode.ACTIVE, thresholds={}, reason="试运行良好"
    )
    assert tell(session) == 4
    assert set(told(session, found)) == world.first
    assert found.next_due_at is not None
    assert run(session, TRIAL).outcome == {"mode": "active", "findings": 1, "same": 1}
    assert tell(session) == 0
    assert kinds(session, found) == ["fired", "promoted"]
    assert access.access_warning(session, acting(session, world.liaison), found.id)


def test_switching_off_closes_nothing_and_leaves_history(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    for mode, reason in ((RuleMode.OFF, "本县不用"), (RuleMode.SHADOW, "再看看")):
        settings.configure(
            session,
            acting=factories.ROOT,
            rule=SPENDING,
            mode=mode,
            thresholds={"red_fen": 400},
            reason=reason,
        )
    assert warning(session, "甲").state == WarningState.OPEN
    history = session.scalars(settings.changes(factories.ROOT, SPENDING)).all()
    assert [(row.before["mode"], row.after["mode"], row.reason) for row in history] == [
        ("off", "shadow", "再看看"),
        ("active", "off", "本县不用"),
    ]
    assert history[1].before["thresholds"]["red_fen"] == 1000
    assert isinstance(history[0], SettingHistory)
    with pytest.raises(BadInput, match="原因"):
        settings.configure(
            session, acting=factories.ROOT, rule=SPENDING, mode=RuleMode.OFF, thresholds={}, reason=" "
        )


def _settle(session: Session, world: World, payee: str, reason: CloseReason) -> EarlyWarning:
    found = warning(session, payee)
    lifecycle.propose(
        session,
        acting=acting(session, world.liaison),
        warning_id=found.id,
        reason=reason,
        text="情况属实，手续齐全。",
        transferred_to="派出所" if reason == CloseReason.TRANSFERRED else "",
    )
    return lifecycle.accept(session, acting=acting(session, world.inspector), warning_id=found.id)


@pytest.mark.parametrize("reason", [CloseReason.EXPLAINED, CloseReason.FALSE_ALARM, CloseReason.TRANSFERRED])
def test_what_was_settled_does_not_fire_again_until_something_is_new(
    session: Session, world: World, reason: CloseReason
) -> None:
    first = pay(session, world.village, "甲", 500)
    run(session)
    settled = _settle(session, world, "甲", reason)
    assert (settled.state, settled.close_reason, settled.next_due_at) == (WarningState.CLOSED, reason, None)
    assert run(session).outcome == {"mode": "active", "findings": 1, "settled": 1}

    pay(session, world.village, "甲", 10)
    assert run(session).outcome["fired"] == 1
    again = warning(session, "甲")
    assert (again.episode, again.fingerprint) == (2, settled.fingerprint)

    _settle(session, world, "甲", reason)
    first.voided_at = clock.now()
    pay(session, world.village, "乙", 500)
    session.flush()
    assert run(session).outcome == {"mode": "active", "findings": 1, "fired": 1, "pushed": 4}


def test_a_worse_colour_fires_again_on_the_same_rows(session: Session, world: World) -> None:
    paid = pay(session, world.village, "甲", 500)
    run(session)
    _settle(session, world, "甲", CloseReason.EXPLAINED)
    paid.amount_fen = 5000
    session.flush()
    run(session)
    assert (warning(session, "甲").episode, warning(session, "甲").colour) == (2, Colour.RED)


def test_clear_in_between_makes_the_same_rows_a_new_matter(session: Session, world: World) -> None:
    paid = pay(session, world.village, "甲", 500)
    run(session)
    _settle(session, world, "甲", CloseReason.EXPLAINED)
    paid.amount_fen = 5
    session.flush()
    run(session)
    paid.amount_fen = 500
    session.flush()
    assert run(session).outcome["fired"] == 1


def test_missing_data_are_named_and_neither_clear_nor_close(session: Session, world: World) -> None:
    paid = pay(session, world.village, "甲", 500)
    run(session)
    paid.category = ""
    session.flush()
    assert run(session).outcome == {"mode": "active", "findings": 0, "unknown": 1}
    found = warning(session, "甲")
    assert (found.state, found.missing) == (WarningState.OPEN, "科目")
    row = session.get_one(RuleVerdict, (SPENDING.key, world.village.id))
    assert (row.verdict, row.missing) == (Verdict.NOT_COMPUTABLE, {"科目": 1})
    paid.category = "办公费"
    session.flush()
    run(session)
    assert warning(session, "甲").missing == ""


def test_evidence_that_grows_ends_a_proposal(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    found = warning(session, "甲")
    lifecycle.propose(
        session,
        acting=acting(session, world.liaison),
        warning_id=found.id,
        reason=CloseReason.EXPLAINED,
        text="手续齐全。",
    )
    pay(session, world.village, "甲", 10)
    assert run(session).outcome["returned"] == 1
    assert (found.state, found.proposal, found.proposal_text) == (WarningState.OPEN, None, "")
    assert [step["step"] for step in found.ladder if not step["done_at"]] == ["mend"]
    pay(session, world.village, "甲", 900)
    assert run(session).outcome["worse"] == 1


def test_what_nobody_takes_in_hand_is_told_again_after_days(session: Session, world: World) -> None:
    with time_machine.travel("2026-03-05 02:00Z", tick=False) as now:
        pay(session, world.village, "甲", 500)
        run(session)
        tell(session)
        now.shift(timedelta(days=6))
        assert "repeated" not in run(session).outcome
        now.shift(timedelta(days=1))
        assert run(session).outcome["repeated"] == 1
        assert tell(session) == 4
        assert "repeated" not in run(session).outcome
        assert messages(session, world.liaison)[-1].data["title"] == "再次提醒：预警事项"
        found = warning(session, "甲")
        lifecycle.acknowledge(session, acting=acting(session, world.liaison), warning_id=found.id)
        now.shift(timedelta(days=30))
        assert "repeated" not in run(session).outcome


def test_many_findings_are_a_handful_of_statements(session: Session, world: World) -> None:
    day = clock.today() - timedelta(days=3)
    session.execute(
        insert(Payment),
        [
            {
                "village_id": (world.village, world.other)[number % 2].id,
                "voucher": f"记-{number}",
                "paid_on": day,
                "payee": f"户{number}",
                "amount_fen": 500,
                "method": PaymentMethod.TRANSFER,
                "category": "办公费",
            }
            for number in range(400)
        ],
    )
    statements: list[str] = []
    event.listen(
        session.connection(), "before_cursor_execute", lambda *given: statements.append(str(given[2]))
    )
    assert run(session).outcome["fired"] == 400
    assert run(session).outcome["same"] == 400
    assert len(statements) < 60, statements
    assert len(session.scalars(desk.warnings(acting(session, world.inspector)).limit(5)).all()) == 5


def test_what_only_new_thresholds_clear_says_so(session: Session, world: World) -> None:
    first = pay(session, world.village, "甲", 500)
    pay(session, world.village, "乙", 500)
    run(session)
    run(session)
    first.amount_fen = 5
    session.flush()
    run(session)
    assert "阈值" not in warning(session, "甲").clearing_evidence["reason"]
    settings.configure(
        session,
        acting=factories.ROOT,
        rule=SPENDING,
        mode=RuleMode.ACTIVE,
        thresholds={"yellow_fen": 600},
        reason="放宽",
    )
    assert run(session).outcome["cleared"] == 1
    assert "阈值" in warning(session, "乙").clearing_evidence["reason"]


def test_thresholds_that_no_database_can_count_are_refused(session: Session) -> None:
    """Such a rule would fail on every run from then on."""
    for rule in ALL_RULES:
        for name in rule.thresholds.model_fields:
            with pytest.raises(BadInput):
                settings.configure(
                    session,
                    acting=factories.ROOT,
                    rule=rule,
                    mode=RuleMode.ACTIVE,
                    thresholds={name: 10**30},
                    reason="多写了几个零",
                )
