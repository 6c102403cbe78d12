"""The 10+X list on the desk: reading it, changing it with a reason, adding a village's own."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.core.db import Database
from app.models import Officer, Organisation
from app.models.people import Role
from app.services import categories, officers
from app.services.disclosures import fields
from tests import factories
from tests.h5.support import Town, form_of, log_in

LIST = "/desk/categories"


@pytest.fixture
def county(borrowed: Database, town: Town) -> Officer:
    """Somebody of the county's discipline office, logged in by the WeChat that he is bound to."""
    with borrowed.transaction() as session:
        place = session.get_one(Organisation, town.village.ancestry[0])
        made = officers.create(session, acting=factories.ROOT, name="吴区纪", login="county")
        officers.appoint(
            session, acting=factories.ROOT, officer_id=made.id, organisation=place, role=Role.COUNTY_INSPECTOR
        )
        factories.identity(session, subscribed=False).officer_id = made.id
        return made


def test_everybody_at_the_desk_reads_the_list(client: TestClient, borrowed: Database, town: Town) -> None:
    log_in(client, borrowed, town.information)
    page = client.get(LIST).text
    assert page.count('class="list"') == 12
    assert "每季度一次，季度后 15 天内 · 公示 7 天" in page
    assert "/new" not in page
    one = client.get(f"{LIST}/hardship_aid").text
    assert "病因" in one
    assert "不公开" in one
    assert "第二十九条" in one
    assert f"{LIST}/hardship_aid/edit" not in one
    assert client.get(f"{LIST}/hardship_aid/edit").status_code == 403
    assert client.get(f"{LIST}/new").status_code == 403
    assert client.get(f"{LIST}/no_such").status_code == 404
    client.cookies.clear()
    assert client.get(LIST).status_code == 303


def test_saving_the_form_as_it_is_changes_nothing(
    client: TestClient, borrowed: Database, county: Officer
) -> None:
    log_in(client, borrowed, county)
    for code in ("finance", "small_works", "hardship_aid", "weddings_funerals"):
        form = form_of(client.get(f"{LIST}/{code}/edit").text, "/edit")
        assert client.post(form.action, data=form.data(reason="看看")).status_code == 303
        with borrowed.reading() as session:
            assert categories.history(session, code) == [], code


def test_the_county_changes_an_entry(client: TestClient, borrowed: Database, county: Officer) -> None:
    log_in(client, borrowed, county)
    form = form_of(client.get(f"{LIST}/labour/edit").text, "/edit")
    added = {"columns.10.label": "工具", "columns.10.type": "choice", "columns.10.options": "自带、村里的"}
    removed = {"columns.5.label": "", "columns.6.label": " "}

    saved = client.post(
        form.action,
        data=form.data(cadence="month", person_days="", reason="用工多的村按月公开", **added, **removed),
    )

    assert saved.headers["location"] == f"{LIST}/labour?done=edited"
    page = client.get(saved.headers["location"]).text
    assert "每月一次，月后 15 天内" in page
    assert "用工多的村按月公开" in page
    assert "吴区纪" in page
    assert "<del>每季度</del> → <ins>每月</ins>" in page
    with borrowed.reading() as session:
        row = categories.find(session, "labour")
        assert row.person_days is None
        columns = {one.label: one for one in fields.columns_of(row)}
        assert columns["工具"].options == (("自带", "自带"), ("村里的", "村里的"))
        assert columns["工具"].public is True
        assert not {"开始", "结束"} & columns.keys()
        assert columns["付了"].total
        assert columns["身份证号"].public is False


