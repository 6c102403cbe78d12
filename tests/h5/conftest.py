"""Fixtures of the page tests: the application over HTTP on a database that is rolled back, with a village
and its officers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.core.db import BorrowedDatabase
from tests.h5.support import Town, make_town
from tests.support import make_client


@pytest.fixture
def client(borrowed: BorrowedDatabase) -> Iterator[TestClient]:
    with make_client(borrowed) as made:
        yield made


@pytest.fixture
def town(borrowed: BorrowedDatabase) -> Town:
    with borrowed.transaction() as session:
        return make_town(session)
