"""The main job, played over HTTP alone against a running installation with the sandbox:

    make story            (with `make demo` running; MASHANG_DATA_DIR names its data directory)

One line per step, exit code 1 at the first step that does not hold. May be played again and again."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image

from tests.journeys.people import Browser, Office, Page, Phone
from tests.waiting import eventually

VILLAGE = "donglian"
TOWN = "yinong"
RULE = "contract.expiring"
NUMBER = re.compile(r"GD\d{8}-[0-9A-Z]{4}")
FORM_SECONDS = 4.2
RECEIPT = re.compile(r"\b\d{4} \d{4} \d{4} \d{4}\b")


@dataclass
class Demo:
    """Where the installation is and who may log in, as `demo.json` says."""

    app: str
    sandbox: str
    admin_token: str
    logins: dict[str, dict[str, str]]
    say: Callable[[str], None] = print
    phones: dict[str, Phone] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> Demo:
        """Read `demo.json`."""
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        logins = {entry["login"]: entry for entry in read["logins"]}
        return cls(read["app"], read["sandbox"], read["admin_token"], logins)

    def admin(self) -> Office:
        """The platform administrator at the REST interface."""
        return Office(self.app, self.admin_token)

    def office(self, login: str) -> Office:
        """An officer at the REST interface."""
        return Office.login(self.app, login, self.logins[login]["password"])

    def phone(self, name: str, role: str = "villager") -> Phone:
        """Somebody's phone; the same one for the same name."""
        if name not in self.phones:
            self.phones[name] = Phone(self.sandbox, self.app, name, role)
        return self.phones[name]

    def staff(self, login: str) -> Phone:
        """An officer's phone."""
        return self.phone(self.logins[login]["name"], "officer")

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """One step: a line when it holds, a line and the reason when it does not."""
        begin = time.perf_counter()
        try:
            yield
        except Exception:
            self.say(f"✗ {words}")
            raise
        self.say(f"✓ {words} ({time.perf_counter() - begin:.1f} s)")

    def close(self) -> None:
        """Hang up all phones."""
        for phone in self.phones.values():
            phone.http.close()
            phone.browser.http.close()


def photo() -> bytes:
    """A picture, as a phone takes one."""
    picture = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 160)).save(picture, "JPEG")
    return picture.getvalue()


def officer_id(admin: Office, login: str) -> str:
    """The id behind a login."""
    after = None
    while True:
        query = {"limit": 200, **({"after": after} if after else {})}
        listed = admin.get("/officers", **query)
        for officer in listed["items"]:
            if officer["login"] == login:
                return str(officer["id"])
        after = listed["next"]
        assert after, f"no officer {login}"


def complaint_id(admin: Office, number: str) -> str:
    """The id behind a number, among the newest complaints of the village."""
    listed = admin.get("/complaints", village=VILLAGE, limit=50)["items"]
    return str(next(item["id"] for item in listed if item["number"] == number))


# --- point 5: officers are bound by scanning ------------------------------------------------------


def bind(demo: Demo, login: str) -> Phone:
    """The administrator issues a code, the officer scans it with his own phone."""
    phone = demo.staff(login)
    with demo.step(f"{demo.logins[login]['name']}（{login}）扫一次性绑定码"), demo.admin() as admin:
        issued = admin.post(f"/officers/{officer_id(admin, login)}/binding")
        answer = phone.scan(issued["url"])
        assert "绑定成功" in answer, answer
    return phone


