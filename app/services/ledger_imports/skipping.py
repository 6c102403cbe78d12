"""Rows of a table that are none: opening balances, totals, carried-over lines, signatures at the foot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from app.core.sheets.cells import Unreadable, empty, folded

_WHAT = r"(?:本[页月季年日期]|[当上][月年期]|全年|分类|支出|收入|借方|贷方)"
_TOTAL = rf"{_WHAT}?(?:小计|合计|总计|共计|累计)(?:数|金额|笔数)?(?:\(?(?:元|万元|大写)\)?)?"
_SUM = re.compile(
    rf"{_TOTAL}"
    rf"|(?:期初|期末|年初|月初|月末|{_WHAT})(?:末|初|的)?(?:余额|结[转余存]|结存余额)"
    r"|承前页|过次页|转下页|结转下[年月页]|接上页"
)
_MADE = r"制[表单]|填[表报]|审[核批]|复核|主管|会计|出纳|报账员|打印|导出|经办|负责人|村?监会|盖章"
_FOOT = re.compile(
    rf"(?:{_MADE}|单位负责人|开户|账号|户名|备注|说明|注)[人员日期时间行签字章]*:.*", re.DOTALL
)


def is_summary(cells: Sequence[Any]) -> bool:
    """Whether the words of a row are those of a sum or a balance and not of a single entry."""
    return any(_SUM.fullmatch(words.rstrip(":")) for words in _words(cells))


def is_total(cells: Sequence[Any]) -> bool:
    """Whether one of these, which name an entry, is the word for a sum: 2026 | 合计 | 500,000."""
    return any(re.fullmatch(_TOTAL, words.rstrip(":")) for words in _words(cells))


def is_foot(cells: Sequence[Any]) -> bool:
    """Whether a row says who made the table, and nothing else."""
    words = _words(cells)
    filled = sum(not empty(cell) for cell in cells)
    return bool(words) and filled == len(words) and _FOOT.fullmatch(words[0]) is not None


def _words(cells: Sequence[Any]) -> list[str]:
    found = []
    for cell in cells:
        if isinstance(cell, str) and cell and not cell[0].isdigit() and len(cell) <= 80:
            try:
                words = folded(cell)
            except Unreadable:
                continue
            if words:
                found.append(words)
    return found
