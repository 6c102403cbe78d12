"""A delivery is handled once, however often and whenever it arrives, across threads and processes."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.db import Database
from app.models.delivery import InboundKey, InboundMessage
from app.services import inbound as journal
from app.wechat import replies
from app.wechat.accounts import Account
from app.wechat.inbound import Inbound
from tests.vectors.served import Served
from tests.wechat.knocking import knock, opened, sealed
from tests.wechat.racing import deliver, once, receive
from tests.wechat.samples import event_fields, message_fields


def effects(database: Database) -> int:
    with database.reading() as session:
        return int(session.scalar(text("SELECT count(*) FROM effect")) or 0)


@pytest.fixture
def counted(database: Database) -> Database:
    """A database with a table that shows every effect of a handler."""
    with database.transaction() as session:
        session.execute(text("CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY)"))
    return database


def test_a_repetition_gets_the_stored_reply(counted: Database) -> None:
    first, second = receive(counted, once), receive(counted, once)
    assert (first.reply, first.repeated) == ("已收到", False)
    assert (second.reply, second.repeated) == ("已收到", True)
    assert effects(counted) == 1
    with counted.reading() as session:
        key = session.scalars(select(InboundKey)).one()
        row = session.scalars(select(InboundMessage)).one()
        assert (key.inbound_id, key.reply) == (row.id, "已收到")
        assert (row.app_id, row.openid, row.outcome, row.fields) == (
            "wx1",
            "oUser",
            "handled",
            {"Content": "路灯坏了"},
        )


def test_a_failed_first_leaves_room_for_the_second(counted: Database) -> None:
    def fail(session: Session) -> journal.Handled:
        once(session)
        raise KeyError("bug")

    with pytest.raises(KeyError):
        receive(counted, fail)
    assert effects(counted) == 0
    assert receive(counted, once).repeated is False
    assert effects(counted) == 1


@pytest.mark.parametrize("first_fails", [False, True])
def test_a_repetition_during_the_work_waits_for_its_outcome(counted: Database, first_fails: bool) -> None:
    at_work, go_on = threading.Event(), threading.Event()

    def slowly(session: Session) -> journal.Handled:
        at_work.set()
        assert go_on.wait(10)
        if first_fails:
            raise KeyError("bug")
        return once(session)

    def second() -> journal.Receipt:
        assert at_work.wait(10)
        threading.Timer(0.2, go_on.set).start()
        return receive(counted, once)

    with ThreadPoolExecutor(2) as pool:
        slow, fast = pool.submit(receive, counted, slowly), pool.submit(second)
        receipt = fast.result(timeout=20)
        assert (slow.exception(timeout=20) is not None) is first_fails
    assert (receipt.reply, receipt.repeated) == ("已收到", not first_fails)
    assert effects(counted) == 1


def test_a_repetition_does_not_wait_for_ever(counted: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "WAIT_MILLISECONDS", 50)
    at_work, go_on = threading.Event(), threading.Event()

    def slowly(session: Session) -> journal.Handled:
        at_work.set()
        assert go_on.wait(10)
        return once(session)

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(receive, counted, slowly)
        assert at_work.wait(10)
        with pytest.raises(OperationalError):
            receive(counted, once)
        go_on.set()
        assert slow.result(timeout=20).repeated is False
    assert effects(counted) == 1


def count_and_answer(session: Session, _account: Account, inbound: Inbound) -> replies.Reply | None:
    session.execute(text("INSERT INTO effect DEFAULT VALUES"))
    number = session.scalar(text("SELECT count(*) FROM effect"))
    return replies.Text(f"第 {number} 件")


def test_thirty_deliveries_at_once_over_http_have_one_effect(counted: Database) -> None:
    with Served(counted, count_and_answer) as served:
        deliveries = [sealed(message_fields("text")) for _ in range(30)]
        knock(served, sealed(event_fields("CLICK")))
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda delivery: knock(served, delivery), deliveries))
        assert {answer.status for answer in answers} == {200}
        assert {"第 2 件" in opened(answer) for answer in answers} == {True}
        assert len(served.journal()) == 2
    assert effects(counted) == 2


@pytest.mark.processes
def test_several_processes_handle_a_delivery_once(counted: Database) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    workers = [context.Process(target=deliver, args=(counted.url, barrier, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(timeout=30)
    assert sorted(found) == [("已收到", False), ("已收到", True), ("已收到", True), ("已收到", True)]
    assert effects(counted) == 1
