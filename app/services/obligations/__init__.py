"""码上知: what every village owes to publish, and by when (应公开事项).

periods    months, quarters and years
planning   due items exist before they are due: of the 10+X list, of leases that end, of approved works
settling   met by what is published, open again when it is withdrawn
handling   events entered by hand; waived by town or county with a public reason
standings  what the public sees: due, published, days late
boards     one screen per town: villages × categories
reminders  the village before, the town after
"""

from app.services.obligations.boards import Board, Cell, TownLine, board, towns
from app.services.obligations.handling import candidates, link, owe, waive
from app.services.obligations.planning import plan
from app.services.obligations.reminders import remind
from app.services.obligations.settling import met, reopened
from app.services.obligations.standings import (
    Filter,
    Row,
    Standing,
    figures,
    listing,
    of_category,
    of_village,
    standing,
)

__all__ = [
    "Board",
    "Cell",
    "Filter",
    "Row",
    "Standing",
    "TownLine",
    "board",
    "candidates",
    "figures",
    "link",
    "listing",
    "met",
    "of_category",
    "of_village",
    "owe",
    "plan",
    "remind",
    "reopened",
    "standing",
    "towns",
    "waive",
]
