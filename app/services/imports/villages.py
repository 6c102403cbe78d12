"""Which village a cell of a workbook means: by its name, its town's and its own, its code, or the full name
of its collective."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from app.models import Organisation

_BODY = re.compile(
    r"(?:股份)?经济(?:合作|联合)(?:总)?社|村民委员会|居民委员会|村委会?|居委会?|村级集体|(?<=村)社区|(?<=[村社])集体$"
)
_ABOVE = "省市区县镇乡道"  # a village's name begins behind one of these: 城东村 is not 东村


class VillageNames:
    """Finds villages among those that somebody may import for."""

    def __init__(self, villages: Sequence[Organisation]) -> None:
        self._names: dict[str, list[Organisation]] = {}
        for village in villages:
            town = village.parent.name if village.parent else ""
            for name in {village.name, village.code, f"{town}{village.name}"}:
                self._names.setdefault(plain(name), []).append(village)

    def find(self, written: str) -> list[Organisation]:
        """The villages that are called this; one when it is clear."""
        name = plain(written)
        bare = _BODY.sub("", name)
        for one in (name, bare, *(bare[at:] for at in range(1, len(bare)) if bare[at - 1] in _ABOVE)):
            if one in self._names:
                return self._names[one]
        return []

    def within(self, words: str) -> Organisation | None:
        """The one village that is named somewhere in a text, as in the title of a table."""
        text = plain(words)
        named = {
            one.id: one
            for name, found in self._names.items()
            if not name.isascii() and re.search(rf"(?:^|[{_ABOVE}]|[^\w]){re.escape(name)}", text)
            for one in found
        }
        return next(iter(named.values())) if len(named) == 1 else None


def plain(name: str) -> str:
    """A village's name for comparing: half-width, without spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name))


def unclear(found: Sequence[Organisation]) -> tuple[str, str]:
    """What is wrong when a name does not mean exactly one village, and what to do."""
    if found:
        return "有几个同名的村", "请写镇名加村名，或村社代码"
    return "不是您负责的村社", "请核对村名，一次只导入您负责的村"
