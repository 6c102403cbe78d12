"""One village on one Monday; of the 10+X list only finance and assets are owed by the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import DisclosureCategory
from app.models.categories import Cadence
from tests import factories
from tests.factories import Places
from tests.services.obligations.support import rhythm


@pytest.fixture(autouse=True)
def that_day() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 10, 12, 2, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def places(session: Session) -> Places:
    """One village; of the shipped list only finance is owed monthly, assets yearly."""
    session.execute(update(DisclosureCategory).values(cadence=Cadence.EVENT, active=True))
    rhythm(session, "finance", Cadence.MONTH, due_days=15)
    rhythm(session, "assets", Cadence.YEAR, due_days=31)
    return factories.places(session)
