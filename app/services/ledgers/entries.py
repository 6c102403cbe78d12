"""Single rows of a ledger: entering, changing with history, voiding and restoring."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core import clock, text
from app.core.errors import BadInput, Conflict
from app.core.keys import Keys
from app.models import LedgerChange, Organisation
from app.services import access_ledgers, audit
from app.services.actors import Actor
from app.services.ledgers import effects, reading, storing
from app.services.ledgers.base import Key, Ledger, Values
from app.services.ledgers.changing import difference, fixed_fault, settle
from app.services.ledgers.finding import find

LONGEST_REASON = 200
DIGESTED = "已登记"


def enter(
    session: Session,
    *,
    acting: Actor,
    village: Organisation,
    ledger: Ledger,
    values: Mapping[str, Any],
    keys: Keys | None = None,
) -> Any:
    """Enter one row; `values` by field key or attribute, links by number or key. What follows from it (works,
    receivables, the receivable that a receipt pays) happens in the same transaction.

    Raises Forbidden for who does not keep this ledger, BadInput with the field in `data` for what is missing
    or wrong, Conflict for a number in use."""
    access_ledgers.require_keeper(session, acting, ledger.model, village.id)
    entry = reading.read(ledger, village.id, values, keys)
    reading.link_up(session, ledger, [entry])
    whole: Values = {name: entry.values.get(name) for name in ledger.attributes}
    for fault in (*entry.faults, *reading.faults(ledger, whole)):
        raise fault
    if ledger.lines and entry.values.get("line") is None:
        whole["line"] = _line(session, ledger, village.id, whole)
    given = {name: value for name, value in whole.items() if value is not None}
    row = ledger.model(village_id=village.id, **given)
    if _taken(session, ledger, village.id, whole):
        raise ledger.taken(whole)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise ledger.taken(whole) from error
    _record(session, acting, "entered", ledger, row)
    effects.many(session, acting, ledger, [row.id])
    return row


def _line(session: Session, ledger: Ledger, village_id: uuid.UUID, whole: Values) -> int:
    """The line of a row that names none: the first of its voucher, or one behind those that were voided.
    Raises Conflict when the voucher has a row that counts."""
    rows = session.execute(_alike(ledger, village_id, whole, leaving_out="line")).all()
    if any(row.voided_at is None for row in rows):
        raise ledger.taken(whole)
    return max((row.line for row in rows), default=0) + 1


def _alike(ledger: Ledger, village_id: uuid.UUID, whole: Values, leaving_out: str = "") -> Select[Any]:
    model = ledger.model
    names = [name for name in ledger.natural if name != leaving_out]
    columns = [model.id, model.voided_at, *([model.line] if ledger.lines else [])]
    query = select(*columns).where(*(getattr(model, name) == whole[name] for name in names))
    return query if "fund_id" in names else query.where(model.village_id == village_id)


def _taken(session: Session, ledger: Ledger, village_id: uuid.UUID, whole: Values, but: Any = None) -> bool:
    query = _alike(ledger, village_id, whole)
    if but is not None:
        query = query.where(ledger.model.id != but)
    return session.execute(query).first() is not None


def change(
    session: Session,
    *,
    acting: Actor,
    ledger: Ledger,
    row_id: Key,
    changes: Mapping[str, Any],
    reason: str,
    version: int | None = None,
    keys: Keys | None = None,
) -> Any:
    """Change a row; before, after and reason stay in its history. An empty value empties an optional field.

    `version` is the one that the caller looked at. Raises NotFound, Forbidden, BadInput (also without a
    reason, and for what never changes once entered), Conflict for a voided row, a number in use, or a row
    that somebody changed since."""
    row = _locked(session, acting, ledger, row_id, version)
    if row.voided_at is not None:
        raise Conflict("ledger.voided", "这条记录已经作废，请先恢复它，或换一个编号。")
    entry = reading.read(ledger, row.village_id, changes, keys)
    reading.link_up(session, ledger, [entry])
    for fault in entry.faults:
        raise fault
    before: Values = {name: getattr(row, name) for name in ledger.attributes}
    empty = {name: storing.blank(ledger.model.__table__, name) for name in entry.erased}
    after = settle(ledger, before, empty | entry.values)
    changed = difference(ledger, before, after)
    if not changed:
        return row
    fixed = fixed_fault(ledger, changed)
    for fault in (*([fixed] if fixed else []), *reading.faults(ledger, after)):
        raise fault
    if set(changed) & set(ledger.natural) and _taken(session, ledger, row.village_id, after, row.id):
        raise ledger.taken(after)
    for name, value in after.items():
        setattr(row, name, value)
    session.flush()
    _changed(session, acting, ledger, row, reason, before, after, changed)
    _record(session, acting, "changed", ledger, row, fields=changed)
    left = [before.get("project_id"), before.get("contract_id") if ledger.key == "receivables" else None]
    effects.many(session, acting, ledger, [row.id], left=left)
    return row


def void(
    session: Session,
    *,
    acting: Actor,
    ledger: Ledger,
    row_id: Key,
    reason: str,
    version: int | None = None,
) -> Any:
    """Declare a row void (作废), with a reason that stays: rules and sums leave it out from now on. Raises as
    `change`, Conflict when it is void already."""
    row = _locked(session, acting, ledger, row_id, version)
    if row.voided_at is not None:
        raise Conflict("ledger.void_already", "这条记录已经作废了。")
    because = _reason(reason)
    row.voided_at, row.voided_because = clock.now(), because
    return _void_changed(session, acting, ledger, row, because, voided=True)


def restore(
    session: Session,
    *,
    acting: Actor,
    ledger: Ledger,
    row_id: Key,
    reason: str,
    version: int | None = None,
) -> Any:
    """Take back that a row was voided. Raises as `change`, Conflict when it is not void."""
    row = _locked(session, acting, ledger, row_id, version)
    if row.voided_at is None:
        raise Conflict("ledger.not_void", "这条记录没有作废，不用恢复。")
    because = _reason(reason)
    row.voided_at, row.voided_because = None, ""
    return _void_changed(session, acting, ledger, row, because, voided=False)


def _void_changed(
    session: Session, acting: Actor, ledger: Ledger, row: Any, reason: str, *, voided: bool
) -> Any:
    session.flush()
    _changed(session, acting, ledger, row, reason, {"voided": not voided}, {"voided": voided}, ["voided"])
    _record(session, acting, "voided" if voided else "restored", ledger, row)
    effects.many(session, acting, ledger, [row.id])
    return row


def _locked(session: Session, acting: Actor, ledger: Ledger, row_id: Key, version: int | None) -> Any:
    row = find(session, acting=acting, ledger=ledger, row_id=row_id, lock=True)
    access_ledgers.require_keeper(session, acting, ledger.model, row.village_id)
    if version is not None and version != row.lock_version:
        raise Conflict("ledger.changed", "刚才有人改过这条记录，请看清楚现在的内容再改。")
    return row


def _reason(reason: str) -> str:
    because = text.one_line(reason)
    if not because or len(because) > LONGEST_REASON:
        raise BadInput(
            "ledger.reason_missing",
            f"请写明理由，最多 {LONGEST_REASON} 个字；理由会留在变更记录里。",
            field="reason",
        )
    return because


def _changed(
    session: Session,
    acting: Actor,
    ledger: Ledger,
    row: Any,
    reason: str,
    before: Values,
    after: Values,
    changed: list[str],
) -> None:
    session.add(
        LedgerChange(
            id=uuid.uuid4(),
            noun=ledger.key,
            noun_id=str(row.id),
            village_id=row.village_id,
            at=clock.now(),
            actor_kind=acting.kind,
            actor_id=acting.id,
            reason=_reason(reason),
            before=shown(before, changed),
            after=shown(after, changed),
        )
    )
    session.flush()


def shown(values: Values, names: list[str]) -> dict[str, Any]:
    """These values for the history: of an identity number only whether there is one."""
    return {
        name: (DIGESTED if values[name] else None)
        if name.endswith("_digest")
        else storing.plain(values[name])
        for name in names
    }


def _record(session: Session, acting: Actor, action: str, ledger: Ledger, row: Any, **data: Any) -> None:
    audit.record(
        session,
        acting=acting,
        action=action,
        noun=ledger.noun,
        noun_id=row.id,
        village_id=row.village_id,
        **data,
    )
