"""The ledger of payments: amount, day and payee never change; a wrong one is voided and entered anew."""

from __future__ import annotations

from app.api.common import router
from app.api.ledger_routes import add_routes
from app.services.ledgers.trade import PAYMENTS

api = router("收付")
add_routes(api, PAYMENTS)
