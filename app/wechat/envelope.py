"""Deliveries as bytes → fields, XML and JSON, with hard limits.

XML becomes nested dicts of text; a repeated `List`, `detail` or `item` becomes a list. JSON stays as it is,
except that numbers with a point stay text: no id ever passes through a float. A body that is not strictly
what the platform sends is refused: any DOCTYPE, more than 8 levels or 500 elements, an element twice, bytes
that are not UTF-8, characters that a database cannot keep.
"""

from __future__ import annotations

import enum
import json
import re
from typing import Any, NoReturn
from xml.parsers import expat

from app.wechat.errors import CallbackRefused

Fields = dict[str, Any]

MAX_DEPTH = 8
MAX_ELEMENTS = 500
REPEATABLE = frozenset({"List", "detail", "item"})
_BOM = b"\xef\xbb\xbf"
_BLANKS = b" \t\r\n"
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


class BodyFormat(enum.StrEnum):
    """How a body is written. An answer is written in the same format."""

    XML = "xml"
    JSON = "json"


class RealNumber(str):
    """A JSON number with a point or an exponent, kept as the text that it was."""

    __slots__ = ()


def parse(body: bytes) -> tuple[BodyFormat, Fields]:
    """The format and the fields of a body. The first character decides; the content type is only a hint.

    Raises CallbackRefused 400."""
    content = body.removeprefix(_BOM)
    first = content.lstrip(_BLANKS)[:1]
    if first == b"<":
        return BodyFormat.XML, parse_xml(content)
    if first == b"{":
        return BodyFormat.JSON, parse_json(content)
    raise CallbackRefused(400, "empty_body" if not first else "format")


def parse_xml(content: bytes) -> Fields:
    """The fields inside the root element `xml`. Raises CallbackRefused 400."""
    text = _decode(content)
    reader = _XmlReader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError:
        raise CallbackRefused(400, "xml") from None
    return reader.fields()


def parse_json(content: bytes) -> Fields:
    """The fields of a JSON object; duplicate keys, NaN and anything but an object are refused with 400."""
    text = _decode(content)
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_float=RealNumber, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise CallbackRefused(400, "json") from None
    if not isinstance(value, dict):
        raise CallbackRefused(400, "json")
    _check_json(value)
    return value


class _XmlReader:
    """Receives the parser's events and stops it at the first thing that the platform never sends."""

    def __init__(self) -> None:
        self._open: list[tuple[str, Fields, list[str]]] = []
        self._count = 0
        self._root: object = None

    def doctype(self, *_: object) -> NoReturn:
        raise CallbackRefused(400, "dtd")

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise CallbackRefused(400, "too_many_elements")
        if len(self._open) >= MAX_DEPTH:
            raise CallbackRefused(400, "too_deep")
        self._open.append((name, {}, []))

    def text(self, data: str) -> None:
        self._open[-1][2].append(data)

    def end(self, _name: str) -> None:
        name, children, pieces = self._open.pop()
        text = "".join(pieces)
        if children and text.strip():
            raise CallbackRefused(400, "mixed_content")
        value: object = children or text
        if self._open:
            _put(self._open[-1][1], name, value)
        elif name == "xml":
            self._root = value
        else:
            raise CallbackRefused(400, "root")

    def fields(self) -> Fields:
        if not isinstance(self._root, dict):
            raise CallbackRefused(400, "no_fields")
        return self._root


def _put(parent: Fields, name: str, value: object) -> None:
    if name not in parent:
        parent[name] = value
    elif name not in REPEATABLE:
        raise CallbackRefused(400, "duplicate_field")
    elif isinstance(parent[name], list):
        parent[name].append(value)
    else:
        parent[name] = [parent[name], value]


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise CallbackRefused(400, "encoding") from None


def _unique(pairs: list[tuple[str, object]]) -> Fields:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise CallbackRefused(400, "duplicate_field")
    return fields


def _no_constant(_name: str) -> NoReturn:
    raise CallbackRefused(400, "json")


def _check_json(root: Fields) -> None:
    """Limit depth and size, and refuse characters that PostgreSQL or UTF-8 cannot hold."""
    level: list[object] = [root]
    count = 0
    for _ in range(MAX_DEPTH):
        deeper: list[object] = []
        for value in level:
            count += 1
            if isinstance(value, dict):
                for key in value:
                    _check_text(key)
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
            elif isinstance(value, str):
                _check_text(value)
        if count + len(deeper) > MAX_ELEMENTS:
            raise CallbackRefused(400, "too_many_elements")
        if not deeper:
            return
        level = deeper
    raise CallbackRefused(400, "too_deep")


def _check_text(text: str) -> None:
    if _UNKEEPABLE.search(text):
        raise CallbackRefused(400, "characters")
