"""The outbox: what was sent to whom, what came of it, and sending again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.api.common import Signed, page, problems, router
from app.api.schemas import OfficerRef, OrganisationRef, Out, place
from app.models import OutgoingMessage
from app.models.base import WorkState
from app.models.delivery import Confirmation, MessageKind
from app.services import outbox as service
from app.services.outbox import recipients
from app.web.context import ReadSession, WriteSession
from app.web.paging import After, Limit, Page

api = router("消息")


class MessageOut(Out):
    """A message to an officer or to a villager; villagers and WeChat ids are never named."""

    id: uuid.UUID
    kind: MessageKind
    state: WorkState = Field(
        description="waiting 未送达、pending 待发、done 已发、failed 失败、unknown 结果未知"
    )
    confirmation: Confirmation = Field(description="微信报告的送达结果")
    officer: OfficerRef | None = Field(description="收件人；发给村民的为空")
    village: OrganisationRef | None
    subject_kind: str
    subject_id: str
    channel: str | None
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    confirmed_at: datetime | None
    read_at: datetime | None
    error_code: str | None
    error_text: str | None


@api.get("/outbox", responses=problems(400, 422))
def list_messages(
    acting: Signed,
    session: ReadSession,
    state: Annotated[WorkState | None, Query(description="只看这种状态")] = None,
    kind: Annotated[MessageKind | None, Query(description="只看这类消息")] = None,
    officer: Annotated[uuid.UUID | None, Query(description="只看发给这位工作人员的")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[MessageOut]:
    """消息列表，新的在前。管理员看全部，纪检人员看本辖区，其他人看自己的。"""
    query = service.listing(acting, state=state, kind=kind, officer_id=officer)
    return _page(session, query, after, limit)


@api.get("/outbox/unreached", responses=problems(400, 422))
def list_unreached(
    acting: Signed, session: ReadSession, after: After = None, limit: Limit = 50
) -> Page[MessageOut]:
    """未送达：收件人没有绑定或取消了关注，消息留在他的收件箱里，还没有看。"""
    return _page(session, service.unreached_listing(acting), after, limit)


@api.get("/outbox/{message_id}", responses=problems(404, 422))
def get_message(message_id: uuid.UUID, acting: Signed, session: ReadSession) -> MessageOut:
    """一条消息。"""
    return _out(session, [service.find(session, acting=acting, message_id=message_id)])[0]


@api.post("/outbox/{message_id}/resend", responses=problems(403, 404, 409, 422))
def resend_message(message_id: uuid.UUID, acting: Signed, session: WriteSession) -> MessageOut:
    """重发：失败、结果未知或未送达的。"""
    return _out(session, [service.resend(session, acting=acting, message_id=message_id)])[0]


def _page(session: Session, query: Select[Any], after: str | None, limit: int) -> Page[MessageOut]:
    rows, following = page(
        session,
        query,
        cursor=after,
        limit=limit,
        moment=OutgoingMessage.created_at,
        key=OutgoingMessage.id,
    )
    return Page(items=_out(session, [row[0] for row in rows]), next=following)


def _out(session: Session, rows: Sequence[OutgoingMessage]) -> list[MessageOut]:
    officers, villages = recipients(session, rows)
    return [
        MessageOut(
            id=row.id,
            kind=row.kind,
            state=row.state,
            confirmation=row.confirmation,
            officer=OfficerRef.model_validate(officers[row.officer_id]) if row.officer_id else None,
            village=place(villages[row.village_id]) if row.village_id else None,
            subject_kind=row.subject_kind,
            subject_id=row.subject_id,
            channel=row.channel,
            attempts=row.attempts,
            created_at=row.created_at,
            due_at=row.due_at,
            sent_at=row.sent_at,
            confirmed_at=row.confirmed_at,
            read_at=row.read_at,
            error_code=row.error_code,
            error_text=row.error_text,
        )
        for row in rows
    ]
