"""The 10+X list: the seed file, loading it, what is in force, notices, and changes with their history."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.core.workdays import Calendar
from app.models import AuditEntry, DisclosureCategory, Organisation
from app.models.categories import Cadence, DayUnit, Layout
from app.models.people import Duty, Role
from app.models.projects import StageKind
from app.services import categories, reference
from app.services.actors import Actor, System, Visitor
from app.services.category_rules import EDITABLE, NAMES
from tests import factories
from tests.factories import ROOT

FIXED = [
    "power_workflow",
    "small_works",
    "hardship_aid",
    "labour",
    "leasing",
    "house_building",
    "assets",
    "party_dues",
    "meetings",
    "finance",
]
OWN = categories.Own("乡村大食堂", "食堂每天的菜和价钱。", {})
TODAY = date(2026, 11, 24)


# --- the seed file --------------------------------------------------------------------------------


def test_ten_that_every_village_must_publish_and_two_more(session: Session) -> None:
    tops = categories.tops(session)
    assert [top.code for top in tops if top.fixed] == FIXED
    assert [top.code for top in tops if not top.fixed] == ["family_virtue", "weddings_funerals"]
    finance = categories.find(session, "finance")
    assert finance.name == "村级财务"
    assert {"urgent", "legal_other", "approval_result"} <= set(tops[finance])


@pytest.mark.parametrize("row", reference.categories(), ids=lambda row: row["code"])
def test_every_entry_is_complete(row: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z_]{1,40}", row["code"])
    assert row["explanation"].endswith("。")
    assert row["source"].endswith("。")
    if row.get("due_days", 0):
        assert "《" in row["source"] or "可调整" in row["source"] or "规定" in row["source"]
    assert row.get("cadence") in set(Cadence)
    persons = [one for one in row["columns"] if one["type"] == "person"]
    if persons and row["code"] != "representatives":
        assert row["person_days"], "data of persons must expire"
    for one in [*row["fields"], *row["columns"]]:
        assert one["public"] or one["help"].startswith("不公开"), "say why it is asked for"


@pytest.mark.parametrize(
    ("code", "days", "unit"),
    [
        ("minimum_living", 7, DayUnit.WORK),
        ("destitute_support", 7, DayUnit.WORK),
        ("tender_notice", 7, DayUnit.CALENDAR),
        ("tender_winner", 3, DayUnit.CALENDAR),
        ("works_award", 3, DayUnit.CALENDAR),
        ("decision_plan", 15, DayUnit.CALENDAR),
        ("decision_result", 3, DayUnit.CALENDAR),
        ("homestead_approval", 7, DayUnit.CALENDAR),
        ("finance", 0, DayUnit.CALENDAR),
    ],
)
def test_notice_periods(session: Session, code: str, days: int, unit: DayUnit) -> None:
    entry = categories.find(session, code)
    assert (entry.notice_days, entry.notice_unit) == (days, unit)


@pytest.mark.parametrize(
    ("code", "cadence", "due", "words"),
    [
        ("finance", Cadence.MONTH, 15, "每月一次，月后 15 天内"),
        ("labour", Cadence.QUARTER, 15, "每季度一次，季度后 15 天内"),
        ("assets", Cadence.YEAR, 60, "每年一次，年后 60 天内"),
        ("assets_change", Cadence.EVENT, 5, "资产或资源有变动后 5 天内"),
        ("approval_result", Cadence.EVENT, 5, "政府批准后 5 天内"),
        ("minimum_living", Cadence.EVENT, 10, "低保初审或审批名单产生后 10 个工作日内"),
        ("legal_other", Cadence.ON_CHANGE, 10, "有变动就公开，10 天内"),
        ("family_virtue", Cadence.ON_CHANGE, 0, "有变动就公开"),
    ],
)
def test_cadences(session: Session, code: str, cadence: Cadence, due: int, words: str) -> None:
    entry = categories.find(session, code)
    assert (entry.cadence, entry.due_days, categories.cadence_words(entry)) == (cadence, due, words)


def test_stages_of_small_works_are_those_of_projects(session: Session) -> None:
    works = categories.find(session, "small_works")
    stage = next(one for one in works.fields if one["key"] == "stage")
    assert [option["value"] for option in stage["options"]] == [kind.value for kind in StageKind]
    assert categories.find(session, "power_workflow").layout == Layout.FLOW


# --- loading --------------------------------------------------------------------------------------


def _as_after_0001(session: Session) -> None:
    """What the first schema had: the ten and two, without anything that the second one added."""
    session.execute(update(DisclosureCategory).values(parent_code=None))
    session.execute(
        DisclosureCategory.__table__.delete().where(
            DisclosureCategory.code.not_in([*FIXED, "family_virtue", "weddings_funerals"])
        )
    )
    session.execute(
        update(DisclosureCategory).values(
            revision=0, cadence=Cadence.ON_CHANGE, due_days=0, fields=[], columns=[], source="", position=1
        )
    )


def _all(session: Session) -> dict[str, tuple[Any, ...]]:
    session.expire_all()
    rows = session.scalars(select(DisclosureCategory)).all()
    return {
        row.code: tuple(getattr(row, key) for key in (*EDITABLE, "parent_code", "revision")) for row in rows
    }


def test_an_older_installation_is_filled_and_then_left_alone(session: Session) -> None:
    fresh = _all(session)
    _as_after_0001(session)
    reference.load(session)
    assert _all(session) == fresh
    reference.load(session)
    assert _all(session) == fresh


def test_what_the_county_changed_stays(session: Session) -> None:
    categories.edit(session, acting=ROOT, code="finance", changes={"due_days": 10}, reason="区里定的")
    session.execute(
        update(DisclosureCategory).where(DisclosureCategory.code == "labour").values(revision=0, due_days=1)
    )
    reference.load(session)
    session.expire_all()
    assert categories.find(session, "finance").due_days == 10
    assert (categories.find(session, "labour").due_days, categories.find(session, "labour").revision) == (
        15,
        1,
    )


# --- reading --------------------------------------------------------------------------------------


def test_the_order_of_the_list_and_whose_entries_it_shows(session: Session) -> None:
    here = factories.places(session)
    there = factories.village(session, here.town, "兴裕村")
    own = categories.add_own(session, acting=ROOT, village=here.village, own=OWN, reason="村民要求")
    common = categories.add_own(
        session, acting=ROOT, village=None, own=categories.Own("垃圾分类", "", {}), reason="全区统一"
    )
    listed = categories.listing(session, here.village.id)

    assert [row.code for row in listed][-2:] == [own.code, common.code]
    assert [row.code for row in listed][:4] == [
        "power_workflow",
        "small_works",
        "works_tender",
        "works_award",
    ]
    assert own not in categories.listing(session, there.id)
    assert own not in categories.listing(session)
    assert common in categories.listing(session, there.id)
    assert categories.with_children(session, "leasing") == ("leasing", "tender_notice", "tender_winner")
    assert categories.find(session, own.code, here.village.id) is own
    for code, village_id in ((own.code, there.id), ("no_such", None)):
        with pytest.raises(NotFound):
            categories.find(session, code, village_id)


def test_what_a_law_of_a_certain_year_demands(session: Session) -> None:
    entry = categories.find(session, "family_planning")

    assert "2018" in entry.source
    assert not categories.in_force(entry, date(2018, 12, 28))
    assert categories.in_force(entry, date(2018, 12, 29))
    changes = {"in_force_until": "2026-12-31"}
    categories.edit(session, acting=ROOT, code=entry.code, changes=changes, reason="法律修改")
    assert categories.in_force(entry, date(2026, 12, 31))
    assert not categories.in_force(entry, date(2027, 1, 1))
    assert entry not in categories.listing(session, on=date(2027, 1, 1))
    assert entry in categories.listing(session)
    categories.switch(session, acting=ROOT, code=entry.code, active=False, reason="先停用")
    assert not categories.in_force(entry, date(2026, 1, 1))


def test_below_an_entry_that_is_off_nothing_is_listed(session: Session) -> None:
    own = categories.find(session, "family_virtue")
    child = categories.find(session, "urgent")
    child.parent_code = own.code
    categories.switch(session, acting=ROOT, code=own.code, active=False, reason="村里不用")

    listed = categories.listing(session, on=TODAY)

    assert own not in listed
    assert child not in listed


@pytest.mark.parametrize(
    ("code", "start", "days", "until"),
    [
        ("tender_winner", date(2026, 11, 24), None, date(2026, 11, 27)),
        ("tender_winner", date(2026, 11, 24), 5, date(2026, 11, 29)),
        # Seven work days over a weekend; the National Day holidays of 2026 last from 1 to 7 October.
        ("minimum_living", date(2026, 11, 24), None, date(2026, 12, 3)),
        ("minimum_living", date(2026, 9, 30), None, date(2026, 10, 15)),
        ("finance", date(2026, 11, 24), None, None),
        ("minimum_living", date(2026, 11, 24), 0, None),
    ],
)
def test_the_last_day_of_a_notice(
    session: Session, code: str, start: date, days: int | None, until: date | None
) -> None:
    entry = categories.find(session, code)
    assert categories.notice_until(entry, start, days, Calendar()) == until


# --- changes --------------------------------------------------------------------------------------


def test_a_change_leaves_its_history_and_an_audit_row(session: Session) -> None:
    entry = categories.find(session, "finance")
    before = entry.revision
    changes = {"due_days": 10, "in_force_from": "2026-01-01", "name": "村级财务"}

    categories.edit(
        session, acting=ROOT, code="finance", changes=changes, reason=" 区里要求 更快 ", version=before
    )

    assert entry.revision == before + 1
    row = categories.history(session, "finance")[0]
    assert (row.reason, row.actor_kind, row.actor_id) == ("区里要求 更快", "administrator", "test")
    assert row.before == {"due_days": 15, "in_force_from": None}
    assert row.after == {"due_days": 10, "in_force_from": "2026-01-01"}
    audit = session.scalars(select(AuditEntry).where(AuditEntry.noun == categories.NOUN)).one()
    assert audit.data == {"columns": ["due_days", "in_force_from"]}
    with pytest.raises(Conflict) as caught:
        categories.edit(
            session, acting=ROOT, code="finance", changes={"due_days": 9}, reason="再改", version=before
        )
    assert caught.value.code == "category.changed"


def test_nothing_is_written_when_nothing_changes(session: Session) -> None:
    categories.edit(session, acting=ROOT, code="finance", changes={"due_days": 15}, reason="没改")
    assert categories.history(session, "finance") == []


def test_the_newest_change_comes_first(session: Session) -> None:
    for days in (10, 12):
        categories.edit(
            session, acting=ROOT, code="labour", changes={"due_days": days}, reason=f"改成 {days}"
        )
    assert [row.after["due_days"] for row in categories.history(session, "labour")] == [12, 10]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "other"}, "code"),
        ({"fixed": False}, "fixed"),
        ({"active": False}, "active"),
        ({"name": " "}, "name"),
        ({"name": "长" * 17}, "name"),
        ({"due_days": -1}, "due_days"),
        ({"due_days": True}, "due_days"),
        ({"due_days": "15"}, "due_days"),
        ({"cadence": "daily"}, "cadence"),
        ({"cadence": "event"}, "event"),
        ({"reviewed_by": "information_officer"}, "reviewed_by"),
        ({"reviewed_by": "administrator"}, "reviewed_by"),
        ({"drafted_by": "liaison_officer"}, "drafted_by"),
        ({"in_force_from": "2026-02-30"}, "in_force_from"),
        ({"in_force_from": "2026-03-01", "in_force_until": "2026-02-01"}, "in_force_until"),
        ({"excusable": ["names"]}, "excusable"),
        ({"fields": [{"key": "a", "label": "甲", "type": "colour"}]}, "fields"),
        ({"fields": [{"key": "A", "label": "甲", "type": "text"}]}, "fields"),
        ({"fields": [{"key": "a", "label": "甲", "type": "text", "size": 3}]}, "fields"),
        ({"fields": [{"key": "a", "label": "甲", "type": "text", "required": "yes"}]}, "fields"),
        ({"fields": [{"key": "a", "label": x, "type": "text"} for x in ("甲", "乙")]}, "fields"),
        ({"fields": [{"key": x, "label": "甲", "type": "text"} for x in ("a", "b")]}, "fields"),
        ({"fields": [{"key": "a", "label": "甲", "type": "choice", "options": ["一"]}]}, "fields"),
        ({"fields": [{"key": "a", "label": "甲", "type": "choice", "options": ["一", "一"]}]}, "fields"),
        ({"columns": [{"key": "a", "label": "甲", "type": "illness", "public": True}]}, "columns"),
        ({"columns": [{"key": "a", "label": "甲", "type": "id_card", "public": True}]}, "columns"),
        ({"columns": [{"key": "a", "label": "甲", "type": "phone", "public": True}]}, "columns"),
        ({"columns": [{"key": f"k{n}", "label": f"列{n}", "type": "text"} for n in range(13)]}, "columns"),
        ({"fields": "text"}, "fields"),
    ],
)
def test_values_against_the_rules(session: Session, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        categories.edit(session, acting=ROOT, code="finance", changes=changes, reason="试试")
    assert caught.value.data["field"] == field
    assert NAMES.get(field, field) in caught.value.message
    assert categories.history(session, "finance") == []


@pytest.mark.parametrize("reason", ["", " \n ", "长" * 501])
def test_a_change_needs_a_reason(session: Session, reason: str) -> None:
    with pytest.raises(BadInput, match="原因"):
        categories.edit(session, acting=ROOT, code="finance", changes={"due_days": 9}, reason=reason)


@pytest.fixture
def people(session: Session) -> dict[str, Actor]:
    here = factories.places(session)
    there = factories.village(session, here.town, "兴裕村")

    def one(role: Role, place: Organisation, duty: Duty | None = None) -> Actor:
        return factories.acting(session, factories.officer(session, role, place, duty))

    return {
        "administrator": ROOT,
        "county": one(Role.COUNTY_INSPECTOR, here.county),
        "town": one(Role.TOWN_INSPECTOR, here.town),
        "supervisor": one(Role.LIAISON_OFFICER, here.village, Duty.PUBLICATION),
        "answers": one(Role.LIAISON_OFFICER, here.village, Duty.COMPLAINTS),
        "author": one(Role.INFORMATION_OFFICER, here.village),
        "neighbour": one(Role.LIAISON_OFFICER, there, Duty.PUBLICATION),
        "villager": factories.villager(session),
        "visitor": Visitor(),
        "job": System("test"),
        "village": here.village,  # type: ignore[dict-item]
    }


def test_who_may_change_what(session: Session, people: dict[str, Any]) -> None:
    village = people.pop("village")
    own = categories.add_own(
        session, acting=people["supervisor"], village=village, own=OWN, reason="村民要求"
    )
    common, mine = set(), set()
    for name, person in people.items():
        for code, allowed in (("finance", common), (own.code, mine)):
            with suppress(Forbidden), session.begin_nested():
                categories.edit(session, acting=person, code=code, changes={"position": 700}, reason="试")
                allowed.add(name)

    assert common == {"administrator", "county", "job"}
    assert mine == common | {"town", "supervisor"}


def test_a_village_adds_its_own(session: Session, people: dict[str, Any]) -> None:
    village, acting = people["village"], people["supervisor"]
    made = categories.add_own(
        session,
        acting=acting,
        village=village,
        own=categories.Own("食堂", "", {"cadence": "month", "due_days": 5}),
        reason="要",
    )

    assert re.fullmatch(r"[a-z_]{1,40}", made.code)
    assert (made.fixed, made.village_id, made.cadence, made.revision) == (False, village.id, Cadence.MONTH, 1)
    assert categories.history(session, made.code)[0].after["name"] == "食堂"
    refusals: list[tuple[Actor, str, str, type[AppError]]] = [
        (acting, "食堂", "重名", Conflict),
        (acting, "村级财务", "重名", Conflict),
        (acting, "食堂二", "", BadInput),
        (acting, "", "没有名称", BadInput),
        (people["author"], "食堂三", "信息员不能自己加", Forbidden),
        (people["neighbour"], "食堂四", "邻村", Forbidden),
    ]
    for person, name, reason, error in refusals:
        with pytest.raises(error):
            categories.add_own(
                session, acting=person, village=village, own=categories.Own(name, "", {}), reason=reason
            )
    for number in range(categories.MOST_OWN - 1):
        own = categories.Own(f"事项{number}", "", {})
        categories.add_own(session, acting=acting, village=village, own=own, reason="多")
    with pytest.raises(Conflict, match="最多"):
        categories.add_own(
            session, acting=acting, village=village, own=categories.Own("再一项", "", {}), reason="多"
        )
    with pytest.raises(Forbidden):
        categories.add_own(
            session, acting=acting, village=None, own=categories.Own("全区", "", {}), reason="越权"
        )
