"""How the words of a ledger are compared: names, kinds of parties, account titles, identity numbers."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from app.core.errors import BadInput
from app.core.keys import Keys
from app.core.pii.names import plausible
from app.core.pii.numbers import born, id_check_digit
from app.models.ledgers import ExpenseClass, PartyKind

ACCOUNTS = Path(__file__).resolve().parents[2] / "assets" / "reference" / "accounts.toml"
_FIRM_WORDS = (
    "公司|集团|企业|经营部|门市部|服务部|营业部|工程部|项目部|经销部|批发部|加工部|合作社|联合社|供销社|信用社|"
    "合作联社|商店|商行|商场|超市|酒店|饭店|餐厅|餐馆|农庄|农场|林场|渔场|养殖场|苗圃|工厂|加工厂|砖厂|水泥厂|"
    "银行|中心|委员会|村委|居委|经济合作|政府|管理局|供电局|水务|电力|电信|移动|联通|学校|小学|中学|大学|幼儿园|"
    "医院|卫生院|卫生室|事务所|研究院|设计院|工作室|工作站|服务站|加油站|施工队|工程队|基金会|协会|学会|商会|"
    "老年协会|党支部|党总支|党委|个体工商户|税务|财政|国库|法院|派出所|出版社|报社|邮政|保险|园艺场|修理厂|广告|"
    "农机|建材|五金|装饰|建设|建筑|物业|园林|水产|家庭农场"
)
_FIRM = re.compile(_FIRM_WORDS)
_FIRM_ENDING = re.compile(r".{2,}[厂店部社行队场站所局馆院楼堂坊铺圃办]$")
_SEVERAL = re.compile(r"(?:等\d*[人户位]?|一家)$")
_SHORT = 4
_REMARK = re.compile(r"[(（\[【〔][^)）\]】〕]*[)）\]】〕]$")
_LEVELS = re.compile(r"[-—–_/\\:：>＞》、|.．]+")
_NUMBER = re.compile(r"\d{17}[\dX]")
_OLD_NUMBER = re.compile(r"\d{15}")
_OTHER_PAPER = re.compile(r"[A-Z]{1,3}\d{6,15}")


@lru_cache(maxsize=50_000)
def name_key(name: str) -> str:
    """A name as ledgers and rules compare it: half-width, without spaces, marks and invisible signs, lower
    case. 「杭州某某（萧山）建材 有限公司」 and 「杭州某某(萧山)建材有限公司」 are the same,
    「张三（三组）」 is 「张三」."""
    plain = _bare(name)
    return "".join(letter for letter in plain if letter.isalnum()).lower()


def _bare(name: str) -> str:
    """Half-width and without spaces; of a person also without the remark in brackets behind the name."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", name))
    bare = _REMARK.sub("", plain)
    return bare if bare != plain and plausible(bare) else plain


@lru_cache(maxsize=50_000)
def party_kind(name: str) -> PartyKind | None:
    """Whether a name is a firm's or a person's; None where it does not tell."""
    bare = _SEVERAL.sub("", _REMARK.sub("", _bare(name)))
    person = plausible(bare.replace("·", ""))
    if _FIRM.search(bare) or (_FIRM_ENDING.match(bare) and not (person and len(bare) < _SHORT)):
        return PartyKind.FIRM
    return PartyKind.PERSON if person else None


@cache
def _accounts() -> tuple[tuple[str, ExpenseClass], ...]:
    """Words of account titles, the longest first."""
    with ACCOUNTS.open("rb") as file:
        table = tomllib.load(file)["accounts"]
    pairs = [(name_key(word), ExpenseClass(kind)) for kind, words in table.items() for word in words]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


@lru_cache(maxsize=20_000)
def expense_class(category: str) -> ExpenseClass | None:
    """What an account title (科目) means; None when it is not in the table `accounts.toml`.

    Of a title with levels (管理费用-办公费) the lowest level that is known counts, in it the longest word."""
    levels = [name_key(level) for level in _LEVELS.split(category)]
    for level in reversed([level for level in levels if level]):
        for word, kind in _accounts():
            if word in level:
                return kind
    return None


def person_digest(keys: Keys, id_number: str) -> str:
    """How the ledgers remember an identity number: a keyed digest that cannot be turned back; the same
    person's old number of 15 digits has the same one. Raises BadInput (`ledger.id_number_wrong`)."""
    number = re.sub(r"[\s-]+", "", unicodedata.normalize("NFKC", id_number)).upper()
    if _OLD_NUMBER.fullmatch(number):
        number = f"{number[:6]}19{number[6:]}"
        number += id_check_digit(number)
    if _NUMBER.fullmatch(number):
        right = born(number) is not None and id_check_digit(number[:17]) == number[17]
    else:
        right = _OTHER_PAPER.fullmatch(number) is not None
    if not right:
        raise BadInput("ledger.id_number_wrong", "证件号码不对，请核对每一位（身份证号为 18 位）。")
    return keys.person_digest(number)
