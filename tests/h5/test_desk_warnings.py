"""Warnings on the desk: proposals and their review, silences, evidence, and those that nobody knows of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from app.core import clock
from app.core.db import Database
from app.models import Contract, EarlyWarning, Organisation, OutgoingMessage, WarningNotice
from app.models.people import Role
from app.rules import by_key
from app.services.warnings import evaluation, notices
from tests import factories
from tests.h5.support import Town, form_of, has_form, log_in, picture, press
from tests.services.warnings.support import officer


@pytest.fixture
def warning(borrowed: Database, town: Town) -> EarlyWarning:
    """A lease of the village is about to end; people were told, though nobody's WeChat follows."""
    rule = by_key("contract.expiring")
    assert rule is not None
    with borrowed.transaction() as session:
        factories.contract(session, town.village)
        evaluation.run(session, acting=factories.ROOT, rule=rule)
        notices.send(session)
        return session.scalars(select(EarlyWarning)).one()


def test_a_proposal_is_returned_mended_and_accepted(
    client: TestClient, borrowed: Database, town: Town, warning: EarlyWarning
) -> None:
    address = f"/desk/warnings/{warning.id}"
    log_in(client, borrowed, town.liaison)
    form = form_of(client.get(address).text, "/propose")
    nobody = client.post(form.action, data=form.data(reason="transferred", text="已移送"))
    assert nobody.status_code == 400
    assert "移送给哪个单位" in nobody.text
    assert form_of(nobody.text, "/propose").fields["text"] == ["已移送"]
    photo = {"photos": ("会议.png", picture(), "image/png")}
    sent = client.post(form.action, data=form.data(reason="explained", text="已有会议决议"), files=photo)
    assert sent.status_code == 303, sent.text
    page = client.get(address).text
    assert "申请按「已说明」销号" in page
    assert "/files/" in page
    assert not has_form(page, "/accept")

    log_in(client, borrowed, town.inspector)
    form = form_of(client.get(address).text, "/accept")
    returned = client.post(f"{address}/return", data=form.data(text="请补齐签字"))
    assert returned.headers["location"].endswith("done=returned")
    log_in(client, borrowed, town.liaison)
    assert "请补齐签字" in client.get(address).text
    assert press(client, address, "/propose", reason="explained", text="签字已补").status_code == 303
    log_in(client, borrowed, town.inspector)
    assert press(client, address, "/accept", text="同意").status_code == 303
    page = client.get(address).text
    assert "已销号" in page
    assert not has_form(page, "/explain")


def test_a_silence_from_the_warning_and_its_end(
    client: TestClient, borrowed: Database, town: Town, warning: EarlyWarning
) -> None:
    address = f"/desk/warnings/{warning.id}"
    log_in(client, borrowed, town.reviewer)
    far = (clock.today() + timedelta(days=900)).isoformat()
    assert press(client, address, "/silence", ends_on=far, text="下月招租").status_code == 400
    assert press(client, address, "/silence", ends_on="", text="下月招租").status_code == 400
    assert press(client, address, "/silence", text="下月招租").status_code == 303
    assert "暂不推送" in client.get(address).text
    assert "下月招租" in client.get("/desk/silences").text
    log_in(client, borrowed, town.elsewhere)
    assert "下月招租" not in client.get("/desk/silences").text
    log_in(client, borrowed, town.inspector)
    assert press(client, "/desk/silences", "/end").status_code == 303
    assert "暂不推送" not in client.get(address).text
    assert "下月招租" in client.get("/desk/silences?all=1").text
    with borrowed.transaction() as session:
        session.execute(update(EarlyWarning).values(colour="red"))
    log_in(client, borrowed, town.reviewer)
    assert not has_form(client.get(address).text, "/silence")


