"""The REST face over HTTP: two towns with a village each, an officer for every role, a token for each."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from app.core import clock, ids
from app.core.db import Database
from app.models import LoginSession, Officer, Organisation
from app.models.organisations import OrganisationKind
from app.models.people import Duty, Role, SessionKind
from app.services import officers, organisations, sessions
from tests import factories
from tests.support import bearer, make_client

BASE = "/api/v1"
Json = dict[str, Any]


@dataclass
class World:
    """Who works where. `elsewhere` is a village of another town, with officers of its own."""

    places: factories.Places
    elsewhere: factories.Places
    people: dict[str, Officer]
    tokens: dict[str, str]

    @property
    def village(self) -> str:
        return self.places.village.code


def make_world(database: Database) -> World:
    with database.transaction() as session:
        here = factories.places(session)
        town = organisations.create(
            session,
            acting=factories.ROOT,
            kind=OrganisationKind.TOWN,
            code="yiqiao",
            name="义桥镇",
            parent=here.county,
        )
        there = factories.Places(here.county, town, factories.village(session, town, "湘南村"))
        posts = {
            "author": (Role.INFORMATION_OFFICER, here.village, None),
            "reviewer": (Role.LIAISON_OFFICER, here.village, Duty.PUBLICATION),
            "liaison": (Role.LIAISON_OFFICER, here.village, Duty.COMPLAINTS),
            "inspector": (Role.TOWN_INSPECTOR, here.town, None),
            "county": (Role.COUNTY_INSPECTOR, here.county, None),
            "stranger": (Role.LIAISON_OFFICER, there.village, Duty.COMPLAINTS),
            "other_inspector": (Role.TOWN_INSPECTOR, town, None),
        }
        people = {
            who: _officer(session, f"陈{who}", role, place, duty)
            for who, (role, place, duty) in posts.items()
        }
        tokens = {who: _token(session, officer) for who, officer in people.items()}
        tokens["admin"] = factories.token(session)
        return World(here, there, people, tokens)


def _officer(session: Session, name: str, role: Role, place: Organisation, duty: Duty | None) -> Officer:
    """An officer without a password: hashing seven of them would be most of a test's time."""
    made = officers.create(session, acting=factories.ROOT, name=name, login=f"u{secrets.token_hex(4)}")
    officers.appoint(
        session,
        acting=factories.ROOT,
        officer_id=made.id,
        organisation=place,
        role=role,
        duty=duty or Duty.GENERAL,
    )
    return made


def _token(session: Session, officer: Officer) -> str:
    """What `POST /sessions` would have given him."""
    token = ids.token()
    session.add(
        LoginSession(
            kind=SessionKind.TOKEN,
            officer_id=officer.id,
            digest=factories.KEYS.session_digest(token),
            expires_at=clock.now() + sessions.OFFICER_TOKEN_LIFETIME,
        )
    )
    return token


@dataclass
class Api:
    """Somebody at the REST face; paths are relative to its base."""

    http: TestClient
    world: World
    who: str = "admin"
    extra: dict[str, str] = field(default_factory=dict)

    def as_(self, who: str) -> Api:
        return Api(self.http, self.world, who)

    def send(self, method: str, path: str, **options: Any) -> Response:
        headers = bearer(self.world.tokens[self.who]) if self.who else {}
        return self.http.request(method, f"{BASE}/{path}", headers=headers | self.extra, **options)

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        answer = self.send("GET", path, params=params or None)
        return self._checked(answer, status)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self._checked(self.send("POST", path, json=body), status)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        return self._checked(self.send("PUT", path, json=body), status)

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        return self._checked(self.send("PATCH", path, json=body), status)

    def delete(self, path: str, status: int = 204) -> Any:
        return self._checked(self.send("DELETE", path), status)

    def refused(self, method: str, path: str, status: int, code: str, body: Any = None) -> Json:
        """The problem that this request is answered with."""
        answer = self.send(method, path, json=body)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem: Json = answer.json()
        assert (problem["status"], problem["code"]) == (status, code)
        assert any("一" <= sign <= "鿿" for sign in problem["detail"])
        return problem

    def _checked(self, answer: Response, status: int) -> Any:
        assert answer.status_code == status, answer.text
        if not answer.content:
            return None
        return answer.json() if "json" in answer.headers["content-type"] else answer.content


@pytest.fixture
def world(borrowed: Database) -> World:
    return make_world(borrowed)


@pytest.fixture
def api(borrowed: Database, world: World) -> Iterator[Api]:
    """The REST face on a database that is rolled back; no platform answers."""
    with make_client(borrowed) as client:
        yield Api(client, world)
