"""Commands that run: web, scheduler, worker, all, demo."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from app.cli.common import USAGE, embedded_url, explained, fail, settings
from app.cli.common import database as opened_database
from app.core import logging, metrics, migrations
from app.core.db import Database
from app.core.settings import Settings
from app.jobs import leash
from app.jobs.processes import Child, Supervisor, mashang
from app.jobs.scheduler import Scheduler
from app.jobs.worker import Worker
from app.main import build_context, close, create_app, database_url
from app.services import chain, reference

Port = Annotated[int, typer.Option(envvar="PORT", help="port to listen on")]
Host = Annotated[str, typer.Option(help="address to listen on")]


def web(
    host: Host = "127.0.0.1", port: Port = 8000, workers: Annotated[int, typer.Option(min=1)] = 1
) -> None:
    """Serve the faces: pages, APIs and WeChat's callbacks."""
    logging.configure()
    current = settings()
    with explained():
        database_url(current)
    with _shared_metrics(workers):
        _serve(host, port, workers)


def served() -> FastAPI:
    """What uvicorn serves. One of several processes ends with the one that started it."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        leash.tie(parent.pid)
    return create_app()


@contextmanager
def _shared_metrics(workers: int) -> Iterator[None]:
    """Let several web processes count together: `/metrics` is answered by any one of them."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="mashang-metrics-") as directory:
        metrics.share(Path(directory))
        yield


def _serve(host: str, port: int, workers: int) -> None:
    uvicorn.run(
        f"{__name__}:{served.__name__}",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=15,
        # A process that is still importing does not answer its parent, and would be killed and started again.
        timeout_worker_healthcheck=60,
        # Who may say on whose behalf he calls: nobody, unless the operator names his proxy.
        proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
    )


def worker() -> None:
    """Send what waits in the outbox, fetch pictures, make exports."""
    logging.configure()
    with explained():
        current = settings()
        context = build_context(
            current,
            Database(database_url(current), pool_size=current.pool_size, application="mashang-worker"),
        )
    try:
        Worker(context.database, current, context.clients, storage=context.storage).run(_stop_on_signals())
    finally:
        close(context)


def scheduler() -> None:
    """Fire the scheduled jobs, when this process holds the lease."""
    logging.configure()
    with explained():
        current = settings()
        database = Database(database_url(current), pool_size=4, application="mashang-scheduler")
    try:
        Scheduler(database, current).run(_stop_on_signals())
    finally:
        database.dispose()


def run_all(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run everything on one machine: embedded PostgreSQL, migrations, web, scheduler and worker."""
    logging.configure()
    current = settings()
    _require_free(host, port)
    with explained(), embedded_url(current) as url:
        prepare(current)
        supervisor = Supervisor()
        supervisor.stop_on_signals()
        for child in services({"MASHANG_DATABASE_URL": url, "PORT": str(port)}, host=host).values():
            supervisor.start(child)
        code = supervisor.wait()
    raise typer.Exit(code)


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    sandbox_port: Annotated[
        int | None, typer.Option(envvar="SANDBOX_PORT", help="port of the WeChat sandbox; PORT + 1")
    ] = None,
) -> None:
    """Start the product with demo data, the WeChat sandbox and its phone."""
    from app.demo import run as demonstration

    current = settings()
    phone_port = port + 1 if sandbox_port is None else sandbox_port
    with _alone(current.data_dir), explained():
        for wanted in (port, phone_port):
            _require_free(host, wanted)
        code = demonstration.run(current, host=host, port=port, sandbox_port=phone_port)
    raise typer.Exit(code)


def prepare(current: Settings) -> None:
    """Migrate the database and load the reference data."""
    with opened_database(current, migrated=False) as opened:
        migrations.upgrade(opened.engine)
        with opened.transaction() as session:
            reference.load(session)
            behind = chain.villages_without(session)
        for village_id in behind:  # what was published before the villages had chains
            with opened.transaction() as session:
                chain.backfill(session, village_id=village_id)


def services(environment: dict[str, str], *, host: str, logs: Path | None = None) -> dict[str, Child]:
    """Web, worker and scheduler as children with this environment, by name."""
    commands = {"web": ("web", "--host", host), "worker": ("worker",), "scheduler": ("scheduler",)}
    return {
        name: Child(name, mashang(*arguments), environment, logs / f"{name}.log" if logs else None)
        for name, arguments in commands.items()
    }


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _require_free(host: str, port: int) -> None:
    """Exit 2 when nobody can listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "已被占用" if error.errno == errno.EADDRINUSE else f"不能使用（{error.strerror}）"
            fail(f"端口 {port} {reason}；请用 PORT=… 另选一个，例如 PORT=9000。", USAGE)


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Exit 2 when another demo runs in the same data directory. A killed one does not count."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "demo.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(
                f"{data_dir} 里已经有一个演示在运行；要再开一个，请另选端口和目录："
                "PORT=9000 MASHANG_DATA_DIR=… make demo。",
                USAGE,
            )
        yield
