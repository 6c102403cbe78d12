"""The phone page in a real browser: scan, chat, template message, page inside, Mini Program tab."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import chromium
from tests.sandbox.support import OFFICER, VILLAGER, Receiver, config_for, running, text_reply

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def page() -> Iterator[Page]:
    """A phone-sized page; any script error fails the test."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert errors == []


def test_a_villager_scans_writes_and_taps(receiver: Receiver, page: Page) -> None:
    with running(config_for(receiver.url)) as sandbox:
        body = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "330109:door"}}}
        sandbox.post("/cgi-bin/qrcode/create", body)
        button = [{"name": "看村务", "sub_button": [{"type": "click", "name": "帮助", "key": "help"}]}]
        sandbox.post("/cgi-bin/menu/create", {"button": button})
        receiver.answer = lambda got: (
            200,
            text_reply(got, f'<a href="{sandbox.address}/healthz">村务</a><b>'),
        )
        page.goto(f"{sandbox.address}/phone")
        page.locator(f'[data-name="{VILLAGER}"]:visible').click()
        expect(page.get_by_test_id("follow")).to_be_visible()
        page.get_by_test_id("tab-scan").click()
        page.locator('[data-scene="330109:door"]').click()
        expect(page.get_by_test_id("bubble").last).to_have_text("村务<b>")
        page.get_by_test_id("menu-button").first.click()
        page.get_by_test_id("menu-button").last.click()
        expect(page.get_by_test_id("bubble")).to_have_count(2)
        page.get_by_test_id("toggle-menu").click()
        page.get_by_test_id("say-text").fill("反映 路灯坏了")
        page.get_by_test_id("say-send").click()
        expect(page.locator(".row.sent")).to_have_text(["王反映 路灯坏了"])
        sandbox.send_template("审核任务提醒", url=f"{sandbox.address}/healthz")
        page.get_by_test_id("template-message").click()
        expect(page.frame_locator("#page-frame").locator("body")).to_contain_text("ok")
        page.get_by_test_id("page-close").click()
        expect(page.get_by_test_id("page")).to_be_hidden()
        assert receiver.events == ["subscribe", "CLICK", "text", "TEMPLATESENDJOBFINISH"]


def test_switching_people_shows_unread_and_swaps_cookies(receiver: Receiver, page: Page) -> None:
    with running(config_for(receiver.url)) as sandbox:
        for name in (VILLAGER, OFFICER):
            sandbox.control("follow", persona=name)
        page.goto(f"{sandbox.address}/phone?persona={VILLAGER}")
        expect(page.locator("#others-unread")).to_have_text("1")
        page.context.add_cookies([{"name": "session", "value": "villager", "url": sandbox.address}])
        page.get_by_test_id("tab-people").click()
        page.locator(f'[data-name="{OFFICER}"]:visible').click()
        expect(page).to_have_title(f"{OFFICER}的手机")
        assert [item["name"] for item in page.context.cookies()] == ["sandbox_persona"]
        page.get_by_test_id("tab-people").click()
        page.locator(f'[data-name="{VILLAGER}"]:visible').click()
        expect(page).to_have_title(f"{VILLAGER}的手机")
        cookies = {item["name"]: item for item in page.context.cookies()}
        assert (cookies["session"]["value"], cookies["session"]["httpOnly"]) == ("villager", True)


def test_bad_codes_are_explained(receiver: Receiver, page: Page) -> None:
    with running(config_for(receiver.url)) as sandbox:
        page.goto(f"{sandbox.address}/phone?persona={VILLAGER}")
        page.get_by_test_id("tab-scan").click()
        page.get_by_test_id("scan-content").fill("随便写的")
        page.get_by_test_id("scan-submit").click()
        expect(page.get_by_test_id("scan-error")).to_contain_text("认不出这个码")
        page.get_by_test_id("tab-mini").click()
        expect(page.get_by_test_id("mini-page")).to_contain_text("小程序找不到服务")
