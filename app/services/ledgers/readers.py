"""Fields whose content has an inner form: approvals, instalments, periods of aid. Typed, or as data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.core import sheets, text
from app.core.errors import BadInput
from app.core.sheets import cells

_PIECES = re.compile(r"[;；\n]+")
_DAY = re.compile(r"\d{4}\s*[年./-]\s*\d{1,2}\s*[月./-]\s*\d{1,2}\s*[日号]?")
_AMOUNT = re.compile(r"\d[\d,]*(?:\.\d+)?\s*(?:万|千)?\s*元?")
_ROLES = (
    "监督委员会主任|监委会主任|村监会主任|监委主任|联村干部|驻村干部|社监会主任|社长|董事长|书记|主任|会计|出纳|报账员|经办人|证明人|"
    "审批人|验收人|镇长|分管领导|农经站|三资办|经办|证明|审核|审批|验收"
)
_ROLE = re.compile(_ROLES)
_DASHES = str.maketrans("−–—﹣", "----")
MOST_PIECES, LONGEST = 60, 100


def approvals(value: Any) -> list[dict[str, str]]:
    """「书记 王某 2026-03-05；监委会主任 李某」 as {who, role, on}. Raises BadInput."""
    return [
        dict(_approval(piece)) if isinstance(piece, str) else _complete(piece) for piece in _pieces(value)
    ]


@lru_cache(maxsize=5000)
def _approval(piece: str) -> dict[str, str]:
    day = _DAY.search(piece)
    rest = _DAY.sub(" ", piece)
    role = _ROLE.search(rest)
    who = re.sub(r"[:：,，、()（）]", " ", _ROLE.sub(" ", rest, count=1))
    return _complete({"who": who, "role": role[0] if role else "", "on": day[0] if day else ""})


def _complete(piece: Mapping[str, Any]) -> dict[str, str]:
    made = {name: text.one_line(str(piece.get(name) or ""))[:LONGEST] for name in ("who", "role", "on")}
    if made["on"]:
        made["on"] = _day(made["on"])
    if not made["who"] and not made["role"]:
        raise BadInput(
            "ledger.approvals_wrong", "看不懂审批人，请写成：书记 王某 2026-03-05；监委会主任 李某。"
        )
    return {name: part for name, part in made.items() if part}


def schedule(value: Any) -> list[dict[str, Any]]:
    """「2026-03-01 12000；2027-03-01 1.2万元」 as {due_on, amount_fen, note}, in order. Raises BadInput."""
    return sorted((_instalment(piece) for piece in _pieces(value)), key=lambda made: str(made["due_on"]))


def _instalment(piece: Any) -> dict[str, Any]:
    if isinstance(piece, Mapping):
        due, fen, note = piece.get("due_on"), piece.get("amount_fen"), piece.get("note")
        if isinstance(fen, bool) or not isinstance(fen, int) or fen <= 0 or due is None:
            raise _no_schedule()
        return {"due_on": _day(str(due)), "amount_fen": fen, "note": text.one_line(str(note or ""))[:LONGEST]}
    day = _DAY.search(piece)
    rest = _DAY.sub(" ", piece)
    amount = _AMOUNT.search(rest)
    if day is None or amount is None:
        raise _no_schedule()
    note = re.sub(r"[:：,，、]", " ", rest.replace(amount[0], " ", 1))
    try:
        fen = cells.amount(amount[0])
    except sheets.Unreadable as error:
        raise _no_schedule() from error
    if fen <= 0:
        raise _no_schedule()
    return {"due_on": _day(day[0]), "amount_fen": fen, "note": text.one_line(note)[:LONGEST]}


def _no_schedule() -> BadInput:
    return BadInput("ledger.schedule_wrong", "看不懂付款计划，请写成：2026-03-01 12000；2027-03-01 12000。")


def _pieces(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        found: Sequence[Any] = [
            piece for piece in _PIECES.split(unicodedata.normalize("NFKC", value)) if piece.strip()
        ]
    else:
        found = [piece if isinstance(piece, Mapping | str) else vars(piece) for piece in value or ()]
    if len(found) > MOST_PIECES:
        raise BadInput("ledger.list_long", f"一格里最多 {MOST_PIECES} 项，请拆开填写。")
    return found


def _day(typed: str) -> str:
    try:
        return cells.day(typed).isoformat()
    except sheets.Unreadable as error:
        raise BadInput("ledger.day_wrong", f"{error.problem}，{error.remedy}。") from error


def period(value: Any) -> str:
    """A month (2026-03) or a year (2026), as aid is paid. Raises BadInput."""
    for read in (cells.year, cells.month):
        try:
            return read(value)
        except sheets.Unreadable:
            continue
    raise BadInput("ledger.period_wrong", "看不懂发放期间，请写成 2026年3月 或 2026年。")


def number(value: Any) -> str:
    """A number of a contract, voucher or the like: half-width, without spaces. 「HT-2026-017 」 is
    「HT-2026-017」."""
    plain = unicodedata.normalize("NFKC", cells.as_text(value))
    return re.sub(r"\s+", "", plain).translate(_DASHES)
