"""PDF files as people send them, written with reportlab."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

FONT = Path(__file__).resolve().parents[1] / "app/assets/fonts/wqy-microhei.ttc"


def paper(
    pages: Sequence[str], *, scanned: Sequence[int] = (), title: str = "", password: str = "", note: str = ""
) -> bytes:
    """A PDF with these texts; pages in `scanned` (from 1) carry a picture beside their text, if any."""
    pdfmetrics.registerFont(TTFont("han", str(FONT), subfontIndex=0))
    out = io.BytesIO()
    encryption = StandardEncryption(password, canPrint=1) if password else None
    canvas = Canvas(out, pagesize=(595, 842), encrypt=encryption)
    canvas.setTitle(title)
    for number, text in enumerate(pages, start=1):
        canvas.setFont("han", 14)
        for line, words in enumerate(text.splitlines()):
            canvas.drawString(60, 780 - 22 * line, words)
        if number in scanned:
            picture = Image.new("RGB", (400, 300), (200, 210, 220))
            canvas.drawImage(ImageReader(picture), 60, 200, width=400, height=300)
        if note:
            canvas.textAnnotation(note, Rect=[60, 100, 160, 200])
        canvas.showPage()
    canvas.save()
    return out.getvalue()
