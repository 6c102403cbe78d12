"""What goes over the line: compressed where it helps, and HEAD on public pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.core.db import BorrowedDatabase
from tests import factories
from tests.support import make_client


@pytest.fixture
def client(borrowed: BorrowedDatabase) -> Iterator[TestClient]:
    with make_client(borrowed) as made:
        yield made


@pytest.fixture
def home(borrowed: BorrowedDatabase) -> str:
    with borrowed.transaction() as session:
        return f"/v/{factories.places(session).village.code}"


def test_pages_styles_and_data_are_compressed_for_who_understands_it(client: TestClient, home: str) -> None:
    for path in (home, "/static/mashang.css", "/openapi.json"):
        packed = client.get(path)
        plain = client.get(path, headers={"accept-encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip", path
        assert "Accept-Encoding" in packed.headers["vary"]
        assert "content-encoding" not in plain.headers
        assert int(packed.headers["content-length"]) < len(plain.content) / 2


def test_what_is_packed_already_is_sent_as_it_is(client: TestClient, home: str) -> None:
    answer = client.get(f"{home}/bulletin/2026-10.pdf")
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["", "/c/finance", "/search?q=路灯", "/complain"])
def test_head_answers_as_get_without_a_body(client: TestClient, home: str, path: str) -> None:
    answer = client.head(home + path)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-type"].startswith("text/html")


def test_head_of_what_is_not_there(client: TestClient) -> None:
    assert client.head("/v/nowhere").status_code == 404
    assert client.head("/").status_code == 200
