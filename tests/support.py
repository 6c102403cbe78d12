"""What many tests need: the application over HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from app.core.db import Database
from app.core.settings import Settings
from app.main import build_context, create_app
from tests.factories import KEYS
from tests.waiting import eventually

__all__ = ["bearer", "eventually", "make_client", "settings_for"]

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
        "views_flush_seconds": 3600,  # a borrowed database is for one thread at a time
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