def test_what_it_rests_on_when_it_is_due_and_who_was_told(
    client: TestClient, borrowed: Database, town: Town, warning: EarlyWarning
) -> None:
    log_in(client, borrowed, town.inspector)
    address = f"/desk/warnings/{warning.id}"
    page = client.get(address).text
    for words in ("督办期限", "依据的台账记录", "合同即将到期", "农业农村条线", "李联络"):
        assert words in page
    with borrowed.reading() as session:
        contract = session.scalars(select(Contract)).one()
        seen = session.scalars(
            select(WarningNotice.seen_at).where(WarningNotice.officer_id == town.inspector.id)
        ).one()
    assert seen is not None
    row = f"{address}/rows/{contract.id}"
    assert row in page
    assert contract.number in client.get(row).text
    assert client.get(f"{address}/rows/{warning.id}").status_code == 404
    log_in(client, borrowed, town.elsewhere)
    assert client.get(row).status_code == 404


def test_whom_nobody_reached_shows_on_the_desks_of_inspectors(
    client: TestClient, borrowed: Database, town: Town, warning: EarlyWarning
) -> None:
    with borrowed.transaction() as session:
        session.execute(update(EarlyWarning).values(created_at=clock.now() - timedelta(days=2)))
    log_in(client, borrowed, town.inspector)
    assert "1 条预警没有通知到任何人" in client.get("/desk").text
    assert "微信没有送到任何人" in client.get("/desk/warnings/unreached").text
    client.get(f"/desk/warnings/{warning.id}")  # he knows of it now
    assert "没有通知到任何人" not in client.get("/desk").text
    log_in(client, borrowed, town.liaison)
    assert client.get("/desk/warnings/unreached").status_code == 403


def test_the_list_is_narrowed_and_reads_the_digest(
    client: TestClient, borrowed: Database, town: Town, warning: EarlyWarning
) -> None:
    with borrowed.transaction() as session:
        session.execute(
            update(OutgoingMessage)
            .where(OutgoingMessage.officer_id == town.liaison.id)
            .values(subject_kind="warnings", subject_id=str(town.liaison.id))
        )
        assert officer(session, Role.LIAISON_OFFICER, town.village)
    log_in(client, borrowed, town.liaison)
    assert "没有看" in client.get("/desk").text
    for query, found in (
        ("", True),
        ("?colour=yellow&rule=contract.expiring", True),
        ("?colour=red", False),
        ("?line=finance", False),
        ("?rule=no.such", True),
    ):
        assert (warning.title in client.get(f"/desk/warnings{query}").text) is found, query
    assert "没有看" not in client.get("/desk").text


def test_a_list_that_is_cut_short_says_so(
    client: TestClient, borrowed: Database, town: Town, warning: EarlyWarning, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(client, borrowed, town.inspector)
    assert "列出前" not in client.get("/desk/warnings").text
    with borrowed.transaction() as session:
        factories.contract(session, town.village)
        rule = by_key("contract.expiring")
        assert rule is not None
        evaluation.run(session, acting=factories.ROOT, rule=rule)
    monkeypatch.setattr("app.h5.desk_warnings.PAGE_SIZE", 1)
    assert "列出前 1 条" in client.get("/desk/warnings").text


def test_what_is_tried_out_offers_no_silence(
    client: TestClient, borrowed: Database, town: Town, warning: EarlyWarning
) -> None:
    address = f"/desk/warnings/{warning.id}"
    with borrowed.transaction() as session:
        place = session.get_one(Organisation, town.village.ancestry[0])
        county = officer(session, Role.COUNTY_INSPECTOR, place)
        factories.identity(session, subscribed=False).officer_id = county.id
    log_in(client, borrowed, county)
    assert has_form(client.get(address).text, "/silence")
    with borrowed.transaction() as session:
        session.execute(update(EarlyWarning).values(mode="shadow"))
    assert not has_form(client.get(address).text, "/silence")


def test_the_text_of_a_finding_is_text(
    client: TestClient, borrowed: Database, town: Town, warning: EarlyWarning
) -> None:
    with borrowed.transaction() as session:
        bad = "<script>alert(1)</script>"
        session.execute(update(EarlyWarning).values(title=bad, basis=bad, muted_because=bad, missing=bad))
    log_in(client, borrowed, town.inspector)
    for address in ("/desk/warnings", f"/desk/warnings/{warning.id}", "/desk"):
        assert "<script>alert" not in client.get(address).text
