"""Completing rows that were written before their derived columns existed, or beside the services."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services import audit
from app.services.actors import Actor
from app.services.ledgers import storing
from app.services.ledgers.base import Ledger
from app.services.ledgers.definitions import LEDGERS

LIMIT = 5000


def backfill(session: Session, *, acting: Actor, limit: int = LIMIT) -> int:
    """Derive the keys, kinds and classes of at most `limit` rows that have none yet; returns how many. What
    was entered stays as it is, so this is no change and leaves no history. Locks what it writes; two at once
    take different rows."""
    done = 0
    for ledger in LEDGERS.values():
        keys = [name for name in ledger.derived if name.endswith("_key") and name != "purpose_key"]
        if keys and done < limit:
            done += _fill(session, ledger, keys, limit - done)
    if done:
        audit.record(session, acting=acting, action="backfilled", noun="ledger", noun_id="", rows=done)
    return done


def _fill(session: Session, ledger: Ledger, keys: list[str], limit: int) -> int:
    model = ledger.model
    table = model.__table__
    missing = getattr(model, keys[-1]) == ""
    columns = [table.columns[name] for name in ("id", "lock_version", *ledger.attributes)]
    query = select(*columns).where(missing).order_by(table.c.id).limit(limit)
    query = query.with_for_update(skip_locked=True)
    updates: list[dict[str, Any]] = []
    rows = session.execute(query).all()
    while rows and not updates:
        for row in rows:
            values = {name: getattr(row, name) for name in ledger.attributes}
            ledger.derive(values)
            if values[keys[-1]]:  # a name like 「***」 has no key: such a row is complete as it is
                updates.append({**values, "id": row.id, "lock_version": row.lock_version})
        rows = session.execute(query.where(table.c.id > rows[-1].id)).all()
    return storing.overwrite(session, table, ledger.attributes, updates)
