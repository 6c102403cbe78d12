"""Reading PDF files and workbooks: texts, pages that nobody can read, and files that mean harm."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from app.core import documents
from app.core.documents import Document, DocumentLimits
from app.core.errors import BadInput
from app.core.images import Kind
from tests.papers import paper
from tests.workbooks import book

ID = "339901196503020018"


def pdf(data: bytes, **limits: Any) -> Document:
    return documents.read(data, Kind.PDF, DocumentLimits(**limits))


def sheet(data: bytes, **limits: Any) -> Document:
    return documents.read(data, Kind.XLSX, DocumentLimits(**limits))


def test_the_text_of_each_page_and_a_picture_of_the_first() -> None:
    data = paper(
        ["收支公开表\n本月收入 12 万元", "", "第三页"], scanned=[2], title="张三的申请", note="电话在此"
    )

    read = pdf(data)

    assert [page.readable for page in read.pages[:3]] == [True, False, True]
    assert [page.label for page in read.pages[:3]] == ["第1页", "第2页", "第3页"]
    assert "本月收入 12 万元" in read.pages[0].text
    assert "电话在此" in read.pages[0].text
    assert read.pages[3].text == "张三的申请"
    assert read.preview is not None
    with Image.open(io.BytesIO(read.preview)) as picture:
        assert (picture.format, max(picture.size)) == ("JPEG", 1000)


def test_a_page_whose_picture_may_tell_more_than_its_text() -> None:
    [page] = pdf(paper(["扫描件，见下图"], scanned=[1])).pages

    assert not page.readable
    assert "扫描件" in page.text


def test_an_empty_page_is_readable() -> None:
    assert [page.readable for page in pdf(paper([""])).pages] == [True]


def with_a_file_inside() -> bytes:
    outer = pypdfium2.PdfDocument(paper(["正文"]))
    outer.new_attachment("名单.txt").set_data(b"13800001234")
    out = io.BytesIO()
    outer.save(out)
    return out.getvalue()


def bomb() -> bytes:
    """A workbook of a few kilobytes that unpacks to 400 megabytes."""
    out = io.BytesIO(book([["姓名"]]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/comments1.xml", b"<a>" + b"0" * (400 * 1024 * 1024))
    return out.getvalue()


REFUSED: list[tuple[str, Kind, bytes, dict[str, int]]] = [
    ("document.encrypted", Kind.PDF, paper(["正文"], password="secret"), {}),
    ("document.damaged", Kind.PDF, b"%PDF-1.7\nnothing that follows", {}),
    ("document.damaged", Kind.PDF, paper(["正文"])[:300], {}),
    ("document.embedded", Kind.PDF, with_a_file_inside(), {}),
    ("document.too_many_pages", Kind.PDF, paper(["一", "二", "三"]), {"pages": 2}),
    ("document.too_long", Kind.PDF, paper(["一二三四五六七八九十"]), {"characters": 5}),
    ("document.damaged", Kind.XLSX, book([["姓名"]])[:-200], {}),
    ("document.too_many_pages", Kind.XLSX, book([["姓名"]]), {"pages": 0}),
    ("document.too_heavy", Kind.XLSX, bomb(), {}),
    ("document.too_heavy", Kind.PDF, paper(["正文"]), {"megabytes": 40}),
]


@pytest.mark.parametrize(
    ("code", "kind", "data", "limits"), REFUSED, ids=[str(n) for n in range(len(REFUSED))]
)
def test_refusals(code: str, kind: Kind, data: bytes, limits: dict[str, int]) -> None:
    with pytest.raises(BadInput) as refused:
        documents.read(data, kind, DocumentLimits(**limits))

    assert refused.value.code == code
    assert "请" in refused.value.message


def test_every_sheet_and_what_hides_beside_the_cells() -> None:
    def content(workbook: Any, first: Any) -> None:
        first.write_row(2, 0, ["姓名", "身份证号", "金额"])
        first.write_row(3, 0, ["李四", ID, 1200.5])
        first.write_number(4, 1, 339901196503020018)
        first.write_comment(3, 0, "手机13800001234")
        secret = workbook.add_worksheet("底稿")
        secret.write(0, 0, "隐藏的")
        secret.very_hidden()
        workbook.set_properties({"author": "张三经办"})

    read = sheet(book(content))

    assert [page.label for page in read.pages] == [
        "工作表“Sheet1”",
        "工作表“底稿”（隐藏）",
        "的批注、文件属性等",
    ]
    assert read.pages[0].text.split("\n")[2:] == [
        "姓名 | 身份证号 | 金额",
        f"李四 | {ID} | 1200.5",
        " | 339901196503020000 | ",  # Excel itself keeps 15 digits of a number
    ]
    assert read.pages[1].text == "隐藏的"
    assert "手机13800001234" in read.pages[2].text
    assert "张三经办" in read.pages[2].text
    assert read.preview is None


def test_a_picture_in_a_workbook_is_unreadable() -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30)).save(picture, "PNG")

    read = sheet(book(lambda _book, page: page.insert_image(0, 0, "scan.png", {"image_data": picture})))

    assert [page.label for page in read.pages if not page.readable] == ["里的图片"]
