"""The poster as a reader and a scanner see it: rendered, decoded, its text read out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from app.core.errors import BadInput
from app.services.poster import PosterContent, poster
from app.services.printing import FONT_FILE

PAGE = "https://mashang.example.cn/v/330109103207?p=board"
SCENE = "http://weixin.qq.com/q/02kZ5fJ1yqeKT10000M07x"
CONTENT = PosterContent("东联村", "益农镇", PAGE, SCENE, "村务公开栏")


def render(pdf: bytes, dpi: int = 200) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    image = document[0].render(scale=dpi / 72).to_pil()
    document.close()
    return image


def text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    words = document[0].get_textpage().get_text_bounded()
    document.close()
    return words


def codes(image: Image.Image) -> dict[str, int]:
    """What each code says, and its width in pixels."""
    return {
        found.text: found.position.top_right.x - found.position.top_left.x
        for found in zxingcpp.read_barcodes(image)
    }


def test_both_codes_are_read_and_the_scene_code_is_the_big_one() -> None:
    found = codes(render(poster(CONTENT)))
    assert set(found) == {SCENE, PAGE}
    assert found[SCENE] > 2 * found[PAGE]
    assert found[PAGE] > 20 / 25.4 * 200  # two centimetres: readable from half a metre


def test_both_codes_survive_a_poor_printer() -> None:
    grey = render(poster(CONTENT), 110).convert("L").point(lambda value: 60 + value * 0.6)
    assert set(codes(grey)) == {SCENE, PAGE}


def test_it_names_the_village_and_says_how_to_use_it() -> None:
    words = text(poster(CONTENT))
    for expected in ("益农镇 东联村", "码上监督", "一村一码", "微信扫码", "钉钉、相机扫码",
                     "扫一扫看村里的账", "有事直接反映", "办理进度随时查", "张贴处：村务公开栏"):  # fmt: skip
        assert expected in words


def test_without_a_scene_code_the_page_code_is_big_and_says_so() -> None:
    pdf = poster(replace(CONTENT, scene_code=None))
    found = codes(render(pdf))
    assert set(found) == {PAGE}
    assert found[PAGE] > 70 / 25.4 * 200
    words = text(pdf)
    assert "公众号还没有接通" in words
    assert "微信、钉钉、相机都能扫" in words


def test_it_is_one_a4_page_with_its_font_inside_and_without_times() -> None:
    pdf = poster(CONTENT)
    assert pdf == poster(CONTENT)
    assert b"/FontFile2" in pdf
    image = render(pdf, 72)
    assert image.size == (596, 842)
    assert len(pdf) < 100_000


@pytest.mark.parametrize(
    ("village", "town"),
    [
        ("东联村", ""),
        ("沿海垦区第十二联合股份经济合作社行政村", "益农镇"),
        ("东联村", "某某自治区某某自治州某某自治县某某街道"),
        ("很长的村名" * 30, "很长的镇名" * 30),
        ("Village <&> 1", "(Town)\\"),
    ],
)
def test_long_and_odd_names_stay_on_the_page(village: str, town: str) -> None:
    pdf = poster(
        replace(CONTENT, village_name=village, town_name=town, placement="桥头" * 60, how_to=("扫" * 90,))
    )
    image = render(pdf)
    assert set(codes(image)) == {SCENE, PAGE}
    margin = image.crop((0, 0, int(6 / 25.4 * 200), image.height)).convert("L")
    assert margin.getextrema() == (255, 255)
    assert village[:6] in text(pdf)


def test_a_character_outside_the_font_leaves_room_for_a_pen() -> None:
    pdf = poster(replace(CONTENT, village_name="㙦\u202e头𠮷村"))
    words = text(pdf)
    assert "囗头囗村" in words
    assert "U+3666、U+20BB7" in words
    assert "请手写补上" in words
    assert set(codes(render(pdf))) == {SCENE, PAGE}


def test_several_at_once() -> None:
    contents = [replace(CONTENT, village_name=f"{name}村") for name in "东西南北中"]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(poster, contents))
    assert made == [poster(content) for content in contents]


@pytest.mark.parametrize("content", [replace(CONTENT, village_name=" "), replace(CONTENT, page_url="")])
def test_an_incomplete_poster_is_refused(content: PosterContent) -> None:
    with pytest.raises(BadInput) as caught:
        poster(content)
    assert caught.value.code == "poster.incomplete"


def test_the_font_comes_with_its_licence() -> None:
    assert "Apache License" in (FONT_FILE.parent / "LICENSE.txt").read_text(encoding="utf-8")
