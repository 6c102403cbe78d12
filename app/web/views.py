"""Which requests count as somebody looking at a page."""

from __future__ import annotations

import re
import uuid

from fastapi import Request

from app.web import context

BOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|monitor|curl/|wget/|python-|go-http|okhttp|java/|externalhit|headless",
    re.IGNORECASE,
)
PREFETCH = ("purpose", "sec-purpose", "x-purpose", "x-moz")


def viewed(request: Request, village_id: uuid.UUID, disclosure_id: uuid.UUID | None = None) -> None:
    """Count a page that is about to be shown: a village's home page, or one of its published items.

    Costs no query. Robots, previews of links, pages that a browser loads in advance and anything but GET
    do not count. Nothing about the reader is kept."""
    if looks(request):
        context.of(request).views.count(village_id=village_id, disclosure_id=disclosure_id)


def looks(request: Request) -> bool:
    """Whether this is a person's request for a page, as far as the request itself tells."""
    agent = request.headers.get("user-agent", "")
    ahead = any(
        word in request.headers.get(name, "").lower() for name in PREFETCH for word in ("prefetch", "preview")
    )
    return request.method == "GET" and bool(agent) and not BOT.search(agent) and not ahead
