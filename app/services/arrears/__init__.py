"""The arrears board (精准监督): overdue rent on its way to the village page, and off it when it is paid.

prepared ─serve─▶ served ─publish (the named day, approved by a second person)─▶ published ─paid─▶ removed
    └──────────────┴── paid ──▶ settled        cancelled ◀── cancel (prepared, served, published)

The debtor is told the day before anything is shown. Firms stand there by name, persons by surname and group.
What is outstanding is always computed from the receipts; an entry goes as soon as nothing is. Offices keep
the history. The county can switch the board off.
"""

from app.services.arrears.board import Entry, board, publish_due, settle
from app.services.arrears.letter import letter
from app.services.arrears.preparing import approve, cancel, prepare, serve
from app.services.arrears.queries import Candidate, Line, candidates, find, history, listing
from app.services.arrears.states import STATE_NAMES

__all__ = [
    "STATE_NAMES",
    "Candidate",
    "Entry",
    "Line",
    "approve",
    "board",
    "cancel",
    "candidates",
    "find",
    "history",
    "letter",
    "listing",
    "prepare",
    "publish_due",
    "serve",
    "settle",
]
