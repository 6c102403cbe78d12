"""Long files are read and entered by the worker, in its lane for exports: `done` of `total` of the task's row
show how far it is. A worker that dies in the middle leaves nothing behind: all it wrote is one transaction,
and the next one begins anew."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import AppError, Forbidden
from app.core.keys import Keys
from app.core.settings import Settings
from app.core.storage import Storage
from app.models import ImportBatch
from app.models.base import Json
from app.models.interaction import ImportState
from app.services import officers, tasks
from app.services.actors import Actor, Administrator
from app.services.imports.files import opened
from app.services.ledger_imports import following

TASK = "ledger_import"
STEPS = {"read": ImportState.READING, "apply": ImportState.APPLYING}


def queue(session: Session, *, acting: Actor, batch: ImportBatch, step: str) -> None:
    """Have the worker do a step of this file, whose state says that it waits for it."""
    parameters = {"batch": str(batch.id), "step": step}
    batch.export_id = tasks.queue(session, acting=acting, kind=TASK, parameters=parameters).id
    session.flush()


def work(
    database: Database,
    storage: Storage,
    settings: Settings,
    parameters: Json,
    progress: Callable[[int, int], None],
) -> None:
    """Do the step, in one transaction. A file that cannot be taken is refused with the reason; whoever comes
    second finds the step done. Raises what `progress` raises."""
    from app.services.ledger_imports import batches  # it queues, this does

    keys = Keys.of(settings.key)
    key, step = uuid.UUID(parameters["batch"]), str(parameters["step"])
    try:
        with database.transaction() as session:
            batch = session.get_one(ImportBatch, key, with_for_update=True)
            if batch.state is not STEPS[step]:
                return
            acting = _uploader(session, batch)
            data = opened(batch, storage, keys)
            todo = batches.look if step == "read" else batches.enter
            todo(session, acting=acting, batch=batch, data=data, keys=keys, progress=progress)
    except AppError as problem:
        with database.transaction() as session:
            refused = session.get_one(ImportBatch, key, with_for_update=True)
            if refused.state is STEPS[step]:
                refused.state = ImportState.REFUSED
                refused.result = {
                    **refused.result,
                    "problem": {"code": problem.code, "message": problem.message},
                }
                following.record(session, _uploader(session, refused), "refused", refused)


def _uploader(session: Session, batch: ImportBatch) -> Actor:
    if batch.officer_id is None:
        return Administrator(batch.requested_by.partition(":")[2])
    officer = officers.acting_officer(session, batch.officer_id)
    if officer is None:
        raise Forbidden("import.not_yours", "上传的人已经停用，没有导入。")
    return officer
