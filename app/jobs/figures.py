"""Jobs of figures: the portraits of the month that is over."""

from __future__ import annotations

from app.core import clock
from app.core.db import Database
from app.core.settings import Settings
from app.services.actors import System
from app.services.portrait import snapshots


def take_portraits(database: Database, _settings: Settings) -> str:
    """Every county in a transaction of its own; villages that have the month already are left alone."""
    month = snapshots.month_before(clock.today())
    with database.reading() as session:
        counties = snapshots.counties(session)
    made = 0
    for county_id in counties:
        with database.transaction() as session:
            acting = System("portrait.snapshot")
            made += snapshots.take(session, acting=acting, county_id=county_id, month=month)
    return f"month={month} villages={made}"
