"""A county for portraits: one village with mixed ledgers among six of its size that are in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.models import Budget, Organisation
from app.models.complaints import Satisfaction
from app.models.ledgers import PaymentMethod
from app.models.organisations import OrganisationKind
from app.services.portrait import counting
from tests.services.figures import books

MONTH, LAST = "2026-10", date(2026, 10, 31)


@dataclass
class World:
    """甲村 with mixed ledgers among six villages of its size that are in order; 空村 keeps nothing."""

    session: Session
    county: Organisation
    town: Organisation
    village: Organisation
    others: list[Organisation]
    empty: Organisation


@contextmanager
def built(database: Database) -> Iterator[World]:
    """The county, on the day `books.NOW`; rolled back after."""
    with books.lent(database) as session:
        county = books.place(session, OrganisationKind.COUNTY, name="某县")
        town = books.place(session, OrganisationKind.TOWN, county, name="甲镇")
        village = books.village(session, town, "甲村")
        others = [books.village(session, town, f"乙{n}村", 480 + 10 * n) for n in range(6)]
        made = World(session, county, town, village, others, books.village(session, town, "空村", 100))
        _mixed(made)
        for other in others:
            _orderly(made, other)
        books.verdict(session, made.empty, "rent.overdue", told=False)
        session.flush()
        yield made


def _mixed(world: World) -> None:
    session, village = world.session, world.village
    for due, met in (("2026-09-15", "2026-09-10"), ("2026-09-15", "2026-09-20"), ("2026-10-15", None)):
        books.owed(session, village, due, met)
    books.owed(session, village, "2026-11-15", None)
    books.owed(session, village, "2025-10-31", None)
    for day, method, invoice in (
        ("2026-09-01", PaymentMethod.TRANSFER, "A1"),
        ("2026-09-02", PaymentMethod.TRANSFER, "A1"),
        ("2026-09-03", PaymentMethod.CASH, "A2"),
        ("2026-09-04", PaymentMethod.CARD, None),
    ):
        books.payment(session, village, day, 100_00, method=method, invoice_number=invoice, category="办公")
    books.lease(session, village, "2026-10-30")
    books.lease(session, village, "2026-10-31")
    books.rent(session, village, "2026-06-01", 30_000, d20260701=10_000, d20261101=20_000)
    books.rent(session, village, "2026-07-01", 10_000, d20260701=10_000)
    session.add(Budget(village_id=village.id, year=2026, category="办公", amount_fen=399_99))
    session.add(Budget(village_id=village.id, year=2026, category="保洁", amount_fen=1))
    filed = clock.at(date(2026, 9, 1), 9)
    for n, rated in enumerate((Satisfaction.SATISFIED, Satisfaction.PARTLY, None, None, None)):
        replied = filed + timedelta(hours=2) if n < 4 else None
        books.complaint(session, village, filed, replied=replied, rated=rated)
    for rule, told in (("rent.overdue", True), ("labour.share", False)):
        books.verdict(session, village, rule, told)


def _orderly(world: World, village: Organisation) -> None:
    session = world.session
    books.owed(session, village, "2026-09-15", "2026-09-15")
    for day in ("2026-09-01", "2026-09-02"):
        books.payment(session, village, day, 1, invoice_number=day)
    books.lease(session, village, "2027-12-31")
    books.rent(session, village, "2026-06-01", 1, d20260601=1)
    session.add(Budget(village_id=village.id, year=2026, category="办公", amount_fen=1))
    books.verdict(session, village, "rent.overdue")


def drawn(world: World, as_of: date = LAST) -> dict[str, counting.Drawn]:
    found = counting.draw(
        world.session, county_id=world.county.id, as_of=as_of, given=counting.terms(world.session)
    )
    return {one.village.name: one for one in found}
