"""The outbox: keys, inbox, waiting and release, resending, reports, whole days."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import database_now
from app.core.errors import Conflict, Forbidden, NotFound
from app.models import (
    AuditEntry,
    InboundKey,
    InboundMessage,
    OutgoingKey,
    OutgoingMessage,
    SubscriptionGrant,
)
from app.models.base import WorkState
from app.models.delivery import Confirmation, MessageClass, MessageKind
from app.models.people import Officer, Role
from app.services import claims, deliveries, inbound, outbox
from app.services.actors import Administrator
from app.services.deliveries import Channel, Way
from tests import factories

ADMIN = Administrator("test")
APP = "wxofficial"


def bound_officer(session: Session) -> Officer:
    """An officer whom a follower's openid is bound to."""
    officer = factories.officer(session)
    factories.identity(session, app_id=APP).officer_id = officer.id
    session.flush()
    return officer


def put(session: Session, officer: Officer, **changes: Any) -> OutgoingMessage:
    values: dict[str, Any] = {
        "kind": MessageKind.WARNING_FIRED,
        "officer_id": officer.id,
        "village_id": None,
        "subject_kind": "warning",
        "subject_id": "w1",
        "data": {"title": "合同即将到期"},
        "path": "/desk/warnings/w1",
        "key": uuid.uuid4().hex,
    }
    message = outbox.enqueue(session, **(values | changes))
    assert message is not None
    return message


def claim_one(session: Session, *, after: timedelta = timedelta(seconds=1)) -> OutgoingMessage:
    """The one due message, as a worker holds it: apart from the session."""
    now = database_now(session) + after
    (row,) = deliveries.claim(session, owner="worker", limit=10, lease_seconds=60, now=now)
    session.expunge(row)
    return row


def way_of(session: Session, message: OutgoingMessage) -> Way:
    identity = factories.identity(session, app_id=APP)
    return Way(Channel.TEMPLATE, identity.id, APP, identity.openid, "template", {})


def sent(session: Session, message: OutgoingMessage, msgid: int) -> OutgoingMessage:
    """Claim and hand over, with this number given by the platform."""
    row = claim_one(session, after=timedelta(hours=1))
    assert row.id == message.id
    way = way_of(session, row)
    assert deliveries.begin(session, row, way)
    assert deliveries.accepted(session, row, way, msgid)
    session.expire_all()
    return session.get_one(OutgoingMessage, message.id)


# --- putting in -----------------------------------------------------------------------------------


def test_a_key_is_good_for_one_message_even_after_it_was_sent(session: Session) -> None:
    officer = bound_officer(session)
    message = put(session, officer, key="warning:1:yellow")
    assert message.state is WorkState.PENDING
    sent(session, message, 1)
    again = outbox.enqueue(
        session,
        kind=MessageKind.WARNING_FIRED,
        officer_id=officer.id,
        village_id=None,
        subject_kind="warning",
        subject_id="w1",
        data={},
        path="/desk",
        key="warning:1:yellow",
    )
    assert again is None
    assert session.scalar(select(func.count()).select_from(OutgoingMessage)) == 1


def test_urgency_follows_the_kind_unless_told(session: Session) -> None:
    officer = bound_officer(session)
    assert put(session, officer).message_class is MessageClass.URGENT
    review = put(session, officer, kind=MessageKind.REVIEW_REQUESTED)
    assert review.message_class is MessageClass.ORDINARY
    told = put(session, officer, message_class=MessageClass.ORDINARY)
    assert told.message_class is MessageClass.ORDINARY


