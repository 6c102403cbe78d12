"""The demo's books: what one village has in its contracts, payments and incomes over a year.

Two stories of the published programme are planted here. Leases about to end: one in 东联村 (yellow), one in
桥亭村 and one in 新华村 (red), and one in 兴裕村 whose re-tender is public already. And 民丰村, whose
labour spending passes a million yuan in a year although most of it is the fit-out of an office building.
What else the rules find stands in `plants`.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.demo import contracts, payments, plants, rents
from app.demo.months import add_months, first_month, month_of
from app.demo.rows import Row, complete
from app.demo.world import Draw, VillageStage
from app.models import Contract, Payment

Draws = Callable[[str], Draw]
"""The village's source of chance for a part."""


@dataclass
class Books:
    """What one village has in its books. `renewed` are leases that ended, each with the one of the new round;
    `older` those with terms of decades, which no register of the demo lists. `incomes` by the first day of a
    month and what they are, `balances` at its end, `opening_fen` before the first; fen."""

    contracts: list[Contract]
    payments: list[Payment]
    renewed: list[tuple[Contract, Contract]] = field(default_factory=list)
    older: list[Contract] = field(default_factory=list)
    receivables: list[Row] = field(default_factory=list)
    receipts: list[Row] = field(default_factory=list)
    fund_id: uuid.UUID = field(default_factory=uuid.uuid4)
    opening_fen: int = 0
    incomes: dict[date, dict[str, int]] = field(default_factory=dict)
    balances: dict[date, int] = field(default_factory=dict)

    def spent(self, month: date) -> dict[str, list[Payment]]:
        """The payments of a month by category, in the order of the list above."""
        groups: dict[str, list[Payment]] = defaultdict(list)
        for payment in self.payments:
            if month_of(payment.paid_on) == month:
                groups[payment.category].append(payment)
        return dict(sorted(groups.items()))

    def leases(self) -> list[Contract]:
        """Everything that is let, the older ones too."""
        return [one for one in (*self.contracts, *self.older) if one.kind == contracts.LEASE_OUT]

    def ending(self) -> Contract | None:
        """The lease whose re-tender notice is already public."""
        titles = {title for title, _ in contracts.RETENDERED.values()}
        return next((contract for contract in self.contracts if contract.title in titles), None)


def keep(draws: Draws, stage: VillageStage) -> Books:
    """The books of one village."""
    draw = draws("books")
    signed, renewed = contracts.sign(draw, stage)
    made = [*payments.everyday(draw, stage), *payments.of_works(draw, stage, signed)]
    if stage.place.code == payments.FIT_OUT_VILLAGE:
        made += payments.fit_out(draw, stage, made)
    cleaners = contracts.clean(draws("cleaning"), stage, signed, payments.cleaners())
    payments.of_cleaning(made, cleaners)
    signed += cleaners[:1]
    planted = draws("plants")
    signed += plants.leases(planted, stage, len(signed))
    made += plants.payments(planted, stage)
    books = Books(signed, payments.numbered(made), renewed, contracts.older(draws("older"), stage))
    complete("contracts", [*books.contracts, *books.older])
    _incomes(draw, draws("income"), stage, books)
    return books


def _incomes(draw: Draw, own: Draw, stage: VillageStage, books: Books) -> None:
    """What came in: the rents as they were paid, and the rest so that it is near to what was spent; and what
    was left, never below nothing."""
    books.fund_id = own.key()
    books.opening_fen = balance = draw.random.randint(180, 620) * 10_000 * 100
    ledger = rents.Ledger(own, stage, books.fund_id)
    ledger.collect(books.leases())
    ledger.take_cash()
    month = first_month(draw.today)
    while month < draw.today:
        spent = sum(payment.amount_fen for group in books.spent(month).values() for payment in group)
        total = round(spent * draw.random.uniform(0.85, 1.2) / 100) * 100
        ledger.fill(month, total, least=spent - balance)
        books.incomes[month] = ledger.of(month)
        balance += sum(books.incomes[month].values()) - spent
        books.balances[month] = balance
        month = add_months(month, 1)
    books.receivables, books.receipts = ledger.receivables, ledger.numbered()


def months_over(books: Books, today: date) -> list[date]:
    """The complete months of the books, in order."""
    return [month for month in sorted(books.balances) if add_months(month, 1) - timedelta(days=1) < today]
