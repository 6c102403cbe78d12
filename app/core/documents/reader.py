"""The child process that reads one file: `python -I reader.py kind pages characters seconds megabytes`, the
file on standard input, JSON on standard output. It imports nothing of the application and sees none of its
environment; before it looks at the file it gives up the right to more time, memory and files."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

PREVIEW_EDGE = 1000
PREVIEW_QUALITY = 72
MUCH_OF_A_PAGE = 0.05
"""A page is unreadable when pictures cover more of it than this: a small photo can show an ID card."""

CELLS = " | "
SAYS_NOTHING = frozenset({"", "anonymous", "unspecified", "untitled"})
MOST_UNPACKED = 200 * 1024 * 1024


class Refused(Exception):
    """The file is not taken; the argument says why."""


def limit(seconds: int, megabytes: int) -> None:
    """Give up the right to more."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024 * 1024,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Pages:
    """What was read so far, with an eye on the length."""

    def __init__(self, most_characters: int) -> None:
        self.found: list[dict[str, Any]] = []
        self._left = most_characters

    def add(self, label: str, text: str, *, readable: bool = True) -> None:
        """Note a page. Raises Refused when it becomes too much."""
        self._left -= len(text)
        if self._left < 0:
            raise Refused("too_long")
        clean = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
        self.found.append({"label": label[:80], "text": clean, "readable": readable})


# PDF


def read_pdf(data: bytes, most_pages: int, pages: Pages) -> bytes:
    """Note the text of every page and what stands beside the pages; return the first page as JPEG."""
    import pypdfium2 as pdfium

    try:
        pdf = pdfium.PdfDocument(data)
        count = len(pdf)
    except pdfium.PdfiumError as error:
        raise Refused("encrypted" if "assword" in str(error) else "damaged") from error
    if count > most_pages:
        raise Refused("too_many_pages")
    if count == 0:
        raise Refused("damaged")
    if pdf.count_attachments():
        raise Refused("embedded")
    try:
        for number in range(count):
            page = pdf[number]
            text, readable = _page(page)
            pages.add(f"第{number + 1}页", text, readable=readable)
            page.close()
        beside = "\n".join(_beside(pdf))
        if beside:
            pages.add("的文件属性和书签", beside)
        return _picture(pdf[0])
    except pdfium.PdfiumError as error:
        raise Refused("damaged") from error


def _page(page: Any) -> tuple[str, bool]:
    import pypdfium2.raw as raw

    text = page.get_textpage().get_text_range().replace("\r\n", "\n")
    notes = "\n".join(_notes(page))
    width, height = page.get_size()
    pictures = objects = 0.0
    for one in page.get_objects(max_depth=8):
        objects += 1
        if one.type == raw.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = one.get_bounds()
            pictures += abs(right - left) * abs(top - bottom)
    covered = pictures > MUCH_OF_A_PAGE * max(width * height, 1.0)
    readable = not covered and (bool(text.strip()) or not objects)
    return (f"{text}\n{notes}" if notes else text), readable


def _notes(page: Any) -> Iterator[str]:
    """What comments, stamps and form fields of a page say."""
    import ctypes

    import pypdfium2.raw as raw

    for number in range(min(raw.FPDFPage_GetAnnotCount(page), 2000)):
        note = raw.FPDFPage_GetAnnot(page, number)
        for key in (b"Contents", b"V", b"T", b"TU"):
            size = raw.FPDFAnnot_GetStringValue(note, key, None, 0)
            if not 2 < size < 200_000:
                continue
            buffer = ctypes.create_string_buffer(size)
            raw.FPDFAnnot_GetStringValue(note, key, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
            yield buffer.raw[: size - 2].decode("utf-16-le", "replace")
        raw.FPDFPage_CloseAnnot(note)


def _beside(pdf: Any) -> Iterator[str]:
    for key in ("Title", "Author", "Subject", "Keywords"):
        value = pdf.get_metadata_value(key).strip()
        if value.lower() not in SAYS_NOTHING:
            yield value
    for number, entry in enumerate(pdf.get_toc(max_depth=5)):
        if number >= 2000:
            return
        yield entry.get_title()


def _picture(page: Any) -> bytes:
    width, height = page.get_size()
    scale = min(PREVIEW_EDGE / max(width, height, 1.0), 4.0)
    picture = page.render(scale=scale).to_pil().convert("RGB")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=PREVIEW_QUALITY, optimize=True, progressive=True)
    return out.getvalue()


# Workbooks

