"""What the ledgers ask for: leases that end, approved works."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import time_machine
from sqlalchemy.orm import Session

from app.models import Contract, Project, ProjectStage
from app.models.disclosures import DisclosureKind
from app.models.ledgers import ContractKind, ContractState
from app.models.obligations import ObligationSource, ObligationState
from app.models.projects import ProjectState, StageKind
from app.services import obligations
from tests import factories
from tests.factories import ROOT, Places
from tests.services.obligations.support import TODAY, owed, plan, published


def _retender(contract: Contract) -> str:
    return f"contract:{contract.id}:retender"


def test_a_lease_that_ends_owes_its_retender_notice(session: Session, places: Places) -> None:
    contract = factories.contract(session, places.village, ends_in=20)
    later = factories.contract(session, places.village, ends_in=40)
    plan(session)

    rows = owed(session, places, source=ObligationSource.CONTRACT)
    assert set(rows) == {_retender(contract)}
    row = rows[_retender(contract)]
    assert (row.category_code, row.due_on, row.source_id) == ("tender_notice", contract.ends_on, contract.id)
    assert contract.title not in row.title  # the ledger's words are not public
    assert later.ends_on is not None

    item = published(session, places, "leasing", kind=DisclosureKind.RETENDER_NOTICE, contract_id=contract.id)
    assert [one.id for one in obligations.met(session, acting=ROOT, disclosure=item)] == [row.id]


def test_no_notice_is_owed_where_one_is_out_or_no_lease_runs(session: Session, places: Places) -> None:
    done = factories.contract(session, places.village, ends_in=5)
    published(session, places, "leasing", kind=DisclosureKind.RETENDER_NOTICE, contract_id=done.id)
    factories.contract(session, places.village, ends_in=5).state = ContractState.RENEWED
    factories.contract(session, places.village, ends_in=5).kind = ContractKind.PURCHASE
    session.flush()

    plan(session)

    assert owed(session, places, source=ObligationSource.CONTRACT) == {}


def test_a_renewed_lease_is_waived_with_its_reason(session: Session, places: Places) -> None:
    contract = factories.contract(session, places.village, ends_in=5)
    plan(session)
    contract.state = ContractState.RENEWED
    session.flush()

    plan(session)

    row = owed(session, places)[_retender(contract)]
    assert (row.state, row.waived_because) == (ObligationState.WAIVED, "台账登记：合同已续签。")
    contract.state = ContractState.ACTIVE
    session.flush()
    plan(session)
    session.refresh(row)
    assert (row.state, row.waived_because) == (ObligationState.OPEN, "")


def test_a_longer_term_moves_the_due_date_only_before_it_has_passed(
    session: Session, places: Places, that_day: time_machine.Traveller
) -> None:
    running = factories.contract(session, places.village, ends_in=5)
    over = factories.contract(session, places.village, ends_in=-3)
    plan(session)

    running.ends_on = over.ends_on = TODAY + timedelta(days=25)
    session.flush()
    plan(session)

    rows = owed(session, places)
    assert rows[_retender(running)].due_on == TODAY + timedelta(days=25)
    assert rows[_retender(over)].due_on == TODAY - timedelta(days=3)


def _project(session: Session, places: Places, **values: object) -> Project:
    made = Project(
        id=uuid.uuid4(),
        village_id=places.village.id,
        number="XM-1",
        name="村道修补",
        **{"state": ProjectState.APPROVED, "approved_on": TODAY, **values},
    )
    session.add(made)
    session.flush()
    return made


def _stages(session: Session, places: Places) -> dict[str, date]:
    rows = owed(session, places, source=ObligationSource.PROJECT)
    return {key.split(":", 2)[2].split(":")[0]: row.due_on for key, row in rows.items()}


def test_approved_works_owe_their_stages(session: Session, places: Places) -> None:
    _project(session, places, planned_start_on=date(2026, 12, 1), planned_end_on=date(2027, 2, 1))

    plan(session)

    assert _stages(session, places) == {
        "decision": date(2026, 10, 17),
        "tender": date(2026, 11, 24),
        "contract": date(2026, 12, 1),
        "acceptance": date(2027, 2, 16),
        "final_account": date(2027, 4, 2),
    }
    assert not any(row.provisional for row in owed(session, places, source=ObligationSource.PROJECT).values())


def test_without_planned_days_the_due_dates_are_provisional(session: Session, places: Places) -> None:
    made = _project(session, places)
    plan(session)
    rows = owed(session, places, source=ObligationSource.PROJECT)
    assert {row.key.rsplit(":", 1)[1] for row in rows.values() if row.provisional} == {
        "tender",
        "contract",
        "acceptance",
        "final_account",
    }

    made.planned_end_on = date(2027, 2, 1)
    session.flush()
    plan(session)

    assert _stages(session, places)["acceptance"] == date(2027, 2, 16)


def test_exempt_stages_are_not_owed_and_a_later_exemption_waives(session: Session, places: Places) -> None:
    made = _project(session, places, exempt=["tender"], exempt_because="低于招标限额。")
    plan(session)
    assert "tender" not in _stages(session, places)

    made.exempt = ["tender", "contract"]
    session.flush()
    plan(session)

    row = owed(session, places)[f"project:{made.id}:contract"]
    assert (row.state, row.waived_because) == (
        ObligationState.WAIVED,
        "台账登记：不需要这一步。低于招标限额。",
    )


def test_works_that_are_not_approved_or_cancelled_owe_nothing(session: Session, places: Places) -> None:
    _project(session, places, state=ProjectState.PROPOSED, approved_on=None)
    plan(session)
    assert _stages(session, places) == {}


def test_each_change_is_owed_by_itself(session: Session, places: Places) -> None:
    made = _project(session, places)
    for day in (TODAY, TODAY + timedelta(days=1)):
        session.add(ProjectStage(id=uuid.uuid4(), project_id=made.id, kind=StageKind.CHANGE, day=day))
    session.flush()
    session.expire_all()
    plan(session)
    changes = [row for key, row in owed(session, places).items() if ":change:" in key]
    assert sorted(row.due_on for row in changes) == [
        TODAY + timedelta(days=7),
        TODAY + timedelta(days=8),
    ]

    item = published(session, places, "small_works", project_id=made.id, filled={"stage": "变更"})
    met = obligations.met(session, acting=ROOT, disclosure=item)

    assert [row.due_on for row in met] == [TODAY + timedelta(days=7)]


def test_a_tender_notice_meets_the_tender_of_its_works(session: Session, places: Places) -> None:
    made = _project(session, places)
    plan(session)

    item = published(session, places, "small_works", project_id=made.id, kind=DisclosureKind.TENDER_NOTICE)
    rows = obligations.met(session, acting=ROOT, disclosure=item)

    assert [row.key for row in rows] == [f"project:{made.id}:tender"]


def test_a_stage_that_was_published_before_is_found(session: Session, places: Places) -> None:
    made = _project(session, places)
    item = published(session, places, "small_works", project_id=made.id, filled={"stage": "decision"})
    session.add(
        ProjectStage(
            id=uuid.uuid4(), project_id=made.id, kind=StageKind.DECISION, day=TODAY, disclosure_id=item.id
        )
    )
    session.flush()
    session.expire_all()

    plan(session)

    assert owed(session, places)[f"project:{made.id}:decision"].disclosure_id == item.id
