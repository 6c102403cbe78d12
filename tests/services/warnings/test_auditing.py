"""The auditor proves that every open warning has a next step and a human who was reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core import clock, metrics
from app.core.db import BorrowedDatabase
from app.core.errors import Forbidden
from app.models import EarlyWarning, OutgoingMessage
from app.models.base import WorkState
from app.models.delivery import Confirmation
from app.models.people import Role
from app.services.warnings import auditing, lifecycle, notices, silences
from app.services.warnings.auditing import Why
from tests import factories
from tests.services.warnings.support import World, acting, officer, pay, run, tell, told, warning


def _whys(session: Session) -> dict[str, Why]:
    return {one.warning.subject_id: one.why for one in auditing.unreached(session, factories.ROOT)}


def _age(session: Session) -> None:
    session.execute(update(EarlyWarning).values(created_at=clock.now() - timedelta(days=2)))


def test_the_reason_why_nobody_knows(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    assert _whys(session) == {"甲": Why.WAITING}
    tell(session)  # nobody is bound: nothing reaches them
    assert _whys(session) == {"甲": Why.UNDELIVERED}
    session.execute(update(OutgoingMessage).values(state=WorkState.DONE))
    assert _whys(session) == {"甲": Why.UNOPENED}
    assert auditing.check(session).unreached == 0  # it may still be on its way
    _age(session)
    assert auditing.check(session).unreached == 1
    assert auditing.count(session, acting(session, world.inspector)) == 1


@pytest.mark.parametrize("how", ["delivered", "read", "opened", "acknowledged", "muted"])
def test_what_counts_as_reached(session: Session, world: World, how: str) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    tell(session)
    found = warning(session, "甲")
    one = select(OutgoingMessage.id).limit(1).scalar_subquery()
    steps: dict[str, Callable[[], object]] = {
        "delivered": lambda: session.execute(
            update(OutgoingMessage)
            .where(OutgoingMessage.id == one)
            .values(confirmation=Confirmation.DELIVERED)
        ),
        "read": lambda: session.execute(
            update(OutgoingMessage).where(OutgoingMessage.id == one).values(read_at=clock.now())
        ),
        "opened": lambda: notices.seen(session, officer_id=world.handler.id, warning_id=found.id),
        "acknowledged": lambda: lifecycle.acknowledge(
            session, acting=acting(session, world.second), warning_id=found.id
        ),
        "muted": lambda: silences.of_warning(
            session, acting=acting(session, world.second), warning=found, ends_on=clock.today(), reason="核查"
        ),
    }
    assert _whys(session) == {"甲": Why.UNDELIVERED}
    steps[how]()
    assert _whys(session) == {}


def test_nobody_appointed_is_said_and_mended_when_somebody_is(session: Session) -> None:
    village = factories.places(session).village
    pay(session, village, "甲", 500)
    assert "pushed" not in run(session).outcome
    [lost] = auditing.unreached(session, factories.ROOT)
    assert (lost.why, "没有任命" in lost.words) == (Why.NOBODY, True)
    assert auditing.check(session).notices_mended == 0
    late = officer(session, Role.LIAISON_OFFICER, village)
    assert auditing.check(session).notices_mended == 1
    assert auditing.check(session).notices_mended == 0
    tell(session)
    assert told(session, warning(session, "甲")) == [late.id]
    assert _whys(session) == {"甲": Why.UNDELIVERED}


def test_a_lost_step_is_given_back(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    pay(session, world.village, "乙", 500)
    run(session)
    session.execute(update(EarlyWarning).values(next_due_at=None))
    session.execute(update(EarlyWarning).where(EarlyWarning.subject_id == "乙").values(ladder=[]))
    session.expire_all()
    assert auditing.check(session).steps_mended == 2
    assert auditing.check(session).steps_mended == 0
    for payee in ("甲", "乙"):
        assert warning(session, payee).next_due_at is not None


def test_the_list_is_for_inspectors_of_their_area(session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    assert len(auditing.unreached(session, acting(session, world.leader))) == 1
    elsewhere = officer(session, Role.TOWN_INSPECTOR, factories.places(session).town)
    assert auditing.unreached(session, acting(session, elsewhere)) == []
    with pytest.raises(Forbidden):
        auditing.unreached(session, acting(session, world.liaison))


def test_the_metrics_say_the_same(borrowed: BorrowedDatabase, session: Session, world: World) -> None:
    pay(session, world.village, "甲", 500)
    run(session)
    _age(session)
    session.execute(update(EarlyWarning).values(next_due_at=None))
    session.commit()
    shown = metrics.render(borrowed).decode()
    assert 'mashang_warnings_open{colour="yellow"} 1.0' in shown
    assert "mashang_warnings_unreached 1.0" in shown
    assert "mashang_warnings_without_step 1.0" in shown


def test_when_all_who_were_to_be_told_have_left(session: Session) -> None:
    village = factories.places(session).village
    gone = officer(session, Role.LIAISON_OFFICER, village)
    pay(session, village, "甲", 500)
    run(session)
    gone.active = False
    session.flush()
    assert tell(session) == 0
    assert _whys(session) == {"甲": Why.NOBODY}
    assert auditing.check(session).notices_mended == 0
    successor = officer(session, Role.LIAISON_OFFICER, village)
    assert auditing.check(session).notices_mended == 1
    assert auditing.check(session).notices_mended == 0
    assert tell(session) == 1
    assert told(session, warning(session, "甲")) == [successor.id]
