"""What is owed, which of it could be published, and the notices as offices read them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload

from app.core import clock
from app.core.errors import NotFound
from app.models import ArrearsNotice, AuditEntry, Organisation, Receipt, Receivable
from app.models.supervision import ArrearsState
from app.services import access, access_supervision, county_settings
from app.services.actors import Actor, Officer
from app.services.arrears.states import OPEN


@dataclass(frozen=True)
class Candidate:
    """An overdue receivable without a notice: what is owed (fen) and for how many days it is overdue."""

    receivable: Receivable
    owed_fen: int
    late_days: int


@dataclass(frozen=True)
class Line:
    """A notice with what is owed by now (fen)."""

    notice: ArrearsNotice
    owed_fen: int


def paid_until(day: ColumnElement[date] | date | None = None) -> ColumnElement[int]:
    """SQL over `Receivable`: what came in for it (fen), until a day included."""
    rows = select(func.coalesce(func.sum(Receipt.amount_fen), 0)).where(
        Receipt.receivable_id == Receivable.id, Receipt.voided_at.is_(None)
    )
    if day is not None:
        rows = rows.where(Receipt.received_on <= day)
    return rows.correlate(Receivable).scalar_subquery()


def outstanding(session: Session, receivable_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """What is still owed of each (fen), by all receipts that are in the ledger."""
    rows = session.execute(
        select(Receivable.id, Receivable.amount_fen - paid_until()).where(Receivable.id.in_(receivable_ids))
    )
    return {key: int(owed) for key, owed in rows}


def receivable_of(session: Session, acting: Actor, receivable_id: uuid.UUID) -> Receivable:
    """The receivable, if the actor may read the village's ledgers. Raises NotFound otherwise."""
    query = select(Receivable).where(Receivable.id == receivable_id, _readable(acting))
    found = session.scalar(query)
    if found is None:
        raise NotFound("receivable.not_found", "没有找到这笔应收款，可能链接有误，或不属于您负责的村社。")
    return found


def _readable(acting: Actor) -> access.Condition:
    places = (
        acting.organisations(*access.VILLAGE_ROLES, *access.INSPECTORS) if isinstance(acting, Officer) else ()
    )
    everything = access.is_administrator(acting)
    return Receivable.id.is_not(None) if everything else access.within(Receivable.village_id, places)


def candidates(
    session: Session, *, acting: Actor, village_id: uuid.UUID | None = None, limit: int = 100
) -> list[Candidate]:
    """What could be given notice of today, the longest overdue first."""
    wait = max(int(county_settings.get(session, "arrears.overdue_days")), 1)
    today = clock.today()
    owed = Receivable.amount_fen - paid_until()
    noticed = select(ArrearsNotice.receivable_id).where(ArrearsNotice.state.in_(OPEN))
    query = (
        select(Receivable, owed)
        .where(
            _readable(acting),
            Receivable.voided_at.is_(None),
            Receivable.due_on <= today - timedelta(days=wait),
            owed > 0,
            Receivable.id.not_in(noticed),
        )
        .options(joinedload(Receivable.village).joinedload(Organisation.parent))
        .order_by(Receivable.due_on, Receivable.id)
        .limit(limit)
    )
    if village_id is not None:
        query = query.where(Receivable.village_id == village_id)
    return [Candidate(row, int(left), (today - row.due_on).days) for row, left in session.execute(query)]


def listing(
    acting: Actor, *, village_id: uuid.UUID | None = None, states: Sequence[ArrearsState] = ()
) -> Select[ArrearsNotice]:
    """The notices that the actor may know of, newest first, with receivable, village and town."""
    query = (
        select(ArrearsNotice)
        .where(access_supervision.visible_arrears(acting))
        .options(
            joinedload(ArrearsNotice.receivable),
            joinedload(ArrearsNotice.village).joinedload(Organisation.parent),
        )
    )
    if village_id is not None:
        query = query.where(ArrearsNotice.village_id == village_id)
    if states:
        query = query.where(ArrearsNotice.state.in_(states))
    return query.order_by(ArrearsNotice.created_at.desc(), ArrearsNotice.id.desc())


def find(session: Session, *, acting: Actor, notice_id: uuid.UUID) -> Line:
    """One notice with what is owed by now. Raises NotFound."""
    notice = session.scalar(listing(acting).where(ArrearsNotice.id == notice_id))
    if notice is None:
        notice = access_supervision.access_arrears(session, acting, notice_id)
    return Line(notice, outstanding(session, [notice.receivable_id])[notice.receivable_id])


def history(session: Session, *, acting: Actor, notice_id: uuid.UUID) -> Sequence[AuditEntry]:
    """The steps of a notice in order. Raises NotFound."""
    access_supervision.access_arrears(session, acting, notice_id)
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.noun == "arrears_notice", AuditEntry.noun_id == str(notice_id))
        .order_by(AuditEntry.at, AuditEntry.id)
    ).all()
