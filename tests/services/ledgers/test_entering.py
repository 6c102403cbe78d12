"""Single rows of every ledger: entered as a sheet has them, changed with history, voided, restored."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound
from app.models import AuditEntry, Contract, LedgerChange, Payment
from app.models.governance import MeetingKind, RelationKind
from app.models.holdings import AssetStatus
from app.models.ledgers import AreaUnit, ContractState, ExpenseClass, PartyKind, PaymentMethod
from app.models.organisations import Line, Organisation, OrganisationKind
from app.models.people import Role
from app.services import ledgers
from app.services.ledgers.words import person_digest
from tests import factories as make
from tests.services import works
from tests.services.ledgers.rows import ENTERED, ID_NUMBER, ago, enter, lease, payment, receipt


@pytest.fixture
def village(session: Session) -> Organisation:
    return make.places(session).village


def refused(code: str, session: Session, village: Organisation, key: str, **values: Any) -> AppError:
    with pytest.raises(AppError) as found:
        enter(session, village, key, **values)
    assert found.value.code == code
    return found.value


def change(session: Session, key: str, row: Any, changes: dict[str, Any], **more: Any) -> Any:
    return ledgers.change(
        session,
        acting=make.ROOT,
        ledger=ledgers.ledger(key),
        row_id=row.id,
        changes=changes,
        reason=more.pop("reason", "核对后补填"),
        keys=make.KEYS,
        **more,
    )


@pytest.mark.parametrize("key", ENTERED)
def test_a_row_is_entered_found_and_not_entered_twice(
    session: Session, village: Organisation, key: str
) -> None:
    row = enter(session, village, key, **ENTERED[key])
    ledger = ledgers.ledger(key)
    found = session.scalars(ledgers.listing(make.ROOT, ledger, village_id=village.id)).all()
    assert [one.id for one in found] == [row.id]
    assert found[0].village.name == village.name
    audited = session.scalars(select(AuditEntry).where(AuditEntry.noun_id == str(row.id))).all()
    assert [(one.action, one.noun) for one in audited] == [("entered", ledger.model.__tablename__)]
    with pytest.raises(Conflict):
        enter(session, village, key, **ENTERED[key])


def test_what_is_derived(session: Session, village: Organisation) -> None:
    paid = enter(session, village, "payments", **payment(payee="某某建材 经营部（萧山）"))
    assert (paid.payee_key, paid.payee_kind) == ("某某建材经营部萧山", PartyKind.FIRM)
    assert (paid.expense, paid.method, paid.line) == (ExpenseClass.LABOUR, PaymentMethod.TRANSFER, 1)
    assert paid.purpose_key
    slip = enter(session, village, "labour_slips", **ENTERED["labour_slips"])
    assert (slip.amount_fen, slip.quantity) == (10_001, Decimal("0.50"))
    assert slip.worker_digest == person_digest(make.KEYS, ID_NUMBER)
    asset = enter(session, village, "assets", **ENTERED["assets"])
    assert (asset.status, asset.area, asset.area_unit) == (AssetStatus.LET, Decimal("12.500"), AreaUnit.MU)
    aid = enter(session, village, "benefits", **ENTERED["benefits"])
    assert (aid.period, aid.recipient_key) == ("2026-03", "王某")
    assert enter(session, village, "meetings", **ENTERED["meetings"]).kind == MeetingKind.REPRESENTATIVES
    assert enter(session, village, "relations", **ENTERED["relations"]).kind == RelationKind.SIBLING
    enter(session, village, "households", **ENTERED["households"])
    assert (village.households, village.adults) == (512, 1300)


def test_an_identity_number_is_stored_nowhere(session: Session, village: Organisation) -> None:
    for key in ("labour_slips", "benefits", "deaths", "members"):
        row = enter(session, village, key, **ENTERED[key])
        stored = {name: getattr(row, name) for name in ledgers.ledger(key).attributes}
        assert ID_NUMBER not in json.dumps(stored, default=str)
    row = change(session, "members", row, {"id_number": None, "group_name": "3 组"})
    [(before, after)] = session.execute(select(LedgerChange.before, LedgerChange.after)).all()
    assert before == {"person_digest": "已登记", "group_name": ""}
    assert after == {"person_digest": None, "group_name": "3 组"}


def test_what_is_refused(session: Session, village: Organisation) -> None:
    def no(code: str, key: str, **values: Any) -> None:
        refused(code, session, village, key, **(ENTERED[key] | values))

    no("ledger.field_missing", "payments", category=" ")
    no("payment.amount_wrong", "payments", amount_fen=0)
    no("ledger.day_to_come", "payments", paid_on=ago(-1))
    no("ledger.day_absurd", "payments", paid_on=ago(60 * 365))
    no("ledger.choice_wrong", "payments", method="赊账")
    no("ledger.approvals_wrong", "payments", approvals="2026-03-05")
    no("contract.term_reversed", "contracts", ends_on=ago(401))
    no("contract.amount_negative", "contracts", amount_fen=-1)
    no("ledger.schedule_wrong", "contracts", schedule="明年春天")
    no("ledger.amount_wrong", "receivables", amount_fen=0)
    no("ledger.order_wrong", "receipts", banked_on=ago(11))
    no("ledger.quantity_absurd", "labour_slips", quantity="20")
    no("ledger.id_number_wrong", "deaths", id_number="123")
    no("ledger.id_number_misplaced", "deaths", name=ID_NUMBER)
    no("ledger.period_wrong", "benefits", period="去年")
    no("ledger.votes_wrong", "meetings", votes_abstained=2)
    no("ledger.number_large", "assets", area="100000000")
    no("ledger.text_long", "funds", name="长" * 201)
    no("ledger.link_unknown", "receipts", receivable_number="没有")


def test_links_by_number_and_by_key(session: Session, village: Organisation) -> None:
    contract = enter(session, village, "contracts", **lease())
    project = works.enter(session, village, number="GC-1")
    by_number = enter(
        session, village, "payments", **payment(contract_number="HT-1 ", project_number="GC－1")
    )
    by_key = enter(session, village, "payments", **payment(voucher="记-2", contract_id=contract.id))
    assert (by_number.contract_id, by_number.project_id) == (contract.id, project.id)
    assert by_key.contract_id == contract.id
    elsewhere = make.places(session).village
    refused("payment.contract_unknown", session, elsewhere, "payments", **payment(contract_id=contract.id))
    refused("payment.contract_unknown", session, elsewhere, "payments", **payment(contract_number="HT-1"))
    refused("payment.project_unknown", session, elsewhere, "payments", **payment(project_id=uuid.uuid4()))


def test_a_change_keeps_what_was(session: Session, village: Organisation) -> None:
    row = enter(session, village, "payments", **payment(purpose=None))
    seen = row.lock_version
    changed = change(session, "payments", row, {"purpose": "办公楼装修"}, version=seen, reason="补填用途")
    assert changed.purpose == "办公楼装修"
    assert changed.purpose_key
    [made] = ledgers.history(session, acting=make.ROOT, ledger=ledgers.ledger("payments"), row_id=row.id)
    assert (made.before, made.after) == ({"purpose": None}, {"purpose": "办公楼装修"})
    assert (made.reason, made.actor_id) == ("补填用途", "test")
    with pytest.raises(Conflict, match="刚才有人改过"):
        change(session, "payments", row, {"purpose": "别的"}, version=seen)
    same = change(session, "payments", row, {"purpose": "办公楼装修"})
    assert same.lock_version == changed.lock_version
    with pytest.raises(BadInput, match="理由"):
        change(session, "payments", row, {"purpose": "别的"}, reason=" ")


@pytest.mark.parametrize(
    "changes",
    [{"amount_fen": 1}, {"paid_on": ago(31)}, {"payee": "别人"}, {"voucher": "记-9"}],
)
def test_amount_day_and_payee_of_a_payment_never_change(
    session: Session, village: Organisation, changes: dict[str, Any]
) -> None:
    row = enter(session, village, "payments", **payment())
    with pytest.raises(BadInput) as found:
        change(session, "payments", row, changes)
    assert found.value.code == "ledger.fixed"


def test_a_wrong_payment_is_voided_and_entered_anew(session: Session, village: Organisation) -> None:
    ledger = ledgers.ledger("payments")
    wrong = enter(session, village, "payments", **payment())
    ledgers.void(session, acting=make.ROOT, ledger=ledger, row_id=wrong.id, reason="金额录错")
    right = enter(session, village, "payments", **payment(amount_fen=21_000))
    assert (wrong.line, right.line) == (1, 2)
    with pytest.raises(Conflict):
        enter(session, village, "payments", **payment(amount_fen=7))
    counted = session.scalars(ledgers.listing(make.ROOT, ledger, village_id=village.id, voided=False)).all()
    assert counted == [right]
    with pytest.raises(Conflict, match="已经作废"):
        change(session, "payments", wrong, {"purpose": "x"})
    with pytest.raises(Conflict):
        ledgers.void(session, acting=make.ROOT, ledger=ledger, row_id=wrong.id, reason="又")
    ledgers.restore(session, acting=make.ROOT, ledger=ledger, row_id=wrong.id, reason="其实没错")
    assert wrong.voided_at is None
    made = ledgers.history(session, acting=make.ROOT, ledger=ledger, row_id=wrong.id)
    assert sorted(one.reason for one in made) == ["其实没错", "金额录错"]


def test_lines_of_a_voucher(session: Session, village: Organisation) -> None:
    enter(session, village, "payments", **payment())
    assert enter(session, village, "payments", **payment(line=2, amount_fen=5)).line == 2
    refused("payment.voucher_taken", session, village, "payments", **payment(line=2))


def test_a_state_holds_from_a_day(session: Session, village: Organisation) -> None:
    contract = enter(session, village, "contracts", **lease())
    assert (contract.state, contract.state_since) == (ContractState.ACTIVE, ago(400))
    assert contract.counterparty_kind == PartyKind.FIRM
    change(session, "contracts", contract, {"state": "已续签"})
    assert contract.state_since == clock.today()
    over = enter(session, village, "contracts", **lease(number="2", state="已到期", ends_on=ago(40)))
    assert (over.state, over.state_since) == (ContractState.ENDED, ago(40))


def test_lists_are_narrowed(session: Session, village: Organisation) -> None:
    contract = enter(session, village, "contracts", **lease())
    enter(session, village, "payments", **payment(contract_id=contract.id, payee="甲（萧山）公司"))
    enter(
        session,
        village,
        "payments",
        **payment(voucher="记-2", paid_on=ago(5), payee="乙公司", purpose="100%"),
    )
    elsewhere = make.places(session)
    enter(session, elsewhere.village, "payments", **payment())

    def found(**options: Any) -> list[str]:
        query = ledgers.listing(make.ROOT, ledgers.ledger("payments"), **options)
        return [row.voucher for row in session.scalars(query)]

    mine = {"village_id": village.id}
    assert found(**mine) == ["记-2", "记-1"]
    assert found(**mine, since=ago(5)) == ["记-2"]
    assert found(**mine, until=ago(6)) == ["记-1"]
    assert found(**mine, words="甲(萧山)") == ["记-1"]
    assert found(**mine, words="公司 0%") == ["记-2"]
    assert found(**mine, words="_") == []
    assert found(**mine, matching={"contract_id": contract.id}) == ["记-1"]
    assert found(within=elsewhere.town.id) == ["记-1"]


def test_who_sees_and_keeps_which_ledger(session: Session) -> None:
    places = make.places(session)
    for key in ("benefits", "relations", "meetings"):
        enter(session, places.village, key, **ENTERED[key])

    def officer(role: Role, place: Organisation) -> Any:
        return make.acting(session, make.officer(session, role, place))

    def sees(actor: Any) -> set[str]:
        return {
            key
            for key in ("benefits", "relations", "meetings")
            if session.scalars(ledgers.listing(actor, ledgers.ledger(key))).first() is not None
        }

    department = Organisation(
        code="mz", kind=OrganisationKind.DEPARTMENT, name="民政局", parent_id=places.county.id, ancestry=[],
        line=Line.CIVIL_AFFAIRS,
    )  # fmt: skip
    session.add(department)
    session.flush()
    department.ancestry = [*places.county.ancestry, department.id]
    civil_affairs = officer(Role.DEPARTMENT_HANDLER, department)
    assert sees(officer(Role.INFORMATION_OFFICER, places.village)) == {"benefits", "relations", "meetings"}
    assert sees(officer(Role.TOWN_INSPECTOR, places.town)) == {"benefits", "relations", "meetings"}
    assert sees(officer(Role.LIAISON_OFFICER, places.village)) == {"meetings"}
    assert sees(civil_affairs) == {"benefits"}
    assert sees(officer(Role.TOWN_INSPECTOR, make.places(session).town)) == set()

    def keeps(actor: Any, key: str) -> bool:
        try:
            with session.begin_nested():
                ledgers.enter(
                    session, acting=actor, village=places.village, ledger=ledgers.ledger(key),
                    values=ENTERED[key], keys=make.KEYS,
                )  # fmt: skip
        except Forbidden:
            return False
        return True

    assert keeps(civil_affairs, "deaths")
    assert not keeps(civil_affairs, "payments")
    assert not keeps(officer(Role.LIAISON_OFFICER, places.village), "payments")
    assert keeps(officer(Role.INFORMATION_OFFICER, places.village), "payments")
    row = session.scalars(select(Payment)).one()
    with pytest.raises(NotFound):
        ledgers.find(session, acting=civil_affairs, ledger=ledgers.ledger("payments"), row_id=row.id)


def test_a_voided_contract_is_linked_to_nothing_more(session: Session, village: Organisation) -> None:
    contract = enter(session, village, "contracts", **lease())
    kept = enter(session, village, "receipts", **receipt(contract_id=contract.id))
    ledger = ledgers.ledger("contracts")
    ledgers.void(session, acting=make.ROOT, ledger=ledger, row_id=contract.id, reason="重复录入")
    refused("payment.contract_unknown", session, village, "payments", **payment(contract_number="HT-1"))
    assert change(session, "receipts", kept, {"purpose": "租金"}).contract_id == contract.id
    assert session.get_one(Contract, contract.id).voided_because == "重复录入"
