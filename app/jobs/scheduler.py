"""The scheduler: several processes compete for one lease; the holder runs the jobs.

    competing ──lease──▶ leading: catch up, then APScheduler with a store in memory fires the due times
        ▲                   │ each due time is claimed by its row (job, due_at) before the body runs
        └──lease lost, stop─┘ jobs end at once: nothing new begins, a body in hand finishes under its own tick

APScheduler alone, with a store shared between processes, would run jobs more than once; here it is only the
alarm clock of one process. The lease spares the others the work; that a due time runs once rests on its row,
even if two processes should both believe that they lead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from app.core import clock, leases
from app.core.db import Database, database_now
from app.core.logging import get
from app.core.settings import Settings
from app.jobs.schedule import JOBS, Job
from app.services import ticks

LEASE = "scheduler"
THREADS = 4

log = get(__name__)


class Scheduler:
    """One scheduler process. `run` until it is stopped; `tick` runs one due time, for tests."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        owner: str | None = None,
        jobs: Sequence[Job] = JOBS,
    ) -> None:
        self._database = database
        self._settings = settings
        self._owner = owner or leases.new_owner("scheduler")
        self._jobs = tuple(jobs)
        self._seconds = settings.lease_seconds
        self._alarm: BackgroundScheduler | None = None
        self._leading = threading.Event()

    @property
    def leading(self) -> bool:
        """Whether this process holds the lease, as far as it knows."""
        return self._leading.is_set()

    def run(self, stop: threading.Event) -> None:
        """Compete, lead, compete again, until `stop` is set; then give the lease back."""
        log.info("scheduler.started", owner=self._owner)
        while not stop.is_set():
            fence = self._acquire()
            if fence is None:
                stop.wait(self._seconds / 5)
                continue
            self._lead(stop, fence)
        log.info("scheduler.stopped", owner=self._owner)

    def tick(self, job: Job, due_at: datetime) -> bool:
        """Run one due time of a job, if nobody has; whether it was run here. A failing body is recorded."""
        with self._database.transaction() as session:
            if not ticks.take(session, job=job.name, due_at=due_at, owner=self._owner):
                return False
        return self._run(job, due_at)

    def catch_up(self) -> int:
        """For each job the newest due time only: run it if it was missed, or interrupted by the death of its
        runner. How many were run."""
        ran = 0
        for job in self._jobs:
            with self._database.transaction() as session:
                interrupted = ticks.adopt_interrupted(session, job=job.name, owner=self._owner)
                before = ticks.latest(session, job=job.name)
                due = job.latest_due(database_now(session))
            if interrupted is not None:
                log.warning("scheduler.tick_interrupted", job=job.name)
                ran += self._run(job, interrupted)
            missed = before.due_at < due if before is not None and due is not None else job.at_first_start
            if job.catch_up and due is not None and missed:
                ran += self.tick(job, due)
        return ran

    def _run(self, job: Job, due_at: datetime) -> bool:
        """The body, while this process's connection holds the tick's row locked."""
        begun = time.monotonic()
        with self._database.transaction() as session:
            if not ticks.hold(session, job=job.name, due_at=due_at, owner=self._owner):
                return False
            try:
                outcome = f"ok: {job.body(self._database, self._settings)}"
            except Exception as error:
                log.exception("job.failed", job=job.name)
                outcome = f"failed: {type(error).__name__}"
            ticks.finish(session, job=job.name, due_at=due_at, owner=self._owner, outcome=outcome)
        milliseconds = round((time.monotonic() - begun) * 1000)
        log.info("job.ran", job=job.name, outcome=outcome.partition(":")[0], milliseconds=milliseconds)
        return True

    def _acquire(self) -> int | None:
        try:
            with self._database.transaction() as session:
                return leases.acquire(session, LEASE, self._owner, self._seconds)
        except SQLAlchemyError as error:
            log.error("scheduler.database_lost", error=type(error).__name__)  # noqa: TRY400
            return None

    def _lead(self, stop: threading.Event, fence: int) -> None:
        log.info("scheduler.leading", owner=self._owner, fence=fence)
        self._leading.set()
        held_until = time.monotonic() + self._seconds
        catching_up = threading.Thread(target=self._catch_up_quietly, name="catch-up")
        try:
            self._start()
            catching_up.start()
            while not stop.wait(self._seconds / 4):
                asked = time.monotonic()
                renewed = self._renew(fence)
                if renewed:
                    held_until = asked + self._seconds
                elif renewed is False or time.monotonic() >= held_until - self._seconds / 4:
                    log.warning("scheduler.lease_lost", owner=self._owner)
                    break
        finally:
            self._leading.clear()
            self._end(wait=stop.is_set())
            catching_up.join()
        if stop.is_set():
            self._release(fence)

    def _renew(self, fence: int) -> bool | None:
        """True: held on; False: somebody else has it; None: the database did not answer."""
        try:
            with self._database.transaction() as session:
                return leases.renew(session, LEASE, self._owner, fence, self._seconds)
        except SQLAlchemyError as error:
            log.error("scheduler.database_lost", error=type(error).__name__)  # noqa: TRY400
            return None

    def _release(self, fence: int) -> None:
        try:
            with self._database.transaction() as session:
                leases.release(session, LEASE, self._owner, fence)
        except SQLAlchemyError as error:
            log.warning("scheduler.release_failed", error=type(error).__name__)

    def _catch_up_quietly(self) -> None:
        try:
            self.catch_up()
        except SQLAlchemyError:
            log.exception("scheduler.catch_up_failed")

    def _start(self) -> None:
        alarm = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": _Executor(self._due)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 3600},
            timezone=clock.SHANGHAI,
        )
        for job in self._jobs:
            alarm.add_job(_never_called, job.when.trigger(), args=(job,), id=job.name)
        alarm.start()
        self._alarm = alarm

    def _end(self, *, wait: bool) -> None:
        if self._alarm is not None:
            self._alarm.remove_all_jobs()
            self._alarm.shutdown(wait=wait)
            self._alarm = None

    def _due(self, job: Job, due_at: datetime) -> None:
        """APScheduler rang: run the due time while this process leads."""
        if not self._leading.is_set():
            return
        try:
            self.tick(job, due_at)
        except SQLAlchemyError:
            log.exception("scheduler.tick_failed", job=job.name)


def _never_called(_job: Job) -> None:
    """APScheduler wants a function; the executor below calls the job with its due time instead."""


class _Executor(ThreadPoolExecutor):  # type: ignore[misc]
    """Threads that are told the nominal due time, which plain jobs of APScheduler never learn."""

    def __init__(self, run: Any) -> None:
        super().__init__(THREADS)
        self._run_due = run

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        def done(future: Any) -> None:
            if future.cancelled():
                return
            if error := future.exception():
                self._run_job_error(job.id, error, error.__traceback__)
            else:
                self._run_job_success(job.id, [])

        self._pool.submit(self._run_due, job.args[0], run_times[-1]).add_done_callback(done)
