"""Uploads are recognised by content, and pictures come out clean or not at all."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.core import images
from app.core.errors import BadInput
from app.core.images import Kind, Limits

RED, BLUE = (220, 20, 30), (20, 30, 220)


def picture(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image.convert(mode)


def encode(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def decode(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=["JPEG"])
    image.load()
    return image


def refusal(data: bytes, limits: Limits = images.DEFAULT_LIMITS) -> BadInput:
    with pytest.raises(BadInput) as caught:
        images.clean(data, limits=limits)
    return caught.value


def like(image: Image.Image, x: int, y: int, colour: tuple[int, int, int]) -> bool:
    seen = image.getpixel((x, y))
    assert isinstance(seen, tuple)
    return all(abs(one - other) < 40 for one, other in zip(seen, colour, strict=True))


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises to be huge."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def workbook(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (encode(picture()), Kind.JPEG),
        (encode(picture(), "PNG"), Kind.PNG),
        (encode(picture(), "GIF"), Kind.GIF),
        (encode(picture(), "WEBP"), Kind.WEBP),
        (b"%PDF-1.7\n", Kind.PDF),
        (b"#!AMR\n\x3c", Kind.AMR),
        (b"\x00\x00\x00\x20ftypisom\x00\x00", Kind.MP4),
        (workbook("[Content_Types].xml", "xl/workbook.xml"), Kind.XLSX),
        (workbook("evil.exe"), None),
        (b"PK\x03\x04 broken", None),
        (b"\x00\x00\x00\x20ftypheic\x00\x00", None),
        (b"<svg onload=alert(1)>", None),
        (b"MZ", None),
        (b"", None),
    ],
)
def test_types_are_told_by_content(data: bytes, kind: Kind | None) -> None:
    assert images.kind(data) == kind


def test_kinds_have_names_for_the_outside() -> None:
    assert (Kind.JPEG.mime, Kind.JPEG.extension, Kind.JPEG.is_picture) == ("image/jpeg", ".jpg", True)
    assert (Kind.PDF.mime, Kind.PDF.extension, Kind.PDF.is_picture) == ("application/pdf", ".pdf", False)
    assert all(kind.mime for kind in Kind)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_every_type_becomes_a_plain_jpeg(form: str) -> None:
    cleaned = images.clean(encode(picture(), form))
    shown = decode(cleaned.jpeg)
    assert (cleaned.width, cleaned.height) == shown.size == (60, 40)
    assert like(shown, 10, 20, RED)
    assert like(shown, 50, 20, BLUE)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1"])
def test_other_colour_modes(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    assert decode(images.clean(encode(picture(mode=mode), form)).jpeg).mode == "RGB"


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    grey = Image.new("I;16", (20, 20), 0x8000)
    shown = decode(images.clean(encode(grey, "PNG")).jpeg)
    assert like(shown, 10, 10, (128, 128, 128))


def test_transparency_becomes_white() -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert like(decode(images.clean(encode(clear, "PNG")).jpeg), 10, 10, (255, 255, 255))


def test_metadata_and_appended_data_are_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "PhoneMakerOfZhang"
    exif.get_ifd(0x8825)[1] = "N"
    data = (
        encode(picture(), exif=exif, icc_profile=b"profile-of-zhang" * 20, comment=b"comment-of-zhang")
        + b"<?php tail"
    )
    assert b"zhang" in data.lower()
    cleaned = images.clean(data).jpeg
    assert b"zhang" not in cleaned.lower()
    assert b"php" not in cleaned
    shown = decode(cleaned)
    assert not shown.getexif()
    assert not {"icc_profile", "comment", "exif"} & set(shown.info)


@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [(1, (60, 40), (5, 20)), (2, (60, 40), (55, 20)), (3, (60, 40), (55, 20)), (4, (60, 40), (5, 20)),
     (5, (40, 60), (20, 5)), (6, (40, 60), (20, 5)), (7, (40, 60), (20, 55)), (8, (40, 60), (20, 55))],
)  # fmt: skip
def test_orientation_is_applied(orientation: int, size: tuple[int, int], red: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = decode(images.clean(encode(picture(), exif=exif)).jpeg)
    assert shown.size == size
    assert like(shown, *red, RED)


def test_damaged_exif_does_not_spoil_a_good_picture() -> None:
    data = encode(picture(), exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff broken")
    assert images.clean(data).width == 60


def test_large_pictures_are_scaled() -> None:
    cleaned = images.clean(encode(picture(4000, 1000)))
    assert (cleaned.width, cleaned.height) == (2048, 512)
    small = images.thumbnail(encode(picture(4000, 1000)))
    assert (small.width, small.height) == (320, 80)
    assert len(small.jpeg) < len(cleaned.jpeg)


def test_bombs_are_refused_before_decoding() -> None:
    error = refusal(png_header(60_000, 60_000))
    assert error.code == "image.too_large"
    assert error.data == {"pixels": 3_600_000_000, "limit": 40_000_000}
    assert "4000 万像素" in error.message


def test_limits() -> None:
    data = encode(picture())
    assert refusal(data, Limits(max_bytes=len(data) - 1)).code == "image.too_large"
    assert refusal(data, Limits(max_pixels=2399)).code == "image.too_large"
    assert images.clean(data, limits=Limits(len(data), 2400)).width == 60


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"<svg/>", b"\x00\x00\x00\x20ftypheic"])
def test_other_types_are_refused(data: bytes) -> None:
    error = refusal(data)
    assert error.code == "image.type_refused"
    assert "请换一张" in error.message


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_cut_off_pictures_are_refused(form: str) -> None:
    data = encode(picture(300, 200), form)
    assert refusal(data[: len(data) // 2]).code == "image.unreadable"
    assert refusal(data[:12]).code == "image.unreadable"


@given(
    st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
)
def test_damage_is_a_refusal_and_never_a_crash(form: str, damage: list[tuple[float, int]]) -> None:
    data = bytearray(encode(picture(), form))
    for place, value in damage:
        data[min(int(place * len(data)), len(data) - 1)] = value
    try:
        cleaned = images.clean(bytes(data))
    except BadInput as error:
        codes = error.code
    else:
        codes = ""
        assert decode(cleaned.jpeg).size == (cleaned.width, cleaned.height)
    assert codes in {"", "image.unreadable", "image.too_large", "image.type_refused"}
