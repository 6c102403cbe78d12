"""WeChat's side of a delivery: signed, encrypted by wechatpy's code and not by ours."""

from __future__ import annotations

from typing import Any

from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from app.wechat.envelope import parse
from tests.vectors.served import Answered, Json, Served
from tests.wechat.samples import as_json, as_xml

TOKEN, KEY, APP = "callback-token", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef"
ACCOUNT = (TOKEN, KEY, APP)
STAMP, NONCE = "1790000000", "20260921"


def sign(*parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


def sealed(fields: Json, *, written: str = "xml", beside: Json | None = None) -> tuple[Json, bytes]:
    """Query and body of an encrypted delivery; `beside` adds the plain fields of compatible mode."""
    plain = as_xml(fields) if written == "xml" else as_json(fields)
    crypto = WeChatCrypto(TOKEN, KEY, APP)
    envelope = crypto.encrypt_message(plain, NONCE, STAMP)
    encrypted = envelope.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    query = {
        "signature": sign(TOKEN, STAMP, NONCE),
        "timestamp": STAMP,
        "nonce": NONCE,
        "openid": fields.get("FromUserName", ""),
        "encrypt_type": "aes",
        "msg_signature": sign(TOKEN, STAMP, NONCE, encrypted),
    }
    outer = {**(beside or {}), "ToUserName": "gh_0123456789ab", "Encrypt": encrypted}
    return query, (as_xml(outer) if written == "xml" else as_json(outer)).encode()


def plain(fields: Json, *, written: str = "xml") -> tuple[Json, bytes]:
    """Query and body of a delivery in plain mode."""
    body = as_xml(fields) if written == "xml" else as_json(fields)
    return {"signature": sign(TOKEN, STAMP, NONCE), "timestamp": STAMP, "nonce": NONCE}, body.encode()


def knock(served: Served, delivery: tuple[Json, bytes], *, production: bool = True, **more: Any) -> Answered:
    """Deliver; production takes encrypted bodies alone."""
    query, body = delivery
    return served.send(ACCOUNT, production=production, query=query, body=body, **more)


def opened(answer: Answered) -> str:
    """The text inside an encrypted reply, read as the platform would."""
    crypto = WeChatCrypto(TOKEN, KEY, APP)
    outer = parse(answer.body)[1]
    return str(crypto.decrypt_message(outer, outer["MsgSignature"], str(outer["TimeStamp"]), outer["Nonce"]))
