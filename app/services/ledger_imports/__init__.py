"""Importing ledgers (台账导入): a bank's list, a 三资 spreadsheet or our own template, read once, told apart
by its headers, looked at, then entered: all of it or its good rows.

reading ─▶ previewed ─ apply ─▶ applying ─▶ applied       refused: no row is good, or the file cannot be taken
   ▲  └──▶ mapping (columns unknown) ─ say ─┐
   └────────────────────────────────────────┘

A repetition is harmless: rows are known by the ledgers' natural keys. Long files are read and entered by the
worker, with progress; everything that one file does is one transaction."""

from app.services.ledger_imports.batches import (
    AT_ONCE,
    MOST_ROWS,
    apply,
    say,
    upload,
)
from app.services.ledger_imports.finance import finance_draft
from app.services.ledger_imports.following import KIND, advance, find, listing, stalled
from app.services.ledger_imports.layouts import AUTO, SKIP, Layout, layout, layouts
from app.services.ledger_imports.papers import empty, faulty, template, templates
from app.services.ledger_imports.running import Choice

__all__ = [
    "AT_ONCE",
    "AUTO",
    "KIND",
    "MOST_ROWS",
    "SKIP",
    "Choice",
    "Layout",
    "advance",
    "apply",
    "empty",
    "faulty",
    "finance_draft",
    "find",
    "layout",
    "layouts",
    "listing",
    "say",
    "stalled",
    "template",
    "templates",
    "upload",
]
