"""Personal data in text: finding and masking it.

What must not stand in the open (State Council's key points on public affairs of 2018, and what inspectors
demanded of village boards): ID card numbers (身份证号), bank, benefit-card and account numbers, phone
numbers, exact home addresses. Names may stay where the law wants recipients named, so they are masked by the
caller who knows that a text is a name (`mask_name`), never searched for.

The search folds full-width digits and skips invisible characters, so that 「１３８ 1234–5678」 is found. A
finding is `certain` when a check digit or an unmistakable form says so; otherwise a person should look.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.text import surname_and_masked


class Kind(StrEnum):
    """Kinds of personal data."""

    ID_CARD = "id_card"  # 身份证号
    BANK_CARD = "bank_card"  # 银行卡、一卡通、社保卡、账号
    PHONE = "phone"  # 手机号
    LANDLINE = "landline"  # 固定电话
    EMAIL = "email"  # 邮箱
    ADDRESS = "address"  # 详细住址


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data at `start`:`end` of a text, and how it may be shown."""

    kind: Kind
    start: int
    end: int
    text: str
    masked: str
    certain: bool


# Masks for single values


def mask_name(name: str) -> str:
    """王小明 → 王**; always two stars."""
    return surname_and_masked(name)[1]


def mask_phone(number: str) -> str:
    """138****1234. A number that is no mobile number keeps its last two digits."""
    digits = re.sub(r"\D", "", _fold(number)[0])
    if len(digits) >= 11 and digits[-11] == "1":
        return f"{digits[-11:-8]}****{digits[-4:]}"
    return f"****{digits[-2:]}" if len(digits) > 4 else "****"


def mask_id(number: str) -> str:
    """First three and last two characters: 330*************2X. For inside use; the public sees no number."""
    plain = re.sub(r"[^0-9X]", "", _fold(number)[0].upper())
    return f"{plain[:3]}{'*' * (len(plain) - 5)}{plain[-2:]}" if len(plain) > 8 else "****"


def mask_bank(number: str) -> str:
    """Last four digits: **** 1234."""
    digits = re.sub(r"\D", "", _fold(number)[0])
    return f"**** {digits[-4:]}" if len(digits) > 8 else "****"


# Tests for single values

_PROVINCES = frozenset(
    f"{code}"
    for codes in (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55), range(61, 66))
    for code in codes
) | {"71", "81", "82", "83"}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_check_digit(first17: str) -> str:
    """The 18th character of an ID number (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def luhn(digits: str) -> bool:
    """Whether a card number passes the Luhn check."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_date(year: str, month: str, day: str) -> bool:
    with suppress(ValueError):
        return date(int(year), int(month), int(day)).year >= 1900
    return False


# Finding

