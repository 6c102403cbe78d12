"""When something owed is met: by the published item of the same category and period, or the one that is
linked to the same contract or works; and what a withdrawal does to it."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, false, or_, select, text, true
from sqlalchemy.orm import Session

from app.core import clock
from app.models import Disclosure, DisclosureVersion, Obligation
from app.models.disclosures import DisclosureKind, DisclosureState
from app.models.obligations import ObligationSource, ObligationState
from app.models.projects import StageKind
from app.services import audit
from app.services.actors import Actor
from app.services.obligations import derived, periods
from app.services.obligations.rows import count
from app.services.projects import stages


def met(session: Session, *, acting: Actor, disclosure: Disclosure) -> list[Obligation]:
    """A disclosure has come out: what it meets, open → met, on the day of its publication.

    A monthly, quarterly or yearly item meets the one of its own period; the first of an entry without periods
    that it is owed at all; a re-tender notice that of its
    contract; an item of works that of its stage; any other the event (事项) of its category that is due
    first. Harmless to repeat. To be called in the transaction that publishes."""
    version = session.scalars(
        select(DisclosureVersion).where(
            DisclosureVersion.disclosure_id == disclosure.id,
            DisclosureVersion.number == disclosure.current_version,
        )
    ).one_or_none()
    rows = _matching(session, disclosure, _named_stage(disclosure, version))
    if not rows and disclosure.kind != DisclosureKind.URGENT_NOTICE:
        rows = _events(session, disclosure, version.title if version else "")
    for row in rows:
        meet(session, row, acting=acting, disclosure=disclosure)
    return rows


def meet(session: Session, row: Obligation, *, acting: Actor, disclosure: Disclosure) -> None:
    """Note on a locked open row that this disclosure meets it."""
    published = disclosure.published_at
    row.state = ObligationState.MET
    row.disclosure_id = disclosure.id
    row.met_on = clock.local(published).date() if published else clock.today()
    session.flush()
    record(session, acting, "met", row)


def days_late(row: Obligation, today: date) -> int:
    """Calendar days between the due date and the publication, or `today` while it is open; never negative."""
    if row.state == ObligationState.WAIVED:
        return 0
    return max(0, ((row.met_on or today) - row.due_on).days)


def record(session: Session, acting: Actor, action: str, row: Obligation) -> None:
    """The audit row of a step, with the days late so far."""
    audit.record(
        session,
        acting=acting,
        action=action,
        noun="obligation",
        noun_id=row.id,
        village_id=row.village_id,
        key=row.key,
        state=row.state,
        due_on=row.due_on.isoformat(),
        days_late=max(0, ((row.met_on or clock.today()) - row.due_on).days),
    )


def _named_stage(disclosure: Disclosure, version: DisclosureVersion | None) -> StageKind | None:
    """The stage of works that an item publishes."""
    if disclosure.kind == DisclosureKind.TENDER_NOTICE:
        return StageKind.TENDER
    if disclosure.kind == DisclosureKind.AWARD_NOTICE:
        return StageKind.AWARD
    word = version.filled.get("stage") if version else None
    return stages.named(word) if word else None


def _open(disclosure: Disclosure) -> ColumnElement[bool]:
    return and_(Obligation.village_id == disclosure.village_id, Obligation.state == ObligationState.OPEN)


def _matching(session: Session, disclosure: Disclosure, stage: StageKind | None) -> list[Obligation]:
    """Locked: the open rows of its period, of its contract and of its stage."""
    reasons: list[ColumnElement[bool]] = []
    if disclosure.kind != DisclosureKind.URGENT_NOTICE:
        reasons.append(
            and_(
                Obligation.category_code == disclosure.category_code,
                Obligation.source == ObligationSource.CALENDAR,
                Obligation.period.in_(["", _begun(disclosure)]),
            )
        )
    if disclosure.kind == DisclosureKind.RETENDER_NOTICE and disclosure.contract_id:
        reasons.append(Obligation.key == derived.retender_key(disclosure.contract_id))
    if disclosure.project_id and stage:
        key = derived.stage_key(disclosure.project_id, stage)
        reasons.append(or_(Obligation.key == key, Obligation.key.startswith(f"{key}:")))
    query = (
        select(Obligation)
        .where(_open(disclosure), or_(false(), *reasons))
        .order_by(Obligation.due_on, Obligation.id)
        .with_for_update()
    )
    rows = list(session.scalars(query))
    return _one_change_at_a_time(rows)


def _begun(disclosure: Disclosure) -> str:
    """Its period; "" when that had not begun on the day of publication: nobody can account for it yet."""
    published = clock.local(disclosure.published_at).date() if disclosure.published_at else clock.today()
    if not disclosure.period or periods.read(disclosure.period).first > published:
        return ""
    return disclosure.period


def _one_change_at_a_time(rows: list[Obligation]) -> list[Obligation]:
    """Several changes of the same works may be open: one item publishes the first of them."""
    changes = [row for row in rows if f":{StageKind.CHANGE.value}:" in row.key]
    return [row for row in rows if row not in changes[1:]]


def _events(session: Session, disclosure: Disclosure, title: str) -> list[Obligation]:
    """Locked: the one event of this category that has the same title, else the one that is due first."""
    query = (
        select(Obligation)
        .where(
            _open(disclosure),
            Obligation.category_code == disclosure.category_code,
            Obligation.source == ObligationSource.EVENT,
        )
        .order_by((Obligation.title == title).desc(), Obligation.due_on, Obligation.id)
        .limit(1)
        .with_for_update()
    )
    return list(session.scalars(query))


def reopened(session: Session, *, acting: Actor, disclosure: Disclosure) -> list[Obligation]:
    """A disclosure was withdrawn: what it had met is owed again under its old due date, unless another
    published item of the same period meets it too. To be called in the transaction that withdraws."""
    rows = list(
        session.scalars(
            select(Obligation)
            .where(Obligation.disclosure_id == disclosure.id, Obligation.state == ObligationState.MET)
            .with_for_update()
        )
    )
    for row in rows:
        row.state, row.disclosure_id, row.met_on, row.reminded_at = ObligationState.OPEN, None, None, None
        session.flush()
        record(session, acting, "reopened", row)
        other = _other(session, row, disclosure)
        if other is not None:
            meet(session, row, acting=acting, disclosure=other)
    return rows


def _other(session: Session, row: Obligation, withdrawn: Disclosure) -> Disclosure | None:
    """Another published item that meets a row of the calendar, the earliest one."""
    if row.source != ObligationSource.CALENDAR:
        return None
    return session.scalar(
        select(Disclosure)
        .where(
            Disclosure.village_id == row.village_id,
            Disclosure.category_code == row.category_code,
            Disclosure.period == row.period if row.period else true(),
            Disclosure.state == DisclosureState.PUBLISHED,
            Disclosure.kind != DisclosureKind.URGENT_NOTICE,
            Disclosure.id != withdrawn.id,
        )
        .order_by(Disclosure.published_at, Disclosure.id)
        .limit(1)
    )


# --- over all villages, every night ---------------------------------------------------------------

# Materialised: the planner cannot know how few of the many items belong to an open row, and would otherwise
# ask for each published item by itself.
_FOUND = """
    WITH owed AS MATERIALIZED (
        SELECT id, village_id, category_code, period, source_id, key FROM obligation
        WHERE state = 'open' AND source = '{source}'
    ), found AS (
        SELECT DISTINCT ON (owed.id) owed.id, disclosure.id AS disclosure_id, disclosure.published_at
        FROM owed JOIN {items}
        WHERE disclosure.state = 'published'
        ORDER BY owed.id, disclosure.published_at
    )
    UPDATE obligation
    SET state = 'met', disclosure_id = found.disclosure_id,
        met_on = (found.published_at AT TIME ZONE 'Asia/Shanghai')::date
    FROM found WHERE obligation.id = found.id AND obligation.state = 'open'