def play_binding(demo: Demo) -> None:
    """Bind, refuse the used code, unbind, see messages wait, bind again and see them arrive."""
    login = f"{VILLAGE}.liaison"
    phone = bind(demo, login)
    with demo.admin() as admin:
        key = officer_id(admin, login)
        with demo.step("用过的绑定码，别人再扫无效"):
            issued = admin.post(f"/officers/{key}/binding")
            assert "绑定成功" in phone.scan(issued["url"])
            refused = demo.phone("路人" + secrets.token_hex(2)).scan(issued["url"])
            assert "无效或已被使用" in refused, refused
        with demo.step("解除绑定后，新任务留在收件箱并列为未送达"):
            answer = admin.http.delete(f"/officers/{key}/binding")
            assert answer.status_code == 204, answer.text
            number = file_by_chat(demo, follow(demo, "解绑测试"), "公厕的门坏了，麻烦修一下")
            complaint = complaint_id(admin, number)
            unreached = admin.get("/outbox/unreached", limit=200)["items"]
            assert [item["officer"]["id"] for item in unreached if item["subject_id"] == complaint] == [key]
        with demo.step("重新绑定，等着的任务随即送到"):
            bind_again = admin.post(f"/officers/{key}/binding")
            assert "绑定成功" in phone.scan(bind_again["url"])
            eventually(lambda: phone.templates(number))


# --- point 3: scan, read, complain, push, answer, rate --------------------------------------------


def follow(demo: Demo, name: str) -> Phone:
    """A new villager scans the village's code and follows the account."""
    phone = demo.phone(name + secrets.token_hex(2))
    with demo.admin() as admin:
        codes = admin.get("/qr-codes", village=VILLAGE)["items"]
        content = next(code["official_url"] for code in codes if code["place"] == "")
    greeting = phone.scan(content)
    assert "东联村" in greeting, greeting
    return phone


def file_by_chat(demo: Demo, phone: Phone, words: str) -> str:
    """Say 反映 … in the chat; the number of the complaint."""
    reply = phone.say(f"反映 {words}")
    found = NUMBER.search(reply)
    assert found, reply
    assert re.search(r"\d+月\d+日前答复", reply), reply
    return found[0]


def play_complaint(demo: Demo) -> None:
    """From the scan to the second answer, every step in the timeline."""
    liaison, town = bind(demo, f"{VILLAGE}.liaison"), bind(demo, f"{TOWN}.town")
    with demo.step("村民扫村里的码，收到问候和入口"):
        villager = follow(demo, "王阿婆")
    with demo.step("打开村主页，读一条公开信息"):
        read_disclosure(demo, villager)
    with demo.step("聊天里「反映 …」加照片，得到编号和答复日期"):
        number = file_by_chat(demo, villager, "村口的路灯坏了三天，晚上看不见路")
        assert number in villager.send_picture()
        assert "不能匿名" in villager.say("我想匿名反映")
    with demo.step("联络员手机收到模板消息，不含内容"):
        message = eventually(lambda: liaison.templates(number))[0]
        assert "路灯" not in str(message)
    with demo.step("点开就是工作台，看到照片，受理并带照片答复"):
        page = liaison.tap(message)
        assert "路灯坏了三天" in page.words, page.words
        eventually(lambda: "/files/" in liaison.browser.open(page.url).text)
        page = liaison.browser.submit(liaison.browser.open(page.url), "/accept")
        page = liaison.browser.submit(page, "/answer", [("灯.jpg", photo())], text="路灯已换新，请看照片。")
        assert page.status == 200, page.status
    with demo.step("村民收到通知，看到答复，评价不满意"):
        progress = eventually(lambda: [m for m in villager.templates(number) if "已答复" in str(m)])[0]
        page = villager.tap(progress)
        assert "路灯已换新" in page.words
        villager.browser.submit(page, "/rate", satisfaction="unsatisfied", reason="只修了一盏")
    with demo.step("自动升到镇里重办，镇里再答复，村民满意，办结"):
        page = town.tap(eventually(lambda: town.templates(number))[0])
        page = town.browser.submit(page, "/answer", text="全村路灯已检修完毕。")
        final = eventually(lambda: [m for m in villager.templates(number) if "已答复" in str(m)][1:])
        villager.browser.submit(villager.tap(final[0]), "/rate", satisfaction="satisfied")
    with demo.step("每一步都在时间线上"):
        check_timeline(demo, number)


