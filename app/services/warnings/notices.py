"""Telling officers, once per change: a notice waits for each of them and goes out with whatever else waits.

waiting ─ sent alone or in a digest → grouped
   │ stays while the warning is muted and through the night, so that nothing is ever lost
   └ cleared or closed meanwhile, or he left his office → dropped
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.core import clock
from app.core.quiet import QuietHours
from app.core.settings import Settings
from app.models import EarlyWarning, Organisation, WarningNotice
from app.models.rules import Colour
from app.models.warnings import NoticeState
from app.services import audit
from app.services.actors import System
from app.services.warnings import messages, muting
from app.services.warnings.messages import Told

ACTING = System("warnings.notify")
LOCK = "warnings.notify"


@dataclass(frozen=True)
class Manner:
    """When officers are told: not in `quiet` hours, and of yellow warnings once a day if `daily`."""

    quiet: QuietHours | None = None
    daily: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Manner:
        """As this installation is set up."""
        return cls(settings.quiet, settings.yellow_daily)


@dataclass(frozen=True)
class Call:
    """That these officers are to be told of one change (`kind:position`) of a warning."""

    warning: EarlyWarning
    change: str
    officers: Sequence[uuid.UUID]


def call(session: Session, calls: Iterable[Call]) -> int:
    """Let notices wait for these officers; how many are new. The same change is never told twice."""
    session.flush()
    rows = [
        {
            "id": uuid.uuid4(),
            "warning_id": one.warning.id,
            "officer_id": officer_id,
            "change": one.change,
            "colour": one.warning.colour,
            "state": NoticeState.WAITING,
            "due_at": clock.now(),
            "dropped_because": "",
        }
        for one in calls
        for officer_id in one.officers
    ]
    if not rows:
        return 0
    added = session.scalars(
        insert(WarningNotice).on_conflict_do_nothing().returning(WarningNotice.id), rows
    ).all()
    return len(added)


def send(session: Session, *, manner: Manner = Manner()) -> int:
    """Send what waits, one message to each officer; how many messages. Two at once: the second waits for the
    first and finds nothing left. A warning that somebody changes at this moment is left for the next time."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(LOCK))))
    muting.refresh(session)
    _drop(session)
    if manner.quiet is not None and manner.quiet.holds(clock.now()):
        return 0
    waiting = _waiting(session)
    if not waiting:
        return 0
    had_yellow = _told_today(session) if manner.daily else frozenset()
    sent = 0
    for officer_id, group in groupby(waiting, key=lambda one: one.notice.officer_id):
        told = list(group)
        red = any(one.warning.colour == Colour.RED for one in told)
        if red or officer_id not in had_yellow:
            sent += _tell(session, officer_id, told)
    if sent:
        audit.record(
            session, acting=ACTING, action="notified", noun="warning", noun_id="waiting", messages=sent
        )
    return sent


def _drop(session: Session) -> None:
    session.execute(
        text(
            """
            UPDATE warning_notice n SET state = 'dropped', dropped_because = CASE
                WHEN w.state IN ('cleared', 'closed') THEN '通知发出前已整改或销号'
                WHEN NOT o.active THEN '工作人员已停用' ELSE '已离开这个岗位' END
            FROM warning w, officer o, organisation v
            WHERE n.state = 'waiting' AND w.id = n.warning_id AND o.id = n.officer_id AND v.id = w.village_id
              AND (w.state = 'closed' OR NOT o.active
                   OR (w.state = 'cleared' AND n.change NOT LIKE 'escalated:%')
                   OR NOT EXISTS (
                       SELECT FROM appointment a JOIN organisation p ON p.id = a.organisation_id
                       WHERE a.officer_id = o.id AND a.since <= :now AND (a.until IS NULL OR a.until > :now)
                         AND (p.id = ANY(v.ancestry) OR p.kind = 'department' AND p.line = w.line
                              AND p.parent_id = ANY(v.ancestry))))
            """
        ),
        {"now": clock.now()},
    )


def _waiting(session: Session) -> list[Told]:
    """What may go out now, by officer, the longest waiting first."""
    town = aliased(Organisation)
    heard = or_(
        EarlyWarning.muted_by == "",
        and_(
            EarlyWarning.muted_by == muting.Mute.VILLAGE_SILENCE,
            WarningNotice.change.startswith("escalated:"),
        ),
    )
    rows = session.execute(
        select(WarningNotice, EarlyWarning, func.concat(town.name, Organisation.name))
        .join(EarlyWarning, EarlyWarning.id == WarningNotice.warning_id)
        .join(Organisation, Organisation.id == EarlyWarning.village_id)
        .join(town, town.id == Organisation.parent_id)
        .where(WarningNotice.state == NoticeState.WAITING, WarningNotice.due_at <= clock.now(), heard)
        .order_by(WarningNotice.officer_id, WarningNotice.due_at, WarningNotice.id)
        .with_for_update(of=[WarningNotice, EarlyWarning], key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return [Told(*row) for row in rows]


def _told_today(session: Session) -> frozenset[uuid.UUID]:
    """Officers whom a message with yellow warnings reached today."""
    yellow = WarningNotice.colour == Colour.YELLOW, WarningNotice.sent_on == clock.today()
    return frozenset(session.scalars(select(WarningNotice.officer_id).where(*yellow).distinct()))


def _tell(session: Session, officer_id: uuid.UUID, told: Sequence[Told]) -> int:
    message = messages.queue(session, officer_id, told)
    session.execute(
        update(WarningNotice)
        .where(WarningNotice.id.in_([one.notice.id for one in told]))
        .values(state=NoticeState.GROUPED, sent_on=clock.today(), message_id=message.id if message else None)
        .execution_options(synchronize_session=False)
    )
    session.connection().execute(
        muting.TABLE.update()
        .where(muting.TABLE.c.id.in_({one.warning.id for one in told}))
        .values(pushed_at=clock.now())
    )
    return int(message is not None)


def seen(session: Session, *, officer_id: uuid.UUID, warning_id: uuid.UUID) -> int:
    """The officer opened the warning; how many notices of it he had not seen yet."""
    mine = (
        WarningNotice.officer_id == officer_id,
        WarningNotice.warning_id == warning_id,
        WarningNotice.seen_at.is_(None),
    )
    found = session.scalars(
        update(WarningNotice).where(*mine).values(seen_at=clock.now()).returning(WarningNotice.id)
    ).all()
    return len(found)


def of(session: Session, warning: EarlyWarning) -> Sequence[WarningNotice]:
    """The notices of a warning, the oldest first."""
    query = select(WarningNotice).where(WarningNotice.warning_id == warning.id)
    return session.scalars(query.order_by(WarningNotice.created_at, WarningNotice.id)).all()
