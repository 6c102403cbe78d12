"""A running sandbox as the platform of these tests, and people whom the product knows there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.settings import Settings
from app.models import OutgoingMessage, WechatIdentity
from app.models.delivery import MessageKind
from app.models.people import Officer
from app.services import identities, outbox
from app.services.actors import Administrator
from app.wechat import templates
from app.wechat.clients import Clients, build_clients
from tests import factories
from tests.sandbox.support import APP_ID, MINI_ID, SECRET, Sandbox
from tests.support import settings_for

SEND = "/cgi-bin/message/template/send"
SUBSCRIBE = "/cgi-bin/message/subscribe/send"
TOKEN = "/cgi-bin/stable_token"
ADMIN = Administrator("test")
DATA = {
    "title": "合同即将到期",
    "village": "益农镇东联村",
    "colour": "黄色预警",
    "fired_at": "2026年3月5日 09:30",
    "number": "MS20260001",
    "progress": "已受理",
    "updated_at": "2026年3月5日 09:30",
    "subject": "村级财务",
    "published_at": "2026年3月5日 09:30",
}


def settings_at(sandbox: Sandbox, data_dir: Path, **changes: Any) -> Settings:
    """Settings for the sandbox's two accounts; a lost answer is noticed after a second."""
    values: dict[str, Any] = {
        "wechat_api_base": sandbox.address,
        "wechat_mp_base": sandbox.address,
        "wechat_app_id": APP_ID,
        "wechat_app_secret": SECRET,
        "miniprogram_app_id": MINI_ID,
        "miniprogram_app_secret": SECRET,
        "wechat_read_timeout": 1.0,
    }
    return settings_for(data_dir, **(values | changes))


@dataclass
class Platform:
    """The sandbox, the product's clients for it, and its database."""

    sandbox: Sandbox
    database: Database
    settings: Settings
    clients: Clients

    def calls(self, path: str) -> list[dict[str, Any]]:
        """The calls of one path, oldest first."""
        entries = self.sandbox.look("log", kind="call")["entries"]
        return [entry for entry in entries if entry["path"] == path]

    def received(self, persona: str) -> list[dict[str, Any]]:
        """The template and subscribe messages on a phone."""
        return [line for line in self.sandbox.chat(persona) if line["source"] in ("template", "subscribe")]

    def sync(self) -> None:
        """Learn the account's templates."""
        templates.sync(self.database, self.clients, acting=ADMIN)
        self.sandbox.look("log")


@contextmanager
def platform(sandbox: Sandbox, database: Database, data_dir: Path, **changes: Any) -> Iterator[Platform]:
    """The product's side of a running sandbox."""
    settings = settings_at(sandbox, data_dir, **changes)
    clients = build_clients(database, settings)
    try:
        yield Platform(sandbox, database, settings, clients)
    finally:
        clients.close()


def follower(session: Session, sandbox: Sandbox, persona: str) -> WechatIdentity:
    """A person of the sandbox who follows the account, as the product knows him."""
    openid = sandbox.openid(persona)
    sandbox.control("follow", persona=persona, wait=False)
    identity = identities.identify(session, app_id=APP_ID, openid=openid)
    identities.followed(session, identity)
    return identity


def bound(session: Session, sandbox: Sandbox, persona: str) -> Officer:
    """An officer whose openid is that of a follower."""
    officer = factories.officer(session, name=persona)
    follower(session, sandbox, persona).officer_id = officer.id
    session.flush()
    return officer


def put(session: Session, **changes: Any) -> OutgoingMessage:
    """A message in the outbox; name the recipient."""
    values: dict[str, Any] = {
        "kind": MessageKind.WARNING_FIRED,
        "village_id": None,
        "subject_kind": "warning",
        "subject_id": "w1",
        "data": DATA,
        "path": "/desk/warnings/w1",
        "key": uuid.uuid4().hex,
    }
    message = outbox.enqueue(session, **(values | changes))
    assert message is not None
    return message
