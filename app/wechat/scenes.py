"""Scenes of codes (场景值): what the platform accepts, checked before asking it.

Official Account codes carry up to 64 characters and there are 100,000 permanent ones per account, never to be
deleted; Mini Program codes carry 32 characters of a fixed alphabet. Source: the pages of `qrcode/create`
(生成带参数的二维码) and `getwxacodeunlimit` (获取不限制的小程序码).
"""

from __future__ import annotations

import re

from app.wechat.errors import ValueRefused

PERMANENT_LIMIT = 100_000
MAX_EXPIRE_SECONDS = 2_592_000
QR_SCENE_LENGTH = 64
WXACODE_SCENE_LENGTH = 32
WIDTHS = range(280, 1281)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_WXACODE_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]+")
_PAGE = re.compile(r"[0-9A-Za-z_\-./]+")
_TEMPORARY = frozenset({"QR_SCENE", "QR_STR_SCENE"})
_BY_TEXT = frozenset({"QR_STR_SCENE", "QR_LIMIT_STR_SCENE"})
_BY_NUMBER = frozenset({"QR_SCENE", "QR_LIMIT_SCENE"})


def check_qr_scene(
    action_name: str,
    *,
    scene_str: str | None = None,
    scene_id: int | None = None,
    expire_seconds: int | None = None,
) -> str | None:
    """What is wrong with the parameters of `qrcode/create`, in Chinese, or None."""
    if action_name not in _BY_TEXT | _BY_NUMBER:
        return f"不认识的二维码类型 {action_name}"
    limited = action_name in _TEMPORARY and expire_seconds is not None
    if limited and not (_whole(expire_seconds) and 1 <= (expire_seconds or 0) <= MAX_EXPIRE_SECONDS):
        return "临时二维码的有效期应在 1 秒到 30 天之间"
    if action_name in _BY_TEXT:
        return _text_problem(scene_str)
    highest = PERMANENT_LIMIT if action_name == "QR_LIMIT_SCENE" else 2**32 - 1
    if not _whole(scene_id) or scene_id is None or not 1 <= scene_id <= highest:
        return f"场景编号应在 1 到 {highest} 之间"
    return None


def check_wxacode_scene(scene: str) -> str | None:
    """What is wrong with a Mini Program code's scene, in Chinese, or None."""
    if not 1 <= len(scene) <= WXACODE_SCENE_LENGTH:
        return "小程序码的场景值应为 1 到 32 个字符"
    if not _WXACODE_SCENE.fullmatch(scene):
        return "小程序码的场景值只能有字母、数字和 !#$&'()*+,/:;=?@-._~"
    return None


def check_page(page: str) -> str | None:
    """What is wrong with a Mini Program page, in Chinese, or None: no leading slash, no parameters."""
    if page.startswith("/"):
        return "小程序页面路径不能以 / 开头"
    if "?" in page or "#" in page:
        return "小程序页面路径不能带参数"
    return None if _PAGE.fullmatch(page) else "小程序页面路径只能有字母、数字和 _-./"


def require(problem: str | None, code: str) -> None:
    """Raise ValueRefused with `code` when there is a problem."""
    if problem is not None:
        raise ValueRefused(code, f"{problem}。")


def _text_problem(scene: str | None) -> str | None:
    if not isinstance(scene, str) or not 1 <= len(scene) <= QR_SCENE_LENGTH:
        return "二维码的场景值应为 1 到 64 个字符"
    if _CONTROL.search(scene) or not scene.strip():
        return "二维码的场景值不能有空白或控制字符"
    return None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
