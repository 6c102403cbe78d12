"""The audit trail: every service that writes leaves a row in the same transaction."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import AuditEntry
from app.services import access
from app.services.actors import Actor


def record(
    session: Session,
    *,
    acting: Actor,
    action: str,
    noun: str,
    noun_id: object,
    village_id: uuid.UUID | None = None,
    at: datetime | None = None,
    **data: object,
) -> None:
    """Add one audit row: who (`acting`) did what (`action`, a past verb) to which `noun`.

    `at` is given only for anonymous matters, as a whole day. `data` must hold no text of people, no name
    and no secret: keys, codes, states and counts."""
    session.add(
        AuditEntry(
            at=at or clock.now(),
            actor_kind=acting.kind,
            actor_id=acting.id,
            action=action,
            noun=noun,
            noun_id=str(noun_id),
            village_id=village_id,
            data=data,
        )
    )


def listing(
    acting: Actor,
    *,
    noun: str | None = None,
    noun_id: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Select[AuditEntry]:
    """The audit rows that the actor may read, newest first; from `since` on and before `until`.

    Raises Forbidden for anybody below an inspector."""
    access.require_inspector(acting)
    query = select(AuditEntry).where(access.visible_audit(acting))
    wanted = ((AuditEntry.noun, noun), (AuditEntry.noun_id, noun_id), (AuditEntry.actor_id, actor))
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if until is not None:
        query = query.where(AuditEntry.at < until)
    return query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
