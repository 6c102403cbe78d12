"""What a setting of the county was before and after a change, who changed it and why (变更记录): one trace
for all nouns that are settings, kept in `setting_history`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import SettingHistory
from app.services.actors import Actor


def lock(session: Session, noun: str, key: str) -> None:
    """Wait for whoever changes the same thing, until the end of the transaction, so that every step of its
    history follows from the one before it."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"{noun}:{key}"))))


def remember(
    session: Session,
    *,
    acting: Actor,
    noun: str,
    key: str,
    reason: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Add one step. No audit row: the use case writes its own."""
    session.add(
        SettingHistory(
            at=clock.now(),
            noun=noun,
            noun_id=key,
            actor_kind=acting.kind,
            actor_id=acting.id,
            reason=reason,
            before=dict(before),
            after=dict(after),
        )
    )


def changes(noun: str, key: str | None = None) -> Select[SettingHistory]:
    """The steps of one thing, or of all of a noun, newest first. Who may read them, the use case asks."""
    query = select(SettingHistory).where(SettingHistory.noun == noun)
    if key is not None:
        query = query.where(SettingHistory.noun_id == key)
    return query.order_by(SettingHistory.at.desc(), SettingHistory.id.desc())