@pytest.mark.parametrize("changes", [{"villager_id": uuid.uuid4()}, {"officer_id": None}, {"path": "desk"}])
def test_one_recipient_and_a_path(session: Session, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        put(session, factories.officer(session), **changes)


def test_an_unbound_officer_reads_in_his_inbox_and_is_listed_as_unreached(session: Session) -> None:
    officer = factories.officer(session)
    message = put(session, officer)
    assert message.state is WorkState.WAITING
    assert [m.id for m in outbox.inbox(session, officer_id=officer.id)] == [message.id]
    assert message.id in {m.id for m in outbox.unreached(session, acting=ADMIN)}
    assert outbox.unread(session, officer_id=officer.id) == 1
    assert outbox.mark_read(session, officer_id=officer.id, subject_kind="warning", subject_id="w1") == 1
    assert outbox.unread(session, officer_id=officer.id) == 0
    assert message.id not in {m.id for m in outbox.unreached(session, acting=ADMIN)}


def test_a_villager_with_a_consent_is_reachable(session: Session) -> None:
    identity = factories.identity(session, app_id="wxmini", subscribed=False)
    officer = factories.officer(session)
    before = put(session, officer, officer_id=None, villager_id=identity.villager_id)
    assert before.state is WorkState.WAITING
    session.add(SubscriptionGrant(app_id="wxmini", openid=identity.openid, template_id="t", remaining=1))
    session.flush()
    after = put(session, officer, officer_id=None, villager_id=identity.villager_id)
    assert after.state is WorkState.PENDING


def test_the_inbox_is_paged_newest_first(session: Session) -> None:
    officer = factories.officer(session)
    made = [put(session, officer).id for _ in range(5)]
    first = outbox.inbox(session, officer_id=officer.id, limit=3)
    rest = outbox.inbox(session, officer_id=officer.id, limit=3, before=(first[-1].created_at, first[-1].id))
    assert [m.id for m in [*first, *rest]] == made[::-1]


# --- waiting and release --------------------------------------------------------------------------


def test_binding_releases_what_waits_unread_and_young(session: Session) -> None:
    officer = factories.officer(session)
    waiting, read, old = put(session, officer), put(session, officer), put(session, officer)
    outbox.mark_read(session, officer_id=officer.id, message_id=read.id)
    old.created_at = clock.now() - timedelta(days=8)
    session.flush()
    assert outbox.release_waiting(session, officer_id=officer.id) == 1
    session.expire_all()
    states = [session.get_one(OutgoingMessage, m.id).state for m in (waiting, read, old)]
    assert states == [WorkState.PENDING, WorkState.WAITING, WorkState.WAITING]


def test_unbinding_holds_back_what_was_not_sent(session: Session) -> None:
    officer = bound_officer(session)
    message = put(session, officer)
    assert outbox.suspend(session, officer_id=officer.id) == 1
    session.refresh(message)
    assert message.state is WorkState.WAITING
    assert deliveries.claim(session, owner="w", limit=5, lease_seconds=60) == []


def test_recover_releases_people_who_became_reachable_quietly(session: Session) -> None:
    officer = factories.officer(session)
    message = put(session, officer)
    assert deliveries.recover(session, now=clock.now()) == (0, 0)
    factories.identity(session).officer_id = officer.id
    session.flush()
    assert deliveries.recover(session, now=clock.now()) == (0, 1)
    session.refresh(message)
    assert message.state is WorkState.PENDING


# --- order ----------------------------------------------------------------------------------------


def test_one_message_per_person_at_a_time_in_order(session: Session) -> None:
    one, other = bound_officer(session), bound_officer(session)
    first, second, elsewhere = put(session, one), put(session, one), put(session, other)
    now = database_now(session) + timedelta(seconds=1)
    taken = deliveries.claim(session, owner="a", limit=10, lease_seconds=60, now=now)
    assert {m.id for m in taken} == {first.id, elsewhere.id}
    for row in taken:
        session.expunge(row)
    assert deliveries.claim(session, owner="b", limit=10, lease_seconds=60, now=now) == []
    claims.retry(session, taken[0], error="busy", reason="", max_attempts=8, delay=timedelta(minutes=5))
    claims.retry(session, taken[1], error="busy", reason="", max_attempts=8, delay=timedelta(minutes=5))
    assert deliveries.claim(session, owner="b", limit=10, lease_seconds=60, now=now) == []
    later = now + timedelta(minutes=6)
    retried = deliveries.claim(session, owner="b", limit=10, lease_seconds=60, now=later)
    assert {m.id for m in retried} == {first.id, elsewhere.id}
    session.expunge_all()
    for row in retried:
        claims.finish(session, row, WorkState.DONE)
    (last,) = deliveries.claim(session, owner="b", limit=10, lease_seconds=60, now=later)
    assert last.id == second.id


def test_one_that_is_not_due_yet_holds_nobody_up(session: Session) -> None:
    officer = bound_officer(session)
    put(session, officer, due_at=database_now(session) + timedelta(hours=3))
    second = put(session, officer)
    assert claim_one(session).id == second.id


# --- repeating ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message_class", "channel", "minutes", "allowed"),
    [
        (MessageClass.URGENT, Channel.SUBSCRIBE, 600, True),
        (MessageClass.ORDINARY, Channel.TEMPLATE, 8, True),
        (MessageClass.ORDINARY, Channel.TEMPLATE, 9.5, False),
        (MessageClass.ORDINARY, Channel.SUBSCRIBE, 0.1, False),
        (MessageClass.ORDINARY, Channel.BIZSEND, 0.1, False),
    ],
)
def test_what_may_be_sent_again_after_a_lost_answer(
    message_class: MessageClass, channel: Channel, minutes: float, allowed: bool
) -> None:
    now = clock.now()
    message = OutgoingMessage(
        message_class=message_class, channel=channel, coarse=False, sent_at=now - timedelta(minutes=minutes)
    )
    assert deliveries.may_repeat(message, now) is allowed


