"""Named rights that one process holds at a time, by the database's clock.

A holder that stops renewing loses the lease when it runs out, however long its machine slept. The fence
grows with every change of hands: work stamped with an older fence can be told from the holder's.
"""

from __future__ import annotations

import os
import secrets
import socket

from sqlalchemy import text
from sqlalchemy.orm import Session

_ACQUIRE = text(
    """
    INSERT INTO lease AS held (name, owner, until, fence)
    VALUES (:name, :owner, clock_timestamp() + make_interval(secs => :seconds), 1)
    ON CONFLICT (name) DO UPDATE
       SET owner = excluded.owner, until = excluded.until, fence = held.fence + 1
     WHERE held.until <= clock_timestamp() OR held.owner = excluded.owner
    RETURNING fence
    """
)
_RENEW = text(
    """
    UPDATE lease SET until = clock_timestamp() + make_interval(secs => :seconds)
     WHERE name = :name AND owner = :owner AND fence = :fence AND until > clock_timestamp()
    RETURNING fence
    """
)
_RELEASE = text(
    """
    UPDATE lease SET until = clock_timestamp()
     WHERE name = :name AND owner = :owner AND fence = :fence AND until > clock_timestamp()
    RETURNING fence
    """
)


def new_owner(part: str) -> str:
    """A name for this process that no other has: what it is, its host, its process id and a random end."""
    return f"{part}:{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def acquire(session: Session, name: str, owner: str, seconds: float) -> int | None:
    """Take the lease `name` for `seconds`; its fence, or None while somebody else holds it.

    Whoever asks for a lease that it holds already gets it anew, with a new fence."""
    found = session.execute(_ACQUIRE, {"name": name, "owner": owner, "seconds": float(seconds)})
    return found.scalar_one_or_none()


def renew(session: Session, name: str, owner: str, fence: int, seconds: float) -> bool:
    """Hold the lease for `seconds` more; False when it ran out or went to somebody else."""
    given = {"name": name, "owner": owner, "fence": fence, "seconds": float(seconds)}
    return session.execute(_RENEW, given).first() is not None


def release(session: Session, name: str, owner: str, fence: int) -> bool:
    """Give the lease back; False when it was no longer held. The row stays, so that its fence goes on."""
    given = {"name": name, "owner": owner, "fence": fence}
    return session.execute(_RELEASE, given).first() is not None
