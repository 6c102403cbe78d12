"""Names of contracting parties as open data may show them: firms and offices whole, people as 王**."""

from __future__ import annotations

import re

from app.core import pii, text

_FIRM = re.compile(
    r"(?:公司|合作社|联合社|厂|商行|商店|商场|超市|酒店|饭店|宾馆|农场|牧场|林场|渔场|养殖场|基地|中心|集团|协会|"
    r"商会|委员会|管委会|经营部|服务部|工程部|门市部|事务所|研究院|设计院|医院|学校|幼儿园|银行|信用社|基金会|"
    r"办事处|政府|管理局|站|工程队|施工队|建筑队|工作室|生态园|农庄|企业|合伙)(?:[(（][^()（）]{1,20}[)）])?$"
)


def public_name(name: str) -> str:
    """A firm's or office's name as it is, cleaned of numbers that are personal data; anybody else as surname
    and two stars. What is not recognised as a firm counts as a person."""
    plain = text.one_line(name)
    return pii.mask(plain) if _FIRM.search(plain) else pii.mask_name(plain)


def without_name(words: str, name: str) -> str:
    """Words of a ledger, which no gate has seen, without personal data and with the party's name as it may
    be shown."""
    plain = text.one_line(name)
    shown = words.replace(plain, public_name(plain)) if plain else words
    return pii.mask(shown)