_SEPARATORS = "[ .·_-]"
_START, _END = r"(?<![0-9A-Z])(?<!\d\.)", r"(?![0-9A-Z])(?!\.\d)"
_ID18 = re.compile(rf"(?<![0-9A-Z])[1-9](?:{_SEPARATORS}?\d){{16}}{_SEPARATORS}?[0-9X](?![0-9A-Z])")
_ID15 = re.compile(r"(?<![0-9A-Z])[1-8]\d{14}(?![0-9A-Z])(?!\.\d)")
_MOBILE = re.compile(
    rf"(?<![0-9])(?<!\d\.)(?:\(?(?:\+|00)?86\)?{_SEPARATORS}?)?"
    rf"1(?:[3-9]\d{_SEPARATORS}{{0,2}}\d{{4}}{_SEPARATORS}{{0,2}}\d{{4}}"
    rf"|[3-9]\d\d{_SEPARATORS}\d{{3}}{_SEPARATORS}\d{{4}}|[3-9]\d{_SEPARATORS}\d{{3}}{_SEPARATORS}\d{{5}}"
    rf"|{_SEPARATORS}[3-9](?:{_SEPARATORS}\d){{9}})(?![0-9])(?!\.\d)"
)
_LANDLINE = re.compile(
    r"(?<![0-9A-Z.])(?:\(0\d{2,3}\) ?|0\d{2,3}[ -]{1,2}|0\d{2,3})[2-9]\d{2,3}[ -]?\d{4}(?:-\d{1,6})?(?![0-9])"
)
_CARD = re.compile(r"(?<![0-9A-Z])(?<!\d\.)(?=(?:62|60|4|5|35|9558))")  # where one may begin
_DIGITS = re.compile(r"\d+")
_JOINTS = " .·_-"
_GOES_ON = re.compile(r"[A-Z]|\.\d")
_ACCOUNT = re.compile(
    r"(?:卡号|账号|帐号|账户|帐户|一卡通|社保卡|市民卡|存折|银行卡|汇入|打到|打入)[^0-9\n]{0,12}"
    rf"(?P<value>\d(?:{_SEPARATORS}?\d){{10,22}})(?![0-9])(?!\.\d)"
)
_EMAIL = re.compile(
    r"(?<![A-Z0-9._%+-])[A-Z0-9][A-Z0-9._%+-]{0,63}@(?:[A-Z0-9-]{1,63}\.){1,4}[A-Z]{2,20}(?![A-Z0-9])"
)
_NUMERAL = r"[0-9零〇一二三四五六七八九十百]{1,5}"
_ADDRESS = re.compile(
    rf"[\u4e00-\u9fff]{{1,8}}(?:村|社区|路|街|弄|巷|小区|花园|新村|苑|庄|桥|埭|组|队)[ ,]?"
    rf"(?:第?{_NUMERAL}(?:组|小组|队|弄|巷|区|幢|栋|号楼)[ ,]?)?"
    rf"(?:第?{_NUMERAL}(?:幢|栋|号楼|座)[ ,]?)?(?:{_NUMERAL}单元[ ,]?)?"
    rf"(?:{_NUMERAL}号(?![文令井楼地路线桥泵闸机灯坑段池公台仓库房厂棚塘沟渠坝院馆])(?:之{_NUMERAL})?|{_NUMERAL}室)"
    rf"(?:{_NUMERAL}室)?"
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    kind: Kind
    start: int
    end: int
    masked: str
    certain: bool


def find(text: str) -> list[Finding]:
    """All personal data in `text`, in order and without overlaps; kinds with a check digit win."""
    folded, origin = _fold(text)
    upper = folded.upper() if len(folded.upper()) == len(folded) else folded
    taken: list[_Candidate] = []
    for finder in _FINDERS:
        for found in finder(upper):
            if all(found.end <= other.start or found.start >= other.end for other in taken):
                taken.append(found)
    findings = []
    for found in sorted(taken, key=lambda one: one.start):
        start, end = origin[found.start], origin[found.end - 1] + 1
        findings.append(Finding(found.kind, start, end, text[start:end], found.masked, found.certain))
    return findings


def mask(text: str, kinds: Collection[Kind] = tuple(Kind)) -> str:
    """`text` with all personal data of `kinds` masked; the rest is untouched."""
    result, position = [], 0
    for found in find(text):
        if found.kind in kinds:
            result += [text[position : found.start], found.masked]
            position = found.end
    return "".join([*result, text[position:]])


def _fold(text: str) -> tuple[str, list[int]]:
    """`text` with half-width digits, letters and dashes, one character each and without invisible ones, and
    for each character its place in `text`."""
    folded, origin = [], []
    for place, letter in enumerate(text):
        if unicodedata.category(letter) in {"Cf", "Mn", "Cc"} and letter != "\n":
            continue
        plain = unicodedata.normalize("NFKC", letter)
        if unicodedata.category(letter) == "Nd":
            plain = str(unicodedata.digit(letter))
        elif unicodedata.category(letter) == "Pd" or letter in "−~～":
            plain = "-"
        elif letter.isspace() and letter != "\n":
            plain = " "
        folded.append(plain if len(plain) == 1 else letter)
        origin.append(place)
    return "".join(folded), origin


def _id_cards(text: str) -> Iterator[_Candidate]:
    for match in _ID18.finditer(text):
        plain = re.sub(r"[^0-9X]", "", match[0])
        checked = id_check_digit(plain[:17]) == plain[17]
        resident = plain[:2] in _PROVINCES
        foreigner = plain[0] == "9" and plain[1:3] in _PROVINCES and checked
        if (resident or foreigner) and _is_date(plain[6:10], plain[10:12], plain[12:14]):
            yield _Candidate(Kind.ID_CARD, *match.span(), mask_id(plain), checked)
    for match in _ID15.finditer(text):
        plain = match[0]
        if plain[:2] in _PROVINCES and _is_date("19" + plain[6:8], plain[8:10], plain[10:12]):
            yield _Candidate(Kind.ID_CARD, *match.span(), mask_id(plain), False)


def _accounts(text: str) -> Iterator[_Candidate]:
    for match in _ACCOUNT.finditer(text):
        if not _MOBILE.fullmatch(match["value"]):
            yield _Candidate(Kind.BANK_CARD, *match.span("value"), mask_bank(match["value"]), True)


def _cards(text: str) -> Iterator[_Candidate]:
    for match in _CARD.finditer(text):
        start, digits, end, groups, longest = match.start(), "", match.start(), 0, None
        for group in _DIGITS.finditer(text, start, start + 40):
            digits, groups = digits + group[0], groups + 1
            if len(digits) > 19 or text[end : group.start()].strip(_JOINTS):
                break
            end = group.end()
            if len(digits) >= 16 and luhn(digits) and not _GOES_ON.match(text, end):
                certain = groups == 1 or digits.startswith("62")
                longest = _Candidate(Kind.BANK_CARD, start, end, mask_bank(digits), certain)
        if longest is not None:
            yield longest


def _plain(
    kind: Kind, pattern: re.Pattern[str], masked: Callable[[str], str], certain: bool
) -> Callable[[str], Iterator[_Candidate]]:
    def finder(text: str) -> Iterator[_Candidate]:
        for match in pattern.finditer(text):
            yield _Candidate(kind, *match.span(), masked(match[0]), certain)

    return finder


def _mask_address(address: str) -> str:
    """Keeps the words before the first number: 东联村3组25号 → 东联村***."""
    words = re.match(
        rf"[\u4e00-\u9fff]*?(?=第?{_NUMERAL}(?:组|小组|队|弄|巷|区|幢|栋|号|座|单元|室))", address
    )
    return f"{words[0] if words else ''}***"


_FINDERS: tuple[Callable[[str], Iterator[_Candidate]], ...] = (
    _id_cards,
    _cards,
    _accounts,
    _plain(Kind.PHONE, _MOBILE, mask_phone, True),
    _plain(Kind.LANDLINE, _LANDLINE, mask_phone, False),
    _plain(Kind.EMAIL, _EMAIL, lambda address: f"{address[0].lower()}***", True),
    _plain(Kind.ADDRESS, _ADDRESS, _mask_address, False),
)
