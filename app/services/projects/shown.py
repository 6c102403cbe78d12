"""What the public sees of payments and contracts: firms by name, persons by surname (个人只显示姓)."""

from __future__ import annotations

import re
import unicodedata

from app.core import pii

# Words in the names of firms and offices. Whatever has none of them is shown as a person would be.
_FIRM = re.compile(
    r"公司|合作社|经营部|经营户|工程队|施工队|服务队|服务部|服务站|商行|商店|商场|超市|门市部|五金店|建材店|"
    r"[^\s]{2,}(?:厂|店|行|所|院|站|中心|集团|事务所|工作室|农场|林场|苗圃|园艺|建设|建筑|建材|物业)$|"
    r"银行|信用社|政府|委员会|供电|水务|电力|管理处|办公室|财政|学校|医院|卫生院|幼儿园|协会|联合社|股份"
)


def is_firm(name: str) -> bool:
    """Whether this is the name of a firm or an office, as far as its words say so."""
    plain = re.sub(r"[(（].*?[)）]", "", unicodedata.normalize("NFKC", name)).strip()
    return bool(_FIRM.search(plain))


def payee(name: str) -> str:
    """A firm by its name, a person by the surname: 陈建国 → 陈**."""
    return pii.mask(name) if is_firm(name) else pii.mask_name(name)


def purpose(text: str, receiver: str) -> str:
    """What a payment was for, without numbers that identify people and without a person who was paid."""
    if receiver and not is_firm(receiver):
        text = text.replace(receiver, pii.mask_name(receiver))
    return pii.mask(text)
