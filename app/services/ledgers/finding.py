"""Reading ledgers: one row, lists, history. `access_ledgers` says who sees what."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from app.core import text
from app.models import LedgerChange
from app.services import access, access_ledgers
from app.services.actors import Actor
from app.services.ledgers.base import Key, Ledger
from app.services.ledgers.words import name_key


def find(session: Session, *, acting: Actor, ledger: Ledger, row_id: Key, lock: bool = False) -> Any:
    """The row with its village, if the actor may see it; `lock` keeps others from changing it meanwhile.
    Raises NotFound otherwise."""
    model = ledger.model
    query = select(model).where(model.id == row_id, access_ledgers.visible_rows(acting, model))
    query = query.options(joinedload(model.village))
    if lock:
        query = query.with_for_update(of=model).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise ledger.missing()
    return found


def listing(
    acting: Actor,
    ledger: Ledger,
    *,
    village_id: uuid.UUID | None = None,
    within: uuid.UUID | None = None,
    since: date | None = None,
    until: date | None = None,
    words: str = "",
    matching: Mapping[str, Any] | None = None,
    voided: bool | None = None,
) -> Select[Any]:
    """The rows that the actor may see, with their villages, newest first: by the ledger's day, or by entry
    where it has none.

    `within`: an organisation below which the village lies; both days are included; `words` are looked for in
    numbers, names and purposes; `matching`: attributes and what they are (a contract, a state, a method);
    `voided`: only such rows, or only those that count."""
    model = ledger.model
    query = select(model).where(access_ledgers.visible_rows(acting, model)).options(joinedload(model.village))
    if village_id is not None:
        query = query.where(model.village_id == village_id)
    if within is not None:
        query = query.where(access.within(model.village_id, (within,)))
    if ledger.day:
        query = query.where(*_between(getattr(model, ledger.day), since, until))
    for name, value in (matching or {}).items():
        if value is not None:
            query = query.where(getattr(model, name) == value)
    if voided is not None:
        query = query.where(model.voided_at.is_not(None) if voided else model.voided_at.is_(None))
    for word in text.one_line(words).split()[:5]:
        query = query.where(_holds(ledger, word))
    moment = moment_of(ledger)
    return query.order_by(getattr(model, moment).desc(), model.id.desc())


def moment_of(ledger: Ledger) -> str:
    """The attribute by which lists are ordered, newest first, before the key."""
    return ledger.day or "created_at"


def _between(day: Any, since: date | None, until: date | None) -> list[Any]:
    return [
        *([day >= since] if since is not None else []),
        *([day <= until] if until is not None else []),
    ]


def _holds(ledger: Ledger, word: str) -> Any:
    """A word stands in one of the searched attributes; a name also counts as rules compare it."""
    conditions, key = [], name_key(word)
    for name in ledger.searched:
        conditions.append(getattr(ledger.model, name).contains(word, autoescape=True))
        if f"{name}_key" in ledger.derived and key not in ("", word):
            conditions.append(getattr(ledger.model, f"{name}_key").contains(key, autoescape=True))
    return or_(False, *conditions)


def history(session: Session, *, acting: Actor, ledger: Ledger, row_id: Key) -> list[LedgerChange]:
    """What became of a row, the newest first: changes, voiding, restoring, with reasons. Raises NotFound."""
    found = find(session, acting=acting, ledger=ledger, row_id=row_id)
    query = select(LedgerChange).where(LedgerChange.noun == ledger.key, LedgerChange.noun_id == str(found.id))
    return list(session.scalars(query.order_by(LedgerChange.at.desc(), LedgerChange.id.desc())))
