"""Messages as people see them: their inbox, the list of the unreached, sending again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from typing import cast as typing_cast

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core import clock
from app.core.db import database_now, wake_worker
from app.core.errors import Conflict, NotFound
from app.models import Complaint, Organisation, OutgoingMessage
from app.models import Officer as OfficerRow
from app.models.base import WorkState
from app.models.delivery import Confirmation, MessageKind
from app.services import access, audit, claims
from app.services.actors import Actor, Officer
from app.services.outbox.rows import (
    about_complaint,
    change,
    day_or,
    new_try,
    reachable,
    recipient,
    start_anew,
)

# A message without a village is in nobody's area: NULL is in no list.
_VILLAGE = typing_cast("InstrumentedAttribute[uuid.UUID]", OutgoingMessage.village_id)
RESENDABLE = (WorkState.FAILED, WorkState.UNKNOWN, WorkState.WAITING)


def inbox(
    session: Session,
    *,
    officer_id: uuid.UUID | None = None,
    villager_id: uuid.UUID | None = None,
    limit: int = 50,
    before: tuple[datetime, uuid.UUID] | None = None,
) -> Sequence[OutgoingMessage]:
    """A person's messages, newest first, sent or not; `before` is (created_at, id) of the last one seen."""
    query = select(OutgoingMessage).where(recipient(officer_id, villager_id))
    return _page(session, query, limit, before)


def unread(
    session: Session, *, officer_id: uuid.UUID | None = None, villager_id: uuid.UUID | None = None
) -> int:
    """How many messages a person has not opened."""
    mine = and_(recipient(officer_id, villager_id), OutgoingMessage.read_at.is_(None))
    return session.scalar(select(func.count()).select_from(OutgoingMessage).where(mine)) or 0


def mark_read(
    session: Session,
    *,
    officer_id: uuid.UUID | None = None,
    villager_id: uuid.UUID | None = None,
    message_id: uuid.UUID | None = None,
    subject_kind: str | None = None,
    subject_id: str | None = None,
) -> int:
    """The person opened a message, or the thing that messages are about. How many became read."""
    wanted = [recipient(officer_id, villager_id), OutgoingMessage.read_at.is_(None)]
    if message_id is not None:
        wanted.append(OutgoingMessage.id == message_id)
    if subject_kind is not None:
        wanted += [OutgoingMessage.subject_kind == subject_kind, OutgoingMessage.subject_id == subject_id]
    return change(session, and_(*wanted), read_at=day_or(clock.now()))


def visible(acting: Actor) -> ColumnElement[bool]:
    """Which messages the actor may know of: administrators all, inspectors those of their area; never one
    about a complaint that he may not know of."""
    if access.is_administrator(acting):
        reach: ColumnElement[bool] = true()
    elif isinstance(acting, Officer):
        within = access.within(_VILLAGE, acting.organisations(*access.INSPECTORS))
        reach = or_(within, OutgoingMessage.officer_id == acting.officer_id)
    else:
        reach = false()
    known = exists().where(Complaint.id == about_complaint(), access.visible_complaints(acting))
    return and_(reach, or_(OutgoingMessage.subject_kind != "complaint", known))


def unreached(
    session: Session,
    *,
    acting: Actor,
    limit: int = 100,
    before: tuple[datetime, uuid.UUID] | None = None,
) -> Sequence[OutgoingMessage]:
    """A page of `unreached_listing`."""
    return _page(session, unreached_listing(acting), limit, before)


def listing(
    acting: Actor,
    *,
    state: WorkState | None = None,
    kind: MessageKind | None = None,
    officer_id: uuid.UUID | None = None,
) -> Select[OutgoingMessage]:
    """The messages that the actor may know of, newest first."""
    query = select(OutgoingMessage).where(visible(acting))
    if state is not None:
        query = query.where(OutgoingMessage.state == state)
    if kind is not None:
        query = query.where(OutgoingMessage.kind == kind)
    if officer_id is not None:
        query = query.where(OutgoingMessage.officer_id == officer_id)
    return query.order_by(OutgoingMessage.created_at.desc(), OutgoingMessage.id.desc())


