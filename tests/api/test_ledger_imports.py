"""Imports of ledgers over REST: template, upload, columns, apply, errors, the month's finance draft."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from app.core import sheets
from app.core.db import BorrowedDatabase
from app.core.sheets import reading
from app.models import Appointment
from app.services import officers
from tests import factories
from tests.api.conftest import Api, Json
from tests.services.ledger_imports import files
from tests.support import bearer
from tests.workbooks import book

GOOD = ("记-1", "2026-03-05", "某某经营部", "1.5万元", "纸")
BAD = ("记-2", "三月初", "某某经营部", 5, "纸")


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel("2026-06-10T10:00:00+08:00", tick=True):
        yield


def upload(api: Api, data: bytes, status: int = 201, **form: Any) -> Json:
    answer = api.http.post(
        "/api/v1/ledger-imports",
        data=form,
        files={"file": ("支出.xlsx", data, sheets.MIME)},
        headers=bearer(api.world.tokens[api.who]),
    )
    assert answer.status_code == status, answer.text
    made: Json = answer.json()
    return made


def test_from_template_to_the_ledger(api: Api) -> None:
    author = api.as_("author")
    kinds = {one["key"]: one for one in author.get("ledger-imports/kinds")}
    assert "voucher" in kinds["payments"]["required"]
    assert kinds["bank"]["columns"]["party"] == "对方户名"
    template = author.get("ledger-imports/template", kind="payments")
    assert "凭证号*" in reading.raw_rows(template, "支出")[0]

    made = upload(author, files.payments(api.world.places.village.name, GOOD), kind="payments")
    assert (made["kind"], made["state"], made["rows"]) == ("payments", "previewed", 1)
    assert made["villages"] == {api.world.village: 1}
    assert author.get(f"payments?village={api.world.village}")["items"] == []

    path = f"ledger-imports/{made['id']}"
    for _ in range(2):
        applied = author.post(f"{path}/apply", {})
        assert applied["state"] == "applied"
        assert applied["counts"] == {"payments": {"created": 1, "changed": 0, "unchanged": 0}}
    [paid] = author.get(f"payments?village={api.world.village}")["items"]
    assert (paid["voucher"], paid["amount_fen"]) == ("记-1", 1_500_000)
    assert [one["id"] for one in author.get("ledger-imports")["items"]] == [made["id"]]
    assert author.get(path)["done"] == 1


def test_errors_and_the_good_rows(api: Api) -> None:
    author = api.as_("author")
    made = upload(author, files.payments(api.world.places.village.name, GOOD, BAD))

    path = f"ledger-imports/{made['id']}"
    assert (made["error_rows"], made["error_count"]) == (1, 1)
    assert made["errors"] == [
        {
            "sheet": "Sheet1",
            "cell": "C3",
            "header": "付款日期",
            "value": "三月初",
            "problem": "看不懂这个日期",
            "remedy": "请写成 2026-03-05 或 2026年3月5日",
        }
    ]
    author.refused("POST", f"{path}/apply", 409, "import.has_errors", {})
    marked = author.get(f"{path}/errors")
    assert reading.raw_rows(marked, "Sheet1")[0][-1] == "问题"
    applied = author.post(f"{path}/apply", {"choice": "good_rows"})
    assert applied["counts"]["payments"]["created"] == 1


def test_columns_are_said_and_remembered(api: Api) -> None:
    author = api.as_("author")
    foreign = book(
        [
            ["单据", "哪天", "给谁", "多少", "怎么付", "什么账"],
            ["1", "2026-03-05", "甲店", 5, "现金", "办公费"],
        ]
    )
    made = upload(author, foreign)
    assert made["state"] == "mapping"
    assert made["sheets"][0]["headers"][0] == {"name": "单据", "samples": ["1"]}
    columns = {
        "voucher": "单据",
        "paid_on": "哪天",
        "payee": "给谁",
        "amount_fen": "多少",
        "method": "怎么付",
        "category": "什么账",
    }
    path = f"ledger-imports/{made['id']}/mapping"
    said = {"sheets": {"Sheet1": {"kind": "payments", "columns": columns}}}
    wrong = {"sheets": {"Sheet1": {"kind": "payments", "columns": {"voucher": "别的"}}}}
    author.refused("POST", path, 400, "import.header_unknown", wrong)
    assert author.post(path, said)["state"] == "previewed"
    assert upload(author, foreign)["sheets"][0]["remembered"] is True

    [kept] = author.get("ledger-imports/mappings")
    assert kept["mapping"] == columns
    author.post(f"ledger-imports/{made['id']}/apply", {})
    author.refused("POST", path, 409, "import.not_open", said)
    url = f"/api/v1/ledger-imports/mappings/{kept['id']}"
    headers = bearer(api.world.tokens["author"])
    assert [api.http.delete(url, headers=headers).status_code for _ in range(2)] == [204, 404]


def test_the_months_finance_draft(api: Api) -> None:
    author = api.as_("author")
    data = files.bank_list(f"萧山区益农镇{api.world.places.village.name}股份经济合作社")
    author.post(f"ledger-imports/{upload(author, data)['id']}/apply", {})

    wanted = {"village": api.world.village, "month": "2026-03"}
    key = author.post("ledger-imports/finance-drafts", wanted, status=201)["disclosure_id"]
    item = author.get(f"disclosures/{key}")
    assert (item["state"], item["period"]) == ("draft", "2026-03")
    draft = item["versions"][-1]
    assert draft["figures"]["收入"] == "15,000.00 元"
    assert draft["figures"]["支出"] == "2,005.50 元"
    rows = [row[:2] + row[-1:] for row in draft["table"]["rows"]]
    assert rows == [["收入", "未分科目", "15,000.00"], ["支出", "银行支出（未分科目）", "2,005.50"]]
    again = author.post("ledger-imports/finance-drafts", wanted, status=201)["disclosure_id"]
    assert again == key

    author.post(f"disclosures/{key}/submit", {})
    author.refused("POST", "ledger-imports/finance-drafts", 409, "ledger.month_disclosed", wanted)
    empty = {**wanted, "month": "2025-01"}
    author.refused("POST", "ledger-imports/finance-drafts", 400, "ledger.month_empty", empty)
    for who, code in (("inspector", "disclosure.not_author"), ("reviewer", "access.forbidden")):
        other = {**wanted, "month": "2026-03"}
        api.as_(who).refused("POST", "ledger-imports/finance-drafts", 403, code, other)


def test_who_may_import(api: Api) -> None:
    made = upload(api.as_("author"), files.payments(api.world.places.village.name, GOOD))

    path = f"ledger-imports/{made['id']}"
    for who in ("reviewer", "inspector", "stranger"):
        api.as_(who).refused("GET", path, 404, "import.not_found")
    assert upload(api.as_("reviewer"), book([files.PAYMENTS]), 403)["code"] == "ledger.not_keeper"
    foreign = files.payments(api.world.elsewhere.village.name, GOOD)
    assert upload(api.as_("author"), foreign)["errors"][0]["problem"] == "不是您负责的村社"
    api.refused("POST", f"{path}/apply", 403, "import.not_yours", {})
    author = api.as_("author")
    author.refused("GET", f"ledger-imports/{uuid.uuid4()}", 404, "import.not_found")
    author.refused("GET", f"imports/{made['id']}", 404, "import.not_found")
    author.refused("GET", "ledger-imports/template?kind=nothing", 404, "import.kind_unknown")
    assert upload(author, b"PK\x03\x04", 400)["code"] == "sheet.type_refused"
    assert upload(author, foreign, 400, village="nowhere")["code"] == "import.village_refused"


def test_an_administrator_imports_for_all(api: Api) -> None:
    rows = [
        [name, "记-1", "2026-03-05", "甲店", 5, "现金", "办公费", "纸"]
        for name in (api.world.places.village.name, api.world.elsewhere.village.name)
    ]
    made = upload(api, book([files.PAYMENTS, *rows]))

    applied = api.post(f"ledger-imports/{made['id']}/apply", {})
    assert applied["villages"] == {api.world.village: 1, api.world.elsewhere.village.code: 1}


def test_an_officer_who_lost_his_post_imports_nothing(api: Api, borrowed: BorrowedDatabase) -> None:
    made = upload(api.as_("author"), files.payments(api.world.places.village.name, GOOD))
    with borrowed.transaction() as session:
        post = select(Appointment.id).where(Appointment.officer_id == api.world.people["author"].id)
        officers.dismiss(session, acting=factories.ROOT, appointment_id=session.scalars(post).one())

    path = f"ledger-imports/{made['id']}/apply"
    api.as_("author").refused("POST", path, 403, "ledger.not_keeper", {})


def test_what_is_probably_there_already_is_told_and_asked(api: Api) -> None:
    author = api.as_("author")
    village = api.world.places.village.name
    first = upload(author, files.payments(village, GOOD))
    author.post(f"ledger-imports/{first['id']}/apply", {})
    same = upload(author, files.payments(village, ("银-1", *GOOD[1:])))
    assert same["counts"]["payments"]["created"] == 0
    assert (same["double_count"], [one["same_as"] for one in same["doubles"]]) == (1, ["记-1"])

    applied = author.post(f"ledger-imports/{same['id']}/apply", {"enter_doubles": True})
    assert applied["counts"]["payments"]["created"] == 1
    assert len(author.get(f"payments?village={api.world.village}")["items"]) == 2
