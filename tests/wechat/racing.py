"""One delivery handled by many at once. Alone in its module: processes that are started for a race read
nothing else of the tests."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import Database
from app.services import inbound as journal

DELIVERED = journal.Delivered("wx1", "key-1", "text", None, "oUser", {"Content": "路灯坏了"})


def receive(database: Database, handle: Callable[[Session], journal.Handled]) -> journal.Receipt:
    """Take the delivery in, by `handle` unless somebody did."""
    with database.transaction() as session:
        return journal.receive(session, DELIVERED, lambda: handle(session))


def once(session: Session) -> journal.Handled:
    """A handler that leaves a row."""
    session.execute(text("INSERT INTO effect DEFAULT VALUES"))
    return journal.Handled("已收到")


def deliver(url: str, barrier: Barrier, results: Queue[tuple[str | None, bool]]) -> None:
    """What each process of a race runs: wait for the others, take it in, tell the answer."""
    database = Database(url, pool_size=1)
    database.ping()
    barrier.wait(30)
    receipt = receive(database, once)
    results.put((receipt.reply, receipt.repeated))
    database.dispose()
