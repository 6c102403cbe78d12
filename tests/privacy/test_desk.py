"""The page of the gate, as an officer's phone sees it, without scripts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.core.db import BorrowedDatabase
from app.services import attachments
from tests import factories as make
from tests.h5.support import Town, form_of, has_form, log_in, make_town, press
from tests.journeys.story import photo
from tests.papers import paper
from tests.privacy.leaks import ID, PHONE
from tests.support import make_client


@pytest.fixture
def client(borrowed: BorrowedDatabase) -> Iterator[TestClient]:
    with make_client(borrowed) as made:
        yield made


@pytest.fixture
def town(borrowed: BorrowedDatabase) -> Town:
    with borrowed.transaction() as session:
        return make_town(session)


def written(client: TestClient, borrowed: BorrowedDatabase, town: Town, files: dict[str, bytes]) -> str:
    """The gate's address of a tender notice that names phone and ID, with these files."""
    here = client.app.state.context  # type: ignore[attr-defined]
    with borrowed.transaction() as session:
        author = make.acting(session, town.information)
        tokens = [
            attachments.upload(
                session,
                acting=author,
                data=data,
                name=name,
                storage=here.storage,
                keys=here.keys,
                limits=here.upload_limits,
            ).token
            for name, data in files.items()
        ]
        item = make.draft(
            session,
            town.village,
            town.information,
            category_code="tender_notice",
            title="鱼塘招租公告",
            summary="鱼塘招租，三月底开标。",
            body=f"联系王会计 {PHONE}，身份证 {ID}。",
            uploads=tokens,
        )
    log_in(client, borrowed, town.information)
    return f"/desk/disclosures/{item.id}/privacy"


def test_mask_justify_and_go_on(client: TestClient, borrowed: BorrowedDatabase, town: Town) -> None:
    gate = written(client, borrowed, town, {})
    page = client.get(gate).text
    assert f"<mark>{PHONE}</mark>" in page
    assert "138****1234" in page
    assert "还有 2 处要处理" in page

    stopped = press(client, gate.removesuffix("/privacy"), "/submit")
    assert (stopped.status_code, "隐私检查" in stopped.text) == (409, True)
    refused = press(client, gate, "/justify", reason="不行")
    assert (refused.status_code, "请写明为什么可以公开" in refused.text) == (400, True)
    assert press(client, gate, "/justify", reason="招标公告要写联系电话").status_code == 303
    masked = press(client, gate, "/mask")
    assert masked.headers["location"].endswith("?done=masked")

    page = client.get(masked.headers["location"]).text
    assert ID not in page
    assert "保留理由：招标公告要写联系电话" in page
    assert "没有要处理的个人信息" in page
    assert press(client, gate.removesuffix("/privacy"), "/submit").status_code == 303


def test_files_are_ticked_or_removed(client: TestClient, borrowed: BorrowedDatabase, town: Town) -> None:
    files = {"现场.jpg": photo(), "名单.pdf": paper([f"李四 {PHONE}"])}
    gate = written(client, borrowed, town, files)
    assert press(client, gate, "/mask").status_code == 303

    unticked = press(client, gate, "/confirm")
    assert (unticked.status_code, "请先逐页看过" in unticked.text) == (400, True)
    assert press(client, gate, "/confirm", looked="yes").status_code == 303
    page = client.get(gate).text
    assert "已人工核对" in page
    assert "附件《名单.pdf》第1页" in page
    removing = page[page.index("<h2>名单.pdf</h2>") :]
    assert (
        client.post(f"{gate}/remove", data=form_of(removing, "/remove").data())
        .headers["location"]
        .endswith("done=removed")
    )
    assert "没有要处理的个人信息" in client.get(gate).text


def test_others_see_nothing_of_it(client: TestClient, borrowed: BorrowedDatabase, town: Town) -> None:
    gate = written(client, borrowed, town, {})

    log_in(client, borrowed, town.elsewhere)
    assert client.get(gate).status_code == 404
    log_in(client, borrowed, town.reviewer)
    page = client.get(gate).text
    assert has_form(page, "/justify")
    assert not has_form(page, "/mask")
    client.cookies.clear()
    assert client.get(gate).status_code in {303, 401}
    log_in(client, borrowed, town.information)
    assert client.get(f"/desk/disclosures/{uuid.uuid4()}/privacy").status_code == 404
