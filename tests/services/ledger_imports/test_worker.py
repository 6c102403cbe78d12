"""Long files: read and entered by the worker, with progress; killed in the middle; two at once."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.db import BorrowedDatabase, Database
from app.core.errors import Conflict
from app.core.settings import Settings
from app.core.storage import Storage
from app.models import Export, ImportBatch, Payment
from app.models.base import WorkState
from app.models.interaction import ImportState
from app.models.people import Role
from app.services import actors, claims, exports
from app.services import ledger_imports as imports
from app.services.ledger_imports import Choice, running
from tests import factories
from tests.factories import KEYS
from tests.services.ledger_imports import files
from tests.support import settings_for

ROWS = [(f"记-{at}", "2026-03-05", f"某某{at}店", 12, "纸") for at in range(40)]


class Here:
    """An installation with one officer, and its worker."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.settings: Settings = settings_for(home)
        self.storage = Storage.in_data_dir(home)
        with database.transaction() as session:
            places = factories.places(session)
            officer = factories.officer(session, Role.INFORMATION_OFFICER, places.village)
            self.acting: actors.Actor = factories.acting(session, officer)

    def upload(self, data: bytes, **more: Any) -> uuid.UUID:
        with self.database.transaction() as session:
            return imports.upload(
                session,
                acting=self.acting,
                kind="payments",
                data=data,
                file_name="x.xlsx",
                storage=self.storage,
                keys=KEYS,
                **more,
            ).id

    def apply(self, key: uuid.UUID, **more: Any) -> None:
        with self.database.transaction() as session:
            imports.apply(session, acting=self.acting, batch_id=key, storage=self.storage, keys=KEYS, **more)

    def claim(self, lease_seconds: float = 60) -> Export:
        with self.database.transaction() as session:
            [row] = claims.claim(session, Export, owner="worker", limit=1, lease_seconds=lease_seconds)
            return row

    def work(self) -> WorkState:
        return exports.make(self.database, self.storage, self.settings, self.claim())

    def batch(self, key: uuid.UUID) -> ImportBatch:
        with self.database.reading() as session:
            return imports.find(session, acting=self.acting, batch_id=key)

    def advance(self, key: uuid.UUID) -> tuple[int, int, str]:
        with self.database.reading() as session:
            return imports.advance(session, session.get_one(ImportBatch, key))

    def number(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Payment)) or 0


@pytest.fixture
def here(borrowed: BorrowedDatabase, tmp_path: Path) -> Here:
    return Here(borrowed, tmp_path)