def unreached_listing(acting: Actor) -> Select[OutgoingMessage]:
    """Messages to officers that wait because nothing reaches them (未送达), newest first."""
    return listing(acting, state=WorkState.WAITING).where(
        OutgoingMessage.officer_id.is_not(None), OutgoingMessage.read_at.is_(None)
    )


def find(session: Session, *, acting: Actor, message_id: uuid.UUID) -> OutgoingMessage:
    """One message. Raises NotFound (`message.not_found`), also for one that the actor may not know of."""
    found = session.scalar(select(OutgoingMessage).where(OutgoingMessage.id == message_id, visible(acting)))
    if found is None:
        raise NotFound("message.not_found", "没有找到这条消息，可能链接有误，或不属于您管理的范围。")
    return found


def recipients(
    session: Session, rows: Sequence[OutgoingMessage]
) -> tuple[dict[uuid.UUID, OfficerRow], dict[uuid.UUID, Organisation]]:
    """The officers and villages that these messages name, by their keys."""
    officer_ids = {row.officer_id for row in rows if row.officer_id}
    village_ids = {row.village_id for row in rows if row.village_id}
    officers = session.scalars(select(OfficerRow).where(OfficerRow.id.in_(officer_ids)))
    villages = session.scalars(select(Organisation).where(Organisation.id.in_(village_ids)))
    return {row.id: row for row in officers}, {row.id: row for row in villages}


def resend(session: Session, *, acting: Actor, message_id: uuid.UUID) -> OutgoingMessage:
    """Send a dead letter, an unknown or a waiting message again, as if it were new; or at once one that was
    put off (day quota, account), if it never left.

    One that the platform had accepted is held back until eleven minutes after, or it would be taken for a
    repetition and dropped. Raises NotFound, or Conflict: `message.not_resendable` (its state),
    `message.deferred` (it will be tried anew by itself and would now be dropped as a repetition),
    `message.unreachable` (the person has no WeChat that we can reach)."""
    message = find(session, acting=acting, message_id=message_id)
    if not reachable(session, message.officer_id, message.villager_id):
        raise Conflict("message.unreachable", "收件人还没有绑定或关注，暂时发不出去；绑定后会自动补发。")
    now = database_now(session)
    reported = message.coarse and message.confirmation is not Confirmation.NONE
    due = new_try(message, now) if reported or message.msgid is not None else now
    states = (*RESENDABLE, WorkState.PENDING) if _put_off(message, now) else RESENDABLE
    if not claims.revive(session, OutgoingMessage, message_id, states):
        raise Conflict("message.not_resendable", "这条消息正在发送或已经送出，不需要重发。")
    start_anew(message, due)
    session.flush()
    audit.record(
        session,
        acting=acting,
        action="message.resent",
        noun="message",
        noun_id=message_id,
        village_id=message.village_id,
        at=clock.whole_day(clock.now()) if message.coarse else None,
    )
    wake_worker(session)
    return message


def _put_off(message: OutgoingMessage, now: datetime) -> bool:
    """Whether a pending message waits for a later time after a refusal. Raises Conflict when it may have left
    before: then only that later time makes it a new one for the platform."""
    later = max(message.due_at, message.lease_until or message.due_at) > now
    if message.state is not WorkState.PENDING or message.error_code is None or not later:
        return False
    if message.sent_at is not None or message.confirmation is not Confirmation.NONE:
        raise Conflict(
            "message.deferred", "这条消息刚交给过微信，现在重发会被当作重复丢弃；稍后系统会自动再发。"
        )
    return True


def _page(
    session: Session,
    query: Select[Any],
    limit: int,
    before: tuple[datetime, uuid.UUID] | None,
) -> Sequence[OutgoingMessage]:
    if before is not None:
        query = query.where(tuple_(OutgoingMessage.created_at, OutgoingMessage.id) < tuple_(*before))
    newest = query.order_by(OutgoingMessage.created_at.desc(), OutgoingMessage.id.desc())
    return session.scalars(newest.limit(limit)).all()