def read_disclosure(demo: Demo, villager: Phone) -> None:
    """The home page, then the first disclosure on it."""
    home = villager.browser.open(f"{demo.app}/v/{VILLAGE}")
    assert home.status == 200
    assert "东联村" in home.words
    item = villager.browser.open(home.links(f"/v/{VILLAGE}/d/")[0])
    assert item.status == 200
    assert len(item.words) > 100


def check_timeline(demo: Demo, number: str) -> None:
    """What the administrator reads of the complaint."""
    with demo.admin() as admin:
        complaint = admin.get(f"/complaints/{complaint_id(admin, number)}")
    kinds = [event["kind"] for event in complaint["events"]]
    wanted = [
        *("filed", "assigned", "added", "accepted", "answered", "rated"),
        *("reopened", "assigned", "answered", "rated", "closed"),
    ]
    assert kinds == wanted, kinds
    assert complaint["state"] == "closed"
    assert complaint["level"] == "town"


def play_anonymous(demo: Demo) -> None:
    """The page without login: a receipt, and the answer behind it."""
    liaison = bind(demo, f"{VILLAGE}.liaison")
    words = f"集体仓库的门锁坏了{secrets.token_hex(2)}，东西会丢"
    with demo.step("页面上匿名反映，不带任何 cookie，得到 16 位查询码"), Browser(demo.app) as browser:
        form = browser.open(f"{demo.app}/v/{VILLAGE}/complain/anonymous")
        ripe = (
            time.monotonic() + FORM_SECONDS
        )  # a form that is sent back at once was not filled in by a person
        eventually(lambda: time.monotonic() > ripe)
        filed = browser.submit(form, "/complain/anonymous", content=words, category="complaint")
        receipt, number = RECEIPT.search(filed.words), NUMBER.search(filed.words)
        assert receipt, filed.words[:500]
        assert number, filed.words[:500]
        assert not browser.http.cookies, list(browser.http.cookies.keys())
    with demo.step("联络员答复，匿名人凭查询码看到"):
        page = liaison.tap(eventually(lambda: liaison.templates(number[0]))[0])
        assert words in page.words
        liaison.browser.submit(page, "/answer", text="锁已换好。")
        with Browser(demo.app) as browser:
            status = browser.submit(browser.open(f"{demo.app}/s"), "/s", receipt=receipt[0])
            assert "锁已换好" in status.words, status.words[:300]
            wrong = browser.submit(browser.open(f"{demo.app}/s"), "/s", receipt="0000 0000 0000 0000")
            assert "没有查到" in wrong.words


def play_miniprogram(demo: Demo) -> None:
    """The Mini Program's interface: log in, read, complain, see it."""
    with demo.step("小程序登录、看公开、提诉求、查进度"):
        phone = demo.phone("小陈")
        with Office(demo.app) as client:
            client.http.base_url = demo.app + "/miniprogram/v1"
            token = client.post("/login", code=phone.login_code())["token"]
            client.http.headers["authorization"] = f"Bearer {token}"
            items = client.get(f"/villages/{VILLAGE}/disclosures")["items"]
            assert client.get(f"/disclosures/{items[0]['id']}")["title"]
            filed = client.post(
                "/complaints", village=VILLAGE, category="request", content="想问问医保怎么续交，去哪里办"
            )
            own = client.get("/complaints")["items"]
            assert filed["number"] in {item["number"] for item in own}


# --- point 4: a lease ends ------------------------------------------------------------------------


