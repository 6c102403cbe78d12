"""The ledgers of villages (台账): one declaration each, single rows with history, many rows at once."""

from app.services.ledgers.backfilling import backfill
from app.services.ledgers.base import Field, Ledger
from app.services.ledgers.bulk import Written, upsert_many
from app.services.ledgers.definitions import LEDGERS, ledger
from app.services.ledgers.entries import change, enter, restore, void
from app.services.ledgers.finding import find, history, listing, moment_of

__all__ = [
    "LEDGERS",
    "Field",
    "Ledger",
    "Written",
    "backfill",
    "change",
    "enter",
    "find",
    "history",
    "ledger",
    "listing",
    "moment_of",
    "restore",
    "upsert_many",
    "void",
]
