"""The printed bulletin (村务公开简报) of a village and month, A4, for the wall: what was published, what is
late, how to ask, the code to scan and the head of the chain.

content    what stands in it, gathered from what is public
paper      the drawing of it
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import date
from threading import Lock

from sqlalchemy.orm import Session

from app.models import Organisation
from app.services.bulletin.content import Content, gather, month_of
from app.services.bulletin.paper import draw

__all__ = ["Content", "draw", "drawn", "gather", "month_of", "pdf"]

KEPT = 24
_kept: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


def pdf(session: Session, *, village: Organisation, month: date, public_url: str) -> bytes:
    """The bulletin as PDF. `month` is its first day, `public_url` where this installation is reached."""
    return drawn(gather(session, village=village, month=month, public_url=public_url))


def drawn(content: Content) -> bytes:
    """The PDF of this content: the same bytes for the same content, drawn once while it is in demand."""
    digest = content.digest
    with _lock:
        if digest in _kept:
            _kept.move_to_end(digest)
            return _kept[digest]
    made = draw(content)
    with _lock:
        _kept[digest] = made
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made
