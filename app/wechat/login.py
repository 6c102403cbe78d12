"""Logging in on pages through the Official Account (网页授权): out to the platform, back with a code.

The state is random, one-time for this browser, and bound to it by a signed cookie, so that nobody can be
logged in with somebody else's code. Source: the platform's document 网页授权."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from app.core import security
from app.core.db import Database
from app.core.errors import BadInput, Unavailable
from app.core.keys import Keys
from app.models.people import SessionKind
from app.services import identities, sessions
from app.services.sessions import Opened
from app.wechat.client import WeChatClient
from app.wechat.errors import Action, CallFailed

PURPOSE = "oauth"
GOOD_FOR = timedelta(minutes=10)
LONGEST_TARGET = 512
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True)
class Begun:
    """Where to send the browser, and the value of the cookie that must come back with it."""

    url: str
    cookie: str


@dataclass(frozen=True)
class Returned:
    """Somebody came back from the platform: the code to exchange (None: he refused), and where to go on."""

    code: str | None
    target: str


def begin(client: WeChatClient, keys: Keys, *, callback: str, target: str) -> Begun:
    """Start a login that returns to the full address `callback` and goes on to the local path `target`."""
    state = secrets.token_hex(16)
    cookie = security.sign(keys.master, PURPOSE, {"state": state, "target": local(target)})
    return Begun(client.oauth_url(callback, state), cookie)


def returned(keys: Keys, *, code: str, state: str, cookie: str) -> Returned:
    """Check that this browser began this login, at most ten minutes ago. Raises BadInput otherwise."""
    begun = security.unsign(keys.master, PURPOSE, cookie, max_age=GOOD_FOR)
    if not isinstance(begun, dict) or not security.same(str(begun.get("state")), state):
        raise BadInput("login.state_wrong", "登录没有完成，请从微信里重新打开页面。")
    return Returned(code or None, local(str(begun.get("target", "/"))))


def finish(database: Database, client: WeChatClient, keys: Keys, *, code: str) -> Opened:
    """Exchange the code, outside any transaction, and open a page login for the person.

    Raises BadInput for a used or expired code and for the visitor of a page snapshot (快照页), who is
    nobody; Unavailable when the platform does not answer."""
    try:
        user = client.oauth_code(code)
    except CallFailed as failure:
        if failure.action is Action.LOGIN:
            raise BadInput(
                "login.code_refused", "微信没有确认您的身份，可能是快照页面或链接已用过，请重新打开。"
            ) from failure
        raise Unavailable("login.wechat_unavailable", "微信暂时没有响应，请稍后再试。") from failure
    with database.transaction() as session:
        identity = identities.identify(
            session, app_id=client.account.app_id, openid=user.openid, unionid=user.unionid
        )
        session.flush()
        return sessions.open_for_identity(session, identity=identity, kind=SessionKind.PAGE, keys=keys)


def local(target: str) -> str:
    """`target` if it is a path on this site, "/" otherwise: no link of ours may lead elsewhere."""
    if len(target) > LONGEST_TARGET or not target.startswith("/") or target.startswith("//"):
        return "/"
    if _CONTROL.search(target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc else target
