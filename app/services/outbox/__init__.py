"""The outbox (发件箱), which is a person's inbox (收件箱) at the same time.

    waiting ⇄ pending → claimed → done ─ confirmation: delivered
                                  │                    refused → waiting (he blocks our messages)
                                  │                    failed  → pending, at last failed
                                  failed   dead letter with its reason
                                  unknown  handed over, answer lost: a person decides

A use case calls `enqueue` in its own transaction; workers send (`services.deliveries`). `enqueue`, `confirm`
and the releases belong to a use case or an event that leaves the audit row; `resend` leaves its own.

Messages about anonymous matters are `coarse`: every time of theirs is a whole day.
"""

from app.services.outbox.inbox import (
    find,
    inbox,
    listing,
    mark_read,
    recipients,
    resend,
    unreached,
    unreached_listing,
    unread,
    visible,
)
from app.services.outbox.queue import (
    URGENT_KINDS,
    News,
    cleanup,
    enqueue,
    enqueue_each,
    release_waiting,
    suspend,
)
from app.services.outbox.reports import apply_report, confirm
from app.services.outbox.rows import NEW_TRY_AFTER, RELEASE_WITHIN, REPEAT_WINDOW

__all__ = [
    "NEW_TRY_AFTER",
    "RELEASE_WITHIN",
    "REPEAT_WINDOW",
    "URGENT_KINDS",
    "News",
    "apply_report",
    "cleanup",
    "confirm",
    "enqueue",
    "enqueue_each",
    "find",
    "inbox",
    "listing",
    "mark_read",
    "recipients",
    "release_waiting",
    "resend",
    "suspend",
    "unreached",
    "unreached_listing",
    "unread",
    "visible",
]
