"""One field of a disclosure: what its definition says, reading what officers type, showing it to the public.

Definitions are data (`DisclosureCategory.fields` and `.columns`): `key`, `label`, `type`, `required`,
`public`, `help`, and where they fit `options` (of a choice), `unit` (of a number), `total` (its sum is a
figure), `shown` (`masked` names show as 王**). What is stored: money as integer fen, other numbers as integer
or decimal text, days as 2026-03-05, months as 2026-03, a choice as the value of its option."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core import clock, money, pii, text
from app.core.errors import BadInput
from app.models.categories import SECRET
from app.models.categories import FieldType as FieldType

FIRST_YEAR, LAST_YEAR = 1900, 2199
LONGEST = {"long_text": 2000, "person": 40, "group": 20}
LONGEST_TEXT = 200
MOST_DIGITS = 3  # of a group of villagers
LARGEST_NUMBER = Decimal(10) ** 12
DECIMAL_PLACES = 4
ADULT_AT = 18
YES, NO = (
    frozenset({"是", "有", "对", "√", "y", "yes", "true", "1"}),
    frozenset({"否", "无", "没有", "不是", "×", "n", "no", "false", "0"}),
)
_DAY = re.compile(r"(\d{4})\s*(?:年|[-/.])\s*(\d{1,2})\s*(?:月|[-/.])\s*(\d{1,2})\s*日?")
_MONTH = re.compile(r"(\d{4})\s*(?:年|[-/.])\s*(\d{1,2})\s*月?")
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?", re.ASCII)
_GROUP = re.compile(r"第?\s*([0-9零一二三四五六七八九十]{1,3})\s*(?:村民)?小?组")


T = FieldType


@dataclass(frozen=True, slots=True)
class Field:
    """A definition, read from its JSON."""

    key: str
    label: str
    type: FieldType
    required: bool = False
    public: bool = True
    help: str = ""
    options: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    total: bool = False
    masked: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Field:
        """From one entry of `fields` or `columns`; an option is a word, or `value` and `label`."""
        return cls(
            key=given["key"],
            label=given["label"],
            type=FieldType(given["type"]),
            required=bool(given.get("required", False)),
            public=bool(given.get("public", True)) and given["type"] not in SECRET,
            help=given.get("help", ""),
            options=tuple(
                (one, one) if isinstance(one, str) else (one["value"], one["label"])
                for one in given.get("options", ())
            ),
            unit=given.get("unit", ""),
            total=bool(given.get("total", False)),
            masked=given.get("shown", "full") == "masked",
        )


class Unreadable(ValueError):
    """What somebody typed cannot be taken; the text says why, and never repeats personal data."""


def read(field: Field, raw: object) -> Any:
    """The value to store, or None for an empty one. Raises Unreadable."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, str) and "\x00" in raw:
        raise Unreadable("有看不见的控制字符，请删掉重填")
    value = _READERS[field.type](field, raw)
    return None if value == "" else value


def show(field: Field, value: object) -> str:
    """A stored value as the public reads it; the caller asks only for public fields."""
    if value is None or field.type in SECRET:
        return ""
    if field.type == T.MONEY and isinstance(value, int):
        return money.yuan(value)
    if field.type == T.NUMBER:
        return f"{grouped(value)} {field.unit}".rstrip()
    if field.type == T.DATE:
        return clock.spoken_day(date.fromisoformat(str(value)))
    if field.type == T.MONTH:
        year, month = str(value).split("-")
        return f"{year}年{int(month)}月"
    if field.type == T.CHOICE:
        return dict(field.options).get(str(value), str(value))
    if field.type == T.YES_NO:
        return "是" if value else "否"
    if field.type == T.PERSON and field.masked:
        return pii.mask_name(str(value))
    return str(value)


def grouped(value: object) -> str:
    """A number as people read it: 1,234.5."""
    number = Decimal(str(value))
    return f"{number.normalize():,f}" if number else "0"


def minor_name(name: str) -> str:
    """How a minor's name is shown: 王小明 → 王某."""
    return f"{text.surname(name)}某" if name else ""


def is_minor(field: Field, value: object, today: date) -> bool:
    """Whether this value says that the person is under 18 on `today`."""
    born = birth_of(field, value)
    if born is not None:
        eighteenth = born.year + ADULT_AT
        return (today.year, today.month, today.day) < (eighteenth, born.month, born.day)
    if field.type == T.YES_NO:
        return value is True and "未成年" in field.label
    return isinstance(value, str) and "未成年" in show(field, value)


def birth_of(field: Field, value: object) -> date | None:
    """The day of birth in a birth or ID field; the last day of a month when only that is known, so that
    nobody is taken for grown up too early."""
    if not isinstance(value, str) or field.type not in (T.BIRTH, T.ID_CARD):
        return None
    if field.type == T.BIRTH:
        return _last_day(value) if len(value) == len("2010-05") else date.fromisoformat(value)
    digits = value[6:14] if len(value) == 18 else f"19{value[6:12]}"
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def _last_day(month: str) -> date:
    year, number = (int(part) for part in month.split("-"))
    after = date(year + number // 12, number % 12 + 1, 1)
    return date.fromordinal(after.toordinal() - 1)


# --- reading --------------------------------------------------------------------------------------


def _text(field: Field, raw: object) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | date):
        raise Unreadable("要填文字")
    plain = text.clean(str(raw)) if field.type == T.LONG_TEXT else text.one_line(str(raw))
    limit = LONGEST.get(field.type, LONGEST_TEXT)
    if len(plain) > limit:
        raise Unreadable(f"最多 {limit} 个字")
    return plain


