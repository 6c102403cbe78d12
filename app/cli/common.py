"""What the commands share: the database they work on, and how they answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from app.core import migrations
from app.core.db import Database
from app.core.embedded import EmbeddedPostgres, running_url
from app.core.errors import AppError, Unavailable
from app.core.settings import Settings
from app.services.actors import Administrator

FOUND, USAGE = 1, 2
AsJson = Annotated[bool, typer.Option("--json", help="answer as JSON")]
ACTING = Administrator("command line")

console = Console(highlight=False)
problems = Console(stderr=True, highlight=False)


def settings() -> Settings:
    """The settings, or exit 2 naming what is wrong with them."""
    try:
        return Settings()
    except ValidationError as error:
        for item in error.errors():
            problems.print(f"配置错误 {'.'.join(str(part) for part in item['loc'])}: {item['msg']}")
        raise typer.Exit(USAGE) from error


@contextmanager
def embedded_url(current: Settings) -> Iterator[str]:
    """The configured database; else the running embedded one; else one started for this command only."""
    url = current.database_url or running_url(current.data_dir)
    if url:
        yield url
        return
    server = EmbeddedPostgres(current.data_dir)
    try:
        yield server.start()
    finally:
        server.stop()


@contextmanager
def database(current: Settings, *, migrated: bool = True) -> Iterator[Database]:
    """The database of a one-shot command. Exits 1 when its schema is not the one this code wants."""
    with embedded_url(current) as url:
        opened = Database(url, pool_size=4, application="mashang-cli")
        try:
            if migrated and migrations.current(opened.engine) != migrations.head():
                raise Unavailable("database.not_migrated", "数据库结构不是最新，请先运行 mashang migrate。")
            yield opened
        finally:
            opened.dispose()


@contextmanager
def explained() -> Iterator[None]:
    """Turns errors that we can explain into one line and exit code 1."""
    try:
        yield
    except AppError as error:
        fail(f"{error.message}（{error.code}）")


def fail(message: str, code: int = FOUND) -> NoReturn:
    """Say what is wrong on the error stream and exit."""
    problems.print(message)
    raise typer.Exit(code)


def answer(data: Any, *, as_json: bool, text: str) -> None:
    """Print the result: JSON for programs, a line for people."""
    if as_json:
        sys.stdout.write(json.dumps(data, ensure_ascii=False, default=str) + "\n")
    else:
        console.print(text)
