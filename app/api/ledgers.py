"""The ledgers of a village (台账) that have no file of their own: the same routes for each."""

from __future__ import annotations

from app.api.common import router
from app.api.ledger_routes import add_routes
from app.services.ledgers import LEDGERS

api = router("台账")

ELSEWHERE = ("contracts", "payments", "projects")

for _ledger in LEDGERS.values():
    if _ledger.key not in ELSEWHERE:
        add_routes(api, _ledger)
