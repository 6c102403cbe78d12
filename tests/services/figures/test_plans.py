"""Figures over many payments: by the index, and in as many statements for many villages as for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.core.db import Database
from app.models import Organisation
from app.models.organisations import OrganisationKind
from app.services import kpis, spending
from app.services.kpis import Each, Grain
from app.services.portrait import counting
from app.services.portrait.indicators import INDICATORS
from app.services.spending import By, Slice
from tests.factories import ROOT
from tests.services.figures import books

YEAR = Slice(date(2026, 1, 1), date(2026, 10, 31))
PAYMENTS = text(
    """
    INSERT INTO payment (village_id, voucher, line, paid_on, payee, payee_key, amount_fen, method, category,
                         expense, purpose, purpose_key, invoice_number, handled_by, approvals, lock_version)
    SELECT v.id, '记-' || g, 1, date '2024-01-01' + g % 1000, '收款人', '收款人', 100 + g, 'transfer', '科目',
           'labour', '用途', '用途', 'F' || g, '', '[]', 1
    FROM generate_series(1, 30000) g
    JOIN (SELECT id, row_number() OVER (ORDER BY code) AS n FROM organisation
          WHERE kind = 'village' AND :county = ANY(ancestry)) v ON v.n = 1 + g % 60
    """
)


@dataclass
class World:
    """Sixty villages in two towns, one of them with a single village; 30,000 payments."""

    session: Session
    county: Organisation
    large: Organisation
    small: Organisation
    village: Organisation


@pytest.fixture(scope="module")
def world(worker_database: Database) -> Iterator[World]:
    with books.lent(worker_database) as session:
        county = books.place(session, OrganisationKind.COUNTY, name="某县")
        large = books.place(session, OrganisationKind.TOWN, county, name="大镇")
        small = books.place(session, OrganisationKind.TOWN, county, name="小镇")
        for n in range(59):
            books.village(session, large, f"{n}村")
        village = books.village(session, small, "独村")
        session.execute(PAYMENTS, {"county": county.id})
        session.execute(text("ANALYZE payment"))
        yield World(session, county, large, small, village)


@contextmanager
def _listening(session: Session) -> Iterator[list[tuple[str, Any]]]:
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        sent.append((statement, values))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(connection, "before_cursor_execute", note)


def _plans(session: Session, ask: Callable[[], object]) -> list[str]:
    """The plans of the statements that read payments."""
    with _listening(session) as sent:
        ask()
    connection = session.connection()
    return [
        "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values))
        for statement, values in sent
        if "payment" in statement
    ]


@pytest.mark.parametrize("figure", ["breakdown", "trend", "rows", "kpi"])
def test_a_village_is_read_by_the_index(world: World, figure: str) -> None:
    session = world.session
    here = spending.village(session, acting=ROOT, code=world.village.code)
    asked: dict[str, Callable[[], object]] = {
        "breakdown": lambda: spending.breakdown(session, place=here, wanted=YEAR, by=By.PAYEE),
        "trend": lambda: spending.trend(session, place=here, wanted=YEAR),
        "rows": lambda: session.scalars(spending.rows(ROOT, here, YEAR).limit(50)).all(),
        "kpi": lambda: _kpi(world, world.village, Each.WHOLE),
    }
    plans = _plans(session, asked[figure])

    assert plans
    for plan in plans:
        assert "ix_payment_village_id_paid_on" in plan, plan
        assert "Seq Scan on payment" not in plan, plan


def _kpi(world: World, place: Organisation, each: Each) -> object:
    return kpis.figures(
        world.session,
        acting=ROOT,
        kpi=kpis.find("cashless_share"),
        place=place.code,
        grain=Grain.MONTH,
        since=YEAR.since,
        until=YEAR.until,
        each=each,
    )


def test_many_villages_take_as_many_statements_as_one(world: World) -> None:
    session = world.session

    def sent(code: str, town: Organisation) -> int:
        here = spending.town(session, acting=ROOT, code=code)
        with _listening(session) as found:
            spending.breakdown(session, place=here, wanted=YEAR, by=By.VILLAGE)
            spending.trend(session, place=here, wanted=YEAR)
            spending.compare(session, place=here, wanted=YEAR)
            _kpi(world, town, Each.VILLAGE)
        return len(found)

    assert sent(world.large.code, world.large) == sent(world.small.code, world.small) < 20


def test_a_portrait_of_a_county_takes_one_statement_for_each_indicator(world: World) -> None:
    given = counting.terms(world.session)
    with _listening(world.session) as found:
        drawn = counting.draw(world.session, county_id=world.county.id, as_of=date(2026, 10, 31), given=given)

    assert len(drawn) == 60
    assert len(found) == len(INDICATORS) + 3
