"""From the ledgers of a month to the draft of its finance disclosure (财务公开): what came in and what went
out, by account title. A person looks it over and submits it, as any draft."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import Disclosure, FundStatement, Organisation, Payment, Receipt
from app.models.disclosures import DisclosureState
from app.services import access, categories, disclosures
from app.services.actors import Actor, Officer
from app.services.disclosures.fields import MOST_RECORDS
from app.services.disclosures.states import drafting_role, written_by
from app.services.disclosures.summaries import spoken_period

CATEGORY = "finance"
IN, OUT = "收入", "支出"
UNNAMED = "未分科目"
REST = "其他"
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


def finance_draft(
    session: Session, *, acting: Actor, village: Organisation, month: str, keys: Keys
) -> Disclosure:
    """Write the month's finance draft from receipts and payments that are not voided; the officer's own
    draft of this month is written anew. `month` is 2026-03. The balance is that of the funds' statements.

    Raises Forbidden for who drafts nothing there, BadInput for no month or a month without entries, Conflict
    when the month is being reviewed or published already."""
    access.require_ledger_keeper(session, acting, village.id)
    access.require_author(session, acting, village.id, drafting_role(categories.find(session, CATEGORY)))
    if not _MONTH.fullmatch(month):
        raise BadInput("disclosure.period_wrong", "请选择月份，如 2026-03。", field="month")
    came, went = _sums(session, _receipts(village, month)), _sums(session, _payments(village, month))
    if not came and not went:
        raise BadInput(
            "ledger.month_empty", f"{spoken_period(month)}的台账里还没有收款和支出，请先导入。", field="month"
        )
    filled: dict[str, Any] = {
        "income": sum(fen for _, _, fen in came),
        "expense": sum(fen for _, _, fen in went),
    }
    balance = _balance(session, village, month)
    if balance is not None:
        filled["balance"] = balance
    draft = disclosures.Draft(
        category_code=CATEGORY,
        title=f"{village.name}{spoken_period(month)}财务收支"[: disclosures.LONGEST_TITLE],
        period=month,
        filled=filled,
        records=[*_records(IN, came), *_records(OUT, went)],
    )
    there = _there(session, acting, village, month)
    if there is not None:
        return disclosures.revise(
            session, acting=acting, disclosure_id=there.id, draft=draft, keys=keys, seen=there.current_version
        )
    return disclosures.draft(session, acting=acting, village=village, draft=draft, keys=keys)


_Sum = tuple[str, int, int]


def _days(month: str) -> tuple[date, date]:
    """The first and the last day of a month, as far as it is over."""
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    return first, min(after - timedelta(days=1), clock.today())


def _receipts(village: Organisation, month: str) -> Select[str, int, int]:
    return (
        select(Receipt.category, func.count(), func.sum(Receipt.amount_fen))
        .where(Receipt.village_id == village.id, Receipt.voided_at.is_(None))
        .where(Receipt.received_on.between(*_days(month)))
        .group_by(Receipt.category)
    )


def _payments(village: Organisation, month: str) -> Select[str, int, int]:
    return (
        select(Payment.category, func.count(), func.sum(Payment.amount_fen))
        .where(Payment.village_id == village.id, Payment.voided_at.is_(None))
        .where(Payment.paid_on.between(*_days(month)))
        .group_by(Payment.category)
    )


def _sums(session: Session, query: Select[str, int, int]) -> list[_Sum]:
    """Title, number, fen: the largest first; what does not fit any more is summed up."""
    rows = [(title or UNNAMED, int(number), int(fen)) for title, number, fen in session.execute(query)]
    rows.sort(key=lambda row: (-row[2], row[0]))
    most = MOST_RECORDS // 2
    if len(rows) > most:
        rest = rows[most - 1 :]
        rows = [*rows[: most - 1], (REST, sum(row[1] for row in rest), sum(row[2] for row in rest))]
    return rows


def _records(direction: str, sums: list[_Sum]) -> list[dict[str, Any]]:
    return [
        {"direction": direction, "item": title, "count": number, "amount": fen} for title, number, fen in sums
    ]


def _balance(session: Session, village: Organisation, month: str) -> int | None:
    total = session.scalar(
        select(func.sum(FundStatement.balance_fen)).where(
            FundStatement.village_id == village.id,
            FundStatement.period == month,
            FundStatement.voided_at.is_(None),
        )
    )
    return int(total) if total is not None else None


def _there(session: Session, acting: Actor, village: Organisation, month: str) -> Disclosure | None:
    """The officer's own draft of this month, if there is one. Raises Conflict for anything else."""
    rows = session.execute(
        select(Disclosure, written_by(acting.officer_id if isinstance(acting, Officer) else uuid.UUID(int=0)))
        .where(
            access.visible_disclosures(acting),
            Disclosure.village_id == village.id,
            Disclosure.category_code == CATEGORY,
            Disclosure.period == month,
            Disclosure.state != DisclosureState.WITHDRAWN,
        )
        .order_by(Disclosure.created_at.desc())
    ).all()
    if not rows:
        return None
    found, mine = rows[0]
    if found.state in disclosures.EDITABLE and mine:
        return found
    state = disclosures.STATE_NAMES[found.state]
    raise Conflict(
        "ledger.month_disclosed",
        f"{spoken_period(month)}的财务公开已经有了（{state}），请打开它来修改或更正。",
        disclosure_id=str(found.id),
    )
