"""Waiting without sleeping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


def eventually(predicate: Callable[[], Any], *, timeout: float = 15.0, what: str = "condition") -> Any:
    """The first truthy value of `predicate`, asked again every few milliseconds; fails after `timeout`."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout:g} s")
        pause.wait(0.05)
