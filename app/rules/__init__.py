"""The early-warning rules (预警规则), one file each. `ALL_RULES` is the list that runs."""

from __future__ import annotations

from typing import Any

from app.rules.asset_no_income import AssetNoIncome
from app.rules.base import Rule
from app.rules.benefit_dead_recipient import DeadRecipient
from app.rules.benefit_exclusive import ExclusiveBenefits
from app.rules.budget_overrun import BudgetOverrun
from app.rules.cash_breach import CashBreach
from app.rules.cash_late_deposit import LateDeposit
from app.rules.contract_expired import ContractExpired
from app.rules.contract_expiring import ContractExpiring
from app.rules.contract_term_too_long import ContractTermTooLong
from app.rules.disclosure_overdue import DisclosureOverdue
from app.rules.fund_balance_gap import FundBalanceGap
from app.rules.labour_person import LabourPerson
from app.rules.labour_share import LabourShare
from app.rules.lease_outsider_no_vote import LeaseOutsiderNoVote
from app.rules.meeting_missing import MeetingMissing
from app.rules.notice_too_short import NoticeTooShort
from app.rules.payee_related import PayeeRelated
from app.rules.payment_duplicate import PaymentDuplicate
from app.rules.payment_split import PaymentSplit
from app.rules.project_changes import ProjectChanges
from app.rules.project_stalled import ProjectStalled
from app.rules.rent_below_peers import RentBelowPeers
from app.rules.rent_overdue import RentOverdue
from app.rules.supplier_repeat import SupplierRepeat
from app.rules.transfer_unapproved import TransferUnapproved
from app.rules.village_silent import VillageSilent
from app.rules.works_untendered import WorksUntendered

ALL_RULES: tuple[Rule[Any], ...] = (
    ContractExpiring(),
    ContractExpired(),
    RentOverdue(),
    AssetNoIncome(),
    ContractTermTooLong(),
    LeaseOutsiderNoVote(),
    RentBelowPeers(),
    LabourShare(),
    LabourPerson(),
    PaymentSplit(),
    WorksUntendered(),
    PaymentDuplicate(),
    PayeeRelated(),
    CashBreach(),
    LateDeposit(),
    TransferUnapproved(),
    BudgetOverrun(),
    ProjectChanges(),
    ProjectStalled(),
    DeadRecipient(),
    ExclusiveBenefits(),
    DisclosureOverdue(),
    NoticeTooShort(),
    VillageSilent(),
    MeetingMissing(),
    SupplierRepeat(),
    FundBalanceGap(),
)


def by_key(key: str) -> Rule[Any] | None:
    """The rule with this key, or None."""
    return next((rule for rule in ALL_RULES if rule.key == key), None)