def play_warning(demo: Demo) -> None:
    """A lease ends: warning, push, notice, clearing, closing by a second person."""
    review, town = bind(demo, f"{VILLAGE}.review"), bind(demo, f"{TOWN}.town")
    title = f"村口鱼塘承包（{secrets.token_hex(2)}）"
    with demo.office(f"{VILLAGE}.info") as info, demo.admin() as admin:
        with demo.step("登记一份 20 天后到期的出租合同，规则按日运行"):
            run(admin)  # what was waiting anyway goes out first, in a message of its own
            contract = info.post("/contracts", **_lease(title))
            run(admin)
            [warning] = _warnings(admin, contract["id"])
            assert warning["colour"] == "yellow"
            assert "东联村" in warning["basis"]
        with demo.step("联络员和镇里各收到一次，再运行也不重复"):
            link = f"/desk/warnings/{warning['id']}"
            for phone in (review, town):
                eventually(lambda phone=phone: _about(phone, link))
            run(admin)
            assert [len(_about(phone, link)) for phone in (review, town)] == [1, 1]
        with demo.step("联络员点开预警并签收"):
            page = review.tap(_about(review, link)[0])
            assert title in page.words
            review.browser.submit(page, "/acknowledge")
        with demo.step("没有整改就不能销号"), demo.office(f"{TOWN}.town") as inspector:
            refused = inspector.refused(f"/warnings/{warning['id']}/close", reason="mended")
            assert refused == "warning.state_wrong", refused
        with demo.step("信息员起草重新招租公告，联络员审核公开"):
            publish_notice(demo, info, review, contract["id"])
        with demo.step("下一次运行凭证据解除，第二个人复核销号"):
            run(admin)
            [cleared] = _warnings(admin, contract["id"])
            assert cleared["state"] == "cleared", cleared["state"]
            page = town.browser.open(f"{demo.app}{link}")
            town.browser.submit(page, "/close", reason="mended")
            closed = admin.get(f"/warnings/{warning['id']}")
            assert closed["state"] == "closed", closed["state"]
            assert [event["kind"] for event in closed["events"]] == [
                *("fired", "acknowledged", "cleared", "closed")
            ]


def _lease(title: str) -> dict[str, Any]:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    return {
        "village": VILLAGE,
        "number": "GS-" + secrets.token_hex(4),
        "kind": "lease_out",
        "title": title,
        "counterparty": "某某水产专业合作社",
        "starts_on": (today - timedelta(days=1000)).isoformat(),
        "ends_on": (today + timedelta(days=20)).isoformat(),
        "amount_fen": 3_600_000,
    }


def run(admin: Office) -> None:
    """Evaluate the rule now."""
    admin.post(f"/rules/{RULE}/run")


def _warnings(admin: Office, contract_id: str) -> list[dict[str, Any]]:
    listed = admin.get("/warnings", village=VILLAGE, limit=200)["items"]
    return [item for item in listed if contract_id in str(item)]


def _about(phone: Phone, link: str) -> list[dict[str, Any]]:
    return [message for message in phone.templates() if link in str(message.get("url", ""))]


def publish_notice(demo: Demo, info: Office, reviewer: Phone, contract_id: str) -> Page:
    """Draft and submit by the information officer; the reviewer's phone does the review."""
    notice = info.post(
        "/disclosures",
        village=VILLAGE,
        category="leasing",
        kind="retender_notice",
        contract_id=contract_id,
        title="村口鱼塘重新招租公告",
        summary="鱼塘下月到期，重新招租，欢迎报名。",
        body="鱼塘 12 亩，起租价每年 3.6 万元，报名到村委会。",
    )
    info.post(f"/disclosures/{notice['id']}/submit")
    link = f"/desk/disclosures/{notice['id']}"
    page = reviewer.tap(eventually(lambda: _about(reviewer, link))[0])
    page = reviewer.browser.submit(page, "/publish")
    public = reviewer.browser.open(f"{demo.app}/v/{VILLAGE}/d/{notice['id']}")
    assert "重新招租公告" in public.words
    return public


CHAPTERS = (play_binding, play_complaint, play_anonymous, play_miniprogram, play_warning)


def main() -> int:
    """Play all chapters against the demo of MASHANG_DATA_DIR (default var)."""
    path = Path(os.environ.get("MASHANG_DATA_DIR", "var")) / "demo.json"
    if not path.exists():
        sys.stderr.write(f"{path} is missing: start the demo first (make demo).\n")
        return 2
    demo = Demo.of(path)
    try:
        for chapter in CHAPTERS:
            chapter(demo)
    except (AssertionError, KeyError, OSError, ValueError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    finally:
        demo.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
