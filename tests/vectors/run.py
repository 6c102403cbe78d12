"""Run a file of WeChat protocol vectors through the app: `make vectors FILE=tests/vectors/wechat.json`.

One line per case and a closing count; exit 0 when all came out as expected, 1 otherwise, 2 on wrong usage."""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from app.core import migrations
from app.core.db import Database
from app.core.embedded import EmbeddedPostgres
from app.services import reference
from tests.vectors import cases
from tests.vectors.served import Json, Served

OPEN_VECTORS = Path(__file__).with_name("wechat.json")


def load(path: Path) -> list[Json]:
    """The cases of a vector file: its list, or every list of cases inside it."""
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    groups = [content] if isinstance(content, list) else list(content.values())
    return [
        case
        for group in groups
        if isinstance(group, list)
        for case in group
        if isinstance(case, dict) and "kind" in case
    ]


@contextmanager
def throwaway_database() -> Iterator[Database]:
    """An embedded PostgreSQL that lives as long as the run."""
    with tempfile.TemporaryDirectory(prefix="mashang-vectors-") as directory:
        home = Path(directory)
        home.chmod(0o755)
        server = EmbeddedPostgres(home)
        database = Database(server.start())
        try:
            migrations.upgrade(database.engine)
            with database.transaction() as session:
                reference.load(session)
            yield database
        finally:
            database.dispose()
            server.stop()


def run(path: Path) -> int:
    """Run every case of the file and print how it came out; returns the number of mismatches."""
    found = load(path)
    failures = 0
    with throwaway_database() as database, Served(database) as served:
        for case in found:
            problems = attempt(served, case)
            failures += bool(problems)
            line = f"{'ok  ' if not problems else 'FAIL'} {case.get('id', '?')} ({case['kind']})"
            say("; ".join([line, *problems]))
    say(f"{len(found)} cases: {len(found) - failures} ok, {failures} failed")
    return failures if found else 1


def attempt(served: Served, case: Json) -> list[str]:
    """The problems of one case; a crash of the runner is one more of them."""
    try:
        return cases.run(served, case)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def say(line: str) -> None:
    """Print one line now: a reader may be watching."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """The command line."""
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        sys.stderr.write("usage: python -m tests.vectors.run [FILE]\n")
        return 2
    path = Path(arguments[0]) if arguments else OPEN_VECTORS
    if not path.is_file():
        sys.stderr.write(f"no such file: {path}\n")
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    return 1 if run(path) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
