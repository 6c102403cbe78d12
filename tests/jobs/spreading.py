"""What the process runs that is killed while it tells followers. Alone in its module: the process reads
nothing else of the tests."""

from __future__ import annotations

from app.core.db import Database
from app.services import broadcasts


def spread(url: str) -> None:
    """Tell of the one item in small batches, so that there is a middle to be killed in."""
    database = Database(url, pool_size=2)
    with database.transaction() as session:
        (row,) = broadcasts.claim(session, owner="first", limit=1, lease_seconds=60)
    broadcasts.expand(database, row, lease_seconds=60, batch=10)
