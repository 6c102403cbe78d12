"""Single cells: from what a spreadsheet holds to what we store, without a float on the way.

Excel keeps numbers as binary floats of which 15 digits count, and days as numbers since 1900: both are
undone here. Every function raises `Unreadable` with what is wrong and what to do, in plain Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from app.core import money, text
from app.core.errors import BadInput
from app.core.sheets.columns import Column, Type

FIRST_DAY, LAST_DAY = date(1949, 10, 1), date(2199, 12, 31)
_EPOCH = date(1899, 12, 30)
_SERIALS = range(18_000, 110_000)  # 1949 to 2201
_MOST_DIGITS = 10**15
_YES = frozenset(["是", "有", "对", "√", "✓", "☑", "y", "yes", "true", "1", "已"])
_NO = frozenset(["否", "无", "没有", "不是", "错", "×", "x", "✗", "☐", "n", "no", "false", "0", "未"])
_NUMERALS = {letter: str(digit) for digit, letter in enumerate("〇一二三四五六七八九")}
_NUMERALS |= {"零": "0", "○": "0"}
_SIGNS = str.maketrans("−–—﹣", "----")
_PLAIN = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_BRACKETED = re.compile(r"\(([^()]+)\)")
_TIME = r"(?:T?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_TIME_BEHIND = re.compile(
    r"\s+(?:[上下]午|中午|晚上)?\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[+-]\d{2}:?\d{2})?\s*$"
)
_WEEKDAY = re.compile(r"\s*\(?(?:星期|周)[一二三四五六日天]\)?")
_DAY = re.compile(r"(\d{4})[年./-](\d{1,2})[月./-](\d{1,2})[日号]?" + _TIME)
_RUN = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:\d{6}|T?\d{1,2}:\d{2}(?::\d{2})?)?$")  # as banks write days
_MONTH = re.compile(r"(\d{4})(?:[年./-](\d{1,2})|(\d{2}))(?:月份?)?")
_QUARTER = re.compile(r"(\d{4})年?-?第?(?:Q([1-4])|([1-4])季度?)", re.IGNORECASE)
_YEAR = re.compile(r"(\d{4})(?:年度?)?")


class Unreadable(Exception):
    """A cell that cannot be taken: `problem` and `remedy`."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def empty(value: object) -> bool:
    """Whether a cell holds nothing that a person would see."""
    return value is None or (isinstance(value, str) and not (value[:1].isalnum() or text.one_line(value)))


def convert(column: Column, value: Any, *, scale: int = 1) -> Any:
    """The content of a cell as the column's type; `scale` is what the header's unit makes of an amount
    (万元: 10,000). Empty cells are the caller's. Raises Unreadable."""
    if column.type == Type.MONEY:
        return amount(value, scale)
    if column.type == Type.CHOICE:
        return choice(value, column.options, column.spellings)
    if column.type in (Type.TEXT, Type.LONG_TEXT):
        words = as_text(value)
        if len(words) > column.longest:
            raise Unreadable(f"有 {len(words)} 个字", f"请缩短到 {column.longest} 个字以内")
        return words
    if column.unit and isinstance(value, str):
        value = folded(value).removesuffix(folded(column.unit))
    return _READERS[column.type](value)


def as_text(value: Any) -> str:
    """A cell as text: whole numbers without a fraction, days in ISO form."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, int | float):
        if abs(value) >= _MOST_DIGITS:
            raise Unreadable("数字太长，Excel 已丢掉后几位", "请把这一格设为文本格式后重新填写")
        return format(exact(value), "f")
    return text.clean(str(value))


def exact(value: float) -> Decimal:
    """A spreadsheet's number as its 15 digits say: 0.1 + 0.2 is 0.3."""
    number = Decimal(format(value, ".15g"))
    return Decimal(int(number)) if number == number.to_integral_value() else number.normalize()


def folded(value: Any) -> str:
    """Typed text for parsing: half-width, without spaces, one kind of minus."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", as_text(value)).translate(_SIGNS))


def amount(value: Any, scale: int = 1) -> int:
    """An amount in fen. A plain number counts in the header's unit, words with a unit (1.5万元) for
    themselves. 「(1,234.50)」 is negative, as in accounts."""
    if isinstance(value, bool | date | time | timedelta):
        raise _no_amount()
    if isinstance(value, int | float):
        return _fen(exact(value), scale)
    typed = folded(value)
    bracketed = _BRACKETED.fullmatch(typed)
    typed = f"-{bracketed[1]}" if bracketed else typed
    plain = typed.removeprefix("¥")
    if _PLAIN.fullmatch(plain):
        return _fen(Decimal(plain.replace(",", "")), scale)
    try:
        return money.parse_yuan(typed)
    except BadInput as error:
        raise _no_amount() from error


def _fen(yuan: Decimal, scale: int) -> int:
    fen = yuan * scale * money.FEN_PER_YUAN
    if fen != int(fen):
        raise Unreadable("金额不到一分的部分无法入账", "请四舍五入到分，如 1234.50")
    if abs(fen) > money.LIMIT_FEN:
        raise Unreadable("金额太大", "请核对单位是元还是万元")
    return int(fen)


def _no_amount() -> Unreadable:
    return Unreadable("看不懂这个金额", "请写成 1234.50 或 1.5万元 这样的数")


def number(value: Any) -> Decimal:
    """A number with its digits as typed."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return exact(value)
    typed = folded(value)
    if not isinstance(value, str) or not _PLAIN.fullmatch(typed):
        raise Unreadable("不是一个数", "请只填数字，如 12.5")
    try:
        return Decimal(typed.replace(",", ""))
    except InvalidOperation as error:
        raise Unreadable("不是一个数", "请只填数字，如 12.5") from error


