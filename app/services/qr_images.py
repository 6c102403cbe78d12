"""QR codes as images: any text as PNG or as a standalone SVG, drawn here and by no other server.

Error correction Q (25 %), because codes hang outdoors; M (15 %) where Q would make the modules too fine.
The quiet zone is the four modules that ISO/IEC 18004 asks for.
"""

from __future__ import annotations

import io
from itertools import groupby

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.exceptions import DataOverflowError

from app.core.errors import BadInput

QUIET_ZONE = 4
FINE_FROM = 57  # modules along one side (version 10) from which less correction reads better than finer dots
CONTENT_LIMIT = 1000
Matrix = list[list[bool]]
Run = tuple[int, int, int]


def matrix(content: str) -> Matrix:
    """The modules of the code for `content`, rows of True for dark, without the quiet zone.

    Raises BadInput: `qr.empty`, `qr.too_long`."""
    if not content:
        raise BadInput("qr.empty", "二维码的内容是空的。")
    if len(content) > CONTENT_LIMIT:
        raise _too_long(content)
    strong = _encode(content, ERROR_CORRECT_Q)
    return strong if len(strong) < FINE_FROM else _encode(content, ERROR_CORRECT_M)


def _encode(content: str, correction: int) -> Matrix:
    code = qrcode.QRCode(error_correction=correction, border=0)
    code.add_data(content.encode())
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as error:
        raise _too_long(content) from error
    return [[bool(module) for module in row] for row in code.get_matrix()]


def _too_long(content: str) -> BadInput:
    return BadInput("qr.too_long", f"二维码的内容太长，最多 {CONTENT_LIMIT} 个字符。", length=len(content))


def runs(modules: Matrix) -> list[Run]:
    """The dark modules as horizontal bars (column, row, length): few shapes, no hairlines between them."""
    bars = []
    for y, row in enumerate(modules):
        x = 0
        for dark, group in groupby(row):
            length = len(list(group))
            if dark:
                bars.append((x, y, length))
            x += length
    return bars


def png(content: str, *, box: int = 10) -> bytes:
    """The code as a black-and-white PNG, `box` pixels for each module, the quiet zone included.

    Raises BadInput as `matrix`, and `qr.size` unless `box` is 1 to 64."""
    if not 1 <= box <= 64:
        raise BadInput("qr.size", "二维码的点大小应在 1 到 64 像素之间。", box=box)
    modules = matrix(content)
    side = len(modules) + 2 * QUIET_ZONE
    small = Image.new("1", (side, side), 1)
    for x, y, length in runs(modules):
        small.paste(0, (x + QUIET_ZONE, y + QUIET_ZONE, x + QUIET_ZONE + length, y + QUIET_ZONE + 1))
    out = io.BytesIO()
    small.resize((side * box, side * box), Image.Resampling.NEAREST).save(out, "PNG", optimize=True)
    return out.getvalue()


def svg(content: str) -> bytes:
    """The code as a standalone SVG that scales to any size. Raises BadInput as `matrix`."""
    modules = matrix(content)
    side = len(modules) + 2 * QUIET_ZONE
    path = "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{length}v1h-{length}z" for x, y, length in runs(modules)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"'
        f' width="{side * 8}" height="{side * 8}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>\n'
    ).encode()
