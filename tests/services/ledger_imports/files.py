"""Files as banks, towns and villages send them, written with xlsxwriter."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import xlsxwriter

from tests.workbooks import book

PAYMENTS = ["村社", "凭证号", "付款日期", "收款人", "金额", "付款方式", "科目", "用途"]


def payments(village: str, *rows: Sequence[Any]) -> bytes:
    """A file of payments: (voucher, day, payee, amount, purpose) of one village."""
    return book(
        [PAYMENTS]
        + [
            [village, voucher, day, payee, amount, "转账", "管理费用-办公费", purpose]
            for voucher, day, payee, amount, purpose in rows
        ]
    )


def pages(**content: Sequence[Sequence[Any]]) -> bytes:
    """A workbook with these sheets."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as workbook:
        for name, rows in content.items():
            sheet = workbook.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return out.getvalue()


def bank_list(owner: str = "萧山区益农镇东联村股份经济合作社") -> bytes:
    """A bank's list with a merged title, an opening balance, movements both ways, and sums at the end."""

    def content(workbook: Any, sheet: Any) -> None:
        sheet.merge_range("A1:G1", "账户交易明细清单")
        sheet.write("A2", f"户名：{owner}")
        sheet.write("E2", "币种：人民币  单位：元")
        rows: list[list[Any]] = [
            ["交易日期", "交易流水号", "摘要", "借方发生额", "贷方发生额", "余额", "对方户名"],
            ["20260301", None, "期初余额", None, None, "100,000.00", None],
            ["20260305", "0001", "河道保洁 三月", "1,200.50", None, "98,799.50", "益农保洁服务部"],
            ["20260305", "0002", "手续费", 5, None, 98794.5, None],
            ["２０２６．３．６", "0003", "鱼塘租金", None, "１．５万元", 113794.5, "某某水产专业合作社"],
            ["2026-03-09 10:20:33", "0004", "现金支票 误工补贴", "800", "0.00", 112994.5, "王小明"],
            ["合计", None, None, "2,005.50", "15,000.00", None, None],
            ["打印日期：2026-04-01", None, "经办：", None, None, None, None],
        ]
        for at, row in enumerate(rows, start=2):
            for place, value in enumerate(row):
                sheet.write(at, place, value)

    return book(content)


def two_sheets(village: str) -> bytes:
    """A 三资 spreadsheet: leases that name their assets, the assets on the next sheet, a page of notes."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy/m/d"}) as workbook:
        leases = workbook.add_worksheet("合同台账")
        leases.merge_range("A1:H1", "农村集体经济合同台账（单位：万元）")
        rows: list[list[Any]] = [
            [
                "村名",
                "合同编号",
                "合同类型",
                "合同名称",
                "承租方",
                "起租日期",
                "到期日期",
                "合同金额",
                "资产编号",
            ],
            [
                village,
                "HT-01",
                "出租",
                "村口鱼塘承包",
                "某某合作社",
                "2024年1月1日",
                date(2026, 12, 31),
                3.6,
                "ZC-01",
            ],
            [
                village,
                "HT-02",
                "房屋租赁",
                "沿街店面",
                "张三",
                "2025.6.1",
                "２０２８年５月３１日",
                "1.2万元",
                "ZC-02",
            ],
            ["合计", None, None, None, None, None, None, 4.8, None],
        ]
        assets = workbook.add_worksheet("资产资源")
        held: list[list[Any]] = [
            ["村名", "资产编号", "资产名称", "资产类别", "面积", "使用状态"],
            [village, "ZC-01", "村口鱼塘", "水面", 12, "出租"],
            [village, "ZC-02", "沿街店面", "店面", 80, "出租"],
        ]
        remarks = workbook.add_worksheet("填写说明")
        remarks.write("A1", "请如实填写")
        for sheet, first, content in ((leases, 1, rows), (assets, 0, held)):
            for at, row in enumerate(content, start=first):
                for place, value in enumerate(row):
                    if isinstance(value, date):
                        sheet.write_datetime(at, place, value)
                    else:
                        sheet.write(at, place, value)
    return out.getvalue()
