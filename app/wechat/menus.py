"""The Official Account's menu (自定义菜单)."""

from __future__ import annotations

from typing import Any

from app.core.settings import Settings
from app.wechat.client import WeChatClient

COMPLAIN_KEY = "complain"


def buttons(settings: Settings) -> list[dict[str, Any]]:
    """The three buttons: read what the village discloses, complain, see what became of it."""
    return [
        {"type": "view", "name": "看公开", "url": settings.url("/m/village")},
        {"type": "click", "name": "我要反映", "key": COMPLAIN_KEY},
        {"type": "view", "name": "我的诉求", "url": settings.url("/my")},
    ]


def create_menu(client: WeChatClient, settings: Settings) -> None:
    """Replace the account's menu by ours. Raises as the client."""
    client.create_menu(buttons(settings))
