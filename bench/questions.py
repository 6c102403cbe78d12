"""Three questions of the rules as people write them first: one plain SQL statement each, and a loop over ORM
rows, village by village. Lines and days are the defaults of the rules; nothing of what makes a finding right
is here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import Organisation, Payment
from app.models.ledgers import ExpenseClass
from app.models.organisations import OrganisationKind
from bench.ledgers import AS_OF

LINE_FEN = 10_000_000
SPLIT_WINDOW, SPLIT_DAYS = 180 + 30, 30
DUPLICATE_WINDOW, DUPLICATE_DAYS = 365, 7
LABOUR_PERCENT = 30
QUARTERS = 5


@dataclass(frozen=True)
class Question:
    """One question in its two other forms; each returns what it found in words."""

    rule: str
    plain: Callable[[Session], str]
    loop: Callable[[Session], str]


def _villages(session: Session) -> list[Organisation]:
    return list(
        session.scalars(select(Organisation).where(Organisation.kind == OrganisationKind.VILLAGE)).all()
    )


def _payments(session: Session, village: Organisation, days: int) -> Iterable[Payment]:
    """A village's payments of the last days, by day."""
    query = select(Payment).where(
        Payment.village_id == village.id,
        Payment.paid_on > AS_OF - timedelta(days=days),
        Payment.paid_on <= AS_OF,
        Payment.voided_at.is_(None),
    )
    return session.scalars(query.order_by(Payment.paid_on, Payment.id))


def _ask(session: Session, statement: str, **values: object) -> str:
    rows = session.execute(text(statement), {"as_of": AS_OF, **values}).all()
    return f"{len(rows):,} found"


# Split payments: a payee's payments below the line that reach it together within 30 days.

SPLIT = """
SELECT DISTINCT village_id, payee_key FROM (
    SELECT village_id, payee_key, sum(amount_fen) OVER (
        PARTITION BY village_id, payee_key ORDER BY paid_on
        RANGE BETWEEN make_interval(days => :days - 1) PRECEDING AND CURRENT ROW) AS together
    FROM payment
    WHERE paid_on > :as_of - :window_days AND paid_on <= :as_of AND voided_at IS NULL AND amount_fen < :line
      AND coalesce(expense, '') NOT IN ('welfare', 'transfer')
) rolling WHERE together >= :line
"""


def split_plain(session: Session) -> str:
    """One window function."""
    return _ask(session, SPLIT, line=LINE_FEN, days=SPLIT_DAYS, window_days=SPLIT_WINDOW)


def split_loop(session: Session) -> str:
    """Two pointers over the payments of each payee."""
    found = 0
    for village in _villages(session):
        of: dict[str, list[tuple[date, int]]] = defaultdict(list)
        for row in _payments(session, village, SPLIT_WINDOW):
            if row.amount_fen < LINE_FEN and row.expense not in (ExpenseClass.WELFARE, ExpenseClass.TRANSFER):
                of[row.payee_key].append((row.paid_on, row.amount_fen))
        found += sum(_together(pieces) for pieces in of.values())
        session.expunge_all()
    return f"{found:,} found"


def _together(pieces: list[tuple[date, int]]) -> bool:
    first, total = 0, 0
    for day, amount in pieces:
        total += amount
        while (day - pieces[first][0]).days >= SPLIT_DAYS:
            total -= pieces[first][1]
            first += 1
        if total >= LINE_FEN:
            return True
    return False


# Duplicates: the same invoice, or the same payee and amount within a week.

DUPLICATE = """
SELECT id FROM (
    SELECT id,
           count(*) FILTER (WHERE invoice_number <> '') OVER (PARTITION BY invoice_number) AS same_invoice,
           paid_on - lag(paid_on) OVER (PARTITION BY village_id, payee_key, amount_fen ORDER BY paid_on, id)
               AS apart
    FROM payment WHERE paid_on > :as_of - :window_days AND paid_on <= :as_of AND voided_at IS NULL
) beside WHERE same_invoice > 1 OR apart <= :days
"""


def duplicate_plain(session: Session) -> str:
    """Two window functions."""
    return _ask(session, DUPLICATE, days=DUPLICATE_DAYS, window_days=DUPLICATE_WINDOW)


def duplicate_loop(session: Session) -> str:
    """Two dictionaries; invoices are compared over all villages."""
    invoices: dict[str, list[int]] = defaultdict(list)
    found: set[int] = set()
    for village in _villages(session):
        last: dict[tuple[str, int], date] = {}
        for row in _payments(session, village, DUPLICATE_WINDOW):
            if row.invoice_number:
                invoices[row.invoice_number].append(row.id)
            before = last.get((row.payee_key, row.amount_fen))
            if before is not None and (row.paid_on - before).days <= DUPLICATE_DAYS:
                found.add(row.id)
            last[row.payee_key, row.amount_fen] = row.paid_on
        session.expunge_all()
    found.update(key for keys in invoices.values() if len(keys) > 1 for key in keys)
    return f"{len(found):,} found"


# Labour: its share of a quarter's spending, and its growth over the mean of the four quarters before.

LABOUR = """
SELECT village_id, quarter, labour * 100 / nullif(total, 0) AS percent, before FROM (
    SELECT village_id, quarter, labour, total, avg(labour) OVER (
        PARTITION BY village_id ORDER BY quarter ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING) AS before
    FROM (
        SELECT village_id, date_trunc('quarter', paid_on) AS quarter, sum(amount_fen) AS total,
               coalesce(sum(amount_fen) FILTER (WHERE expense = 'labour'), 0) AS labour
        FROM payment
        WHERE paid_on > :as_of - :window_days AND paid_on <= :as_of AND voided_at IS NULL
        GROUP BY 1, 2) summed) beside
WHERE quarter = date_trunc('quarter', CAST(:as_of AS date)) AND labour * 100 > total * :percent
"""


def labour_plain(session: Session) -> str:
    """Sums by quarter and one window function; no peers."""
    return _ask(session, LABOUR, percent=LABOUR_PERCENT, window_days=92 * QUARTERS)


def labour_loop(session: Session) -> str:
    """Sums in a dictionary by quarter; no peers."""
    found = 0
    now = AS_OF.year * 4 + (AS_OF.month - 1) // 3
    for village in _villages(session):
        labour: dict[int, int] = defaultdict(int)
        total: dict[int, int] = defaultdict(int)
        for row in _payments(session, village, 92 * QUARTERS):
            quarter = row.paid_on.year * 4 + (row.paid_on.month - 1) // 3
            total[quarter] += row.amount_fen
            if row.expense == ExpenseClass.LABOUR:
                labour[quarter] += row.amount_fen
        found += labour[now] * 100 > total[now] * LABOUR_PERCENT
        session.expunge_all()
    return f"{found:,} found"


ALL = (
    Question("payment.split", split_plain, split_loop),
    Question("payment.duplicate", duplicate_plain, duplicate_loop),
    Question("labour.share", labour_plain, labour_loop),
)