_TELLING = re.compile(
    r"xl/(?:comments|threadedComments/|drawings/|charts/|sharedStrings|pivotCache/|externalLinks/|persons/|worksheets/_rels/|"
    r"connections|queryTables/|tables/)|docProps/|customXml/"
)
_WORDS = re.compile(r">([^<>]+)<|\s(?:v|name|displayName|title|descr|Target|prompt|error)=\"([^\"]+)\"")

# Of sheets, styles and the list of names only what is words: headers and footers of the printed page,
# formulas, lists to choose from, hints, names, and words in the formats of numbers.
_PARTS = re.compile(r"xl/(?:worksheets|chartsheets)/[^/]+|xl/(?:workbook|styles)")
_PART_WORDS = re.compile(
    r"<(?:\w+:)?(?:(?:odd|even|first)(?:Header|Footer)|f|formula[12]?|definedName)(?:\s[^>]*)?>([^<]+)<|"
    r"\s(?:prompt|promptTitle|error|errorTitle|formatCode)=\"([^\"]+)\""
)


def read_workbook(data: bytes, most_sheets: int, pages: Pages) -> None:
    """Note the cells of every sheet, hidden ones too, and what the file holds beside its cells."""
    import python_calamine as calamine

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > MOST_UNPACKED or len(entries) > 5000:
            raise Refused("too_heavy")
        if any(entry.filename.startswith("xl/embeddings/") for entry in entries):
            raise Refused("embedded")
        try:
            book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        except calamine.PasswordError as error:
            raise Refused("encrypted") from error
        if len(book.sheets_metadata) > most_sheets:
            raise Refused("too_many_pages")
        cells: set[str] = set()
        for sheet in book.sheets_metadata:
            _sheet(book, sheet, pages, cells)
        names = [sheet.name for sheet in book.sheets_metadata]
        beside = dict.fromkeys([*names, *_hidden(archive, entries, cells)])
        pages.add("的批注、文件属性等", "\n".join(beside))
        if any(entry.filename.startswith("xl/media/") for entry in entries):
            pages.add("里的图片", "", readable=False)


def _sheet(book: Any, sheet: Any, pages: Pages, cells: set[str]) -> None:
    import python_calamine as calamine

    hidden = sheet.visible != calamine.SheetVisibleEnum.Visible
    label = f"工作表“{sheet.name[:40]}”{'（隐藏）' if hidden else ''}"
    if sheet.typ != calamine.SheetTypeEnum.WorkSheet:
        pages.add(label, "", readable=False)
        return
    grid = book.get_sheet_by_name(sheet.name)
    lines = []
    for row in grid.iter_rows():
        texts = [_cell(value) for value in row]
        cells.update(texts)
        lines.append(CELLS.join(texts) if any(texts) else "")
    pages.add(label, "\n".join(lines).rstrip("\n"))


def _cell(value: Any) -> str:
    """As people see it; a long number written as a number keeps the digits that the file still has."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f") if abs(value) < 1e30 else ""
    if isinstance(value, datetime):
        return (
            value.date().isoformat() if not (value.hour or value.minute) else value.isoformat(" ", "minutes")
        )
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(str(value).replace("|", "¦").split())


def _hidden(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], cells: set[str]) -> Iterator[str]:
    """Comments, properties, drawings, formulas, printed headers, and strings that no cell shows any more."""
    for entry in entries:
        if not entry.filename.endswith((".xml", ".rels")):
            continue
        telling = _WORDS if _TELLING.match(entry.filename) else _PART_WORDS
        if telling is _PART_WORDS and not _PARTS.match(entry.filename):
            continue
        for match in telling.finditer(archive.read(entry).decode("utf-8", "replace")):
            words = " ".join(html.unescape(match[1] or match[2]).split())
            if words and words not in cells:
                yield words


# The process


def main(arguments: list[str]) -> int:
    """Read standard input, answer on standard output. 0 also for a refusal, which is an answer."""
    kind, (most_pages, characters, seconds, megabytes) = arguments[0], map(int, arguments[1:])
    limit(seconds, megabytes)
    data = sys.stdin.buffer.read()
    pages, preview = Pages(characters), None
    try:
        if kind == "pdf":
            preview = read_pdf(data, most_pages, pages)
        else:
            read_workbook(data, most_pages, pages)
        answer: dict[str, Any] = {
            "pages": pages.found,
            "preview": base64.b64encode(preview).decode("ascii") if preview else None,
        }
    except Refused as refusal:
        answer = {"refused": refusal.args[0]}
    except (MemoryError, ImportError):  # no memory left for a library
        answer = {"refused": "too_heavy"}
    except Exception:  # whatever a reader says of a broken file, the file is broken
        answer = {"refused": "damaged"}
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
