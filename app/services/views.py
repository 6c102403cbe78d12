"""How often pages are looked at (查看次数), counted without knowing by whom.

A page that is shown adds one to a counter in the memory of its process: no query, no lock in the database.
Every few seconds a thread writes what has come together as new rows of `page_view`, in one INSERT; nothing is
updated, so that a page which everybody reads has no row that everybody waits for. At night the rows of a day
become one, and those of a month one when it is over for more than a month (`fold`). A process that is killed
loses the counts of the last seconds.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Result, func, or_, select, text
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, aliased

from app.core import clock
from app.core.db import Database
from app.core.logging import get
from app.models import Organisation, PageView, VillageFollow
from app.models.organisations import OrganisationKind
from app.services import access
from app.services.actors import Actor

MOST_PAGES = 20_000
FOLD_LOOKS_BACK = timedelta(days=100)

Key = tuple[uuid.UUID, uuid.UUID | None, date]

log = get(__name__)


class Views:
    """The counter of one process. Any thread may count; at most `most` different pages between two flushes,
    further ones are dropped and the number of dropped views is logged."""

    def __init__(self, most: int = MOST_PAGES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._counts: Counter[Key] = Counter()
        self._dropped = 0

    def count(self, *, village_id: uuid.UUID, disclosure_id: uuid.UUID | None = None) -> None:
        """Somebody looked at a village's home page, or at one of its published items."""
        key = (village_id, disclosure_id, clock.today())
        with self._lock:
            if key in self._counts or len(self._counts) < self._most:
                self._counts[key] += 1
            else:
                self._dropped += 1

    def flush(self, database: Database) -> int:
        """Write what was counted; how many views. When the database fails they are kept for the next time."""
        with self._writing:
            return self._flush(database)

    def _flush(self, database: Database) -> int:
        with self._lock:
            counts, self._counts = self._counts, Counter()
            dropped, self._dropped = self._dropped, 0
        if dropped:
            log.warning("views.dropped", count=dropped)
        if not counts:
            return 0
        try:
            with database.transaction() as session:
                write(session, counts)
        except SQLAlchemyError as error:
            log.warning("views.flush_failed", error=type(error).__name__, pages=len(counts))
            with self._lock:
                self._counts.update(counts)
            return 0
        return counts.total()


def flush(views: Views, database: Database) -> int:
    """Write what a process has counted; how many views."""
    return views.flush(database)


