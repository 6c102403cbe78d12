"""Whether a file is a workbook that may be opened: its kind, its unpacked size, its extent.

The reader lays a sheet out as a full rectangle, so two cells at opposite corners (A1 and XFD1048576) would
take all memory; and the sizes in an archive's index are claims. So each part is unpacked here in pieces up
to the limit, and the cells' own addresses are looked at before the reader sees the file."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat  # defused: documents with a DTD are refused before any entity is read

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from app.core import images
from app.core.errors import BadInput, TooLarge
from app.core.sheets.columns import MEGABYTE, Limits, address, column_number

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_PARTS = 500
HEAD_ROOM = 100  # rows above and below the table itself
_PIECE = 256 * 1024
_CELL = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError, NotImplementedError, EOFError,
    KeyError, ElementTree.ParseError, DefusedXmlException,
)  # fmt: skip


@dataclass
class Part:
    """What was seen in one part: how many formulas, and which cells show an error like #REF! or hold a
    formula of which no result was stored."""

    formulas: int = 0
    broken: set[str] = field(default_factory=set)


def check(data: bytes, limits: Limits) -> dict[str, Part]:
    """Look a workbook over before it is read; what was seen in its sheets, by their names.

    Raises BadInput for what is no workbook (`sheet.type_refused`, `sheet.old_format`, `sheet.damaged`),
    TooLarge for too many bytes, unpacked bytes, rows or columns (`sheet.too_large`)."""
    if len(data) > limits.max_bytes:
        raise TooLarge("sheet.too_large", f"文件太大，最多 {limits.max_bytes // MEGABYTE} MB，请分几次导入。")
    if data.startswith(OLE):
        raise BadInput(
            "sheet.old_format",
            "这是旧版 .xls 或加了密码的文件，请在 Excel 或 WPS 里去掉密码、另存为 .xlsx 再上传。",
        )
    if images.kind(data) is not images.Kind.XLSX:
        raise BadInput("sheet.type_refused", "这不是 Excel 工作簿（.xlsx），请用下载的模板填写后上传。")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = _look_over(archive, data, limits)
            return {name: parts.get(path, Part()) for name, path in _sheets(archive)}
    except _DAMAGE as error:
        raise damaged() from error


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """The names of the sheets and of the parts that hold them (ECMA-376-1 §18.2.19, ECMA-376-2 §9.3)."""
    targets: dict[str, str] = {}
    for found in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), forbid_dtd=True):
        targets[found.get("Id", "")] = found.get("Target", "")
    for found in ElementTree.fromstring(archive.read("xl/workbook.xml"), forbid_dtd=True).iter():
        if found.tag.endswith("}sheet"):
            link = next((value for key, value in found.items() if key.endswith("}id")), "")
            path = targets.get(link, "")
            yield found.get("name", ""), path.removeprefix("/") if path.startswith("/") else f"xl/{path}"


def _look_over(archive: zipfile.ZipFile, data: bytes, limits: Limits) -> dict[str, Part]:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > limits.max_unpacked:
        raise _bomb()
    left, seen = limits.max_unpacked, {}
    for part in parts:
        scanner = _Extent(limits) if part.filename.lower().endswith(".xml") else _NoSheet()
        for piece in _unpacked(data, part):
            left -= len(piece)
            if left < 0:
                raise _bomb()
            scanner.feed(piece)
        scanner.close()
        seen[part.filename] = scanner.part
    return seen


def _unpacked(data: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The true content of a part in pieces, however long its index entry says it is."""
    head = data[part.header_offset : part.header_offset + 30]
    if len(head) < 30 or part.flag_bits & 0x1:
        raise damaged()
    name_length, extra_length = struct.unpack("<HH", head[26:30])
    start = part.header_offset + 30 + name_length + extra_length
    packed = data[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield from (packed[at : at + _PIECE] for at in range(0, len(packed), _PIECE))
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise damaged()
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflater.eof:
        piece = inflater.decompress(packed, _PIECE)
        packed = inflater.unconsumed_tail
        if not piece and not packed:
            raise damaged()
        yield piece


class _NoSheet:
    """A part that is no XML by its name must not hold a sheet: the reader opens whatever is named as one."""

    def __init__(self) -> None:
        self.part = Part()
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        window = self._tail + piece
        if b"sheetData" in window:
            raise damaged()
        self._tail = window[-16:]

    def close(self) -> None:
        """Nothing is left over."""
        self._tail = b""


class _Extent:
    """Reads XML as it comes and follows rows and cells that hold something; refuses what is too far out."""

    def __init__(self, limits: Limits) -> None:
        self.part = Part()
        self._limits = limits
        self._row = 0
        self._column = -1
        self._formula = False
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start

    def feed(self, piece: bytes) -> None:
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError as error:
            raise damaged() from error

    def close(self) -> None:
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise damaged() from error
        self._unanswered()

    def _unanswered(self) -> None:
        """A formula whose cell ended without a value was never computed; it must not look empty."""
        if self._formula:
            self.part.broken.add(address(self._column, self._row))
        self._formula = False

    def _doctype(self, *_: object) -> None:
        raise damaged()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(" ")[2]
        if name in ("row", "c"):
            self._unanswered()
        if name == "row":
            self._row = _whole(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = -1
        elif name == "c":
            self._place(attributes.get("r"))
            if attributes.get("t") == "e":
                self.part.broken.add(address(self._column, self._row))
        elif name in ("v", "is"):
            self._formula = False
            self._content()
        elif name == "f":
            self._formula = True
            self.part.formulas += 1

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
            return
        match = _CELL.fullmatch(reference)
        if match is None:
            raise damaged()
        self._row, self._column = int(match[2]), column_number(match[1])

    def _content(self) -> None:
        most = self._limits.max_rows
        if self._row > most + HEAD_ROOM:
            raise TooLarge(
                "sheet.too_large",
                f"表格太长（第 {self._row} 行还有内容），一次最多 {most} 行，请分几次导入。",
                rows=most,
            )
        if self._column >= self._limits.max_columns:
            raise TooLarge(
                "sheet.too_large", f"表格太宽，最多 {self._limits.max_columns} 列，请删掉右边多余的内容。"
            )


def _whole(digits: str) -> int:
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 9:
        raise damaged()
    return int(digits)


def _bomb() -> TooLarge:
    return TooLarge("sheet.too_large", "文件展开后太大，请只保留要导入的表格再上传。")


def damaged() -> BadInput:
    """The error for a workbook that cannot be opened."""
    return BadInput("sheet.damaged", "这个 Excel 文件打不开，可能已损坏，请重新保存后再上传。")
