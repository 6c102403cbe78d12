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
from sqlalchemy.exc import OperationalError

from app.core import migrations
from app.core.db import Database
from app.core.embedded import EmbeddedPostgres
from app.core.errors import AppError, Unavailable
from app.core.settings import Settings
from app.services.actors import Administrator

FOUND, USAGE = 1, 2
AsJson = Annotated[bool, typer.Option("--json", help="answer as JSON")]
ACTING = Administrator("command line")

# Lines stay whole (names of settings, tokens), and square brackets are only brackets.
console = Console(highlight=False, markup=False, soft_wrap=True)
problems = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


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
    """The configured database; else the embedded one: started if it must be, stopped unless others use it."""
    if current.database_url:
        yield current.database_url
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
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else ""
        fail(f"数据库没有响应，请检查 MASHANG_DATABASE_URL：{reason}（database.unavailable）")


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