class Flusher:
    """A thread that writes the counter every `seconds`, and once more when it is stopped."""

    def __init__(self, views: Views, database: Database, seconds: float) -> None:
        self._views, self._database, self._seconds = views, database, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="views", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, with everything written that the database takes."""
        self._stop.set()
        self._thread.join()
        self._views.flush(self._database)

    def _run(self) -> None:
        while not self._stop.wait(self._seconds):
            self._views.flush(self._database)


_ADD = text(
    """
    INSERT INTO page_view (village_id, disclosure_id, day, count)
    SELECT * FROM unnest(
        CAST(:villages AS uuid[]), CAST(:disclosures AS uuid[]), CAST(:days AS date[]),
        CAST(:counts AS integer[])
    ) AS seen (village_id, disclosure_id, day, count)
    WHERE EXISTS (SELECT FROM organisation WHERE organisation.id = seen.village_id)
      AND (disclosure_id IS NULL OR EXISTS (SELECT FROM disclosure WHERE disclosure.id = seen.disclosure_id))
    """
)


def write(session: Session, counts: Counter[Key]) -> None:
    """Add rows of views, in one statement. Rows are only ever added: nobody waits for anybody. Pages that the
    database does not know are left out, so that one of them cannot hold up all others."""
    villages, items, days = zip(*counts, strict=True)
    values = {"villages": villages, "disclosures": items, "days": days, "counts": list(counts.values())}
    session.execute(_ADD, {name: list(column) for name, column in values.items()})


# --- what is shown --------------------------------------------------------------------------------


def shown(
    session: Session, *, village_id: uuid.UUID, disclosure_id: uuid.UUID | None = None, month: date
) -> int:
    """The views in the month of the day `month`: of one item, or of all pages of a village."""
    query = select(func.coalesce(func.sum(PageView.count), 0)).where(_within(*_month(month)))
    if disclosure_id is None:
        return session.scalar(query.where(PageView.village_id == village_id)) or 0
    return session.scalar(query.where(PageView.disclosure_id == disclosure_id)) or 0


def _within(first: date, following: date) -> ColumnElement[bool]:
    return (PageView.day >= first) & (PageView.day < following)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True)
class Reach:
    """How far a village's disclosures reach in a year: views (per household), followers (per adult).

    A rate is None where the number of households or adults is not known."""

    village: Organisation
    town: Organisation
    views: int
    followers: int

    @property
    def views_per_household(self) -> float | None:
        """查看次数 ÷ 户数."""
        return _rate(self.views, self.village.households)

    @property
    def followers_per_adult(self) -> float | None:
        """关注人数 ÷ 成年人数."""
        return _rate(self.followers, self.village.adults)


def _rate(count: int, of: int | None) -> float | None:
    return round(count / of, 3) if of else None


def reach(
    session: Session, *, acting: Actor, organisation: Organisation, year: int | None = None
) -> list[Reach]:
    """The reach of a village, or of every village of a town or county, in the order of their codes; `year`
    is the present one unless given. The figures are sums and open to everybody."""
    first = date(year or clock.today().year, 1, 1)
    span = _within(first, first.replace(year=first.year + 1))
    views = (
        select(func.coalesce(func.sum(PageView.count), 0))
        .where(PageView.village_id == Organisation.id, span)
        .scalar_subquery()
    )
    followers = select(func.count()).where(VillageFollow.village_id == Organisation.id).scalar_subquery()
    town = aliased(Organisation)
    rows = session.execute(
        select(Organisation, town, views, followers)
        .join(town, town.id == Organisation.parent_id)
        .where(
            Organisation.kind == OrganisationKind.VILLAGE,
            or_(Organisation.id == organisation.id, Organisation.ancestry.contains([organisation.id])),
            access.visible_organisations(acting),
        )
        .order_by(town.code, Organisation.code)
    )
    return [Reach(village, above, seen, following) for village, above, seen, following in rows]


# --- at night -------------------------------------------------------------------------------------

_FOLD = text(
    """
    WITH wanted AS (
        SELECT village_id, disclosure_id, day,
               CASE WHEN day < :last_month THEN date_trunc('month', day)::date ELSE day END AS into_day
        FROM page_view WHERE day >= :since AND day < :today
        GROUP BY village_id, disclosure_id, day
        HAVING count(*) > 1 OR (day < :last_month AND day <> date_trunc('month', day)::date)
    ), gone AS (
        DELETE FROM page_view USING wanted
        WHERE page_view.village_id = wanted.village_id AND page_view.day = wanted.day
          AND page_view.disclosure_id IS NOT DISTINCT FROM wanted.disclosure_id
        RETURNING page_view.village_id, page_view.disclosure_id, wanted.into_day, page_view.count
    )
    INSERT INTO page_view (village_id, disclosure_id, day, count)
    SELECT village_id, disclosure_id, into_day, sum(count) FROM gone
    GROUP BY village_id, disclosure_id, into_day
    """
)


def fold(session: Session, *, today: date) -> int:
    """Make one row of those of a day that is over, and one of a month's when it is neither this nor the last:
    sums by month and year stay exact. How many rows there are instead. One statement: readers see all
    rows before or all after."""
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    done: Result[object] = session.execute(
        _FOLD, {"today": today, "since": today - FOLD_LOOKS_BACK, "last_month": last_month}
    )
    assert isinstance(done, CursorResult)
    return int(done.rowcount)
