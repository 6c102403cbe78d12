"""How a push looks on the wire: XML or JSON, plain or encrypted; and how a passive reply is read.

Forms: WeChat's pages "接收普通消息", "接收事件推送", "被动回复用户消息" and "消息加解密说明".
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from wechat_sandbox import crypto
from wechat_sandbox.config import AccountConfig
from wechat_sandbox.records import Json


class BadReply(ValueError):
    """The server's answer is not what the platform takes; the text says why."""


def cdata(text: str) -> str:
    """Text as CDATA, safe against `]]>` inside it."""
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_element(key, item) for key, item in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    return f"<{name}>{cdata(str(value))}</{name}>"


def to_xml(fields: Mapping[str, Any]) -> str:
    """Fields in the platform's XML; lists become repeated elements."""
    return _element("xml", fields)


def to_json(fields: Mapping[str, Any]) -> str:
    """Fields in the platform's JSON.

    Subscribe events have their `List` at the top there, an object when it holds one item.
    """
    flat: Json = {}
    for key, value in fields.items():
        if isinstance(value, dict) and set(value) == {"List"}:
            items = value["List"]
            flat["List"] = items[0] if len(items) == 1 else items
        else:
            flat[key] = value
    return json.dumps(flat, ensure_ascii=False)


def dump(fields: Mapping[str, Any], form: str) -> str:
    """Fields in the account's format."""
    return to_xml(fields) if form == "xml" else to_json(fields)


def request(config: AccountConfig, fields: Json, openid: str, now: int) -> tuple[dict[str, str], bytes]:
    """Query and body of one delivery, with fresh random, nonce and timestamp."""
    timestamp, nonce = str(now), str(secrets.randbelow(9 * 10**8) + 10**8)
    query = {
        "signature": crypto.sign(config.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": openid,
    }
    if config.mode == "plain":
        return query, dump(fields, config.format).encode()
    sealed = crypto.encrypt(dump(fields, config.format), config.aes_key, config.app_id)
    query["encrypt_type"] = "aes"
    query["msg_signature"] = crypto.sign(config.token, timestamp, nonce, sealed)
    outer = fields if config.mode == "compatible" else {"ToUserName": fields["ToUserName"]}
    return query, dump({**outer, "Encrypt": sealed}, config.format).encode()


def _from_element(element: Element) -> Any:
    children = list(element)
    if not children:
        return element.text or ""
    found: dict[str, Any] = {}
    for child in children:
        value = _from_element(child)
        if child.tag in found and child.tag == "item":
            found["item"].append(value)
        elif child.tag in found:
            raise BadReply(f"element {child.tag} appears twice")
        else:
            found[child.tag] = [value] if child.tag == "item" else value
    return found


def load(text: str, form: str) -> Json:
    """Read a reply in the account's format.

    Raises:
        BadReply: another format, not well-formed, or blanks around it.
    """
    if text != text.strip():
        raise BadReply("blanks around the reply")
    try:
        if form == "json":
            fields = json.loads(text)
        else:
            root = fromstring(text, forbid_dtd=True)
            fields = _from_element(root) if root.tag == "xml" else None
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadReply(f"not {form}: {error}") from error
    if not isinstance(fields, dict):
        raise BadReply(f"not a {form} message")
    return fields


def open_reply(config: AccountConfig, body: bytes) -> Json | None:
    """The message in an answer; None when the server has nothing to say.

    Raises:
        BadReply: anything the platform would not take.
    """
    if body in {b"", b"success"}:
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadReply("not UTF-8") from error
    fields = load(text, config.format)
    if config.mode == "plain":
        return fields
    if "Encrypt" not in fields:
        if config.mode == "safe":
            raise BadReply("reply is not encrypted")
        return fields
    sealed, signature = str(fields["Encrypt"]), str(fields.get("MsgSignature", ""))
    stamp, own_nonce = str(fields.get("TimeStamp", "")), str(fields.get("Nonce", ""))
    if not stamp.isdigit() or not own_nonce:
        raise BadReply("TimeStamp or Nonce missing")
    if not crypto.same(signature, crypto.sign(config.token, stamp, own_nonce, sealed)):
        raise BadReply("MsgSignature does not match")
    try:
        return load(crypto.decrypt(sealed, config.aes_key, config.app_id), config.format)
    except crypto.BadCiphertext as error:
        raise BadReply(str(error)) from error
