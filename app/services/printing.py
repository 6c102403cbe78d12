"""What all printed papers share: the one font, which has every character of a village's name, and codes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from threading import Lock

from reportlab.lib.colors import white
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from app.core.text import one_line
from app.services import qr_images

FONT = "MashangHei"
FONT_FILE = Path(__file__).resolve().parents[1] / "assets" / "fonts" / "wqy-microhei.ttc"
BLANK = "囗"  # stands for a character that the font does not have, to be filled in by hand
_font_lock = Lock()


def register_font() -> None:
    """Make the font known to the PDF library. Idempotent, for any thread."""
    with _font_lock:
        if FONT not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(FONT, str(FONT_FILE), subfontIndex=0))


def printable(text: str) -> str:
    """`text` on one line, with a blank box for every character that the font does not have."""
    return "".join(letter if ord(letter) in _glyphs() else BLANK for letter in one_line(text))


def missing_glyphs(texts: Iterable[str]) -> list[str]:
    """The characters that the font does not have, each once."""
    letters = dict.fromkeys(letter for text in texts for letter in one_line(text))
    return [letter for letter in letters if ord(letter) not in _glyphs()]


@cache
def _glyphs() -> frozenset[int]:
    font = pdfmetrics.getFont(FONT)
    if not isinstance(font, TTFont):
        raise TypeError(f"{FONT} is registered as another kind of font")
    return frozenset(font.face.charToGlyph)


def draw_code(canvas: Canvas, content: str, x: float, y: float, side: float) -> None:
    """The QR code of `content` as a vector on white, its quiet zone inside `side` points."""
    modules = qr_images.matrix(content)
    box = side / (len(modules) + 2 * qr_images.QUIET_ZONE)
    canvas.setFillColor(white)
    canvas.rect(x, y, side, side, fill=1, stroke=0)
    path = canvas.beginPath()
    for column, row, length in qr_images.runs(modules):
        lower = y + side - (row + 1 + qr_images.QUIET_ZONE) * box
        path.rect(x + (column + qr_images.QUIET_ZONE) * box, lower, length * box, box)
    canvas.setFillColorRGB(0, 0, 0)
    canvas.drawPath(path, fill=1, stroke=0)
