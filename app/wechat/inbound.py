"""One message or event from WeChat, as the handlers see it.

`from_fields` checks what every delivery must have and refuses the rest; everything else is optional and
read on demand, because the platform adds fields and events without notice. Ids are always text: they are
64 bits wide, and some are not numbers at all.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from wechatpy.events import EVENT_TYPES
from wechatpy.messages import MESSAGE_TYPES, UnknownMessage
from wechatpy.parser import parse_message

from app.wechat.envelope import BodyFormat, Fields, RealNumber
from app.wechat.errors import CallbackRefused

_SCENE_PREFIX = "qrscene_"
_FAILED_PREFIX = re.compile(r"^failed:\s*", re.IGNORECASE)
_MAX_ID = 128
_MAX_TIME_DIGITS = 11


class Delivery(enum.StrEnum):
    """What became of a template message (TEMPLATESENDJOBFINISH)."""

    SUCCESS = "success"
    USER_BLOCK = "user block"  # the person refuses messages of this account
    SYSTEM_FAILED = "system failed"
    FREQ_LIMIT = "freq limit"  # too many to this person or from this account
    UNKNOWN = "unknown"  # failed for a reason that has no name yet


class Verdict(enum.StrEnum):
    """What the platform thinks of a picture or a sound; `unknown` is never to be read as pass."""

    PASS = "pass"  # noqa: S105
    REVIEW = "review"
    RISKY = "risky"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MediaCheck:
    """The result of a check that was asked for earlier and is matched by `trace_id`."""

    trace_id: str
    verdict: Verdict


@dataclass(frozen=True)
class SubscribeItem:
    """One template in a report on subscribe messages: consent (`status` accept, reject, …) or a sent one."""

    template_id: str
    status: str
    popup_scene: str = ""
    msg_id: str = ""
    error_code: str = ""
    error_status: str = ""


@dataclass(frozen=True)
class Inbound:
    """A delivery after decryption. `fields` holds all that was sent, `raw` the decrypted text itself.

    `create_time` is in seconds since 1970 (UTC), by WeChat's clock. `event` keeps the platform's letter
    case; compare with `event_name`, which is lower case. `encrypted` tells how to answer."""

    to_user: str
    from_user: str
    create_time: int
    msg_type: str
    event: str | None
    fields: Fields = field(repr=False)
    raw: str = field(default="", repr=False)
    format: BodyFormat = BodyFormat.XML
    encrypted: bool = False

    @property
    def event_name(self) -> str | None:
        """The event in lower case: the platform's own spelling differs from event to event."""
        return self.event.lower() if self.event is not None else None

    @property
    def kind(self) -> str:
        """What handlers are chosen by: `text`, `image`, … or `event.subscribe`, `event.scan`, …"""
        return f"event.{self.event_name}" if self.event is not None else self.msg_type.lower()

    def text(self, name: str) -> str:
        """The field `name` as text; empty when it is absent or not a single value."""
        return _scalar(self.fields.get(name)) or ""

    @property
    def message_id(self) -> str:
        """`MsgId` of an ordinary message; empty for events."""
        found = self.text("MsgId").strip()
        return "" if found == "0" else found

    @property
    def result_id(self) -> str:
        """`MsgID` of a template result: the `msgid` that sending it had returned, 64 bits as text."""
        return self.text("MsgID").strip()

    @property
    def event_key(self) -> str:
        """`EventKey` as sent."""
        return self.text("EventKey")

    @property
    def scene(self) -> str | None:
        """The scene (场景值) of the scanned code, or None.

        A first follow carries it behind one `qrscene_`, a follower's scan carries it bare. A follow after
        a payment has `last_trade_no_…` there, which is no scene."""
        key = self.event_key
        if self.event_name == "scan":
            return key or None
        if self.event_name == "subscribe" and key.startswith(_SCENE_PREFIX):
            return key[len(_SCENE_PREFIX) :] or None
        return None

    @property
    def delivery(self) -> Delivery | None:
        """The fate of a template message, None for other events."""
        if self.event_name != "templatesendjobfinish":
            return None
        status = self.delivery_text.lower()
        return next((known for known in Delivery if known == status), Delivery.UNKNOWN)

    @property
    def delivery_text(self) -> str:
        """The platform's own word for the fate of a template message, without `failed:`."""
        return _FAILED_PREFIX.sub("", self.text("Status").strip())

    @property
    def subscribe_items(self) -> tuple[SubscribeItem, ...]:
        """The templates that a subscribe event reports on, in order; `List` may stand anywhere, as one
        object or as several."""
        return tuple(
            SubscribeItem(
                template_id=_text_in(entry, "TemplateId"),
                status=_text_in(entry, "SubscribeStatusString"),
                popup_scene=_text_in(entry, "PopupScene"),
                msg_id=_text_in(entry, "MsgID"),
                error_code=_text_in(entry, "ErrorCode"),
                error_status=_text_in(entry, "ErrorStatus"),
            )
            for entry in _lists(self.fields)
        )

    @property
    def media_check(self) -> MediaCheck | None:
        """The result of `media_check_async` (version 2), None for other events."""
        if self.event_name != "wxa_media_check":
            return None
        result = self.fields.get("result")
        suggest = _text_in(result, "suggest") if isinstance(result, dict) else ""
        verdict = next((known for known in Verdict if known == suggest), Verdict.UNKNOWN)
        if self.text("errcode").strip() != "0" or self.text("version").strip() != "2":
            verdict = Verdict.UNKNOWN
        return MediaCheck(self.text("trace_id"), verdict)

    @functools.cached_property
    def message(self) -> Any:
        """The delivery as wechatpy's message or event class, which knows the fields of some sixty kinds.

        Mind its ways: a follow by code is `subscribe_scan`, and events have the id 0. Whatever wechatpy
        cannot read becomes its `UnknownMessage`; this never raises."""
        try:
            if self.format is BodyFormat.XML:
                return parse_message(self.raw)
            kinds = MESSAGE_TYPES if self.event_name is None else EVENT_TYPES
            return kinds.get(self.event_name or self.msg_type.lower(), UnknownMessage)(dict(self.fields))
        except Exception:  # wechatpy raises whatever its parts raise
            return UnknownMessage(dict(self.fields))


