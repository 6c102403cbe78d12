"""People as they use the product: somebody with a phone in the sandbox, somebody at the REST interface."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urljoin

import httpx

WECHAT_BROWSER = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 MicroMessenger/8.0.50"
LINK = re.compile(r'<a href="([^"]+)">')


@dataclass
class Form:
    """A form of a page: where it goes and what it holds. Radio buttons and selects keep their first value."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", "")))
        elif not self.forms:
            return
        elif tag == "select":
            self._select = found.get("name", "")
        elif tag == "option" and self._select:
            self.forms[-1].fields.setdefault(self._select, found.get("value", ""))
        elif tag == "textarea" and "name" in found:
            self.forms[-1].fields.setdefault(found["name"], "")
        elif tag == "input" and "name" in found and found.get("type") not in {"checkbox", "file", "submit"}:
            self.forms[-1].fields.setdefault(found["name"], found.get("value", ""))


@dataclass
class Page:
    """A page as it was opened."""

    url: str
    status: int
    text: str

    @property
    def words(self) -> str:
        """What a person reads: the text without tags."""
        without = re.sub(r"<(script|style)\b.*?</\1>", " ", self.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", without)))

    def links(self, containing: str = "") -> list[str]:
        """Addresses of the page's links."""
        found = re.findall(r'<a\b[^>]*\bhref="([^"]+)"', self.text)
        return [urljoin(self.url, unescape(link)) for link in found if containing in link]

    def form(self, ending: str) -> Form:
        """The form whose action ends like this."""
        parser = _Forms()
        parser.feed(self.text)
        for form in parser.forms:
            if form.action.split("?")[0].rstrip("/").endswith(ending):
                return form
        raise AssertionError(f"no form {ending!r} on {self.url}: {[form.action for form in parser.forms]}")


class Browser:
    """WeChat's browser on one person's phone: it keeps cookies and follows redirects."""

    def __init__(self, home: str, persona: str = "") -> None:
        self.home = home
        self.http = httpx.Client(
            headers={"user-agent": WECHAT_BROWSER}, follow_redirects=True, timeout=30, trust_env=False
        )
        if persona:
            self.http.cookies.set("sandbox_persona", persona)

    def open(self, url: str) -> Page:
        """GET a page."""
        return self._page(self.http.get(urljoin(self.home, url)))

    def submit(
        self, page: Page, ending: str, files: list[tuple[str, bytes]] | None = None, **values: str
    ) -> Page:
        """Fill in and send the form whose action ends like this."""
        form = page.form(ending)
        url = urljoin(page.url, form.action) if form.action else page.url
        uploads = [("photos", (name, data, "image/jpeg")) for name, data in files or []]
        answer = self.http.post(
            url, data={**form.fields, **values}, files=uploads or None, headers={"origin": self.home}
        )
        return self._page(answer)

    def _page(self, answer: httpx.Response) -> Page:
        return Page(str(answer.url), answer.status_code, answer.text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


class Phone:
    """A person with a phone in the sandbox: chat, scanning, and WeChat's browser."""

    def __init__(self, sandbox: str, app: str, name: str, role: str = "villager") -> None:
        self.name = name
        self.http = httpx.Client(base_url=sandbox, timeout=60, trust_env=False)
        self.person = self._control("personas", name=name, role=role)
        self.browser = Browser(app, self.person["id"])

    def _control(self, action: str, **body: Any) -> Any:
        answer = self.http.post(f"/_control/{action}", json=body)
        assert answer.status_code == 200, f"{action}: {answer.status_code} {answer.text}"
        return answer.json()

    def scan(self, content: str) -> str:
        """Scan a code; the chat's answer."""
        return self._said("scan", content=content)

    def say(self, text: str) -> str:
        """Write in the chat; the answer."""
        return self._said("say", text=text)

    def send_picture(self) -> str:
        """Send a photo with GPS in its EXIF; the answer."""
        return self._said("picture")

    def unfollow(self) -> None:
        """Stop following the account."""
        self._control("unfollow", persona=self.name)

    def login_code(self) -> str:
        """What `wx.login` gives the Mini Program."""
        return str(self._control("login", persona=self.name)["js_code"])

    def _said(self, action: str, **body: Any) -> str:
        answer = self._control(action, persona=self.name, **body)
        assert answer["delivered"], answer
        return "\n".join(message["text"] for message in answer["replies"])

    def chat(self) -> list[dict[str, Any]]:
        """All messages of the chat."""
        answer = self.http.get("/_control/chat", params={"persona": self.name})
        return list(answer.json()["messages"])

    def templates(self, containing: str = "") -> list[dict[str, Any]]:
        """Template messages of the chat that mention something, oldest first."""
        return [
            message for message in self.chat() if message["type"] == "template" and containing in str(message)
        ]

    def tap(self, message: dict[str, Any]) -> Page:
        """Tap a message and open its page inside WeChat."""
        answer = self._control("tap", persona=self.name, message_id=message["id"])
        return self.browser.open(answer["open"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.browser.http.close()


class Office:
    """Somebody at the REST interface with a token."""

    def __init__(self, app: str, token: str = "") -> None:
        self.http = httpx.Client(base_url=app + "/api/v1", timeout=60, trust_env=False)
        if token:
            self.http.headers["authorization"] = f"Bearer {token}"

    @classmethod
    def login(cls, app: str, login: str, password: str) -> Office:
        """Log in with name and password."""
        office = cls(app)
        token = office.post("/sessions", login=login, password=password)["token"]
        office.http.headers["authorization"] = f"Bearer {token}"
        return office

    def get(self, path: str, **query: Any) -> Any:
        """GET; the JSON answer."""
        return self._json(self.http.get(path, params=query))

    def post(self, path: str, **body: Any) -> Any:
        """POST a JSON body; the JSON answer."""
        return self._json(self.http.post(path, json=body))

    def refused(self, path: str, **body: Any) -> str:
        """POST something that must be refused; the code of the refusal."""
        answer = self.http.post(path, json=body)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["code"])

    def _json(self, answer: httpx.Response) -> Any:
        assert answer.status_code < 400, f"{answer.request.url}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
