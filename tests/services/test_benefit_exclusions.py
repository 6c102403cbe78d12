"""The county's list of aid that excludes each other: the examples, adding, ending, and their history."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.models import SettingHistory
from app.models.people import Role
from app.services import benefit_exclusions
from app.services.actors import Visitor
from app.services.benefit_exclusions import Pair
from tests import factories as make
from tests.factories import ROOT

PAIR = Pair("甲类补助", "乙类补助 、乙类旧称", "某县〔2026〕1号文件第三条", date(2026, 1, 1))


def test_the_examples_are_there_once_and_are_marked(session: Session) -> None:
    before = benefit_exclusions.listing(session, acting=ROOT)
    benefit_exclusions.load(session)
    assert list(benefit_exclusions.listing(session, acting=ROOT)) == list(before)
    assert before
    assert all("示例，请各县核对" in row.source for row in before)


def test_what_the_county_ended_stays_ended(session: Session) -> None:
    row = benefit_exclusions.listing(session, acting=ROOT)[0]
    benefit_exclusions.end(
        session, acting=ROOT, exclusion_id=row.id, last_day=date(2026, 3, 31), reason="本县不适用"
    )
    benefit_exclusions.load(session)
    session.refresh(row)
    assert row.valid_until == date(2026, 3, 31)


def test_the_county_adds_a_pair_with_its_reason(session: Session) -> None:
    county = make.places(session).county
    inspector = make.acting(session, make.officer(session, Role.COUNTY_INSPECTOR, county))
    row = benefit_exclusions.add(session, acting=inspector, pair=PAIR, reason="新文件")
    assert row.kind_b == "乙类补助、乙类旧称"
    kept = session.scalars(select(SettingHistory).where(SettingHistory.noun_id == str(row.id))).one()
    assert (kept.reason, kept.before, kept.after["valid_from"]) == ("新文件", {}, "2026-01-01")
    with pytest.raises(Conflict, match="已经在清单里"):
        benefit_exclusions.add(session, acting=inspector, pair=PAIR, reason="再来一次")


def test_only_the_county_changes_the_list(session: Session) -> None:
    town = make.places(session).town
    inspector = make.acting(session, make.officer(session, Role.TOWN_INSPECTOR, town))
    with pytest.raises(Forbidden):
        benefit_exclusions.add(session, acting=inspector, pair=PAIR, reason="新文件")
    with pytest.raises(Forbidden):
        benefit_exclusions.end(
            session, acting=inspector, exclusion_id=uuid.uuid4(), last_day=date(2026, 3, 31), reason="停用"
        )
    assert benefit_exclusions.listing(session, acting=inspector)
    with pytest.raises(Forbidden):
        benefit_exclusions.listing(session, acting=Visitor())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind_b": "甲类补助"}, "benefit_exclusion.kinds_wrong"),
        ({"kind_a": " 、"}, "benefit_exclusion.kinds_wrong"),
        ({"source": " "}, "benefit_exclusion.words_missing"),
        ({"valid_until": date(2025, 12, 31)}, "benefit_exclusion.ends_early"),
    ],
)
def test_what_is_not_a_pair(session: Session, change: dict[str, object], code: str) -> None:
    wrong = Pair(**{**vars(PAIR), **change})
    with pytest.raises(BadInput) as told:
        benefit_exclusions.add(session, acting=ROOT, pair=wrong, reason="新文件")
    assert told.value.code == code


def _ended(session: Session, last_day: date, reason: str = "停用") -> None:
    row = benefit_exclusions.add(session, acting=ROOT, pair=PAIR, reason="新文件")
    for _ in range(2):
        benefit_exclusions.end(session, acting=ROOT, exclusion_id=row.id, last_day=last_day, reason=reason)


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda session: _ended(session, date(2025, 12, 31)), BadInput),
        (lambda session: _ended(session, date(2026, 1, 1), " "), BadInput),
        (lambda session: _ended(session, date(2026, 1, 1)), Conflict),
        (
            lambda session: benefit_exclusions.end(
                session, acting=ROOT, exclusion_id=uuid.uuid4(), last_day=date(2026, 1, 1), reason="停用"
            ),
            NotFound,
        ),
    ],
)
def test_what_cannot_be_ended(
    session: Session, attempt: Callable[[Session], object], error: type[AppError]
) -> None:
    with pytest.raises(error):
        attempt(session)