def test_a_long_file_is_read_and_entered_by_the_worker(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.ledger_imports.batches.AT_ONCE", 30)
    monkeypatch.setattr(running, "CHUNK", 10)
    seen: list[tuple[int, int, str]] = []
    key = here.upload(files.payments("东联村", *ROWS))
    assert here.batch(key).state is ImportState.READING
    monkeypatch.setattr(
        running.Run, "_tell", _watched(running.Run._tell, lambda: seen.append(here.advance(key)))
    )
    assert here.work() is WorkState.DONE
    assert seen[1:] == [(20, 41, ""), (30, 41, ""), (40, 41, ""), (41, 41, "")]
    assert here.batch(key).state is ImportState.PREVIEWED
    assert here.number() == 0

    here.apply(key)
    assert here.batch(key).state is ImportState.APPLYING
    assert here.work() is WorkState.DONE
    assert (here.batch(key).state, here.number()) == (ImportState.APPLIED, 40)
    assert here.advance(key) == (40, 40, "")


def _watched(tell: Any, look: Any) -> Any:
    def told(self: Any, done: int) -> None:
        tell(self, done)
        look()

    return told


def test_what_cannot_be_read_is_refused_with_its_reason(here: Here) -> None:
    key = here.upload(files.payments("东联村"), queued=True)
    assert here.work() is WorkState.DONE

    batch = here.batch(key)
    assert batch.state is ImportState.REFUSED
    assert "没有内容" in batch.result["problem"]["message"]


def test_an_error_that_came_up_meanwhile_stops_all_of_it(here: Here) -> None:
    key = here.upload(files.payments("东联村", *ROWS))
    here.apply(here.upload(files.payments("东联村", (*ROWS[0][:3], 13, "纸"))))
    here.apply(key, queued=True)
    assert here.work() is WorkState.DONE

    assert here.batch(key).state is ImportState.REFUSED
    assert here.batch(key).result["problem"]["code"] == "import.changed"
    assert here.number() == 1


def test_the_good_rows_go_in(here: Here) -> None:
    key = here.upload(files.payments("东联村", *ROWS, ("记-99", "某天", "某某", 1, "纸")))
    here.apply(key, choice=Choice.GOOD_ROWS, queued=True)
    here.work()

    assert (here.batch(key).state, here.number()) == (ImportState.APPLIED, 40)


def test_a_worker_that_dies_leaves_nothing_and_the_next_one_does_it_all(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = here.upload(files.payments("东联村", *ROWS))
    here.apply(key, queued=True)
    monkeypatch.setattr(running, "CHUNK", 10)
    written = running._Sheet._write
    calls: list[int] = []

    def dying(self: Any, *arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        written(self, *arguments)

    monkeypatch.setattr(running._Sheet, "_write", dying)
    with pytest.raises(KeyboardInterrupt):
        exports.make(here.database, here.storage, here.settings, here.claim(lease_seconds=-1))
    assert (here.number(), here.batch(key).state) == (0, ImportState.APPLYING)

    assert here.work() is WorkState.DONE
    assert (here.number(), here.batch(key).state) == (40, ImportState.APPLIED)


def test_a_file_that_the_worker_gave_up_may_be_tried_again(here: Here) -> None:
    key = here.upload(files.payments("东联村", *ROWS))
    here.apply(key, queued=True)
    with here.database.transaction() as session:
        task = session.scalars(select(Export)).one()
        task.state, task.error_text = WorkState.FAILED, "程序出错"
    assert here.advance(key)[2] == "程序出错"

    here.apply(key)
    assert (here.number(), here.batch(key).state) == (40, ImportState.APPLIED)


@pytest.mark.parametrize("queued", [False, True])
def test_two_at_once_enter_it_once(database: Database, tmp_path: Path, queued: bool) -> None:
    here = Here(database, tmp_path)
    key = here.upload(files.payments("东联村", *ROWS))
    ready = threading.Barrier(2)

    def press(_: int) -> None:
        ready.wait()
        here.apply(key, queued=queued)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(press, range(2)))
    if queued:
        assert here.work() is WorkState.DONE
        with here.database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Export)) == 1
    assert (here.number(), here.batch(key).state) == (40, ImportState.APPLIED)
    assert here.batch(key).result["counts"]["payments"]["created"] == 40


def test_a_file_of_the_greatest_length_is_read_and_not_put_off_for_ever(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.ledger_imports.batches.MOST_ROWS", 30)
    key = here.upload(files.payments("东联村", *ROWS), queued=True)
    assert here.work() is WorkState.DONE
    assert here.batch(key).state is ImportState.PREVIEWED


def test_nobody_waits_for_the_worker(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Here(database, tmp_path)
    key = here.upload(files.payments("东联村", *ROWS))
    here.apply(key, queued=True)
    written = running._Sheet._write
    inside, going_on = threading.Event(), threading.Event()

    def held(self: Any, *arguments: Any) -> None:
        inside.set()
        assert going_on.wait(30)
        written(self, *arguments)

    monkeypatch.setattr(running._Sheet, "_write", held)
    with ThreadPoolExecutor(2) as pool:
        working = pool.submit(here.work)
        try:
            assert inside.wait(30)
            pool.submit(here.apply, key).result(10)
            with pytest.raises(Conflict), database.transaction() as session:
                imports.say(
                    session, acting=here.acting, batch_id=key, said={}, storage=here.storage, keys=KEYS
                )
        finally:
            going_on.set()
        assert working.result(30) is WorkState.DONE
    assert here.number() == 40
