"""Codes are read back by an independent reader."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from app.core.errors import BadInput
from app.services import qr_images

CONTENTS = [
    "http://weixin.qq.com/q/02kZ5fJ1yqeKT10000M07x",
    "https://mashang.example.cn/v/330109103207?p=board",
    "东联村：扫一扫看村里的账",
    "0123456789",
    "x" * 1000,
]


def read(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image)]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("box", [3, 10])
def test_png_is_read_back(content: str, box: int) -> None:
    image = Image.open(io.BytesIO(qr_images.png(content, box=box)), formats=["PNG"])
    side = len(qr_images.matrix(content)) + 8
    assert image.size == (side * box, side * box)
    assert read(image.convert("L")) == [content]


@pytest.mark.parametrize("content", CONTENTS)
def test_svg_is_read_back(content: str) -> None:
    """The paths of the document are drawn by the test itself."""
    root = ElementTree.fromstring(qr_images.svg(content))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    side = int(root.attrib["viewBox"].split()[-1])
    image = Image.new("L", (side * 4, side * 4), 128)
    draw = ImageDraw.Draw(image)
    background, modules = list(root)
    assert background.attrib == {"fill": "#fff", "d": f"M0 0h{side}v{side}H0z"}
    draw.rectangle((0, 0, side * 4, side * 4), fill=255)
    shape = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
    assert shape.sub("", modules.attrib["d"]) == ""
    for x, y, length, back in (map(int, found) for found in shape.findall(modules.attrib["d"])):
        assert length == back
        draw.rectangle((x * 4, y * 4, (x + length) * 4 - 1, y * 4 + 3), fill=0)
    assert read(image) == [content]


def test_a_dirty_code_is_still_read() -> None:
    image = Image.open(io.BytesIO(qr_images.png(CONTENTS[0], box=10)), formats=["PNG"]).convert("L")
    middle = image.width // 2
    ImageDraw.Draw(image).ellipse((middle - 40, middle - 40, middle + 40, middle + 40), fill=120)
    assert read(image) == [CONTENTS[0]]


@pytest.mark.parametrize(
    ("content", "box", "code"),
    [("", 10, "qr.empty"), ("x" * 1001, 10, "qr.too_long"), ("村" * 900, 10, "qr.too_long"),
     ("x", 0, "qr.size"), ("x", 65, "qr.size")],
)  # fmt: skip
def test_refusals(content: str, box: int, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        qr_images.png(content, box=box)
    assert caught.value.code == code
