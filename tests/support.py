"""What many tests need: the application over HTTP, and waiting without sleeping."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from app.core.db import Database
from app.core.settings import Settings
from app.main import build_context, create_app
from tests.factories import KEYS

OFFICIAL = {
    "wechat_app_id": "wxofficial",
    "wechat_app_secret": "official-secret",
    "wechat_token": "officialtoken",
    "wechat_aes_key": "A" * 43,
}
MINIPROGRAM = {
    "miniprogram_app_id": "wxminiprogram",
    "miniprogram_app_secret": "miniprogram-secret",
    "miniprogram_token": "minitoken",
    "miniprogram_aes_key": "B" * 42 + "A",
}


def settings_for(data_dir: Path, **overrides: Any) -> Settings:
    """Settings of a test: both accounts, keys of `tests.factories`, a platform that nobody serves."""
    values: dict[str, Any] = {
        "data_dir": data_dir,
        "secret_key": KEYS.master.decode(),
        "public_url": "http://testserver",
        "wechat_api_base": "http://127.0.0.1:9",
        "wechat_mp_base": "http://127.0.0.1:9",
        "wechat_open_base": "http://127.0.0.1:9",
        **OFFICIAL,
        **MINIPROGRAM,
    }
    return Settings(_env_file=None, **(values | overrides))  # type: ignore[call-arg]


@contextmanager
def make_client(database: Database, **overrides: Any) -> Iterator[TestClient]:
    """The whole application over HTTP on this database; `overrides` are settings. Errors are answered, not
    raised, as they are outside."""
    with tempfile.TemporaryDirectory(prefix="mashang-client-") as home:
        context = build_context(settings_for(Path(home), **overrides), database)
        app = create_app(context=context)
        with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
            yield client
        context.clients.close()


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


def eventually(predicate: Callable[[], Any], *, timeout: float = 10.0, what: str = "condition") -> Any:
    """The first truthy value of `predicate`, asked again every few milliseconds; fails after `timeout`."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout:g} s")
        pause.wait(0.02)
