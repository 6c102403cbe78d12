"""What a demo is configured with: WeChat accounts made once, the sandbox's file, and `demo.json`."""

from __future__ import annotations

import json
import os
import secrets
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.demo import seed
from app.services import organisations
from app.services.actors import Administrator

ACCOUNT_FIELDS = ("app_id", "app_secret", "token", "aes_key")
VILLAGERS = ("王阿婆", "李大伯", "小陈")
STAFF = ("donglian.info", "donglian.review", "donglian.liaison", "yinong.town", "county")
LETTERS = string.ascii_letters + string.digits
# The last of the 43 characters carries four bits only: any other letter would be the same key twice.
LAST_LETTERS = "AEIMQUYcgkosw048"


@dataclass(frozen=True)
class Places:
    """Addresses of one running demo."""

    app: str
    sandbox: str

    @property
    def phone(self) -> str:
        """The phone in the browser."""
        return self.sandbox + "/phone"


def environment(data_dir: Path, places: Places, database_url: str, port: int) -> dict[str, str]:
    """The settings of all processes. The accounts are kept, so that a restart keeps its people."""
    accounts = _accounts(data_dir)
    return {
        "PORT": str(port),
        "MASHANG_DATA_DIR": str(data_dir),
        "MASHANG_DATABASE_URL": database_url,
        "MASHANG_PUBLIC_URL": places.app,
        "MASHANG_WECHAT_API_BASE": places.sandbox,
        "MASHANG_WECHAT_MP_BASE": places.sandbox,
        "MASHANG_WECHAT_OPEN_BASE": places.sandbox,
        **{f"MASHANG_WECHAT_{key.upper()}": value for key, value in accounts["official"].items()},
        **{f"MASHANG_MINIPROGRAM_{key.upper()}": value for key, value in accounts["miniprogram"].items()},
    }


def _accounts(data_dir: Path) -> dict[str, dict[str, str]]:
    path = data_dir / "demo-accounts.json"
    if path.exists():
        kept: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    made = {kind: _account() for kind in ("official", "miniprogram")}
    _write_private(path, made)
    return made


def _account() -> dict[str, str]:
    return {
        "app_id": "wx" + secrets.token_hex(8),
        "app_secret": secrets.token_hex(16),
        "token": secrets.token_hex(12),
        "aes_key": "".join(secrets.choice(LETTERS) for _ in range(42)) + secrets.choice(LAST_LETTERS),
    }


def sandbox(data_dir: Path, places: Places) -> Path:
    """Write the sandbox's configuration: both accounts, the villagers' and the officers' phones."""
    accounts = _accounts(data_dir)

    def account(kind: str, name: str, callback: str) -> dict[str, Any]:
        values = accounts[kind]
        return {
            **values,
            "kind": kind,
            "name": name,
            "original_id": f"gh_{values['app_id'][2:14]}",
            "callback_url": places.app + callback,
            "mode": "safe",
            "format": "json" if kind == "miniprogram" else "xml",
            "template_seed": int(values["app_id"][2:6], 16),
        }

    names = {entry["login"]: entry["name"] for entry in seed.logins()}
    # One person may hold two posts: one phone for each name.
    staff = dict.fromkeys(names[login] for login in STAFF if login in names)
    path = data_dir / "sandbox.json"
    _write_private(
        path,
        {
            "accounts": [
                account("official", "萧山码上", "/wechat/callback"),
                account("miniprogram", "码上小程序", "/wechat/miniprogram/callback"),
            ],
            "personas": [
                *({"name": name, "role": "villager"} for name in VILLAGERS),
                *({"name": name, "role": "officer"} for name in staff),
            ],
            "app_url": places.app,
            "public_url": places.sandbox,
            "state_path": str(data_dir / "sandbox-state.json"),
        },
    )
    return path


def villages(session: Session) -> list[dict[str, str]]:
    """The villages as `demo.json` lists them."""
    rows = organisations.villages(session, acting=Administrator("demo"))
    return [{"code": village.code, "name": village.name, "town": town.name} for village, town in rows]


def write_demo_file(
    data_dir: Path, places: Places, *, admin_token: str, villages: list[dict[str, str]]
) -> None:
    """`demo.json`: what a program needs to use this demo (mode 0600)."""
    _write_private(
        data_dir / "demo.json",
        {
            "app": places.app,
            "sandbox": places.sandbox,
            "phone": places.phone,
            "admin_token": admin_token,
            "villages": villages,
            "logins": seed.logins(),
        },
    )


def _write_private(path: Path, data: object) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False, indent=1)
