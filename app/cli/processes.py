"""Commands that run: web, scheduler, worker, all, demo."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from app.cli.common import database as opened_database
from app.cli.common import embedded_url, explained, fail, problems, settings
from app.core import logging, migrations
from app.core.db import Database
from app.core.settings import Settings
from app.jobs.processes import Child, Supervisor, mashang
from app.jobs.scheduler import Scheduler
from app.jobs.worker import Worker
from app.main import build_context, close, database_url
from app.services import reference

Port = Annotated[int, typer.Option(envvar="PORT", help="port to listen on")]
Host = Annotated[str, typer.Option(help="address to listen on")]


def web(
    host: Host = "127.0.0.1", port: Port = 8000, workers: Annotated[int, typer.Option(min=1)] = 1
) -> None:
    """Serve the faces: pages, APIs and WeChat's callbacks."""
    current = settings()
    with explained():
        database_url(current)
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=15,
        proxy_headers=True,
        forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"),
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
    with explained(), embedded_url(current) as url:
        prepare(current)
        supervisor = Supervisor()
        supervisor.stop_on_signals()
        start_services(supervisor, {"MASHANG_DATABASE_URL": url, "PORT": str(port)}, host=host)
        code = supervisor.wait()
    raise typer.Exit(code)


def demo(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Start the product with demo data, the WeChat sandbox and its phone."""
    from app.demo import run as demonstration

    sandbox_port = int(os.environ.get("SANDBOX_PORT", port + 1))
    for wanted in (port, sandbox_port):
        if not _free(host, wanted):
            fail(f"端口 {wanted} 已被占用；请用 PORT=… 另选一个，例如 PORT=9000 make demo。", 2)
    with explained():
        raise typer.Exit(demonstration.run(settings(), host=host, port=port, sandbox_port=sandbox_port))


def prepare(current: Settings) -> None:
    """Migrate the database and load the reference data."""
    with opened_database(current, migrated=False) as opened:
        migrations.upgrade(opened.engine)
        with opened.transaction() as session:
            reference.load(session)


def start_services(
    supervisor: Supervisor, environment: dict[str, str], *, host: str, logs: Path | None = None
) -> None:
    """Start web, worker and scheduler as children with this environment."""
    for name, arguments in (
        ("web", ("web", "--host", host)),
        ("worker", ("worker",)),
        ("scheduler", ("scheduler",)),
    ):
        log_file = logs / f"{name}.log" if logs else None
        supervisor.start(Child(name, mashang(*arguments), environment, log_file))


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            problems.print(str(error), style="dim")
            return False
    return True