def _person(field: Field, raw: object) -> str:
    name = _text(field, raw)
    if re.search(r"\d", name):
        raise Unreadable("姓名里不能有数字")
    return name


def _group(field: Field, raw: object) -> str:
    plain = _text(field, unicodedata.normalize("NFKC", raw) if isinstance(raw, str) else raw)
    match = _GROUP.fullmatch(plain)
    if match:
        return f"{match[1]}组"
    return f"{plain}组" if plain.isdigit() and len(plain) <= MOST_DIGITS else plain


def _money(_field: Field, raw: object) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        if abs(raw) > money.LIMIT_FEN:
            raise Unreadable("金额太大")
        return raw
    if isinstance(raw, float):
        raw = repr(raw)
    if not isinstance(raw, str):
        raise Unreadable("要填金额，写成 1234.50 或 1.5万元")
    try:
        return money.parse_yuan(raw)
    except BadInput as wrong:
        raise Unreadable(wrong.message.rstrip("。")) from wrong


def _number(field: Field, raw: object) -> int | str:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise Unreadable("要填数字")
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", raw if isinstance(raw, str) else repr(raw)))
    plain = plain.removesuffix(unicodedata.normalize("NFKC", field.unit)) if field.unit else plain
    try:
        number = (
            Decimal(plain.replace(",", ""))
            if isinstance(raw, int | float) or _NUMBER.fullmatch(plain)
            else None
        )
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise Unreadable("要填数字，不要带别的字")
    if abs(number) > LARGEST_NUMBER:
        raise Unreadable("数字太大")
    if number == number.to_integral_value():
        return int(number)
    if number != round(number, DECIMAL_PLACES):
        raise Unreadable(f"最多写 {DECIMAL_PLACES} 位小数")
    return f"{number.normalize():f}"


def _date(field: Field, raw: object) -> str:
    """2026-03-05, 2026年3月5日, 2026/3/5, or a date cell of Excel; of a birth the month alone will do."""
    if isinstance(raw, date):
        return date(raw.year, raw.month, raw.day).isoformat()
    plain = unicodedata.normalize("NFKC", raw).strip() if isinstance(raw, str) else ""
    match = _DAY.fullmatch(plain.removesuffix(" 00:00:00"))
    try:
        if match is None and field.type == T.BIRTH:
            return _month(field, raw)
        day = date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Unreadable("日期请写成 2026-03-05 这样的形式")
    return day.isoformat()


def _month(_field: Field, raw: object) -> str:
    plain = unicodedata.normalize("NFKC", raw).strip() if isinstance(raw, str) else ""
    if isinstance(raw, date):
        plain = f"{raw:%Y-%m}"
    match = _MONTH.fullmatch(plain)
    if not match or not 1 <= int(match[2]) <= 12 or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        raise Unreadable("月份请写成 2026-03 这样的形式")
    return f"{int(match[1]):04d}-{int(match[2]):02d}"


def _id_card(_field: Field, raw: object) -> str:
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", str(raw))).upper()
    long = re.fullmatch(r"\d{17}[\dX]", plain, re.ASCII) and pii.id_check_digit(plain[:17]) == plain[17]
    if not long and not re.fullmatch(r"\d{15}", plain, re.ASCII):
        raise Unreadable("身份证号不对，请核对位数和最后一位")
    digits = plain[6:14] if long else f"19{plain[6:12]}"
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise Unreadable("身份证号里的出生日期不对，请核对") from None
    return plain


def _digits(least: int, most: int, wrong: str) -> Any:
    def reader(_field: Field, raw: object) -> str:
        plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", str(raw)))
        if not re.fullmatch(rf"\+?\d{{{least},{most}}}", plain, re.ASCII):
            raise Unreadable(wrong)
        return plain

    return reader


def _choice(field: Field, raw: object) -> str:
    wanted = text.one_line(str(raw))
    for value, label in field.options:
        if wanted in (value, label):
            return value
    raise Unreadable(f"只能选：{'、'.join(label for _, label in field.options)}")


def _yes_no(_field: Field, raw: object) -> bool:
    plain = text.normalise(str(raw))
    if isinstance(raw, bool) or plain in YES | NO:
        return raw if isinstance(raw, bool) else plain in YES
    raise Unreadable("请填「是」或「否」")


_READERS: dict[FieldType, Any] = {
    T.TEXT: _text,
    T.LONG_TEXT: _text,
    T.MONEY: _money,
    T.NUMBER: _number,
    T.DATE: _date,
    T.MONTH: _month,
    T.PERSON: _person,
    T.GROUP: _group,
    T.BIRTH: _date,
    T.ID_CARD: _id_card,
    T.PHONE: _digits(5, 15, "电话号码不对，请核对"),
    T.BANK: _digits(8, 30, "银行账号不对，请核对"),
    T.ILLNESS: _text,
    T.CHOICE: _choice,
    T.YES_NO: _yes_no,
}
