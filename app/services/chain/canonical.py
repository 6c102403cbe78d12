"""What the chain's digests are computed over, as exact bytes. Pure functions; docs/chain.md says the same in
words, so that anybody can recompute them with any SHA-256.

A content file is the salt, a line feed, and canonical JSON; a link file is canonical JSON alone. Canonical
JSON here: UTF-8, keys sorted, no spaces, no escapes but those JSON demands, numbers as they are stored.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.models.chain import ChainEvent

FORM = 1
GENESIS = "0" * 64
SHOWN = 20
"""Hex digits of a digest that are printed: 80 bits, enough that no other chain can be made to fit."""


@dataclass(frozen=True)
class Content:
    """The public content of one version: what a link's content digest covers. `files` are names with the
    digests of the files people see. `withdrawn_because` is "" unless it was taken down."""

    title: str
    summary: str
    body: str
    figures: dict[str, Any]
    table: dict[str, Any]
    reason: str
    published_at: datetime | None
    files: tuple[tuple[str, str], ...]
    salt: str
    withdrawn_because: str = ""


def text(value: Any) -> str:
    """Canonical JSON of `value`."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def moment(at: datetime) -> str:
    """A moment in UTC to the microsecond: 2026-11-23T01:30:00.000000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def salt_of(version_salt: str, event: ChainEvent) -> str:
    """The salt of one event's content file. The version's own salt never leaves: whoever is given the salt
    of a withdrawal cannot test guesses at the withdrawn text with it."""
    return hashlib.sha256(f"{version_salt}:{event.value}".encode()).hexdigest()


def content_file(content: Content, event: ChainEvent, *, withdrawn: bool = False) -> str:
    """The content file of an event. A withdrawal covers the tombstone, anything else the whole version; of
    an item that is `withdrawn` already, with the reason for that too."""
    if event == ChainEvent.WITHDRAWN:
        shown: dict[str, Any] = {"title": content.title, "withdrawn_because": content.withdrawn_because}
    else:
        shown = {
            "title": content.title,
            "summary": content.summary,
            "body": content.body,
            "figures": [[label, value] for label, value in content.figures.items()],
            "table": content.table,
            "reason": content.reason,
            "published_at": moment(content.published_at) if content.published_at else None,
            "files": [{"name": name, "sha256": digest} for name, digest in content.files],
        }
        if withdrawn:
            shown["withdrawn_because"] = content.withdrawn_because
    return f"{salt_of(content.salt, event)}\n{text(shown)}"


def link_file(
    *,
    village: str,
    number: int,
    event: ChainEvent,
    disclosure_id: uuid.UUID,
    version: int,
    terms: dict[str, Any],
    content_digest: str,
    previous: str,
    at: datetime,
) -> str:
    """The link file: canonical JSON of everything a link says."""
    return text(
        {
            "form": FORM,
            "village": village,
            "number": number,
            "event": event.value,
            "disclosure": str(disclosure_id),
            "version": version,
            "terms": terms,
            "content": content_digest,
            "previous": previous,
            "at": moment(at),
        }
    )


def digest(file: str) -> str:
    """SHA-256 of a file's UTF-8 bytes, in hex."""
    return hashlib.sha256(file.encode()).hexdigest()
