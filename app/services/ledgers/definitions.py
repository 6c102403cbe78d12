"""All ledgers by their keys, in the order in which the desk shows them."""

from __future__ import annotations

from app.core.errors import NotFound
from app.services.ledgers.base import Ledger
from app.services.ledgers.collecting import RECEIPTS, RECEIVABLES
from app.services.ledgers.governance import HOUSEHOLDS, MEETINGS, MEMBERS, RELATIONS
from app.services.ledgers.holdings import ASSETS, BUDGETS, FUND_STATEMENTS, FUNDS
from app.services.ledgers.trade import CONTRACTS, PAYMENTS
from app.services.ledgers.welfare import BENEFITS, DEATHS, LABOUR_SLIPS
from app.services.ledgers.works import PROJECTS

LEDGERS: dict[str, Ledger] = {
    ledger.key: ledger
    for ledger in (
        CONTRACTS,
        PAYMENTS,
        RECEIVABLES,
        RECEIPTS,
        PROJECTS,
        ASSETS,
        FUNDS,
        FUND_STATEMENTS,
        BUDGETS,
        LABOUR_SLIPS,
        BENEFITS,
        DEATHS,
        MEETINGS,
        MEMBERS,
        RELATIONS,
        HOUSEHOLDS,
    )
}


def ledger(key: str) -> Ledger:
    """The ledger of this key. Raises NotFound."""
    found = LEDGERS.get(key)
    if found is None:
        raise NotFound("ledger.not_found", "没有这本台账，请从台账列表进入。", ledger=key)
    return found
