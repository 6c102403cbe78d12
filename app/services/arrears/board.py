"""The public board, and the two jobs that put entries on it and take them off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.models import ArrearsNotice, Organisation, Receivable
from app.models.supervision import ArrearsState
from app.services import county_settings
from app.services.actors import System
from app.services.arrears.queries import outstanding, paid_until
from app.services.arrears.states import OPEN, S, move

PAID = "已缴清"
BATCH = 200


@dataclass(frozen=True)
class Entry:
    """One line that everybody reads: who, for what, since when, and what is owed by now (fen)."""

    debtor: str
    title: str
    due_on: date
    late_days: int
    owed_fen: int
    published_on: date


def board(session: Session, village: Organisation) -> list[Entry]:
    """What the village page shows, the longest overdue first; nothing while the county has switched the
    board off. What is paid by now is not shown, whether the job has been there or not."""
    if not county_settings.get(session, "arrears.enabled"):
        return []
    owed = Receivable.amount_fen - paid_until()
    rows = session.execute(
        select(ArrearsNotice, owed)
        .join(Receivable, Receivable.id == ArrearsNotice.receivable_id)
        .where(
            ArrearsNotice.village_id == village.id,
            ArrearsNotice.state == ArrearsState.PUBLISHED,
            Receivable.voided_at.is_(None),
            owed > 0,
        )
        .order_by(ArrearsNotice.due_on, ArrearsNotice.id)
    )
    today = clock.today()
    return [_entry(notice, int(left), today) for notice, left in rows]


def _entry(notice: ArrearsNotice, owed_fen: int, today: date) -> Entry:
    assert notice.published_at is not None
    return Entry(
        debtor=notice.debtor_shown,
        title=notice.title_shown,
        due_on=notice.due_on,
        late_days=(today - notice.due_on).days,
        owed_fen=owed_fen,
        published_on=clock.local(notice.published_at).date(),
    )


def publish_due(session: Session) -> int:
    """Put on the page what was served and approved and whose day has come, a batch at most; how many. What
    was paid meanwhile is settled instead. Nothing happens while the board is switched off."""
    if not county_settings.get(session, "arrears.enabled"):
        return 0
    acting = System("arrears.publish")
    approved = ArrearsNotice.approved_by.is_not(None)
    due = _claimed(
        session, ArrearsNotice.state == S.SERVED, ArrearsNotice.publish_on <= clock.today(), approved
    )
    owed = outstanding(session, [notice.receivable_id for notice in due])
    for notice in due:
        if owed[notice.receivable_id] <= 0:
            move(session, acting, notice, S.SETTLED, because=PAID)
            continue
        notice.published_at = clock.now()
        move(session, acting, notice, S.PUBLISHED)
    return len(due)


def settle(session: Session) -> int:
    """Take off what is paid (or whose receivable was voided), a batch at most; how many."""
    acting = System("arrears.settle")
    paid = (Receivable.amount_fen <= paid_until()) | Receivable.voided_at.is_not(None)
    keys = select(Receivable.id).where(paid, Receivable.id == ArrearsNotice.receivable_id)
    found = _claimed(session, ArrearsNotice.state.in_(OPEN), keys.correlate(ArrearsNotice).exists())
    for notice in found:
        to = S.REMOVED if notice.state is S.PUBLISHED else S.SETTLED
        move(session, acting, notice, to, because=PAID)
    return len(found)


def _claimed(session: Session, *conditions: object) -> list[ArrearsNotice]:
    query = select(ArrearsNotice).where(*conditions)  # type: ignore[arg-type]
    query = query.order_by(ArrearsNotice.publish_on, ArrearsNotice.id).limit(BATCH)
    return list(session.scalars(query.with_for_update(skip_locked=True)))
