"""Money is integer fen (分). What people type is read strictly; what people read is written here."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

from app.core.errors import BadInput

FEN_PER_YUAN = 100
LIMIT_FEN = 10**15  # ten trillion yuan: above any village's books, far below a 64-bit column

_SCALES = {"": 1, "百": 10**2, "千": 10**3, "万": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7}
_SCALES["亿"] = 10**8
_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_AMOUNT = re.compile(
    r"(?P<sign>[-+])?(?:人民币|RMB|CNY)?¥?(?P<late_sign>-)?"
    + _NUMBER
    + r"(?P<scale>千万|百万|十万|亿|万|千|百)?(?:元|圆|块)?(?P<small>(?:\d角)?(?:\d分)?)[整正]?",
    re.IGNORECASE | re.ASCII,
)
_WAN, _YI = 10_000, 100_000_000


def parse_yuan(text: str) -> int:
    """The amount in `text`, written in yuan, as integer fen.

    Takes 「1.5万元」, 「￥1,234.50」, 「3元5角」, full-width digits, a leading minus. Raises BadInput
    (`money.malformed`) for anything else, for parts of a fen, and for amounts beyond every village's books.
    """
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    match = _AMOUNT.fullmatch(plain)
    if match is None or (match["sign"] and match["late_sign"]):
        raise _malformed(text, "看不懂这个金额")
    scale, small = match["scale"] or "", match["small"]
    if small and ("." in match["number"] or scale or not re.search(r"[元圆块]", plain)):
        raise _malformed(text, "看不懂这个金额")
    fen = Decimal(match["number"].replace(",", "")) * _SCALES[scale] * FEN_PER_YUAN
    fen += sum(int(digit) * (10 if unit == "角" else 1) for digit, unit in re.findall(r"(\d)([角分])", small))
    if fen != int(fen):
        raise _malformed(text, "金额最多写到分")
    if fen > LIMIT_FEN:
        raise _malformed(text, "金额太大")
    negative = match["sign"] == "-" or match["late_sign"] is not None
    return -int(fen) if negative else int(fen)


def _malformed(text: str, reason: str) -> BadInput:
    return BadInput("money.malformed", f"{reason}，请写成 1234.50 或 1.5万元 这样的数。", value=text[:40])


def decimal(fen: int) -> str:
    """`fen` in yuan for programs and spreadsheets: 1234.50."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // FEN_PER_YUAN}.{abs(fen) % FEN_PER_YUAN:02d}"


def yuan(fen: int) -> str:
    """`fen` exactly, as people read it in a table: 1,234.50 元."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // FEN_PER_YUAN:,}.{abs(fen) % FEN_PER_YUAN:02d} 元"


def spoken(fen: int) -> str:
    """`fen` as people say it, rounded to two places of its unit: 850 元, 1.5 万元, 1.25 亿元."""
    sign, amount = ("-" if fen < 0 else ""), Decimal(abs(fen)) / FEN_PER_YUAN
    if amount < _WAN:
        return f"{sign}{amount:,.0f} 元" if amount == int(amount) else f"{sign}{amount:,.2f} 元"
    for unit, name, next_unit in ((_WAN, "万元", _YI), (_YI, "亿元", None)):
        rounded = (amount / unit).quantize(Decimal("0.01"), ROUND_HALF_UP)
        if next_unit is None or rounded * unit < next_unit:
            return f"{sign}{_short(rounded)} {name}"
    raise AssertionError("the last unit takes every amount")


def _short(number: Decimal) -> str:
    text = f"{number:,.2f}"
    return text.rstrip("0").rstrip(".")
