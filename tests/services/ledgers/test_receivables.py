"""What leases make due, what receipts pay, what is left on a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import BorrowedDatabase
from app.jobs.supervision import complete_ledgers
from app.models import Contract, LedgerChange, Payment, Receivable
from app.models.ledgers import ContractState, ExpenseClass, PartyKind, PaymentMethod
from app.models.organisations import Organisation
from app.services import contracts, ledgers
from app.services.ledgers import receivables
from tests import factories as make
from tests.services.ledgers.rows import ago, enter, lease, payment, receipt, receivable
from tests.support import settings_for


@pytest.fixture
def village(session: Session) -> Organisation:
    return make.places(session).village


def owed(session: Session, village: Organisation) -> list[tuple[date, int]]:
    query = select(Receivable).where(Receivable.village_id == village.id, Receivable.voided_at.is_(None))
    rows = session.scalars(query.order_by(Receivable.due_on)).all()
    left = receivables.outstanding(session, [row.id for row in rows])
    return [(row.due_on, left[row.id]) for row in rows]


def two_years(**changes: Any) -> dict[str, Any]:
    plan = f"{ago(100)} 12000；{ago(-265)} 1.3万元 第二年"
    return lease(schedule=plan) | changes


def test_instalments_become_receivables(session: Session, village: Organisation) -> None:
    enter(session, village, "contracts", **two_years())
    assert owed(session, village) == [(ago(100), 1_200_000), (ago(-265), 1_300_000)]
    first, second = session.scalars(select(Receivable).order_by(Receivable.due_on))
    assert (first.number, first.debtor_kind, first.planned) == ("HT-1/01", PartyKind.FIRM, True)
    assert second.title == "村口鱼塘 第二年"


def test_a_yearly_rent_is_due_each_year_from_the_running_one(session: Session, village: Organisation) -> None:
    start = date(clock.today().year - 4, 1, 1)
    enter(
        session, village, "contracts",
        **lease(annual_rent_fen=365_000, starts_on=start, ends_on=date(start.year + 5, 6, 29)),
    )  # fmt: skip
    this = clock.today().year
    assert owed(session, village) == [(date(this, 1, 1), 365_000), (date(this + 1, 1, 1), 180_000)]


def test_other_contracts_and_open_ends(session: Session, village: Organisation) -> None:
    enter(session, village, "contracts", **lease(kind="承租", annual_rent_fen=100))
    assert owed(session, village) == []
    enter(session, village, "contracts", **lease(number="2", annual_rent_fen=100, ends_on=None))
    due = [day for day, _ in owed(session, village)]
    assert due[0] == date(ago(400).year + 1, ago(400).month, ago(400).day)
    assert due[-1] <= clock.today() + receivables.AHEAD


def test_planned_rows_follow_the_contract_until_paid(session: Session, village: Organisation) -> None:
    contract = enter(session, village, "contracts", **two_years())
    paid = enter(session, village, "receipts", **receipt(contract_id=contract.id, amount_fen=400_000))
    first = session.get_one(Receivable, paid.receivable_id)
    assert first.due_on == ago(100)
    change = {"schedule": f"{ago(90)} 9999；{ago(-200)} 8000"}
    ledgers.change(
        session, acting=make.ROOT, ledger=ledgers.ledger("contracts"), row_id=contract.id, changes=change,
        reason="补充协议",
    )  # fmt: skip
    assert owed(session, village) == [(ago(100), 800_000), (ago(-200), 800_000)]
    followed = session.scalars(select(LedgerChange).where(LedgerChange.noun == "receivables")).one()
    assert followed.after["amount_fen"] == 800_000
    contracts.change_state(
        session, acting=make.ROOT, contract_id=contract.id, state=ContractState.CANCELLED, since=ago(5)
    )
    assert contract.state_since == ago(5)
    assert owed(session, village) == [(ago(100), 800_000)]
    contracts.change_state(session, acting=make.ROOT, contract_id=contract.id, state=ContractState.ACTIVE)
    assert owed(session, village) == [(ago(100), 800_000), (ago(-200), 800_000)]


def test_outstanding_on_a_day(session: Session, village: Organisation) -> None:
    row = enter(session, village, "receivables", **receivable())
    for number, (days, fen) in enumerate([(30, 500_000), (10, 600_000), (1, 200_000)]):
        values = receipt(voucher=f"收-{number}", received_on=ago(days), amount_fen=fen, receivable_id=row.id)
        last = enter(session, village, "receipts", **values)

    def left(as_of: date) -> int:
        return receivables.outstanding(session, [row.id], as_of)[row.id]

    assert [left(ago(days)) for days in (31, 30, 10, 1)] == [1_200_000, 700_000, 100_000, 0]
    ledgers.void(session, acting=make.ROOT, ledger=ledgers.ledger("receipts"), row_id=last.id, reason="退回")
    assert left(clock.today()) == 100_000


def test_a_receipt_finds_what_it_pays(session: Session, village: Organisation) -> None:
    first = enter(session, village, "receivables", **receivable())
    for_later = enter(session, village, "receivables", **receivable(number="2", due_on=ago(-200)))
    other = enter(session, village, "receivables", **receivable(number="3", debtor="张三", amount_fen=5000))
    assert enter(session, village, "receipts", **receipt()).receivable_id == first.id
    assert enter(session, village, "receipts", **receipt(voucher="2")).receivable_id is None
    by_name = enter(session, village, "receipts", **receipt(voucher="3", payer="张三（代）", amount_fen=5000))
    assert by_name.receivable_id == other.id
    unclear = enter(session, village, "receipts", **receipt(voucher="4", amount_fen=77))
    assert unclear.receivable_id is None
    named = enter(session, village, "receipts", **receipt(voucher="5", receivable_number="2", amount_fen=7))
    assert named.receivable_id == for_later.id


def test_two_that_fit_are_left_to_people(session: Session, village: Organisation) -> None:
    for number in ("1", "2"):
        enter(session, village, "receivables", **receivable(number=number))
    assert enter(session, village, "receipts", **receipt()).receivable_id is None


def test_old_rows_get_their_derived_columns(borrowed: BorrowedDatabase, tmp_path: Any) -> None:
    with borrowed.transaction() as session:
        village = make.places(session).village
        session.add(
            Payment(
                village_id=village.id, voucher="1", paid_on=ago(5), payee="某某（萧山）公司", amount_fen=5,
                method=PaymentMethod.CASH, category="误工费", purpose="河道保洁",
            )
        )  # fmt: skip
        open_end = lease(annual_rent_fen=100, ends_on=None)
        contract = enter(session, village, "contracts", **open_end)
        long_ago = clock.now() - timedelta(days=1)
        session.get_one(Contract, contract.id).created_at = long_ago
        newest = session.scalars(select(Receivable).order_by(Receivable.due_on.desc())).first()
        session.delete(newest)
    assert complete_ledgers(borrowed, settings_for(tmp_path)) == "rows=1 receivables=1"
    assert complete_ledgers(borrowed, settings_for(tmp_path)) == "rows=0 receivables=0"
    with borrowed.transaction() as session:
        row = session.scalars(select(Payment)).one()
        assert (row.payee_key, row.payee_kind) == ("某某萧山公司", PartyKind.FIRM)
        assert (row.expense, row.purpose_key) == (ExpenseClass.LABOUR, "河道保洁")
        assert row.lock_version == 2


def test_a_new_number_of_a_contract_makes_no_second_debt(session: Session, village: Organisation) -> None:
    contract = enter(session, village, "contracts", **two_years())
    first = session.scalars(select(Receivable).order_by(Receivable.due_on)).first()
    assert first is not None
    enter(session, village, "receipts", **receipt(receivable_id=first.id))
    before = owed(session, village)

    change(session, "contracts", contract, number="HT-9")
    assert owed(session, village) == before
    assert session.scalars(select(Receivable.number).order_by(Receivable.number)).all() == [
        "HT-9/01",
        "HT-9/02",
    ]
    told = session.scalars(select(LedgerChange).where(LedgerChange.noun_id == str(first.id))).one()
    assert (told.before, told.after) == ({"number": "HT-1/01"}, {"number": "HT-9/01"})
    again = enter(session, village, "contracts", **two_years())
    assert session.scalar(select(func.count()).where(Receivable.contract_id == again.id)) == 2


def change(session: Session, key: str, row: Any, **changes: Any) -> None:
    ledgers.change(
        session, acting=make.ROOT, ledger=ledgers.ledger(key), row_id=row.id, changes=changes, reason="核对"
    )


def test_money_that_came_before_the_books_pays_what_they_tell(
    session: Session, village: Organisation
) -> None:
    by_name = enter(session, village, "receipts", **receipt())
    row = enter(session, village, "receivables", **receivable())
    assert by_name.receivable_id == row.id
    [told] = ledgers.history(session, acting=make.ROOT, ledger=ledgers.ledger("receipts"), row_id=by_name.id)
    assert (told.before, told.after) == ({"receivable_id": None}, {"receivable_id": str(row.id)})

    rent = receipt(voucher="2", payer="张三", amount_fen=1_200_000)
    early = enter(session, village, "receipts", **rent)
    enter(session, village, "contracts", **two_years(counterparty="张三", number="HT-3"))
    assert early.receivable_id is not None
    assert early.contract_id is not None


def test_what_somebody_untied_stays_untied(session: Session, village: Organisation) -> None:
    row = enter(session, village, "receivables", **receivable())
    paid = enter(session, village, "receipts", **receipt())
    assert paid.receivable_id == row.id

    change(session, "receipts", paid, receivable_number=None)
    change(session, "receipts", paid, purpose="押金")
    change(session, "receivables", row, title="改名")
    assert paid.receivable_id is None
    change(session, "receipts", paid, receivable_number="YS-1")
    assert paid.receivable_id == row.id


@pytest.mark.timeout(60)
def test_a_name_without_letters_is_complete_as_it_is(borrowed: BorrowedDatabase, tmp_path: Any) -> None:
    with borrowed.transaction() as session:
        village = make.places(session).village
        for voucher in ("1", "2"):
            enter(session, village, "payments", **payment(payee="***", voucher=voucher))
    assert complete_ledgers(borrowed, settings_for(tmp_path)) == "rows=0 receivables=0"
