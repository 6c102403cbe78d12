"""What the tests of due items share."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Disclosure, DisclosureCategory, DisclosureVersion, Obligation
from app.models.categories import Cadence, DayUnit
from app.models.disclosures import DisclosureState
from app.services import obligations
from tests.factories import Places

TODAY = date(2026, 10, 12)  # a Monday; the holiday of the first week is over


def rhythm(session: Session, code: str, cadence: Cadence, **values: object) -> None:
    category = session.get_one(DisclosureCategory, code)
    values = {"cadence": cadence, "due_unit": DayUnit.CALENDAR, "in_force_from": None, **values}
    for name, value in values.items():
        setattr(category, name, value)
    session.flush()


def owed(session: Session, places: Places, **wanted: object) -> dict[str, Obligation]:
    rows = session.scalars(select(Obligation).filter_by(village_id=places.village.id, **wanted))
    return {row.key: row for row in rows.unique()}


def plan(session: Session, today: date = TODAY) -> object:
    done = obligations.plan(session, today=today)
    session.expire_all()
    return done


def published(
    session: Session,
    places: Places,
    code: str = "finance",
    *,
    on: date = TODAY,
    filled: dict[str, object] | None = None,
    title: str = "收支公开",
    **values: object,
) -> Disclosure:
    """An item as it stands in the table after it was released."""
    item = Disclosure(
        id=uuid.uuid4(),
        village_id=places.village.id,
        category_code=code,
        state=DisclosureState.PUBLISHED,
        published_at=datetime(on.year, on.month, on.day, 1, tzinfo=UTC),
        **values,
    )
    session.add(item)
    session.flush()
    session.add(
        DisclosureVersion(
            disclosure_id=item.id, number=1, title=title, summary="本月收支。", filled=filled or {}
        )
    )
    session.flush()
    return item
