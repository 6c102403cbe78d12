"""Values of template keywords (模板参数): checked before sending, and fitted to their limits.

Each keyword of a template has a type (`thing`, `time`, …) with its own alphabet and length; one wrong value
and the platform refuses the whole message (47003). Source: the table of parameter types (参数值限制说明)
on the pages of template and subscribe messages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from datetime import date, time

from app.wechat.errors import ValueRefused

ELLIPSIS = "…"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ALL_HAN = re.compile(f"[{_HAN}]+")
_ANY_HAN = re.compile(f"[{_HAN}]")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_LETTERS = re.compile(r"[A-Za-z]+")
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]+")
_AMOUNT = re.compile(r"(?P<sign>[^0-9])?(?P<whole>[0-9]{1,10})(\.[0-9]+)?元?")
_PHONE = re.compile(r"[0-9\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]+")
_CAR = re.compile(f"[{_HAN}A-Za-z0-9]([A-Za-z0-9]*[{_HAN}A-Za-z0-9])?")
_DATE = (
    r"(?P<y>[0-9]{4})(?:年(?P<m1>[0-9]{1,2})月(?P<d1>[0-9]{1,2})日"
    r"|(?P<s>[-/.])(?P<m2>[0-9]{1,2})(?P=s)(?P<d2>[0-9]{1,2}))"
)
_CLOCK = r"(?P<h>[0-9]{1,2}):(?P<i>[0-9]{2})(?::(?P<sec>[0-9]{2}))?"
_MOMENT = re.compile(rf"(?:{_DATE})?(?P<gap>\s*)(?:{_CLOCK})?")

LIMITS = {
    "thing": 20,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "character_string": 32,
    "phone_number": 17,
    "car_number": 8,
    "name": 20,
    "phrase": 5,
    "const": 20,
    "enum": 20,
}


def keyword_type(keyword: str) -> str:
    """The type behind a keyword's name: `thing` for `thing1` and for `thing1.DATA`."""
    return keyword.removesuffix(".DATA").rstrip("0123456789")


def check_value(kind: str, value: str, *, allowed: Collection[str] | None = None) -> str | None:
    """What is wrong with `value` for the type `kind`, in Chinese, or None. `allowed` lists the declared
    values of a `const` or `enum`, when they are known."""
    if not value.strip():
        return "内容不能为空"
    if _CONTROL.search(value):
        return "内容不能有换行或控制字符"
    check = _CHECKS.get(kind)
    if check is None:
        return f"不认识的参数类型 {kind}"
    limit = LIMITS.get(kind)
    if limit is not None and _length(kind, value) > limit:
        return f"内容不能超过 {limit} 个字符"
    problem = check(value)
    if problem is None and allowed is not None and value not in allowed:
        return "内容不在模板登记的取值里"
    return problem


def fit_value(kind: str, value: str) -> str:
    """`value` made to fit: line breaks become blanks, long text is cut with an ellipsis.

    Raises ValueRefused when nothing is left or when what is left still breaks the rule of its type: a wrong
    date or a Chinese word in a number is a mistake that cutting cannot mend."""
    flat = " ".join(_CONTROL.sub(" ", value).split())
    if kind in ("thing", "const") and len(flat) > LIMITS[kind]:
        flat = flat[: LIMITS[kind] - 1].rstrip() + ELLIPSIS
    elif kind == "name":
        flat = flat[: _name_limit(flat)]
    elif kind in ("character_string", "phrase"):
        flat = flat[: LIMITS[kind]]
    problem = check_value(kind, flat)
    if problem is not None:
        raise ValueRefused("wechat.value", f"模板参数（{kind}）不合格：{problem}。", kind=kind)
    return flat


def _length(kind: str, value: str) -> int:
    return sum(character.isdigit() for character in value) if kind == "number" else len(value)


def _any(_value: str) -> str | None:
    return None


def _matching(pattern: re.Pattern[str], problem: str) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        return None if pattern.fullmatch(value) else problem

    return check


def _symbol(value: str) -> str | None:
    return None if all(unicodedata.category(c)[0] in "PS" for c in value) else "只能填符号"


def _amount(value: str) -> str | None:
    found = _AMOUNT.fullmatch(value)
    sign = found["sign"] if found else None
    if found is None or (sign is not None and unicodedata.category(sign) != "Sc"):
        return "金额应为一个币种符号加 10 位以内的数字，可带小数和“元”"
    return None


def _phone(value: str) -> str | None:
    fine = _PHONE.fullmatch(value) and any(character.isdigit() for character in value)
    return None if fine else "电话号码只能有数字和符号"


def _name_limit(value: str) -> int:
    return 10 if _ANY_HAN.search(value) else 20


def _name(value: str) -> str | None:
    if len(value) > _name_limit(value):
        return "姓名不能超过 10 个汉字或 20 个字母"
    if any(character.isdigit() for character in value):
        return "姓名不能有数字"
    return None


def _time(value: str) -> str | None:
    return _range(value, needs_clock=True, needs_date=False)


def _date(value: str) -> str | None:
    return _range(value, needs_clock=False, needs_date=True)


def _range(value: str, *, needs_clock: bool, needs_date: bool) -> str | None:
    problem = "时间应写成 2026年3月5日 09:30 的样子，时间段用半角 ~ 连接"
    ends = value.split("~")
    if len(ends) > 2:
        return problem
    shapes = [_moment(end.strip()) for end in ends]
    if any(shape is None for shape in shapes):
        return problem
    first_date, first_clock = shapes[0] or (False, False)
    if needs_date and not first_date:
        return problem
    if needs_clock and not all(shape is not None and shape[1] for shape in shapes):
        return problem
    return None if first_date or first_clock else problem


def _moment(text: str) -> tuple[bool, bool] | None:
    """Whether `text` has a date and a time of day; None when it is neither, or no such day or hour exists."""
    found = _MOMENT.fullmatch(text)
    if found is None or not text:
        return None
    has_date, has_clock = found["y"] is not None, found["h"] is not None
    if has_date and has_clock and not found["gap"] and found["m1"] is None:
        return None
    try:
        if has_date:
            date(int(found["y"]), int(found["m1"] or found["m2"]), int(found["d1"] or found["d2"]))
        if has_clock:
            time(int(found["h"]), int(found["i"]), int(found["sec"] or 0))
    except ValueError:
        return None
    return has_date, has_clock


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "thing": _any,
    "const": _any,
    "enum": _any,
    "number": _matching(_NUMBER, "只能填数字，可带小数"),
    "letter": _matching(_LETTERS, "只能填字母"),
    "symbol": _symbol,
    "character_string": _matching(_PRINTABLE_ASCII, "只能填数字、字母和半角符号"),
    "time": _time,
    "date": _date,
    "amount": _amount,
    "phone_number": _phone,
    "car_number": _matching(_CAR, "车牌号只有第一位和最后一位可以是汉字"),
    "name": _name,
    "phrase": _matching(_ALL_HAN, "只能填汉字"),
}
