"""Our commands as real processes: started with an environment of their own, watched from outside."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.core.db import Database
from app.core.embedded import EmbeddedPostgres, cluster_dir, running_url
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
# Machines that run the tests may be small and busy: a process needs seconds of one core to import everything.
PATIENCE = 90.0
INHERITED = ("PATH", "HOME", "LANG", "MASHANG_TEST_SERVER")


@dataclass
class Running:
    """A process and what it printed so far, both streams in one file."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def printed(self) -> str:
        """Everything up to now."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def await_line(self, containing: str) -> str:
        """The first line that contains this; fails with the whole output when the process ends first."""

        def found() -> str | None:
            line = next((line for line in self.printed.splitlines() if containing in line), None)
            assert line is not None or self.process.poll() is None, self.printed
            return line

        return str(eventually(found, timeout=PATIENCE, what=f"a line with {containing!r}"))

    def end(self, how: signal.Signals = signal.SIGTERM, seconds: float = PATIENCE) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(how)
        return self.process.wait(seconds)


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], *, where: Path | None = None
) -> Iterator[Running]:
    """A process with nothing of our environment but what every program needs; killed at the end."""
    with tempfile.TemporaryDirectory(prefix="mashang-process-") as home:
        output = Path(home) / "output"
        with output.open("wb") as sink:
            process = subprocess.Popen(
                list(command),
                env=clean(environment),
                cwd=where or home,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield Running(process, output)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment for a process: ours must not leak into it."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), **environment}


def run(*arguments: str, environment: Mapping[str, str], where: Path) -> subprocess.CompletedProcess[str]:
    """One of our commands until it ends."""
    return subprocess.run(
        mashang(*arguments),
        env=clean(environment),
        cwd=where,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def mashang(*arguments: str) -> list[str]:
    """The command line of one of our commands."""
    return [sys.executable, "-m", "app", *arguments]


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> int | None:
    """The status that an address answers with, None when nobody listens."""
    try:
        return httpx.get(url, timeout=10, trust_env=False).status_code
    except httpx.TransportError:
        return None


def await_answer(url: str, process: Running) -> None:
    """Wait for a 200; fails at once when the process ends."""

    def ready() -> bool:
        assert process.process.poll() is None, process.printed
        return answers(url) == 200

    eventually(ready, timeout=PATIENCE, what=url)


def children(pid: int) -> dict[int, str]:
    """The living processes that `pid` started, and theirs: command lines by process id."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents.setdefault(int(parent), []).append(int(entry.parent.name))
    found, waiting = [], [pid]
    while waiting:
        new = parents.get(waiting.pop(), [])
        found += new
        waiting += new
    return {child: command_line(child) for child in found}


def command_line(pid: int) -> str:
    """The command line of a process; empty when it is gone, or only waits to be buried."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def postgres_pid(data_dir: Path) -> int | None:
    """The embedded server of a data directory, if one lives."""
    if running_url(data_dir) is None:
        return None
    return int((cluster_dir(data_dir) / "postmaster.pid").read_text().splitlines()[0])


@contextmanager
def data_directory() -> Iterator[Path]:
    """A data directory that another user's server may enter; its server is stopped at the end."""
    home = Path(tempfile.mkdtemp(prefix="mashang-data-"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        if running_url(home):
            left_behind = EmbeddedPostgres(home)
            left_behind.start()
            left_behind.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def empty_database() -> Iterator[str]:
    """The address of a database without any table, on the server of this test run."""
    server = os.environ["MASHANG_TEST_SERVER"]
    name = f"e{uuid.uuid4().hex}"
    administration = Database(server, pool_size=1)
    with administration.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    administration.dispose()
