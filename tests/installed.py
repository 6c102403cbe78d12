"""An installation with the demo's data of today. They are loaded once per run, into a template; everybody who
needs them gets a copy of his own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fasteners
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.core import clock
from app.core.db import Database
from app.core.storage import Storage
from app.demo import seed
from tests.conftest import execute, fresh_database
from tests.factories import KEYS

TEMPLATE = "mashang_demo"


@contextmanager
def demo_database(data_dir: Path | None = None) -> Iterator[str]:
    """The URL of a new database with the demo's data, sealed with the keys of `tests.factories` as
    `tests.support.settings_for` has them; dropped afterwards. The files of the data go to `data_dir`."""
    home = Path(os.environ["MASHANG_TEST_HOME"])
    files = home / "demo"
    with fasteners.InterProcessLock(str(home / "demo.lock")):
        if not _loaded(os.environ["MASHANG_TEST_SERVER"]):
            _load(os.environ["MASHANG_TEST_SERVER"], files)
    if data_dir is not None:
        shutil.copytree(files, data_dir, dirs_exist_ok=True)
    with fresh_database(TEMPLATE) as url:
        yield url


def _loaded(server: str) -> bool:
    administration = Database(server, pool_size=1)
    with administration.engine.connect() as connection:
        found = connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :it"), {"it": TEMPLATE})
    administration.dispose()
    return found is not None


def _load(server: str, files: Path) -> None:
    """The template is a copy of a complete database: it never exists half filled."""
    with fresh_database() as url:
        database = Database(url, pool_size=2)
        loaded = seed.seed(database, today=clock.today(), keys=KEYS, storage=Storage.in_data_dir(files))
        database.dispose()
        assert loaded.created
        execute(server, f"CREATE DATABASE {TEMPLATE} TEMPLATE {make_url(url).database} STRATEGY FILE_COPY")
