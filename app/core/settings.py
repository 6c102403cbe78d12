"""Settings: one class, read from the environment with the prefix `MASHANG_` (and from `.env`).

Every field is documented in `docs/operations.md`; a house test compares. Secrets have a working value
only in development, where they are made once and kept in the data directory; in production a missing
or weak secret stops the start.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.core.quiet import QuietHours

MINIMUM_SECRET_LENGTH = 32
QUIET_HOURS = "21:00-07:30"


class Settings(BaseSettings):
    """The configuration of one process. Immutable; passed from `create_app`, never imported."""

    model_config = SettingsConfigDict(env_prefix="MASHANG_", env_file=".env", extra="ignore", frozen=True)

    # Where things are
    environment: Literal["development", "production"] = "development"
    data_dir: Path = Path("var")
    database_url: str = ""
    public_url: str = "http://127.0.0.1:8000"
    secret_key: SecretStr = SecretStr("")
    pool_size: int = Field(default=10, ge=1, le=40)

    # WeChat: the platform's addresses
    wechat_api_base: str = "https://api.weixin.qq.com"
    wechat_mp_base: str = "https://mp.weixin.qq.com"
    wechat_open_base: str = "https://open.weixin.qq.com"
    wechat_connect_timeout: float = Field(default=3.0, gt=0)
    wechat_read_timeout: float = Field(default=10.0, gt=0)

    # WeChat: the Official Account (服务号)
    wechat_app_id: str = ""
    wechat_app_secret: SecretStr = SecretStr("")
    wechat_token: SecretStr = SecretStr("")
    wechat_aes_key: SecretStr = SecretStr("")

    # WeChat: the Mini Program
    miniprogram_app_id: str = ""
    miniprogram_app_secret: SecretStr = SecretStr("")
    miniprogram_token: SecretStr = SecretStr("")
    miniprogram_aes_key: SecretStr = SecretStr("")
    miniprogram_page: str = "pages/village/index"
    miniprogram_env_version: Literal["release", "trial", "develop"] = "release"

    # Callback limits
    callback_max_bytes: int = Field(default=256 * 1024, ge=16 * 1024, le=1024 * 1024)

    # Worker and scheduler
    worker_threads: int = Field(default=4, ge=1, le=32)
    worker_poll_seconds: float = Field(default=5.0, gt=0)
    lease_seconds: int = Field(default=60, ge=5)
    outbox_max_attempts: int = Field(default=8, ge=1)

    # Disclosure: how often views are written, and how long before a due date the village is reminded
    views_flush_seconds: float = Field(default=5.0, gt=0)
    obligation_remind_days: int = Field(default=3, ge=0, le=60)

    # Review of urgent notices: working hours that the reviewer has
    urgent_review_hours: float = Field(default=2.0, gt=0, le=72)

    # Early warnings: hours of the night in which no officer is pushed ("" for none), and whether yellow ones
    # go once a day. Not set: 21:00-07:30 and once a day in production, neither in development.
    quiet_hours: str | None = None
    yellow_once_a_day: bool | None = None

    # Villagers' questions and objections: work days in which the village answers
    answer_work_days: int = Field(default=3, ge=1, le=60)

    # Open data: the publisher's prefix at the Open Contracting Partnership, and the terms of use
    ocds_prefix: str = Field(default="ocds-000000", pattern=r"^ocds-[a-z0-9]{6}$")
    open_data_licence_name: str = "知识共享 署名 4.0（CC BY 4.0）"
    open_data_licence_url: str = "https://creativecommons.org/licenses/by/4.0/"

    # Uploads
    upload_max_bytes: int = Field(default=10 * 1024 * 1024, ge=64 * 1024)
    upload_max_pixels: int = Field(default=40_000_000, ge=1_000_000)
    upload_max_pages: int = Field(default=200, ge=1, le=2000)
    document_seconds: int = Field(default=20, ge=2, le=120)
    document_megabytes: int = Field(default=768, ge=256, le=4096)

    @model_validator(mode="after")
    def _refuse_weak_production(self) -> Self:
        if self.environment != "production":
            return self
        weak = [name for name in ("secret_key",) if len(self._secret(name)) < MINIMUM_SECRET_LENGTH]
        missing = [
            name
            for name in ("wechat_app_id", "wechat_app_secret", "wechat_token", "wechat_aes_key")
            if not self._secret(name)
        ]
        if not self.public_url.startswith("https://"):
            weak.append("public_url (https is required)")
        if weak or missing:
            names = ", ".join("MASHANG_" + name.upper() for name in [*weak, *missing])
            raise ValueError(f"production refuses to start; set or strengthen: {names}")
        return self

    @model_validator(mode="after")
    def _refuse_unreadable_hours(self) -> Self:
        QuietHours.parse(self.quiet_hours or "")
        return self

    def _secret(self, name: str) -> str:
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    @property
    def production(self) -> bool:
        """Whether this is a production process."""
        return self.environment == "production"

    @property
    def quiet(self) -> QuietHours | None:
        """The hours in which no officer is pushed, if there are any."""
        by_default = QUIET_HOURS if self.production else ""
        return QuietHours.parse(by_default if self.quiet_hours is None else self.quiet_hours)

    @property
    def yellow_daily(self) -> bool:
        """Whether yellow warnings reach an officer once a day, in one message."""
        return self.production if self.yellow_once_a_day is None else self.yellow_once_a_day

    @cached_property
    def key(self) -> bytes:
        """The master secret, from which every other key is derived (`core.security.derive_key`).

        In development a random one is kept in `<data_dir>/secret_key`, so that restarts keep sessions."""
        configured = self.secret_key.get_secret_value()
        if configured:
            return configured.encode()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        path = self.data_dir / "secret_key"
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48).encode())
        return path.read_bytes()

    def url(self, path: str) -> str:
        """The public address of `path` (which begins with a slash)."""
        return self.public_url.rstrip("/") + path


def _write_once(path: Path, content: bytes) -> None:
    """Make `path` with all of `content`, unless another process has made it: one of several wins, and nobody
    ever reads half a file. Readable by its owner only."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):
            os.link(draft.name, path)
