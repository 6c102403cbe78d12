"""The officers' desk: what waits, taking steps, who may not see what."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient

from app.core import clock
from app.core.db import Database
from app.models import Complaint, Contract, EarlyWarning
from app.models.complaints import ComplaintState
from app.models.disclosures import DisclosureState
from app.rules import by_key
from app.services import disclosures, outbox
from app.services.actors import Administrator
from app.services.warnings import evaluation
from tests import factories
from tests.h5.support import Town, form_of, has_form, log_in, picture, press

ADMIN = Administrator("test")


@pytest.fixture
def complaint(borrowed: Database, town: Town) -> Complaint:
    with borrowed.transaction() as session:
        return factories.complaint(session, town.village).complaint


def _run_rules(database: Database) -> None:
    rule = by_key("contract.expiring")
    assert rule is not None
    with database.transaction() as session:
        evaluation.run(session, acting=ADMIN, rule=rule)


@pytest.fixture
def warning(borrowed: Database, town: Town) -> EarlyWarning:
    with borrowed.transaction() as session:
        factories.contract(session, town.village, ends_in=20)
    _run_rules(borrowed)
    with borrowed.transaction() as session:
        return session.query(EarlyWarning).filter_by(village_id=town.village.id).one()


def test_a_complaint_from_the_desk_to_its_answer(
    client: TestClient, borrowed: Database, town: Town, complaint: Complaint
) -> None:
    log_in(client, borrowed, town.liaison)
    address = f"/desk/complaints/{complaint.id}"
    home = client.get("/desk").text
    assert address in home
    assert "条消息没有看" in home

    page = client.get(address)
    assert complaint.content in page.text
    assert "条消息没有看" not in client.get("/desk").text
    assert press(client, address, "/accept").headers["location"] == f"{address}?done=accepted"
    form = form_of(client.get(address).text, "/answer")
    answered = client.post(
        form.action,
        data=form.data(text="已请电工修好。"),
        files=[("photos", ("修.png", picture(), "image/png"))],
    )
    assert answered.status_code == 303

    page = client.get(address)
    assert "已请电工修好。" in page.text
    picture_link = re.search(r'src="(/files/[^"?]+)"', page.text)
    assert picture_link
    assert client.get(picture_link[1]).headers["content-type"] == "image/jpeg"
    client.cookies.clear()
    assert client.get(picture_link[1]).status_code == 404


def test_colours_tell_how_urgent_it_is(
    client: TestClient, borrowed: Database, town: Town, complaint: Complaint
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        log_in(client, borrowed, town.liaison)
        assert re.search(r'badge (green|yellow)">还剩', client.get("/desk").text)
        traveller.shift(timedelta(days=20))
        assert re.search(r'badge red">超期', client.get("/desk").text)


@pytest.mark.parametrize("who", ["elsewhere", "reviewer", "information"])
def test_officers_without_the_case_do_not_find_it(
    client: TestClient, borrowed: Database, town: Town, complaint: Complaint, who: str
) -> None:
    log_in(client, borrowed, getattr(town, who))

    assert client.get(f"/desk/complaints/{complaint.id}").status_code == 404
    assert complaint.number not in client.get("/desk/complaints").text


def test_who_is_named_never_finds_it(client: TestClient, borrowed: Database, town: Town) -> None:
    with borrowed.transaction() as session:
        filed = factories.complaint(
            session, town.village, about=[town.liaison.id, town.inspector.id], content="联络员收了好处。"
        ).complaint
    for officer in (town.liaison, town.inspector):
        log_in(client, borrowed, officer)
        form = form_of(client.get("/desk/login?password=1").text, "/desk/login")
        ticket = form.fields["form"]
        for method, path, data in (
            ("GET", "", {}),
            ("POST", "/accept", {"version": "1"}),
            ("POST", "/answer", {"version": "1", "text": "没有的事"}),
            ("POST", "/note", {"text": "看看"}),
        ):
            answer = client.request(
                method, f"/desk/complaints/{filed.id}{path}", data={**data, "form": ticket}
            )
            assert answer.status_code == 404, (method, path)
        assert filed.number not in client.get("/desk").text + client.get("/desk/complaints").text
    with borrowed.reading() as session:
        assert session.get_one(Complaint, filed.id).state == ComplaintState.FILED


def test_two_people_at_once_get_a_conflict_and_keep_their_words(
    client: TestClient, borrowed: Database, town: Town, complaint: Complaint
) -> None:
    log_in(client, borrowed, town.liaison)
    address = f"/desk/complaints/{complaint.id}"
    stale = form_of(client.get(address).text, "/answer")
    press(client, address, "/accept")

    answer = client.post(stale.action, data=stale.data(text="我写了很多字"))

    assert answer.status_code == 409
    assert "刚才有人处理过" in answer.text
    fresh = form_of(answer.text, "/answer")
    assert fresh.fields["text"] == ["我写了很多字"]
    assert client.post(fresh.action, data=fresh.data()).status_code == 303


def test_the_town_reads_but_does_not_answer_for_the_village(
    client: TestClient, borrowed: Database, town: Town, complaint: Complaint
) -> None:
    log_in(client, borrowed, town.inspector)
    page = client.get(f"/desk/complaints/{complaint.id}")

    assert page.status_code == 200
    assert not has_form(page.text, "/answer")


def test_a_note_is_seen_inside_only(
    client: TestClient, borrowed: Database, town: Town, complaint: Complaint
) -> None:
    log_in(client, borrowed, town.liaison)
    address = f"/desk/complaints/{complaint.id}"
    assert press(client, address, "/note", text="电工明天到").status_code == 303

    assert "电工明天到" in client.get(address).text
    assert "仅内部可见" in client.get(address).text


def test_a_warning_until_it_is_struck_off(
    client: TestClient, borrowed: Database, town: Town, warning: EarlyWarning
) -> None:
    address = f"/desk/warnings/{warning.id}"
    log_in(client, borrowed, town.liaison)
    assert warning.title in client.get("/desk").text
    assert press(client, address, "/acknowledge").status_code == 303
    assert press(client, address, "/explain", text="正在写招租公告").status_code == 303
    assert not has_form(client.get(address).text, "/close")

    _publish_retender(client, borrowed, town, address)
    _run_rules(borrowed)
    assert "数据显示已整改" in client.get(address).text
    log_in(client, borrowed, town.inspector)
    closed = press(client, address, "/close", reason="mended", text="已核对")
    assert closed.status_code == 303
    assert "已销号" in client.get(address).text
    log_in(client, borrowed, town.elsewhere)
    assert client.get(address).status_code == 404


def _publish_retender(client: TestClient, borrowed: Database, town: Town, warning_address: str) -> None:
    log_in(client, borrowed, town.information)
    link = re.search(r'href="(/desk/disclosures/new[^"]+)"', client.get(warning_address).text)
    assert link
    form = form_of(client.get(link[1].replace("&amp;", "&")).text, "/desk/disclosures")
    assert "重新招租" in form.fields["title"][0]
    assert form.fields["kind"] == ["retender_notice"]
    missing = client.post(form.action, data=form.data(then="submit"))
    assert missing.status_code == 400
    assert "「报名截止」要填写" in missing.text
    form = form_of(missing.text, "/desk/disclosures")
    made = client.post(form.action, data=form.data(**{"f.deadline": "2027-01-15", "then": "submit"}))
    assert made.status_code == 303, made.text
    address = made.headers["location"].split("?")[0]
    assert not has_form(client.get(address).text, "/publish")
    log_in(client, borrowed, town.reviewer)
    assert address in client.get("/desk").text
    assert press(client, address, "/publish").headers["location"].endswith("done=published")


def test_drafting_returning_mending_and_publishing(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    log_in(client, borrowed, town.information)
    assert "村级财务" in client.get("/desk/disclosures/new").text
    form = form_of(client.get("/desk/disclosures/new?category=family_virtue").text, "/desk/disclosures")
    typed: dict[str, Any] = {
        "village": town.village.code,
        "title": "十一月收支",
        "summary": "收入 9 万元，支出 7 万元。",
        "figures": "收入：9 万元\n支出: 7 万元",
        "table": "日期\t金额\n11-01\t300",
        "then": "submit",
    }
    wrong = client.post(form.action, data=form.data(**typed | {"figures": "没有数字"}))
    assert wrong.status_code == 400
    assert "第 1 行「没有数字」" in wrong.text
    assert form_of(wrong.text, "/desk/disclosures").fields["title"] == ["十一月收支"]
    address = client.post(form.action, data=form.data(**typed)).headers["location"].split("?")[0]

    log_in(client, borrowed, town.reviewer)
    assert press(client, address, "/return", text="").status_code == 400
    assert press(client, address, "/return", text="金额写到元").status_code == 303
    log_in(client, borrowed, town.information)
    assert "金额写到元" in client.get(address).text
    changed = press(client, f"{address}/edit", "/edit", title="十一月收支公开", then="submit")
    assert changed.status_code == 303, changed.text
    log_in(client, borrowed, town.reviewer)
    assert press(client, address, "/publish").status_code == 303
    page = client.get(f"{town.home}/d/{address.rsplit('/', 1)[1]}").text
    assert "十一月收支公开" in page
    assert "11-01</td>" in page
    assert press(client, address, "/withdraw", text="重复发布").status_code == 303
    assert "重复发布" in client.get(f"{town.home}/c/family_virtue").text
    with borrowed.reading() as session:
        states = [DisclosureState.WITHDRAWN]
        items = disclosures.items(session, ADMIN, village_id=town.village.id, states=states)
        assert [item.version.number for item in items] == [2]


def test_drafting_is_for_information_officers(client: TestClient, borrowed: Database, town: Town) -> None:
    log_in(client, borrowed, town.liaison)

    assert client.get("/desk/disclosures/new").status_code == 403


def test_other_villages_drafts_stay_unseen(client: TestClient, borrowed: Database, town: Town) -> None:
    with borrowed.transaction() as session:
        draft = factories.draft(session, town.village, town.information)
    log_in(client, borrowed, town.elsewhere)

    assert client.get(f"/desk/disclosures/{draft.id}").status_code == 404
    assert "十月份收支公开" not in client.get("/desk/disclosures").text


def test_the_inbox_shows_what_wechat_could_not_bring(
    client: TestClient, borrowed: Database, town: Town, complaint: Complaint
) -> None:
    log_in(client, borrowed, town.liaison)
    page = client.get("/desk/inbox").text
    assert "微信没有送到" in page
    assert "未读" in page
    link = re.search(r'href="(/desk/inbox/[^"]+)"', page)
    assert link
    assert client.get(link[1]).headers["location"] == f"/desk/complaints/{complaint.id}"
    with borrowed.reading() as session:
        assert outbox.unread(session, officer_id=town.liaison.id) == 0
    log_in(client, borrowed, town.elsewhere)
    assert client.get(link[1]).status_code == 404
    log_in(client, borrowed, town.inspector)
    assert "未送达" not in client.get("/desk/inbox").text


def test_the_list_of_complaints_goes_on_by_pages(client: TestClient, borrowed: Database, town: Town) -> None:
    with borrowed.transaction() as session:
        numbers = {factories.complaint(session, town.village).complaint.number for _ in range(33)}
    log_in(client, borrowed, town.liaison)
    first = client.get("/desk/complaints").text
    link = re.search(r'href="(/desk/complaints\?after=[^"]+)"', first)
    assert link
    second = client.get(link[1]).text
    shown = [re.findall(r"GD\d{8}-[0-9A-Z]{4}", page) for page in (first, second)]
    assert [len(page) for page in shown] == [30, 3]
    assert set(shown[0] + shown[1]) == numbers


def test_a_contract_of_another_village_is_not_offered(
    client: TestClient, borrowed: Database, town: Town
) -> None:
    with borrowed.transaction() as session:
        foreign: Contract = factories.contract(session, factories.places(session, "远村").village)
    log_in(client, borrowed, town.information)

    address = f"/desk/disclosures/new?kind=retender_notice&contract={foreign.id}"
    assert client.get(address).status_code == 404