def whole(value: Any) -> int:
    """A whole number."""
    found = number(value)
    if found != int(found) or abs(found) >= _MOST_DIGITS:
        raise Unreadable("不是整数", "请填整数，如 12")
    return int(found)


def day(value: Any) -> date:
    """A day: Excel's own, its serial number, 2026年3月5日, 2026/3/5, 2026.3.5, 2026-03-05, 20260305;
    the time behind it is left out."""
    if isinstance(value, datetime):
        return _within(value.date())
    if isinstance(value, date):
        return _within(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if int(value) in _SERIALS:
            return _within(_EPOCH + timedelta(days=int(value)))
        value = format(exact(value), "f")
    typed = _day_alone(value) if isinstance(value, str) else ""
    typed = _RUN.sub(r"\1-\2-\3", _arabic(typed))
    match = _DAY.fullmatch(typed)
    if match is None:
        raise Unreadable("看不懂这个日期", "请写成 2026-03-05 或 2026年3月5日")
    return _made(int(match[1]), int(match[2]), int(match[3]))


def _day_alone(typed: str) -> str:
    """A typed day without weekday and time. Spaces part day and time, so they go last: 「2026/3/1 10:20」 is
    not the 11th."""
    plain = _WEEKDAY.sub(" ", unicodedata.normalize("NFKC", as_text(typed)))
    return folded(_TIME_BEHIND.sub("", plain))


def _made(year: int, month: int, of_month: int) -> date:
    try:
        return _within(date(year, month, of_month))
    except ValueError as error:
        raise Unreadable("没有这一天", "请核对年月日") from error


def _within(found: date) -> date:
    if not FIRST_DAY <= found <= LAST_DAY:
        raise Unreadable(f"{found.year} 年不像是村里的日期", "请核对年份")
    return found


def _arabic(typed: str) -> str:
    """Chinese numerals of dates as digits: 二〇二六年三月十五日 → 2026年3月15日."""
    if not re.search("[一二三四五六七八九十]", typed):
        return typed
    plain = "".join(_NUMERALS.get(letter, letter) for letter in typed)
    plain = re.sub(r"(\d)十(\d)", r"\1\2", plain)
    plain = re.sub(r"(\d)十", r"\g<1>0", plain)
    return re.sub(r"十(\d)", r"1\1", plain).replace("十", "10")


def month(value: Any) -> str:
    """A month as 2026-03. A number 2026.1 may have been 2026.10 once: that is asked back."""
    if isinstance(value, date):
        return f"{_within(day(value)):%Y-%m}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if int(value) in _SERIALS and value == int(value):
            return f"{day(value):%Y-%m}"
        if exact(value).as_tuple()[1:] and exact(value) == exact(int(value)) + Decimal("0.1"):
            raise Unreadable("分不清是 1 月还是 10 月", "请写成 2026年1月")
        value = format(exact(value), "f")
    typed = _arabic(_day_alone(value)) if isinstance(value, str) else ""
    match = _MONTH.fullmatch(typed)
    if match:
        return f"{_made(int(match[1]), int(match[2] or match[3]), 1):%Y-%m}"
    if _DAY.fullmatch(_RUN.sub(r"\1-\2-\3", typed)):
        return f"{day(typed):%Y-%m}"
    raise Unreadable("看不懂这个月份", "请写成 2026年3月 或 2026-03")


def quarter(value: Any) -> str:
    """A quarter as 2026-Q1."""
    typed = _arabic(folded(value)) if isinstance(value, str) else ""
    match = _QUARTER.fullmatch(typed)
    if match is None:
        raise Unreadable("看不懂这个季度", "请写成 2026年第1季度 或 2026-Q1")
    return f"{_made(int(match[1]), 1, 1).year}-Q{match[2] or match[3]}"


def year(value: Any) -> str:
    """A year as 2026."""
    if isinstance(value, date):
        return str(day(value).year)
    typed = _arabic(folded(value)) if isinstance(value, str | int | float) else ""
    match = _YEAR.fullmatch(typed)
    if match is None:
        raise Unreadable("看不懂这个年份", "请写成 2026 或 2026年")
    return str(_made(int(match[1]), 1, 1).year)


def yes_no(value: Any) -> bool:
    """是 or 否, in the ways people write it."""
    if isinstance(value, bool):
        return value
    typed = folded(value).lower()
    if typed in _YES or typed in _NO:
        return typed in _YES
    raise Unreadable("不是「是」或「否」", "请填 是 或 否")


def choice(value: Any, options: tuple[str, ...], spellings: tuple[tuple[str, str], ...] = ()) -> str:
    """One of the options, as it is written there; `spellings` (written, option) are other words for one."""
    found = _folded_options(options, spellings).get(folded(value).lower())
    if found is not None:
        return found
    raise Unreadable("不在选项里", f"请选：{text.cut('、'.join(options), 60)}")


@lru_cache(maxsize=500)
def _folded_options(options: tuple[str, ...], spellings: tuple[tuple[str, str], ...]) -> dict[str, str]:
    written = {folded(word).lower(): option for word, option in spellings}
    return written | {folded(option).lower(): option for option in reversed(options)}


_READERS: dict[Type, Callable[[Any], Any]] = {
    Type.WHOLE: whole,
    Type.NUMBER: number,
    Type.DATE: day,
    Type.MONTH: month,
    Type.QUARTER: quarter,
    Type.YEAR: year,
    Type.YES_NO: yes_no,
}
