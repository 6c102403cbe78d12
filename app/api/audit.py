"""The audit trail."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import Field, JsonValue

from app.api.common import Signed, page, problems, router
from app.api.schemas import NO_NUL, Day, Out
from app.core import clock
from app.models import AuditEntry
from app.services import audit as service
from app.web.context import ReadSession
from app.web.paging import After, Limit, Page

api = router("审计")

Key = Annotated[str | None, Query(max_length=80, pattern=NO_NUL)]


class AuditOut(Out):
    """Who did what to which thing. Times about anonymous complaints are whole days."""

    id: uuid.UUID
    at: datetime
    actor_kind: str = Field(examples=["officer"])
    actor_id: str | None
    action: str = Field(examples=["accepted"])
    noun: str = Field(examples=["complaint"])
    noun_id: str
    village_id: uuid.UUID | None
    data: dict[str, JsonValue]


@api.get("/audit", responses=problems(400, 403, 422))
def list_audit(
    acting: Signed,
    session: ReadSession,
    noun: Key = None,
    noun_id: Key = None,
    actor: Key = None,
    since: Annotated[Day | None, Query(alias="from", description="从这一天起")] = None,
    until: Annotated[Day | None, Query(alias="to", description="到这一天为止（含）")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[AuditOut]:
    """操作记录，新的在前。管理员看全部，纪检人员看本辖区。"""
    query = service.listing(
        acting,
        noun=noun,
        noun_id=noun_id,
        actor=actor,
        since=clock.at(since) if since else None,
        until=clock.at(until + timedelta(days=1)) if until else None,
    )
    rows, following = page(session, query, cursor=after, limit=limit, moment=AuditEntry.at, key=AuditEntry.id)
    return Page(items=[AuditOut.model_validate(row[0]) for row in rows], next=following)
