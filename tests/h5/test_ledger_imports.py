"""Importing ledgers on the desk, without scripts: upload, name the columns, look, enter, publish."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.core import sheets
from app.core.db import BorrowedDatabase
from app.core.sheets import reading
from app.models import Disclosure, Export, Payment
from app.models.base import WorkState
from tests.h5.support import Town, form_of, has_form, log_in, press
from tests.services.ledger_imports import files
from tests.workbooks import book

GOOD = ("记-1", "2026-03-05", "某某经营部", "1.5万元", "纸")
BAD = ("记-2", "三月初", "<b>某某</b>", 5, "纸")


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel("2026-06-10T10:00:00+08:00", tick=True):
        yield


@pytest.fixture(autouse=True)
def _logged_in(_today: None, client: TestClient, town: Town, borrowed: BorrowedDatabase) -> None:
    log_in(client, borrowed, town.information)


def upload(client: TestClient, data: bytes, **changes: Any) -> Any:
    form = form_of(client.get("/desk/ledgers").text, "/desk/ledgers")
    sent = {"file": ("台账.xlsx", data, sheets.MIME)} if data else None
    return client.post("/desk/ledgers", data=form.data(**changes), files=sent)


def paid(database: BorrowedDatabase) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Payment)) or 0


def test_from_template_to_the_ledger(client: TestClient, town: Town, borrowed: BorrowedDatabase) -> None:
    assert 'href="/desk/ledgers"' in client.get("/desk").text
    template = client.get("/desk/ledgers/template?kind=payments")
    assert template.headers["content-type"] == sheets.MIME
    assert "收款人*" in reading.raw_rows(template.content, "支出")[0]

    page = upload(client, files.payments(town.village.name, GOOD)).headers["location"]
    preview = client.get(page).text
    assert "读取了 1 行" in preview
    assert paid(borrowed) == 0
    assert press(client, page, "/apply").status_code == 303
    after = client.get(page).text
    assert "已导入" in after
    assert not has_form(after, "/apply")
    assert paid(borrowed) == 1
    assert page in client.get("/desk/ledgers").text


def test_wrong_rows_are_shown_and_the_good_ones_go_in(
    client: TestClient, town: Town, borrowed: BorrowedDatabase
) -> None:
    page = upload(client, files.payments(town.village.name, GOOD, BAD)).headers["location"]
    shown = client.get(page).text
    assert "1 行有错" in shown
    assert "C3" in shown
    marked = client.get(f"{page}/errors.xlsx")
    assert "看不懂这个日期" in reading.raw_rows(marked.content, "Sheet1")[2][-1]

    assert press(client, page, "/apply").status_code == 303
    assert paid(borrowed) == 1
    assert "没有导入，请改好后再上传" in client.get(page).text


def test_what_is_probably_there_is_entered_only_when_somebody_says_so(
    client: TestClient, town: Town, borrowed: BorrowedDatabase
) -> None:
    press(client, upload(client, files.payments(town.village.name, GOOD)).headers["location"], "/apply")
    data = files.payments(town.village.name, ("银-1", *GOOD[1:]))
    page = upload(client, data).headers["location"]
    assert f"银-1 像是 {GOOD[0]}" in client.get(page).text
    press(client, page, "/apply")
    assert paid(borrowed) == 1

    press(client, upload(client, data).headers["location"], "/apply", doubles="true")
    assert paid(borrowed) == 2


def test_columns_are_named_in_two_steps(client: TestClient, town: Town, borrowed: BorrowedDatabase) -> None:
    foreign = book(
        [
            ["单据", "哪天", "给谁", "多少", "怎么付", "什么账"],
            ["1", "2026-03-05", "甲店", 5, "现金", "办公费"],
        ]
    )
    page = upload(client, foreign).headers["location"]
    asked = client.get(page).text
    assert "哪一列是什么" in asked
    assert "单据" not in asked  # first, which ledger it is
    press(client, page, "/columns", **{"kind.0": "payments"})
    fields = client.get(page).text
    assert re.search(r'<option value="单据">单据（如 1）', fields)
    said = {
        "column.0.voucher": "单据",
        "column.0.paid_on": "哪天",
        "column.0.payee": "给谁",
        "column.0.amount_fen": "多少",
        "column.0.method": "怎么付",
        "column.0.category": "什么账",
    }
    assert press(client, page, "/columns", **said).status_code == 303
    assert "读取了 1 行" in client.get(page).text
    press(client, page, "/apply")
    assert paid(borrowed) == 1

    again = upload(client, foreign).headers["location"]
    assert "按上次的对应" in client.get(again).text
    form = form_of(client.get(f"{again}?columns=1").text, "/columns")
    assert form.fields["column.0.payee"] == ["给谁"]


def test_a_long_file_shows_how_far_it_is(
    client: TestClient, town: Town, borrowed: BorrowedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.ledger_imports.batches.SMALL", 10)
    page = upload(client, files.payments(town.village.name, GOOD)).headers["location"]
    assert "排队中" in client.get(page).text
    with borrowed.transaction() as session:
        task = session.scalars(select(Export)).one()
        task.done, task.total = 700, 2000
    shown = client.get(page).text
    assert '<progress class="wide" max="2000" value="700">' in shown
    assert 'http-equiv="refresh"' in shown

    with borrowed.transaction() as session:
        task = session.scalars(select(Export)).one()
        task.state, task.error_text = WorkState.FAILED, "程序出错"
    failed = client.get(page).text
    assert "程序出错" in failed
    assert 'http-equiv="refresh"' not in failed
    monkeypatch.undo()
    press(client, page, "/columns")
    assert "读取了 1 行" in client.get(page).text


def test_a_months_entries_become_a_finance_draft(
    client: TestClient, town: Town, borrowed: BorrowedDatabase
) -> None:
    page = upload(client, files.bank_list(town.village.name)).headers["location"]
    press(client, page, "/apply")
    shown = client.get(page).text
    assert f"{town.village.name}2026年3月" in shown

    draft = press(client, page, "/finance")
    assert draft.status_code == 303
    assert "2,005.50" in client.get(draft.headers["location"]).text
    with borrowed.reading() as session:
        [made] = session.scalars(select(Disclosure)).all()
    assert (made.category_code, made.period, made.state.value) == ("finance", "2026-03", "draft")


def test_what_is_no_workbook_is_said_on_the_page(client: TestClient) -> None:
    refused = upload(client, b"not a workbook")
    assert refused.status_code == 400
    assert "不是 Excel 工作簿" in refused.text
    assert "请选择填好的" in upload(client, b"").text
    assert upload(client, book([files.PAYMENTS]), kind="nothing").status_code == 404


def test_others_see_nothing_to_import_and_no_file(
    client: TestClient, town: Town, borrowed: BorrowedDatabase
) -> None:
    page = upload(client, files.payments(town.village.name, GOOD)).headers["location"]
    log_in(client, borrowed, town.reviewer)

    assert "没有可以导入的台账" in client.get("/desk/ledgers").text
    assert client.get(page).status_code == 404
    assert client.get(f"{page}/errors.xlsx").status_code == 404
    assert client.get("/desk/ledgers/template?kind=payments").status_code == 403
    client.cookies.clear()
    assert client.get("/desk/ledgers").status_code == 303
