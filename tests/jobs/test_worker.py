"""The worker: steps, drains, wakes, and survives what happens to it; with real processes."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.db import BorrowedDatabase, Database, wake_worker
from app.core.errors import BadInput, Conflict
from app.core.settings import Settings
from app.core.storage import Storage
from app.jobs.worker import Worker
from app.models import Export, OutgoingMessage
from app.models.base import Json, WorkState
from app.services import exports
from tests.jobs import support
from tests.sandbox.support import Sandbox, config_for, running
from tests.support import eventually
from tests.wechat.platform import ADMIN, SEND, Platform, bound, platform, put

OFFICER = "李联络"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running(config_for("")) as client:
        yield client


@pytest.fixture
def stepped(sandbox: Sandbox, borrowed: BorrowedDatabase, tmp_path: Path) -> Iterator[Platform]:
    """Everything in one thread, rolled back afterwards."""
    with platform(sandbox, borrowed, tmp_path) as found:
        found.sync()
        yield found


@pytest.fixture
def here(sandbox: Sandbox, database: Database, tmp_path: Path) -> Iterator[Platform]:
    """A database of its own, for threads and processes."""
    patience = {"worker_threads": 4, "lease_seconds": 20, "wechat_read_timeout": 8.0}
    with platform(sandbox, database, tmp_path, **patience) as found:
        found.sync()
        yield found


def worker(here: Platform) -> Worker:
    return Worker(here.database, here.settings, here.clients, "worker")


def states(here: Platform) -> Counter[WorkState]:
    with here.database.reading() as session:
        found = session.execute(select(OutgoingMessage.state, func.count()).group_by(OutgoingMessage.state))
        return Counter(dict(found.all()))


def fill(here: Platform, people: int, each: int) -> list[uuid.UUID]:
    """`each` messages for each of `people` officers who follow, in order."""
    made = []
    for index in range(people):
        with here.database.transaction() as session:
            officer = bound(session, here.sandbox, f"干部{index}")
            made += [put(session, officer_id=officer.id, path=f"/desk/{n}").id for n in range(each)]
    return made


def test_a_step_takes_one_per_person_and_drain_takes_all(stepped: Platform) -> None:
    with stepped.database.transaction() as session:
        officer = bound(session, stepped.sandbox, OFFICER)
        for number in range(3):
            put(session, officer_id=officer.id, path=f"/desk/{number}")
    assert worker(stepped).step() == 1
    assert worker(stepped).drain() == 2
    assert worker(stepped).step() == 0
    assert [line["url"][-1] for line in stepped.received(OFFICER)] == ["0", "1", "2"]


def test_an_error_of_ours_concerns_one_row_alone(stepped: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> tuple[str, bytes]:
        raise ZeroDivisionError

    monkeypatch.setitem(exports.EXPORTS, "broken", broken)
    with stepped.database.transaction() as session:
        exports.request(session, acting=ADMIN, kind="broken")
        put(session, officer_id=bound(session, stepped.sandbox, OFFICER).id)
    worker(stepped).step()
    with stepped.database.transaction() as session:
        row = session.scalars(select(Export)).one()
        assert (row.state, row.error_code, row.attempts) == (WorkState.PENDING, "internal", 1)
    assert len(stepped.received(OFFICER)) == 1


# --- exports --------------------------------------------------------------------------------------


def numbers(
    _database: Database, _settings: Settings, _parameters: Json, progress: exports.Progress
) -> tuple[str, bytes]:
    progress(1, 2)
    progress(2, 2)
    return "数字.txt", b"1 2"


def too_much(*_: object) -> tuple[str, bytes]:
    raise BadInput("export.too_large", "太大了。")


@pytest.fixture
def makers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exports.EXPORTS, "numbers", numbers)
    monkeypatch.setitem(exports.EXPORTS, "too_much", too_much)


def ask(here: Platform, kind: str) -> uuid.UUID:
    with here.database.transaction() as session:
        return exports.request(session, acting=ADMIN, kind=kind).id


@pytest.mark.usefixtures("makers")
def test_an_export_is_made_and_kept(stepped: Platform) -> None:
    key = ask(stepped, "numbers")
    worker(stepped).step()
    storage = Storage.in_data_dir(stepped.settings.data_dir)
    with stepped.database.transaction() as session:
        row = session.get_one(Export, key, populate_existing=True)
        assert (row.state, row.done, row.total, row.file_name) == (WorkState.DONE, 2, 2, "数字.txt")
        assert storage.read(exports.finished_file(session, key)) == b"1 2"


@pytest.mark.usefixtures("makers")
def test_an_export_that_is_refused_says_why(stepped: Platform) -> None:
    key = ask(stepped, "too_much")
    worker(stepped).step()
    with stepped.database.transaction() as session:
        row = session.get_one(Export, key, populate_existing=True)
        assert (row.state, row.error_text) == (WorkState.FAILED, "太大了。")
        with pytest.raises(Conflict):
            exports.finished_file(session, key)


@pytest.mark.usefixtures("makers")
def test_a_command_makes_an_export_itself(stepped: Platform) -> None:
    key = ask(stepped, "numbers")
    storage = Storage.in_data_dir(stepped.settings.data_dir)
    exports.run_now(stepped.database, storage, stepped.settings, key)
    with stepped.database.transaction() as session:
        assert storage.read(exports.finished_file(session, key)) == b"1 2"
    assert worker(stepped).step() == 0


def test_an_unknown_export_is_refused(stepped: Platform) -> None:
    with pytest.raises(BadInput):
        ask(stepped, "nothing")


# --- running --------------------------------------------------------------------------------------


@pytest.fixture
def running_worker(here: Platform) -> Iterator[tuple[Platform, threading.Event]]:
    """A worker in a thread that looks by itself only once an hour."""
    patient = here.settings.model_copy(update={"worker_poll_seconds": 3600.0})
    stop = threading.Event()
    busy = Worker(here.database, patient, here.clients, "worker")
    thread = threading.Thread(target=busy.run, args=(stop,))
    thread.start()
    yield here, stop
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_a_notification_wakes_it(running_worker: tuple[Platform, threading.Event]) -> None:
    here, _ = running_worker
    with here.database.transaction() as session:
        put(session, officer_id=bound(session, here.sandbox, OFFICER).id)
        wake_worker(session)
    eventually(lambda: states(here)[WorkState.DONE] == 1, timeout=10)


def test_stopping_finishes_the_call_in_hand(running_worker: tuple[Platform, threading.Event]) -> None:
    here, stop = running_worker
    here.sandbox.control("fail", path=SEND, latency_seconds=0.7)
    with here.database.transaction() as session:
        put(session, officer_id=bound(session, here.sandbox, OFFICER).id)
    eventually(lambda: here.calls(SEND))
    stop.set()
    eventually(lambda: states(here)[WorkState.DONE] == 1, timeout=10)


def test_a_person_whose_calls_hang_holds_up_nobody_else(
    running_worker: tuple[Platform, threading.Event],
) -> None:
    here, _ = running_worker
    openid = here.sandbox.openid("慢")
    here.sandbox.control("fail", path=SEND, timeout=True, openid=openid, times=9)
    with here.database.transaction() as session:
        officer = bound(session, here.sandbox, "慢")
        slow = {put(session, officer_id=officer.id).id for _ in range(3)}
    eventually(lambda: here.calls(SEND))
    fill(here, people=6, each=2)
    others = select(OutgoingMessage.state).where(OutgoingMessage.id.not_in(slow))

    def others_are_done() -> bool:
        with here.database.reading() as session:
            return session.scalars(others).all() == [WorkState.DONE] * 12

    eventually(others_are_done, timeout=30)
    with here.database.reading() as session:
        left = session.scalars(select(OutgoingMessage.state).where(OutgoingMessage.id.in_(slow))).all()
    assert WorkState.DONE not in left


# --- real processes -------------------------------------------------------------------------------


def sent_numbers(here: Platform) -> Counter[str]:
    """How often the platform put each of our message numbers on a phone."""
    calls = [call for call in here.calls(SEND) if call["answer"] and call["answer"]["errcode"] == 0]
    numbers = {(call["body"]["client_msg_id"], str(call["answer"]["msgid"])) for call in calls}
    return Counter(client_id for client_id, _ in numbers)


def phones(here: Platform, people: int) -> Counter[str]:
    """How many messages arrived on each phone."""
    return Counter({f"干部{n}": len(here.received(f"干部{n}")) for n in range(people)})


@pytest.mark.processes
def test_several_workers_deliver_five_hundred_once_each(here: Platform) -> None:
    fill(here, people=50, each=10)
    arguments: list[tuple[Any, ...]] = [(here.database.url, here.settings, f"w{n}") for n in range(3)]
    with (
        support.process(support.work, *arguments[0]),
        support.process(support.work, *arguments[1]),
        support.process(support.work, *arguments[2]),
    ):
        eventually(lambda: states(here)[WorkState.DONE] == 500, timeout=100)
    assert phones(here, 50) == Counter({f"干部{n}": 10 for n in range(50)})
    for n in range(0, 50, 10):
        assert [line["url"].rpartition("/")[2] for line in here.received(f"干部{n}")] == list("0123456789")
    with here.database.reading() as session:
        assert session.scalars(select(func.count(func.distinct(OutgoingMessage.msgid)))).one() == 500


@pytest.mark.processes
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(here: Platform) -> None:
    fill(here, people=10, each=2)
    settings = here.settings.model_copy(update={"lease_seconds": 5})
    here.sandbox.control("fail", path=SEND, latency_seconds=2, times=4)
    with support.process(support.work, here.database.url, settings, "victim") as victim:
        eventually(lambda: here.calls(SEND), timeout=30)
        victim.kill()
        victim.join()
    left = states(here)
    assert left[WorkState.CLAIMED] >= 1, "it died with calls in hand"
    with support.process(support.work, here.database.url, settings, "heir") as heir:
        eventually(lambda: states(here)[WorkState.DONE] == 20, timeout=60)
        heir.terminate()
        heir.join(support.DEADLINE)
        assert heir.exitcode == 0
    assert phones(here, 10) == Counter({f"干部{n}": 2 for n in range(10)})
    assert set(sent_numbers(here).values()) == {1}
    assert len(here.calls(SEND)) > 20, "what was in hand was sent again under the same number"