@pytest.mark.parametrize(("attempts", "allowed"), [(2, True), (5, True), (6, False)])
def test_coarse_messages_count_attempts_instead(attempts: int, allowed: bool) -> None:
    now = clock.now()
    message = OutgoingMessage(
        message_class=MessageClass.ORDINARY,
        channel=Channel.TEMPLATE,
        coarse=True,
        attempts=attempts,
        sent_at=clock.whole_day(now),
    )
    assert deliveries.may_repeat(message, now) is allowed


# --- whole days -----------------------------------------------------------------------------------


def test_every_time_of_a_coarse_message_is_a_whole_day(session: Session) -> None:
    officer = bound_officer(session)
    message = put(session, officer, coarse=True, key="coarse")
    row = claim_one(session)
    claims.retry(session, row, error="busy", reason="", max_attempts=8, delay=timedelta(minutes=5))
    assert deliveries.claim(session, owner="b", limit=5, lease_seconds=60) == [], "it backs off all the same"
    done = sent(session, message, 77)
    outbox.mark_read(session, officer_id=officer.id, message_id=message.id)
    outbox.confirm(session, app_id=APP, msgid=77, status="success")
    session.refresh(done)
    key = session.get_one(OutgoingKey, "coarse")
    times = [done.created_at, done.due_at, done.sent_at, done.read_at, done.confirmed_at, key.created_at]
    assert times == [clock.whole_day(clock.now())] * 6
    assert done.lease_until is None
    assert done.msgid is None, "the numbers around it would tell the minute"


# --- reports --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "confirmation", "state"),
    [
        ("success", Confirmation.DELIVERED, WorkState.DONE),
        ("failed:user block", Confirmation.REFUSED, WorkState.WAITING),
        ("failed: user block", Confirmation.REFUSED, WorkState.WAITING),
        ("failed: system failed", Confirmation.FAILED, WorkState.PENDING),
        ("failed:freq limit", Confirmation.FAILED, WorkState.PENDING),
        ("something new", Confirmation.FAILED, WorkState.PENDING),
    ],
)
def test_reports(session: Session, status: str, confirmation: Confirmation, state: WorkState) -> None:
    message = sent(session, put(session, bound_officer(session)), 3557254367693750277)
    assert outbox.confirm(session, app_id=APP, msgid=3557254367693750277, status=status)
    session.refresh(message)
    assert (message.confirmation, message.state) == (confirmation, state)


def test_a_failure_is_tried_anew_when_the_platform_forgot_the_number(session: Session) -> None:
    message = sent(session, put(session, bound_officer(session)), 5)
    outbox.confirm(session, app_id=APP, msgid=5, status="failed: system failed")
    assert message.due_at > database_now(session) + timedelta(minutes=10)
    assert message.msgid is None
    for number in (6, 7):
        message = sent(session, message, number)
        outbox.confirm(session, app_id=APP, msgid=number, status="failed: system failed")
    session.refresh(message)
    assert message.state is WorkState.FAILED
    assert message.error_code == "platform.failed"


def test_a_second_report_changes_nothing(session: Session) -> None:
    message = sent(session, put(session, bound_officer(session)), 5)
    outbox.confirm(session, app_id=APP, msgid=5, status="success")
    outbox.confirm(session, app_id=APP, msgid=5, status="failed:user block")
    session.refresh(message)
    assert message.confirmation is Confirmation.DELIVERED


def journal(session: Session, msgid: int | str, *, app_id: str = APP) -> None:
    session.add(
        InboundMessage(
            app_id=app_id,
            msg_type="event",
            event="TEMPLATESENDJOBFINISH",
            openid="o",
            fields={"MsgID": msgid, "Status": "success"},
            outcome="handled",
        )
    )
    session.flush()


@pytest.mark.parametrize("form", [str, int])
def test_a_report_that_came_before_the_answer_is_not_lost(session: Session, form: type) -> None:
    message = put(session, bound_officer(session))
    assert not outbox.confirm(session, app_id=APP, msgid=9007199254740993, status="success")
    journal(session, form(9007199254740993))
    assert sent(session, message, 9007199254740993).confirmation is Confirmation.DELIVERED


