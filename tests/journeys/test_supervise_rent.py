"""Overdue rent: found from the ledgers, announced to the debtor, shown on the village page, paid within days,
off the page, and the warning is struck off by the receipt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date

import pytest

from app.core.db import BorrowedDatabase
from app.jobs.supervision import publish_arrears, settle_arrears
from tests.journeys.know import on
from tests.journeys.supervise import Town, town
from tests.workbooks import book

VILLAGE = "长圩村"


@pytest.fixture
def place(borrowed: BorrowedDatabase) -> Iterator[Town]:
    with on("2026-03-02", 8), town(borrowed) as made:
        yield made


def test_rent_is_paid_after_the_notice_and_leaves_the_page(place: Town) -> None:
    with on("2026-03-02"):
        notice = found_and_announced(place)
    with on("2026-03-10"):
        shown_on_its_day(place)
    with on("2026-03-13"):
        paid_and_off_the_page(place, notice)


def found_and_announced(place: Town) -> str:
    leases_and_receivables_come_in(place)
    assert place.run("rent.overdue")["fired"] == 1
    (warning,) = place.warnings(rule="rent.overdue")
    assert (warning["village"]["name"], warning["colour"]) == (VILLAGE, "red")
    office = place.office()
    (candidate,) = office.get("arrears/candidates")
    assert (candidate["owed_fen"], candidate["late_days"]) == (1_500_000, 61)
    made = office.post("arrears", {"receivable_id": candidate["receivable_id"]})
    assert made["warning_id"] == warning["id"]
    office.post(f"arrears/{made['id']}/serve", {"how": "当面送达，负责人签收"})
    place.office(place.county).post(f"arrears/{made['id']}/approve", {})
    return str(made["id"])


def leases_and_receivables_come_in(place: Town) -> None:
    """Two tables in one workbook each, as the town keeps them: the firm that owes, and one that paid."""
    leases = [
        ["村社", "合同编号", "合同类型", "合同名称", "承租方", "起租日期", "到期日期", "合同金额"],
        [
            VILLAGE,
            "ZL-01",
            "出租",
            "标准厂房租赁",
            "东风五金厂",
            "2024年1月1日",
            date(2028, 12, 31),
            "15万元",
        ],
        [VILLAGE, "ZL-02", "出租", "水塘承包", "周阿毛", "2024.1.1", date(2028, 12, 31), 60000],
    ]
    place.bring_in(book(leases), "合同台账.xlsx", kind="contracts")
    owed = [
        ["村社", "应收编号", "应收事项", "合同编号", "欠款人", "应缴日期", "应收金额"],
        [VILLAGE, "YS-01", "厂房 2025 年下半年租金", "ZL-01", "东风五金厂", "2025年12月31日", "1.5万元"],
        [VILLAGE, "YS-02", "水塘 2025 年承包款", "ZL-02", "周阿毛", "2025年12月31日", 12000],
    ]
    place.bring_in(book(owed), "应收台账.xlsx", kind="receivables", said={"title": "应收事项"})
    place.bring_in(book(owed), "应收台账.xlsx", kind="receivables")  # what was said is remembered
    came = [
        ["村社", "凭证号", "收款日期", "付款人", "金额", "收款方式", "应收编号"],
        [VILLAGE, "收-01", "2026年1月5日", "周阿毛", "１２，０００元", "转账", "YS-02"],
    ]
    place.bring_in(book(came), "收款台账.xlsx", kind="receipts")


def shown_on_its_day(place: Town) -> None:
    code = place.code(VILLAGE)
    place.here.http.cookies.clear()
    assert "东风五金厂" not in place.here.http.get(f"/v/{code}/arrears").text
    assert place.here.job(publish_arrears) == {"published": "1"}
    page = place.here.http.get(f"/v/{code}/arrears").text
    assert "东风五金厂" in page
    assert "15,000.00 元" in page
    assert "周" not in page.split("<main")[1].split("</main")[0]
    (line,) = place.here.mini().get(f"villages/{code}/arrears").json()
    assert (line["debtor"], line["owed_fen"]) == ("东风五金厂", 1_500_000)


def paid_and_off_the_page(place: Town, notice: str) -> None:
    office = place.office()
    (receivable,) = [
        one
        for one in office.get("receivables", village=place.code(VILLAGE))["items"]
        if one["number"] == "YS-01"
    ]
    paid = {
        "village": place.code(VILLAGE),
        "voucher": f"收-{uuid.uuid4().hex[:4]}",
        "received_on": "2026-03-13",
        "payer": "东风五金厂",
        "amount_fen": 1_500_000,
        "method": "transfer",
        "receivable_id": receivable["id"],
    }
    office.post("receipts", paid)
    assert place.here.job(settle_arrears) == {"settled": "1"}
    place.here.http.cookies.clear()
    assert "东风五金厂" not in place.here.http.get(f"/v/{place.code(VILLAGE)}/arrears").text
    assert office.get(f"arrears/{notice}")["state"] == "removed"
    assert place.run("rent.overdue").get("cleared") == 1
    (warning,) = place.warnings(rule="rent.overdue")
    closed = place.office(place.county).post(f"warnings/{warning['id']}/close", {"reason": "mended"})
    assert (closed["state"], closed["close_reason"]) == ("closed", "mended")
