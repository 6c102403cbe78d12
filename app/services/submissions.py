"""Forms that may take effect once: a double tap, a reload or the back button files nothing twice."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.keys import Keys
from app.models import InboundKey

PREFIX = "form:"


@dataclass(frozen=True)
class Submission:
    """A form's one use. `repeated` with the `outcome` of the first time, if that was kept."""

    key: str
    repeated: bool
    outcome: str | None = None


def begin(session: Session, *, nonce: str, keys: Keys, coarse: bool = False) -> Submission:
    """Take the one use of a form in this transaction; a repetition waits for the first one to end.

    Kept among the keys of deliveries, for three days, as a digest; `coarse` (anonymous) with the day only.
    No audit row: what the form does leaves its own, and this key is written with it or not at all."""
    key = PREFIX + keys.upload_digest(f"form:{nonce}")
    now = clock.now()
    taken = session.execute(
        insert(InboundKey)
        .values(key=key, received_at=clock.whole_day(now) if coarse else now)
        .on_conflict_do_nothing()
        .returning(InboundKey.key)
    ).first()
    if taken is not None:
        return Submission(key, repeated=False)
    outcome = session.scalar(select(InboundKey.reply).where(InboundKey.key == key))
    return Submission(key, repeated=True, outcome=outcome)


def done(session: Session, submission: Submission, *, outcome: str) -> None:
    """Keep what came of it, for whoever sends the same form again. Never called for anonymous matters."""
    session.execute(update(InboundKey).where(InboundKey.key == submission.key).values(reply=outcome))
