"""The sandbox's own clock: real time plus an offset that only grows.

Timers fire when the clock passes them, whether time really went by or a test advanced it.
"""

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone

logger = logging.getLogger("wechat_sandbox")

SHANGHAI = timezone(timedelta(hours=8))
Job = Callable[[], Awaitable[object]]


class Clock:
    """Seconds since 1970, with timers. Lives in one event loop."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._heap: list[tuple[float, int, Job]] = []
        self._numbers = itertools.count()
        self._wake = asyncio.Event()
        self._advancing = asyncio.Lock()
        self._running: set[asyncio.Task[object]] = set()

    def now(self) -> float:
        """Current sandbox time in seconds since 1970."""
        return time.time() + self.offset

    def iso(self, at: float | None = None) -> str:
        """`at` (default: now) as ISO 8601 in UTC."""
        return datetime.fromtimestamp(self.now() if at is None else at, UTC).isoformat(
            timespec="milliseconds"
        )

    def shanghai(self) -> str:
        """Hour and minute in Asia/Shanghai."""
        return datetime.fromtimestamp(self.now(), SHANGHAI).strftime("%H:%M")

    def day(self) -> str:
        """Today's date in Asia/Shanghai: the platform's daily quotas start at its midnight."""
        return datetime.fromtimestamp(self.now(), SHANGHAI).strftime("%Y-%m-%d")

    def call_later(self, seconds: float, job: Job) -> None:
        """Run `job` once the clock has moved on by `seconds`."""
        heapq.heappush(self._heap, (self.now() + seconds, next(self._numbers), job))
        self._wake.set()

    def spawn(self, job: Job) -> None:
        """Run `job` at once, beside the caller; `settle` waits for it."""

        async def run() -> object:
            try:
                return await job()
            except Exception:
                logger.exception("a background job of the sandbox failed")
                return None

        task = asyncio.get_running_loop().create_task(run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def advance(self, seconds: float) -> None:
        """Move the clock and run, in order, every timer that falls due on the way, to its end."""
        async with self._advancing:
            await self.settle()
            goal = self.offset + seconds
            while self._heap and self._heap[0][0] <= time.time() + goal:
                due, _, job = heapq.heappop(self._heap)
                self.offset = min(goal, max(self.offset, due - time.time()))
                await job()
                await self.settle()
            self.offset = goal
            self._wake.set()

    async def settle(self) -> None:
        """Wait until nothing that was started is still running (future timers do not count)."""
        current = asyncio.current_task()
        while waiting := [task for task in self._running if task is not current]:
            await asyncio.gather(*waiting, return_exceptions=True)

    async def run(self) -> None:
        """Fire timers as real time passes; runs until cancelled."""
        while True:
            self._wake.clear()
            while self._heap and self._heap[0][0] <= self.now():
                self.spawn(heapq.heappop(self._heap)[2])
            wait = self._heap[0][0] - self.now() if self._heap else None
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def clear(self) -> None:
        """Forget all timers and go back to real time."""
        self._heap.clear()
        self.offset = 0.0

    @property
    def pending(self) -> int:
        """Timers that have not fired yet."""
        return len(self._heap)
