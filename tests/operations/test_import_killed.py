"""A worker that is killed in the middle of entering a long file, and the one that comes after it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from app.core.db import Database
from app.core.storage import Storage
from app.models import Export, ImportBatch, Payment
from app.models.interaction import ImportState
from app.services import ledger_imports as imports
from tests import factories
from tests.factories import KEYS
from tests.operations.support import mashang, running
from tests.services.ledger_imports import files
from tests.waiting import eventually

ROWS = 6_000


def test_killed_in_the_middle_it_is_entered_once(database: Database, tmp_path: Path) -> None:
    storage = Storage.in_data_dir(tmp_path)
    shared: dict[str, Any] = {"acting": factories.ROOT, "storage": storage, "keys": KEYS}
    with database.transaction() as session:
        village = factories.places(session).village.name
    data = files.payments(
        village, *((f"记-{at}", "2026-03-05", f"某某{at}店", 12, "纸") for at in range(ROWS))
    )
    with database.transaction() as session:
        key = imports.upload(
            session, kind="payments", data=data, file_name="x.xlsx", queued=False, **shared
        ).id
    with database.transaction() as session:
        imports.apply(session, batch_id=key, queued=True, **shared)

    def seen(of: Any) -> Any:
        with database.reading() as session:
            return session.scalar(of)

    entered = select(func.count()).select_from(Payment)
    state = select(ImportBatch.state).where(ImportBatch.id == key)
    environment = {
        "MASHANG_DATA_DIR": str(tmp_path),
        "MASHANG_DATABASE_URL": database.url,
        "MASHANG_SECRET_KEY": KEYS.master.decode(),
        "MASHANG_LEASE_SECONDS": "5",
    }
    with running(mashang("worker"), environment) as first:
        eventually(lambda: seen(select(Export.done)) > 0, timeout=60, what="rows on their way in")
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
    assert (seen(entered), seen(state)) == (0, ImportState.APPLYING)

    with running(mashang("worker"), environment):
        eventually(lambda: seen(state) is ImportState.APPLIED, timeout=60, what="the file in the ledger")
    assert seen(entered) == ROWS
