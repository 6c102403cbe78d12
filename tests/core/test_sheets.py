"""Spreadsheets in: what people type, and what is wrong with it, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import sheets
from app.core.errors import BadInput
from app.core.sheets import Column, Sheet, Type, cells
from tests.workbooks import book, packed, parts_of

COLUMNS = (
    Column("day", "日期", Type.DATE, required=True, synonyms=("发生日期", "时间")),
    Column("purpose", "用途", Type.TEXT, required=True, synonyms=("摘要",), longest=20),
    Column("amount", "金额（元）", Type.MONEY, required=True),
    Column("paid", "已付清", Type.YES_NO),
    Column("method", "方式", Type.CHOICE, options=("转账", "村务卡")),
)
HEADER = ["日期", "用途", "金额（元）", "已付清", "方式"]
MOMENT = datetime(2026, 3, 5, 8, 30)  # noqa: DTZ001  (what a spreadsheet holds has no zone)
GOOD = ["2026-03-05", "河道保洁", 1200.5, "是", "转账"]


def read(rows: Sequence[Sequence[Any]], **options: Any) -> Sheet:
    return sheets.read(book(rows, **options), COLUMNS)


def test_a_plain_table_is_read_by_its_header() -> None:
    sheet = read(
        [["某某村三月份明细"], [], HEADER, GOOD, [None] * 5, [date(2026, 3, 6), "路灯", 80, "否", "村务卡"]]
    )

    assert sheet.errors == []
    assert [row.number for row in sheet.rows] == [4, 6]
    assert sheet.rows[0].values == {
        "day": date(2026, 3, 5), "purpose": "河道保洁", "amount": 120_050, "paid": True, "method": "转账",
    }  # fmt: skip
    assert sheet.rows[1].values["amount"] == 8_000
    assert sheet.rows[1].values["paid"] is False


def test_headers_are_found_by_synonym_order_and_spacing() -> None:
    sheet = read([["备 注", "摘要", " 金额(元)* ", "发生日期"], ["x", "修路", "3,000", "2026年3月5日"]])

    assert sheet.rows[0].values == {"day": date(2026, 3, 5), "purpose": "修路", "amount": 300_000}
    assert sheet.unknown == ["A 列「备 注」"]


def test_a_header_of_two_rows_with_merged_cells() -> None:
    def write(workbook: Any, sheet: Any) -> None:
        sheet.merge_range("A1:E1", "三月份收支")
        sheet.merge_range("A2:A3", "日期")
        sheet.merge_range("B2:C2", "支出")
        sheet.write_row("B3", ["用途", "金额（元）"])
        sheet.write_row("A4", ["2026/3/5", "河道保洁", 1200])

    sheet = sheets.read(book(write), COLUMNS)

    assert [row.number for row in sheet.rows] == [4]
    assert sheet.rows[0].values["amount"] == 120_000


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadInput) as refusal:
        read([["日期", "金额（元）"], ["2026-03-05", 3]])

    assert refusal.value.code == "sheet.header_missing"
    assert refusal.value.data["columns"] == ["用途"]


def test_each_wrong_cell_has_its_address_and_a_remedy() -> None:
    sheet = read(
        [
            HEADER,
            GOOD,
            ["三月五日", "河道保洁", "很多", "也许", "现金"],
            [None, "河道", -1, None, None],
            ["2026-02-30", None, 0.123, None, None],
        ]
    )

    assert [row.number for row in sheet.rows] == [2]
    assert {error.cell: error.header for error in sheet.errors} == {
        "A3": "日期", "C3": "金额（元）", "D3": "已付清", "E3": "方式", "A4": "日期",
        "A5": "日期", "B5": "用途", "C5": "金额（元）",
    }  # fmt: skip
    by_cell = {error.cell: error for error in sheet.errors}
    assert by_cell["E3"].message == "E3 方式「现金」：不在选项里，请选：转账、村务卡。"
    assert by_cell["A4"].problem == "没有填写"
    assert by_cell["A5"].problem == "没有这一天"
    assert all(error.remedy for error in sheet.errors)


def test_errors_repeat_no_personal_data() -> None:
    columns = (Column("name", "用途", longest=3), Column("card", "身份证", longest=3, secret=True))
    sheet = sheets.read(book([["用途", "身份证"], ["电话13812345678", "33010619800101"]]), columns)

    assert "13812345678" not in str(sheet.errors)
    assert "138****5678" in sheet.errors[0].value
    assert sheet.errors[1].value == "***"


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        (1200.5, 120_050),
        (0.1 + 0.2, 30),
        (1e9, 10**11),
        ("1.5万元", 1_500_000),
        ("￥1,234.50", 123_450),
        ("１，２３４．５０", 123_450),
        ("-80", -8_000),
        ("（1,234.50）", -123_450),
        ("−3元", -300),
        ("3元5角", 350),
        (" 12 ", 1_200),
    ],
)
def test_amounts(typed: Any, fen: int) -> None:
    assert cells.amount(typed) == fen


@given(st.integers(-(10**12), 10**12))
def test_every_amount_of_a_spreadsheet_keeps_its_fen(fen: int) -> None:
    assert cells.amount(fen / 100) == fen


def test_the_unit_of_the_header_counts_for_plain_numbers() -> None:
    columns = (Column("a", "金额", Type.MONEY),)
    sheet = sheets.read(book([["金额（万元）"], [1.23456], ["2"], ["3元"]]), columns)

    assert [row.values["a"] for row in sheet.rows] == [1_234_560, 2_000_000, 300]


@pytest.mark.parametrize("typed", ["12.345", True, "十二", "1,23", "", "12元元", date(2026, 3, 5), 1e300])
def test_what_is_no_amount(typed: Any) -> None:
    with pytest.raises(cells.Unreadable):
        cells.amount(typed)


@pytest.mark.parametrize(
    "typed",
    ["2026年3月5日", "2026/3/5", "2026.3.5", "2026-03-05", "２０２６－３－５", "20260305", 20260305, 46086,
     46086.75, MOMENT, date(2026, 3, 5), "2026-03-05 00:00:00", "二〇二六年三月五日"],
)  # fmt: skip
def test_days(typed: Any) -> None:
    assert cells.day(typed) == date(2026, 3, 5)


@pytest.mark.parametrize("typed", ["2026-13-01", "3月5日", 12, 5e6, True, "1026-03-05", "明天"])
def test_what_is_no_day(typed: Any) -> None:
    with pytest.raises(cells.Unreadable):
        cells.day(typed)


@pytest.mark.parametrize(
    ("read_as", "typed", "wanted"),
    [
        (cells.month, "2026年3月", "2026-03"),
        (cells.month, "2026-3", "2026-03"),
        (cells.month, "202603", "2026-03"),
        (cells.month, 202603, "2026-03"),
        (cells.month, 2026.3, "2026-03"),
        (cells.month, 2026.12, "2026-12"),
        (cells.month, date(2026, 3, 1), "2026-03"),
        (cells.month, 46086, "2026-03"),
        (cells.month, "二〇二六年十二月份", "2026-12"),
        (cells.quarter, "2026年第三季度", "2026-Q3"),
        (cells.quarter, "2026Q1", "2026-Q1"),
        (cells.quarter, "2026年4季度", "2026-Q4"),
        (cells.year, 2026, "2026"),
        (cells.year, "2026年度", "2026"),
        (cells.whole, "1,200", 1200),
        (cells.number, 12.5, Decimal("12.5")),
        (cells.yes_no, "√", True),
        (cells.yes_no, "无", False),
    ],
)
def test_other_types(read_as: Callable[[Any], Any], typed: Any, wanted: Any) -> None:
    assert read_as(typed) == wanted


@pytest.mark.parametrize(
    ("read_as", "typed"),
    [
        (cells.month, 2026.1),  # 2026.10 once?
        (cells.month, "2026年13月"),
        (cells.quarter, "2026年5季度"),
        (cells.year, "26"),
        (cells.whole, 1.5),
        (cells.number, "abc"),
        (cells.yes_no, "也许"),
    ],
)
def test_other_types_refuse(read_as: Callable[[Any], Any], typed: Any) -> None:
    with pytest.raises(cells.Unreadable):
        read_as(typed)


def test_long_numbers_that_excel_has_rounded_are_refused_as_text() -> None:
    sheet = sheets.read(book([["卡号"], [6228480402564890018.0]]), (Column("a", "卡号"),))

    assert sheet.errors[0].problem == "数字太长，Excel 已丢掉后几位"


def test_formulas_count_with_their_last_result_and_broken_ones_are_errors() -> None:
    def write(workbook: Any, sheet: Any) -> None:
        sheet.write_row("A1", HEADER)
        sheet.write_row("A2", ["2026-03-05", "合计"])
        sheet.write_formula("C2", "=SUM(F1:F9)", None, 1200.5)
        sheet.write_row("A3", ["2026-03-05", "坏了"])
        sheet.write_formula("C3", "=1/0", None, "#DIV/0!")

    sheet = sheets.read(book(write), COLUMNS)

    assert sheet.rows[0].values["amount"] == 120_050
    assert sheet.formulas == 2
    assert [(error.cell, error.problem) for error in sheet.errors] == [("C3", "公式出错")]


def test_merged_cells_below_the_header() -> None:
    columns = (
        Column("village", "村社", required=True, spread=True),
        Column("n", "金额", Type.MONEY, required=True),
    )

    def write(workbook: Any, sheet: Any) -> None:
        sheet.write_row("A1", ["村社", "金额"])
        sheet.merge_range("A2:A3", "东联村")
        sheet.write("B2", 1)
        sheet.write("B3", 2)
        sheet.write("A4", "兴裕村")
        sheet.merge_range("B4:B5", 3)
        sheet.write("A5", "兴裕村")

    sheet = sheets.read(book(write), columns)

    assert [row.values["village"] for row in sheet.rows] == ["东联村", "东联村", "兴裕村"]
    assert [(error.cell, error.problem) for error in sheet.errors] == [("B5", "和 B4 合并成了一格")]


def test_hidden_sheets_are_passed_over() -> None:
    def write(workbook: Any, sheet: Any) -> None:
        sheet.write_row("A1", HEADER)
        sheet.write_row("A2", ["2026-03-05", "看不见", 1])
        sheet.hide()
        other = workbook.add_worksheet("看得见")
        other.write_row("A1", HEADER)
        other.write_row("A2", ["2026-03-05", "看得见", 1])
        other.activate()

    sheet = sheets.read(book(write), COLUMNS)

    assert sheet.name == "看得见"
    assert [row.values["purpose"] for row in sheet.rows] == ["看得见"]


@pytest.mark.parametrize(
    "typed",
    [
        "2026/3/1 10:20",
        "２０２６／３／１　１０：２０",
        "2026-3-1 14:30:59.123",
        "2026-03-01 00:00:00 +0800",
        "2026年3月1日 下午2:30",
        "2026年3月1日星期日",
        "2026/3/1（周日） 9:05",
        "20260301 102033",
    ],
)
def test_a_time_behind_a_day_does_not_become_part_of_it(typed: str) -> None:
    assert cells.day(typed) == date(2026, 3, 1)
    assert cells.month(typed) == "2026-03"


@pytest.mark.parametrize(
    ("header", "above", "fen"),
    [
        ("金额（万元/年）", None, 1_500_000),
        ("金额（人民币：万元）", None, 1_500_000),
        ("金额(万)", None, 1_500_000),
        ("金额(万元，含税)", None, 1_500_000),
        ("金额（元/年）", "单位：万元", 150),
        ("金额", "（单位：亩、万元）", 1_500_000),
        ("金额", "单位（万元）", 1_500_000),
        ("金额", "单 位：万 元", 1_500_000),
        ("金额", "某村台账（万元）", 1_500_000),
        ("金额", "某村台账（2026年元月）", 150),
        ("金额", "填报单位：万元村", 150),
    ],
)
def test_units_as_people_write_them(header: str, above: str | None, fen: int) -> None:
    rows = [["日期", "用途", header], ["2026-03-05", "修路", 1.5]]
    sheet = read([[above], *rows] if above else rows)

    assert sheet.rows[0].values["amount"] == fen


def test_a_unit_in_the_group_above_a_header() -> None:
    def write(_: Any, sheet: Any) -> None:
        for place, name in enumerate(["日期", "用途"]):
            sheet.merge_range(0, place, 1, place, name)
        sheet.merge_range("C1:D1", "收支（万元）")
        sheet.write_row("C2", ["已付清", "金额"])
        sheet.write_row("A3", ["2026-03-05", "修路", "是", 1.5])

    assert sheets.read(book(write), COLUMNS).rows[0].values["amount"] == 1_500_000


def test_a_formula_without_a_result_does_not_look_empty() -> None:
    def write(_: Any, sheet: Any) -> None:
        sheet.write_row("A1", HEADER)
        sheet.write_row("A2", GOOD[:3])
        sheet.write_formula("D2", "=C2>0", None, "")

    parts = parts_of(book(write))
    name = "xl/worksheets/sheet1.xml"
    assert parts[name].count(b"<v></v>") == 1
    parts[name] = parts[name].replace(b"<v></v>", b"")
    sheet = sheets.read(packed(parts), COLUMNS)
    assert [(error.cell, error.problem) for error in sheet.errors] == [("D2", "公式出错")]
