"""What the page tests share: a small town, logging in, and reading forms out of pages as a browser does."""

from __future__ import annotations

import io
import re
import uuid
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.models import Officer, Organisation, WechatIdentity
from app.models.people import Duty, Role
from app.services import officers
from app.web.auth import PAGE_COOKIE
from tests import factories
from tests.factories import PASSWORD


@dataclass
class Town:
    """A village with everybody it needs, its town's inspector, and a second village with its own."""

    village: Organisation
    information: Officer
    liaison: Officer
    reviewer: Officer
    inspector: Officer
    elsewhere: Officer

    @property
    def home(self) -> str:
        return f"/v/{self.village.code}"


def make_town(session: Session) -> Town:
    places = factories.places(session)
    other = factories.village(session, places.town)

    def officer(name: str, role: Role, place: Organisation, duty: Duty = Duty.GENERAL) -> Officer:
        """Bound to a WeChat that does not follow; without a password, whose digest takes long."""
        made = officers.create(session, acting=factories.ROOT, name=name, login=f"u{uuid.uuid4().hex[:8]}")
        officers.appoint(
            session,
            acting=factories.ROOT,
            officer_id=made.id,
            organisation=place,
            role=role,
            duty=duty,
        )
        factories.identity(session, subscribed=False).officer_id = made.id
        return made

    liaison = Role.LIAISON_OFFICER
    return Town(
        village=places.village,
        information=officer("陈信息", Role.INFORMATION_OFFICER, places.village),
        liaison=officer("李联络", liaison, places.village, Duty.COMPLAINTS),
        reviewer=officer("周监督", liaison, places.village, Duty.PUBLICATION),
        inspector=officer("赵镇纪", Role.TOWN_INSPECTOR, places.town),
        elsewhere=officer("孙邻村", liaison, other, Duty.COMPLAINTS),
    )


@dataclass
class Form:
    """A form of a page with what is filled in."""

    action: str
    fields: dict[str, list[str]]

    def data(self, **changes: Any) -> dict[str, Any]:
        return {**self.fields, **changes}


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""), {})
            self.forms.append(self._open)
        elif self._open is not None:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._open is not None
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "input" and name and kind not in {"file", "submit"}:
            if kind not in {"checkbox", "radio"} or "checked" in given:
                self._open.fields.setdefault(name, []).append(given.get("value", ""))
        elif tag == "textarea":
            self._area = name
            self._open.fields[name] = [""]
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._open.fields[self._select] = [given.get("value", "")]

    def handle_data(self, data: str) -> None:
        if self._area and self._open:
            self._open.fields[self._area] = [self._open.fields[self._area][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None


def form_of(page: str, action: str) -> Form:
    """The form of a page whose address ends in `action`."""
    parser = _Forms()
    parser.feed(page)
    found = [form for form in parser.forms if form.action.endswith(action)]
    assert found, f"no form to {action}; there are {[form.action for form in parser.forms]}"
    return found[0]


def has_form(page: str, action: str) -> bool:
    parser = _Forms()
    parser.feed(page)
    return any(form.action.endswith(action) for form in parser.forms)


def press(client: TestClient, page_address: str, action: str, **changes: Any) -> Any:
    """Open a page, fill in one of its forms and send it."""
    form = form_of(client.get(page_address).text, action)
    return client.post(form.action, data=form.data(**changes))


def log_in(client: TestClient, database: Database, officer: Officer) -> None:
    """Be this officer, by the WeChat that he is bound to."""
    with database.transaction() as session:
        identity = session.scalars(
            select(WechatIdentity).where(WechatIdentity.officer_id == officer.id)
        ).one()
        token = factories.page_cookie(session, identity)
    client.cookies.clear()
    client.cookies.set(PAGE_COOKIE, token)


def log_in_by_password(client: TestClient, database: Database, officer: Officer) -> None:
    """Log in through the desk's own form."""
    with database.transaction() as session:
        officers.set_password(session, acting=factories.ROOT, officer_id=officer.id, password=PASSWORD)
    client.cookies.clear()
    form = form_of(client.get("/desk/login").text, "/desk/login")
    answer = client.post(form.action, data=form.data(login=officer.login, password=PASSWORD))
    assert answer.status_code == 303, answer.text


def as_villager(client: TestClient, database: Database, *, subscribed: bool = True) -> Any:
    """Give the client the cookie of a new villager; answers his identity."""
    with database.transaction() as session:
        identity = factories.identity(session, subscribed=subscribed)
        token = factories.page_cookie(session, identity)
    client.cookies.clear()
    client.cookies.set(PAGE_COOKIE, token)
    return identity


def picture(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


def receipt_in(page: str) -> str:
    found = re.search(r'class="receipt">([\d ]+)<', page)
    assert found, "no receipt on the page"
    return found[1]


def number_in(page: str) -> str:
    found = re.search(r"GD\d{8}-[0-9A-Z]{4}", page)
    assert found, "no number on the page"
    return found[0]
