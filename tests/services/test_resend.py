"""Sending again what was put off: at once if it never left, not while it would be dropped as a repetition."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.core.errors import Conflict
from app.services import claims, deliveries, outbox
from tests.services.test_outbox import ADMIN, APP, bound_officer, claim_one, put, sent


@pytest.mark.parametrize("coarse", [False, True])
def test_what_was_put_off_can_be_sent_now(session: Session, coarse: bool) -> None:
    message = put(session, bound_officer(session), coarse=coarse)
    claims.put_back(session, claim_one(session), timedelta(hours=9), error="wechat.45009", counted=False)
    session.expire_all()
    outbox.resend(session, acting=ADMIN, message_id=message.id)
    assert deliveries.sent_by_hand(claim_one(session))


def test_what_would_be_dropped_as_a_repetition_says_so(session: Session) -> None:
    message = sent(session, put(session, bound_officer(session)), 5)
    outbox.confirm(session, app_id=APP, msgid=5, status="failed: system failed")
    with pytest.raises(Conflict) as caught:
        outbox.resend(session, acting=ADMIN, message_id=message.id)
    assert caught.value.code == "message.deferred"
