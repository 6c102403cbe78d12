"""Key figures against figures computed by hand; what is missing or hidden is no number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.core.errors import BadInput, NotFound
from app.models import (
    Benefit,
    LabourSlip,
    Organisation,
    PageView,
    VillageFollow,
    Villager,
)
from app.models.complaints import Satisfaction
from app.models.ledgers import ExpenseClass, PaymentMethod
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.models.warnings import CloseReason, WarningState
from app.models.welfare import WorkUnit
from app.services import kpis
from app.services.kpis import Each, Grain, Note
from app.services.kpis.definitions import Kpi
from tests import factories
from tests.factories import ROOT
from tests.services.figures import books

Found = tuple[Any, Note | None]


@dataclass
class World:
    """A town with three villages; 甲村 has everything, 乙村 something, 丙村 nothing."""

    session: Session
    county: Organisation
    town: Organisation
    first: Organisation
    second: Organisation
    third: Organisation


@pytest.fixture(scope="module")
def world(worker_database: Database) -> Iterator[World]:
    with books.lent(worker_database) as session:
        county = books.place(session, OrganisationKind.COUNTY, name="某县")
        town = books.place(session, OrganisationKind.TOWN, county, name="甲镇")
        villages = [
            books.village(session, town, name, homes)
            for name, homes in (("甲村", 500), ("乙村", 250), ("丙村", None))
        ]
        made = World(session, county, town, *villages)
        _money(made)
        _complaints(made)
        _warnings(made)
        _people(made)
        session.flush()
        yield made


def _money(world: World) -> None:
    session, village = world.session, world.first
    for day, fen, method in (
        ("2026-09-03", 100, PaymentMethod.TRANSFER),
        ("2026-09-09", 200, PaymentMethod.CARD),
        ("2026-09-30", 100, PaymentMethod.CASH),
        ("2026-10-01", 700, PaymentMethod.TRANSFER),
    ):
        books.payment(session, village, day, fen, method=method)
    books.payment(session, world.second, "2026-09-15", 600, method=PaymentMethod.CASH)
    signed = [{"who": "王主任", "role": "主任", "on": "2026-09-01"}, {"who": "李书记", "on": "2026-09-02"}]
    for day, town in (("2026-08-05", "2026-09-04"), ("2026-08-06", None), ("2026-08-07", "2026-09-01")):
        approved = date.fromisoformat(town) if town else None
        books.payment(session, village, day, 1, approvals=signed, town_approved_on=approved)
    books.payment(session, village, "2026-08-08", 1, approvals=[{"who": "王主任", "on": "九月初"}])
    for day, fen in (("2025-06-01", 1000), ("2026-06-01", 710), ("2025-12-01", 5000)):
        books.payment(session, world.third, day, fen, expense=ExpenseClass.LABOUR)


def _at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return clock.at(date(2026, month, day), hour, minute)


def _complaints(world: World) -> None:
    session, village = world.session, world.first
    one = Satisfaction
    # Friday 16:00 to Monday 9:00 is two and a half working hours; over noon an hour and a half do not count.
    for filed, replied, rated in (
        (_at(9, 4, 16), _at(9, 7, 9), one.SATISFIED),
        (_at(9, 8, 11, 30), _at(9, 8, 14), one.SATISFIED),
        (_at(9, 9, 9), _at(9, 9, 9, 40), one.PARTLY),
        (_at(9, 9, 9), _at(9, 29, 9), one.UNSATISFIED),
        (_at(9, 10, 9), _at(9, 10, 10), None),
        (_at(9, 11, 9), None, None),
    ):
        books.complaint(session, village, filed, replied=replied, rated=rated)
    midnight = _at(9, 11, 0)
    books.complaint(session, village, midnight, replied=midnight, anonymous=True, receipt_digest="x")
    for day in range(12, 18):
        books.complaint(session, village, _at(10, day, 9))
    for month in (8, 8, 8, 8, 8, 9, 9):
        books.complaint(session, world.second, _at(month, 3, 9), replied=_at(month, 3, 10))


def _warnings(world: World) -> None:
    session, village = world.session, world.first
    closed = {"state": WarningState.CLOSED, "closed_at": _at(9, 20, 9)}
    for reason in (CloseReason.MENDED, CloseReason.FALSE_ALARM, CloseReason.EXPLAINED):
        books.warning(session, village, "2026-09-01", close_reason=reason, **closed)
    books.warning(session, village, "2026-09-02")
    books.warning(session, village, "2026-09-02", mode="shadow")
    early = books.rent(session, village, "2026-07-01", 1000, d20260915=400, d20261001=600)
    late = books.rent(session, village, "2026-07-01", 1000, d20260915=400, d20261002=600)
    fresh = books.rent(session, village, "2026-07-01", 1000)
    for due, seen in ((early, "2026-09-01"), (late, "2026-09-01"), (fresh, "2026-10-30")):
        books.warning(
            session, village, seen, rule="rent.overdue", subject_kind="receivable", subject_id=str(due.id)
        )


def _people(world: World) -> None:
    session, village = world.session, world.first
    for place, count in ((village, 4000), (village, 3300), (world.second, 700), (world.third, 999)):
        session.add(PageView(village_id=place.id, day=date(2025, 7, 1), count=count))
    session.add(PageView(village_id=village.id, day=date(2026, 9, 1), count=20_000))
    for month in (10, 11):
        person = Villager()
        session.add(person)
        session.flush()
        since = _at(month, 5, 9)
        session.add(VillageFollow(village_id=village.id, villager_id=person.id, created_at=since))
    for day, unit, quantity in (
        (date(2025, 3, 1), WorkUnit.DAY, 10),
        (date(2026, 3, 1), WorkUnit.DAY, 5),
        (date(2026, 3, 2), WorkUnit.HOUR, 16),
        (date(2026, 3, 3), WorkUnit.PIECE, 500),
    ):
        slip = LabourSlip(
            village_id=village.id, number=f"YG-{day}", worker="王某", job="保洁", worked_on=day, unit=unit
        )
        slip.quantity, slip.rate_fen, slip.amount_fen = Decimal(quantity), 100, 100 * quantity
        session.add(slip)
    for line in range(1, 4):
        session.add(
            Benefit(
                village_id=village.id,
                kind="低保金",
                period="2026-09",
                line=line,
                recipient="王某",
                recipient_key="王某",
                paid_on=date(2026, 9, 10),
                amount_fen=50_000,
            )
        )


def ask(
    world: World, key: str, place: Organisation, month: int | None, each: Each = Each.WHOLE, year: int = 2026
) -> dict[str, Found]:
    """The cells of one month, or of the year, by the name of the place and the group."""
    since = date(year, month or 1, 1)
    found = kpis.figures(
        world.session,
        acting=ROOT,
        kpi=kpis.find(key),
        place=place.code,
        grain=Grain.MONTH if month else Grain.YEAR,
        since=since,
        until=since + timedelta(days=20),
        each=each,
    )
    return {
        cell.unit.name + (f"/{cell.group}" if cell.group else ""): (cell.value, cell.note)
        for cell in found.cells
    }


@pytest.mark.parametrize(
    ("key", "month", "value"),
    [
        ("cashless_share", 9, 2 / 3),
        ("cashless_amount_share", 9, 0.75),
        ("alert_rectification", 9, 2 / 5),
        ("complaints_on_time", 9, 5 / 7),
        ("satisfaction_of_filed", 9, 2 / 7),
        ("rating_rate", 9, 4 / 6),
        ("first_reply_median", 9, 60.0),
        ("labour_days_change", 3, -0.3),
        ("approval_days_median", 8, 1.0),
        ("rent_paid_in_30_days", 9, 0.5),
        ("followers_per_adult", 10, 0.001),
        ("followers_per_adult", 11, 0.002),
        ("complaints_per_1000_views", 9, 7 / 20),
    ],
)
def test_a_village_in_a_month(world: World, key: str, month: int, value: float) -> None:
    assert ask(world, key, world.first, month) == {"甲村": (pytest.approx(value, abs=1e-4), None)}


def test_what_is_missing_is_not_zero(world: World) -> None:
    assert ask(world, "cashless_share", world.third, 9) == {"丙村": (None, Note.NO_DENOMINATOR)}
    assert ask(world, "views_per_household", world.third, None, year=2025) == {
        "丙村": (None, Note.NO_DENOMINATOR)
    }
    assert ask(world, "labour_days_change", world.second, 3) == {"乙村": (None, Note.NO_DATA)}
    assert ask(world, "labour_money_change", world.third, 6) == {"丙村": (-0.29, None)}
    assert ask(world, "first_reply_p90", world.first, 9) == {"甲村": (None, Note.NOT_YET)}
    assert ask(world, "rent_paid_in_30_days", world.first, 10) == {"甲村": (None, Note.NO_DENOMINATOR)}
    assert ask(world, "cashless_share", world.first, 12) == {}


def test_a_town_is_its_villages_together(world: World) -> None:
    # 2,000 views less of the village whose households nobody knows, over 750 households.
    value, note = ask(world, "views_per_household", world.town, None, year=2025)["甲镇"]
    assert (value, note) == (pytest.approx(8000 / 750, abs=1e-4), None)
    assert ask(world, "cashless_share", world.town, 9)["甲镇"] == (0.5, None)
    assert ask(world, "cashless_share", world.county, 9, Each.TOWN) == {"甲镇": (0.5, None)}
    each = ask(world, "cashless_share", world.town, 9, Each.VILLAGE)
    assert each["乙村"] == (0.0, None)
    assert each["丙村"] == (None, Note.NO_DENOMINATOR)


def test_how_many_villages_a_figure_rests_on(world: World) -> None:
    found = kpis.figures(
        world.session,
        acting=ROOT,
        kpi=kpis.find("cashless_share"),
        place=world.town.code,
        grain=Grain.QUARTER,
        since=date(2026, 7, 1),
        until=date(2026, 12, 31),
    )

    assert [(cell.period.text, cell.n, cell.counted, cell.villages, cell.so_far) for cell in found.cells] == [
        ("2026-Q3", 8, 2, 3, False),
        ("2026-Q4", 1, 1, 3, True),
    ]


def test_precision_is_told_by_rule(world: World) -> None:
    assert ask(world, "alert_precision", world.first, 9) == {"甲村/contract.expiring": (0.5, None)}


def test_small_cells_are_hidden_and_cannot_be_computed_back(world: World) -> None:
    hidden = (None, Note.SUPPRESSED)
    # Two complaints in September are too few; August would give them away together with the year.
    assert ask(world, "satisfaction_of_filed", world.second, 9) == {"乙村": hidden}
    assert ask(world, "satisfaction_of_filed", world.second, 8) == {"乙村": hidden}
    assert ask(world, "satisfaction_of_filed", world.second, None) == {"乙村": (0.0, None)}
    # In the town's September one village's cell would follow from the sum.
    each = ask(world, "satisfaction_of_filed", world.town, 9, Each.VILLAGE)
    assert (each["甲村"], each["乙村"]) == (hidden, hidden)
    assert ask(world, "benefits_per_household", world.first, 9) == {"甲村": hidden}


def test_only_who_sees_the_place_sees_its_figures(world: World) -> None:
    session, kpi = world.session, kpis.find("cashless_share")
    department = books.place(session, OrganisationKind.DEPARTMENT, world.town, name="农办")
    span = {"grain": Grain.YEAR, "since": date(2026, 1, 1), "until": date(2026, 1, 1)}
    people = {
        Role.LIAISON_OFFICER: (world.first, [world.first]),
        Role.TOWN_INSPECTOR: (world.town, [world.town, world.first, world.second]),
        Role.COUNTY_INSPECTOR: (world.county, [world.county, world.town, world.first, world.second]),
        Role.DEPARTMENT_HANDLER: (department, []),
    }
    for role, (post, sees) in people.items():
        acting = factories.acting(session, factories.officer(session, role, post))
        for place in (world.county, world.town, world.first, world.second):
            if place in sees:
                assert kpis.figures(session, acting=acting, kpi=kpi, place=place.code, **span).cells  # type: ignore[arg-type]
            else:
                with pytest.raises(NotFound):
                    kpis.figures(session, acting=acting, kpi=kpi, place=place.code, **span)  # type: ignore[arg-type]


def test_a_village_cannot_be_taken_apart(world: World) -> None:
    with pytest.raises(BadInput):
        ask(world, "cashless_share", world.first, 9, Each.VILLAGE)
    with pytest.raises(NotFound):
        kpis.find("petitions")


GOOD = {
    "key": "some",
    "title": "某",
    "words": "某",
    "source": "某",
    "goal": "某",
    "unit": "number",
    "numerator": {"source": "payments", "measure": "count", "day": "paid_on"},
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "officer"},
        {"source": "payments; DROP TABLE payment"},
        {"day": "now()"},
        {"measure": "max"},
        {"measure": "sum"},
        {"measure": "sum", "field": "paid_on"},
        {"field": "amount_fen"},
        {"where": [["payee", "=", "某"]]},
        {"where": [["method", "~", "cash"]]},
        {"where": [["method", "in", "cash"]]},
        {"where": [["method", "="]]},
        {"where": [["method", "=", True]]},
        {"attribute": "households"},
        {"extra": 1},
    ],
)
def test_a_definition_names_only_what_is_allowed(wrong: dict[str, object]) -> None:
    assert Kpi.model_validate(GOOD).key == "some"
    with pytest.raises(ValidationError):
        Kpi.model_validate(GOOD | {"numerator": GOOD["numerator"] | wrong})  # type: ignore[operator]


def test_every_definition_computes(world: World) -> None:
    for key in kpis.definitions():
        assert ask(world, key, world.county, None, Each.VILLAGE), key


def test_no_sum_of_another_question_gives_a_hidden_month_away(world: World) -> None:
    """August and September hide each other; the quarter and the year that contain them stay."""
    kpi, place = kpis.find("satisfaction_of_filed"), world.second.code
    span = {"place": place, "since": date(2026, 1, 1), "until": date(2026, 12, 31)}
    months = kpis.figures(world.session, acting=ROOT, kpi=kpi, grain=Grain.MONTH, **span).cells  # type: ignore[arg-type]
    quarters = kpis.figures(world.session, acting=ROOT, kpi=kpi, grain=Grain.QUARTER, **span).cells  # type: ignore[arg-type]

    hidden = {cell.period.text for cell in months if cell.note is Note.SUPPRESSED}
    assert hidden == {"2026-08", "2026-09"}
    assert {cell.period.text: cell.n for cell in quarters if cell.n} == {"2026-Q3": 7}
