"""The main job by clicking: the sandbox's phone in a real browser, the product's pages inside it."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Hands, Ripe
from tests.journeys.story import NUMBER, RECEIPT, VILLAGE, Demo, officer_id, photo
from tests.journeys.world import World

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LIAISON = f"{VILLAGE}.liaison"


def _new(name: str) -> str:
    """A person whom no other test meets."""
    return name + secrets.token_hex(2)


def test_scan_read_complain_push_answer_rate(running: World, demo: Demo, page: Page) -> None:
    villager, liaison = _new("王阿婆"), demo.logins[LIAISON]["name"]
    phone = Hands(page, running.sandbox)

    phone.pick(villager)
    phone.scan(VILLAGE)
    expect(phone.last_bubble).to_contain_text("东联村")
    _read_a_disclosure(phone)
    number = phone.say("反映 村口路灯坏了三天，晚上看不见路")
    expect(phone.last_bubble).to_contain_text(re.compile(r"\d+月\d+日前答复"))
    phone.send_picture(photo())
    expect(phone.last_bubble).to_contain_text(f"图片已附在诉求 {number}")

    _bind(phone, demo, liaison)
    _accept_and_answer(phone, number)

    phone.pick(villager)
    phone.template(number, "已答复").click()
    phone.heading("诉求进度")
    expect(phone.inside.locator(".card.answer")).to_contain_text("路灯已换新")
    assert phone.faults() == []
    phone.inside.get_by_role("radio", name="满意", exact=True).check()
    phone.inside.get_by_role("button", name="提交评价").click()
    expect(phone.inside.get_by_role("status")).to_contain_text("谢谢您的评价")
    expect(phone.inside.locator(".timeline")).to_contain_text("办结")


def _read_a_disclosure(phone: Hands) -> None:
    phone.page.get_by_test_id("message-link").filter(has_text="公开信息").click()
    phone.heading("东联村")
    first = phone.inside.locator(f'a.item[href^="/v/{VILLAGE}/d/"]').first
    title = first.locator("strong").inner_text()
    first.click()
    phone.heading(title)
    assert len(phone.inside.locator("article").inner_text()) > 30
    phone.close_page()


def _bind(phone: Hands, demo: Demo, liaison: str) -> None:
    """The administrator issues a code; the officer finds it on top of the scan tab."""
    with demo.admin() as admin:
        admin.post(f"/officers/{officer_id(admin, LIAISON)}/binding")
    phone.pick(liaison, "工作人员")
    phone.page.get_by_test_id("tab-scan").click()
    newest = phone.page.get_by_test_id("code").first
    expect(newest).to_contain_text("分钟内有效")
    newest.click()
    expect(phone.page.get_by_test_id("bubble").filter(has_text="绑定成功")).to_be_visible()


def _accept_and_answer(phone: Hands, number: str) -> None:
    message = phone.template(number)
    expect(message).not_to_contain_text("路灯")
    message.click()
    phone.heading("诉求办理")
    desk = phone.inside
    expect(desk.locator("main")).to_contain_text("村口路灯坏了三天")
    expect(desk.get_by_role("img", name="图片 1")).to_be_visible()
    assert phone.faults() == []
    desk.get_by_role("button", name="受理").click()
    expect(desk.get_by_role("status")).to_contain_text("已受理")
    desk.get_by_label("办理结果").fill("路灯已换新，请看照片。")
    desk.get_by_label("办理照片").set_input_files(
        {"name": "灯.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    desk.get_by_role("button", name="提交答复").click()
    expect(desk.get_by_role("status")).to_contain_text("已答复")
    phone.close_page()


def test_the_menu_leads_to_the_village_that_was_scanned(running: World, page: Page) -> None:
    phone = Hands(page, running.sandbox)
    phone.pick(_new("李大伯"))
    phone.scan(VILLAGE)
    page.get_by_test_id("menu-button").filter(has_text="看公开").click()
    phone.heading("东联村")


def test_mini_program_named(running: World, page: Page) -> None:
    words = f"公交站牌倒了，麻烦扶起来{secrets.token_hex(2)}"
    phone = Hands(page, running.sandbox)
    phone.pick(_new("小陈"))
    _open_mini_program(page)
    page.get_by_test_id("mini-disclosure").first.click()
    expect(page.locator("#mini-title")).to_have_text("公开详情")
    expect(page.get_by_test_id("mini-page").locator("h3")).to_be_visible()
    page.get_by_test_id("mini-back").click()
    page.get_by_test_id("mini-complain").click()
    page.get_by_test_id("mini-content").fill(words)
    page.get_by_test_id("mini-file").set_input_files(
        {"name": "站牌.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    page.get_by_test_id("mini-submit").click()
    done = page.get_by_test_id("mini-done")
    expect(done).to_contain_text(NUMBER)
    expect(done).to_contain_text("前答复")
    page.get_by_test_id("mini-home").click()
    page.get_by_test_id("mini-mine").click()
    expect(page.get_by_test_id("mini-complaint")).to_have_count(1)
    page.get_by_test_id("mini-complaint").filter(has_text=words).click()
    expect(page.locator(".timeline")).to_contain_text("东联村")


def test_mini_program_anonymous(running: World, page: Page) -> None:
    phone = Hands(page, running.sandbox)
    phone.pick(_new("小赵"))
    _open_mini_program(page)
    page.get_by_test_id("mini-complain").click()
    expect(page.get_by_test_id("mini-form")).to_be_visible()
    ripe = Ripe()
    page.get_by_test_id("mini-content").fill("集体仓库的门锁坏了，东西会丢")
    page.get_by_test_id("mini-anonymous").check()
    ripe.wait()
    page.get_by_test_id("mini-submit").click()
    receipt = page.get_by_test_id("mini-done").locator(".mini-receipt")
    expect(receipt).to_have_text(RECEIPT)
    code = receipt.inner_text()
    page.get_by_test_id("mini-home").click()
    page.get_by_test_id("mini-status").click()
    page.get_by_test_id("mini-receipt-typed").fill(code)
    page.get_by_test_id("mini-status-submit").click()
    expect(page.get_by_test_id("mini-page")).to_contain_text("门锁坏了")


def _open_mini_program(page: Page) -> None:
    page.get_by_test_id("tab-mini").click()
    page.get_by_test_id("mini-village").filter(has_text="东联村").click()
    expect(page.get_by_test_id("mini-disclosure").first).to_be_visible()
