"""What the journeys of 码上知 share: one village with everybody in it, each at the face that they really use.

Officers of the village write at the REST interface, the liaison officer reviews on the desk's pages,
villagers read the pages without logging in and sign up on the page or in the Mini Program; the jobs of the
scheduler are stepped by hand, and the day is set with `time_machine`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

import time_machine
from fastapi.testclient import TestClient
from httpx2 import Response

from app.core import clock, ids
from app.core.db import Database
from app.core.settings import Settings
from app.models import LoginSession, Officer, WechatIdentity
from app.models.people import SessionKind
from app.services import sessions
from app.web import context
from app.web.auth import PAGE_COOKIE
from tests import factories
from tests.h5.support import Town, form_of, log_in, make_town, press
from tests.miniprogram_api.conftest import Mini
from tests.miniprogram_api.platform import Platform
from tests.support import bearer, make_client
from tests.vectors.served import listening

Json = dict[str, Any]


def read(page: str) -> str:
    """What a person reads of a page: its text without tags."""
    without = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", without)))


@contextmanager
def on(day: str, hour: int = 9) -> Iterator[None]:
    """It is this day and hour in Asia/Shanghai, and time goes on from there."""
    moment = datetime.fromisoformat(day).replace(hour=hour, tzinfo=clock.SHANGHAI)
    with time_machine.travel(moment.astimezone(UTC)):
        yield


@dataclass
class Office:
    """An officer at the REST interface."""

    http: TestClient
    token: str

    def get(self, path: str, **params: Any) -> Any:
        """GET; the JSON answer, or the bytes of a file."""
        answer = self.http.get(f"/api/v1/{path}", params=params or None, headers=bearer(self.token))
        assert answer.status_code == 200, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.content

    def send(self, method: str, path: str, body: Any = None) -> Response:
        """Any request; the answer as it is."""
        return self.http.request(method, f"/api/v1/{path}", json=body, headers=bearer(self.token))

    def post(self, path: str, body: Any = None) -> Json:
        """POST; the JSON answer."""
        return _told(self.send("POST", path, body))

    def put(self, path: str, body: Any) -> Json:
        """PUT; the JSON answer."""
        return _told(self.send("PUT", path, body))

    def upload(self, data: bytes, name: str) -> str:
        """Upload a file; its token."""
        answer = self.http.post("/api/v1/uploads", files={"file": (name, data)}, headers=bearer(self.token))
        return str(_told(answer)["token"])

    def refused(self, method: str, path: str, status: int, code: str, body: Any = None) -> Json:
        """A request that must be refused like this; the whole refusal."""
        answer = self.send(method, path, body)
        assert answer.status_code == status, answer.text
        problem: Json = answer.json()
        assert problem["code"] == code, problem
        return problem


def _told(answer: Response) -> Json:
    assert answer.status_code in (200, 201, 202), answer.text
    told: Json = answer.json()
    return told


@dataclass
class Villager:
    """Somebody with a WeChat of his own, on the pages of his village."""

    http: TestClient
    cookie: str

    def get(self, address: str) -> str:
        """A page with its forms."""
        self._be()
        return self.http.get(address).text

    def open(self, address: str) -> str:
        """The words of a page."""
        return read(self.get(address))

    def press(self, address: str, action: str, **fields: str) -> Response:
        """Open a page, fill in a form and send it."""
        self._be()
        answer: Response = press(self.http, address, action, **fields)
        return answer

    def sends(self, page: str, action: str, **fields: str) -> Response:
        """Send the form of a page that has been open for a while."""
        self._be()
        form = form_of(page, action)
        return self.http.post(form.action, data=form.data(**fields))

    def _be(self) -> None:
        self.http.cookies.clear()
        self.http.cookies.set(PAGE_COOKIE, self.cookie)


@dataclass
class Village:
    """The village of a journey and the application that serves it."""

    database: Database
    http: TestClient
    platform: Platform
    town: Town

    @property
    def code(self) -> str:
        """Its code in addresses."""
        return self.town.village.code

    @property
    def settings(self) -> Settings:
        """The settings that the application runs with."""
        found: Settings = context.of(self.http).settings  # type: ignore[arg-type]
        return found

    def office(self, officer: Officer) -> Office:
        """An officer at the REST interface, logged in just now."""
        token = ids.token()
        with self.database.transaction() as session:
            session.add(
                LoginSession(
                    kind=SessionKind.TOKEN,
                    officer_id=officer.id,
                    digest=factories.KEYS.session_digest(token),
                    expires_at=clock.now() + sessions.OFFICER_TOKEN_LIFETIME,
                )
            )
        return Office(self.http, token)

    @property
    def author(self) -> Office:
        """The information officer at the REST interface."""
        return self.office(self.town.information)

    def desk(self, officer: Officer, address: str) -> str:
        """A page of the desk on this officer's phone."""
        log_in(self.http, self.database, officer)
        answer = self.http.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text

    def step(self, officer: Officer, key: str, verb: str, **fields: str) -> Response:
        """Take a step of a disclosure on its desk page, as this officer."""
        log_in(self.http, self.database, officer)
        answer: Response = press(self.http, f"/desk/disclosures/{key}", f"/{verb}", **fields)
        return answer

    def review(self, key: str, verb: str = "publish", **fields: str) -> None:
        """The liaison officer takes a step of his review on his phone."""
        answer = self.step(self.town.reviewer, key, verb, **fields)
        assert answer.status_code == 303, read(answer.text)

    def draft(self, category: str, title: str, **fields: Any) -> str:
        """The information officer writes a draft; its id."""
        body = {"village": self.code, "category": category, "title": title, **fields}
        return str(self.author.post("disclosures", body)["id"])

    def submit(self, key: str) -> None:
        """The information officer hands it in."""
        assert self.author.post(f"disclosures/{key}/submit")["state"] == "submitted"

    def out(self, category: str, title: str, **fields: Any) -> str:
        """Drafted, handed in, reviewed and published; its id."""
        key = self.draft(category, title, **fields)
        self.submit(key)
        self.review(key)
        return key

    def page(self, path: str = "", status: int = 200) -> str:
        """The words of a page of the village, as a stranger with a phone reads it."""
        self.http.cookies.clear()
        answer = self.http.get(f"/v/{self.code}{path}")
        assert answer.status_code == status, answer.text
        return read(answer.text)

    def bytes(self, path: str) -> bytes:
        """A file of the village, as a stranger downloads it."""
        self.http.cookies.clear()
        answer = self.http.get(f"/v/{self.code}{path}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def job(self, body: Callable[[Database, Settings], str]) -> dict[str, str]:
        """Run the body of a scheduled job; what it says that it did."""
        self.http.cookies.clear()
        said = body(self.database, self.settings)
        return dict(pair.split("=") for pair in said.split())

    def villager(self) -> Villager:
        """Somebody new who lives there."""
        with self.database.transaction() as session:
            who: WechatIdentity = factories.identity(session)
            return Villager(self.http, factories.page_cookie(session, who))

    def mini(self, name: str = "") -> Mini:
        """The Mini Program on somebody's phone; without a name nobody is logged in."""
        self.http.cookies.clear()
        phone = Mini(self.http, self.platform)
        return phone.login(name) if name else phone


@contextmanager
def village(database: Database, **settings: Any) -> Iterator[Village]:
    """A running installation with the village."""
    platform = Platform()
    with database.transaction() as session:
        town = make_town(session)
    with (
        listening(platform.app) as address,
        make_client(database, wechat_api_base=address, **settings) as client,
    ):
        yield Village(database, client, platform, town)
