"""What people do with due items: enter an event, waive, name the item that meets one."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.models import AuditEntry, Obligation
from app.models.categories import Cadence
from app.models.obligations import ObligationSource, ObligationState
from app.models.people import Duty, Role
from app.services import obligations
from tests import factories
from tests.factories import ROOT, Places, acting
from tests.services.obligations.support import owed, plan, published, rhythm


def _owe(session: Session, places: Places, who: object, **values: object) -> Obligation:
    wanted = {"category_code": "house_building", "title": "建房审批结果", "happened_on": date(2026, 10, 9)}
    return obligations.owe(
        session,
        acting=who,  # type: ignore[arg-type]
        village=places.village,
        **(wanted | values),  # type: ignore[arg-type]
    )


def test_an_event_is_due_within_the_days_of_its_category(session: Session, places: Places) -> None:
    rhythm(session, "house_building", Cadence.EVENT, due_days=5, event="政府审批结果")
    author = acting(session, factories.officer(session, Role.INFORMATION_OFFICER, places.village))

    row = _owe(session, places, author)

    assert (row.due_on, row.source) == (date(2026, 10, 14), ObligationSource.EVENT)
    with pytest.raises(Conflict) as again:
        _owe(session, places, author)
    assert again.value.code == "obligation.exists"
    item = published(session, places, "house_building", title="建房审批结果")
    assert obligations.met(session, acting=ROOT, disclosure=item) == [row]


def test_one_item_meets_one_event_the_one_of_its_title(session: Session, places: Places) -> None:
    author = acting(session, factories.officer(session, Role.INFORMATION_OFFICER, places.village))
    _owe(session, places, author, happened_on=date(2026, 10, 1))
    wanted = _owe(session, places, author, title="王家新建住房审批结果")

    item = published(session, places, "house_building", title="王家新建住房审批结果")

    assert obligations.met(session, acting=ROOT, disclosure=item) == [wanted]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"title": "  "}, "obligation.title_wrong"),
        ({"title": "张三 13812345678 的建房审批"}, "obligation.title_wrong"),
        ({"happened_on": date(2026, 10, 13)}, "obligation.day_wrong"),
        ({"happened_on": date(2025, 1, 1)}, "obligation.day_wrong"),
    ],
)
def test_a_wrong_event_is_refused(
    session: Session, places: Places, values: dict[str, object], code: str
) -> None:
    author = acting(session, factories.officer(session, Role.INFORMATION_OFFICER, places.village))

    with pytest.raises(BadInput) as refusal:
        _owe(session, places, author, **values)

    assert refusal.value.code == code


def test_only_officers_of_the_village_and_above_enter_events(session: Session, places: Places) -> None:
    other = factories.village(session, places.town)
    stranger = acting(session, factories.officer(session, Role.INFORMATION_OFFICER, other))

    for who in (stranger, factories.villager(session)):
        with pytest.raises(Forbidden):
            _owe(session, places, who)


def test_the_town_waives_with_a_reason_and_nobody_excuses_himself(session: Session, places: Places) -> None:
    plan(session)
    row = owed(session, places)["finance:2026-09"]
    author = acting(session, factories.officer(session, Role.INFORMATION_OFFICER, places.village))
    town = acting(session, factories.officer(session, Role.TOWN_INSPECTOR, places.town))

    with pytest.raises(Forbidden):
        obligations.waive(session, acting=author, obligation_id=row.id, reason="不需要")
    with pytest.raises(BadInput):
        obligations.waive(session, acting=town, obligation_id=row.id, reason=" ")
    obligations.waive(session, acting=town, obligation_id=row.id, reason="撤并期间账目由镇统一公开。")

    (line,) = [
        one
        for one in obligations.of_category(session, village_id=places.village.id, codes=["finance"])
        if one.period == "2026-09"
    ]
    assert (line.words, line.waived_because) == ("免于公开", "撤并期间账目由镇统一公开。")
    with pytest.raises(Conflict):
        obligations.waive(session, acting=town, obligation_id=row.id, reason="再来一次")
    entry = session.scalars(select(AuditEntry).filter_by(noun_id=str(row.id), action="waived")).one()
    assert entry.actor_id == town.id


def test_a_supervisor_names_the_item_that_meets(session: Session, places: Places) -> None:
    plan(session)
    row = owed(session, places)["finance:2026-09"]
    reviewer = acting(
        session, factories.officer(session, Role.LIAISON_OFFICER, places.village, Duty.PUBLICATION)
    )
    wrong = published(session, places, "assets")
    early = published(session, places, on=date(2026, 8, 30))
    item = published(session, places)

    for one in (wrong, early):
        with pytest.raises(BadInput):
            obligations.link(session, acting=reviewer, obligation_id=row.id, disclosure_id=one.id)
    obligations.link(session, acting=reviewer, obligation_id=row.id, disclosure_id=item.id)

    assert (row.state, row.disclosure_id) == (ObligationState.MET, item.id)


def test_another_villages_items_cannot_be_touched(session: Session, places: Places) -> None:
    plan(session)
    row = owed(session, places)["finance:2026-09"]
    elsewhere = factories.places(session)
    stranger = acting(session, factories.officer(session, Role.TOWN_INSPECTOR, elsewhere.town))

    with pytest.raises(NotFound):
        obligations.waive(session, acting=stranger, obligation_id=row.id, reason="不属于我")
