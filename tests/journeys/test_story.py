"""The story of `make story`, told inside one process over real HTTP: app, sandbox, worker, database."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from app.demo import seed
from tests.conftest import fresh_database
from tests.journeys import story
from tests.journeys.world import World, world

pytestmark = [pytest.mark.xdist_group("story"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module", params=[7], ids=["templates7"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    from app.core.db import Database

    logging.getLogger("httpx").setLevel(logging.WARNING)
    with fresh_database() as url:
        database = Database(url, pool_size=12)
        with world(database, tmp_path_factory.mktemp("story"), template_seed=request.param) as started:
            yield started
        database.dispose()


@pytest.fixture
def demo(running: World) -> Iterator[story.Demo]:
    logins = {entry["login"]: entry for entry in seed.logins()}
    made = story.Demo(running.app, running.sandbox, running.admin_token, logins, say=lambda _: None)
    yield made
    made.close()


@pytest.mark.parametrize("chapter", story.CHAPTERS, ids=lambda chapter: chapter.__name__)
def test_story(chapter: Callable[[story.Demo], None], demo: story.Demo) -> None:
    chapter(demo)