def from_fields(
    fields: Fields, *, raw: str = "", body_format: BodyFormat = BodyFormat.XML, encrypted: bool = False
) -> Inbound:
    """The delivery that `fields` describe. Raises CallbackRefused 400 when a header field is missing or
    is not what it has to be."""
    msg_type = _header(fields, "MsgType")
    created = _header(fields, "CreateTime")
    if not (created.isascii() and created.isdigit() and len(created) <= _MAX_TIME_DIGITS):
        raise CallbackRefused(400, "create_time")
    for name in ("MsgId", "MsgID", "trace_id"):
        _check_id(fields, name)
    return Inbound(
        to_user=_header(fields, "ToUserName"),
        from_user=_header(fields, "FromUserName"),
        create_time=int(created),
        msg_type=msg_type,
        event=_header(fields, "Event") if msg_type.lower() == "event" else None,
        fields=fields,
        raw=raw,
        format=body_format,
        encrypted=encrypted,
    )


def dedupe_key(inbound: Inbound) -> str:
    """The wide key by which a repeated delivery is recognised, as a SHA-256 in hex.

    Messages are known by their id. Events have none: the documented pair of sender and second is too coarse,
    because several results, or a follow and a scan, may share a second. Computed from the decrypted fields:
    a retry may come newly encrypted and newly signed."""
    if inbound.message_id:
        parts: list[object] = [inbound.to_user, "message", inbound.message_id]
    else:
        parts = [
            inbound.to_user,
            inbound.from_user,
            inbound.create_time,
            inbound.msg_type.lower(),
            inbound.event_name,
            inbound.event_key,
            inbound.result_id,
            inbound.text("trace_id"),
            sorted(json.dumps(_flat(entry), sort_keys=True) for entry in _lists(inbound.fields)),
        ]
        if inbound.event is None:
            parts.append(_flat(inbound.fields))  # a message without an id is known by all it says
    packed = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(packed.encode("ascii")).hexdigest()


def _header(fields: Fields, name: str) -> str:
    value = (_scalar(fields.get(name)) or "").strip()
    if not value or len(value) > _MAX_ID:
        raise CallbackRefused(400, "missing_field" if not value else "field_length")
    return value


def _check_id(fields: Fields, name: str) -> None:
    value = fields.get(name, "")
    text = _scalar(value)
    if text is None or isinstance(value, RealNumber) or len(text) > _MAX_ID:
        raise CallbackRefused(400, "id")


def _scalar(value: object) -> str | None:
    """A single value as text; None for containers, truth values and null."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _text_in(entry: Fields, name: str) -> str:
    return _scalar(entry.get(name)) or ""


def _lists(value: object) -> list[Fields]:
    """Every entry of every `List` inside `value`, in document order."""
    if isinstance(value, list):
        return [entry for part in value for entry in _lists(part)]
    if not isinstance(value, dict):
        return []
    found: list[Fields] = []
    for name, part in value.items():
        if name == "List":
            entries = part if isinstance(part, list) else [part]
            found.extend(entry for entry in entries if isinstance(entry, dict))
        else:
            found.extend(_lists(part))
    return found


def _flat(value: object) -> object:
    """`value` with every number as text, so that XML and JSON, and both spellings of JSON, agree."""
    if isinstance(value, dict):
        return {name: _flat(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_flat(part) for part in value]
    return value if value is None or isinstance(value, bool) else str(value)
