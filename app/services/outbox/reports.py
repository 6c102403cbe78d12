"""What the platform reports of messages that it had accepted (TEMPLATESENDJOBFINISH)."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import database_now
from app.models import OutgoingMessage
from app.models.base import WorkState
from app.models.delivery import Confirmation
from app.services import inbound
from app.services.outbox.rows import new_try, start_anew

TRIES_AFTER_FAILURE = 3


def confirm(session: Session, *, app_id: str, msgid: int, status: str) -> bool:
    """What the platform reports of a message it had accepted (TEMPLATESENDJOBFINISH). False when no message
    has this `msgid` yet.

    The report may overtake the answer that brings us the `msgid`. It is not lost then: the journal of inbound
    messages keeps it until it is used, `deliveries.accepted` looks there, and `deliveries.recover`
    does once more for the case that both transactions were open at once."""
    message = session.scalar(
        select(OutgoingMessage)
        .where(OutgoingMessage.app_id == app_id, OutgoingMessage.msgid == msgid)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if message is None:
        return False
    apply_report(session, message, status)
    return True


def apply_report(session: Session, message: OutgoingMessage, status: str) -> None:
    """Write a report into its message: `success`; `failed:user block` (he refuses messages: waits in his
    inbox); any other failure is tried anew after eleven minutes, three times in all, then a dead letter.

    The report leaves the journal with this: see `services.inbound`."""
    if message.msgid is not None:
        inbound.drop_reports(session, app_id=message.app_id, msgid=message.msgid)
    if message.state is not WorkState.DONE or message.confirmation is not Confirmation.NONE:
        return
    now = clock.now()
    message.confirmed_at = clock.whole_day(now) if message.coarse else now
    reason = re.sub(r"^failed:\s*", "", status.strip())
    if message.coarse:
        message.msgid = None  # the platform counts upwards: its neighbours would tell the minute
    if status.strip() == "success":
        message.confirmation = Confirmation.DELIVERED
    elif reason == "user block":
        message.confirmation = Confirmation.REFUSED
        message.state = WorkState.WAITING
        message.error_code, message.error_text = "platform.user_block", "对方拒收公众号消息。"
    else:
        message.confirmation = Confirmation.FAILED
        message.error_code, message.error_text = "platform.failed", f"微信接收后没有送达：{reason[:100]}"
        if message.attempts < TRIES_AFTER_FAILURE:
            message.state = WorkState.PENDING
            start_anew(message, new_try(message, database_now(session)), keep_error=True)
        else:
            message.state = WorkState.FAILED
    session.flush()
