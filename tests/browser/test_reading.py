"""What villagers load and read, in a real browser: how much it weighs, on phones and on wide screens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.hands import FAULTS
from tests.journeys.story import VILLAGE
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

HOME = f"/v/{VILLAGE}"
HEAVIEST = 60 * 1024


def _weigh(page: Page, address: str) -> dict[str, float]:
    """The bytes that came over the line for each address, headers included, with an empty cache."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    addresses: dict[str, str] = {}
    weights: dict[str, float] = {}
    network.on(
        "Network.responseReceived",
        lambda seen: addresses.update({seen["requestId"]: seen["response"]["url"]}),
    )
    network.on(
        "Network.loadingFinished",
        lambda seen: weights.update(
            {addresses.get(seen["requestId"], seen["requestId"]): seen["encodedDataLength"]}
        ),
    )
    page.goto(address)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    return weights


def test_a_first_visit_weighs_little(running: World, page: Page) -> None:
    weights = _weigh(page, running.app + HOME)
    assert f"{running.app}{HOME}" in weights
    assert any("mashang.css" in address for address in weights)
    assert sum(weights.values()) < HEAVIEST, weights


def test_public_pages_fit_every_screen(running: World, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    for width in (320, 390, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        for shelf in ("finance", "power_workflow", "hardship_aid", "small_works"):
            page.goto(f"{running.app}{HOME}/c/{shelf}")
            _fits(page)
            page.locator(f'a.item[href^="{HOME}/d/"]').first.click()
            expect(page.locator("article .lead")).to_be_visible()
            _fits(page)
        page.goto(running.app + HOME)
        _fits(page)


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert page.evaluate(FAULTS) == [], page.url


def test_searching_works_without_scripts(running: World, plain_page: Page) -> None:
    page = plain_page
    running.tick("search.index")
    page.goto(running.app + HOME)
    page.get_by_role("searchbox").fill("收支")
    page.get_by_role("button", name="搜索").click()
    expect(page.locator("mark").first).to_have_text("收支")
    page.locator("a.item").first.click()
    expect(page.locator("article .lead")).to_be_visible()
