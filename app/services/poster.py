"""The notice that hangs in a village: A4, its name, its codes, and three lines of how to use them.

The big code is the Official Account's scene code, which makes the reader a follower whom messages can
reach; the small one is the page's own address, which any scanner reads. Without a scene code the page's
code is the big one and says so. Codes are vectors and the font is embedded, so that any print shop
gets it right.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from app.core.errors import BadInput
from app.core.text import cut, one_line
from app.services.printing import BLANK, FONT, draw_code, missing_glyphs, printable, register_font

HOW_TO = ("扫一扫看村里的账", "有事直接反映", "办理进度随时查")

RED, DEEP_RED, PALE = HexColor("#C8161D"), HexColor("#9E0F15"), HexColor("#FDF3F0")
INK, GREY = HexColor("#1A1A1A"), HexColor("#595959")
WIDTH, HEIGHT = A4
LEFT, RIGHT, MIDDLE = 12 * mm, WIDTH - 12 * mm, WIDTH / 2


@dataclass(frozen=True, slots=True)
class PosterContent:
    """What stands on a poster. `scene_code` is what the Official Account's code says (an address under
    weixin.qq.com/q), None while no account is set up; `placement` names where the poster hangs (张贴处)."""

    village_name: str
    town_name: str
    page_url: str
    scene_code: str | None = None
    placement: str = ""
    how_to: tuple[str, ...] = HOW_TO


def poster(content: PosterContent) -> bytes:
    """A printable PDF of one A4 page; the same content gives the same bytes.

    Raises BadInput: `poster.incomplete` without a village name or page address, and as `qr_images.matrix`."""
    village, town = one_line(content.village_name), one_line(content.town_name)
    if not village or not content.page_url:
        raise BadInput("poster.incomplete", "海报缺少村名或网页地址，请先在机构资料里填好。")
    register_font()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle(f"{town}{village} 码上监督 一村一码")
    canvas.setAuthor("码上")
    _frame(canvas)
    _header(canvas, town, village)
    _main_code(canvas, content)
    _how_to(canvas, content)
    missing = missing_glyphs([town, village, content.placement, *content.how_to])
    _footer(canvas, content, missing)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _frame(canvas: Canvas) -> None:
    """A double red border with square spirals (回纹) in the lower corners."""
    canvas.setStrokeColor(RED)
    canvas.setLineWidth(2.2)
    canvas.rect(7 * mm, 7 * mm, WIDTH - 14 * mm, HEIGHT - 14 * mm)
    canvas.setLineWidth(0.7)
    canvas.rect(9 * mm, 9 * mm, WIDTH - 18 * mm, HEIGHT - 18 * mm)
    for x, across in ((11, 1), (199, -1)):
        canvas.saveState()
        canvas.translate(x * mm, 11 * mm)
        canvas.scale(across * mm, mm)
        canvas.setLineWidth(0.45)
        path = canvas.beginPath()
        path.moveTo(0, 9)
        for step in ((0, 0), (9, 0), (9, 5.4), (3.6, 5.4), (3.6, 2.7), (6.3, 2.7)):
            path.lineTo(*step)
        canvas.drawPath(path)
        canvas.restoreState()


def _header(canvas: Canvas, town: str, village: str) -> None:
    bottom, top = 229 * mm, HEIGHT - 11 * mm
    path = canvas.beginPath()
    path.moveTo(11 * mm, top)
    path.lineTo(WIDTH - 11 * mm, top)
    path.lineTo(WIDTH - 11 * mm, bottom)
    path.curveTo(WIDTH - 60 * mm, bottom - 12 * mm, 60 * mm, bottom - 12 * mm, 11 * mm, bottom)
    path.close()
    canvas.setFillColor(RED)
    canvas.drawPath(path, fill=1, stroke=0)
    _centred(canvas, "码上监督  一村一码", 268 * mm, 27, white, bold=0.02)
    canvas.setStrokeColor(white)
    canvas.setLineWidth(1.1)
    for begin, end in ((20, 48), (162, 190)):
        canvas.line(begin * mm, 271.5 * mm, end * mm, 271.5 * mm)
        canvas.line((begin + 6) * mm, 269.8 * mm, (end - 6) * mm, 269.8 * mm)
    room = RIGHT - LEFT - 8 * mm
    whole = f"{town} {village}".strip()
    size = _fitting(whole, room, 66)
    if size >= 46 or not town:
        _centred(canvas, whole, 246 * mm - size * 0.38, size, white, bold=0.021, room=room)
        return
    _centred(canvas, town, 251.5 * mm, _fitting(town, room, 30), white, bold=0.02, room=room)
    size = _fitting(village, room, 54)
    _centred(canvas, village, 236.5 * mm - size * 0.38, size, white, bold=0.021, room=room)


def _main_code(canvas: Canvas, content: PosterContent) -> None:
    side, bottom = 109 * mm, 102.5 * mm
    edge = 2.5 * mm
    canvas.setFillColor(white)
    canvas.setStrokeColor(RED)
    canvas.setLineWidth(2.4)
    canvas.roundRect(
        MIDDLE - side / 2 - edge, bottom - edge, side + 2 * edge, side + 2 * edge, 5 * mm, fill=1
    )
    draw_code(canvas, content.scene_code or content.page_url, MIDDLE - side / 2, bottom, side)
    caption, hint = "微信扫码", "关注后，村里的消息和办理进度会发到您的微信"
    if content.scene_code is None:
        caption, hint = "微信、钉钉、相机都能扫", "公众号还没有接通，这个码直接打开村务网页"
    width = pdfmetrics.stringWidth(caption, FONT, 25) + 22 * mm
    canvas.setFillColor(RED)
    canvas.roundRect(MIDDLE - width / 2, 82 * mm, width, 14 * mm, 7 * mm, fill=1, stroke=0)
    _centred(canvas, caption, 86 * mm, 25, white, bold=0.025)
    _centred(canvas, hint, 74.5 * mm, 13, GREY)


def _how_to(canvas: Canvas, content: PosterContent) -> None:
    """The numbered lines, and beside them the small code if there is one."""
    small = content.scene_code is not None
    left, right = (24 * mm, 142 * mm) if small else (58 * mm, 186 * mm)
    for number, line in enumerate(content.how_to[:3], start=1):
        y = (69 - 14 * number) * mm
        canvas.setFillColor(RED)
        canvas.circle(left + 5 * mm, y + 2.5 * mm, 5 * mm, fill=1, stroke=0)
        canvas.setFillColor(white)
        canvas.setFont(FONT, 17)
        canvas.drawCentredString(left + 5 * mm, y + 0.4 * mm, str(number))
        shown, room = printable(line), right - left - 15 * mm
        size = max(13.0, _fitting(shown, room, 24))
        _write(canvas, _cut_to(shown, room, size), left + 15 * mm, y, size, INK, bold=0.014)
    if not small:
        return
    side, x, y = 38 * mm, 149 * mm, 29.5 * mm
    canvas.setFillColor(PALE)
    canvas.setStrokeColor(RED)
    canvas.setLineWidth(0.8)
    canvas.roundRect(x - 2 * mm, 19.5 * mm, side + 4 * mm, side + 12 * mm, 3 * mm, fill=1)
    draw_code(canvas, content.page_url, x, y, side)
    _write_centred(canvas, "钉钉、相机扫码", x + side / 2, 22.8 * mm, 12.5, DEEP_RED, bold=0.015)


def _footer(canvas: Canvas, content: PosterContent, missing: list[str]) -> None:
    notes = [f"张贴处：{one_line(content.placement)}"] if content.placement else []
    if missing:
        codes = "、".join(f"U+{ord(letter):04X}" for letter in missing[:5])
        notes.append(f"{BLANK} 处是字库没有的字（{codes}），请手写补上")
    line = printable("    ".join(notes))
    room = WIDTH - 52 * mm
    size = _fitting(line, room, 9.5)
    _centred(canvas, _cut_to(line, room, size), 13.2 * mm, size, GREY)


def _fitting(text: str, room: float, largest: float) -> float:
    """The largest size up to `largest`, and no smaller than 8, at which `text` fits into `room`."""
    width = pdfmetrics.stringWidth(printable(text), FONT, 1)
    return max(8.0, min(largest, room / width)) if width else largest


def _cut_to(text: str, room: float, size: float) -> str:
    limit = len(text)
    while limit > 1 and pdfmetrics.stringWidth(cut(text, limit), FONT, size) > room + 0.1:
        limit -= 1
    return cut(text, limit)


def _centred(
    canvas: Canvas, text: str, y: float, size: float, colour: Color, *, bold: float = 0, room: float = WIDTH
) -> None:
    _write_centred(canvas, _cut_to(printable(text), room, size), MIDDLE, y, size, colour, bold=bold)


def _write_centred(
    canvas: Canvas, text: str, x: float, y: float, size: float, colour: Color, *, bold: float = 0
) -> None:
    width = pdfmetrics.stringWidth(text, FONT, size)
    _write(canvas, text, x - width / 2, y, size, colour, bold=bold)


def _write(
    canvas: Canvas, text: str, x: float, y: float, size: float, colour: Color, *, bold: float = 0
) -> None:
    """Text at its baseline; `bold` is the width of a line around the letters as a part of their size (the
    font has one weight)."""
    written = canvas.beginText(x, y)
    written.setFont(FONT, size)
    written.setFillColor(colour)
    if bold:
        canvas.setLineWidth(bold * size)
        canvas.setLineJoin(1)
        written.setStrokeColor(colour)
        written.setTextRenderMode(2)
    written.textOut(text)
    written.setTextRenderMode(0)
    canvas.drawText(written)
