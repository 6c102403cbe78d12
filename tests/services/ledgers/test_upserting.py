"""Many rows at once: new ones, the same again, different ones, refused ones."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import ORMExecuteState, Session

from app.core.errors import Forbidden
from app.models import AuditEntry, ImportBatch, LedgerChange, Payment, Project, ProjectStage, Receivable
from app.models.interaction import ImportState
from app.models.ledgers import ContractState
from app.models.organisations import Organisation
from app.models.people import Role
from app.models.projects import ProjectState
from app.services import ledgers
from tests import factories as make
from tests.services.ledgers.rows import ENTERED, Values, ago, lease, payment, receivable


@pytest.fixture
def village(session: Session) -> Organisation:
    return make.places(session).village


def batch(session: Session) -> uuid.UUID:
    made = ImportBatch(
        id=uuid.uuid4(), kind="ledgers", file="f", file_name="f.xlsx", requested_by="test",
        state=ImportState.APPLYING,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


def put(
    session: Session, village: Organisation, key: str, *rows: Values, batch_id: uuid.UUID | None = None
) -> tuple[dict[str, int], dict[int, list[str]]]:
    """What `upsert_many` counts, and the codes of the faults by row."""
    written = ledgers.upsert_many(
        session,
        acting=make.ROOT,
        ledger=key,
        rows=[(village.id, row) for row in rows],
        batch_id=batch_id or batch(session),
        keys=make.KEYS,
    )
    session.expire_all()
    codes = {at: [fault.code for fault in faults] for at, faults in written.faults.items()}
    return {name: count for name, count in written.counts.items() if count}, codes


@pytest.mark.parametrize("key", ENTERED)
def test_repeating_a_row_of_any_ledger_is_harmless(session: Session, village: Organisation, key: str) -> None:
    assert put(session, village, key, ENTERED[key]) == ({"created": 1}, {})
    assert put(session, village, key, ENTERED[key], ENTERED[key])[0] == {"unchanged": 2}
    model = ledgers.ledger(key).model
    assert session.scalar(select(func.count()).select_from(model)) == 1


def test_a_row_that_says_more_is_completed_with_history(session: Session, village: Organisation) -> None:
    put(session, village, "contracts", lease())
    put(session, village, "payments", payment(purpose=None), payment(voucher="记-2"))
    here = batch(session)
    more = payment(contract_number="HT-1", purpose="办公楼装修"), payment(voucher="记-2", purpose=None)
    assert put(session, village, "payments", *more, batch_id=here) == ({"changed": 1, "unchanged": 1}, {})
    changed, same = session.scalars(select(Payment).order_by(Payment.voucher))
    assert (changed.purpose, same.purpose) == ("办公楼装修", "三月份河道保洁")
    assert changed.lock_version == 2
    [history] = session.scalars(select(LedgerChange))
    assert history.before == {"purpose": None, "contract_id": None}
    assert history.after == {"purpose": "办公楼装修", "contract_id": str(changed.contract_id)}
    assert (history.batch_id, history.noun_id) == (here, str(changed.id))


def test_what_never_changes_becomes_a_fault(session: Session, village: Organisation) -> None:
    put(session, village, "payments", payment())
    assert put(session, village, "payments", payment(amount_fen=1)) == ({}, {0: ["ledger.fixed"]})
    assert put(session, village, "payments", payment(payee="别人")) == ({}, {0: ["ledger.fixed"]})
    spelled = payment(payee="某某建材 经营部")
    assert put(session, village, "payments", spelled) == ({"unchanged": 1}, {})
    assert session.scalars(select(Payment.payee)).all() == ["某某建材经营部"]


def test_good_rows_go_in_beside_wrong_ones(session: Session, village: Organisation) -> None:
    rows = (
        payment(),
        payment(voucher="记-2", amount_fen=-5),
        payment(voucher="记-3", project_number="没有", paid_on=None),
        payment(voucher="记-4"),
        payment(voucher="记-4", category="办公费"),
    )
    counts, faults = put(session, village, "payments", *rows)
    assert counts == {"created": 2}
    assert faults == {
        1: ["payment.amount_wrong"],
        2: ["payment.project_unknown"],
        4: ["payment.voucher_taken"],
    }


def test_lines_of_one_voucher_in_any_order(session: Session, village: Organisation) -> None:
    one, two = payment(line=1), payment(line=2, payee="乙公司", amount_fen=7)
    assert put(session, village, "payments", one, two) == ({"created": 2}, {})
    turned = payment(line=1, payee="乙公司", amount_fen=7), payment(line=2)
    assert put(session, village, "payments", *turned) == ({"unchanged": 2}, {})
    assert put(session, village, "payments", payment(line=3, amount_fen=9)) == ({"created": 1}, {})


def test_lines_that_come_in_two_parts_of_one_file(session: Session, village: Organisation) -> None:
    here = batch(session)
    assert put(session, village, "payments", payment(line=1), batch_id=here)[0] == {"created": 1}
    assert put(session, village, "payments", payment(line=2), batch_id=here)[0] == {"created": 1}
    again = put(session, village, "payments", payment(line=1), payment(line=2))
    assert again == ({"unchanged": 2}, {})


def test_a_voided_row_stays_voided(session: Session, village: Organisation) -> None:
    put(session, village, "payments", payment())
    put(session, village, "contracts", lease())
    for key in ("payments", "contracts"):
        ledger = ledgers.ledger(key)
        row = session.scalars(ledgers.listing(make.ROOT, ledger, village_id=village.id)).one()
        ledgers.void(session, acting=make.ROOT, ledger=ledger, row_id=row.id, reason="录错")
    assert put(session, village, "payments", payment()) == ({"unchanged": 1}, {})
    assert put(session, village, "payments", payment(amount_fen=8)) == ({"created": 1}, {})
    assert put(session, village, "payments", payment(amount_fen=8)) == ({"unchanged": 1}, {})
    assert put(session, village, "contracts", lease()) == ({"unchanged": 1}, {})
    assert put(session, village, "contracts", lease(title="别的")) == ({}, {0: ["ledger.voided"]})


def test_a_state_that_a_sheet_changes_holds_from_today(session: Session, village: Organisation) -> None:
    put(session, village, "contracts", lease())
    assert put(session, village, "contracts", lease(state="已解除"))[0] == {"changed": 1}
    contract = session.scalars(ledgers.listing(make.ROOT, ledgers.ledger("contracts"))).one()
    assert (contract.state, contract.state_since) == (ContractState.CANCELLED, ago(0))


def test_works_are_entered_and_completed(session: Session, village: Organisation) -> None:
    row: dict[str, Any] = {"number": "GC-1", "name": "村道硬化", "estimate_fen": 5_000_000}
    assert put(session, village, "projects", row) == ({"created": 1}, {})
    more = row | {"approved_on": ago(90), "changed_on": ago(20), "change_fen": 100_000, "accepted_on": ago(5)}
    assert put(session, village, "projects", more) == ({"changed": 1}, {})
    assert put(session, village, "projects", more) == ({"unchanged": 1}, {})
    project = session.scalars(select(Project)).one()
    assert (project.state, project.estimate_fen) == (ProjectState.ACCEPTED, 5_000_000)
    assert session.scalar(select(func.count()).select_from(ProjectStage)) == 2
    named = {"number": "GC-2", "name": "找13800138000修路"}
    assert put(session, village, "projects", named) == ({}, {0: ["project.words_personal"]})
    assert put(session, village, "payments", payment(project_number="GC-1"))[0] == {"created": 1}


def test_receivables_of_its_own_replace_the_planned_ones(session: Session, village: Organisation) -> None:
    put(session, village, "contracts", lease(annual_rent_fen=1_200_000))
    planned = session.scalars(select(Receivable)).all()
    assert len(planned) > 1
    put(session, village, "receivables", receivable(contract_number="HT-1"))
    left = session.scalars(select(Receivable).where(Receivable.voided_at.is_(None))).all()
    assert [row.number for row in left] == ["YS-1"]


def test_one_audit_row_for_a_call_and_none_for_strangers(session: Session, village: Organisation) -> None:
    put(session, village, "payments", payment(), payment(voucher="2"), payment(voucher="3", amount_fen=0))
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.noun == "payment"))
    assert (entry.action, entry.data) == ("imported", {"refused": 1, "rows": {"created": 2}})
    stranger = make.acting(session, make.officer(session, Role.TOWN_INSPECTOR, make.places(session).town))
    with pytest.raises(Forbidden):
        ledgers.upsert_many(
            session,
            acting=stranger,
            ledger="payments",
            rows=[(village.id, payment(voucher="9"))],
            batch_id=None,
            keys=make.KEYS,
        )


def test_somebody_else_is_faster(session: Session, village: Organisation) -> None:
    """A row that appears between looking and inserting is compared like one that was there."""
    here = batch(session)
    seen: list[bool] = []

    def meanwhile(state: ORMExecuteState) -> None:
        if state.is_insert and not seen:
            seen.append(True)
            put(session, village, "payments", payment(purpose=None))

    event.listen(session, "do_orm_execute", meanwhile)
    counts, faults = put(session, village, "payments", payment(), payment(voucher="记-2"), batch_id=here)
    event.remove(session, "do_orm_execute", meanwhile)
    assert seen
    assert (counts, faults) == ({"created": 1, "changed": 1}, {})
    assert session.scalar(select(func.count()).select_from(Payment)) == 2
