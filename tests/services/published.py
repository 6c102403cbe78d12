"""Items that are public already, written as rows: what search, comparison and bulletin read."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core import clock
from app.models import Disclosure, DisclosureVersion, Organisation
from app.models.disclosures import DisclosureState
from app.services import search


def publish(
    session: Session,
    village: Organisation,
    title: str = "十月份收支公开",
    *,
    summary: str = "十月收入 12 万元，支出 8 万元。",
    category: str = "finance",
    at: datetime | None = None,
    period: str | None = None,
    project_id: uuid.UUID | None = None,
    **text: Any,
) -> tuple[Disclosure, DisclosureVersion]:
    """A published item in the index; `text` are further columns of its version."""
    moment = at or clock.now()
    made = Disclosure(
        id=uuid.uuid4(),
        village_id=village.id,
        category_code=category,
        state=DisclosureState.PUBLISHED,
        published_at=moment,
        period=period,
        project_id=project_id,
    )
    session.add(made)
    session.flush()
    version = DisclosureVersion(
        id=uuid.uuid4(),
        disclosure_id=made.id,
        number=1,
        title=title,
        summary=summary,
        published_at=moment,
        **text,
    )
    session.add(version)
    session.flush()
    search.index(session, disclosure=made, version=version)
    return made, version
