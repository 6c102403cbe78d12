"""What is owed to a village (应收款): made of leases, paid by receipts.

A lease with instalments has one receivable for each; one with only a yearly rent has one for each year of
the lease, due on its first day (先交后用), from the year that runs on the day of entry: what was due before
the contract came into this system is not known to be unpaid. A village that enters the receivables of a
contract itself keeps those, and the planned ones go."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ARRAY, Uuid, any_, cast, func, select, tuple_
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Contract, LedgerChange, Receipt, Receivable
from app.models.income import ReceivableKind
from app.models.ledgers import ContractKind, ContractState
from app.services import audit
from app.services.actors import Actor
from app.services.ledgers import storing
from app.services.ledgers.base import Values
from app.services.ledgers.storing import table_of
from app.services.ledgers.words import name_key, party_kind

FOLLOWS = "随合同变动"
BATCH = 500
AHEAD, MOST_YEARS = timedelta(days=3 * 365), 70
_OF_LEASE = (ReceivableKind.RENT, ReceivableKind.INSTALMENT)
_WHOLE_YEAR = 360  # days: a lease year that is a few days short is still paid in full
_COLUMNS = (
    "id", "village_id", "number", "kind", "title", "contract_id", "debtor", "debtor_key", "debtor_kind",
    "debtor_group", "period_from", "period_to", "due_on", "amount_fen", "planned",
)  # fmt: skip


_FOLLOWING = tuple(
    name for name in _COLUMNS if name not in ("id", "village_id", "number", "kind", "contract_id", "planned")
)


@dataclass(frozen=True)
class Planned:
    """One amount that a lease makes due. Amount in fen."""

    number: str
    kind: ReceivableKind
    title: str
    due_on: date
    amount_fen: int
    period_from: date | None = None
    period_to: date | None = None


def plan_for(contract: Contract, *, today: date | None = None) -> list[Planned]:
    """What a lease makes due, in order; nothing for other contracts, voided ones, or after its end."""
    if contract.kind != ContractKind.LEASE_OUT or contract.voided_at is not None:
        return []
    planned = list(_instalments(contract) if contract.schedule else _years(contract, today or clock.today()))
    if contract.state == ContractState.ACTIVE or contract.state_since is None:
        return planned
    return [one for one in planned if one.due_on < contract.state_since]


def _instalments(contract: Contract) -> Iterator[Planned]:
    for place, one in enumerate(contract.schedule, start=1):
        title = f"{contract.title} {one.get('note') or f'第{place}期'}"
        yield Planned(
            f"{contract.number}/{place:02d}",
            ReceivableKind.RENT,
            title,
            date.fromisoformat(one["due_on"]),
            int(one["amount_fen"]),
        )


def _years(contract: Contract, today: date) -> Iterator[Planned]:
    rent, last = contract.annual_rent_fen, contract.ends_on or today + AHEAD
    entered = clock.local(contract.created_at).date() if contract.created_at else today
    for place in range(MOST_YEARS):
        start = _later(contract.starts_on, place)
        if not rent or start > last:
            return
        end = _later(contract.starts_on, place + 1) - timedelta(days=1)
        if end < entered:
            continue
        until = min(end, contract.ends_on or end)
        days = (until - start).days + 1
        amount = rent if days >= _WHOLE_YEAR else round(rent * days / 365)
        if amount:
            title = f"{contract.title} {start.year} 年租金"
            yield Planned(
                f"{contract.number}/{start.year}", ReceivableKind.RENT, title, start, amount, start, until
            )


def _later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def plan(session: Session, *, acting: Actor, contracts: Sequence[Contract]) -> int:
    """Bring the planned receivables of these contracts up to date; returns how many are new. What something
    was paid on stays as it is; what is owed no longer is voided, with history."""
    leases = {contract.id: contract for contract in contracts if contract.kind == ContractKind.LEASE_OUT}
    if not leases:
        return 0
    there: dict[uuid.UUID, list[Receivable]] = defaultdict(list)
    for row in session.scalars(select(Receivable).where(Receivable.contract_id.in_(leases))):
        assert row.contract_id is not None
        there[row.contract_id].append(row)
    _rename(session, acting, leases, [row for rows in there.values() for row in rows if row.planned])
    paid = _paid(session, [row.id for rows in there.values() for row in rows])
    new: list[dict[str, Any]] = []
    changed = 0
    for key, contract in leases.items():
        wanted = {one.number: one for one in plan_for(contract)}
        if any(not row.planned and row.voided_at is None and row.kind in _OF_LEASE for row in there[key]):
            wanted = {}
        for row in there[key]:
            if row.planned:
                one = wanted.pop(row.number, None)
                changed += row.id not in paid and _follow(session, acting, row, one, contract)
        new += [_row(contract, one) for one in wanted.values()]
    made = storing.insert_new(
        session,
        table_of(Receivable),
        _COLUMNS,
        ("village_id", "number"),
        new,
    )
    if made or changed:
        audit.record(
            session,
            acting=acting,
            action="planned",
            noun="receivable",
            noun_id="",
            new=len(made),
            changed=changed,
        )
    return len(made)


def extend(
    session: Session, *, acting: Actor, after: uuid.UUID | None = None
) -> tuple[int, uuid.UUID | None]:
    """Plan the years that came into view of leases that have no last day, a batch at a time, by key; returns
    how many receivables are new, and where to go on (None at the end)."""
    query = select(Contract).where(
        Contract.kind == ContractKind.LEASE_OUT,
        Contract.state == ContractState.ACTIVE,
        Contract.ends_on.is_(None),
        Contract.annual_rent_fen.is_not(None),
        Contract.voided_at.is_(None),
    )
    if after is not None:
        query = query.where(Contract.id > after)
    leases = session.scalars(query.order_by(Contract.id).limit(BATCH)).all()
    made = plan(session, acting=acting, contracts=leases)
    return made, leases[-1].id if len(leases) == BATCH else None


def _row(contract: Contract, one: Planned) -> dict[str, Any]:
    return {
        "id": uuid.uuid4(),
        "village_id": contract.village_id,
        "contract_id": contract.id,
        "debtor": contract.counterparty,
        "debtor_key": name_key(contract.counterparty),
        "debtor_kind": contract.counterparty_kind or party_kind(contract.counterparty),
        "debtor_group": contract.counterparty_group or "",
        "planned": True,
        **asdict(one),
    }


def _follow(
    session: Session, acting: Actor, row: Receivable, one: Planned | None, contract: Contract
) -> bool:
    """Let an unpaid planned row follow its contract; says whether it changed."""
    before: dict[str, Any] = {name: getattr(row, name) for name in _FOLLOWING}
    before["voided"] = row.voided_at is not None
    if one is None:
        row.voided_at = row.voided_at or clock.now()
        row.voided_because = row.voided_because or FOLLOWS
    else:
        wanted = _row(contract, one)
        for name in _FOLLOWING:
            setattr(row, name, wanted[name])
        if row.voided_because == FOLLOWS:
            row.voided_at, row.voided_because = None, ""
    after = {name: getattr(row, name) for name in _FOLLOWING} | {"voided": row.voided_at is not None}
    different = [name for name in after if after[name] != before[name]]
    if different:
        _tell(session, acting, row, *({name: one_[name] for name in different} for one_ in (before, after)))
    session.flush()
    return bool(different)


def _rename(
    session: Session, acting: Actor, contracts: Mapping[uuid.UUID, Contract], rows: Sequence[Receivable]
) -> None:
    """Let planned rows be called after their contract's new number, paid ones too: else the same rent would
    be planned, and owed, once more."""
    wanted = {}
    for row in rows:
        assert row.contract_id is not None
        number = f"{contracts[row.contract_id].number}/{row.number.rpartition('/')[2]}"
        if number != row.number:
            wanted[row.village_id, number] = row
    if not wanted:
        return
    own = tuple_(Receivable.village_id, Receivable.number)
    query = select(Receivable.village_id, Receivable.number).where(own.in_(list(wanted)))
    for place in wanted.keys() - {(village, number) for village, number in session.execute(query)}:
        row = wanted[place]
        before, row.number = row.number, place[1]
        _tell(session, acting, row, {"number": before}, {"number": row.number})
    session.flush()


def _tell(session: Session, acting: Actor, row: Receivable, before: Values, after: Values) -> None:
    """The history of a row that followed its contract."""
    session.add(
        LedgerChange(
            id=uuid.uuid4(),
            noun="receivables",
            noun_id=str(row.id),
            village_id=row.village_id,
            at=clock.now(),
            actor_kind=acting.kind,
            actor_id=acting.id,
            reason=FOLLOWS,
            before={name: storing.plain(value) for name, value in before.items()},
            after={name: storing.plain(value) for name, value in after.items()},
        )
    )


def _paid(session: Session, keys: Sequence[uuid.UUID]) -> set[uuid.UUID | None]:
    query = select(Receipt.receivable_id).where(
        Receipt.receivable_id == any_(_keys(keys)), Receipt.voided_at.is_(None)
    )
    return set(session.scalars(query)) if keys else set()


def _keys(keys: Iterable[uuid.UUID]) -> Any:
    return cast(list(keys), ARRAY(Uuid()))


def outstanding(
    session: Session, ids: Iterable[uuid.UUID], as_of: date | None = None
) -> dict[uuid.UUID, int]:
    """What is still owed on these receivables at the end of the day `as_of` (today), in fen, never below
    nothing; voided ones owe nothing. One question for all."""
    wanted = list(ids)
    received = (
        select(Receipt.receivable_id, func.sum(Receipt.amount_fen).label("fen"))
        .where(
            Receipt.receivable_id == any_(_keys(wanted)),
            Receipt.voided_at.is_(None),
            Receipt.received_on <= (as_of or clock.today()),
        )
        .group_by(Receipt.receivable_id)
        .subquery()
    )
    query = (
        select(Receivable.id, Receivable.amount_fen, Receivable.voided_at, received.c.fen)
        .outerjoin(received, received.c.receivable_id == Receivable.id)
        .where(Receivable.id == any_(_keys(wanted)))
    )
    return {
        key: 0 if voided_at else max(0, amount - int(paid or 0))
        for key, amount, voided_at, paid in session.execute(query)
    }
