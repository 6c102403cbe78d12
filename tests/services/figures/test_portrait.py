"""Portraits against points computed by hand; what is kept never changes; raising a warning costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.models import Organisation, Payment, SettingHistory, VillageScore
from app.models.ledgers import PaymentMethod
from app.models.organisations import OrganisationKind
from app.models.people import Role
from app.models.supervision import Band
from app.services import county_settings
from app.services.portrait import showing, snapshots
from app.services.portrait.indicators import BY_KEY, INDICATORS
from app.services.portrait.method import Middle, Own, portrait, score, shrunk
from app.services.portrait.terms import METHOD, WEIGHTS, Method, Weights
from tests import factories
from tests.factories import ROOT
from tests.services.figures import books, counties
from tests.services.figures.counties import MONTH, World, drawn


@pytest.fixture(scope="module")
def world(worker_database: Database) -> Iterator[World]:
    with counties.built(worker_database) as made:
        yield made


def test_figures_of_a_village_by_hand(world: World) -> None:
    own = {one.indicator.key: one.own for one in drawn(world)["甲村"].portrait.scored}

    expected = {
        "disclosure.on_time": (3, 1, 1 / 3),
        "disclosure.published": (3, 2, 2 / 3),
        "money.cashless": (4, 3, 3 / 4),
        "money.purpose": (4, 4, 1.0),
        "money.budget": (2, 1, 1 / 2),
        "money.single": (3, 2, 2 / 3),
        "contracts.current": (2, 1, 1 / 2),
        "contracts.rent": (2, 1, 20_000 / 40_000),
        "people.first_reply": (5, 4, 4 / 5),
        "people.on_time": (5, 4, 4 / 5),
        "people.satisfied": (4, 1, 1.5 / 4),
        "alerts.left_open": (0, 0, 1.0),
    }
    assert {key: (one.n, one.good) for key, one in own.items()} == {
        key: (n, good) for key, (n, good, _) in expected.items()
    }
    assert {key: one.mean for key, one in own.items()} == {
        key: pytest.approx(mean) for key, (_, _, mean) in expected.items()
    }


def test_points_by_hand(world: World) -> None:
    found = drawn(world)["甲村"]
    points = {one.indicator.key: one.points for one in found.portrait.scored}

    # The peers have everything in order: 1.0. Own rows weigh n/(n+10). In tenths of a point.
    assert points == {
        "disclosure.on_time": round(150 * (3 / 3 * 1 + 10) / 13),
        "disclosure.published": round(100 * (2 + 10) / 13),
        "money.cashless": round(90 * (3 + 10) / 14),
        "money.purpose": 30,
        "money.budget": round(70 * (1 + 10) / 12),
        "money.single": round(60 * (2 + 10) / 13),
        "contracts.current": round(70 * (1 + 10) / 12),
        "contracts.rent": round(80 * (1 + 10) / 12),
        # Nobody else has complaints, so there is no median: five rows speak for themselves, four are too few.
        "people.first_reply": 40,
        "people.on_time": 64,
        "people.satisfied": None,
        "alerts.left_open": 150,
    }
    told = 127 + 92 + 84 + 30 + 64 + 55 + 64 + 73 + 40 + 64 + 150
    assert found.portrait.points == pytest.approx(told * 1000 / 930, abs=1)
    assert (found.portrait.band, found.portrait.confidence) == (Band.GREEN, 70 + 15)
    assert (found.peers_points, found.peers_n) == (1000, 6)


def test_without_ledgers_there_is_no_score(world: World) -> None:
    found = drawn(world)["空村"]

    assert {one.indicator.lacking for one in found.portrait.scored if not one.own.there} == {
        one.lacking for one in INDICATORS if one.lacking
    }
    assert found.portrait.band == Band.UNKNOWN
    assert found.portrait.confidence == 14  # 20 of 100 points need no ledger; no rule could be judged
    assert (found.peers_points, found.peers_n) == (None, 0)


def test_a_month_is_kept_once(world: World) -> None:
    session = world.session
    with session.begin_nested() as step:
        made = snapshots.take(session, acting=ROOT, county_id=world.county.id, month=MONTH)
        before = _kept(session)
        books.payment(session, world.village, "2026-10-20", 1, method=PaymentMethod.CASH)
        again = snapshots.take(session, acting=ROOT, county_id=world.county.id, month=MONTH)
        late = books.village(session, world.town, "后来村")
        added = snapshots.take(session, acting=ROOT, county_id=world.county.id, month=MONTH)

        assert (made, again, added) == (8, 0, 1)
        assert _kept(session, late) == before
        step.rollback()


def _kept(session: Session, but: Organisation | None = None) -> list[Any]:
    rows = session.execute(select(*VillageScore.__table__.columns).order_by(VillageScore.id)).mappings()
    return [dict(row) for row in rows if but is None or row["village_id"] != but.id]


def test_computing_again_is_a_new_revision_with_its_reason(world: World) -> None:
    session, code = world.session, world.village.code
    county = factories.acting(session, factories.officer(session, Role.COUNTY_INSPECTOR, world.county))
    town = factories.acting(session, factories.officer(session, Role.TOWN_INSPECTOR, world.town))
    with session.begin_nested() as step:
        snapshots.take(session, acting=ROOT, county_id=world.county.id, month=MONTH)
        before = _kept(session)
        books.payment(session, world.village, "2026-10-20", 1, method=PaymentMethod.CASH)
        with pytest.raises(Forbidden):
            snapshots.recompute(session, acting=town, village=code, month=MONTH, reason="更正")
        with pytest.raises(BadInput):
            snapshots.recompute(session, acting=county, village=code, month=MONTH, reason=" ")
        with pytest.raises(BadInput):
            snapshots.recompute(session, acting=county, village=code, month="2026-11", reason="更正")
        again = snapshots.recompute(session, acting=county, village=code, month=MONTH, reason="补录付款")

        assert (again.revision, again.reason) == (2, "补录付款")
        assert [row for row in _kept(session) if row["id"] != again.id] == before
        shown = showing.portrait(session, acting=town, village=code, month=MONTH)
        assert (shown.score.revision, [one.revision for one in shown.trend]) == (2, [2])
        kept = showing.revisions(session, acting=town, village=code, month=MONTH)
        assert [one.revision for one in kept] == [2, 1]
        assert kept[0].points is not None
        assert kept[1].points is not None
        assert kept[0].points < kept[1].points
        step.rollback()


@pytest.fixture
def taken(world: World) -> Iterator[World]:
    with world.session.begin_nested() as step:
        snapshots.take(world.session, acting=ROOT, county_id=world.county.id, month=MONTH)
        yield world
        step.rollback()


@pytest.mark.parametrize("key", list(BY_KEY))
def test_every_point_leads_to_its_rows(taken: World, key: str) -> None:
    session, code = taken.session, taken.village.code
    kept = {
        part["key"]: part
        for component in showing.portrait(session, acting=ROOT, village=code).score.components
        for part in component["indicators"]
    }[key]
    ask = {"acting": ROOT, "village": code, "month": MONTH, "indicator": key}
    first = showing.rows(session, **ask, limit=2)  # type: ignore[arg-type]
    items = list(first.items)
    while first.last is not None:
        first = showing.rows(session, **ask, limit=2, after=first.last)  # type: ignore[arg-type]
        items += first.items
    bad = showing.rows(session, **ask, only_bad=True)  # type: ignore[arg-type]

    assert len({row.id for row in items}) == len(items)
    if kept["few"]:
        assert (kept["n"], kept["good"], kept["own"], kept["rows"]["count"]) == (None, None, None, None)
    else:
        assert len(items) == kept["n"] == kept["rows"]["count"] == first.then
        assert len(bad.items) == kept["n"] - kept["good"]
    assert [row.day for row in items] == sorted((row.day for row in items), reverse=True)


def test_complaints_behind_a_point_are_shown_to_those_who_may_know_them(taken: World) -> None:
    session, code = taken.session, taken.village.code
    author = factories.acting(session, factories.officer(session, Role.INFORMATION_OFFICER, taken.village))

    for acting, count in ((ROOT, 5), (author, 0)):
        found = showing.rows(session, acting=acting, village=code, month=None, indicator="people.on_time")
        assert (found.then, len(found.items)) == (5, count)


def test_who_sees_a_portrait(taken: World) -> None:
    session = taken.session
    department = books.place(session, OrganisationKind.DEPARTMENT, taken.town, name="农办")
    sees = {
        Role.INFORMATION_OFFICER: (taken.village, True),
        Role.LIAISON_OFFICER: (taken.others[0], False),
        Role.TOWN_INSPECTOR: (taken.town, True),
        Role.COUNTY_INSPECTOR: (taken.county, True),
        Role.DEPARTMENT_HANDLER: (department, False),
    }
    for role, (post, may) in sees.items():
        acting = factories.acting(session, factories.officer(session, role, post))
        if may:
            assert showing.portrait(session, acting=acting, village=taken.village.code).score.month == MONTH
        else:
            with pytest.raises(NotFound):
                showing.portrait(session, acting=acting, village=taken.village.code)
    with pytest.raises(NotFound):
        showing.portrait(session, acting=factories.villager(session), village=taken.village.code)
    with pytest.raises(NotFound):
        showing.portrait(session, acting=ROOT, village=taken.village.code, month="2026-09")
    with pytest.raises(NotFound):
        showing.rows(session, acting=ROOT, village=taken.village.code, month=None, indicator="nothing")


# --- the arithmetic -------------------------------------------------------------------------------


@given(st.floats(0, 1), st.integers(0, 500), st.floats(0, 1), st.integers(0, 100))
def test_shrinking_stays_between_own_and_peers(own: float, n: int, median: float, pull: int) -> None:
    found = shrunk(own, n, median, pull)

    assert min(own, median) - 1e-9 <= found <= max(own, median) + 1e-9
    assert shrunk(own, n, None, pull) == own


@pytest.mark.parametrize(
    ("value", "band"),
    [(1.0, Band.GREEN), (0.85, Band.GREEN), (0.849, Band.YELLOW), (0.7, Band.YELLOW), (0.699, Band.RED)],
)
def test_bands_begin_where_the_settings_say(value: float, band: Band) -> None:
    scored = [score(one, Own(100, 100, value), Middle(value, 5), WEIGHTS, METHOD) for one in INDICATORS]

    assert portrait(scored, 1.0, WEIGHTS, METHOD).band == band
    assert portrait(scored, 1.0, WEIGHTS, Method(least_confidence=100)).band == band
    assert portrait(scored, 0.9, WEIGHTS, Method(least_confidence=100)).band == Band.UNKNOWN


# --- the county's settings ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong", [{}, {**WEIGHTS.points, "money.cashless": 10}, {**WEIGHTS.points, "gifts": 0}]
)
def test_weights_name_everything_and_are_a_hundred(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Weights(points=wrong)
    with pytest.raises(ValidationError):
        Method(green=70, yellow=70)


def test_a_change_of_settings_is_kept_with_its_reason(world: World) -> None:
    session, key = world.session, "portrait.method"
    inspector = factories.acting(session, factories.officer(session, Role.TOWN_INSPECTOR, world.town))
    county = factories.acting(session, factories.officer(session, Role.COUNTY_INSPECTOR, world.county))
    new = METHOD.model_dump() | {"pull": 0}
    with session.begin_nested() as step:
        before = drawn(world)["甲村"].portrait.points
        with pytest.raises(Forbidden):
            county_settings.put(session, acting=inspector, key=key, value=new, reason="试")
        for value, reason in ((new, ""), (new | {"pull": -1}, "试"), (new | {"gift": 1}, "试"), ("x", "试")):
            with pytest.raises(BadInput):
                county_settings.put(session, acting=county, key=key, value=value, reason=reason)
        county_settings.put(session, acting=county, key=key, value=new, reason="不向同类村收拢。")
        with pytest.raises(Conflict):
            county_settings.put(session, acting=county, key=key, value=new, reason="再一次")
        with pytest.raises(NotFound):
            county_settings.get(session, "no.such")
        after = drawn(world)["甲村"].portrait.points
        kept: list[SettingHistory] = list(county_settings.history(session, acting=county, key=key))

        assert county_settings.get(session, key) == Method(pull=0)
        assert after is not None
        assert before is not None
        assert after < before
        assert [(one.reason, one.before["value"]["pull"], one.after["value"]["pull"]) for one in kept] == [
            ("不向同类村收拢。", 10, 0)
        ]
        assert {one.setting.key: one.changed for one in county_settings.listing(session, acting=county)}[key]
        step.rollback()


def test_every_default_is_a_value_of_its_own_type() -> None:
    for setting in county_settings.DEFAULTS.values():
        plain = setting.adapter.dump_python(setting.default, mode="json")
        assert setting.adapter.validate_python(plain) == setting.default, setting.key
        assert setting.words, setting.key


def test_payments_are_not_what_a_portrait_leaves_behind(world: World) -> None:
    """The tests above roll back what they add, so that their order does not matter."""
    assert world.session.scalars(select(Payment).where(Payment.paid_on == date(2026, 10, 20))).all() == []
