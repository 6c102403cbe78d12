"""Searching a text, or a cell under its heading, for all kinds of personal data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from app.core import clock
from app.core.pii import addresses, numbers, persons
from app.core.pii.folding import fold
from app.core.pii.kinds import Candidate, Finding, Kind
from app.core.pii.masks import mask_bank, mask_id, mask_phone
from app.core.pii.names import plausible

_FINDERS = (*numbers.FINDERS, *persons.FINDERS, addresses.addresses)


def find(text: str) -> list[Finding]:
    """All personal data in `text`, in order and without overlaps; kinds with a check digit win."""
    folded, origin = fold(text)
    return _findings(text, origin, _candidates(folded))


def _candidates(folded: str) -> Iterator[Candidate]:
    for finder in _FINDERS:
        yield from finder(folded)


def _findings(text: str, origin: Sequence[int], candidates: Iterable[Candidate]) -> list[Finding]:
    taken: list[Candidate] = []
    covered = bytearray(len(origin))
    for found in candidates:
        if found.end > found.start and not any(covered[found.start : found.end]):
            taken.append(found)
            covered[found.start : found.end] = b"\x01" * (found.end - found.start)
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


# Cells: the heading says what a bare value is.

_OFFICE = re.compile("办公|监督|咨询|举报|服务|单位|投诉")
_HEADINGS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("id", re.compile("身份证|证件号|公民身份"), "身份证号："),
    ("bank", re.compile("账号|帐号|卡号|一卡通|社保卡|银行卡|存折|收款账户"), "账号："),
    ("phone", re.compile("电话|手机|联系方式"), "家庭电话："),
    ("address", re.compile("住址|家庭地址|居住地|门牌|户籍地|户籍地址|家庭住所"), "住址："),
    ("birth", re.compile("出生|生日"), "出生日期："),
    ("illness", re.compile("病|致困|致贫|困难原因|救助原因|申请原因|申请理由|困难类型|残疾"), "病因："),
)
_OTHER_HEADINGS = re.compile("姓名|年龄|序号|性别|村民小组|金额|日期")
_LONG = re.compile(r"\d(?:[ -]?\d){7,22}[0-9X]?")
_SHORT = re.compile(r"[2-8]\d{2,3}[ -]?\d{4}(?!\d)")


def is_heading(cell: str) -> bool:
    """Whether a cell can be the heading of a column that holds data of persons."""
    plain = cell.strip()
    if not plain or len(plain) > 16 or any(sign.isdigit() for sign in plain):
        return False
    return any(pattern.search(plain) for _, pattern, _ in _HEADINGS) or bool(_OTHER_HEADINGS.search(plain))


def find_in_cell(heading: str, text: str) -> list[Finding]:
    """As `find`, for a value that stands under a heading (表头) or behind a label."""
    means = {name: lead for name, pattern, lead in _HEADINGS if pattern.search(heading)}
    if _OFFICE.search(heading):
        means.pop("phone", None)
    folded, origin = fold(text)
    if not folded:
        return []
    found = list(_bare(folded, means))
    for lead in (f"{fold(heading)[0]}:", *means.values()):
        shift = len(lead)
        found += (
            Candidate(one.kind, one.start - shift, one.end - shift, one.masked, one.certain)
            for one in _candidates(lead + folded)
            if one.start >= shift
        )
    found += persons.illnesses(folded)
    return _findings(text, origin, found)


def _bare(folded: str, means: dict[str, str]) -> Iterator[Candidate]:
    """Numbers that only the heading gives away."""
    for match in _LONG.finditer(folded) if "id" in means else ():
        yield Candidate(Kind.ID_CARD, *match.span(), mask_id(match[0]), False)
    for match in _LONG.finditer(folded) if "bank" in means else ():
        yield Candidate(Kind.BANK_CARD, *match.span(), mask_bank(match[0]), False)
    for match in _SHORT.finditer(folded) if "phone" in means else ():
        yield Candidate(Kind.LANDLINE, *match.span(), mask_phone(match[0]), False)


# Rows: a number in pieces, as in forms with a box for each digit.

_PIECE = re.compile(r"\d{1,17}X?|X")


def joined(cells: Sequence[str]) -> list[str]:
    """Numbers that stand in several neighbouring cells, empty ones between them: those with one digit in each
    cell, and ID numbers whose check digit fits in any pieces. Other pieces may as well be amounts."""
    found: list[str] = []
    run: list[str] = []
    for cell in [*(fold(cell)[0].strip() for cell in cells), "/"]:
        if _PIECE.fullmatch(cell):
            run.append(cell)
        elif cell:
            found += _wholes(run)
            run = []
    return found


def _wholes(run: Sequence[str]) -> Iterator[str]:
    if len(run) > 1 and all(len(piece) == 1 for piece in run):
        yield "".join(run)
        return
    for first in range(len(run)):
        for last in range(first + 2, min(len(run), first + 18) + 1):
            whole = "".join(run[first:last])
            if len(whole) == 18 and whole[:17].isdigit() and numbers.id_check_digit(whole[:17]) == whole[17]:
                yield whole


# Rows: what one cell says of the person named in another.

_AGE = re.compile(r" *(\d{1,3}) *(?:周?岁)? *")
_CHILD = re.compile("未成年|儿童|孤儿|幼儿|小学生|初中生|中学生|高中生")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NAME = re.compile("姓名|名字|学生|儿童|幼儿|受助|补助对象|救助对象|人员")
_ADULT = re.compile("监护|家长|父|母|户主|经办|负责|申请人|联系人|村干部|审核")
ADULT_AGE = 18


def is_minors_row(cells: Sequence[tuple[str, str]]) -> bool:
    """Whether a row of (heading, cell) is about a child: by age, day of birth, ID number or kind of aid."""
    for heading, text in cells:
        plain = fold(text)[0]
        if "年龄" in heading and (age := _AGE.fullmatch(plain)) and int(age[1]) < ADULT_AGE:
            return True
        born = _YEAR.search(plain) if re.search("出生|生日", heading) else None
        if born and clock.today().year - int(born[0]) < ADULT_AGE:
            return True
        day = numbers.born(re.sub(r"[^0-9X]", "", plain)) if "身份证" in heading else None
        if day and clock.today().year - day.year < ADULT_AGE:
            return True
        if re.search("类别|类型|对象|身份|备注", heading) and _CHILD.search(plain):
            return True
    return False


def is_name_heading(heading: str) -> bool:
    """Whether a column holds the names of those whom the rows are about, not of their parents."""
    return bool(_NAME.search(heading)) and not _ADULT.search(heading)


def is_full_name(text: str) -> bool:
    """Whether a cell is somebody's full name."""
    return plausible(text.strip())
