"""Fixtures of the whole suite: one embedded PostgreSQL per run, one migrated template database, and for
each test either a transaction that is rolled back (`session`) or a database of its own (`database`)."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fasteners
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from xdist.scheduler import LoadFileScheduling

from app.core import migrations
from app.core.db import BorrowedDatabase, Database, driver_url
from app.core.embedded import EmbeddedPostgres
from app.services import reference

TEMPLATE = "mashang_template"
SLOW = ("processes", "browser", "xdist_group")
TOGETHER = ("tests/demo", "tests/browser")


def pytest_configure(config: pytest.Config) -> None:
    """The first process starts the server and migrates the template; xdist workers find it by address."""
    if hasattr(config, "workerinput") or os.environ.get("MASHANG_TEST_SERVER"):
        return
    config.stash[_HOME] = home = Path(tempfile.mkdtemp(prefix="mashang-test-"))
    home.chmod(0o755)
    config.stash[_SERVER] = server = EmbeddedPostgres(home)
    os.environ["MASHANG_TEST_HOME"] = str(home)
    os.environ["MASHANG_TEST_SERVER"] = url = server.start()
    _tune(url)
    _make_template(url)


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(_SERVER, None)
    if server is not None:
        server.stop()
        shutil.rmtree(config.stash[_HOME], ignore_errors=True)
        del os.environ["MASHANG_TEST_SERVER"], os.environ["MASHANG_TEST_HOME"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with processes, browsers or much data begin, in the order that chance gave them: they take the
    longest, and at the end nobody should wait for one of them alone."""
    slow = {item.path for item in items if any(item.get_closest_marker(name) for name in SLOW)}
    items.sort(key=lambda item: item.path not in slow)


class Scheduling(LoadFileScheduling):
    """A file at a time to each worker; folders that share an installation as a whole."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        folder = file.rpartition("/")[0]
        return folder if folder in TOGETHER else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return Scheduling(config, log)


_SERVER = pytest.StashKey[EmbeddedPostgres]()
_HOME = pytest.StashKey[Path]()


def execute(url: str, *statements: str) -> None:
    """Statements outside any transaction, as an administrator of the server sends them."""
    engine = create_engine(driver_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def _tune(url: str) -> None:
    execute(
        url,
        "ALTER SYSTEM SET fsync = off",
        "ALTER SYSTEM SET synchronous_commit = off",
        "ALTER SYSTEM SET full_page_writes = off",
        "SELECT pg_reload_conf()",
    )


def _named(url: str, name: str) -> str:
    return make_url(driver_url(url)).set(database=name).render_as_string(hide_password=False)


def _make_template(url: str) -> None:
    execute(url, f"CREATE DATABASE {TEMPLATE}")
    database = Database(_named(url, TEMPLATE), pool_size=2)
    migrations.upgrade(database.engine)
    with database.transaction() as session:
        reference.load(session)
    database.dispose()


@contextmanager
def fresh_database(template: str = TEMPLATE) -> Iterator[str]:
    """The URL of a new database, migrated and with reference data, or a copy of another template; dropped
    afterwards."""
    server = os.environ["MASHANG_TEST_SERVER"]
    name = f"t{uuid.uuid4().hex}"
    # Copying a template wants nobody else connected to it: one copy at a time.
    with fasteners.InterProcessLock(str(Path(tempfile.gettempdir()) / "mashang-test-copy.lock")):
        execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield _named(server, name)
    finally:
        execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def worker_database() -> Iterator[Database]:
    """One database per test process; tests use it through `session` or `borrowed`."""
    with fresh_database() as url:
        database = Database(url, pool_size=2)
        yield database
        database.dispose()


@pytest.fixture
def borrowed(worker_database: Database) -> Iterator[BorrowedDatabase]:
    """A `Database` all of whose work is rolled back after the test. One thread at a time."""
    with worker_database.engine.connect() as connection:
        transaction = connection.begin()
        yield BorrowedDatabase(connection)
        transaction.rollback()


@pytest.fixture
def session(borrowed: BorrowedDatabase) -> Iterator[Session]:
    """A session in a transaction that is rolled back after the test."""
    with borrowed.transaction() as session:
        yield session


@pytest.fixture
def database() -> Iterator[Database]:
    """A database of the test's own, for several threads or processes at once."""
    with fresh_database() as url:
        database = Database(url, pool_size=8)
        yield database
        database.dispose()
