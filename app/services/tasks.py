"""Work that the worker does in the background, for use cases that make more of it than a plain file."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from app.core.db import wake_worker
from app.models import Export
from app.models.base import Json
from app.services import audit
from app.services.actors import Actor


def queue(session: Session, *, acting: Actor, kind: str, parameters: Json | None = None) -> Export:
    """Put a task down for the worker, which begins when the transaction is done. The use case has checked who
    asks; `kind` is one of `exports.EXPORTS`."""
    export = Export(
        id=uuid.uuid4(), kind=kind, parameters=parameters or {}, requested_by=f"{acting.kind}:{acting.id}"
    )
    session.add(export)
    session.flush()
    audit.record(session, acting=acting, action="requested", noun="export", noun_id=export.id, kind=kind)
    wake_worker(session)
    return export
