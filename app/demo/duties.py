"""What the demo's villages owed to publish over the year, and how they kept to it.

The rows are planned and found met by `services.obligations`, as every night; here only the events are entered
that somebody would have entered by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.core import clock
from app.demo.articles import Pen
from app.demo.months import add_months, month_of
from app.demo.publications import Output
from app.demo.world import Draw
from app.models import AuditEntry, DisclosureCategory, Obligation
from app.models.disclosures import DisclosureState
from app.models.obligations import ObligationSource, ObligationState
from app.services import obligations
from app.services.obligations import planning

FIRST_RUN_DAYS = 366
SETTLED_DAYS = 20  # after the end of a month or quarter, all that was due of it is
# Something happened, and nothing about it is public yet: village → category, title, days ago.
FORGOTTEN = {
    "zhuantangtou": ("approval_result", "水闸管理房改建获批", 16),
    "xiangshu": ("assets_change", "旧会议桌椅报废", 27),
}


def plan(session: Session, draw: Draw) -> None:
    """Plan a year as if it had been planned every night: the first run is noted a year ago, when the items of
    the month before that were out already."""
    settled = add_months(month_of(draw.today), -12) + timedelta(days=SETTLED_DAYS)
    first = max(draw.today - timedelta(days=FIRST_RUN_DAYS), settled)
    session.add(
        AuditEntry(
            id=draw.key(),
            at=clock.at(first, 4),
            actor_kind=planning.ACTING.kind,
            actor_id="obligations.plan",
            action="planned",
            noun=planning.NOUN,
            noun_id=planning.RUN,
            data={},
        )
    )
    session.flush()
    obligations.plan(session, today=draw.today)


def events(pen: Pen, output: Output) -> Iterator[Obligation]:
    """What happened and had to be published: met by its item, or forgotten."""
    for one in output.published:
        happened = one.article.happened_on
        if happened is None or one.row.state != DisclosureState.PUBLISHED:
            continue
        row = _event(pen, one.article.category, one.article.title, happened)
        row.state, row.disclosure_id, row.met_on = ObligationState.MET, one.row.id, one.day
        yield row
    if pen.stage.place.code in FORGOTTEN:
        category, title, days = FORGOTTEN[pen.stage.place.code]
        yield _event(pen, category, title, pen.ago(days))


def _event(pen: Pen, code: str, title: str, happened: date) -> Obligation:
    category: DisclosureCategory = pen.categories[code]
    deadline = planning.due(category, happened, pen.draw.calendar)
    digest = hashlib.sha256(title.encode()).hexdigest()[:16]
    return Obligation(
        id=pen.draw.key(),
        village_id=pen.stage.village.id,
        category_code=code,
        key=f"event:{code}:{happened.isoformat()}:{digest}",
        title=title,
        source=ObligationSource.EVENT,
        due_on=deadline.day,
        provisional=deadline.provisional,
        created_at=pen.draw.moment(happened),
    )