REFUSED: tuple[tuple[dict[str, str], str], ...] = (
    ({"reason": ""}, "请写明修改的原因"),
    ({"name": ""}, "「名称」要填写"),
    ({"due_days": "十天"}, "天数和次序要填整数"),
    ({"notice_days": "400"}, "「公示天数」要填 0 到 366"),
    ({"cadence": "event", "event": ""}, "要写明是什么事之后"),
    ({"columns.0.type": "id_card", "columns.0.public": "1"}, "这种个人信息不能公开"),
    ({"columns.0.type": "choice", "columns.0.options": "一"}, "选项要有 2 到 30 个"),
    ({"in_force_from": "明年"}, "日期请写成"),
)


def test_what_is_refused_keeps_what_was_typed(
    client: TestClient, borrowed: Database, county: Officer
) -> None:
    log_in(client, borrowed, county)
    form = form_of(client.get(f"{LIST}/labour/edit").text, "/edit")
    for change, words in REFUSED:
        given = {"explanation": "改过的说明", "reason": "试一试", **change}
        answer = client.post(form.action, data=form.data(**given))
        assert (answer.status_code, words in answer.text) == (400, True), words
        again = form_of(answer.text, "/edit").fields
        assert again["explanation"] == ["改过的说明"]
        assert again["columns.0.label"] == ["姓名"]


def test_two_at_once_and_a_foreign_form(client: TestClient, borrowed: Database, county: Officer) -> None:
    log_in(client, borrowed, county)
    form = form_of(client.get(f"{LIST}/labour/edit").text, "/edit")
    assert client.post(form.action, data=form.data(due_days="9", reason="先改")).status_code == 303
    late = client.post(form.action, data=form.data(due_days="8", reason="后改"))
    assert (late.status_code, "刚才有人改过" in late.text) == (409, True)
    assert client.post(form.action, data=form.data(form="x", reason="外面来的")).status_code == 400


def test_a_village_gets_its_own(client: TestClient, borrowed: Database, town: Town) -> None:
    log_in(client, borrowed, town.reviewer)
    address = f"{LIST}/new?village={town.village.code}"
    assert address in client.get(LIST).text
    form = form_of(client.get(address).text, address)
    refused = client.post(form.action, data=form.data(name="村级财务", reason="试"))
    assert (refused.status_code, "已经有「村级财务」" in refused.text) == (409, True)

    added = client.post(
        form.action, data=form.data(name="乡村大食堂", explanation="菜价。", reason="村民要求")
    )

    page = client.get(added.headers["location"]).text
    assert "已加进公开清单" in page
    assert "东联村自设" in page
    assert "本村自设" in client.get(LIST).text
    edit = added.headers["location"].partition("?")[0] + "/edit"
    form = form_of(client.get(edit).text, "/edit")
    off = {key: value for key, value in form.data(reason="不办了").items() if key != "active"}
    assert client.post(edit, data=off).status_code == 303
    assert "已停用" in client.get(LIST).text
    log_in(client, borrowed, town.elsewhere)
    assert client.get(edit).status_code == 403
    assert "乡村大食堂" not in client.get(LIST).text


def test_a_fixed_one_cannot_be_switched_off(client: TestClient, borrowed: Database, county: Officer) -> None:
    log_in(client, borrowed, county)
    form = form_of(client.get(f"{LIST}/finance/edit").text, "/edit")
    without = {key: value for key, value in form.data(reason="停").items() if key != "active"}
    answer = client.post(form.action, data=without)
    assert (answer.status_code, "十项必须公开的不能停用" in answer.text) == (400, True)


def test_the_town_looks_at_one_of_its_villages(client: TestClient, borrowed: Database, town: Town) -> None:
    with borrowed.transaction() as session:
        village = session.get_one(Organisation, town.village.id)
        own = categories.Own("乡村大食堂", "", {})
        categories.add_own(session, acting=factories.ROOT, village=village, own=own, reason="要")
    log_in(client, borrowed, town.inspector)
    assert "乡村大食堂" not in client.get(LIST).text
    page = client.get(f"{LIST}?village={town.village.code}").text
    assert "乡村大食堂" in page
    assert f"{LIST}/new?village={town.village.code}" in page
