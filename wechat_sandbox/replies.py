"""Passive replies (被动回复): the platform's checks, and what the person then sees."""

import re
from typing import Any

from wechat_sandbox.envelope import BadReply
from wechat_sandbox.records import ChatMessage, Contact, Json
from wechat_sandbox.state import Account, World

MEDIA_TYPES = {"image": "Image", "voice": "Voice", "video": "Video"}
LINK = re.compile(r"""<a\s[^>]*?href\s*=\s*(["'])(.*?)\1[^>]*>(.*?)</a>""", re.IGNORECASE | re.DOTALL)
MAX_TEXT_BYTES = 2048


def links_in(text: str) -> list[dict[str, str]]:
    """The links of a chat text, in order."""
    return [{"url": match.group(2), "text": match.group(3)} for match in LINK.finditer(text)]


def check_header(account: Account, contact: Contact, fields: Json) -> str:
    """The reply's type.

    Raises:
        BadReply: the addresses are not swapped, or something is missing.
    """
    if fields.get("ToUserName") != contact.openid:
        raise BadReply("ToUserName is not the person's openid")
    if fields.get("FromUserName") != account.config.original_id:
        raise BadReply("FromUserName is not the account's original id")
    if not str(fields.get("CreateTime", "")).isdigit():
        raise BadReply("CreateTime is not a number")
    return str(fields.get("MsgType", ""))


def show(
    world: World, account: Account, contact: Contact, fields: Json, *, message: bool
) -> ChatMessage | None:
    """Check a reply and put it into the person's chat; None for a transfer to human service.

    Args:
        message: it answers a message of the person, so only one article is allowed.

    Raises:
        BadReply: the platform would refuse it.
    """
    type_ = check_header(account, contact, fields)
    if type_ == "transfer_customer_service":
        return None
    if type_ == "text":
        content = fields.get("Content")
        if not isinstance(content, str) or not content.strip():
            raise BadReply("Content is empty")
        if len(content.encode()) > MAX_TEXT_BYTES:
            raise BadReply(f"Content is longer than {MAX_TEXT_BYTES} bytes")
        return world.chat(contact, "received", "text", text=content, links=links_in(content), source="reply")
    if type_ in MEDIA_TYPES:
        return _media(world, contact, type_, fields)
    if type_ == "music":
        part = _part(fields, "Music")
        return world.chat(contact, "received", "music", text=str(part.get("Title", "")), source="reply")
    if type_ == "news":
        articles = _articles(fields, message=message)
        return world.chat(
            contact, "received", "news", articles=articles, links=links_of(articles), source="reply"
        )
    raise BadReply(f"MsgType {type_!r} is not a reply")


def links_of(articles: list[dict[str, str]]) -> list[dict[str, str]]:
    """The articles as links, so that they can be tapped."""
    return [{"url": item["url"], "text": item["title"]} for item in articles if item["url"]]


def _part(fields: Json, name: str) -> Json:
    part = fields.get(name)
    if not isinstance(part, dict):
        raise BadReply(f"{name} is missing")
    return part


def _media(world: World, contact: Contact, type_: str, fields: Json) -> ChatMessage:
    media_id = str(_part(fields, MEDIA_TYPES[type_]).get("MediaId", ""))
    if media_id not in world.media:
        raise BadReply("MediaId is not known")
    return world.chat(contact, "received", type_, media_id=media_id, source="reply")


def _articles(fields: Json, *, message: bool) -> list[dict[str, str]]:
    raw: Any = fields.get("Articles")
    items = raw.get("item") if isinstance(raw, dict) else raw
    items = [items] if isinstance(items, dict) else items
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise BadReply("Articles is empty")
    if str(fields.get("ArticleCount", "")) != str(len(items)):
        raise BadReply("ArticleCount does not match")
    if len(items) > (1 if message else 8):
        raise BadReply("too many articles")
    return [
        {
            "title": str(item.get("Title", "")),
            "description": str(item.get("Description", "")),
            "picture": str(item.get("PicUrl", "")),
            "url": str(item.get("Url", "")),
        }
        for item in items
    ]
