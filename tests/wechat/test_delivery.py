"""Deliveries against the sandbox: ways to a person, classes of errors, lost answers, reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from app.core import clock
from app.core.db import BorrowedDatabase, database_now
from app.models import MessageTemplate, OutgoingMessage, SubscriptionGrant, WechatIdentity
from app.models.base import WorkState
from app.models.delivery import MessageClass, MessageKind
from app.services import deliveries, identities, outbox
from app.wechat.delivery import Courier, Outcome
from tests import factories
from tests.sandbox.support import MINI_ID, Sandbox, config_for, running
from tests.wechat.platform import DATA, SEND, SUBSCRIBE, Platform, bound, follower, platform, put

OFFICER, VILLAGER = "李联络", "王阿婆"


@pytest.fixture(scope="module")
def running_sandbox() -> Iterator[Sandbox]:
    with running(config_for("")) as client:
        yield client


@pytest.fixture
def here(running_sandbox: Sandbox, borrowed: BorrowedDatabase, tmp_path: Path) -> Iterator[Platform]:
    running_sandbox.control("reset")
    with platform(running_sandbox, borrowed, tmp_path) as found:
        found.sync()
        yield found


def queue(here: Platform, **changes: Any) -> OutgoingMessage:
    """A message to an officer who follows."""
    with here.database.transaction() as session:
        return put(session, officer_id=bound(session, here.sandbox, OFFICER).id, **changes)


def work(
    here: Platform, courier: Courier | None = None, *, later: timedelta = timedelta(seconds=1)
) -> list[Outcome]:
    """One round of a worker, `later` than now."""
    courier = courier or Courier(here.database, here.clients, here.settings)
    with here.database.transaction() as session:
        now = database_now(session) + later
        rows = deliveries.claim(session, owner="worker", limit=10, lease_seconds=60, now=now)
    return [courier.deliver(row) for row in rows]


def state(here: Platform, message: OutgoingMessage) -> OutgoingMessage:
    with here.database.transaction() as session:
        return session.get_one(OutgoingMessage, message.id, populate_existing=True)


def test_a_follower_gets_a_template_message_that_opens_our_page(here: Platform) -> None:
    message = queue(here, data=DATA | {"title": "东联村鱼塘承包合同还有二十天就要到期了请尽快处理"})
    assert work(here) == [Outcome.SENT]
    (line,) = here.received(OFFICER)
    assert line["url"] == here.settings.url("/desk/warnings/w1")
    values = {field["label"]: field["value"] for field in line["fields"]}
    assert values["预警名称"] == "东联村鱼塘承包合同还有二十天就要到期了…"
    done = state(here, message)
    assert (done.state, done.channel) == (WorkState.DONE, "template")
    assert done.msgid is not None
    assert done.msgid > 2**53


def test_the_number_of_the_message_travels_with_it(here: Platform) -> None:
    message = queue(here)
    work(here)
    (call,) = here.calls(SEND)
    assert call["body"]["client_msg_id"] == message.id.hex


@pytest.mark.parametrize("errcode", [-1, 45011])
def test_a_busy_platform_is_asked_again_a_little_later(here: Platform, errcode: int) -> None:
    message = queue(here)
    here.sandbox.control("fail", path=SEND, errcode=errcode)
    assert work(here) == [Outcome.RETRY]
    waiting = state(here, message)
    assert (waiting.state, waiting.sent_at, waiting.attempts) == (WorkState.PENDING, None, 1)
    assert waiting.error_code == f"wechat.{errcode}"
    assert work(here, later=timedelta(seconds=5)) == [Outcome.SENT]


def test_a_server_error_is_asked_again(here: Platform) -> None:
    queue(here)
    here.sandbox.control("fail", path=SEND, http_status=502)
    assert work(here) == [Outcome.RETRY]
    assert work(here, later=timedelta(seconds=5)) == [Outcome.SENT]


def test_at_last_a_dead_letter_that_can_be_sent_by_hand(here: Platform) -> None:
    message = queue(here)
    tries = here.settings.outbox_max_attempts
    here.sandbox.control("fail", path=SEND, errcode=-1, times=tries)
    outcomes = [outcome for _ in range(tries) for outcome in work(here, later=timedelta(hours=1))]
    assert outcomes == [Outcome.RETRY] * (tries - 1) + [Outcome.FAILED]
    with here.database.transaction() as session:
        outbox.resend(session, acting=factories.ROOT, message_id=message.id)
    assert work(here) == [Outcome.SENT]


def test_a_revoked_token_costs_nobody_a_message(here: Platform) -> None:
    queue(here)
    here.sandbox.control("tokens", how="revoke")
    assert work(here) == [Outcome.SENT]
    assert len(here.received(OFFICER)) == 1


def test_the_daily_quota_ends_at_midnight_and_is_asked_once(here: Platform) -> None:
    message = queue(here)
    with here.database.transaction() as session:
        other = put(session, officer_id=bound(session, here.sandbox, VILLAGER).id)
    here.sandbox.control("fail", path=SEND, errcode=45009, times=9)
    courier = Courier(here.database, here.clients, here.settings)
    assert work(here, courier) == [Outcome.DEFERRED, Outcome.DEFERRED]
    assert len(here.calls(SEND)) == 1
    midnight = clock.at(clock.today() + timedelta(days=1))
    for row in (state(here, message), state(here, other)):
        assert abs(row.due_at - midnight) < timedelta(minutes=2)
        assert row.attempts == 0


def test_resending_by_hand_knocks_at_a_paused_account(here: Platform) -> None:
    message = queue(here)
    with here.database.transaction() as session:
        put(session, officer_id=bound(session, here.sandbox, VILLAGER).id)
    here.sandbox.control("fail", path=SEND, errcode=45009)
    courier = Courier(here.database, here.clients, here.settings)
    assert work(here, courier) == [Outcome.DEFERRED, Outcome.DEFERRED]
    with here.database.transaction() as session:
        other = session.scalars(select(OutgoingMessage).where(OutgoingMessage.id != message.id)).one()
        for row in (message, other):
            outbox.resend(session, acting=factories.ROOT, message_id=row.id)
    assert work(here, courier) == [Outcome.SENT, Outcome.SENT]


@pytest.mark.parametrize("errcode", [40164, 48001])
def test_an_account_that_needs_a_person_loses_no_message(here: Platform, errcode: int) -> None:
    message = queue(here)
    here.sandbox.control("fail", path=SEND, errcode=errcode, times=9)
    assert work(here) == [Outcome.DEFERRED]
    assert state(here, message).error_code == f"wechat.{errcode}"
    with here.database.transaction() as session:
        long_ago = clock.now() - timedelta(days=4)
        session.execute(update(OutgoingMessage).values(created_at=long_ago))
    assert work(here, later=timedelta(hours=1)) == [Outcome.FAILED]


def test_a_refused_payload_is_a_dead_letter_that_names_the_field(here: Platform) -> None:
    message = queue(here)
    key = next(f["key"] for f in here.sandbox.template("风险预警通知")["fields"] if f["label"] == "预警名称")
    here.sandbox.control(
        "fail", path=SEND, errcode=47003, errmsg=f"argument invalid! data.{key}.value invalid"
    )
    assert work(here) == [Outcome.FAILED]
    dead = state(here, message)
    assert (dead.state, dead.error_code) == (WorkState.FAILED, "wechat.47003")
    assert "title" in str(dead.error_text)


def test_a_value_that_cannot_fit_never_leaves_the_house(here: Platform) -> None:
    message = queue(here, data=DATA | {"fired_at": "昨天"})
    assert work(here) == [Outcome.FAILED]
    assert here.calls(SEND) == []
    assert state(here, message).error_code == "wechat.value"


def test_who_left_is_marked_and_the_message_waits_in_the_inbox(here: Platform) -> None:
    message = queue(here)
    here.sandbox.control("unfollow", persona=OFFICER, wait=False)
    assert work(here) == [Outcome.WAITING]
    resting = state(here, message)
    assert (resting.state, resting.error_code) == (WorkState.WAITING, "wechat.43004")
    with here.database.transaction() as session:
        assert session.scalars(select(WechatIdentity.subscribed)).all() == [False]
        assert deliveries.recover(session, now=clock.now()) == (0, 0)


def test_without_a_template_a_dead_letter_says_what_to_do(here: Platform) -> None:
    with here.database.transaction() as session:
        for row in session.scalars(select(MessageTemplate)):
            session.delete(row)
    message = queue(here)
    assert work(here) == [Outcome.FAILED]
    assert "wechat setup" in str(state(here, message).error_text)


# --- subscribe messages ---------------------------------------------------------------------------


def with_consents(here: Platform, count: int, *, at_platform: int | None = None) -> OutgoingMessage:
    """A message to a villager of the Mini Program who agreed `count` times, as far as we know."""
    title = "工单进度提醒"
    for _ in range(count if at_platform is None else at_platform):
        here.sandbox.control("consent", persona=VILLAGER, account=MINI_ID, titles=[title], wait=False)
    template_id = here.sandbox.template(title, "subscribe", MINI_ID)["template_id"]
    with here.database.transaction() as session:
        openid = here.sandbox.mp_openid(VILLAGER)
        villager_id = identities.identify(session, app_id=MINI_ID, openid=openid).villager_id
        session.add(
            SubscriptionGrant(app_id=MINI_ID, openid=openid, template_id=template_id, remaining=count)
        )
        session.flush()
        return put(session, villager_id=villager_id, kind=MessageKind.COMPLAINT_PROGRESS, path="/my/1")


def consents_left(here: Platform) -> int:
    with here.database.transaction() as session:
        return session.scalars(select(SubscriptionGrant.remaining)).one()


def test_a_consent_carries_one_message_of_the_mini_program(here: Platform) -> None:
    message = with_consents(here, 1)
    assert work(here) == [Outcome.SENT]
    (line,) = here.received(VILLAGER)
    assert line["miniprogram"]["page"].endswith("?to=%2Fmy%2F1")
    assert consents_left(here) == 0
    with here.database.transaction() as session:
        assert message.villager_id is not None
        next_one = put(session, villager_id=message.villager_id, kind=MessageKind.COMPLAINT_PROGRESS)
        assert next_one.state is WorkState.WAITING


def test_the_platform_knows_better_how_many_consents_are_left(here: Platform) -> None:
    message = with_consents(here, 3, at_platform=0)
    assert work(here) == [Outcome.WAITING]
    assert state(here, message).error_code == "wechat.43101"
    assert consents_left(here) == 0


def test_a_consent_is_not_used_up_by_a_busy_platform(here: Platform) -> None:
    with_consents(here, 1)
    here.sandbox.control("fail", path=SUBSCRIBE, errcode=-1)
    assert work(here) == [Outcome.RETRY]
    assert consents_left(here) == 1
    assert work(here, later=timedelta(seconds=5)) == [Outcome.SENT]
    assert consents_left(here) == 0


def test_a_lost_answer_without_repeat_protection_is_left_to_a_person(here: Platform) -> None:
    message = with_consents(here, 2)
    here.sandbox.control("fail", path=SUBSCRIBE, timeout=True)
    assert work(here) == [Outcome.UNKNOWN]
    assert state(here, message).state is WorkState.UNKNOWN
    assert consents_left(here) == 1
    assert work(here, later=timedelta(days=1)) == []
    assert len(here.received(VILLAGER)) == 1


def test_a_follower_who_left_is_reached_by_his_consent(here: Platform) -> None:
    message = with_consents(here, 1)
    with here.database.transaction() as session:
        official = follower(session, here.sandbox, VILLAGER)
        assert message.villager_id is not None
        official.villager_id = message.villager_id
    here.sandbox.control("unfollow", persona=VILLAGER, wait=False)
    assert work(here) == [Outcome.SENT]
    assert state(here, message).channel == "subscribe"
    assert len(here.calls(SEND)) == 1


# --- lost answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("message_class", list(MessageClass))
def test_a_lost_answer_is_repeated_while_the_platform_drops_repetitions(
    here: Platform, message_class: MessageClass
) -> None:
    message = queue(here, message_class=message_class)
    here.sandbox.control("fail", path=SEND, timeout=True)
    assert work(here) == [Outcome.RETRY]
    assert state(here, message).sent_at is not None
    assert work(here, later=timedelta(seconds=5)) == [Outcome.SENT]
    assert len(here.received(OFFICER)) == 1
    assert len(here.calls(SEND)) == 2


def test_later_only_urgent_ones_are_repeated(here: Platform) -> None:
    urgent = queue(here, message_class=MessageClass.URGENT)
    with here.database.transaction() as session:
        officer = bound(session, here.sandbox, VILLAGER)
        ordinary = put(session, officer_id=officer.id, message_class=MessageClass.ORDINARY)
    here.sandbox.control("fail", path=SEND, timeout=True, times=2)
    assert work(here) == [Outcome.RETRY, Outcome.RETRY]
    here.sandbox.control("clock", advance_seconds=700)
    with time_machine.travel(clock.now() + timedelta(seconds=700)):
        outcomes = work(here, later=timedelta(seconds=700))
    assert sorted(outcomes) == [Outcome.SENT, Outcome.UNKNOWN]
    assert state(here, urgent).state is WorkState.DONE
    assert state(here, ordinary).state is WorkState.UNKNOWN
    assert (len(here.received(OFFICER)), len(here.received(VILLAGER))) == (2, 1)


def test_who_inherits_a_dead_workers_claim_repeats_it_safely(here: Platform) -> None:
    """The worker died between handing over and writing down: its claim runs out."""
    message = queue(here, message_class=MessageClass.ORDINARY)
    dying = Courier(here.database, here.clients, here.settings)
    here.sandbox.control("fail", path=SEND, timeout=True)
    with here.database.transaction() as session:
        (row,) = deliveries.claim(
            session,
            owner="dying",
            limit=1,
            lease_seconds=60,
            now=database_now(session) + timedelta(seconds=1),
        )
    assert dying.deliver(row) is Outcome.RETRY
    with here.database.transaction() as session:
        left_behind = {"state": WorkState.CLAIMED, "lease_owner": "dying", "lease_until": clock.now()}
        session.execute(update(OutgoingMessage).values(**left_behind))
    assert work(here, later=timedelta(minutes=2)) == [Outcome.SENT]
    assert dying.deliver(row) is Outcome.LOST, "a late worker changes nothing"
    assert state(here, message).state is WorkState.DONE
    assert len(here.received(OFFICER)) == 1


# --- whole days -----------------------------------------------------------------------------------


@pytest.mark.parametrize("coarse", [False, True])
def test_what_was_accepted_leaves_no_line_and_the_rest_names_nothing(
    here: Platform, capsys: pytest.CaptureFixture[str], coarse: bool
) -> None:
    message = queue(here, coarse=coarse)
    here.sandbox.control("fail", path=SEND, errcode=-1)
    assert work(here) == [Outcome.RETRY]
    assert "outbox.tried" in (logged := capsys.readouterr().out)
    assert str(message.id) not in logged
    assert message.kind.value not in logged
    assert work(here, later=timedelta(seconds=5)) == [Outcome.SENT]
    assert "outbox.tried" not in capsys.readouterr().out


def test_every_time_of_a_sent_coarse_message_is_a_whole_day(here: Platform) -> None:
    message = queue(here, coarse=True)
    assert work(here) == [Outcome.SENT]
    done = state(here, message)
    assert {done.created_at, done.due_at, done.sent_at} == {clock.whole_day(clock.now())}
