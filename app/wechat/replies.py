"""Passive replies (被动回复): what a handler may answer within the five seconds.

wechatpy writes the XML; this module guards what it leaves open (`]]>` and characters that XML cannot carry),
adds JSON, the service account of a transfer and encryption. Sender and receiver change places: the reply goes
to the person's openid and comes from the account's original id (`gh_…`), which is the delivery's receiver.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from wechatpy.replies import ArticlesReply, BaseReply, ImageReply, TextReply, TransferCustomerServiceReply

from app.wechat import crypto
from app.wechat.accounts import Account
from app.wechat.envelope import BodyFormat
from app.wechat.inbound import Inbound

SUCCESS = b"success"
TEXT_LIMIT_BYTES = 2048
NEWS_LIMIT = 8
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ASKED_BY_MESSAGE = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link"})


@dataclass(frozen=True)
class Text:
    """Plain text, at most 2,048 bytes; longer text is cut with an ellipsis. `<a href>` works in the chat."""

    content: str


@dataclass(frozen=True)
class Article:
    """One card of a news reply."""

    title: str
    description: str
    url: str
    picture: str = ""


@dataclass(frozen=True)
class News:
    """Cards that open pages (图文). The platform shows one in answer to a message, eight to an event."""

    articles: tuple[Article, ...]


@dataclass(frozen=True)
class Image:
    """A picture uploaded before."""

    media_id: str


@dataclass(frozen=True)
class TransferToService:
    """Hands the conversation to a person at the customer-service console, or to a named account there."""

    service_account: str = ""


@dataclass(frozen=True)
class Ignored:
    """Nobody handles this kind of delivery: it is kept and answered with `success`."""


@dataclass(frozen=True)
class UsedUp:
    """A report that was written where it belongs: it is not kept, and answered with `success`."""


Reply = Text | News | Image | TransferToService | Ignored | UsedUp
IGNORED = Ignored()
USED_UP = UsedUp()


def render(reply: Reply | None, inbound: Inbound, *, timestamp: int) -> str | None:
    """The reply in the format of the delivery, not yet encrypted; None when there is nothing to say.

    An unfollow is never answered: the person is gone."""
    if reply is None or isinstance(reply, Ignored | UsedUp) or inbound.event_name == "unsubscribe":
        return None
    if isinstance(reply, Text) and not reply.content.strip():
        return None
    if inbound.format is BodyFormat.JSON:
        return _json(reply, inbound, timestamp)
    return _xml(reply, inbound, timestamp)


def seal(
    account: Account,
    plain: str,
    *,
    body_format: BodyFormat,
    timestamp: int,
    nonce: str | None = None,
    random: bytes | None = None,
) -> str:
    """`plain` encrypted and signed over the reply's own time and nonce."""
    nonce = secrets.token_hex(8) if nonce is None else nonce
    encrypted = crypto.encrypt(account.aes_key, account.app_id, plain.encode(), random=random)
    signed = crypto.signature(account.token, str(timestamp), nonce, encrypted)
    if body_format is BodyFormat.JSON:
        fields = {"Encrypt": encrypted, "MsgSignature": signed, "TimeStamp": timestamp, "Nonce": nonce}
        return json.dumps(fields, ensure_ascii=False)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signed}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{_guarded(nonce)}]]></Nonce></xml>"
    )


def _xml(reply: Text | News | Image | TransferToService, inbound: Inbound, timestamp: int) -> str:
    head: dict[str, Any] = {
        "target": _guarded(inbound.from_user),
        "source": _guarded(inbound.to_user),
        "time": timestamp,
    }
    built: BaseReply
    match reply:
        case Text(content):
            built = TextReply(content=_guarded(_cut(content)), **head)
        case News(articles):
            built = ArticlesReply(articles=[_card(a) for a in _shown(articles, inbound)], **head)
        case Image(media_id):
            built = ImageReply(image=_guarded(media_id), **head)
        case TransferToService(service_account):
            return _transfer(TransferCustomerServiceReply(**head), service_account)
    return str(built.render())


def _transfer(built: BaseReply, service_account: str) -> str:
    rendered = str(built.render())
    if not service_account:
        return rendered
    chosen = f"<TransInfo><KfAccount><![CDATA[{_guarded(service_account)}]]></KfAccount></TransInfo>"
    return rendered.removesuffix("</xml>") + chosen + "</xml>"


def _json(reply: Text | News | Image | TransferToService, inbound: Inbound, timestamp: int) -> str:
    fields: dict[str, Any] = {
        "ToUserName": inbound.from_user,
        "FromUserName": inbound.to_user,
        "CreateTime": timestamp,
    }
    match reply:
        case Text(content):
            fields |= {"MsgType": "text", "Content": _cut(_NOT_XML.sub("", content))}
        case News(articles):
            shown = _shown(articles, inbound)
            cards = [
                {"Title": a.title, "Description": a.description, "PicUrl": a.picture, "Url": a.url}
                for a in shown
            ]
            fields |= {"MsgType": "news", "ArticleCount": len(shown), "Articles": {"item": cards}}
        case Image(media_id):
            fields |= {"MsgType": "image", "Image": {"MediaId": media_id}}
        case TransferToService(service_account):
            fields |= {"MsgType": "transfer_customer_service"}
            if service_account:
                fields |= {"TransInfo": {"KfAccount": service_account}}
    return json.dumps(fields, ensure_ascii=False)


def _shown(articles: tuple[Article, ...], inbound: Inbound) -> tuple[Article, ...]:
    return articles[: 1 if inbound.kind in _ASKED_BY_MESSAGE else NEWS_LIMIT]


def _card(article: Article) -> dict[str, str]:
    return {
        "title": _guarded(article.title),
        "description": _guarded(article.description),
        "image": _guarded(article.picture),
        "url": _guarded(article.url),
    }


def _guarded(text: str) -> str:
    """`text` made safe inside CDATA: without characters that XML forbids, with `]]>` split in two."""
    return _NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>")


def _cut(text: str) -> str:
    encoded = text.encode("utf-8", "ignore")
    if len(encoded) <= TEXT_LIMIT_BYTES:
        return text
    ellipsis = "…"
    kept = encoded[: TEXT_LIMIT_BYTES - len(ellipsis.encode())]
    return kept.decode("utf-8", "ignore") + ellipsis
