"""The demo's data of one day, loaded once for all tests that only read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.core.db import BorrowedDatabase, Database
from app.core.keys import Keys
from app.core.storage import Storage
from app.demo.seed import seed

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


@pytest.fixture(scope="package")
def seeded(worker_database: Database, demo_keys: Keys, demo_storage: Storage) -> Iterator[Connection]:
    """A connection whose open transaction holds the data of the plain day."""
    with worker_database.engine.connect() as connection:
        transaction = connection.begin()
        seed(BorrowedDatabase(connection), today=PLAIN_DAY, keys=demo_keys, storage=demo_storage)
        yield connection
        transaction.rollback()


@pytest.fixture
def session(seeded: Connection) -> Iterator[Session]:
    """A session on these data; what a test writes is rolled back."""
    savepoint = seeded.begin_nested()
    with BorrowedDatabase(seeded).transaction() as session:
        yield session
    savepoint.rollback()
