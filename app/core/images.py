"""Uploads: what they are by content, and pictures made safe to show.

A picture is decoded within limits and written anew as JPEG: without EXIF (place, time, device), colour
profiles, comments or appended data, turned upright, and no larger than a phone needs. The plug-ins of Pillow
are used directly, each for its own type: the guessing `Image.open` also tries formats nobody asked for.
"""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from app.core.errors import BadInput

MAX_EDGE: Final = 2048
THUMBNAIL_EDGE: Final = 320
QUALITY: Final = 85
MEGABYTE: Final = 1024 * 1024


class _Jpeg(JpegImageFile):
    """Without the resolution in EXIF: Pillow reads it on opening, and damaged EXIF spoils good pictures."""

    def _read_dpi_from_exif(self) -> None:
        self.info["dpi"] = 72, 72


class Kind(StrEnum):
    """Types of files that we recognise."""

    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"
    PDF = "pdf"
    AMR = "amr"
    MP4 = "mp4"
    XLSX = "xlsx"

    @property
    def mime(self) -> str:
        """The media type to serve it with."""
        return _MIME[self]

    @property
    def extension(self) -> str:
        """The ending of a file name, with its dot."""
        return ".jpg" if self is Kind.JPEG else f".{self.value}"

    @property
    def is_picture(self) -> bool:
        """Whether `clean` takes it."""
        return self in _OPENERS


_MIME: Final = {
    Kind.JPEG: "image/jpeg",
    Kind.PNG: "image/png",
    Kind.GIF: "image/gif",
    Kind.WEBP: "image/webp",
    Kind.PDF: "application/pdf",
    Kind.AMR: "audio/amr",
    Kind.MP4: "video/mp4",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_OPENERS: Final[dict[Kind, type[ImageFile]]] = {
    Kind.JPEG: _Jpeg,
    Kind.PNG: PngImageFile,
    Kind.GIF: GifImageFile,
    Kind.WEBP: WebPImageFile,
}
_MP4_BRANDS: Final = (
    b"isom",
    b"iso2",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"M4V ",
    b"3gp",
    b"qt  ",
)

# What the decoders raise for damaged files, by Pillow's own sources; warnings are errors under test.
_DAMAGE: Final = (
    OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, EOFError, MemoryError,
    struct.error, Warning,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an upload may be; `max_pages` of a PDF, or sheets of a workbook."""

    max_bytes: int = 10 * MEGABYTE
    max_pixels: int = 40_000_000
    max_pages: int = 200
    document_seconds: int = 20
    document_megabytes: int = 768


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A JPEG that is safe to show, and its size."""

    jpeg: bytes
    width: int
    height: int


def kind(data: bytes) -> Kind | None:
    """The type of a file by its first bytes (and a workbook by what is in the archive); None if unknown."""
    for start, found in (
        (b"\xff\xd8\xff", Kind.JPEG),
        (b"\x89PNG\r\n\x1a\n", Kind.PNG),
        (b"GIF87a", Kind.GIF),
        (b"GIF89a", Kind.GIF),
        (b"%PDF-", Kind.PDF),
        (b"#!AMR", Kind.AMR),
    ):
        if data.startswith(start):
            return found
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind.WEBP
    if data[4:8] == b"ftyp" and data[8:12].startswith(_MP4_BRANDS):
        return Kind.MP4
    return Kind.XLSX if data.startswith(b"PK\x03\x04") and _is_workbook(data) else None


def _is_workbook(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {"[Content_Types].xml", "xl/workbook.xml"} <= set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError):
        return False


def clean(data: bytes, *, limits: Limits = DEFAULT_LIMITS, max_edge: int = MAX_EDGE) -> Cleaned:
    """The picture in `data` as a fresh JPEG whose longer edge is at most `max_edge`.

    Of an animation the first frame; transparency on white. Raises BadInput: `image.type_refused` (no JPEG,
    PNG, GIF or WebP), `image.too_large` (bytes or pixels), `image.unreadable` (damaged)."""
    if len(data) > limits.max_bytes:
        raise BadInput(
            "image.too_large", f"图片太大，最多 {limits.max_bytes // MEGABYTE or 1} MB，请压缩后再传。",
            bytes=len(data), limit=limits.max_bytes,
        )  # fmt: skip
    found = kind(data)
    if found is None or not found.is_picture:
        raise BadInput(
            "image.type_refused",
            "只能传 JPG、PNG、GIF 或 WebP 图片，请换一张。",
            type=found.value if found else None,
        )
    try:
        with _OPENERS[found](io.BytesIO(data)) as image:
            pixels = image.width * image.height
            if pixels <= limits.max_pixels:
                return _write(_upright(image, max_edge), max_edge)
    except _DAMAGE as error:
        raise BadInput("image.unreadable", "这张图片打不开，可能已损坏，请换一张。") from error
    raise BadInput(
        "image.too_large", f"图片尺寸太大，最多 {limits.max_pixels // 10_000} 万像素，请缩小后再传。",
        pixels=pixels, limit=limits.max_pixels,
    )  # fmt: skip


def thumbnail(data: bytes, *, edge: int = THUMBNAIL_EDGE, limits: Limits = DEFAULT_LIMITS) -> Cleaned:
    """A small version of a picture for lists. Raises as `clean`."""
    return clean(data, limits=limits, max_edge=edge)


def _upright(image: ImageFile, max_edge: int) -> Image.Image:
    """The decoded first frame, scaled, in RGB, turned as its EXIF says."""
    image.draft("RGB", (max_edge, max_edge))  # lets the JPEG decoder skip detail that is thrown away anyway
    turn = _orientation(image)
    image.load()
    frame = _rgb(image)
    frame.thumbnail((max_edge, max_edge), Image.Resampling.LANCZOS)
    return frame if turn is None else frame.transpose(turn)


_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """How to turn the picture; damaged EXIF turns nothing, the picture itself may be good."""
    try:
        return _TURNS.get(image.getexif().get(0x0112, 1))
    except _DAMAGE:
        return None


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow clips instead of scaling
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGB", layered.size, "white")
    white.paste(layered, mask=layered.getchannel("A"))
    return white


def _write(frame: Image.Image, max_edge: int) -> Cleaned:
    frame.info.clear()
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=max_edge > THUMBNAIL_EDGE)
    return Cleaned(out.getvalue(), frame.width, frame.height)
