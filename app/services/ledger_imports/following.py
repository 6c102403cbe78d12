"""Which files of ledgers somebody may see, and how far each is."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.models import Export, ImportBatch
from app.models.base import WorkState
from app.models.interaction import ImportState
from app.services import audit
from app.services.access_imports import access_import, visible_imports
from app.services.actors import Actor

KIND = "ledger:"


def find(session: Session, *, acting: Actor, batch_id: uuid.UUID) -> ImportBatch:
    """One batch. Raises NotFound."""
    return access_import(session, acting, batch_id, KIND)


def listing(acting: Actor) -> Select[ImportBatch]:
    """The files that the actor may see, newest first."""
    return (
        select(ImportBatch)
        .where(visible_imports(acting), ImportBatch.kind.startswith(KIND))
        .order_by(ImportBatch.created_at.desc(), ImportBatch.id.desc())
    )


def record(session: Session, acting: Actor, action: str, batch: ImportBatch, **data: Any) -> None:
    """The audit row of a step: counts, no words of the file."""
    audit.record(
        session, acting=acting, action=action, noun="import", noun_id=batch.id, kind=batch.kind, **data
    )


def advance(session: Session, batch: ImportBatch) -> tuple[int, int, str]:
    """How far the worker is: done, total, and what went wrong if it gave up."""
    task = session.get(Export, batch.export_id) if batch.export_id else None
    if task is None or batch.state not in (ImportState.READING, ImportState.APPLYING):
        return batch.done, batch.total, ""
    return task.done, task.total, (task.error_text or "") if task.state == WorkState.FAILED else ""


def stalled(session: Session, batch: ImportBatch) -> bool:
    """Whether the worker gave the file up: then it may be asked again."""
    task = session.get(Export, batch.export_id) if batch.export_id else None
    return task is None or task.state == WorkState.FAILED
