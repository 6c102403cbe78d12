"""What every face needs: settings, database, keys, files, WeChat clients. Built by `app.main` alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import Unavailable
from app.core.images import Limits
from app.core.keys import Keys
from app.core.settings import Settings
from app.core.storage import Storage
from app.services.views import Views
from app.wechat.accounts import Accounts
from app.wechat.client import WeChatClient
from app.wechat.clients import Clients


@dataclass(frozen=True)
class Context:
    """The parts of one process, passed to the faces through `app.state.context`."""

    settings: Settings
    database: Database
    keys: Keys
    storage: Storage
    clients: Clients
    views: Views = field(default_factory=Views)

    @property
    def accounts(self) -> Accounts:
        """Both WeChat accounts, configured or not."""
        return self.clients.accounts

    @property
    def official(self) -> WeChatClient:
        """The Official Account's client. Raises Unavailable when the account is not configured."""
        return _configured(self.clients.official, "公众号")

    @property
    def miniprogram(self) -> WeChatClient:
        """The Mini Program's client. Raises Unavailable when the account is not configured."""
        return _configured(self.clients.miniprogram, "小程序")

    @property
    def upload_limits(self) -> Limits:
        """How large uploads may be."""
        return Limits(
            max_bytes=self.settings.upload_max_bytes,
            max_pixels=self.settings.upload_max_pixels,
            max_pages=self.settings.upload_max_pages,
            document_seconds=self.settings.document_seconds,
            document_megabytes=self.settings.document_megabytes,
        )


def _configured(client: WeChatClient | None, name: str) -> WeChatClient:
    if client is None:
        raise Unavailable("wechat.not_configured", f"还没有配置{name}，请管理员先完成配置。")
    return client


def of(request: Request) -> Context:
    """The context of the application that serves this request."""
    context: Context = request.app.state.context
    return context


def _reading(request: Request) -> Iterator[Session]:
    with of(request).database.reading() as session:
        yield session


def _writing(request: Request) -> Iterator[Session]:
    with of(request).database.transaction() as session:
        yield session


InContext = Annotated[Context, Depends(of)]
ReadSession = Annotated[Session, Depends(_reading, scope="function")]
"""A session that cannot write."""

WriteSession = Annotated[Session, Depends(_writing, scope="function")]
"""A session that is committed before the answer leaves (scope="function"), so that a failed commit is
never answered with a success."""
