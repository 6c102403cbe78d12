"""A small process tree: start children, watch them, stop them cleanly. Used by `mashang all` and `demo`.

Children are tied to the process that started them: if it dies without a word, they are told to stop.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.core import logging
from app.jobs import leash

log = logging.get(__name__)

STOP_SECONDS = 20.0
CHECK_SECONDS = 0.5


@dataclass(frozen=True)
class Child:
    """A command to keep running; `log_file` collects what it prints, else it goes to our own output."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path | None = None


def mashang(*arguments: str) -> list[str]:
    """The command line of one of our own processes."""
    return [sys.executable, "-m", "app", *arguments]


def tied(command: Sequence[str]) -> list[str]:
    """`command`, ending when this process does. The wrapper becomes the command and keeps its process id."""
    return [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command]


class Supervisor:
    """Keeps children running until `stop` is set. A child that ends by itself stops the whole tree: a
    service manager restarts it, and nobody wonders why half of the product is gone."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._running: list[tuple[Child, subprocess.Popen[bytes]]] = []
        self._logs: list[IO[bytes]] = []

    def start(self, child: Child) -> None:
        """Start one child in a session of its own, so that Ctrl-C reaches it only through us.

        Call it in the main thread: children are tied to the life of the thread that starts them."""
        output: IO[bytes] | None = None
        if child.log_file is not None:
            child.log_file.parent.mkdir(parents=True, exist_ok=True)
            output = child.log_file.open("ab")
            self._logs.append(output)
        process = subprocess.Popen(  # noqa: S603  (our own commands)
            tied(child.command),
            env={**os.environ, **child.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
        )
        self._running.append((child, process))

    def failed(self) -> Child | None:
        """The first child that has ended, if any."""
        return next((child for child, process in self._running if process.poll() is not None), None)

    def wait(self) -> int:
        """Wait until told to stop (0) or until a child ends (1); then stop all."""
        try:
            while not self.stop.wait(CHECK_SECONDS):
                ended = self.failed()
                if ended is not None:
                    log.error("child.ended", child=ended.name)
                    return 1
            return 0
        finally:
            self.shut_down()

    def shut_down(self) -> None:
        """Ask all children to end, last started first; kill what does not listen within 20 seconds."""
        for _, process in reversed(self._running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for child, process in reversed(self._running):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                log.warning("child.killed", child=child.name)
                process.kill()
                process.wait()
        self._running.clear()
        for output in self._logs:
            output.close()
        self._logs.clear()

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT set `stop`. Call it in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
