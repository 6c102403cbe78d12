"""The Mini Program's face over HTTP, with a platform that answers on a loopback port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient
from httpx2 import Response
from PIL import Image

from app.core import clock
from app.core.db import Database
from app.models.people import Duty, Role
from tests import factories
from tests.miniprogram_api.platform import Platform
from tests.support import bearer, make_client
from tests.vectors.served import listening

BASE = "/miniprogram/v1"
Json = dict[str, Any]


@dataclass
class Mini:
    """A phone with the Mini Program: `get` and `post` relative to its base, as whoever is logged in."""

    http: TestClient
    platform: Platform
    token: str | None = None

    def get(self, path: str, **params: Any) -> Response:
        # No parameters at all leave the query of `path` alone.
        return self.http.get(f"{BASE}/{path}", params=params or None, headers=self.headers())

    def post(self, path: str, body: Json | None = None, **headers: str) -> Response:
        return self.http.post(f"{BASE}/{path}", json=body or {}, headers=self.headers() | headers)

    def upload(self, data: bytes, name: str = "路灯.jpg", path: str = "uploads") -> Response:
        return self.http.post(f"{BASE}/{path}", files={"file": (name, data)}, headers=self.headers())

    def headers(self) -> dict[str, str]:
        return bearer(self.token) if self.token else {}

    def login(self, code: str = "wang") -> Mini:
        answer = self.post("login", {"code": code})
        assert answer.status_code == 201, answer.text
        return Mini(self.http, self.platform, answer.json()["token"])

    def form(self) -> str:
        """The token of an anonymous form that has been open for a minute."""
        with time_machine.travel(clock.now() - timedelta(minutes=1)):
            token: str = self.get("anonymous/form-token").json()["form"]
        return token


@pytest.fixture(scope="session")
def served_platform() -> Iterator[tuple[Platform, str]]:
    platform = Platform()
    with listening(platform.app) as address:
        yield platform, address


@pytest.fixture
def open_mini(served_platform: tuple[Platform, str]) -> Iterator[Callable[[Database], Mini]]:
    platform, address = served_platform
    platform.reset()
    opened: list[Any] = []

    def open_on(database: Database) -> Mini:
        client = make_client(database, wechat_api_base=address)
        opened.append(client)
        return Mini(client.__enter__(), platform)

    yield open_on
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def mini(open_mini: Callable[[Database], Mini], borrowed: Database) -> Mini:
    return open_mini(borrowed)


@dataclass
class Village:
    """A village with an information officer, both liaison officers, and the town's inspector."""

    places: factories.Places
    author: Any
    reviewer: Any
    liaison: Any
    inspector: Any

    @property
    def code(self) -> str:
        return self.places.village.code


def make_village(database: Database) -> Village:
    with database.transaction() as session:
        places = factories.places(session)
        here = places.village
        return Village(
            places,
            author=factories.officer(session, Role.INFORMATION_OFFICER, here, name="沈信息"),
            reviewer=factories.officer(session, Role.LIAISON_OFFICER, here, Duty.PUBLICATION, "周监督"),
            liaison=factories.officer(session, Role.LIAISON_OFFICER, here, name="陈联络"),
            inspector=factories.officer(session, Role.TOWN_INSPECTOR, places.town, name="高镇纪"),
        )


@pytest.fixture
def village(borrowed: Database) -> Village:
    return make_village(borrowed)


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (40, 30), "green").save(file, "JPEG")
    return file.getvalue()


def problem(answer: Response, status: int, code: str) -> Json:
    """Assert a problem of this status and code, in Chinese, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: Json = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert any("一" <= sign <= "鿿" for sign in body["detail"])
    return body
