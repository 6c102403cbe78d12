"""Workbooks that are meant to do harm, or are none: refused in plain words before anything reads them."""

from __future__ import annotations

import re
import struct
import time
import zlib
from collections.abc import Callable

import pytest

from app.core import sheets
from app.core.errors import AppError, TooLarge
from app.core.sheets import Column, Limits, Type, reading
from tests.workbooks import book, packed, parts_of

COLUMNS = (
    Column("day", "日期", Type.DATE, required=True),
    Column("purpose", "用途", required=True),
    Column("amount", "金额（元）", Type.MONEY, required=True),
)
HEADER = ["日期", "用途", "金额（元）"]
GOOD = ["2026-03-05", "河道保洁", 1200.5]


def refused(data: bytes, limits: Limits | None = None) -> AppError:
    with pytest.raises(AppError) as refusal:
        sheets.read(data, COLUMNS, limits=limits or reading.DEFAULT_LIMITS)
    return refusal.value


def test_other_kinds_of_files_are_named() -> None:
    assert refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)).code == "sheet.old_format"
    assert refused("日期,用途\n".encode()).code == "sheet.type_refused"
    assert refused(b"PK\x03\x04 and nothing else").code == "sheet.type_refused"
    assert refused(b"").code == "sheet.type_refused"


def test_every_cut_of_a_workbook_is_refused_in_plain_words() -> None:
    whole = book([HEADER, GOOD])
    for length in range(0, len(whole), 97):
        assert refused(whole[:length]).code in {"sheet.type_refused", "sheet.damaged"}


def test_a_hundred_thousand_rows_are_refused_quickly() -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (at, at) for at in range(3, 100_003))
    data = altered(lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))
    begun = time.perf_counter()

    assert refused(data).code == "sheet.too_large"
    assert time.perf_counter() - begun < 3


SHEET = "xl/worksheets/sheet1.xml"


def altered(change: Callable[[bytes], bytes]) -> bytes:
    parts = parts_of(book([HEADER, GOOD]))
    parts[SHEET] = change(parts[SHEET])
    return packed(parts)


@pytest.mark.parametrize(
    "cell",
    [b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', b'<row r="900000"><c><v>1</v></c></row>',
     b"<row>" + b"<c><v>1</v></c>" * 300 + b"</row>", b'<row r="3"><c r="ZZZZ9"><v>1</v></c></row>'],
)  # fmt: skip
def test_cells_far_out_are_refused_before_the_reader_sees_them(cell: bytes) -> None:
    error = refused(altered(lambda xml: xml.replace(b"</sheetData>", cell + b"</sheetData>")))

    assert error.code in {"sheet.too_large", "sheet.damaged"}


def test_a_sheet_under_another_name_is_refused() -> None:
    parts = parts_of(book([HEADER, GOOD]))
    parts["xl/evil.png"] = parts.pop(SHEET)
    parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(
        b"worksheets/sheet1.xml", b"evil.png"
    )

    assert refused(packed(parts)).code == "sheet.damaged"


def test_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'

    assert (
        refused(altered(lambda xml: re.sub(rb"(\?>\s*)", rb"\1" + bomb, xml, count=1))).code
        == "sheet.damaged"
    )


def test_a_bomb_is_refused_by_what_it_says_and_by_what_it_is() -> None:
    parts = parts_of(book([HEADER, GOOD]))
    parts["xl/media/pad.bin"] = bytes(30_000_000)
    honest = packed(parts)
    assert len(honest) < 100_000
    limits = Limits(max_unpacked=5_000_000)
    assert refused(honest, limits).code == "sheet.too_large"

    lying = bytearray(honest)
    at = lying.rfind(b"xl/media/pad.bin") - 46  # its entry in the index
    assert lying[at : at + 4] == b"PK\x01\x02"
    short = bytes(1000)
    lying[at + 16 : at + 20] = struct.pack("<I", zlib.crc32(short))
    lying[at + 24 : at + 28] = struct.pack("<I", len(short))
    assert refused(bytes(lying), limits).code == "sheet.too_large"


def test_too_many_bytes_are_refused_unread() -> None:
    error = refused(b"x" * 2048, Limits(max_bytes=1024))

    assert isinstance(error, TooLarge)


def test_errors_end_at_a_limit() -> None:
    sheet = sheets.read(book([HEADER, *[["x"] * 5] * 400]), COLUMNS, limits=Limits(max_errors=50))

    assert sheet.cut_short
    assert 50 <= len(sheet.errors) < 60
