"""What a person does with the sandbox's phone page: pick up a phone, scan, write, tap, read what opens."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.journeys.story import FORM_SECONDS, NUMBER
from tests.waiting import eventually

FAULTS = Path(__file__).with_name("faults.js").read_text(encoding="utf-8")


class Ripe:
    """How long a person takes to fill in an anonymous form: what comes back sooner is refused."""

    def __init__(self) -> None:
        self.at = time.monotonic() + FORM_SECONDS

    def wait(self) -> None:
        """Until the form may be sent."""
        eventually(lambda: time.monotonic() > self.at)


class Hands:
    """The phone page in a browser, in somebody's hands."""

    def __init__(self, page: Page, sandbox: str) -> None:
        self.page = page
        self.inside: FrameLocator = page.frame_locator("#page-frame")
        page.goto(f"{sandbox}/phone")

    def pick(self, name: str, role: str = "村民") -> None:
        """Take the phone of somebody, who may be new."""
        people = self.page.get_by_test_id("tab-people")
        if people.is_visible():
            people.click()
        known = self.page.locator(f'[data-name="{name}"]:visible')
        if known.count():
            known.first.click()
        else:
            self.page.get_by_test_id("new-name").locator("visible=true").fill(name)
            self.page.get_by_test_id("new-role").locator("visible=true").select_option(role)
            self.page.get_by_test_id("new-submit").locator("visible=true").click()
        expect(self.page).to_have_title(f"{name}的手机")
        # The title is there before the scripts are: a tap that comes sooner is lost.
        self.page.wait_for_load_state("load")

    def scan(self, scene: str) -> None:
        """Scan an Official Account code that hangs around."""
        self.page.get_by_test_id("tab-scan").click()
        self.page.get_by_test_id("code-filter").fill(scene)
        code = self.page.locator(f'[data-kind="ticket"][data-scene="{scene}"]')
        code.click()
        expect(self.page.get_by_test_id("view-chat")).to_be_visible()

    def say(self, text: str) -> str:
        """Write in the chat; the number of the complaint in the answer."""
        if not self.page.get_by_test_id("say-text").is_visible():
            self.page.get_by_test_id("toggle-menu").click()
        self.page.get_by_test_id("say-text").fill(text)
        self.page.get_by_test_id("say-send").click()
        expect(self.last_bubble).to_contain_text(NUMBER)
        found = NUMBER.search(self.last_bubble.inner_text())
        assert found
        return found[0]

    def send_picture(self, picture: bytes) -> None:
        """Send a photo from the album."""
        self.page.get_by_test_id("picture-file").set_input_files(
            {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": picture}
        )
        expect(self.page.locator(".row.sent img")).to_be_visible()

    def template(self, *containing: str) -> Locator:
        """The template message that mentions all this."""
        found = self.page.get_by_test_id("template-message")
        for words in containing:
            found = found.filter(has_text=words)
        expect(found).to_have_count(1)
        return found

    def faults(self) -> list[str]:
        """What keeps people from reading the page that opened inside."""
        frame = self.page.frame("page-frame")
        assert frame is not None
        return list(frame.evaluate(FAULTS))

    def close_page(self) -> None:
        """Close the page that opened inside; the chat is there again."""
        self.page.get_by_test_id("page-close").click()
        expect(self.page.get_by_test_id("page")).to_be_hidden()

    @property
    def last_bubble(self) -> Locator:
        """The account's or the person's last words in the chat."""
        return self.page.get_by_test_id("bubble").last

    def heading(self, words: str | re.Pattern[str]) -> None:
        """The page that opened inside is this one."""
        expect(self.inside.locator("h1")).to_contain_text(words)