def test_a_report_that_slipped_past_both_is_applied_within_a_minute(session: Session) -> None:
    message = sent(session, put(session, bound_officer(session)), 8)
    assert message.confirmation is Confirmation.NONE
    journal(session, "8", app_id="another")
    assert deliveries.recover(session, now=clock.now()) == (0, 0)
    journal(session, "8")
    assert deliveries.recover(session, now=clock.now()) == (1, 0)
    session.refresh(message)
    assert message.confirmation is Confirmation.DELIVERED


def test_reports_leave_the_journal_after_an_hour(session: Session) -> None:
    journal(session, "1")
    assert inbound.forget_reports(session, now=clock.now()) == 0
    assert inbound.forget_reports(session, now=clock.now() + timedelta(minutes=61)) == 1


# --- sending again --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [WorkState.FAILED, WorkState.UNKNOWN, WorkState.WAITING])
def test_resend_makes_it_new_and_leaves_an_audit_row(session: Session, state: WorkState) -> None:
    message = put(session, bound_officer(session))
    row = claim_one(session)
    claims.finish(session, row, state, error_code="wechat.47003", error_text="…")
    session.expire_all()
    again = outbox.resend(session, acting=ADMIN, message_id=message.id)
    assert (again.state, again.attempts, again.error_code) == (WorkState.PENDING, 0, None)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "message.resent")).one()
    assert entry.noun_id == str(message.id)


@pytest.mark.parametrize("state", [WorkState.PENDING, WorkState.DONE, WorkState.CLAIMED])
def test_resend_refuses_what_is_on_its_way(session: Session, state: WorkState) -> None:
    message = put(session, bound_officer(session))
    session.execute(update(OutgoingMessage).values(state=state))
    session.expire_all()
    with pytest.raises(Conflict) as caught:
        outbox.resend(session, acting=ADMIN, message_id=message.id)
    assert caught.value.code == "message.not_resendable"


def test_resend_refuses_who_cannot_be_reached(session: Session) -> None:
    message = put(session, factories.officer(session))
    with pytest.raises(Conflict) as caught:
        outbox.resend(session, acting=ADMIN, message_id=message.id)
    assert caught.value.code == "message.unreachable"


def test_who_may_see_and_resend(session: Session) -> None:
    places, others = factories.places(session), factories.places(session)
    recipient = factories.officer(session)
    message = put(session, recipient, village_id=places.village.id)

    def seen_by(role: Role, place: Any) -> bool:
        person = factories.acting(session, factories.officer(session, role, place))
        try:
            outbox.find(session, acting=person, message_id=message.id)
        except (NotFound, Forbidden):
            return False
        return True

    assert seen_by(Role.TOWN_INSPECTOR, places.town)
    assert seen_by(Role.COUNTY_INSPECTOR, places.county)
    assert not seen_by(Role.TOWN_INSPECTOR, others.town)
    assert not seen_by(Role.INFORMATION_OFFICER, places.village)
    assert outbox.find(session, acting=ADMIN, message_id=message.id) is not None


def test_a_message_about_a_complaint_is_hidden_from_whom_it_names(session: Session) -> None:
    places = factories.places(session)
    named = factories.officer(session, Role.TOWN_INSPECTOR, places.town)
    other = factories.officer(session, Role.TOWN_INSPECTOR, places.town)
    filed = factories.complaint(session, places.village, about=[named.id])
    message = put(
        session,
        factories.officer(session),
        village_id=places.village.id,
        subject_kind="complaint",
        subject_id=str(filed.complaint.id),
    )
    unbound = {m.id for m in outbox.unreached(session, acting=factories.acting(session, other))}
    assert message.id in unbound
    unbound = {m.id for m in outbox.unreached(session, acting=factories.acting(session, named))}
    assert message.id not in unbound
    with pytest.raises(NotFound):
        outbox.resend(session, acting=factories.acting(session, named), message_id=message.id)


def test_cleanup_keeps_keys_for_ninety_days(session: Session) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    for days in (89, 91):
        session.add(
            OutgoingKey(key=f"k{days}", message_id=uuid.uuid4(), created_at=now - timedelta(days=days))
        )
    for days in (2, 4):
        session.add(InboundKey(key=f"i{days}", received_at=now - timedelta(days=days)))
    session.flush()
    with time_machine.travel(now):
        assert outbox.cleanup(session, now=clock.now()) == 2
    assert session.get(OutgoingKey, "k89") is not None
    assert session.get(InboundKey, "i2") is not None
