"""The Mini Program tab of the sandbox's phone against the real face: the client that the document describes,
used by clicking. It logs in through `jscode2session` of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.core import clock
from app.core.db import Database
from app.models import Complaint, OutgoingMessage
from app.models.base import WorkState
from app.models.complaints import ComplaintChannel
from app.services.deliveries import Channel
from tests.browser.chromium import chromium
from tests.installed import demo_database
from tests.journeys.world import World, world
from tests.miniprogram_api.conftest import picture
from tests.support import eventually

pytestmark = pytest.mark.browser
PERSONA = "王阿婆"
WORDS = "三组路口的路灯坏了三天，晚上看不见路。"
SECRET = "村里的鱼塘没有招标就租出去了。"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """App, sandbox and worker for both tests: each complains with words of its own."""
    home = tmp_path_factory.mktemp("tab")
    with demo_database(home) as url:
        opened = Database(url, pool_size=12)
        with world(opened, home) as started:
            yield started
        opened.dispose()


@pytest.fixture
def database(installation: World) -> Database:
    return installation.context.database


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(installation: World, browser: Browser) -> Iterator[Page]:
    """A phone-sized page at the Mini Program tab; any script error fails the test."""
    errors: list[str] = []
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{installation.sandbox}/phone?persona={PERSONA}")
    page.get_by_test_id("tab-mini").click()
    yield page
    context.close()
    assert errors == []


def open_form(page: Page, words: str) -> None:
    page.get_by_test_id("mini-village").filter(has_text="东联村").click()
    expect(page.get_by_test_id("mini-disclosure").first).to_be_visible()
    page.get_by_test_id("mini-complain").click()
    page.get_by_test_id("mini-category").select_option("public_works")
    page.get_by_test_id("mini-content").fill(words)


def test_a_villager_reads_complains_with_a_photo_and_follows_it(
    page: Page, database: Database, tmp_path: Path
) -> None:
    photo = tmp_path / "路灯.jpg"
    photo.write_bytes(picture())
    open_form(page, WORDS)
    page.get_by_test_id("mini-file").set_input_files(photo)
    page.get_by_test_id("mini-submit").click()
    expect(page.get_by_test_id("mini-done")).to_contain_text("编号 GD")
    page.get_by_test_id("mini-consent").click()
    expect(page.locator("body")).to_contain_text("有进度时会通知您")
    page.get_by_test_id("mini-home").click()
    page.get_by_test_id("mini-mine").click()
    page.get_by_test_id("mini-complaint").click()
    expect(page.get_by_test_id("mini-page")).to_contain_text(WORDS)
    expect(page.get_by_test_id("mini-page")).to_contain_text("诉求已提交。")
    expect(page.locator(".mini-picture")).to_have_js_property("complete", True)
    assert page.locator(".mini-picture").evaluate("image => image.naturalWidth") == 40
    with database.reading() as session:
        filed = session.scalars(select(Complaint).where(Complaint.content == WORDS)).one()
        assert filed.channel == ComplaintChannel.MINIPROGRAM
        mine = select(OutgoingMessage.channel).where(
            OutgoingMessage.villager_id == filed.villager_id, OutgoingMessage.state == WorkState.DONE
        )

    def sent() -> Sequence[str | None]:
        with database.reading() as session:
            return session.scalars(mine).all()

    # What waited for the consent went out as a subscribe message.
    assert eventually(sent, what="the message") == [Channel.SUBSCRIBE]
    page.get_by_test_id("mini-back").click()
    page.get_by_test_id("tab-chat").click()
    page.get_by_test_id("template-message").last.click()
    expect(page.get_by_test_id("mini-page")).to_contain_text(WORDS)


def test_an_anonymous_complaint_is_followed_by_its_receipt(page: Page, database: Database) -> None:
    open_form(page, SECRET)
    page.get_by_test_id("mini-anonymous").check()
    receipt = page.locator(".mini-receipt")
    with time_machine.travel(clock.now() + timedelta(minutes=1), tick=True):  # a person types that long
        page.get_by_test_id("mini-submit").click()
        expect(receipt).to_be_visible()
    typed = receipt.inner_text()
    page.get_by_test_id("mini-home").click()
    page.get_by_test_id("mini-status").click()
    page.get_by_test_id("mini-receipt-typed").fill(typed)
    page.get_by_test_id("mini-status-submit").click()
    expect(page.get_by_test_id("mini-page")).to_contain_text(SECRET)
    with database.reading() as session:
        row = session.scalars(select(Complaint).where(Complaint.content == SECRET)).one()
        assert (row.anonymous, row.villager_id) == (True, None)
