"""Fetching what people sent in the chat: the callback notes pictures, the worker brings them here."""

from __future__ import annotations

from datetime import timedelta

from app.core import clock
from app.core.db import Database
from app.core.errors import BadInput
from app.core.images import Limits
from app.core.logging import get
from app.core.settings import Settings
from app.core.storage import Storage
from app.models import Attachment
from app.models.base import WorkState
from app.services import attachments, claims
from app.wechat.clients import Clients
from app.wechat.errors import Action, ApiRefused, CallFailed
from app.wechat.pauses import until_midnight

ALARM_PAUSE = timedelta(minutes=10)
KEPT_BY_PLATFORM = timedelta(days=3)

log = get(__name__)


class MediaFetcher:
    """Brings pictures from the platform into our storage. Threads share it.

    A picture is fetched within the three days that the platform keeps it, checked and written anew without
    metadata for viewing. What cannot be had is a dead letter with its reason; the page says so."""

    def __init__(self, database: Database, clients: Clients, settings: Settings, storage: Storage) -> None:
        self._database = database
        self._clients = clients
        self._settings = settings
        self._storage = storage
        self._limits = Limits(settings.upload_max_bytes, settings.upload_max_pixels)

    def fetch(self, row: Attachment) -> WorkState:
        """One try of a claimed row; the state it is in now."""
        client = self._clients.by_app_id(row.app_id)
        if client is None or not row.media_id:
            return self._fail(row, "media.account_unknown", "图片来自没有配置的公众号")
        try:
            data, _ = client.media(row.media_id, limit=self._settings.upload_max_bytes)
        except ApiRefused as error:
            return self._refused(row, error)
        except CallFailed as error:
            return self._again(row, error.code, "微信服务器繁忙或连接不上")
        return self._keep(row, data)

    def _keep(self, row: Attachment, data: bytes) -> WorkState:
        try:
            attachments.keep(row, data, self._storage, self._limits)
        except BadInput as error:
            return self._fail(row, error.code, error.message)
        with self._database.transaction() as session:
            kept = claims.finish(
                session,
                row,
                WorkState.DONE,
                size=row.size,
                original=row.original,
                viewing=row.viewing,
                media_type=row.media_type,
            )
        log.info("media.fetched", size=row.size, kept=kept)
        return WorkState.DONE

    def _refused(self, row: Attachment, error: ApiRefused) -> WorkState:
        code, reason = f"wechat.{error.errcode}", f"微信返回错误 {error.errcode}"
        if error.action in (Action.BACK_OFF, Action.REFRESH_TOKEN):
            return self._again(row, code, reason)
        too_old = clock.now() - row.created_at > KEPT_BY_PLATFORM
        if error.action in (Action.DAY_QUOTA, Action.ALARM) and not too_old:
            wait = until_midnight() if error.action is Action.DAY_QUOTA else ALARM_PAUSE
            log.error("media.account_refused", errcode=error.errcode)
            with self._database.transaction() as session:
                claims.put_back(session, row, wait, error=code, reason=reason, counted=False)
            return WorkState.PENDING
        return self._fail(row, code, f"{reason}：图片已过期或取不到")

    def _again(self, row: Attachment, code: str, reason: str) -> WorkState:
        limit = self._settings.outbox_max_attempts
        with self._database.transaction() as session:
            claims.retry(session, row, error=code, reason=reason, max_attempts=limit)
        return WorkState.FAILED if row.attempts >= limit else WorkState.PENDING

    def _fail(self, row: Attachment, code: str, reason: str) -> WorkState:
        with self._database.transaction() as session:
            claims.finish(session, row, WorkState.FAILED, error_code=code, error_text=reason)
        log.warning("media.failed", code=code)
        return WorkState.FAILED
