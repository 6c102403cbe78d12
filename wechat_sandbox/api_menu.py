"""The menu below the chat (自定义菜单)."""

from typing import Any

from wechat_sandbox.errors import PlatformError
from wechat_sandbox.gateway import OK, Answer, Call, Registry
from wechat_sandbox.records import Json

OFFICIAL = frozenset({"official"})
KEYED = {
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
}
OTHER = {"view", "miniprogram", "media_id", "article_id", "article_view_limited"}
registry = Registry()


@registry.post("/cgi-bin/menu/create", kinds=OFFICIAL, daily=1_000)
def create(call: Call) -> Answer:
    """Replace the whole menu: one to three buttons with up to five below each."""
    buttons = call.body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise PlatformError(40016)
    call.account.menu = {"button": [_button(item, 16, top=True) for item in buttons], "menuid": 208_379_533}
    call.world.changes += 1
    return OK


@registry.get("/cgi-bin/menu/get", kinds=OFFICIAL, daily=10_000)
def get(call: Call) -> Answer:
    """The menu as it was created; 46003 when there is none."""
    if call.account.menu is None:
        raise PlatformError(46003)
    return {"menu": call.account.menu}


@registry.get("/cgi-bin/menu/delete", kinds=OFFICIAL, daily=1_000)
def delete(call: Call) -> Answer:
    """Remove the menu."""
    call.account.menu = None
    call.world.changes += 1
    return OK


@registry.get("/cgi-bin/get_current_selfmenu_info", kinds=OFFICIAL)
def current(call: Call) -> Answer:
    """The menu in use."""
    menu = call.account.menu
    return {
        "is_menu_open": int(menu is not None),
        "selfmenu_info": {"button": (menu or {}).get("button", [])},
    }


def _button(item: Any, name_bytes: int, *, top: bool) -> Json:
    if not isinstance(item, dict):
        raise PlatformError(40016)
    name = item.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= name_bytes:
        raise PlatformError(40018)
    below = item.get("sub_button")
    if top and isinstance(below, list) and below:
        if len(below) > 5:
            raise PlatformError(40023, "invalid sub button size")
        return {"name": name, "sub_button": [_button(child, 60, top=False) for child in below]}
    return _leaf(item, name)


def _leaf(item: Json, name: str) -> Json:
    type_, key, url = item.get("type"), item.get("key"), item.get("url")
    if type_ not in KEYED | OTHER:
        raise PlatformError(40017)
    if type_ in KEYED and (not isinstance(key, str) or not 1 <= len(key.encode()) <= 128):
        raise PlatformError(40019)
    needs_url = type_ in {"view", "miniprogram"}
    if needs_url and (not isinstance(url, str) or not url.startswith(("http://", "https://"))):
        raise PlatformError(40020)
    if needs_url and len(str(url).encode()) > 1024:
        raise PlatformError(40020)
    if type_ == "miniprogram" and not (item.get("appid") and item.get("pagepath")):
        raise PlatformError(40013)
    kept: Json = {
        part: item[part] for part in ("key", "url", "appid", "pagepath", "media_id") if part in item
    }
    return {"type": type_, "name": name, **kept, "sub_button": []}


def leaves(menu: Json | None) -> list[Json]:
    """All buttons that do something."""
    found: list[Json] = []
    for button in (menu or {}).get("button", []):
        found.extend(button.get("sub_button") or [button])
    return found
