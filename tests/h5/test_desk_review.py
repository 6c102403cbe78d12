"""The desk's form of a category's own fields, and the whole review on the liaison officer's phone."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core import clock
from app.core.db import Database
from app.models import Disclosure
from app.models.disclosures import DisclosureState
from tests.h5.support import Form, Town, form_of, has_form, log_in, picture, press

NEW = "/desk/disclosures/new?category=finance"
CREATE = "/desk/disclosures"


def fill(form: Form, **changes: Any) -> dict[str, Any]:
    return form.data(
        **{
            "title": "十月份收支公开",
            "period": "2026-10",
            "f.income": "12万元",
            "f.expense": "80000",
            "r.1.direction": "支出",
            "r.1.item": "河道保洁",
            "r.1.amount": "1200.50",
            "then": "submit",
        }
        | changes
    )


def address_of(answer: Any) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).split("?")[0]


def drafted(client: TestClient, borrowed: Database, town: Town, **changes: Any) -> str:
    log_in(client, borrowed, town.information)
    form = form_of(client.get(NEW).text, CREATE)
    return address_of(client.post(form.action, data=fill(form, **changes)))


def key_of(address: str) -> str:
    return address.rsplit("/", 1)[1]


def test_a_category_shows_its_own_fields_and_writes_the_sentence(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    log_in(client, borrowed, town.information)
    chooser = client.get("/desk/disclosures/new").text
    assert "category=finance" in chooser
    page = client.get(NEW).text
    assert "月底结余" in page
    assert "所属期间" in page
    address = drafted(client, borrowed, town)
    page = client.get(address).text
    assert "80,000.00 元" in page
    assert "河道保洁" in page
    assert re.search(r'class="lead">[^<]{4,40}<', page)


def test_everything_typed_is_remembered(client: TestClient, borrowed: Database, town: Town) -> None:
    log_in(client, borrowed, town.information)
    form = form_of(client.get(NEW).text, CREATE)
    typed = fill(form, **{"r.2.direction": "支出", "r.2.item": "路灯", "r.2.amount": "很多", "body": "说明"})
    wrong = client.post(form.action, data=typed, files={"photos": ("a.png", picture(), "image/png")})
    assert wrong.status_code == 400
    assert "第 2 行「金额」" in wrong.text
    again = form_of(wrong.text, CREATE)
    for name in ("title", "f.income", "r.1.item", "r.2.amount", "body", "period"):
        assert again.fields[name] == [typed[name]], name
    assert len(again.fields["uploads"]) == 1
    mended = client.post(again.action, data=again.data(**{"r.2.amount": "30", "then": "save"}))
    edit = client.get(f"{address_of(mended)}/edit").text
    stored = form_of(edit, "/edit").fields
    assert stored["r.2.amount"] == ["30.00"]
    assert stored["f.income"] == ["120000.00"]
    assert "去掉「a.png」" in edit


def test_more_rows_pasted_lines_and_another_category(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    log_in(client, borrowed, town.information)
    form = form_of(client.get(NEW).text, CREATE)
    assert "r.3.item" in form.fields
    assert "r.4.item" not in form.fields
    lines = "收支\t项目\t笔数\t金额\n支出\t路灯电费\t1\t320\n收入,鱼塘租金,1,9000"
    more = client.post(form.action, data=fill(form, then="more", lines=lines))
    assert more.status_code == 200
    form = form_of(more.text, CREATE)
    assert form.fields["r.3.item"] == ["鱼塘租金"]
    assert form.fields["r.8.item"] == [""]
    assert form.fields["lines"] == [""]

    other = client.post(form.action, data=form.data(category="party_dues", then="submit"))
    assert other.status_code == 200
    changed = form_of(other.text, CREATE)
    assert changed.fields["fields_of"] == ["party_dues"]
    assert changed.fields["title"] == ["十月份收支公开"]
    assert "f.income" not in changed.fields

    wide = client.post(form.action, data=form.data(then="save", lines="支出,路灯,1,320,多一格"))
    assert wide.status_code == 400
    assert "粘贴的第 1 行有 5 格" in wide.text
    many = "\n".join(f"支出\t第{number}笔\t1\t10" for number in range(200))
    long = client.post(form.action, data=form.data(then="more", lines=many))
    assert "r.1.item" not in form_of(long.text, CREATE).fields
    assert len(form_of(long.text, CREATE).fields["lines"][0].splitlines()) == 203
    kept = client.post(form.action, data=form.data(then="save", lines=many))
    shown = client.get(address_of(kept)).text
    assert all(f">第{number}笔<" in shown for number in (0, 199))


def test_the_gate_stops_but_keeps_what_was_written(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    log_in(client, borrowed, town.information)
    form = form_of(client.get(NEW).text, CREATE)
    answer = client.post(form.action, data=fill(form, body="联系 13812345678"))
    assert answer.headers["location"].endswith("done=blocked")
    page = client.get(answer.headers["location"]).text
    assert "还没有提交" in page
    gate = re.search(r'href="(/desk/disclosures/[^"]+/privacy)"', page)
    assert gate
    assert client.get(gate[1]).status_code == 200


def test_the_reviewer_does_everything_on_his_phone(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    address = drafted(client, borrowed, town)
    assert not has_form(client.get(address).text, "/publish")
    log_in(client, borrowed, town.reviewer)
    assert address in client.get("/desk").text
    assert "等您审核" in client.get("/desk/disclosures").text
    page = client.get(address).text
    assert "等审核：期限" in page
    past = press(client, address, "/approve", text="2020-01-01T09:00")
    assert past.status_code == 400
    assert form_of(past.text, "/approve").fields["text"] == ["2020-01-01T09:00"]
    later = clock.local(clock.now() + timedelta(days=2))
    assert press(client, address, "/approve", text=f"{later:%Y-%m-%dT%H:%M}").status_code == 303
    waiting = client.get(address).text
    assert "待定时公开" in waiting
    assert "定时公开" in waiting
    assert client.get(f"{town.home}/d/{key_of(address)}").status_code == 404
    assert press(client, address, "/call-back").headers["location"].endswith("done=called_back")
    stale = press(client, address, "/publish", seen="7")
    assert stale.status_code == 409
    assert "刚才被修改过" in stale.text
    assert press(client, address, "/publish").headers["location"].endswith("done=published")
    assert client.get(f"{town.home}/d/{key_of(address)}").status_code == 200


def test_the_author_takes_back_what_he_handed_in(client: TestClient, borrowed: Database, town: Town) -> None:
    address = drafted(client, borrowed, town)
    assert press(client, address, "/call-back").status_code == 303
    assert client.get(f"{address}/edit").status_code == 200
    log_in(client, borrowed, town.reviewer)
    assert not has_form(client.get(address).text, "/publish")


def test_a_step_that_does_not_exist(client: TestClient, borrowed: Database, town: Town) -> None:
    address = drafted(client, borrowed, town)
    log_in(client, borrowed, town.reviewer)
    ticket = form_of(client.get(address).text, "/publish").fields["form"][0]
    assert client.post(f"{address}/sing", data={"form": ticket}).status_code == 404


def test_a_correction_is_written_compared_and_released(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    address = drafted(client, borrowed, town)
    log_in(client, borrowed, town.reviewer)
    press(client, address, "/publish")
    assert client.get(f"{address}/correct").status_code == 403
    log_in(client, borrowed, town.information)
    page = client.get(f"{address}/correct").text
    assert "category" in form_of(page, "/correct").fields
    form = form_of(page, "/correct")
    missing = client.post(form.action, data=form.data(then="submit", **{"f.expense": "70000"}))
    assert missing.status_code == 400
    assert form_of(missing.text, "/correct").fields["f.expense"] == ["70000"]
    form = form_of(missing.text, "/correct")
    sent = client.post(form.action, data=form.data(then="submit", reason="多写了一万元。"))
    assert address_of(sent) == address
    assert client.get(f"{address}/correct").status_code == 409
    second = client.post(form.action, data=form.data(then="save", reason="又一份"))
    assert second.status_code == 409
    assert "80,000.00 元" in client.get(f"{town.home}/d/{key_of(address)}").text

    log_in(client, borrowed, town.reviewer)
    page = client.get(address).text
    assert "80,000.00 元</del>" in page
    assert "70,000.00 元</ins>" in page
    assert "原因：多写了一万元。" in page
    assert press(client, address, "/correction-return", text="").status_code == 400
    assert press(client, address, "/correction-return", text="写明哪一笔").status_code == 303
    log_in(client, borrowed, town.information)
    assert "写明哪一笔" in client.get(address).text
    again = press(client, f"{address}/correct", "/correct", reason="保洁一笔多写一万元。", then="submit")
    assert again.status_code == 303, again.text
    log_in(client, borrowed, town.reviewer)
    assert press(client, address, "/correction-publish").status_code == 303
    assert "70,000.00 元" in client.get(f"{town.home}/d/{key_of(address)}").text
    assert press(client, address, "/withdraw", text="重复公开").status_code == 303
    assert "重复公开" in client.get(address).text


def test_a_correction_can_be_given_up(client: TestClient, borrowed: Database, town: Town) -> None:
    address = drafted(client, borrowed, town)
    log_in(client, borrowed, town.reviewer)
    press(client, address, "/publish")
    log_in(client, borrowed, town.information)
    press(client, f"{address}/correct", "/correct", reason="多写了一万元。", then="save")
    assert press(client, address, "/correction-drop").headers["location"].endswith("done=dropped")
    assert not has_form(client.get(address).text, "/correction-submit")


def test_an_urgent_notice_from_the_form(client: TestClient, borrowed: Database, town: Town) -> None:
    log_in(client, borrowed, town.information)
    form = form_of(client.get("/desk/disclosures/new?category=urgent&kind=urgent_notice").text, CREATE)
    assert form.fields["kind"] == ["urgent_notice"]
    typed = form.data(**{"title": "停水通知", "f.what": "今晚停水", "then": "submit"})
    missing = client.post(form.action, data=typed)
    assert missing.status_code == 400
    assert "失效" in missing.text
    ends = clock.local(clock.now() + timedelta(days=1))
    sent = client.post(form.action, data=typed | {"expires_at": f"{ends:%Y-%m-%dT%H:%M}"})
    address = address_of(sent)
    log_in(client, borrowed, town.inspector)
    assert press(client, address, "/publish").status_code == 303
    page = client.get(address).text
    assert "置顶中" in page
    assert "紧急通知" in page


@pytest.mark.parametrize("wrong", ["tomorrow", "2026-13-45T09:00"])
def test_times_that_cannot_be_read(client: TestClient, borrowed: Database, town: Town, wrong: str) -> None:
    log_in(client, borrowed, town.information)
    form = form_of(client.get(NEW).text, CREATE)
    answer = client.post(form.action, data=fill(form, publish_at=wrong))
    assert answer.status_code == 400
    assert "时间请写成" in answer.text


def test_what_failed_at_its_time_says_so_to_the_reviewer(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    address = drafted(client, borrowed, town)
    with borrowed.transaction() as session:
        row = session.get_one(Disclosure, uuid.UUID(key_of(address)))
        row.review_remark = "到时间没有公开：里面有个人信息。"
        assert row.state == DisclosureState.SUBMITTED
    log_in(client, borrowed, town.reviewer)
    assert "到时间没有公开" in client.get(address).text


def test_what_lost_its_persons_is_corrected_by_figures_and_table(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    address = drafted(client, borrowed, town)
    log_in(client, borrowed, town.reviewer)
    press(client, address, "/publish")
    with borrowed.transaction() as session:
        session.get_one(Disclosure, uuid.UUID(key_of(address))).reduced_at = clock.now()
    log_in(client, borrowed, town.information)
    form = form_of(client.get(f"{address}/correct").text, "/correct")
    assert form.fields["figures"][0].startswith("收入：120,000.00 元")
    assert "f.income" not in form.fields
    sent = client.post(form.action, data=form.data(then="save", reason="写错了", figures="支出：7 万元"))
    assert sent.status_code == 303, sent.text
    assert "7 万元" in client.get(address).text
