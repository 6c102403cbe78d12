"""What one process keeps in mind about each account: calls that it does not take for now, calls in hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from app.core import clock


def until_midnight() -> timedelta:
    """From now to the next midnight in Asia/Shanghai, when the platform's daily quotas begin anew."""
    present = clock.now()
    return clock.at(clock.local(present).date() + timedelta(days=1)) - present


class Pauses:
    """Until when which channel of which account is left alone. Threads may share it."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def set(self, app_id: str, channel: str, length: timedelta) -> None:
        """Leave this channel alone for `length` from now."""
        with self._lock:
            self._until[app_id, channel] = time.monotonic() + length.total_seconds()

    def left(self, app_id: str, channel: str) -> timedelta | None:
        """How long the pause still lasts; None when there is none."""
        with self._lock:
            seconds = self._until.get((app_id, channel), 0.0) - time.monotonic()
        return timedelta(seconds=seconds) if seconds > 0 else None


class Slots:
    """How many calls of each account are in hand. With two accounts neither may take every thread: while
    one is slow, a quarter of the threads is left for the other. Threads may share it."""

    def __init__(self, app_ids: Sequence[str], threads: int) -> None:
        self._width = max(1, threads * 3 // 4) if len(app_ids) > 1 else threads
        self._held = dict.fromkeys(app_ids, 0)
        self._changed = threading.Condition()

    def full(self, app_id: str) -> bool:
        """Whether no more work for this account should be begun now; never so for the only account."""
        with self._changed:
            return len(self._held) > 1 and self._held.get(app_id, 0) >= self._width

    @contextmanager
    def hold(self, app_id: str, *, patience: float = 5.0) -> Iterator[bool]:
        """Take a slot for the block; False when none became free within `patience` seconds."""
        with self._changed:
            free = self._changed.wait_for(lambda: self._held[app_id] < self._width, patience)
            self._held[app_id] += free
        try:
            yield free
        finally:
            with self._changed:
                self._held[app_id] -= free
                self._changed.notify()
