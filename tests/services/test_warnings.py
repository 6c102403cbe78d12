"""Warnings: the rule, the comparison with open warnings, the push, and closing by a second person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, Conflict, Forbidden
from app.models import Contract, EarlyWarning, OutgoingMessage, RuleRun, WarningEvent
from app.models.disclosures import DisclosureKind
from app.models.ledgers import ContractState
from app.models.people import Duty, Role
from app.models.rules import Colour, RuleMode
from app.models.warnings import CloseReason, WarningState
from app.rules.contract_expiring import ContractExpiring
from app.services import contracts, disclosures
from app.services.actors import System
from app.services.warnings import evaluation, lifecycle, notices
from app.services.warnings.evaluation import Change, Known, decide
from tests import factories as make

RULE = ContractExpiring()
JOB = System("rules.run")


def _run(session: Session, *, days: int = 0) -> RuleRun:
    """As the scheduler does it in so many days, by day and without quiet hours."""
    with time_machine.travel(clock.now() + timedelta(days=days), tick=False):
        done = evaluation.run(session, acting=JOB, rule=RULE)
        notices.send(session)
    return done


def _warning(session: Session, contract: Contract) -> EarlyWarning | None:
    return session.scalar(
        select(EarlyWarning)
        .where(EarlyWarning.subject_id == str(contract.id))
        .order_by(EarlyWarning.episode.desc())
    )


def _pushes(session: Session, warning: EarlyWarning) -> list[OutgoingMessage]:
    return list(session.scalars(select(OutgoingMessage).where(OutgoingMessage.subject_id == str(warning.id))))


@pytest.mark.parametrize(
    ("ends_in", "colour"),
    [
        (31, None),
        (30, Colour.YELLOW),
        (8, Colour.YELLOW),
        (7, Colour.RED),
        (0, Colour.RED),
        (-40, Colour.RED),
    ],
)
def test_boundary_days(session: Session, ends_in: int, colour: Colour | None) -> None:
    contract = make.contract(session, make.places(session).village, ends_in=ends_in)

    _run(session)

    warning = _warning(session, contract)
    assert (warning.colour if warning else None) == colour


@pytest.mark.parametrize(
    ("found", "known", "expected"),
    [
        (Colour.YELLOW, None, Change.FIRED),
        (Colour.YELLOW, Known(Colour.YELLOW, WarningState.OPEN), Change.SAME),
        (Colour.RED, Known(Colour.YELLOW, WarningState.ACKNOWLEDGED), Change.WORSE),
        (Colour.YELLOW, Known(Colour.RED, WarningState.OPEN), Change.BETTER),
        (Colour.YELLOW, Known(Colour.YELLOW, WarningState.CLEARED), Change.REFIRED),
        (None, Known(Colour.RED, WarningState.OPEN), Change.CLEARED),
        (None, Known(Colour.RED, WarningState.CLEARED), Change.STILL_CLEAR),
    ],
)
def test_decision_table(found: Colour | None, known: Known | None, expected: Change) -> None:
    assert decide(found, known) == expected


def test_one_warning_with_place_date_and_basis_pushed_once(session: Session) -> None:
    places = make.places(session, "东联村")
    liaison = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    inspector = make.officer(session, Role.TOWN_INSPECTOR, places.town)
    contract = make.contract(session, places.village, ends_in=20)

    first, second = _run(session), _run(session, days=1)

    warning = _warning(session, contract)
    assert warning is not None
    assert contract.ends_on is not None
    for words in ("东联村", contract.number, clock.spoken_day(contract.ends_on), "30 天黄色预警"):
        assert words in warning.basis
    assert first.outcome["fired"] == 1
    assert second.outcome["same"] == 1
    pushes = _pushes(session, warning)
    assert {message.officer_id for message in pushes} == {liaison.id, inspector.id}
    assert len(pushes) == 2


def test_getting_worse_is_pushed_again_and_red(session: Session) -> None:
    places = make.places(session)
    make.officer(session, Role.LIAISON_OFFICER, places.village)
    contract = make.contract(session, places.village, ends_in=20)

    _run(session)
    worse = _run(session, days=14)

    warning = _warning(session, contract)
    assert warning is not None
    assert (warning.colour, worse.outcome["worse"], len(_pushes(session, warning))) == (Colour.RED, 1, 2)


def test_the_retender_notice_clears_it_and_a_second_person_closes_it(session: Session) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    reviewer = make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    inspector = make.acting(session, make.officer(session, Role.TOWN_INSPECTOR, places.town))
    contract = make.contract(session, places.village, ends_in=20)
    _run(session)
    warning = _warning(session, contract)
    assert warning is not None
    lifecycle.acknowledge(session, acting=make.acting(session, reviewer), warning_id=warning.id)
    with pytest.raises(Conflict):
        lifecycle.close(session, acting=inspector, warning_id=warning.id, reason=CloseReason.MENDED)

    notice = make.draft(
        session,
        places.village,
        author,
        category_code="leasing",
        kind=DisclosureKind.RETENDER_NOTICE,
        contract_id=contract.id,
        title="村口鱼塘重新招租公告",
    )
    disclosures.submit(session, acting=make.acting(session, author), disclosure_id=notice.id, keys=make.KEYS)
    assert _run(session).outcome.get("cleared") is None
    disclosures.publish(
        session, acting=make.acting(session, reviewer), disclosure_id=notice.id, keys=make.KEYS
    )
    assert _run(session).outcome["cleared"] == 1

    assert warning.state == WarningState.CLEARED
    assert warning.clearing_evidence["disclosure_id"] == str(notice.id)
    with pytest.raises(Forbidden):
        lifecycle.close(
            session, acting=make.acting(session, reviewer), warning_id=warning.id, reason=CloseReason.MENDED
        )
    lifecycle.close(session, acting=inspector, warning_id=warning.id, reason=CloseReason.MENDED)
    assert (warning.state, warning.close_reason) == (WarningState.CLOSED, CloseReason.MENDED)
    query = select(WarningEvent.kind).where(WarningEvent.warning_id == warning.id)
    events = session.scalars(query.order_by(WarningEvent.position)).all()
    assert events == ["fired", "acknowledged", "cleared", "closed"]


def test_withdrawing_the_notice_fires_it_again(session: Session) -> None:
    places = make.places(session)
    author = make.officer(session, Role.INFORMATION_OFFICER, places.village)
    reviewer = make.acting(
        session, make.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    )
    contract = make.contract(session, places.village, ends_in=20)
    notice = make.draft(
        session,
        places.village,
        author,
        category_code="leasing",
        kind=DisclosureKind.RETENDER_NOTICE,
        contract_id=contract.id,
    )
    _run(session)
    disclosures.submit(session, acting=make.acting(session, author), disclosure_id=notice.id, keys=make.KEYS)
    disclosures.publish(session, acting=reviewer, disclosure_id=notice.id, keys=make.KEYS)
    _run(session)
    disclosures.withdraw(session, acting=reviewer, disclosure_id=notice.id, reason="金额写错了")

    assert _run(session).outcome["refired"] == 1
    warning = _warning(session, contract)
    assert warning is not None
    assert (warning.state, warning.clearing_evidence) == (WarningState.OPEN, {})


def test_a_renewal_in_the_ledger_clears_it_and_a_new_end_is_a_new_episode(session: Session) -> None:
    contract = make.contract(session, make.places(session).village, ends_in=3)
    _run(session)
    contracts.change_state(session, acting=make.ROOT, contract_id=contract.id, state=ContractState.RENEWED)
    _run(session)
    warning = _warning(session, contract)
    assert warning is not None
    assert warning.clearing_evidence["contract_state"] == "renewed"

    warning.state = WarningState.CLOSED
    contracts.change_state(session, acting=make.ROOT, contract_id=contract.id, state=ContractState.ACTIVE)
    _run(session)
    again = _warning(session, contract)
    assert again is not None
    assert (again.episode, again.id != warning.id) == (2, True)


def test_thresholds_and_modes_are_settings(session: Session) -> None:
    contract = make.contract(session, make.places(session).village, ends_in=50)

    def configure(mode: RuleMode, **thresholds: object) -> None:
        evaluation.configure(
            session, acting=make.ROOT, rule=RULE, mode=mode, thresholds=thresholds, reason="试一试"
        )

    configure(RuleMode.OFF, yellow_days=60)
    assert "findings" not in _run(session).outcome
    assert _warning(session, contract) is None
    configure(RuleMode.ACTIVE, yellow_days=60)
    _run(session)
    assert _warning(session, contract) is not None
    with pytest.raises(BadInput):
        configure(RuleMode.ACTIVE, yellow_days=0)
    with pytest.raises(BadInput):
        configure(RuleMode.ACTIVE, no_such_threshold=1)


def test_officers_of_other_places_neither_see_nor_touch_it(session: Session) -> None:
    places, elsewhere = make.places(session), make.places(session)
    stranger = make.acting(session, make.officer(session, Role.TOWN_INSPECTOR, elsewhere.town))
    contract = make.contract(session, places.village, ends_in=3)
    _run(session)
    warning = _warning(session, contract)
    assert warning is not None

    for actor in (stranger, make.villager(session)):
        with pytest.raises(AppError):
            lifecycle.acknowledge(session, acting=actor, warning_id=warning.id)
    assert warning.state == WarningState.OPEN
