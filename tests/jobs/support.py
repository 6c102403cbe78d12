"""Workers and schedulers as real processes: what they run, and how a test steers them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import text

from app.core.db import Database
from app.core.settings import Settings
from app.jobs.schedule import Every, Job
from app.jobs.scheduler import Scheduler
from app.jobs.worker import Worker
from app.wechat.clients import build_clients

SPAWN = multiprocessing.get_context("spawn")
DEADLINE = 40.0


def _stop_on_sigterm() -> threading.Event:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    return stop


def work(url: str, settings: Settings, owner: str) -> None:
    """What a worker process runs."""
    stop = _stop_on_sigterm()
    database = Database(url, pool_size=settings.worker_threads + 4)
    clients = build_clients(database, settings)
    Worker(database, settings, clients, owner).run(stop)
    clients.close()
    database.dispose()


def write_tick(database: Database, _settings: Settings) -> str:
    """A job that leaves a row each time its body runs."""
    with database.transaction() as session:
        session.execute(text("INSERT INTO ran (pid) VALUES (:pid)"), {"pid": os.getpid()})
    return "written"


def hang(database: Database, settings: Settings) -> str:
    """A job that leaves a row and then never ends, the first time."""
    write_tick(database, settings)
    with database.reading() as session:
        times = session.execute(text("SELECT count(*) FROM ran")).scalar_one()
    if times == 1:
        threading.Event().wait(DEADLINE)
    return "written"


def every_second() -> tuple[Job, ...]:
    """One job that is due every second."""
    return (Job("every.second", Every(1), write_tick),)


def hanging() -> tuple[Job, ...]:
    """One job that is due once a day and hangs the first time."""
    return (Job("hanging", Every(86400), hang),)


def schedule(url: str, settings: Settings, owner: str, jobs: str) -> None:
    """What a scheduler process runs; `jobs` names one of the functions above."""
    stop = _stop_on_sigterm()
    database = Database(url, pool_size=6)
    table = {"every_second": every_second, "hanging": hanging}[jobs]()
    Scheduler(database, settings, owner, table).run(stop)
    database.dispose()


def make_ran(database: Database) -> None:
    """The table that the jobs above write to."""
    with database.transaction() as session:
        session.execute(text("CREATE TABLE ran (id serial PRIMARY KEY, pid int)"))


def number(database: Database, query: str) -> int:
    """The one number that a query gives."""
    with database.reading() as session:
        return int(session.execute(text(query)).scalar_one())


@contextmanager
def process(target: object, *arguments: object) -> Iterator[BaseProcess]:
    """A process that is killed at the end if it is still there."""
    child = SPAWN.Process(target=target, args=arguments)  # type: ignore[arg-type]
    child.start()
    try:
        yield child
    finally:
        if child.is_alive():
            child.kill()
        child.join(DEADLINE)
        child.close()


def settings_in(data_dir: Path) -> Settings:
    """Settings of a scheduler that notices a death within seconds."""
    from tests.support import settings_for

    return settings_for(data_dir, lease_seconds=5)


def moment(second: int = 0) -> datetime:
    """A fixed moment for tests of due times."""
    return datetime(2026, 3, 5, 1, 0, second, tzinfo=UTC)
