"""Files that are made in the background: asked for here, made by the worker, fetched here.

pending → claimed → done | failed. While it is made, `done` of `total` shows how far it is."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.errors import AppError, BadInput, Conflict, NotFound
from app.core.logging import get
from app.core.settings import Settings
from app.core.storage import Storage
from app.models import Export
from app.models.base import Json, WorkState
from app.services import access, audit, backtests, claims, qr_export, tasks
from app.services.actors import Actor, System
from app.services.ledger_imports import tasks as ledger_imports

Progress = Callable[[int, int], None]
Maker = Callable[[Database, Settings, Json, Progress], tuple[str, bytes]]
"""Makes a file from (database, settings, the row's `parameters`, progress); returns its name and content.

`progress(done, total)` is called now and then: it shows, and it keeps the claim. It raises `ClaimLost` when
another worker has the row by now; let that pass."""

EXPORTS: dict[str, Maker] = {qr_export.KIND: qr_export.make, backtests.KIND: backtests.make}
OWNED = frozenset({backtests.KIND})  # asked for through their own use case
Task = Callable[[Database, Storage, Settings, Json, Progress], None]
"""Long work that leaves no file, in the same lane and with the same progress."""

TASKS: dict[str, Task] = {ledger_imports.TASK: ledger_imports.work}

log = get(__name__)


class ClaimLost(Exception):
    """The lease ran out and another worker has the row."""


def request(session: Session, *, acting: Actor, kind: str) -> Export:
    """Ask for a file; the worker begins at once. Raises BadInput for an unknown kind."""
    access.require_administrator(acting)
    if kind not in EXPORTS or kind in OWNED:
        raise BadInput("export.kind_unknown", "没有这种导出。", kind=kind)
    return tasks.queue(session, acting=acting, kind=kind)


def listing(acting: Actor) -> Select[Export]:
    """All exports, newest first. For administrators."""
    access.require_administrator(acting)
    return select(Export).order_by(Export.requested_at.desc(), Export.id.desc())


def find(session: Session, *, acting: Actor, export_id: uuid.UUID) -> Export:
    """One export with its progress. Raises NotFound."""
    access.require_administrator(acting)
    export = session.get(Export, export_id)
    if export is None:
        raise NotFound("export.not_found", "没有找到这次导出。")
    return export


def finished_file(session: Session, export_id: uuid.UUID) -> str:
    """The digest of the finished file. Raises Conflict (`export.not_ready`) before that."""
    file = session.scalar(select(Export.file).where(Export.id == export_id))
    if file is None:
        raise Conflict("export.not_ready", "文件还没有做好，请稍后再来取。")
    return file


def make(database: Database, storage: Storage, settings: Settings, row: Export) -> WorkState:
    """Make the file of one claimed row; the state it is in now. A refusal that people can understand is a
    dead letter at once, anything else is tried again when the lease has run out."""
    maker, task = EXPORTS.get(row.kind), TASKS.get(row.kind)
    if maker is None and task is None:
        return _fail(database, row, "export.kind_unknown", f"不认识的导出类型：{row.kind}")

    def progress(done: int, total: int) -> None:
        with database.transaction() as session:
            held = claims.extend(session, row, settings.lease_seconds)
            if not held or not claims.note(session, row, done=done, total=total):
                raise ClaimLost

    file = name = None
    try:
        if task is not None:
            task(database, storage, settings, row.parameters, progress)
        elif maker is not None:
            name, content = maker(database, settings, row.parameters, progress)
            file = storage.put(content)
    except ClaimLost:
        log.warning("export.claim_lost", kind=row.kind)
        return WorkState.CLAIMED
    except AppError as error:
        return _fail(database, row, error.code, error.message)
    with database.transaction() as session:
        if claims.finish(session, row, WorkState.DONE, file=file, file_name=name) and file:
            _made(session, row.id, row.kind)
    return WorkState.DONE


def _fail(database: Database, row: Export, code: str, reason: str) -> WorkState:
    with database.transaction() as session:
        claims.finish(session, row, WorkState.FAILED, error_code=code, error_text=reason)
    log.warning("export.failed", kind=row.kind, code=code)
    return WorkState.FAILED


def run_now(database: Database, storage: Storage, settings: Settings, export_id: uuid.UUID) -> None:
    """Make the file here and now, for commands. A worker that has it too makes the same file; whoever is
    first is kept. Raises NotFound."""
    with database.reading() as session:
        export = find(session, acting=System("exports"), export_id=export_id)
        kind, parameters = export.kind, export.parameters  # a session for reading takes its rows with it
    name, content = EXPORTS[kind](database, settings, parameters, lambda _done, _total: None)
    file = storage.put(content)
    unfinished = update(Export).where(Export.id == export_id, Export.file.is_(None))
    with database.transaction() as session:
        session.execute(unfinished.values(state=WorkState.DONE, file=file, file_name=name))
        _made(session, export_id, kind)


def _made(session: Session, export_id: uuid.UUID, kind: str) -> None:
    acting = System("exports")
    audit.record(session, acting=acting, action="made", noun="export", noun_id=export_id, kind=kind)
