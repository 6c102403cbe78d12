"""Small works: what is entered and by whom, what a published item adds, what is refused."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import BadInput, Conflict, Forbidden, NotFound
from app.models import AuditEntry, Organisation
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.people import Role
from app.models.projects import ProjectState, StageKind
from app.services import actors, projects
from tests import factories
from tests.factories import ROOT
from tests.services.works import DAY, K, enter, item, look, pay, plan, stage


@pytest.fixture
def village(session: Session) -> Organisation:
    return factories.places(session).village


def test_states_follow_what_happened(session: Session, village: Organisation) -> None:
    project = enter(session, village, approved_on=None)
    seen = [project.state]
    for kind, after in ((K.DECISION, 0), (K.CONTRACT, 30), (K.ACCEPTANCE, 90), (K.FINAL_ACCOUNT, 100)):
        stage(session, project, kind, after)
        seen.append(project.state)
    assert seen == list(ProjectState)[:5]
    assert project.approved_on == DAY

    paid = enter(session, village, number="GC-2")
    pay(session, village, 1, 100, project_id=paid.id)
    assert paid.state == ProjectState.UNDER_WAY


def test_a_cancelled_project_owes_nothing_more(session: Session, village: Organisation) -> None:
    project = enter(session, village)
    stage(session, project, K.DECISION, 0)
    with pytest.raises(BadInput):
        projects.cancel(session, acting=ROOT, project_id=project.id, reason=" ")
    projects.cancel(session, acting=ROOT, project_id=project.id, reason="资金没有落实")
    timeline = look(session, project)

    assert (timeline.state, timeline.missing) == (ProjectState.CANCELLED, [])
    with pytest.raises(Conflict):
        stage(session, project, K.TENDER, 5)


@pytest.mark.parametrize(
    ("kind", "filled", "expected"),
    [
        (DisclosureKind.TENDER_NOTICE, {}, K.TENDER),
        (DisclosureKind.AWARD_NOTICE, {"amount": 9_000_000}, K.AWARD),
        (DisclosureKind.PLAIN, {"stage": "acceptance", "day": "2026-06-01"}, K.ACCEPTANCE),
        (DisclosureKind.PLAIN, {"stage": "会议表决", "votes_for": 30, "votes_against": 1}, K.VOTE),
        (DisclosureKind.PLAIN, {"stage": "payment"}, None),
        (DisclosureKind.PLAIN, {}, None),
    ],
)
def test_a_published_item_adds_its_stage(
    session: Session,
    village: Organisation,
    kind: DisclosureKind,
    filled: dict[str, Any],
    expected: StageKind | None,
) -> None:
    project = enter(session, village)
    published = item(session, village, kind=kind, project_id=project.id, filled=filled)
    added = projects.released(session, acting=ROOT, disclosure=published)
    again = projects.released(session, acting=ROOT, disclosure=published)

    assert (added.kind if added else None) == expected
    assert again is added
    if added is not None:
        assert added.day == (date(2026, 6, 1) if "day" in filled else clock.today())
        assert (added.amount_fen, added.votes_for) == (filled.get("amount"), filled.get("votes_for"))


def test_an_item_without_a_project_adds_nothing(session: Session, village: Organisation) -> None:
    assert projects.released(session, acting=ROOT, disclosure=item(session, village)) is None


def test_what_is_only_proposed_is_not_public(session: Session, village: Organisation) -> None:
    project = enter(session, village, approved_on=None)
    with pytest.raises(NotFound):
        look(session, project, acting=actors.Visitor())
    stage(session, project, K.PROPOSAL, -3, disclosure_id=item(session, village).id)

    assert look(session, project, acting=actors.Visitor()).state == ProjectState.PROPOSED
    assert projects.count(session, acting=actors.Visitor(), village_id=village.id) == 1


def test_only_ledger_keepers_write(session: Session, village: Organisation) -> None:
    project = enter(session, village)
    town = session.get_one(Organisation, village.parent_id)
    for role, place, may in (
        (Role.INFORMATION_OFFICER, village, True),
        (Role.TOWN_INSPECTOR, town, True),
        (Role.LIAISON_OFFICER, village, False),
        (Role.INFORMATION_OFFICER, factories.village(session, town), False),
    ):
        acting = factories.acting(session, factories.officer(session, role, place))
        entry = projects.Entry(K.PROPOSAL, DAY)
        if may:
            projects.add_stage(session, acting=acting, project_id=project.id, entry=entry)
        else:
            with pytest.raises(Forbidden):
                projects.add_stage(session, acting=acting, project_id=project.id, entry=entry)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"number": " "}, "project.number_missing"),
        ({"name": ""}, "project.words_missing"),
        ({"name": "长" * 61}, "project.words_long"),
        ({"description": "联系 13800138000"}, "project.words_personal"),
        ({"planned_start_on": DAY, "planned_end_on": DAY - timedelta(days=1)}, "project.days_reversed"),
        ({"approved_on": date(2199, 1, 1)}, "project.day_to_come"),
        ({"estimate_fen": -1}, "project.amount_negative"),
        ({"contract_id": uuid.uuid4()}, "project.contract_unknown"),
    ],
)
def test_plans_that_are_refused(
    session: Session, village: Organisation, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(BadInput) as refused:
        enter(session, village, **values)
    assert refused.value.code == code


def test_numbers_are_used_once(session: Session, village: Organisation) -> None:
    project = enter(session, village)
    with pytest.raises(Conflict):
        enter(session, village)
    projects.change(session, acting=ROOT, project_id=project.id, plan=plan(name="村道硬化二期"))
    assert project.name == "村道硬化二期"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"kind": K.PAYMENT}, "project.stage_payment"),
        ({"day": date(2199, 1, 1)}, "project.day_to_come"),
        ({"votes_for": -1}, "project.votes_negative"),
        ({"amount_fen": -1}, "project.amount_negative"),
        ({"text": "身份证 330109199003072415"}, "project.words_personal"),
        ({"disclosure_id": uuid.uuid4()}, "project.evidence_unknown"),
    ],
)
def test_stages_that_are_refused(
    session: Session, village: Organisation, values: dict[str, Any], code: str
) -> None:
    project = enter(session, village)
    given: dict[str, Any] = {"kind": K.PROPOSAL, "day": DAY}
    entry = projects.Entry(**(given | values))
    with pytest.raises(BadInput) as refused:
        projects.add_stage(session, acting=ROOT, project_id=project.id, entry=entry)
    assert refused.value.code == code


def test_evidence_of_another_village_or_a_draft_is_refused(session: Session, village: Organisation) -> None:
    project = enter(session, village)
    town = session.get_one(Organisation, village.parent_id)
    elsewhere = item(session, factories.village(session, town))
    draft = item(session, village, state=DisclosureState.DRAFT)
    for one in (elsewhere, draft):
        with pytest.raises(BadInput):
            stage(session, project, K.TENDER, 5, disclosure_id=one.id)


def test_payments_are_linked_once(session: Session, village: Organisation) -> None:
    project, other = enter(session, village), enter(session, village, number="GC-2")
    made = pay(session, village, 40, 100)
    projects.link_payment(session, acting=ROOT, project_id=project.id, payment_id=made.id)
    projects.link_payment(session, acting=ROOT, project_id=project.id, payment_id=made.id)

    assert project.state == ProjectState.UNDER_WAY
    with pytest.raises(Conflict):
        projects.link_payment(session, acting=ROOT, project_id=other.id, payment_id=made.id)
    with pytest.raises(BadInput):
        projects.link_payment(session, acting=ROOT, project_id=project.id, payment_id=made.id + 999)
    with pytest.raises(BadInput):
        pay(session, village, 41, 100, project_id=uuid.uuid4())


def test_changes_stay_in_the_audit_trail(session: Session, village: Organisation) -> None:
    project = enter(session, village, estimate_fen=100)
    projects.change(
        session, acting=ROOT, project_id=project.id, plan=plan(estimate_fen=200, description="加宽")
    )
    rows = session.scalars(
        select(AuditEntry).where(AuditEntry.noun == "project", AuditEntry.action == "changed")
    ).all()

    assert rows[0].data["fields"] == ["description", "estimate_fen"]
    assert (rows[0].data["before"], rows[0].data["after"]) == ({"estimate_fen": 100}, {"estimate_fen": 200})
