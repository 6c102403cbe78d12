"""The product's pages in a real browser: without scripts, and readable by everybody."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from app.demo.people import DEMO_PASSWORD
from tests.browser.conftest import PHONE
from tests.browser.hands import FAULTS, Ripe
from tests.journeys.story import NUMBER, RECEIPT, VILLAGE, photo
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

HOME = f"/v/{VILLAGE}"


def _log_in(page: Page, app: str, login: str) -> None:
    page.goto(f"{app}/desk/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.locator(".tabbar")).to_contain_text("待办")


def _file_anonymously(page: Page, app: str) -> tuple[str, str]:
    """From the village page to the receipt: the number and the receipt."""
    page.goto(app + HOME)
    page.get_by_role("link", name="我要反映").first.click()
    page.get_by_role("link", name="匿名反映").click()
    expect(page).to_have_url(re.compile("/complain/anonymous$"))
    ripe = Ripe()
    page.get_by_label("把事情说清楚").fill("集体仓库的门锁坏了三天，东西会丢")
    page.get_by_label("照片").set_input_files({"name": "锁.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    ripe.wait()
    page.get_by_role("button", name="匿名提交").click()
    expect(page.locator("h1")).to_have_text("提交成功")
    words = page.locator("main").inner_text()
    number, receipt = NUMBER.search(words), RECEIPT.search(words)
    assert number, words
    assert receipt, words
    return number[0], receipt[0]


def _look_up(page: Page, app: str, receipt: str) -> None:
    page.goto(f"{app}/s")
    page.get_by_label("查询码").fill(receipt)
    page.get_by_role("button", name="查").click()
    expect(page.locator("h1")).to_have_text("办理进度")


def test_anonymous_complaint_receipt_and_status(running: World, page: Page) -> None:
    number, receipt = _file_anonymously(page, running.app)
    assert page.context.cookies() == []
    _look_up(page, running.app, receipt)
    expect(page.locator("main")).to_contain_text(number)
    expect(page.get_by_role("img", name="图片 1")).to_be_visible()
    page.get_by_label("补充说明").fill("昨晚又少了两把铁锹")
    page.get_by_role("button", name="提交补充").click()
    expect(page.locator(".timeline")).to_contain_text("两把铁锹")


def test_everything_works_without_scripts(running: World, plain_page: Page) -> None:
    page = plain_page
    number, receipt = _file_anonymously(page, running.app)
    page.goto(running.app + HOME)
    page.locator(f'a.item[href^="{HOME}/d/"]').first.click()
    expect(page.locator("article")).to_be_visible()
    _log_in(page, running.app, f"{VILLAGE}.liaison")
    page.get_by_role("link", name=re.compile(number)).click()
    page.get_by_role("button", name="受理").click()
    expect(page.get_by_role("status")).to_contain_text("已受理")
    page.get_by_label("办理结果").fill("门锁已换好。")
    page.get_by_role("button", name="提交答复").click()
    expect(page.get_by_role("status")).to_contain_text("已答复")
    _look_up(page, running.app, receipt)
    page.get_by_role("radio", name="满意", exact=True).check()
    page.get_by_role("button", name="提交评价").click()
    expect(page.locator(".timeline")).to_contain_text("办结")


def test_pages_can_be_read_by_everybody(running: World, page: Page) -> None:
    running.tick("rules.run")
    faults: dict[str, list[str]] = {}

    def look(address: str) -> None:
        page.goto(running.app + address)
        _note(page, faults)

    for address in ("/", HOME, f"{HOME}/complain/anonymous", "/s", "/desk/login"):
        look(address)
    for shelf in (f'a[href^="{HOME}/c/"]', f'a[href^="{HOME}/d/"]'):
        page.goto(running.app + HOME)
        page.locator(shelf).first.click()
        _note(page, faults)
    _, receipt = _file_anonymously(page, running.app)
    _note(page, faults)
    _look_up(page, running.app, receipt)
    _note(page, faults)
    for login in (f"{VILLAGE}.review", f"{VILLAGE}.info"):
        _log_in(page, running.app, login)
        _note(page, faults)
        for place in ("complaints", "warnings", "disclosures", "inbox"):
            look(f"/desk/{place}")
            if place != "inbox" and page.locator("a.item").count():
                page.locator("a.item").first.click()
                _note(page, faults)
    look("/desk/disclosures/new")
    assert faults == {}


def _note(page: Page, faults: dict[str, list[str]]) -> None:
    expect(page.locator("main")).to_be_visible()
    for size in ("normal", "big"):
        page.evaluate("size => { document.documentElement.className = size; }", size)
        found = page.evaluate(FAULTS)
        if found:
            faults[f"{size}: {page.title()}"] = found


def test_failures_are_explained(running: World, browser: Browser) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{running.app}/v/nowhere")
    expect(page.get_by_role("alert")).to_contain_text("没有找到这个村社")
    assert page.evaluate(FAULTS) == []
    page.goto(f"{running.app}/s")
    page.get_by_label("查询码").fill("0000 0000 0000 0000")
    page.get_by_role("button", name="查").click()
    expect(page.get_by_role("alert")).to_contain_text("没有查到")
    assert page.evaluate(FAULTS) == []
    page.close()