"""
_SINCE_IT_BEGAN = """
    (disclosure.published_at AT TIME ZONE 'Asia/Shanghai')::date >= CASE
        WHEN owed.period LIKE '%Q_'
            THEN make_date(left(owed.period, 4)::int, right(owed.period, 1)::int * 3 - 2, 1)
        WHEN owed.period LIKE '____-__'
            THEN make_date(left(owed.period, 4)::int, right(owed.period, 2)::int, 1)
        WHEN owed.period <> '' THEN make_date(owed.period::int, 1, 1)
        ELSE DATE '-infinity' END
"""
_BY_PERIOD = text(
    _FOUND.format(
        source="calendar",
        items="disclosure ON disclosure.village_id = owed.village_id"
        " AND owed.period IN ('', disclosure.period) AND disclosure.category_code = owed.category_code"
        f" AND disclosure.kind <> 'urgent_notice' AND {_SINCE_IT_BEGAN}",
    )
)
_BY_CONTRACT = text(
    _FOUND.format(
        source="contract",
        items="disclosure ON disclosure.contract_id = owed.source_id AND disclosure.kind = 'retender_notice'",
    )
)
_BY_STAGE = text(
    _FOUND.format(
        source="project",
        items="project_stage ON project_stage.project_id = owed.source_id"
        " AND owed.key IN ('project:' || project_stage.project_id || ':' || project_stage.kind,"
        " 'project:' || project_stage.project_id || ':' || 'change:' || project_stage.id)"
        " JOIN disclosure ON disclosure.id = project_stage.disclosure_id",
    )
)


def settle(session: Session) -> int:
    """Find what is published already for rows that are still open: items from before the row was planned, or
    imported ones. How many rows."""
    found = 0
    for statement in (_BY_PERIOD, _BY_CONTRACT, _BY_STAGE):
        found += count(session.execute(statement))
    return found
