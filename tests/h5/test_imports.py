"""Importing on the desk, without scripts: template, upload, preview, all or nothing."""

from __future__ import annotations

import re
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core import sheets
from app.core.db import BorrowedDatabase
from app.core.sheets import reading
from app.models import Disclosure
from tests.h5.support import Town, form_of, has_form, log_in, press
from tests.workbooks import book

HEADER = ["村社", "标题", "正文"]
CATEGORY = "family_virtue"


def upload(client: TestClient, rows: list[list[Any]] | bytes, name: str = "家风.xlsx") -> Any:
    data = rows if isinstance(rows, bytes) else book(rows)
    page = f"/desk/import?category={CATEGORY}"
    form = form_of(client.get(page).text, "/desk/import")
    files = {"file": (name, data, sheets.MIME)} if data else None
    return client.post("/desk/import", data=form.data(), files=files)


def test_from_template_to_drafts(client: TestClient, town: Town, borrowed: BorrowedDatabase) -> None:
    log_in(client, borrowed, town.information)
    start = client.get(f"/desk/import?category={CATEGORY}").text
    link = re.search(r'href="(/desk/import/template[^"]*)"', start)
    assert link is not None
    filled = client.get(link[1].replace("&amp;", "&"))
    assert filled.headers["content-type"] == sheets.MIME
    assert [str(cell).rstrip("*") for cell in reading.raw_rows(filled.content, "填写")[0]] == HEADER

    answer = upload(
        client,
        [HEADER, [town.village.name, "陈家家训", "勤俭持家。"], [town.village.name, "李家家训", "和睦。"]],
    )
    assert answer.status_code == 303
    page = answer.headers["location"]
    preview = client.get(page).text
    assert "陈家家训" in preview
    assert "新建草稿" in preview
    with borrowed.reading() as session:
        assert session.scalars(select(Disclosure)).all() == []

    done = press(client, page, "/apply")
    assert done.status_code == 303
    after = client.get(page).text
    assert "已导入" in after
    assert not has_form(after, "/apply")
    assert after.count('href="/desk/disclosures/') == 2
    assert "陈家家训" in client.get("/desk/disclosures").text
    assert "家风.xlsx" not in after


def test_errors_are_listed_by_cell_and_marked_in_a_workbook(
    client: TestClient, town: Town, borrowed: BorrowedDatabase
) -> None:
    log_in(client, borrowed, town.information)
    answer = upload(client, [HEADER, ["别的村", "<b>标题</b>", "x"], [town.village.name, None, "y"]])
    page = answer.headers["location"]
    shown = client.get(page).text

    assert "A2" in shown
    assert "B3" in shown
    assert "不是您负责的村社" in shown
    assert not has_form(shown, "/apply")
    marked = client.get(f"{page}/errors.xlsx")
    assert [row[0] for row in reading.raw_rows(marked.content, "错误")[1:]] == ["A2", "B3"]


def test_what_is_no_workbook_is_said_on_the_page(
    client: TestClient, town: Town, borrowed: BorrowedDatabase
) -> None:
    log_in(client, borrowed, town.information)
    refused = upload(client, b"not a workbook")
    assert refused.status_code == 400
    assert "不是 Excel 工作簿" in refused.text
    assert "请选择填好的" in upload(client, b"").text
    assert upload(client, [HEADER]).status_code == 400


def test_others_see_nothing_to_import_and_no_batch(
    client: TestClient, town: Town, borrowed: BorrowedDatabase
) -> None:
    log_in(client, borrowed, town.information)
    page = upload(client, [HEADER, [town.village.name, "家训", "x"]]).headers["location"]
    log_in(client, borrowed, town.reviewer)

    assert "没有可以导入的公开类别" in client.get("/desk/import").text
    assert client.get(page).status_code == 404
    assert client.get(f"{page}/errors.xlsx").status_code == 404
    assert client.get(f"/desk/import/template?category={CATEGORY}").status_code == 403
    client.cookies.clear()
    assert client.get("/desk/import").status_code == 303
