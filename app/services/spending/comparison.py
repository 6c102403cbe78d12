"""Spending per household beside that of villages of the same size: median and quartiles, never their names.

A peer counts when it has any payment in the time at all; one without a ledger is not a village that spends
nothing. Nothing is smoothed here."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Organisation, Payment
from app.services import peers
from app.services.peers import Middle
from app.services.spending.breakdown import EXPENSES, Sum
from app.services.spending.places import Place
from app.services.spending.slices import NOTHING, Slice, conditions

ALL = ""  # the key of everything together
_Sums = dict[uuid.UUID, dict[str, Sum]]


@dataclass(frozen=True)
class Beside:
    """One class of spending (`key` "" for all): the village's sum, its fen per household (None where the
    households are not known), and the peers' fen per household."""

    key: str
    label: str
    own: Sum
    per_household: float | None
    peers: Middle
    slice: Slice


@dataclass(frozen=True)
class Comparison:
    """A village beside its peers: everything first, then class by class, the largest first."""

    village: Organisation
    lines: tuple[Beside, ...]
    spread_percent: int


def comparable(wanted: Slice) -> Slice:
    """The slice without what no other village can have: its payees, projects and contracts."""
    return wanted.but(payee=None, project=None, contract=None)


def compare(session: Session, *, place: Place, wanted: Slice) -> list[Comparison]:
    """Each village of the place beside its peers, in the order of their codes. Three queries. The place was
    asked for with `places`, which checks access."""
    wanted = comparable(wanted)
    rules = peers.matching(session)
    matched = peers.of(session, place.keys, rules.spread_percent)
    everybody = {*place.keys, *(peer for found in matched.values() for peer in found)}
    households = _households(session, everybody)
    sums = _sums(session, everybody, wanted)
    keeping = _keeping(session, everybody, wanted)
    found = []
    for village in place.villages:
        others = [peer for peer in matched.get(village.id, ()) if peer in keeping and peer in households]
        given = _Given(village, others, households, sums, rules.minimum, wanted)
        lines = tuple(_line(given, key) for key in _keys(sums.get(village.id, {})))
        found.append(Comparison(village, lines, rules.spread_percent))
    return found


@dataclass(frozen=True)
class _Given:
    village: Organisation
    peers: Sequence[uuid.UUID]
    households: dict[uuid.UUID, int]
    sums: _Sums
    minimum: int
    wanted: Slice


def _households(session: Session, villages: set[uuid.UUID]) -> dict[uuid.UUID, int]:
    rows = session.execute(
        select(Organisation.id, Organisation.households).where(
            Organisation.id.in_(villages), Organisation.households > 0
        )
    )
    return {key: int(number) for key, number in rows if number}


def _sums(session: Session, villages: set[uuid.UUID], wanted: Slice) -> _Sums:
    rows = session.execute(
        select(Payment.village_id, Payment.expense, func.sum(Payment.amount_fen), func.count())
        .where(Payment.village_id.in_(villages), *conditions(wanted))
        .group_by(Payment.village_id, Payment.expense)
    )
    found: _Sums = {}
    for village_id, expense, fen, count in rows:
        mine = found.setdefault(village_id, {ALL: Sum(0, 0)})
        mine[expense.value if expense else NOTHING] = Sum(int(fen), count)
        mine[ALL] = Sum(mine[ALL].amount_fen + int(fen), mine[ALL].count + count)
    return found


def _keeping(session: Session, villages: set[uuid.UUID], wanted: Slice) -> set[uuid.UUID]:
    """Which villages have any payment in the time."""
    payment = select(Payment.id).where(
        Payment.village_id == Organisation.id,
        Payment.paid_on.between(wanted.since, wanted.until),
        Payment.voided_at.is_(None),
    )
    rows = session.scalars(select(Organisation.id).where(Organisation.id.in_(villages), payment.exists()))
    return set(rows)


def _keys(mine: dict[str, Sum]) -> list[str]:
    classes = sorted((key for key in mine if key != ALL), key=lambda key: (-mine[key].amount_fen, key))
    return [ALL, *classes]


def _line(given: _Given, key: str) -> Beside:
    own = given.sums.get(given.village.id, {}).get(key, Sum(0, 0))
    homes = given.households
    others = [given.sums.get(peer, {}).get(key, Sum(0, 0)).amount_fen / homes[peer] for peer in given.peers]
    return Beside(
        key=key,
        label="全部支出" if key == ALL else EXPENSES.get(key, "科目未归类"),
        own=own,
        per_household=own.amount_fen / homes[given.village.id] if given.village.id in homes else None,
        peers=peers.middle(others, given.minimum),
        slice=given.wanted if key == ALL else given.wanted.but(expense=key),
    )
