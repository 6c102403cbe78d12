"""Fill an empty installation with the demo's county. `mashang seed demo` and `mashang demo` call it.

The same day gives the same data: all chance is drawn from one seed, all dates are relative to `today`, and
nothing has happened on that day or later. It sends nothing and raises no warning: the first run of the real
rules and reminders does that. What was published has its place in the chain, the search index and the list
of what was owed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, joinedload

from app.core import security
from app.core.db import Database
from app.core.keys import Keys
from app.core.storage import Storage
from app.core.workdays import Calendar
from app.demo import (
    bidding,
    chronicle,
    duties,
    history,
    ledgers,
    papers,
    people,
    portraits,
    publications,
    reactions,
    supervision,
    works,
    world,
)
from app.demo.articles import Pen
from app.demo.books import keep as keep_books
from app.demo.caseload import Caseload, Raters
from app.demo.papers import Shelf
from app.demo.people import DEMO_PASSWORD, Login, Names, Staff, logins
from app.demo.publications import Output
from app.demo.requests import Desk
from app.demo.works import Work
from app.demo.world import Draw, VillageStage, World
from app.models import (
    Base,
    ComplaintCategory,
    DisclosureCategory,
    Officer,
    Organisation,
    PageView,
    ProjectStage,
    ScanEvent,
    VillageFollow,
    Villager,
)
from app.services import audit, calendar, reference, search
from app.services.actors import Administrator

__all__ = ["DEMO_PASSWORD", "Login", "Summary", "logins", "seed"]

ACTING = Administrator("demo")


@dataclass(frozen=True)
class Summary:
    """What was done. `created` is false when the county was there already: then nothing was changed.
    `counts` says how many rows each table got."""

    created: bool
    counts: dict[str, int] = field(default_factory=dict)


def seed(
    database: Database, *, today: date, keys: Keys | None = None, storage: Storage | None = None
) -> Summary:
    """Load the demo data in one transaction, unless the county is there. Without `keys` nobody has signed up
    for a tender (that is sealed), without both no item has a file."""
    with database.transaction() as session:
        # Two at once wait for each other; the second finds the county.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext("mashang.demo"))))
        if session.scalar(select(Organisation.id).where(Organisation.code == world.COUNTY_CODE)):
            return Summary(created=False)
        reference.load(session)
        loader = _Loader(session, today, calendar.load(session), keys, storage)
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

    def __init__(
        self,
        session: Session,
        today: date,
        work_days: Calendar,
        keys: Keys | None,
        storage: Storage | None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._session = session
        self._today, self._work_days = today, work_days
        self._keys = keys
        self._shelf = Shelf(session, storage, keys) if storage and keys else None
        topics = select(ComplaintCategory).options(joinedload(ComplaintCategory.grade))
        self._topics = {row.code: row for row in session.scalars(topics)}
        self._categories: Mapping[str, DisclosureCategory] = {
            row.code: row for row in session.scalars(select(DisclosureCategory))
        }
        self._raters = Raters()

    def load(self, password_hash: str) -> None:
        places = world.build(self._draw("world"))
        self._add(places.organisations())
        names = people.new_names()
        staff = self._hire(places, names, password_hash)
        for stage in places.villages:
            self._village(stage, people.staff_of(staff, stage), names)
        while search.backfill(self._session, limit=1000):
            pass
        duties.plan(self._session, self._draw("duties"))
        self._supervise(places, staff)

    def _supervise(self, places: World, staff: dict[str, Officer]) -> None:
        """What offices did, and what the rules and the portraits say."""
        villages = {stage.village.id: stage for stage in places.villages}
        people_of = {stage.place.code: people.staff_of(staff, stage) for stage in places.villages}
        self._add(supervision.campaigns(self._draw("campaigns"), places, staff))
        self._add(history.write(self._session, self._draw("history"), places.villages, people_of))
        portraits.judge(self._session, villages, as_of=self._today - timedelta(days=1))
        portraits.take(self._session, acting=ACTING, county_id=places.county.id, today=self._today)

    def _hire(self, places: World, names: Names, password_hash: str) -> dict[str, Officer]:
        staff = people.hire(self._draw("staff"), people.cast(names), places, password_hash)
        self._add(staff.values())
        return staff

    def _village(self, stage: VillageStage, staff: Staff, names: Names) -> None:
        def draw(part: str) -> Draw:
            return self._draw(f"{part}:{stage.place.code}")

        self._add(world.hang_codes(draw("codes"), stage))
        self._insert(ScanEvent, world.scans(draw("scans"), stage))
        books = keep_books(draw, stage)
        pen = Pen(draw("words"), stage, books, names, self._categories)
        projects = works.plan(pen)
        output = publications.publish(pen, staff, projects)
        register = ledgers.prepare(pen, draw, staff, names, output)
        ledgers.write(ledgers.Writer(self._add, self._insert), pen, draw, names, projects, register)
        notice = supervision.notice(draw("arrears"), stage, staff, books)
        self._add([notice] if notice else [])
        villagers = people.villagers(draw("villagers"))
        self._add(villagers)
        self._publish(stage, staff, output, projects, draw("files"))
        self._react(Pen(draw("reactions"), stage, books, names, self._categories), staff, output, villagers)
        desk = Desk(stage, staff)
        self._add(Caseload(draw("cases"), desk, self._topics, villagers, self._raters).write())

    def _publish(
        self, stage: VillageStage, staff: Staff, output: Output, projects: list[Work], draw: Draw
    ) -> None:
        """The items with files, stages of works and the village's chain."""
        files = papers.hang(self._shelf, stage, output) if self._shelf else {}
        self._add(output.rows())
        self._add(self._stages(output, projects, draw))
        if self._shelf:
            self._add(papers.looked_at(self._shelf, draw, staff, files))
        head, links = chronicle.write(stage, output, files)
        self._add([head, *links])

    @staticmethod
    def _stages(output: Output, projects: list[Work], draw: Draw) -> list[ProjectStage]:
        """The stages of works: those that somebody entered, those that an item publishes."""
        entered = [stage for work in projects for stage in work.quiet]
        return entered + [
            works.evidence(draw, one.article.stage, one.row.id)
            for one in output.published
            if one.article.stage is not None
        ]

    def _react(self, pen: Pen, staff: Staff, output: Output, villagers: list[Villager]) -> None:
        for tender, sign_ups in bidding.tenders(pen.draw, output, pen.names, villagers, self._keys):
            self._add([tender])
            self._add(sign_ups)
        crowd = reactions.crowd(pen, villagers)
        self._insert(Villager, crowd.silent)
        self._insert(VillageFollow, crowd.follows)
        self._add(reactions.write(pen, staff, output, crowd))
        self._insert(PageView, reactions.views(pen, output))
        self._add(duties.events(pen, output))

    def _draw(self, part: str) -> Draw:
        return Draw(part, self._today, self._work_days)

    def _add(self, rows: Iterable[Base]) -> None:
        rows = list(rows)
        self._session.add_all(rows)
        self._session.flush()
        for row in rows:
            self.counts[row.__tablename__] += 1

    def _insert(self, table: type[Base], rows: list[dict[str, Any]]) -> None:
        """Many rows at once."""
        if rows:
            self._session.execute(insert(table), rows)
            self.counts[table.__tablename__] += len(rows)
