"""The uploaded workbook of a batch: kept sealed, for a few days, and its name on a download."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import Conflict
from app.core.keys import Keys
from app.core.storage import Storage
from app.models import ImportBatch
from app.models.interaction import ImportState

KEPT_FOR = timedelta(days=3)


@dataclass(frozen=True)
class Template:
    """A workbook to fill in or to look at, and its name."""

    name: str
    content: bytes


def seal(storage: Storage, keys: Keys, key: uuid.UUID, data: bytes) -> str:
    """Store the file of batch `key` so that only this system opens it; the digest of what is stored."""
    sealed = keys.sealer.seal(base64.b64encode(data).decode(), context=_context(key))
    return storage.put(sealed.encode())


def opened(batch: ImportBatch, storage: Storage, keys: Keys) -> bytes:
    """The file as it was uploaded. Raises Conflict (`import.file_gone`) once it was forgotten."""
    if not batch.file:
        raise Conflict("import.file_gone", f"上传的文件只保留 {KEPT_FOR.days} 天，请重新上传。")
    return base64.b64decode(keys.sealer.open(storage.read(batch.file).decode(), context=_context(batch.id)))


def _context(key: uuid.UUID) -> str:
    return f"import:{key}"


def forget(session: Session) -> list[str]:
    """Let go of the files of batches that are applied or a few days old; the digests of files to delete once
    this is committed. Every file was sealed for its batch, so nothing else refers to it."""
    old = select(ImportBatch).where(
        ImportBatch.file != "",
        (ImportBatch.state == ImportState.APPLIED) | (ImportBatch.created_at < clock.now() - KEPT_FOR),
    )
    gone = []
    for batch in session.scalars(old.with_for_update(skip_locked=True)):
        gone.append(batch.file)
        batch.file = ""
    session.flush()
    return gone
