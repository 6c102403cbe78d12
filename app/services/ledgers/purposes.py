"""What a payment was for, without when, who and which part (用途归并)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from app.rules import vocabulary

_SIGN = re.compile(r"[^0-9a-z\u3400-\u9fff〇]+")
_DIGITS = "[0-9一二三四五六七八九十百〇零两]+"
_SHORTEST = 2

# When, which instalment, how many: nothing that tells one object from another.
_TIMES = re.compile(
    r"(?:(?:19|20)\d{2}|[一二〇零]{1,2}[〇零一二三四五六七八九]{2})年度?|去年|今年|本年度?|上年度?|年度|年底|年初|"
    r"(?:[0-9]{1,2}|十[一二]?|[一二三四五六七八九])月份?(?:至|到|-)?|[上下本当]半?[年月]份?|每月|每年|月份|月度|"
    r"第?[1-4一二三四]季度|[上中下]旬|"
    r"(?:[0-9]{1,2}|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])日|"
    r"[0-9]{1,2}号(?![楼桥路线房泵井渠塘墩幢院])"
)
_INSTALMENTS = re.compile(rf"第?{_DIGITS}(?:期|批次?|次|笔|阶段|标段?|回)")
_AMOUNTS = re.compile(
    r"[0-9]+(?:个|天)?工(?!程)|[0-9]+(?:%|元|万元|万|千元|工日|工时|小时|天|个|人次?|人|名|户|只|张|块|套|台班|台|车次?|"
    r"吨|包|袋|箱|方|立方米?|平方米?|平米|米|公里|公斤|斤|亩|株|棵|盏|份)"
)
# A number in front of one of these tells objects apart: 3组道路 is not 5组道路.
_PLACED = re.compile(
    rf"第?({_DIGITS})(组|队|幢|栋|楼|层|号楼|号桥|号路|号线|号房|号泵|号井|号渠|号塘|号墩|区块|弄|片区)"
)
_LOOSE = re.compile(r"[0-9]+(?!组|队|幢|栋|楼|层|号|区块|弄|片区|[0-9])")
_FEE = re.compile(r"(?<![水电话税气油络带讯信险视])费+$")
_CHINESE = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


@lru_cache(maxsize=100_000)
def purpose_key(text: str | None) -> str | None:
    """What a payment was for: its object without months, numbers, instalments, trades and money words.

    「3月新办公楼装修木工工资」 and 「办公楼装修油漆材料款（二期）」 are both 「办公楼装修」; 「三组」 and
    「第3组」 are the same place. Everyday upkeep and utilities keep their words (河道保洁, 路灯电费).
    None when there is no text, or when it names no object (「3月工资」)."""
    if not text:
        return None
    bare = _plain(text)
    for pattern in (_TIMES, _INSTALMENTS, _AMOUNTS):
        bare = pattern.sub("", bare)
    bare = _PLACED.sub(lambda found: f"{_number(found[1])}{found[2]}", bare)
    bare = _LOOSE.sub("", bare)
    bare = _same().sub(lambda found: _kept_names()[found[0]], bare)
    bare = _strip().sub(lambda found: found[0] if found[0] in _kept() else "", bare)
    bare = _begin(_FEE.sub("", bare))
    bare = _same().sub(lambda found: _kept_names()[found[0]], bare)
    return bare if len(bare) >= _SHORTEST else None


def is_works(key: str) -> bool:
    """Whether an object is works, not everyday upkeep."""
    return re.search(vocabulary.works(), key) is not None and not is_upkeep(key)


def is_upkeep(key: str) -> bool:
    """Whether an object is everyday upkeep or a utility."""
    return re.search(vocabulary.upkeep(), key) is not None


def _plain(text: str) -> str:
    """Half-width, lower case, without spaces, marks and brackets."""
    folded = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()
    joined = re.sub(r"(?<=[0-9])[.,](?=[0-9])", "", folded)
    return _SIGN.sub("", joined)


def _number(digits: str) -> int:
    """The value of 「3」, 「三」, 「十二」, 「二十」."""
    if digits.isdigit() and digits.isascii():
        return int(digits)
    total, last = 0, 0
    for digit in digits:
        if digit in "十百":
            total, last = total + (last or 1) * (10 if digit == "十" else 100), 0
        else:
            last = int(digit) if digit.isascii() else _CHINESE[digit]
    return total + last


@cache
def _kept_names() -> dict[str, str]:
    """Every other name of a thing, and the name that is kept."""
    same = vocabulary.table()["same"].items()
    return {**{other: name for name, others in same for other in others}, **{name: name for name, _ in same}}


@cache
def _same() -> re.Pattern[str]:
    return re.compile(vocabulary.pattern(_kept_names()))


@cache
def _kept() -> frozenset[str]:
    """Words of objects: they stay, even where a shorter word to take off is a part of them."""
    return frozenset(word for listed in vocabulary.table()["objects"].values() for word in listed)


@cache
def _strip() -> re.Pattern[str]:
    """Words to take off and words to keep, the longer one wins; a trade leaves the 工 of 工资 to it."""
    off = [word for listed in vocabulary.table()["strip"].values() for word in listed]
    longest = sorted({*off, *_kept()}, key=len, reverse=True)
    return re.compile(
        "|".join(re.escape(word) + ("(?![资钱])" if word[-1] == "工" else "") for word in longest)
    )


def _begin(bare: str) -> str:
    """Without the words that only say whose it is, unless they belong to a name."""
    begin = vocabulary.table()["begin"]
    words = re.compile(vocabulary.pattern(begin["words"]))
    keep = re.compile(vocabulary.pattern(begin["keep"]))
    while (found := words.match(bare)) and not keep.match(bare) and len(bare) - found.end() >= _SHORTEST:
        bare = bare[found.end() :]
    return bare
