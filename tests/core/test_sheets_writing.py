"""Workbooks and CSV that we write: read again they say the same, and nothing in them runs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.core import sheets
from app.core.sheets import Column, RowError, Table, Type, reading
from tests.workbooks import book, parts_of

COLUMNS = (
    Column("day", "日期", Type.DATE, required=True),
    Column("purpose", "用途", required=True),
    Column("amount", "金额（元）", Type.MONEY, required=True),
    Column("paid", "已付清", Type.YES_NO),
    Column("method", "方式", Type.CHOICE, options=("转账", "村务卡")),
)
HEADER = ["日期", "用途", "金额（元）", "已付清", "方式"]
SHEET = "xl/worksheets/sheet1.xml"


def test_what_is_written_is_read_again_and_runs_nothing() -> None:
    rows = [
        {
            "day": date(2026, 3, 5),
            "purpose": "=1+1",
            "amount": Decimal("1200.50"),
            "paid": True,
            "method": "转账",
        }
    ]
    data = sheets.workbook([Table("明细", COLUMNS, rows)])

    assert b"<f>" not in parts_of(data)[SHEET]
    again = sheets.read(data, COLUMNS)
    assert again.errors == []
    assert again.rows[0].values["purpose"] == "=1+1"
    assert again.rows[0].values["amount"] == 120_050


def test_a_template_offers_lists_and_explains_its_columns() -> None:
    villages = [f"第{number}村" for number in range(200)]
    columns = (Column("village", "村社", Type.CHOICE, required=True), *COLUMNS)
    table = Table("明细", columns, [{"village": "第1村"}], {"village": villages})
    data = sheets.template(table, ["每行填一笔。"])
    parts = parts_of(data)

    assert parts[SHEET].count(b"<dataValidation ") == 3
    assert b'state="veryHidden"' in parts["xl/workbook.xml"]
    texts = parts["xl/sharedStrings.xml"].decode()
    assert "每行填一笔。" in texts
    assert "金额，如 1234.50 或 1.5万元" in texts


def test_marked_cells_carry_their_reason() -> None:
    data = book([HEADER, ["昨天", "=HYPERLINK(1)", 3]])
    sheet = sheets.read(data, COLUMNS)
    marked = sheets.marked(
        [sheets.Page(sheet.name, list(enumerate(reading.raw_rows(data, sheet.name), 1)), sheet.errors, 1)]
    )
    parts = parts_of(marked)

    assert [error.cell for error in sheet.errors] == ["A2"]
    assert "看不懂这个日期" in parts["xl/comments1.xml"].decode()
    assert b'ref="A2"' in parts["xl/comments1.xml"]
    assert b"<f>" not in parts[SHEET]
    assert reading.raw_rows(marked, "错误")[1][0] == "A2"


@pytest.mark.parametrize("typed", ["=1+1", "+cmd", "-cmd|x", "@SUM(A1)", "\t=1", "＝1"])
def test_csv_defuses_formulas(typed: str) -> None:
    assert sheets.defused(typed) == f"'{typed}"


def test_csv_keeps_numbers_and_has_a_bom() -> None:
    lines = b"".join(sheets.csv_lines(["金额", "说明"], [["-1,234.50", "他说“好”,\n走了"], [None, True]]))

    assert lines.decode() == '\ufeff金额,说明\r\n"-1,234.50","他说“好”,\n走了"\r\n,是\r\n'


def test_errors_survive_storing() -> None:
    error = RowError("B7", "金额", "x", "看不懂", "请改")

    assert RowError.of(error.as_json()) == error


def test_letters() -> None:
    assert [sheets.letters(number) for number in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert sheets.address(1, 7) == "B7"
