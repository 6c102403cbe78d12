"""What a sandbox starts with: accounts, people, limits."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class AccountConfig(BaseModel):
    """One account of the platform: an Official Account (公众号) or a Mini Program (小程序)."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["official", "miniprogram"]
    app_id: str = Field(min_length=1)
    app_secret: str = Field(min_length=1)
    name: str = ""
    token: str = ""
    aes_key: str = Field(default="", pattern=r"^([A-Za-z0-9]{43})?$")
    original_id: str = "gh_0000000000"
    callback_url: str = ""
    mode: Literal["safe", "compatible", "plain"] = "safe"
    format: Literal["xml", "json"] = "xml"
    template_seed: int = 1
    pages: list[str] = Field(default_factory=list, description="published Mini Program pages; empty: any")
    long_term_titles: list[str] = Field(default_factory=list, description="long-term subscribe templates")
    ip_whitelist: list[str] = Field(default_factory=list, description="empty: every address may call")

    @property
    def title(self) -> str:
        """The name people see above the chat."""
        return self.name or ("村务公开" if self.kind == "official" else "码上小程序")


class PersonaConfig(BaseModel):
    """A person with a phone."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=30)
    role: Literal["villager", "officer"] = "villager"
    follows: bool = False


class LimitConfig(BaseModel):
    """Platform limits that tests like to make small."""

    model_config = ConfigDict(extra="forbid")

    permanent_scenes: int = 100_000
    callback_timeout_seconds: float = 5.0
    callback_retry_seconds: float = 5.0
    callback_attempts: int = 4
    token_seconds: int = 7200
    daily: dict[str, int] = Field(default_factory=dict, description="path → calls per day")
    per_minute: dict[str, int] = Field(default_factory=dict, description="path → calls per minute")
    log_entries: int = 50_000


class SandboxConfig(BaseModel):
    """The whole start-up file."""

    model_config = ConfigDict(extra="forbid")

    accounts: list[AccountConfig] = Field(min_length=1)
    personas: list[PersonaConfig] = Field(default_factory=list)
    limits: LimitConfig = Field(default_factory=LimitConfig)
    app_url: str = Field(default="", description="base address of the application, for the Mini Program tab")
    public_url: str = Field(default="", description="own base address, for links inside messages")
    state_path: str = Field(
        default="", description="file that keeps codes, followers and chats over restarts"
    )

    @classmethod
    def load(cls, path: Path) -> "SandboxConfig":
        """Read a JSON file.

        Raises:
            ValueError: the file is not JSON or not a valid configuration.
        """
        return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
