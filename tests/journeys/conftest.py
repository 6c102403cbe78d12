"""A running installation per module of journeys; each test tells a chapter of the story in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from app.core.db import Database
from app.demo import seed
from tests.installed import demo_database
from tests.journeys.story import Demo
from tests.journeys.world import World, world

DEFAULT_TEMPLATES = 7


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """App, sandbox and worker; a module's TEMPLATE_SEED decides its account's template ids and keywords."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    template_seed = getattr(request.module, "TEMPLATE_SEED", DEFAULT_TEMPLATES)
    home = tmp_path_factory.mktemp("story")
    with demo_database(home) as url:
        database = Database(url, pool_size=12)
        with world(database, home, template_seed=template_seed) as started:
            yield started
        database.dispose()


@pytest.fixture
def demo(running: World) -> Iterator[Demo]:
    """The installation as `make story` sees it."""
    logins = {entry["login"]: dict(entry) for entry in seed.logins()}
    made = Demo(running.app, running.sandbox, running.admin_token, logins, say=lambda _: None)
    yield made
    made.close()
