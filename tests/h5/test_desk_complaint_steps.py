"""The other steps on the desk: asking back, extending, handing over, merging, keeping out, unsealing."""

from __future__ import annotations

from fastapi.testclient import TestClient

from app.core.db import Database
from app.models import Complaint
from app.models.complaints import ComplaintChannel, ComplaintState
from app.models.people import Role
from app.services.complaints import filing
from tests import factories
from tests.h5.support import Town, form_of, has_form, log_in, press


def file(database: Database, town: Town, content: str = "村口路灯坏了三天。", **given: object) -> Complaint:
    with database.transaction() as session:
        return filing.file(
            session,
            acting=factories.villager(session),
            village=town.village,
            filing=filing.Filing(content=content, channel=ComplaintChannel.PAGE, **given),  # type: ignore[arg-type]
            keys=factories.KEYS,
        ).complaint


def test_asking_extending_and_reclassing(client: TestClient, borrowed: Database, town: Town) -> None:
    complaint = file(borrowed, town, name="王阿婆", phone="13800001111")
    address = f"/desk/complaints/{complaint.id}"
    log_in(client, borrowed, town.liaison)
    assert "13800001111" not in client.get(address).text
    assert "13800001111" in press(client, address, "/contact").text
    asked = press(client, address, "/ask", text="是哪一盏灯？")
    assert asked.headers["location"] == f"{address}?done=asked"
    assert press(client, address, "/extend", reason="等停电").status_code == 303
    page = client.get(address).text
    assert "已用 1/2 次" in page
    refused = press(client, address, "/regrade", category="complaint", grade="complaint", reason="")
    assert "请写明调整的原因" in refused.text
    assert (
        press(client, address, "/regrade", category="complaint", grade="hard", reason="难").status_code == 303
    )
    assert "疑难事项" in client.get(address).text
    with borrowed.reading() as session:
        row = session.get_one(Complaint, complaint.id)
        assert (row.state, row.class_code, row.extensions) == (ComplaintState.ACCEPTED, "hard", 1)


def test_withdrawing_leads_back_to_the_list(client: TestClient, borrowed: Database, town: Town) -> None:
    complaint = file(borrowed, town)
    address = f"/desk/complaints/{complaint.id}"
    log_in(client, borrowed, town.liaison)
    gone = press(client, address, "/recuse", reason="是我亲戚")
    assert gone.headers["location"] == "/desk/complaints"
    assert client.get(address).status_code == 404
    assert complaint.number not in client.get("/desk/complaints").text


def test_merging_what_is_suggested(client: TestClient, borrowed: Database, town: Town) -> None:
    main = file(borrowed, town, "三组老桥头的路灯坏了三天。")
    child = file(borrowed, town, "老桥头的路灯坏了，请修一下。")
    log_in(client, borrowed, town.liaison)
    address = f"/desk/complaints/{child.id}"
    assert main.number in client.get(address).text
    assert press(client, address, "/merge").status_code == 303
    page = client.get(address).text
    assert "已并入" in page
    assert not has_form(page, "/answer")
    assert press(client, f"/desk/complaints/{main.id}", "/answer", text="灯换好了。").status_code == 303
    assert "灯换好了。" in client.get(address).text


def test_the_town_asks_and_the_county_opens(client: TestClient, borrowed: Database, town: Town) -> None:
    complaint = file(borrowed, town, name="王阿婆", phone="13800001111", hidden=True)
    address = f"/desk/complaints/{complaint.id}"
    with borrowed.transaction() as session:
        parent = town.village.ancestry[0]
        place = session.get_one(type(town.village), parent)
        county = factories.officer(session, Role.COUNTY_INSPECTOR, place)
        factories.identity(session, subscribed=False).officer_id = county.id
    log_in(client, borrowed, town.inspector)
    assert "已提出申请" in press(client, address, "/unseal", reason="要上门核实情况").text
    assert not has_form(client.get(address).text, "/decide")
    log_in(client, borrowed, county)
    form = form_of(client.get(address).text, "/decide")
    assert "已处理申请" in client.post(form.action, data=form.data(approve="true")).text
    log_in(client, borrowed, town.inspector)
    assert "13800001111" not in client.get(address).text
    form = form_of(client.get(address).text, "/open")
    assert "13800001111" in client.post(form.action, data=form.data()).text


def test_finding_by_words_number_and_colour(client: TestClient, borrowed: Database, town: Town) -> None:
    lamp = file(borrowed, town, "老桥头的路灯坏了。", place="三组晒谷场")
    other = file(borrowed, town, "自来水太小了。")
    log_in(client, borrowed, town.liaison)
    for words in ("路灯", "晒谷场", lamp.number.lower()):
        page = client.get("/desk/complaints", params={"q": words}).text
        assert lamp.number in page
        assert other.number not in page
    assert lamp.number not in client.get("/desk/complaints?colour=red").text
    assert "请写要找的字或词" in client.get("/desk/complaints?q=。").text
