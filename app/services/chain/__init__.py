"""True over time (留痕可验): every publish, correction and withdrawal extends the village's hash chain.

`extend` adds a link, `head` is printed on pages, in bulletins and in receipts, `verify` finds any edit,
deletion or truncation. docs/chain.md says exactly what is hashed."""

from app.services.chain.links import Head, backfill, extend, head, listing, villages_without
from app.services.chain.showing import (
    Evidence,
    Holding,
    Line,
    check,
    check_all,
    evidence,
    holds,
    last_check,
    newest,
)
from app.services.chain.verification import (
    Fault,
    FaultKind,
    Known,
    Verified,
    parse_head,
    verify,
    verify_all,
)

__all__ = [
    "Evidence",
    "Fault",
    "FaultKind",
    "Head",
    "Holding",
    "Known",
    "Line",
    "Verified",
    "backfill",
    "check",
    "check_all",
    "evidence",
    "extend",
    "head",
    "holds",
    "last_check",
    "listing",
    "newest",
    "parse_head",
    "verify",
    "verify_all",
    "villages_without",
]
