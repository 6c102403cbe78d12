"""Where complaints go first: by the county's routes, past whoever is excluded, never nowhere."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.models import Complaint, Organisation
from app.models.complaint_classes import Level
from app.models.organisations import Line, OrganisationKind
from app.models.people import Role
from app.services import organisations
from app.services.complaints import routes, routing
from tests import factories as make


def _department(session: Session, parent: Organisation, name: str) -> Organisation:
    return organisations.create(
        session,
        acting=make.ROOT,
        kind=OrganisationKind.DEPARTMENT,
        code="d" + uuid.uuid4().hex[:6],
        name=name,
        parent=parent,
        line=Line.CONSTRUCTION,
    )


def _staffed(session: Session) -> make.Places:
    places = make.places(session)
    make.officer(session, Role.LIAISON_OFFICER, places.village)
    make.officer(session, Role.TOWN_INSPECTOR, places.town)
    make.officer(session, Role.COUNTY_INSPECTOR, places.county)
    return places


def _set(session: Session, level: Level, **wanted: object) -> None:
    routes.put(session, acting=make.ROOT, wanted=routes.Wanted(level, **wanted), reason="测试")  # type: ignore[arg-type]


def _where(session: Session, row: Complaint) -> uuid.UUID:
    held = routing.lead(session, row)
    assert held is not None
    return held.organisation_id


def test_without_routes_the_village_has_it(session: Session) -> None:
    places = _staffed(session)
    assert _where(session, make.complaint(session, places.village).complaint) == places.village.id


def test_area_wins_over_category_and_category_over_class(session: Session) -> None:
    places = _staffed(session)
    other = make.village(session, places.town)
    make.officer(session, Role.LIAISON_OFFICER, other)
    _set(session, Level.COUNTY, class_code="request")
    _set(session, Level.TOWN, category_code="public_works")
    _set(session, Level.VILLAGE, area=other.code)
    assert _where(session, make.complaint(session, places.village).complaint) == places.town.id
    assert _where(session, make.complaint(session, other).complaint) == other.id
    by_class = make.complaint(session, places.village, category="request").complaint
    assert _where(session, by_class) == places.county.id


def test_a_near_area_wins_over_a_wide_one_that_says_more(session: Session) -> None:
    places = _staffed(session)
    _set(session, Level.COUNTY, area=places.town.code, category_code="public_works", class_code="request")
    _set(session, Level.TOWN, area=places.village.code)
    assert _where(session, make.complaint(session, places.village).complaint) == places.town.id


@pytest.mark.parametrize(("level", "expected"), [(Level.TOWN, "town"), (Level.COUNTY, "county")])
def test_a_line_sends_it_to_the_department_of_that_level(
    session: Session, level: Level, expected: str
) -> None:
    places = _staffed(session)
    offices = {
        "town": _department(session, places.town, "益农镇村建办"),
        "county": _department(session, places.county, "萧山区住建局"),
    }
    for office in offices.values():
        make.officer(session, Role.DEPARTMENT_HANDLER, office)
    _set(session, level, category_code="house_building", line=Line.CONSTRUCTION)
    row = make.complaint(session, places.village, category="house_building").complaint
    assert _where(session, row) == offices[expected].id
    assert row.level == level


def test_a_department_without_anybody_free_leaves_it_to_the_next_level(session: Session) -> None:
    places = _staffed(session)
    office = _department(session, places.town, "益农镇村建办")
    make.officer(session, Role.DEPARTMENT_HANDLER, office, name="蒋建房")
    _set(session, Level.TOWN, category_code="house_building", line=Line.CONSTRUCTION)
    row = make.complaint(
        session, places.village, category="house_building", content="村建办蒋建房收了东西才肯批。"
    ).complaint
    assert _where(session, row) == places.county.id


def test_no_route_brings_reports_about_cadres_to_the_village(session: Session) -> None:
    places = _staffed(session)
    _set(session, Level.VILLAGE, area=places.village.code)
    row = make.complaint(session, places.village, category="cadre_conduct").complaint
    assert _where(session, row) == places.town.id


def test_with_nobody_anywhere_the_county_has_it_and_it_climbs(session: Session) -> None:
    places = make.places(session)
    row = make.complaint(session, places.village).complaint
    held = routing.lead(session, row)
    assert held is not None
    assert (held.organisation_id, held.officer_id, row.level) == (places.county.id, None, Level.COUNTY)
    assert row.step_at is not None


def test_the_same_route_twice_changes_nothing(session: Session) -> None:
    _set(session, Level.TOWN, category_code="house_building")
    with pytest.raises(Conflict) as refused:
        _set(session, Level.TOWN, category_code="house_building")
    assert refused.value.code == "complaint_setting.unchanged"
