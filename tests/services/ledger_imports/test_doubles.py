"""The same payment as a bank's line and as a voucher: entered once, completed, unless the officer says that
they are two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.models import LedgerChange, Payment, Receipt
from app.services.ledgers.doubles import UNCLASSED
from tests.services.ledger_imports import files
from tests.services.ledger_imports.conftest import Keeper
from tests.workbooks import book

BANK = ["交易日期", "交易流水号", "摘要", "借方发生额", "贷方发生额", "对方户名"]
VOUCHER = ("记-7", "2026-03-05", "益农保洁服务部", "1200.50", "三月河道保洁")


def test_a_voucher_completes_the_banks_line(keeper: Keeper) -> None:
    keeper.enter(files.bank_list())
    seen = keeper.upload(files.payments("东联村", VOUCHER, ("记-8", "2026-03-05", "另一家店", 5, "纸")))
    assert seen.result["counts"]["payments"] == {"created": 1, "changed": 1, "unchanged": 0}
    assert (seen.result["double_count"], seen.result["doubles"]) == (
        1,
        [{"sheet": "Sheet1", "row": 2, "ledger": "payments", "voucher": "记-7", "same_as": "0001"}],
    )

    keeper.apply(seen)
    paid = {row.voucher: row for row in keeper.rows(Payment)}
    assert set(paid) == {"0001", "0002", "0004", "记-8"}
    assert (paid["0001"].category, paid["0001"].purpose) == ("管理费用-办公费", "河道保洁 三月")
    [told] = keeper.session.scalars(select(LedgerChange).where(LedgerChange.batch_id == seen.id))
    assert told.before["category"] == UNCLASSED

    again = keeper.upload(files.payments("东联村", VOUCHER))
    assert again.result["counts"]["payments"] == {"created": 0, "changed": 0, "unchanged": 1}


def test_a_banks_line_after_the_voucher_changes_nothing(keeper: Keeper) -> None:
    keeper.enter(files.payments("东联村", VOUCHER))
    keeper.enter(files.bank_list())

    paid = {row.voucher: row for row in keeper.rows(Payment)}
    assert set(paid) == {"记-7", "0002", "0004"}
    assert paid["记-7"].purpose == "三月河道保洁"


def test_the_officer_may_say_that_they_are_two(keeper: Keeper) -> None:
    keeper.enter(files.bank_list())
    keeper.apply(keeper.upload(files.payments("东联村", VOUCHER)), doubles=True)
    assert {"0001", "记-7"} <= {row.voucher for row in keeper.rows(Payment)}

    known = keeper.upload(files.payments("东联村", VOUCHER))
    assert (known.result["double_count"], known.result["counts"]["payments"]["unchanged"]) == (0, 1)


def test_rows_of_one_source_are_never_taken_for_each_other(keeper: Keeper) -> None:
    """Dividing one payment into equal ones must stay to be seen."""
    parts = [(f"记-{at}", *VOUCHER[1:]) for at in range(3)]
    batch = keeper.enter(files.payments("东联村", *parts))
    assert (batch.result["double_count"], keeper.number(Payment)) == (0, 3)
    more = keeper.enter(files.payments("东联村", *parts))
    assert (more.result["double_count"], keeper.number(Payment)) == (0, 3)

    longer = keeper.upload(files.payments("东联村", *parts, ("记-9", *VOUCHER[1:])))
    assert (longer.result["double_count"], longer.result["counts"]["payments"]["created"]) == (0, 1)


def test_each_line_stands_for_one_voucher(keeper: Keeper) -> None:
    keeper.enter(files.bank_list())
    two = keeper.upload(files.payments("东联村", VOUCHER, ("记-8", *VOUCHER[1:])))

    assert (two.result["double_count"], two.result["counts"]["payments"]["created"]) == (1, 1)


def test_another_day_amount_name_or_village_is_another_payment(keeper: Keeper) -> None:
    keeper.enter(files.bank_list())
    number, day, payee, amount, purpose = VOUCHER
    for village, row in (
        ("东联村", (number, "2026-03-06", payee, amount, purpose)),
        ("东联村", (number, day, "别的店", amount, purpose)),
        ("东联村", (number, day, payee, 1200.51, purpose)),
        ("兴裕村", VOUCHER),
    ):
        assert keeper.upload(files.payments(village, row)).result["double_count"] == 0


def test_names_that_say_nothing_are_no_sign(keeper: Keeper) -> None:
    hidden: tuple[Any, ...] = ("记-1", "2026-03-05", "***", 5, "纸")
    keeper.enter(files.payments("东联村", hidden))

    assert keeper.upload(files.payments("东联村", ("记-2", *hidden[1:]))).result["double_count"] == 0


def test_both_in_one_workbook_and_money_that_came_in(keeper: Keeper) -> None:
    lines = [
        BANK,
        ["2026-03-05", "0001", "河道保洁", 1200.5, None, VOUCHER[2]],
        ["2026-03-06", "0002", "租金", None, 8, "乙社"],
    ]
    paid = [files.PAYMENTS, ["东联村", *VOUCHER[:4], "转账", "办公费", "三月河道保洁"]]
    came = ["凭证号", "收款日期", "付款人", "收款金额", "收款方式"]
    data = files.pages(银行=lines, 支出=paid, 收款=[came, ["收-1", "2026-03-06", "乙社", 8, "转账"]])
    batch = keeper.enter(data, village_code=keeper.places.village.code)

    assert batch.result["double_count"] == 2
    assert (keeper.number(Payment), keeper.number(Receipt)) == (1, 1)


def test_a_voided_row_is_no_double(keeper: Keeper) -> None:
    keeper.enter(book([BANK, ["2026-03-05", "0001", "河道保洁", 1200.5, None, VOUCHER[2]]]),
                 village_code=keeper.places.village.code)  # fmt: skip
    [row] = keeper.rows(Payment)
    keeper.void(row)

    assert keeper.upload(files.payments("东联村", VOUCHER)).result["double_count"] == 0
