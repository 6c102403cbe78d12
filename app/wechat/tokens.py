"""Access tokens and JS-SDK tickets, shared by all processes of an installation through one row each.

One process refreshes at a time, under a lease on the row; the others go on with the old value while it is
good and else wait a moment. Tokens come through `stable_token` in normal mode: asking again does no harm.
A forced refresh happens only when normal mode itself hands out the very token that was just refused, at most
20 times a day and 30 seconds apart (the platform's limits), counted in the row. Nothing here loops: a call
that fails after one renewal fails. Source: the platform's page of stable_token (获取稳定版接口调用凭据).
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.crypto import SealBroken
from app.core.db import Database, database_now
from app.core.errors import Unavailable
from app.core.keys import Keys
from app.core.logging import get
from app.core.settings import Settings
from app.models import AccessToken
from app.wechat.accounts import Account
from app.wechat.client import IssuedToken, WeChatClient
from app.wechat.errors import Busy

ACCESS, TICKET = "access_token", "jsapi_ticket"
PATHS = {ACCESS: "/cgi-bin/stable_token", TICKET: "/cgi-bin/ticket/getticket"}
EARLY_SECONDS = 300.0
SPREAD_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.1
REMEMBERED_SECONDS = 30.0
FORCED_PER_DAY = 20
FORCED_APART = timedelta(seconds=30)

log = get(__name__)


@dataclass(frozen=True)
class _Stored:
    value: str | None
    seconds_left: float


class DatabaseTokens:
    """The `TokenSource` of all clients, kept in the database and sealed there. Threads may share it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._sealer = Keys.of(settings.key).sealer
        self._early = EARLY_SECONDS - random.uniform(0, SPREAD_SECONDS)  # noqa: S311  (spreads processes)
        call = settings.wechat_connect_timeout + settings.wechat_read_timeout
        self._lease_seconds = call + 5
        self._patience = call + 6
        self._bare: dict[str, WeChatClient] = {}
        self._remembered: dict[tuple[str, str], tuple[str, float]] = {}
        self._lock = threading.Lock()

    def get(self, account: Account) -> str:
        """The present access token; refreshed first when it is about to run out. Raises as the client.

        Remembered for half a minute: a token that was replaced meanwhile still works or is renewed."""
        return self._present(account, ACCESS, lambda: self._client(account).stable_token())

    def renew(self, account: Account, *, rejected: str) -> str:
        """A token other than `rejected`. Raises Busy when there is none for now."""
        self._remembered.pop((account.app_id, ACCESS), None)
        waiting = _Patience(self._patience)
        while True:
            owner = self._lease(account, ACCESS)
            stored = self._read(account, ACCESS)  # after the lease: somebody may just have finished
            if stored.value not in (None, rejected) and stored.seconds_left > 0:
                self._give_up(account, ACCESS, owner)
                self._remember(account, ACCESS, str(stored.value))
                return str(stored.value)
            if owner is not None:
                return self._replace_rejected(account, owner, rejected)
            waiting.again_or_raise(ACCESS)

    def ticket(self, account: Account, client: WeChatClient) -> str:
        """The ticket that signs `wx.config` for pages, fetched with `client`."""
        return self._present(account, TICKET, client.jsapi_ticket)

    def close(self) -> None:
        """Close the connections that fetch tokens."""
        with self._lock:
            clients, self._bare = list(self._bare.values()), {}
        for client in clients:
            client.close()

    def _present(self, account: Account, kind: str, fetch: Callable[[], IssuedToken]) -> str:
        known = self._remembered.get((account.app_id, kind))
        if known is not None and known[1] > time.monotonic():
            return known[0]
        waiting = _Patience(self._patience)
        while True:
            stored = self._read(account, kind)
            if stored.value is not None and stored.seconds_left > self._early:
                self._remember(account, kind, stored.value)
                return stored.value
            owner = self._lease(account, kind)
            if owner is not None:
                return self._refresh(account, kind, owner, fetch)
            if stored.value is not None and stored.seconds_left > 0:
                return stored.value
            waiting.again_or_raise(kind)

    def _refresh(self, account: Account, kind: str, owner: str, fetch: Callable[[], IssuedToken]) -> str:
        """Fetch and store, unless somebody has just done so; while the old value is good, a failure to
        fetch is no failure."""
        stored = self._read(account, kind)
        if stored.value is not None and stored.seconds_left > self._early:
            self._give_up(account, kind, owner)
            return stored.value
        try:
            issued = fetch()
        except Unavailable as error:
            self._give_up(account, kind, owner)
            if stored.value is not None and stored.seconds_left > 0:
                log.warning("token.refresh_failed", kind=kind, code=error.code)
                return stored.value
            raise
        self._store(account, kind, owner, issued)
        return issued.value

    def _replace_rejected(self, account: Account, owner: str, rejected: str) -> str:
        try:
            issued = self._client(account).stable_token()
            if issued.value == rejected:
                self._count_forced(account, owner)
                issued = self._client(account).stable_token(force=True)
        except BaseException:
            self._give_up(account, ACCESS, owner)
            raise
        self._store(account, ACCESS, owner, issued)
        if issued.value == rejected:
            raise Busy(PATHS[ACCESS], "token_rejected")
        return issued.value

    def _remember(self, account: Account, kind: str, value: str) -> None:
        self._remembered[account.app_id, kind] = (value, time.monotonic() + REMEMBERED_SECONDS)

    def _client(self, account: Account) -> WeChatClient:
        """A client without a token source: what fetches tokens must not ask for one."""
        with self._lock:
            if account.app_id not in self._bare:
                self._bare[account.app_id] = WeChatClient(account, self._settings)
            return self._bare[account.app_id]

    def _read(self, account: Account, kind: str) -> _Stored:
        with self._database.reading() as session:
            left = func.extract("epoch", AccessToken.expires_at - func.clock_timestamp())
            row = session.execute(
                select(AccessToken.sealed, left).where(*_row(account, kind), AccessToken.sealed.is_not(None))
            ).first()
        if row is None:
            return _Stored(None, 0.0)
        try:
            value = self._sealer.open(str(row[0]), context=_context(account, kind))
        except (SealBroken, Unavailable):
            return _Stored(None, 0.0)  # sealed under an earlier master secret: fetch anew
        return _Stored(value, float(row[1] or 0))

    def _lease(self, account: Account, kind: str) -> str | None:
        """Take the right to refresh; None while somebody else has it. By the database's clock."""
        owner = uuid.uuid4().hex
        with self._database.transaction() as session:
            now = database_now(session)
            until = now + timedelta(seconds=self._lease_seconds)
            taken = session.execute(
                insert(AccessToken)
                .values(app_id=account.app_id, kind=kind, lease_owner=owner, lease_until=until)
                .on_conflict_do_update(
                    index_elements=["app_id", "kind"],
                    set_={"lease_owner": owner, "lease_until": until},
                    where=or_(AccessToken.lease_until.is_(None), AccessToken.lease_until <= now),
                )
                .returning(AccessToken.app_id)
            ).first()
        return owner if taken is not None else None

    def _store(self, account: Account, kind: str, owner: str, issued: IssuedToken) -> None:
        sealed = self._sealer.seal(issued.value, context=_context(account, kind))
        with self._database.transaction() as session:
            expires = database_now(session) + timedelta(seconds=issued.expires_in)
            _update(
                session, account, kind, owner,
                sealed=sealed, expires_at=expires, lease_owner=None, lease_until=None,
            )  # fmt: skip
        self._remember(account, kind, issued.value)
        log.info("token.refreshed", kind=kind, seconds=issued.expires_in)

    def _give_up(self, account: Account, kind: str, owner: str | None) -> None:
        if owner is None:
            return
        with self._database.transaction() as session:
            _update(session, account, kind, owner, lease_owner=None, lease_until=None)

    def _count_forced(self, account: Account, owner: str) -> None:
        """Note a forced refresh before it is made. Raises Busy when the platform's limits are reached."""
        with self._database.transaction() as session:
            row = session.execute(
                select(AccessToken.forced_on, AccessToken.forced_count)
                .where(*_row(account, ACCESS), AccessToken.lease_owner == owner)
                .with_for_update()
            ).one_or_none()
            now = database_now(session)
            count = _forced_today(row[0], row[1], now) if row is not None else FORCED_PER_DAY
            if count is None or count >= FORCED_PER_DAY:
                log.error("token.forced_limit", count=count)
                raise Busy(PATHS[ACCESS], "forced_limit")
            _update(session, account, ACCESS, owner, forced_on=now, forced_count=count + 1)


class _Patience:
    """Looks again every tenth of a second, for a limited time."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def again_or_raise(self, kind: str) -> None:
        """Pause. Raises Busy when the time is over."""
        if time.monotonic() > self._end:
            raise Busy(PATHS[kind], "refresh_under_way")
        threading.Event().wait(LOOK_AGAIN_SECONDS)


def _forced_today(last: datetime | None, count: int, now: datetime) -> int | None:
    """Forced refreshes within the running day of the platform's counter; None within 30 seconds of the last.

    The counter starts anew 24 hours after the last one, which is never sooner than the platform's does."""
    if last is None or now - last > timedelta(days=1):
        return 0
    return None if now - last < FORCED_APART else count


def _row(account: Account, kind: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return AccessToken.app_id == account.app_id, AccessToken.kind == kind


def _context(account: Account, kind: str) -> str:
    return f"access_token:{account.app_id}:{kind}"


def _update(session: Session, account: Account, kind: str, owner: str, **values: object) -> bool:
    """Write to the row while `owner` has its lease."""
    result = session.execute(
        update(AccessToken)
        .where(*_row(account, kind), AccessToken.lease_owner == owner)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return bool(result.rowcount)
