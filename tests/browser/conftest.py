"""One installation and one Chromium for all browser tests; each test has a browser profile of its own.

Both live as long as this folder's tests run and no longer: Playwright keeps an event loop in the thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.core.db import Database
from app.demo import seed
from tests.browser.chromium import chromium
from tests.installed import demo_database
from tests.journeys.story import Demo
from tests.journeys.world import World, world

NewContext = Callable[..., BrowserContext]
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("browser")
    with demo_database(home) as url:
        database = Database(url, pool_size=12)
        with world(database, home) as started:
            yield started
        database.dispose()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with chromium() as started:
        yield started


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Makes browser profiles as wide as a phone. Whatever a page logs as an error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(viewport=PHONE, locale="zh-CN", **options)
        context.set_default_timeout(15_000)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(new_context: NewContext) -> Page:
    return new_context().new_page()


@pytest.fixture
def plain_page(new_context: NewContext) -> Page:
    """A page of a browser that runs no scripts."""
    return new_context(java_script_enabled=False).new_page()


@pytest.fixture
def demo(running: World) -> Iterator[Demo]:
    """The same installation by REST, for what an administrator does."""
    logins = {entry["login"]: entry for entry in seed.logins()}
    made = Demo(running.app, running.sandbox, running.admin_token, logins, say=lambda _: None)
    yield made
    made.close()
