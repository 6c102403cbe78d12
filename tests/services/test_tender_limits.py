"""From which amount a purchase needs what: national lines, a county's own, by date, with history."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.models.people import Role
from app.models.rules import TenderKind, TenderLimit
from app.services import reference, tender_limits
from app.services.tender_limits import Lines
from tests import factories

WORKS = TenderKind.WORKS
LINES = Lines(tender_fen=20_000_000, source="区政办〔2026〕12号", vote_fen=5_000_000, law_fen=400_000_000)


def test_the_shipped_lines_follow_the_law_of_their_day(session: Session) -> None:
    told = {
        (kind.value, day.year): tender_limits.in_force(session, county_id=None, kind=kind, day=day)
        for kind in TenderKind
        for day in (date(2010, 1, 1), date(2026, 1, 1))
    }
    law = {key: row.law_fen for key, row in told.items() if row}
    assert law == {
        ("works", 2010): 200_000_000,
        ("works", 2026): 400_000_000,
        ("goods", 2010): 100_000_000,
        ("goods", 2026): 200_000_000,
        ("services", 2010): 50_000_000,
        ("services", 2026): 100_000_000,
    }
    new = told["works", 2026]
    assert new is not None
    assert (new.vote_fen, new.tender_fen) == (5_000_000, 10_000_000)


def test_loading_again_changes_nothing(session: Session) -> None:
    before = session.scalar(select(func.count()).select_from(TenderLimit))
    reference.load(session)
    assert session.scalar(select(func.count()).select_from(TenderLimit)) == before == 6


def test_a_countys_own_lines_hold_from_their_day(session: Session) -> None:
    places = factories.places(session)
    inspector = factories.officer(session, Role.COUNTY_INSPECTOR, places.county)
    acting = factories.acting(session, inspector)

    def put(tender_fen: int, reason: str = "调整限额") -> TenderLimit:
        lines = Lines(tender_fen=tender_fen, source="区政办〔2026〕12号")
        return tender_limits.put(
            session,
            acting=acting,
            county=places.county.code,
            kind=WORKS,
            valid_from=date(2026, 7, 1),
            lines=lines,
            reason=reason,
        )

    put(20_000_000)
    with pytest.raises(Conflict):
        put(20_000_000)
    put(30_000_000)

    def line(day: date, county: bool = True) -> int | None:
        key = places.county.id if county else None
        found = tender_limits.in_force(session, county_id=key, kind=WORKS, day=day)
        return found.tender_fen if found else None

    assert line(date(2026, 6, 30)) == 10_000_000
    assert line(date(2026, 7, 1)) == 30_000_000
    assert line(date(2026, 7, 1), county=False) == 10_000_000
    listed = tender_limits.listing(session, acting=acting, county=places.county.code)
    assert [row.tender_fen for row in listed if row.county_id] == [30_000_000]
    assert len(listed) == 7
    query = tender_limits.changes(session, acting=acting, county=places.county.code, kind=WORKS)
    after = [row.after["tender_fen"] for row in session.scalars(query)]
    assert after == [30_000_000, 20_000_000]


@pytest.mark.parametrize(
    ("lines", "reason", "code"),
    [
        (Lines(tender_fen=0, source="文件"), "调整", "tender_limit.not_rising"),
        (Lines(tender_fen=100, source="文件", vote_fen=200), "调整", "tender_limit.not_rising"),
        (Lines(tender_fen=100, source="文件", law_fen=50), "调整", "tender_limit.not_rising"),
        (Lines(tender_fen=100, source=" "), "调整", "tender_limit.source_missing"),
        (Lines(tender_fen=100, source="文件"), " ", "tender_limit.reason_missing"),
    ],
)
def test_lines_rise_and_have_a_source(session: Session, lines: Lines, reason: str, code: str) -> None:
    places = factories.places(session)
    with pytest.raises(BadInput) as raised:
        tender_limits.put(
            session,
            acting=factories.ROOT,
            county=places.county.code,
            kind=WORKS,
            valid_from=date(2026, 1, 1),
            lines=lines,
            reason=reason,
        )
    assert raised.value.code == code


def test_only_the_county_itself_enters_lines(session: Session) -> None:
    places, others = factories.places(session), factories.places(session)
    for role, place in (
        (Role.TOWN_INSPECTOR, places.town),
        (Role.LIAISON_OFFICER, places.village),
        (Role.COUNTY_INSPECTOR, others.county),
    ):
        acting = factories.acting(session, factories.officer(session, role, place))
        with pytest.raises(Forbidden):
            tender_limits.put(
                session,
                acting=acting,
                county=places.county.code,
                kind=WORKS,
                valid_from=date(2026, 1, 1),
                lines=LINES,
                reason="调整",
            )
        assert tender_limits.listing(session, acting=acting, county=places.county.code)
    with pytest.raises(NotFound):
        tender_limits.listing(session, acting=factories.ROOT, county=places.town.code)
