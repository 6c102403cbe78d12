"""The demo's data of one day, loaded once for all tests that only read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.core.db import BorrowedDatabase, Database
from app.core.keys import Keys
from app.core.storage import Storage
from app.demo.seed import Summary, seed

# Exact numbers hold on a day without holidays around it.
PLAIN_DAY = date(2026, 11, 24)


@pytest.fixture(scope="package")
def demo_keys() -> Keys:
    """The keys that the data are sealed with."""
    return Keys.of(b"demo" * 8)


@pytest.fixture(scope="package")
def demo_storage(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """Where the demo's files are."""
    return Storage.in_data_dir(tmp_path_factory.mktemp("demo"))


@dataclass
class Seeded:
    """A connection whose open transaction holds the data of the plain day, and what was counted."""

    connection: Connection
    summary: Summary


@pytest.fixture(scope="package")
def seeded(worker_database: Database, demo_keys: Keys, demo_storage: Storage) -> Iterator[Seeded]:
    """The data of the plain day, in a transaction that is rolled back at the end."""
    with worker_database.engine.connect() as connection:
        transaction = connection.begin()
        here = BorrowedDatabase(connection)
        yield Seeded(connection, seed(here, today=PLAIN_DAY, keys=demo_keys, storage=demo_storage))
        transaction.rollback()


@pytest.fixture
def session(seeded: Seeded) -> Iterator[Session]:
    """A session on these data; what a test writes is rolled back."""
    savepoint = seeded.connection.begin_nested()
    with BorrowedDatabase(seeded.connection).transaction() as session:
        yield session
    savepoint.rollback()
