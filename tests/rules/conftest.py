"""The tests of rules share one world per file: see `support`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from app.core.db import BorrowedDatabase, Database


@pytest.fixture(scope="module")
def shared(worker_database: Database) -> Iterator[Session]:
    """A session for all tests of a file; its work is rolled back after the last of them. Tests only read."""
    with worker_database.engine.connect() as connection:
        transaction = connection.begin()
        with BorrowedDatabase(connection).transaction() as session:
            yield session
        transaction.rollback()
