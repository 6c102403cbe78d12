"""Spending against figures computed by hand; every part has exactly its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.core.errors import BadInput, NotFound
from app.models import Organisation
from app.models.ledgers import ExpenseClass, PaymentMethod
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.services import actors, spending
from app.services.spending import NOTHING, By, Slice
from app.services.spending.breakdown import Sum
from tests import factories
from tests.factories import ROOT
from tests.services.figures import books

YEAR = Slice(date(2026, 1, 1), date(2026, 12, 31))
LABOUR = YEAR.but(expense="labour")


@dataclass
class World:
    """A town with a village whose labour costs stand out, and six villages of about its size."""

    session: Session
    town: Organisation
    village: Organisation
    others: list[Organisation]
    small: Organisation
    officer: actors.Officer


@pytest.fixture(scope="module")
def world(worker_database: Database) -> Iterator[World]:
    with books.lent(worker_database) as session:
        yield _world(session)


def _world(session: Session) -> World:
    county = books.place(session, OrganisationKind.COUNTY, name="某县")
    town = books.place(session, OrganisationKind.TOWN, county, name="甲镇")
    village = books.village(session, town, "甲村")
    others = [books.village(session, town, f"乙{n}村", 400 + 20 * n) for n in range(6)]
    small = books.village(session, town, "小村", 100)
    books.village(session, town, "无账村", 500)
    labour = {"expense": ExpenseClass.LABOUR, "category": "劳务用工"}
    pay = books.payment
    for month in range(1, 7):
        pay(session, village, f"2025-{month:02}-10", 100_00 * month)
    pay(session, village, "2026-01-05", 60_000_00, **labour, purpose="村级建设用工", payee="包工头老王")
    pay(session, village, "2026-01-20", 20_000_00, **labour, purpose="村级建设用工", payee="包工头老李")
    pay(session, village, "2026-02-20", 10_000_00, **labour, purpose=None, payee="包工头老王")
    pay(session, village, "2026-02-21", 5_000_00, **labour, purpose="河道保洁", method=PaymentMethod.CASH)
    pay(session, village, "2026-11-21", 5_000_00, expense=None, category="杂项")
    pay(session, village, "2026-03-01", 999_00, voided_at=clock.now())
    for n, other in enumerate(others):
        pay(session, other, "2026-05-05", (400 + 20 * n) * (n + 1) * 100, **labour)
    pay(session, small, "2026-05-05", 9_000_000_00, **labour)
    person = factories.officer(session, Role.INFORMATION_OFFICER, village)
    session.flush()
    return World(session, town, village, others, small, factories.acting(session, person))


def _here(world: World) -> spending.Place:
    return spending.village(world.session, acting=world.officer, code=world.village.code)


def _cut(world: World, wanted: Slice, by: By) -> dict[str, tuple[int, int]]:
    found = spending.breakdown(world.session, place=_here(world), wanted=wanted, by=by)
    return {part.label: (part.total.amount_fen // 100, part.total.count) for part in found.parts}


def test_drilling_down_from_class_to_purpose_to_payee(world: World) -> None:
    assert _cut(world, YEAR, By.EXPENSE) == {"用工": (95_000, 4), "科目未归类": (5_000, 1)}
    assert _cut(world, LABOUR, By.PURPOSE) == {
        "村级建设用工": (80_000, 2),
        "未填用途": (10_000, 1),
        "河道保洁": (5_000, 1),
    }
    building = LABOUR.but(purpose="村级建设用工")
    assert _cut(world, building, By.PAYEE) == {"包工头老王": (60_000, 1), "包工头老李": (20_000, 1)}
    assert _cut(world, LABOUR, By.METHOD) == {"转账": (90_000, 3), "现金": (5_000, 1)}
    assert _cut(world, YEAR, By.MONTH) == {
        "2026-01": (80_000, 2),
        "2026-02": (15_000, 2),
        "2026-11": (5_000, 1),
    }
    assert _cut(world, YEAR, By.CATEGORY) == {"劳务用工": (95_000, 4), "杂项": (5_000, 1)}
    assert _cut(world, YEAR, By.PROJECT) == {"未关联工程": (100_000, 5)}


@pytest.mark.parametrize("by", list(By))
def test_every_part_has_exactly_its_rows(world: World, by: By) -> None:
    here = _here(world)
    found = spending.breakdown(world.session, place=here, wanted=YEAR, by=by)

    for part in found.parts:
        rows = spending.rows(world.officer, here, part.slice).order_by(None).subquery()
        behind = world.session.execute(select(func.sum(rows.c.amount_fen), func.count())).one()
        assert tuple(behind) == (part.total.amount_fen, part.total.count), part
    assert found.total == Sum(100_000_00, 5)


def test_what_is_missing_is_always_told(world: World) -> None:
    found = spending.breakdown(world.session, place=_here(world), wanted=YEAR, by=By.PAYEE, limit=1)

    assert found.missing.purpose == Sum(10_000_00, 1)
    assert found.missing.expense == Sum(5_000_00, 1)
    assert (found.groups, found.rest.count) == (3, 3)
    assert found.rest.amount_fen + found.parts[0].total.amount_fen == found.total.amount_fen
    unnamed = spending.rows(world.officer, _here(world), YEAR.but(purpose=NOTHING))
    assert [row.amount_fen for row in world.session.scalars(unnamed)] == [10_000_00]


def test_months_stand_beside_the_own_past(world: World) -> None:
    found = spending.trend(world.session, place=_here(world), wanted=YEAR)
    by_month = {month.month: month for month in found.months}

    assert found.ledger_from == date(2025, 1, 10)
    assert len(found.months) == 12
    january, march = by_month["2026-01"], by_month["2026-03"]
    assert (january.total.amount_fen, january.year_ago_fen) == (80_000_00, 100_00)
    assert january.trailing_fen == round((100_00 + 200_00 + 300_00 + 400_00 + 500_00 + 600_00) / 12)
    assert (march.total, march.year_ago_fen) == (Sum(0, 0), 300_00)
    assert [month.month for month in found.months if month.so_far] == ["2026-11"]
    assert (found.unnamed, found.unclassified) == (Sum(10_000_00, 1), Sum(5_000_00, 1))


def test_a_month_before_the_ledger_is_not_zero(world: World) -> None:
    last_year = Slice(date(2025, 1, 1), date(2025, 4, 30))
    months = spending.trend(world.session, place=_here(world), wanted=last_year).months

    assert [month.year_ago_fen for month in months] == [None] * 4
    assert [month.trailing_fen for month in months] == [None, None, None, 200_00]


def test_peers_are_of_the_same_size_and_keep_a_ledger(world: World) -> None:
    lines = {
        line.key: line for line in spending.compare(world.session, place=_here(world), wanted=YEAR)[0].lines
    }

    # Per household in yuan: 1, 2, 3, 4, 5, 6. The small village and the one without a ledger are no peers.
    labour = lines["labour"]
    assert (labour.peers.n, labour.peers.low, labour.peers.median, labour.peers.high) == (6, 225, 350, 475)
    assert labour.per_household == 95_000_00 / 500
    assert lines[""].own == Sum(100_000_00, 5)
    assert lines[NOTHING].peers.median == 0
    small = spending.village(world.session, acting=ROOT, code=world.small.code)
    alone = spending.compare(world.session, place=small, wanted=YEAR)[0].lines[0].peers
    assert (alone.n, alone.median) == (0, None)


def test_a_town_is_the_sum_of_its_villages(world: World) -> None:
    here = spending.town(world.session, acting=ROOT, code=world.town.code)
    found = spending.breakdown(world.session, place=here, wanted=YEAR, by=By.VILLAGE)
    own = [part for part in found.parts if part.village == world.village]

    assert own[0].total == Sum(100_000_00, 5)
    assert found.total.amount_fen == sum(part.total.amount_fen for part in found.parts)
    assert len(spending.compare(world.session, place=here, wanted=YEAR)) == 9
    assert spending.trend(world.session, place=here, wanted=YEAR).total == found.total


def test_only_who_sees_the_place_sees_its_figures(world: World) -> None:
    session = world.session
    for code in (world.others[0].code, "nowhere"):
        with pytest.raises(NotFound):
            spending.village(session, acting=world.officer, code=code)
    with pytest.raises(NotFound):
        spending.town(session, acting=world.officer, code=world.town.code)
    with pytest.raises(BadInput):
        spending.village(session, acting=ROOT, code=world.town.code)
    department = books.place(session, OrganisationKind.DEPARTMENT, world.town, name="农办")
    handler = factories.officer(session, Role.DEPARTMENT_HANDLER, department)
    with pytest.raises(NotFound):
        spending.village(session, acting=factories.acting(session, handler), code=world.village.code)
    stranger = factories.officer(session, Role.INFORMATION_OFFICER, world.others[0])
    rows = spending.rows(factories.acting(session, stranger), _here(world), YEAR)
    assert session.scalars(rows).all() == []


@pytest.mark.parametrize(
    "wrong",
    [{"until": date(2025, 12, 31)}, {"until": date(2037, 1, 1)}, {"expense": "gifts"}, {"project": "x" * 36}],
)
def test_impossible_slices_are_refused(world: World, wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        spending.breakdown(world.session, place=_here(world), wanted=YEAR.but(**wrong), by=By.MONTH)
