"""All ledgers of a village of the demo (码上督), made of its books and of what it published, and written in
the order in which they name each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.demo import governance, holdings, payments, welfare
from app.demo.articles import Pen
from app.demo.books import Draws
from app.demo.people import Names, Staff
from app.demo.publications import Output
from app.demo.rows import Row, complete
from app.demo.works import UNTENDERED_VILLAGE, Work
from app.models import (
    Asset,
    Base,
    Benefit,
    Budget,
    DeathRecord,
    Fund,
    FundStatement,
    HouseholdCount,
    LabourSlip,
    Meeting,
    Member,
    Receipt,
    Receivable,
    Relation,
)


@dataclass(frozen=True)
class Writer:
    """How rows get into the database: as objects, or many at once."""

    add: Callable[[Iterable[Base]], None]
    insert: Callable[[type[Base], list[Row]], None]


@dataclass
class Register:
    """What was found out about a village before anything is written."""

    led_by: governance.Cadres
    meetings: list[Row]
    assets: list[Asset]
    funds: list[Row]
    later: list[tuple[type[Base], list[Row]]] = field(default_factory=list)


def prepare(pen: Pen, draws: Draws, staff: Staff, names: Names, output: Output) -> Register:
    """Everything but the labour slips, which name payments by their numbers. The contracts and payments of
    the books are completed on the way."""
    stage, books = pen.stage, pen.books
    articles = [*(one.article for one in output.published), *output.coming]
    led_by = governance.cadres(names)
    meetings = governance.meetings(pen, draws("meetings"), articles)
    assets = holdings.assets(draws("assets"), stage, books.leases())
    untendered = stage.place.code == UNTENDERED_VILLAGE
    governance.decide(draws("votes"), books.contracts, meetings, stage.town.name, untendered=untendered)
    complete("payments", books.payments)
    for payment in books.payments:
        payment.fund_id = books.fund_id
    chairs = (led_by.director, led_by.supervisor)
    payments.vouch(draws("vouchers"), stage.town.name, books.payments, led_by.cashier, chairs)
    funds, months = holdings.funds(draws("funds"), stage, books)
    aided, deaths = welfare.benefits(pen, draws("aid"), articles)
    people = draws("people")
    register = Register(led_by, meetings, assets, funds)
    register.later = [
        (FundStatement, months),
        (Budget, list(holdings.budgets(draws("budgets"), stage, books, meetings))),
        (Receivable, books.receivables),
        (Receipt, [row | {"handled_by": led_by.cashier} for row in books.receipts]),
        (Benefit, aided),
        (DeathRecord, deaths),
        (Member, list(governance.members(people, names, stage.village.id))),
        (Relation, list(governance.relations(people, names, staff, led_by, stage.village.id))),
        (HouseholdCount, list(governance.households(pen))),
    ]
    return register


def write(
    to: Writer, pen: Pen, draws: Draws, names: Names, projects: Iterable[Work], register: Register
) -> None:
    """Store them all, with contracts, projects and payments in between."""
    to.insert(Meeting, register.meetings)
    to.add(register.assets)
    to.add([*pen.books.contracts, *pen.books.older])
    to.add(work.project for work in projects)
    to.insert(Fund, register.funds)
    to.add(pen.books.payments)
    for table, rows in register.later:
        to.insert(table, rows)
    slips = welfare.slips(pen, draws("slips"), names, register.led_by, pen.books.payments)
    to.insert(LabourSlip, slips)
