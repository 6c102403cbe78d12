"""Fill an empty installation with the demo's county. `mashang seed demo` and `mashang demo` call it.

The same day gives the same data: all chance is drawn from one seed, all dates are relative to `today`, and
nothing lies on that day or later. It sends nothing and raises no warning: the first run of the real rules and
reminders does that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.core import security
from app.core.db import Database
from app.core.workdays import Calendar
from app.demo import ledgers, people, publications, world
from app.demo.articles import Pen
from app.demo.caseload import Caseload, Raters
from app.demo.people import DEMO_PASSWORD, Login, Names, Staff, logins
from app.demo.requests import Desk
from app.demo.world import Draw, VillageStage, World
from app.models import Base, ComplaintCategory, Officer, Organisation, ScanEvent
from app.services import audit, calendar, reference
from app.services.actors import Administrator

__all__ = ["DEMO_PASSWORD", "Login", "Summary", "logins", "seed"]

ACTING = Administrator("demo")


@dataclass(frozen=True)
class Summary:
    """What was done. `created` is false when the county was there already: then nothing was changed.
    `counts` says how many rows each table got."""

    created: bool
    counts: dict[str, int] = field(default_factory=dict)


def seed(database: Database, *, today: date) -> Summary:
    """Load the demo data in one transaction, unless the county is there."""
    with database.transaction() as session:
        # Two at once wait for each other; the second finds the county.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext("mashang.demo"))))
        if session.scalar(select(Organisation.id).where(Organisation.code == world.COUNTY_CODE)):
            return Summary(created=False)
        reference.load(session)
        loader = _Loader(session, today, calendar.load(session))
        loader.load(security.hash_password(DEMO_PASSWORD))
        audit.record(
            session,
            acting=ACTING,
            action="loaded",
            noun="demo_data",
            noun_id=world.COUNTY_CODE,
            today=today.isoformat(),
            rows=dict(loader.counts),
        )
        return Summary(created=True, counts=dict(loader.counts))


class _Loader:
    """Writes one part after the other, each after what it refers to."""

    def __init__(self, session: Session, today: date, work_days: Calendar) -> None:
        self.counts: Counter[str] = Counter()
        self._session = session
        self._today, self._work_days = today, work_days
        self._categories = {row.code: row for row in session.scalars(select(ComplaintCategory))}
        self._raters = Raters()

    def load(self, password_hash: str) -> None:
        places = world.build(self._draw("world"))
        self._add(places.organisations())
        names = people.new_names()
        staff = self._hire(places, names, password_hash)
        for stage in places.villages:
            self._village(stage, people.staff_of(staff, stage), names)

    def _hire(self, places: World, names: Names, password_hash: str) -> dict[str, Officer]:
        staff = people.hire(self._draw("staff"), people.cast(names), places, password_hash)
        self._add(staff.values())
        return staff

    def _village(self, stage: VillageStage, staff: Staff, names: Names) -> None:
        def draw(part: str) -> Draw:
            return self._draw(f"{part}:{stage.place.code}")

        self._add(world.hang_codes(draw("codes"), stage))
        scans = world.scans(draw("scans"), stage)
        self._session.execute(insert(ScanEvent), scans)
        self.counts[ScanEvent.__tablename__] += len(scans)
        books = ledgers.keep(draw("books"), stage)
        self._add(books.contracts)
        self._add(books.payments)
        self._add(publications.publish(Pen(draw("words"), stage, books, names), staff))
        villagers = people.villagers(draw("villagers"))
        self._add(villagers)
        desk = Desk(stage, staff)
        self._add(Caseload(draw("cases"), desk, self._categories, villagers, self._raters).write())

    def _draw(self, part: str) -> Draw:
        return Draw(part, self._today, self._work_days)

    def _add(self, rows: Iterable[Base]) -> None:
        rows = list(rows)
        self._session.add_all(rows)
        self._session.flush()
        for row in rows:
            self.counts[row.__tablename__] += 1
