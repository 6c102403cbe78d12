"""码上知: what a village's public pages put together from the parts: tiles with their standing, pinned
notices, lists over several categories, views, the head of the chain. Reading only; all of it is public."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core import clock
from app.models import ChainLink, Disclosure, DisclosureCategory, Organisation
from app.models.disclosures import DisclosureState
from app.services import categories, chain, disclosures, obligations, views
from app.services.actors import Actor
from app.services.chain import Head
from app.services.disclosures import Item
from app.services.obligations import Standing
from app.services.views import Reach

NEWEST = 6
PUBLISHED = (DisclosureState.PUBLISHED,)
# What is listed was published, so the moment is always there.
PUBLISHED_AT = cast("InstrumentedAttribute[Any]", Disclosure.published_at)


@dataclass(frozen=True)
class Tile:
    """One top entry of the 10+X list with all that is shown under it. `standing` is None where nothing was
    ever owed."""

    category: DisclosureCategory
    codes: tuple[str, ...]
    count: int
    newest_on: date | None
    standing: Standing | None

    @property
    def late(self) -> int:
        """How many things are overdue in it."""
        return self.standing.late if self.standing else 0


@dataclass(frozen=True)
class Home:
    """A village's home page. `views` are those of this month, `reach` is over this year."""

    tiles: list[Tile]
    total: int
    late: int
    pinned: list[Item]
    newest: list[Item]
    views: int
    reach: Reach | None
    head: Head | None


def home(session: Session, acting: Actor, village: Organisation) -> Home:
    """What a village's home page shows."""
    shown = tiles(session, village)
    pinned = disclosures.pinned(session, acting, village_id=village.id)
    above = {item.disclosure.id for item in pinned}
    newest = disclosures.items(
        session, acting, village_id=village.id, states=PUBLISHED, limit=NEWEST + len(above)
    )
    reach = views.reach(session, acting=acting, organisation=village)
    return Home(
        tiles=shown,
        total=sum(tile.count for tile in shown),
        late=sum(tile.late for tile in shown),
        pinned=pinned,
        newest=[item for item in newest if item.disclosure.id not in above][:NEWEST],
        views=views.shown(session, village_id=village.id, month=clock.today()),
        reach=reach[0] if reach else None,
        head=chain.head(session, village.id),
    )


def tiles(session: Session, village: Organisation) -> list[Tile]:
    """The tiles in their order: what is in force today, and what was published under other entries."""
    counts = disclosures.counts(session, village_id=village.id)
    standings = obligations.standing(session, village.id)
    today = clock.today()
    found = []
    for top, codes in categories.tops(session, village.id).items():
        below = [counts[code] for code in codes if code in counts]
        if below or categories.in_force(top, today):
            days = [newest for _, newest in below if newest]
            total = sum(number for number, _ in below)
            found.append(Tile(top, codes, total, max(days, default=None), standings.get(top.code)))
    return found


def of_categories(acting: Actor, *, village_id: uuid.UUID, codes: Sequence[str]) -> Any:
    """The query of a category's page: published items and tombstones of these categories, newest first."""
    return disclosures.listing(acting, village_id=village_id).where(Disclosure.category_code.in_(list(codes)))


def newest_link(session: Session, disclosure_id: uuid.UUID) -> ChainLink | None:
    """The newest link of the chain that is about this item."""
    query = select(ChainLink).where(ChainLink.disclosure_id == disclosure_id)
    return session.scalar(query.order_by(ChainLink.number.desc()).limit(1))
