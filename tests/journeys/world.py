"""A whole installation on loopback ports in one process: the app, the sandbox, a worker; over one database
of its own. The scheduler is stepped by hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from app.core import clock
from app.core.db import Database
from app.jobs.scheduler import Scheduler
from app.jobs.worker import Worker
from app.main import build_context, create_app
from app.models.people import SessionKind
from app.services import sessions
from app.services.actors import Administrator
from app.web.context import Context
from app.wechat import codes, menus, templates
from tests.support import MINIPROGRAM, OFFICIAL, settings_for
from wechat_sandbox.app import create_app as create_sandbox
from wechat_sandbox.config import SandboxConfig

ACTING = Administrator("world")


@dataclass
class World:
    """Where everything is, and the hands to turn it."""

    app: str
    sandbox: str
    admin_token: str
    context: Context
    scheduler: Scheduler

    def tick(self, job: str) -> None:
        """Fire a scheduled job now, as the scheduler does."""
        found = next(item for item in self.scheduler._jobs if item.name == job)
        self.scheduler.tick(found, clock.now())


@contextmanager
def world(database: Database, data_dir: Path, *, template_seed: int = 7) -> Iterator[World]:
    """Start everything on a copy of the demo's data, with templates synced and codes issued; stop it at the
    end."""
    with ExitStack() as stack:
        door, address = _door()
        sandbox = stack.enter_context(_serving(create_sandbox(_config(address, template_seed)), *_door()))
        settings = settings_for(
            data_dir,
            public_url=address,
            wechat_api_base=sandbox,
            wechat_mp_base=sandbox,
            wechat_open_base=sandbox,
            worker_poll_seconds=0.5,
        )
        context = build_context(settings, database)
        stack.callback(context.clients.close)
        stack.enter_context(_serving(create_app(context=context), door, address))
        token = _prepare(context)
        stack.enter_context(_working(context))
        yield World(address, sandbox, token, context, Scheduler(database, settings))


def _door() -> tuple[socket.socket, str]:
    door = socket.create_server(("127.0.0.1", 0))
    return door, f"http://127.0.0.1:{door.getsockname()[1]}"


@contextmanager
def _serving(app: ASGIApp, door: socket.socket, address: str) -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        door.close()


@contextmanager
def _working(context: Context) -> Iterator[None]:
    stop = threading.Event()
    worker = Worker(context.database, context.settings, context.clients, storage=context.storage)
    thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def _config(app: str, template_seed: int) -> SandboxConfig:
    def account(kind: str, values: dict[str, str], prefix: str, callback: str) -> dict[str, Any]:
        return {
            "kind": kind,
            "original_id": f"gh_{kind}",
            "callback_url": app + callback,
            "template_seed": template_seed,
            **{name.removeprefix(prefix): value for name, value in values.items()},
        }

    return SandboxConfig.model_validate(
        {
            "accounts": [
                account("official", OFFICIAL, "wechat_", "/wechat/callback"),
                {
                    **account("miniprogram", MINIPROGRAM, "miniprogram_", "/wechat/miniprogram/callback"),
                    "format": "json",
                },
            ],
            "app_url": app,
        }
    )


def _prepare(context: Context) -> str:
    templates.sync(context.database, context.clients, acting=ACTING)
    menus.create_menu(context.official, context.settings)
    codes.issue_missing(context.database, context.clients, context.storage, context.settings, acting=ACTING)
    with context.database.transaction() as session:
        opened = sessions.create_token(session, acting=ACTING, label="world", keys=context.keys)
    assert opened.session.kind == SessionKind.TOKEN
    return opened.token
