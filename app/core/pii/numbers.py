"""Numbers that belong to a person: ID cards, bank cards and accounts, phones, mail addresses.

Digits may be grouped by spaces, dots or dashes, or broken by the end of a line, as they are on paper and in
the text of a PDF. What only looks alike is left alone: a number behind 「合同编号」 or 「发票号码」, an
amount in yuan, the landline of an office."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date

from app.core import clock
from app.core.pii.kinds import Candidate, Kind
from app.core.pii.masks import mask_bank, mask_id, mask_phone

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


def born(number: str) -> date | None:
    """The date of birth in an ID number of 18 or 15 digits; None when it is no day that was."""
    if len(number) not in (15, 18):
        return None
    year, rest = (number[6:10], number[10:14]) if len(number) == 18 else ("19" + number[6:8], number[8:12])
    with suppress(ValueError):
        day = date(int(year), int(rest[:2]), int(rest[2:]))
        return day if day.year >= 1900 and day <= clock.today() else None
    return None


_SEPARATORS = "[ .·_-]"
_GAP = r"(?:[ .·_-]{0,2}| ?\n ?)"
_MONEY = r"(?! ?(?:\.\d|元|万|亿|块))"
_ID18 = re.compile(rf"(?<![0-9A-Z])[1-9](?:{_GAP}\d){{16}}{_GAP}[0-9X](?![0-9A-Z])")
_ID15 = re.compile(rf"(?<![0-9A-Z])[1-8]\d{{5}}[ -]?\d{{6}}[ -]?\d{{3}}(?![0-9A-Z]){_MONEY}")
_ID_GROUPS = ([18], [6, 8, 4], [6, 4, 4, 4], [6, 4, 2, 2, 4], [3, 3, 4, 4, 4], [1] * 18)
_MOBILE = re.compile(
    rf"(?<![0-9])(?<!\d\.)(?:\(?(?:\+|00)?86\)?{_SEPARATORS}?)?"
    rf"1(?:[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}"
    rf"|[3-9]\d\d{_SEPARATORS}\d{{3}}{_SEPARATORS}\d{{4}}|[3-9]\d{_SEPARATORS}\d{{3}}{_SEPARATORS}\d{{5}}"
    rf"|{_SEPARATORS}[3-9](?:{_SEPARATORS}\d){{9}})(?![0-9]){_MONEY}"
)
_LANDLINE = re.compile(
    r"(?<![0-9A-Z.])(?:\(0\d{2,3}\) ?|0\d{2,3}[ -]{1,2}|0\d{2,3})[2-9]\d{2,3}[ -]?\d{4}(?:-\d{1,6})?(?![0-9])"
)
_HOME_LINE = re.compile(
    r"(?:家庭电话|家里电话|住宅电话|宅电|家电话)[:： ]{0,2}(?P<value>[2-8]\d{2,3}[ -]?\d{4})(?![0-9])"
)
_CARD = re.compile(r"(?<![0-9A-Z])(?<!\d\.)(?=(?:62|60|4|5|35|9558))")  # where one may begin
_DIGITS = re.compile(r"\d+")
_JOINTS = " .·_-"
_GOES_ON = re.compile(r"[A-Z]|\.\d| ?[元万亿]")
_ACCOUNT = re.compile(
    r"(?:卡号|账号|帐号|账户|帐户|一卡通|社保卡|市民卡|存折|银行卡|汇入|打到|打入)[^0-9\n]{0,12}"
    rf"(?P<value>\d(?:{_SEPARATORS}?\d){{10,22}})(?![0-9]){_MONEY}"
)
_EMAIL = re.compile(
    r"(?<![A-Z0-9._%+-])[A-Z0-9][A-Z0-9._%+-]{0,63}@(?:[A-Z0-9-]{1,63}\.){1,4}[A-Z]{2,20}(?![A-Z0-9])"
)
# The number of a thing stands right behind, not of a person.
_THING = (
    r"(?:许可证?|合同|发票|凭证|订单|流水|交易|单据|票据|收据|运单|快递|工单|档案|图斑|宗地|地块|设备|资产|"
    r"项目|立项|备案|批复|招标|采购|标段|批次|批号|证书|不动产权?证?|权证|回执|文书|保单|车架|电表|水表|户表|"
    r"税|纳税人识别|信用|机构)"
)
_NUMBERED = r"(?:编号|编码|号码|代码|序号|单号|证号|号)"
_BEFORE = r"[:： 是为]{0,3}[A-Z]{0,4}-?$"
_AMOUNT = r"(?:金额|收入|支出|余额|结余|合计|总额|单价|面积|数量)(?:[(（][^()（）]{1,4}[)）])?[:： ]{0,2}$"
_OF_A_THING = re.compile(rf"{_THING}{_NUMBERED}?{_BEFORE}|{_AMOUNT}")
_NUMBER_OF_A_THING = re.compile(rf"{_THING}{_NUMBERED}{_BEFORE}|{_AMOUNT}")
_OF_AN_OFFICE = re.compile(
    r"(?:村委|委会|办公室?|值班室?|大厅|中心|服务|热线|监督|咨询|举报|投诉|政府|派出所|卫生[院所室]|"
    r"医院|学校|公司|代理机构|"
    r"合作社|信用社|银行|公证处|法院|检察院|纪委|监察|民政|农业|镇|乡|街道|局|科|所|站|厂|传真|招标人|"
    r"采购人|联系单位)"
    r"[^,，。；;\n]{0,8}$"
)
_LOOK_BACK = 16


def _behind(pattern: re.Pattern[str], text: str, start: int) -> bool:
    return bool(pattern.search(text[max(0, start - _LOOK_BACK) : start]))


def id_cards(text: str) -> Iterator[Candidate]:
    """18 digits with a day of birth, whole or mistyped; 15 digits of the old form."""
    for match in _ID18.finditer(text):
        plain = re.sub(r"[^0-9X]", "", match[0])
        checked = id_check_digit(plain[:17]) == plain[17]
        resident = plain[:2] in _PROVINCES
        foreigner = plain[0] == "9" and plain[1:3] in _PROVINCES and checked
        groups = [len(group) for group in re.findall(r"[0-9X]+", match[0])]
        usual = groups in _ID_GROUPS and "\n" not in match[0]
        if not checked and (not usual or _behind(_OF_A_THING, text, match.start())):
            continue
        if (resident or foreigner) and born(plain):
            yield Candidate(Kind.ID_CARD, *match.span(), mask_id(plain), checked)
    for match in _ID15.finditer(text):
        plain = re.sub(r"\D", "", match[0])
        if plain[:2] in _PROVINCES and born(plain) and not _behind(_OF_A_THING, text, match.start()):
            yield Candidate(Kind.ID_CARD, *match.span(), mask_id(plain), False)


def accounts(text: str) -> Iterator[Candidate]:
    """Numbers behind a word for an account."""
    for match in _ACCOUNT.finditer(text):
        if not _MOBILE.fullmatch(match["value"]):
            yield Candidate(Kind.BANK_CARD, *match.span("value"), mask_bank(match["value"]), True)


def cards(text: str) -> Iterator[Candidate]:
    """Card numbers by their first digits and the Luhn check."""
    for match in _CARD.finditer(text):
        found = _card(text, match.start())
        if found is not None and not _behind(_OF_A_THING, text, found.start):
            yield found


def _card(text: str, start: int) -> Candidate | None:
    digits, end, groups, longest, lines = "", start, 0, None, 0
    for group in _DIGITS.finditer(text, start, start + 40):
        between = text[end : group.start()]
        lines += between.count("\n")
        if len(digits) + len(group[0]) > 19 or between.strip(_JOINTS + "\n") or lines > 1:
            break
        digits, groups, end = digits + group[0], groups + 1, group.end()
        union = digits.startswith("62")
        if len(digits) >= 16 and luhn(digits) and (union or not lines) and not _GOES_ON.match(text, end):
            longest = Candidate(Kind.BANK_CARD, start, end, mask_bank(digits), groups == 1 or union)
    return longest


def phones(text: str) -> Iterator[Candidate]:
    """Mobile numbers of the mainland, with and without +86."""
    for match in _MOBILE.finditer(text):
        if match[0].count("\n") <= 1 and not _behind(_NUMBER_OF_A_THING, text, match.start()):
            yield Candidate(Kind.PHONE, *match.span(), mask_phone(match[0]), True)


def landlines(text: str) -> Iterator[Candidate]:
    """Landlines; those right behind the name of an office are an office's own and public."""
    for match in _LANDLINE.finditer(text):
        if not _behind(_OF_AN_OFFICE, text, match.start()):
            yield Candidate(Kind.LANDLINE, *match.span(), mask_phone(match[0]), False)
    for match in _HOME_LINE.finditer(text):
        yield Candidate(Kind.LANDLINE, *match.span("value"), mask_phone(match["value"]), False)


def emails(text: str) -> Iterator[Candidate]:
    """Mail addresses."""
    for match in _EMAIL.finditer(text):
        yield Candidate(Kind.EMAIL, *match.span(), f"{match[0][0].lower()}***", True)


FINDERS: tuple[Callable[[str], Iterator[Candidate]], ...] = (
    id_cards,
    cards,
    accounts,
    phones,
    landlines,
    emails,
)
