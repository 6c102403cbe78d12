"""The worker: claims rows in small numbers, works on them in threads, records what came of it.

Lanes with threads of their own, so that a slow file never holds up a message: messages, news for the
followers of a village, pictures from the chat, exports. It wakes on NOTIFY and looks by itself every few
seconds; it claims no more than it has free threads for, so that a claim's lease begins when its work does.
SIGTERM (the `stop` event) ends the claiming; calls in hand are finished and recorded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.leases import new_owner
from app.core.logging import get
from app.core.settings import Settings
from app.core.storage import Storage
from app.models import Attachment, Broadcast, Export
from app.services import broadcasts, claims, deliveries, exports
from app.wechat.clients import Clients
from app.wechat.delivery import Courier
from app.wechat.media import MediaFetcher

LISTEN_SECONDS = 1.0
MEDIA_THREADS = 2
EXPORT_THREADS = 1
BROADCAST_THREADS = 1

log = get(__name__)


@dataclass
class _Lane:
    """One sort of work: how it is claimed and done, and how many threads it may take."""

    name: str
    threads: int
    claim: Callable[[Session, int], list[Any]]
    work: Callable[[Any], object]
    busy: int = field(default=0)


class Worker:
    """One worker process. `step` works in the caller's thread, for tests; `run` until it is stopped."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clients: Clients,
        owner: str | None = None,
        storage: Storage | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._storage = storage or Storage.in_data_dir(settings.data_dir)
        self._owner = owner or new_owner("worker")
        self._courier = Courier(database, clients, settings)
        self._fetcher = MediaFetcher(database, clients, settings, self._storage)
        self._lanes = (
            _Lane("messages", settings.worker_threads, self._claim_messages, self._courier.deliver),
            _Lane("broadcasts", BROADCAST_THREADS, self._claim_broadcasts, self._broadcast),
            _Lane("media", MEDIA_THREADS, self._claim_media, self._fetcher.fetch),
            _Lane("exports", EXPORT_THREADS, self._claim_exports, self._export),
        )
        self._wake = threading.Event()
        self._lock = threading.Lock()

    def step(self, limit: int = 100) -> int:
        """Claim up to `limit` rows of each lane and work on them one by one; how many there were."""
        done = 0
        for lane in self._lanes:
            rows = self._claim(lane, limit)
            for row in rows:
                self._work(lane, row)
            done += len(rows)
        return done

    def drain(self, rounds: int = 1000) -> int:
        """`step` until nothing is due; how many rows were worked on."""
        total = 0
        for _ in range(rounds):
            done = self.step()
            if not done:
                break
            total += done
        return total

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then finish what is in hand and return."""
        log.info("worker.started", owner=self._owner, threads=self._settings.worker_threads)
        listener = threading.Thread(target=self._listen, args=(stop,), name="outbox-listener", daemon=True)
        listener.start()
        with ThreadPoolExecutor(sum(lane.threads for lane in self._lanes), "worker") as pool:
            while not stop.is_set():
                self._wake.clear()
                if not self._round(pool):
                    self._wake.wait(self._settings.worker_poll_seconds)
        listener.join(2 * LISTEN_SECONDS)
        log.info("worker.stopped", owner=self._owner)

    def _round(self, pool: ThreadPoolExecutor) -> bool:
        """Hand out work to free threads; whether there was any."""
        found = False
        for lane in self._lanes:
            with self._lock:
                free = lane.threads - lane.busy
            if free <= 0:
                continue
            try:
                rows = self._claim(lane, free)
            except SQLAlchemyError as error:
                log.error("worker.claim_failed", lane=lane.name, error=type(error).__name__)  # noqa: TRY400
                return False
            for row in rows:
                with self._lock:
                    lane.busy += 1
                pool.submit(self._in_thread, lane, row)
            found = found or bool(rows)
        return found

    def _in_thread(self, lane: _Lane, row: Any) -> None:
        try:
            self._work(lane, row)
        finally:
            with self._lock:
                lane.busy -= 1
            self._wake.set()

    def _claim(self, lane: _Lane, limit: int) -> list[Any]:
        with self._database.transaction() as session:
            return lane.claim(session, limit)

    def _work(self, lane: _Lane, row: Any) -> None:
        """Whatever goes wrong in here concerns this row alone. It is tried again with growing pauses; when
        even that cannot be written, its lease runs out."""
        try:
            lane.work(row)
        except Exception as error:
            log.exception("worker.row_failed", lane=lane.name)
            self._try_again(row, error)

    def _try_again(self, row: Any, error: Exception) -> None:
        try:
            with self._database.transaction() as session:
                claims.retry(
                    session,
                    row,
                    error="internal",
                    reason=f"程序出错（{type(error).__name__}），请联系维护人员",
                    max_attempts=self._settings.outbox_max_attempts,
                )
        except SQLAlchemyError:
            log.exception("worker.record_failed")

    def _listen(self, stop: threading.Event) -> None:
        """Set the wake-up event at every NOTIFY; without a connection the main loop looks by itself."""
        while not stop.is_set():
            try:
                for _ in self._database.notifications(timeout=LISTEN_SECONDS):
                    self._wake.set()
                    if stop.is_set():
                        return
            except psycopg.Error as error:
                log.warning("worker.listen_failed", error=type(error).__name__)
                stop.wait(LISTEN_SECONDS)
        self._wake.set()

    def _claim_messages(self, session: Session, limit: int) -> list[Any]:
        seconds = self._settings.lease_seconds
        return list(
            deliveries.claim(
                session,
                owner=self._owner,
                limit=limit,
                lease_seconds=seconds,
                crowd=self._courier.crowd(),
            )
        )

    def _claim_broadcasts(self, session: Session, limit: int) -> list[Any]:
        seconds = self._settings.lease_seconds
        return list(broadcasts.claim(session, owner=self._owner, limit=limit, lease_seconds=seconds))

    def _broadcast(self, row: Broadcast) -> object:
        return broadcasts.expand(self._database, row, lease_seconds=self._settings.lease_seconds)

    def _claim_media(self, session: Session, limit: int) -> list[Any]:
        return list(
            claims.claim(
                session,
                Attachment,
                owner=self._owner,
                limit=limit,
                lease_seconds=self._settings.lease_seconds,
                where=(Attachment.media_id.is_not(None),),
            )
        )

    def _claim_exports(self, session: Session, limit: int) -> list[Any]:
        return list(
            claims.claim(
                session,
                Export,
                owner=self._owner,
                limit=limit,
                lease_seconds=self._settings.lease_seconds,
            )
        )

    def _export(self, row: Export) -> object:
        return exports.make(self._database, self._storage, self._settings, row)
