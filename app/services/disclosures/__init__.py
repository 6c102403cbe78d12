"""码上知: disclosures from draft to public page. Author and reviewer are never the same person.

draft ─ submit ─▶ submitted ─ publish ─▶ published ─ withdraw ─▶ withdrawn (a tombstone stays)
  ▲  ▲               │    └─ approve ─▶ approved ─ its time ─▶ published
  │  └─ call_back ───┤
  └─── returned ◀────┘    a published item may have one correction beside it, see `corrections`
"""

from app.services.disclosures.queries import (
    Item,
    categories,
    counts,
    files,
    item,
    items,
    listing,
    pinned,
    proposal,
    to_review,
    unfinished,
    versions,
)
from app.services.disclosures.states import EDITABLE, PUBLIC, STATE_NAMES, TRANSITIONS
from app.services.disclosures.writing import (
    LONGEST_BODY,
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    LONGEST_URGENT,
    Draft,
    draft,
    revise,
)

# What releasing calls (search, tenders, …) may use the names above; so they come first.
# isort: split
from app.services.disclosures.corrections import (
    drop_correction,
    propose,
    publish_correction,
    return_correction,
    submit_correction,
)
from app.services.disclosures.release import LONGEST_REASON, approve, due, publish, release_due, withdraw
from app.services.disclosures.reminders import remind
from app.services.disclosures.review import LONGEST_REMARK, call_back, send_back, submit

__all__ = [
    "EDITABLE",
    "LONGEST_BODY",
    "LONGEST_REASON",
    "LONGEST_REMARK",
    "LONGEST_SUMMARY",
    "LONGEST_TITLE",
    "LONGEST_URGENT",
    "PUBLIC",
    "STATE_NAMES",
    "TRANSITIONS",
    "Draft",
    "Item",
    "approve",
    "call_back",
    "categories",
    "counts",
    "draft",
    "drop_correction",
    "due",
    "files",
    "item",
    "items",
    "listing",
    "pinned",
    "proposal",
    "propose",
    "publish",
    "publish_correction",
    "release_due",
    "remind",
    "return_correction",
    "revise",
    "send_back",
    "submit",
    "submit_correction",
    "to_review",
    "unfinished",
    "versions",
    "withdraw",
]
