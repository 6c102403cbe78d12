"""`mashang demo`: the product with demo data, the WeChat sandbox as a process of its own, and its phone."""

from __future__ import annotations

import os
import sys
import threading
import urllib.request
from pathlib import Path

from rich.console import Console

from app.cli import processes
from app.core import clock, logging, migrations
from app.core.db import Database
from app.core.embedded import EmbeddedPostgres
from app.core.errors import Unavailable
from app.core.settings import Settings
from app.demo import configuration, seed
from app.demo.configuration import Places
from app.jobs.processes import Child, Supervisor
from app.main import build_context, close
from app.services import reference, sessions
from app.services.actors import Administrator
from app.wechat import codes, menus, templates

ACTING = Administrator("demo")
START_SECONDS = 60.0
POLL_SECONDS = 0.1
SHOWN_LOGINS = ("donglian.info", "donglian.review", "donglian.liaison", "yinong.town", "county", "admin")
console = Console(highlight=False)


def run(settings: Settings, *, host: str, port: int, sandbox_port: int) -> int:
    """Start everything, print where it is, and wait for Ctrl-C. Returns the exit code."""
    places = Places(f"http://{host}:{port}", f"http://{host}:{sandbox_port}")
    data_dir = settings.data_dir.expanduser().resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    logging.configure("WARNING")
    supervisor = Supervisor()
    supervisor.stop_on_signals()
    server = EmbeddedPostgres(data_dir)
    try:
        _step("启动数据库")
        url = settings.database_url or server.start()
        environment = configuration.environment(data_dir, places, url, port)
        os.environ.update(environment)
        _step("启动微信沙箱和网页")
        children = processes.services(environment, host=host, logs=data_dir / "logs")
        supervisor.start(_sandbox(data_dir, places, sandbox_port))
        supervisor.start(children["web"])  # it takes a while to come up; ready when the schema is
        _prepare(Settings(), url, places, supervisor)
        _step("启动消息和定时任务")
        supervisor.start(children["worker"])
        supervisor.start(children["scheduler"])
        _await(places.app + "/readyz", supervisor)
        _announce(places, data_dir)
        code = supervisor.wait()
        if code:
            console.print(f"有一个进程意外结束，演示已全部停止；原因请看 {data_dir / 'logs'} 里的日志。")
        return code
    finally:
        supervisor.shut_down()
        server.stop()


def _step(words: str) -> None:
    console.print(f"[green]●[/green] {words} …")


def _sandbox(data_dir: Path, places: Places, port: int) -> Child:
    config = configuration.sandbox(data_dir, places)
    command = [sys.executable, "-m", "wechat_sandbox", "--config", str(config), "--port", str(port)]
    return Child("sandbox", command, {}, data_dir / "logs" / "sandbox.log")


def _prepare(settings: Settings, url: str, places: Places, supervisor: Supervisor) -> None:
    """Schema, data, templates, menu, codes and the administrator's token."""
    database = Database(url, pool_size=4, application="mashang-demo")
    context = build_context(settings, database)
    try:
        migrations.upgrade(database.engine)
        with database.transaction() as session:
            reference.load(session)
        _step("准备演示数据")
        seed.seed(database, today=clock.today(), keys=context.keys, storage=context.storage)
        _await(places.sandbox + "/healthz", supervisor)
        _step("同步消息模板、菜单和二维码")
        templates.sync(database, context.clients, acting=ACTING)
        menus.create_menu(context.official, settings)
        codes.issue_missing(database, context.clients, context.storage, settings, acting=ACTING)
        with database.transaction() as session:
            token = sessions.create_token(session, acting=ACTING, label="demo", keys=context.keys).token
            villages = configuration.villages(session)
    finally:
        close(context)
    configuration.write_demo_file(settings.data_dir, places, admin_token=token, villages=villages)


def _await(url: str, supervisor: Supervisor) -> None:
    """Wait until `url` answers 200. Raises Unavailable when a child ends or a minute passes."""
    pause = threading.Event()
    for _ in range(int(START_SECONDS / POLL_SECONDS)):
        ended = supervisor.failed()
        if ended is not None:
            raise Unavailable(
                "demo.not_started", f"「{ended.name}」没有启动成功，请看日志 {ended.log_file}。"
            )
        if supervisor.stop.is_set():
            raise Unavailable("demo.stopped", "已停止。")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  (our own address)
                if answer.status == 200:
                    return
        except OSError:
            pause.wait(POLL_SECONDS)
    raise Unavailable("demo.not_started", f"{url} 没有在一分钟内准备好，请看 logs 目录里的日志。")


def _announce(places: Places, data_dir: Path) -> None:
    console.print()
    console.print(f"  手机（微信沙箱）  [bold]{places.phone}[/bold]")
    console.print(f"  村民页面          {places.app}/v/donglian")
    console.print(f"  工作台            {places.app}/desk")
    console.print(f"  管理接口文档      {places.app}/docs")
    console.print(f"\n  演示登录，密码都是 [bold]{seed.DEMO_PASSWORD}[/bold]：")
    for entry in seed.logins():
        if entry["login"] in SHOWN_LOGINS:
            console.print(f"    {entry['login']:18} {entry['name']}  {entry['place']} {entry['title']}")
    console.print(f"\n  全部登录和管理令牌在 {data_dir / 'demo.json'}，日志在 {data_dir / 'logs'}。")
    console.print("  按 Ctrl-C 停止，数据会保留。\n")
    print("READY", flush=True)
