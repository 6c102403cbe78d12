"""What a file may look like: a bank's list, a 三资 spreadsheet, dates and amounts as people write them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from app.core.errors import BadInput
from app.models import Asset, Benefit, Contract, Payment, Receipt
from app.models.base import Base
from app.models.interaction import ImportState
from app.models.ledgers import PaymentMethod
from app.services.ledger_imports import Choice
from tests.services.ledger_imports import files
from tests.services.ledger_imports.conftest import Keeper
from tests.workbooks import book

BANK = ["交易日期", "交易流水号", "摘要", "借方发生额", "贷方发生额", "对方户名"]


def test_a_banks_list_feeds_payments_and_receipts(keeper: Keeper) -> None:
    batch = keeper.upload(files.bank_list())

    assert batch.errors == []
    assert (batch.state, batch.rows, batch.result["skipped"]) == (ImportState.PREVIEWED, 4, 3)
    assert [sheet["kind"] for sheet in batch.result["sheets"]] == ["bank"]
    assert (keeper.number(Payment), keeper.number(Receipt)) == (0, 0)

    keeper.apply(batch)
    paid = {row.voucher: row for row in keeper.rows(Payment)}
    assert {number: (row.paid_on, row.amount_fen) for number, row in paid.items()} == {
        "0001": (date(2026, 3, 5), 120_050),
        "0002": (date(2026, 3, 5), 500),
        "0004": (date(2026, 3, 9), 80_000),
    }
    assert (paid["0001"].payee, paid["0001"].method) == ("益农保洁服务部", PaymentMethod.TRANSFER)
    assert (paid["0002"].payee, paid["0004"].method) == ("开户银行", PaymentMethod.CASH)
    assert paid["0001"].expense is None  # a bank knows no account title: that must not look clean
    [came] = keeper.rows(Receipt)
    assert (came.received_on, came.amount_fen, came.banked_on) == (
        date(2026, 3, 6),
        1_500_000,
        date(2026, 3, 6),
    )


@pytest.mark.parametrize(
    ("row", "cell", "problem"),
    [
        (["2026-03-05", "1", "河道保洁", 5, 5, "某某"], "D2", "借方和贷方都有金额"),
        (["2026-03-05", "1", "河道保洁", None, None, "某某"], "D2", "借方和贷方都没有金额"),
        (["2026-03-05", "1", "河道保洁", 5, None, None], "F2", "没有对方户名"),
        (["2026-03-05", "1", "冲正", -5, None, "某某"], "D2", "是冲正的负数"),
        (["2026-03-05", None, "河道保洁", 5, None, "某某"], "B2", "没有填写"),
        (["2027-03-05", "1", "河道保洁", 5, None, "某某"], "A2", "这一天还没有到"),
    ],
)
def test_movements_that_cannot_be_entered(keeper: Keeper, row: list[Any], cell: str, problem: str) -> None:
    batch = keeper.upload(book([BANK, row]), village_code=keeper.other.code)

    assert (batch.state, batch.rows) == (ImportState.REFUSED, 1)
    assert [(error["cell"], error["problem"]) for error in batch.errors] == [(cell, problem)]


def test_amounts_of_one_column_with_a_mark(keeper: Keeper) -> None:
    header = ["记账日期", "流水号", "用途", "借贷标志", "发生额", "对方名称"]
    rows = [["20260305", "1", "保洁", "借", "1.5万元", "甲店"], ["20260306", "2", "租金", "贷", 20, "乙社"]]
    keeper.enter(book([header, *rows]), village_code=keeper.places.village.code)

    assert [row.amount_fen for row in keeper.rows(Payment)] == [1_500_000]
    assert [row.amount_fen for row in keeper.rows(Receipt)] == [2_000]


def test_a_spreadsheet_of_several_ledgers(keeper: Keeper) -> None:
    batch = keeper.enter(files.two_sheets("益农镇东联村"))

    assert batch.result["counts"]["contracts"]["created"] == 2
    assets = {row.number: row for row in keeper.rows(Asset)}
    contracts = {row.number: row for row in keeper.rows(Contract)}
    assert contracts["HT-01"].asset_id == assets["ZC-01"].id  # named by a sheet that stands before it
    assert contracts["HT-01"].amount_fen == 3_600_000  # 单位：万元 stands in the title
    assert contracts["HT-02"].amount_fen == 1_200_000
    assert (contracts["HT-02"].starts_on, contracts["HT-02"].ends_on) == (
        date(2025, 6, 1),
        date(2028, 5, 31),
    )


def test_one_sheet_may_be_passed_over_or_be_another_ledger(keeper: Keeper) -> None:
    batch = keeper.upload(files.two_sheets("东联村"))
    again = keeper.say(batch, {"合同台账": {"kind": "skip"}})

    assert again.state is ImportState.PREVIEWED
    keeper.apply(again)
    assert (keeper.number(Asset), keeper.number(Contract)) == (2, 0)


@pytest.mark.parametrize(
    "day", ["2026年3月5日", "２０２６．３．５", "20260305", 20260305, date(2026, 3, 5), "20260305 10:20:33"]
)
@pytest.mark.parametrize("amount", ["1.5万元", "１５０００", "￥15,000.00", 15000])
def test_days_and_amounts_as_people_write_them(keeper: Keeper, day: Any, amount: Any) -> None:
    keeper.enter(files.payments("东联村", ("记-1", day, "某某经营部", amount, "保洁")))

    [row] = keeper.rows(Payment)
    assert (row.paid_on, row.amount_fen) == (date(2026, 3, 5), 1_500_000)


def test_sums_repeated_headers_and_signatures_are_no_rows(keeper: Keeper) -> None:
    good = ["东联村", "记-1", "2026-03-05", "某某经营部", 5, "转账", "办公费", "纸"]
    rows = [
        files.PAYMENTS,
        good,
        ["本页小计", None, None, None, 5, None, None, None],
        files.PAYMENTS,
        ["东联村", "记-2", "2026-03-05", "某某经营部", 6, "转账", "办公费", "合计三箱纸"],
        [None, None, None, "累计：", 11, None, None, None],
        ["制表人：张三", None, None, "审核：李四", None, None, None, None],
    ]
    batch = keeper.enter(book(rows))

    assert (batch.rows, batch.result["skipped"]) == (2, 4)
    assert {row.voucher for row in keeper.rows(Payment)} == {"记-1", "记-2"}


def test_lines_of_one_voucher_are_told_apart_and_a_doubled_row_is_an_error(keeper: Keeper) -> None:
    lines = [("记-1", "2026-03-05", "甲店", 5, "纸"), ("记-1", "2026-03-05", "乙店", 6, "笔")]
    batch = keeper.enter(files.payments("东联村", *lines))
    assert batch.result["counts"]["payments"]["created"] == 2
    assert {(row.line, row.payee) for row in keeper.rows(Payment)} == {(1, "甲店"), (2, "乙店")}

    doubled = keeper.upload(files.payments("东联村", *lines, lines[0]))
    assert [error["problem"] for error in doubled.errors] == ["和第 2 行完全一样"]


def test_numbers_of_a_file_come_once(keeper: Keeper) -> None:
    header = ["村社", "资金编号", "资金名称"]
    rows = [["东联村", f"Z{at}", "补助"] for at in range(2)]
    batch = keeper.upload(book([header, *rows, ["东联村", "Z0", "另一笔"]]), "funds")

    assert [(error["cell"], error["problem"]) for error in batch.errors] == [("B4", "和第 2 行是同一条")]


def test_what_is_no_workbook_or_empty(keeper: Keeper) -> None:
    empty = (book([files.PAYMENTS]), "import.empty"), (book([]), "import.empty")
    for data, code in ((b"x", "sheet.type_refused"), *empty):
        with pytest.raises(BadInput) as refusal:
            keeper.upload(data, "payments")
        assert refusal.value.code == code


def test_formulas_count_with_their_results(keeper: Keeper) -> None:
    def content(_: Any, sheet: Any) -> None:
        for place, name in enumerate(files.PAYMENTS):
            sheet.write(0, place, name)
        row = ["东联村", "记-1", "2026-03-05", "甲店", None, "转账", "办公费", "纸"]
        for place, value in enumerate(row):
            sheet.write(1, place, value)
        sheet.write_formula(1, 4, "=2*6", None, 12)

    batch = keeper.enter(book(content))
    assert batch.result["sheets"][0]["formulas"] == 1
    assert keeper.rows(Payment)[0].amount_fen == 1_200


AID = ["村社", "补助名称", "发放期间", "姓名", "发放日期", "金额", "身份证号"]


def test_a_total_that_fills_all_columns_is_no_row(keeper: Keeper) -> None:
    header = ["村社", "年度", "科目", "预算金额"]
    rows = [["东联村", 2026, "办公费", 5], ["东联村", 2026, "支出合计", 5]]
    batch = keeper.upload(book([header, *rows]), "budgets")

    assert (batch.rows, batch.result["skipped"]) == (1, 1)


def test_lines_of_aid_are_counted_for_each_person(keeper: Keeper) -> None:
    def aid(*rows: tuple[str, int]) -> bytes:
        return book([AID, *(["东联村", "高龄补贴", "2026-03", *row(one)] for one in rows)])

    def row(one: tuple[str, int]) -> list[Any]:
        return [one[0], "2026-03-20", one[1], None]

    keeper.enter(aid(("甲某", 100), ("乙某", 100)), "benefits")
    assert {(one.recipient, one.line) for one in keeper.rows(Benefit)} == {("甲某", 1), ("乙某", 1)}
    corrected = keeper.upload(aid(("乙某", 120)), "benefits")  # not a second payment beside the first
    assert [error["cell"] for error in corrected.errors] == ["F2"]


def test_numbers_that_differ_in_their_dashes_are_one(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.ledger_imports.running.CHUNK", 1)
    rows = [["东联村", "Z-1", "甲"], ["东联村", "Z—1", "乙"]]
    batch = keeper.upload(book([["村社", "资金编号", "资金名称"], *rows]), "funds")

    assert [(error["cell"], error["problem"]) for error in batch.errors] == [("B3", "和第 2 行是同一条")]


def test_a_sheet_that_is_not_read_is_told_of(keeper: Keeper) -> None:
    row = ["东联村", "记-1", "2026-03-05", "甲店", 5, "转账", "办公费", "纸"]
    other = ["村社", "凭证号", "付款日子", "收款人", "金额", "付款方式", "科目", "用途"]
    batch = keeper.upload(files.pages(一月=[files.PAYMENTS, row], 二月=[other, row]), "payments")

    assert batch.state is ImportState.PREVIEWED
    assert [(sheet["name"], sheet["ready"]) for sheet in batch.result["sheets"]] == [
        ("一月", True),
        ("二月", False),
    ]
    assert batch.result["sheets"][1]["lacking"] == ["paid_on"]
    assert keeper.apply(batch).rows == 1


def test_good_rows_leave_out_what_names_a_bad_one(keeper: Keeper) -> None:
    leases = ["村社", "合同编号", "合同类型", "合同名称", "乙方", "开始日期", "合同金额"]
    paid = ["2026-03-05", "甲店", 5, "转账", "办公费", "纸"]
    data = files.pages(
        支出=[
            [*files.PAYMENTS, "合同编号"],
            ["东联村", "记-1", *paid, "HT-7"],
            ["东联村", "记-2", *paid, "HT-8"],
        ],
        合同=[
            leases,
            ["东联村", "HT-7", "施工", "村道", "甲店", "某日", 5],
            ["东联村", "HT-8", "施工", "村道", "甲店", "2026-01-01", 5],
        ],
    )
    batch = keeper.upload(data)
    assert [(error["sheet"], error["cell"]) for error in batch.errors] == [("合同", "F2"), ("支出", "I2")]

    keeper.apply(batch, Choice.GOOD_ROWS)
    assert [row.voucher for row in keeper.rows(Payment)] == ["记-2"]


def test_identity_numbers_are_kept_nowhere(keeper: Keeper) -> None:
    number, short = "11010519491231002X", "110105194912310"
    days = ["2026-03-20", 120]
    batch = keeper.upload(
        book(
            [
                [*AID, "政策依据"],
                ["东联村", "高龄补贴", "2026-03", "甲某", *days, number, f"见 {number} 的申请"],
                ["东联村", "高龄补贴", "2026-03", "乙某", *days, short, ""],
                ["东联村", "高龄补贴", "2026-03", number, *days, "", ""],
            ]
        ),
        "benefits",
    )
    assert [error["cell"] for error in batch.errors] == ["G3", "D4"]
    assert batch.errors[0]["value"] == "***"
    keeper.apply(batch, Choice.GOOD_ROWS)

    assert [row.basis for row in keeper.rows(Benefit)] == ["见 110*************2X 的申请"]
    for table in Base.metadata.tables:
        kept = text(f'SELECT count(*) FROM "{table}" AS one WHERE one::text LIKE :part')
        assert keeper.session.scalar(kept, {"part": f"%{number[:12]}%"}) == 0, table
