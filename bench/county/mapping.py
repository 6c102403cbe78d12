"""Which rule is to find which planted case, and which rules cannot tell where something is never recorded."""

from __future__ import annotations

from collections.abc import Container, Mapping

KINDS: Mapping[str, str] = {
    "expired_used": "contract.expired",
    "ending_unprepared": "contract.expiring",
    "rent_unpaid": "rent.overdue",
    "asset_no_income": "asset.no_income",
    "term_too_long": "contract.term_too_long",
    "outsider_no_vote": "lease.outsider_no_vote",
    "rent_too_low": "rent.below_peers",
    "labour_total": "labour.share",
    "worker_days": "labour.person",
    "worker_two_places": "labour.person",
    "split_purchase": "payment.split",
    "fit_out_untendered": "works.untendered",
    "works_untendered": "works.untendered",
    "project_untendered": "works.untendered",
    "duplicate_invoice": "payment.duplicate",
    "same_twice": "payment.duplicate",
    "related_person": "payee.related",
    "related_firm": "payee.related",
    "cash_large": "cash.breach",
    "cash_day": "cash.breach",
    "late_banking": "cash.late_deposit",
    "cash_kept": "cash.late_deposit",
    "transfer_unapproved": "transfer.unapproved",
    "budget_overrun": "budget.overrun",
    "change_orders": "project.changes",
    "project_stalled": "project.stalled",
    "dead_recipient": "benefit.dead_recipient",
    "exclusive_benefits": "benefit.exclusive",
    "disclosure_late": "disclosure.overdue",
    "short_notice": "notice.too_short",
    "silent": "village.silent",
    "no_meeting": "meeting.missing",
    "one_winner": "supplier.repeat",
    "fund_gap": "fund.balance_gap",
}
GAPS: Mapping[str, tuple[str, ...]] = {
    "no_payments": (
        "labour.share",
        "payment.split",
        "works.untendered",
        "payment.duplicate",
        "payee.related",
        "cash.breach",
        "transfer.unapproved",
        "budget.overrun",
    ),
    "no_purpose": ("works.untendered",),
    "no_approvals": ("transfer.unapproved",),
    "no_banking_day": ("cash.late_deposit",),
    "no_relations": ("payee.related",),
    "no_deaths": ("benefit.dead_recipient",),
    "no_budget": ("budget.overrun",),
    "no_ends": ("contract.expired", "contract.expiring"),
}


def known(rules: Container[str]) -> dict[str, str]:
    """The kinds whose rule there is."""
    return {kind: rule for kind, rule in KINDS.items() if rule in rules}
