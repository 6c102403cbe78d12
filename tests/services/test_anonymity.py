"""What is kept of delivery reports: nothing that tells the second of a message whose times are whole days."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import BorrowedDatabase, database_now
from app.models import InboundKey, InboundMessage, OutgoingMessage
from app.models.base import WorkState
from app.models.delivery import Confirmation, MessageKind
from app.services import deliveries, inbound, outbox
from app.services.deliveries import Channel, Way
from app.wechat.handlers import Handlers
from tests import factories
from tests.support import settings_for
from tests.vectors.served import Served
from tests.wechat.knocking import APP, knock, sealed
from tests.wechat.samples import event_fields

OPENID = "oReportedPerson"
MSGID = 3557254367693750277


@pytest.fixture
def served(borrowed: BorrowedDatabase, tmp_path: Path) -> Any:
    settings = settings_for(tmp_path)
    with Served(borrowed, Handlers(settings, factories.KEYS)) as served:
        yield served


def claimed(session: Session, *, coarse: bool) -> tuple[OutgoingMessage, Way]:
    """A message in a worker's hands, on its way to a follower."""
    identity = factories.identity(session, app_id=APP)
    officer = factories.officer(session)
    identity.officer_id = officer.id
    session.flush()
    outbox.enqueue(
        session,
        kind=MessageKind.COMPLAINT_ASSIGNED,
        officer_id=officer.id,
        village_id=None,
        subject_kind="complaint",
        subject_id=str(uuid.uuid4()),
        data={},
        path="/desk",
        key=uuid.uuid4().hex,
        coarse=coarse,
    )
    now = database_now(session) + timedelta(seconds=1)
    (row,) = deliveries.claim(session, owner="worker", limit=1, lease_seconds=60, now=now)
    session.expunge(row)
    way = Way(Channel.TEMPLATE, identity.id, APP, identity.openid, "template", {})
    assert deliveries.begin(session, row, way)
    return row, way


def report(served: Served, msgid: object = MSGID) -> None:
    fields = event_fields("TEMPLATESENDJOBFINISH", MsgID=msgid, FromUserName=OPENID, Status="success")
    assert knock(served, sealed(fields)).body == b"success"


def assert_key_tells_the_day_alone(borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        (key,) = session.scalars(select(InboundKey))
        assert (key.inbound_id, key.received_at) == (None, clock.whole_day(clock.now()))


@pytest.mark.parametrize("coarse", [False, True])
def test_a_report_that_is_used_at_once_is_not_kept(
    served: Served, borrowed: BorrowedDatabase, coarse: bool
) -> None:
    with borrowed.transaction() as session:
        row, way = claimed(session, coarse=coarse)
        assert deliveries.accepted(session, row, way, MSGID)
    report(served)
    report(served)
    assert served.journal() == []
    assert_key_tells_the_day_alone(borrowed)
    with borrowed.transaction() as session:
        message = session.get_one(OutgoingMessage, row.id, populate_existing=True)
        assert message.confirmation is Confirmation.DELIVERED


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("slipped", [False, True])
def test_a_report_that_came_early_is_kept_until_it_is_used(
    served: Served, borrowed: BorrowedDatabase, coarse: bool, slipped: bool
) -> None:
    with borrowed.transaction() as session:
        row, way = claimed(session, coarse=coarse)
    report(served)
    (kept,) = served.journal()
    assert (kept.openid, kept.fields["MsgID"]) == ("", str(MSGID))
    assert not {"FromUserName", "CreateTime"} & set(kept.fields)
    assert_key_tells_the_day_alone(borrowed)
    with borrowed.transaction() as session:
        if slipped:  # both transactions were open at once: neither saw the other's row
            accepted = {"state": WorkState.DONE, "app_id": APP, "msgid": MSGID}
            session.execute(update(OutgoingMessage).values(**accepted))
            assert deliveries.recover(session, now=clock.now()) == (1, 0)
        else:
            assert deliveries.accepted(session, row, way, MSGID)
    assert served.journal() == []
    with borrowed.transaction() as session:
        message = session.get_one(OutgoingMessage, row.id, populate_existing=True)
        assert message.confirmation is Confirmation.DELIVERED


@pytest.mark.parametrize("status", ["failed:user block", "failed: system failed", "success"])
def test_no_number_of_the_platform_stays_with_a_coarse_message(session: Session, status: str) -> None:
    row, way = claimed(session, coarse=True)
    assert deliveries.accepted(session, row, way, MSGID)
    assert outbox.confirm(session, app_id=APP, msgid=MSGID, status=status)
    assert session.get_one(OutgoingMessage, row.id, populate_existing=True).msgid is None


@pytest.mark.parametrize("msgid", [2**63, 10**30, "-1", "１２", "²", "abc", ""])
def test_a_number_that_cannot_be_ours_is_ignored(served: Served, msgid: object) -> None:
    report(served, msgid)
    (kept,) = served.journal()
    assert kept.outcome == "ignored"


def test_other_deliveries_keep_their_journal_row(served: Served) -> None:
    knock(served, sealed(event_fields("unsubscribe", FromUserName=OPENID)))
    (kept,) = served.journal()
    assert (kept.openid, kept.outcome) == (OPENID, "handled")


def test_a_report_nobody_used_is_gone_after_an_hour(served: Served, borrowed: BorrowedDatabase) -> None:
    report(served)
    with borrowed.transaction() as session:
        assert inbound.forget_reports(session, now=clock.now() + timedelta(minutes=61)) == 1
        assert session.scalars(select(InboundMessage)).all() == []
