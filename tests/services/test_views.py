"""Views: counted in memory by any thread, written in one statement, folded at night, shown in sums."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import date
from threading import Thread

import pytest
import time_machine
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.models import Disclosure, Organisation, PageView, VillageFollow
from app.models.disclosures import DisclosureState
from app.services import views
from tests import factories
from tests.factories import ROOT, Places

TODAY = date(2026, 10, 12)


@pytest.fixture
def places(session: Session) -> Places:
    return factories.places(session)


def _item(session: Session, village: Organisation) -> uuid.UUID:
    made = Disclosure(
        id=uuid.uuid4(), village_id=village.id, category_code="finance", state=DisclosureState.PUBLISHED
    )
    session.add(made)
    session.flush()
    return made.id


def _rows(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(PageView)) or 0


def test_views_of_many_threads_are_all_written_in_one_statement(
    database: Database,
) -> None:
    with database.transaction() as session:
        places = factories.places(session)
        item = _item(session, places.village)
    counter = views.Views()

    def look() -> None:
        for _ in range(500):
            counter.count(village_id=places.village.id)
            counter.count(village_id=places.village.id, disclosure_id=item)

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _u, text, *_: seen.append(text))

    assert views.flush(counter, database) == 4000
    assert [text.split()[0] for text in seen] == ["INSERT"]
    assert views.flush(counter, database) == 0
    with database.reading() as session:
        today = clock.today()
        assert views.shown(session, village_id=places.village.id, month=today) == 4000
        assert views.shown(session, village_id=places.village.id, disclosure_id=item, month=today) == 2000


def test_a_failed_flush_loses_nothing(borrowed: Database) -> None:
    with borrowed.transaction() as session:
        places = factories.places(session)
    counter = views.Views()
    counter.count(village_id=places.village.id)
    gone = Database("postgresql://nobody@127.0.0.1:9/nowhere", pool_size=1)

    assert counter.flush(gone) == 0
    counter.count(village_id=places.village.id)

    assert counter.flush(borrowed) == 2
    gone.dispose()


def test_memory_is_bounded(borrowed: Database) -> None:
    with borrowed.transaction() as session:
        place = factories.places(session).village.id
    counter = views.Views(most=1)
    counter.count(village_id=place)
    counter.count(village_id=uuid.uuid4())
    counter.count(village_id=place)

    assert counter.flush(borrowed) == 2


def test_the_thread_writes_what_is_left_when_it_stops(database: Database) -> None:
    with database.transaction() as session:
        place = factories.places(session).village.id
    counter = views.Views()
    flusher = views.Flusher(counter, database, seconds=3600)
    flusher.start()
    counter.count(village_id=place)

    flusher.stop()

    with database.reading() as session:
        assert _rows(session) == 1


def test_a_month_is_one_month(session: Session, places: Places) -> None:
    village = places.village.id
    for day, count in ((date(2026, 9, 30), 1), (date(2026, 10, 1), 2), (date(2026, 10, 31), 4)):
        views.write(session, Counter({(village, None, day): count}))
    views.write(session, Counter({(village, None, date(2026, 11, 1)): 8}))

    assert views.shown(session, village_id=village, month=TODAY) == 6
    assert views.shown(session, village_id=uuid.uuid4(), month=TODAY) == 0


def test_folding_keeps_every_sum(session: Session, places: Places) -> None:
    village, item = places.village.id, _item(session, places.village)
    days = [date(2026, 8, 3), date(2026, 8, 20), date(2026, 9, 5), date(2026, 10, 11), TODAY]
    for _ in range(3):
        for day in days:
            views.write(session, Counter({(village, None, day): 2, (village, item, day): 1}))
    assert _rows(session) == 30

    views.fold(session, today=TODAY)

    # August is one row, each other day that is over one row, today is left alone; twice, for page and item.
    assert _rows(session) == 2 * (1 + 1 + 1 + 3)
    for month, seen in ((date(2026, 8, 1), 6), (date(2026, 9, 1), 3), (TODAY, 6)):
        assert views.shown(session, village_id=village, disclosure_id=item, month=month) == seen
        assert views.shown(session, village_id=village, month=month) == seen * 3
    assert views.fold(session, today=TODAY) == 0


def test_reach_counts_views_by_household_and_followers_by_adult(session: Session, places: Places) -> None:
    other = factories.village(session, places.town, "兴裕村")
    other.households = other.adults = None
    item = _item(session, places.village)
    views.write(
        session,
        Counter({(places.village.id, None, TODAY): 800, (places.village.id, item, date(2026, 1, 1)): 200}),
    )
    views.write(session, Counter({(places.village.id, None, date(2025, 12, 31)): 5000}))
    for _ in range(3):
        session.add(
            VillageFollow(village_id=places.village.id, villager_id=factories.villager(session).villager_id)
        )
    session.flush()

    with time_machine.travel(TODAY, tick=False):
        found = {one.village.id: one for one in views.reach(session, acting=ROOT, organisation=places.county)}

    mine = found[places.village.id]
    assert (mine.views, mine.followers) == (1000, 3)
    assert (mine.views_per_household, mine.followers_per_adult) == (2.0, 0.003)
    assert (found[other.id].views_per_household, found[other.id].followers_per_adult) == (None, None)
    (alone,) = views.reach(session, acting=ROOT, organisation=places.village, year=2025)
    assert alone.views == 5000


def test_writing_does_not_touch_rows_that_are_there(session: Session, places: Places) -> None:
    """Two processes that flush at once both add rows; neither waits for the other's."""
    for _ in range(2):
        views.write(session, Counter({(places.village.id, None, TODAY): 1}))

    assert _rows(session) == 2
