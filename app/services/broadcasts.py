"""Telling the followers of a village that something was published (推送), and how far the news came.

`announce` writes one row in the transaction that publishes; the worker's lane `expand`s it in batches into
messages of the outbox. Keys per item, version and villager, and the place where the last batch ended, let
another worker go on after a kill: nobody is told twice, nobody is left out. A push names the village, the
category and the day, never a person or what the item says.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database, database_now, wake_worker
from app.models import Broadcast, Disclosure, DisclosureCategory, Organisation, OutgoingMessage, VillageFollow
from app.models.base import WorkState
from app.models.delivery import Confirmation, MessageClass, MessageKind
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import access_interaction, claims, outbox
from app.services.actors import Actor

BATCH = 500
PUBLISHED, CORRECTED = "published", "corrected"


def announce(session: Session, *, disclosure: Disclosure, reason: str = PUBLISHED) -> None:
    """Let the followers of the village be told of the present version of a published item: `reason` is
    published or corrected. Once for each version. No audit row: publishing leaves it."""
    row = insert(Broadcast).values(
        id=uuid.uuid4(),
        disclosure_id=disclosure.id,
        village_id=disclosure.village_id,
        version=disclosure.current_version,
        reason=reason,
        urgent=disclosure.kind == DisclosureKind.URGENT_NOTICE,
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["disclosure_id", "version"]))
    wake_worker(session)


def claim(session: Session, *, owner: str, limit: int, lease_seconds: float) -> list[Broadcast]:
    """Due broadcasts for a worker, urgent ones first."""
    return claims.claim(
        session,
        Broadcast,
        owner=owner,
        limit=limit,
        lease_seconds=lease_seconds,
        order=(Broadcast.urgent.desc(), Broadcast.due_at),  # type: ignore[arg-type]
    )


def expand(database: Database, row: Broadcast, *, lease_seconds: float, batch: int = BATCH) -> WorkState:
    """Write the messages of one claimed broadcast, a batch in each transaction; the state it is in now."""
    while True:
        with database.transaction() as session:
            state = _step(session, row, lease_seconds, batch)
        if state is not WorkState.CLAIMED:
            return state


def _step(session: Session, row: Broadcast, lease_seconds: float, batch: int) -> WorkState:
    """One batch; CLAIMED while there is more."""
    present = session.scalar(
        select(Broadcast).where(Broadcast.id == row.id).execution_options(populate_existing=True)
    )
    if present is None or not claims.held(session, row):
        return WorkState.PENDING  # somebody else has it by now
    news = _news(session, present)
    if news is None:
        claims.finish(session, row, WorkState.SKIPPED)
        return WorkState.SKIPPED
    followers = session.execute(
        select(VillageFollow.id, VillageFollow.villager_id)
        .where(VillageFollow.village_id == present.village_id, *_behind(present.after))
        .order_by(VillageFollow.id)
        .limit(batch)
    ).all()
    told = outbox.enqueue_each(session, news, [villager_id for _, villager_id in followers])
    values: dict[str, object] = {
        "followers": present.followers + len(followers),
        "reached": present.reached + told,
        "after": followers[-1][0] if followers else present.after,
    }
    if len(followers) < batch:
        claims.finish(session, row, WorkState.DONE, **values)
        return WorkState.DONE
    claims.note(session, row, lease_until=database_now(session) + timedelta(seconds=lease_seconds), **values)
    return WorkState.CLAIMED


def _behind(after: uuid.UUID | None) -> list[ColumnElement[bool]]:
    return [] if after is None else [VillageFollow.id > after]


def _news(session: Session, row: Broadcast) -> outbox.News | None:
    """What is said, or None when it is no longer news: withdrawn, over, or corrected since."""
    found = session.execute(
        select(Disclosure, DisclosureCategory.name, Organisation)
        .join(DisclosureCategory, DisclosureCategory.code == Disclosure.category_code)
        .join(Organisation, Organisation.id == Disclosure.village_id)
        .where(
            Disclosure.id == row.disclosure_id,
            Disclosure.state == DisclosureState.PUBLISHED,
            Disclosure.current_version == row.version,
        )
    ).first()
    if found is None or (found[0].expires_at is not None and found[0].expires_at <= clock.now()):
        return None
    disclosure, category, village = found
    subject = "紧急通知" if row.urgent else category
    return outbox.News(
        kind=MessageKind.DISCLOSURE_PUBLISHED,
        message_class=MessageClass.URGENT if row.urgent else MessageClass.ORDINARY,
        village_id=village.id,
        subject_kind="disclosure",
        subject_id=str(disclosure.id),
        data={
            "subject": f"{subject}（更正）" if row.reason == CORRECTED else subject,
            "village": village.name,
            "published_at": clock.spoken(row.created_at),
        },
        path=f"/v/{village.code}/d/{disclosure.id}/read",
        key=f"disclosure:{disclosure.id}:published:{row.version}",
    )


@dataclass(frozen=True)
class Reach:
    """How far the news of an item came, over all its versions: followers looked at, messages made for those
    with a way, sent, confirmed as delivered, opened. `finished` when no batch is left."""

    followers: int
    reached: int
    sent: int
    delivered: int
    read: int
    finished: bool


NONE = Reach(followers=0, reached=0, sent=0, delivered=0, read=0, finished=True)
"""The figures of an item that nobody was told of."""


def reach(session: Session, *, disclosure_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Reach]:
    """The figures of items that the caller was allowed to see. Numbers only: who was told is nobody's."""
    told = _told(session, disclosure_ids)
    rows = session.execute(
        select(
            Broadcast.disclosure_id,
            func.max(Broadcast.followers),
            func.sum(Broadcast.reached),
            func.bool_and(Broadcast.state.in_([WorkState.DONE, WorkState.SKIPPED, WorkState.FAILED])),
        )
        .where(Broadcast.disclosure_id.in_(disclosure_ids))
        .group_by(Broadcast.disclosure_id)
    )
    return {
        key: Reach(followers, int(reached), *told.get(str(key), (0, 0, 0)), finished)
        for key, followers, reached, finished in rows
    }


def _told(session: Session, disclosure_ids: Sequence[uuid.UUID]) -> dict[str, tuple[int, int, int]]:
    sent = OutgoingMessage.state.in_([WorkState.DONE, WorkState.UNKNOWN])
    rows = session.execute(
        select(
            OutgoingMessage.subject_id,
            func.count().filter(sent),
            func.count().filter(OutgoingMessage.confirmation == Confirmation.DELIVERED),
            func.count().filter(OutgoingMessage.read_at.is_not(None)),
        )
        .where(
            OutgoingMessage.kind == MessageKind.DISCLOSURE_PUBLISHED,
            OutgoingMessage.subject_kind == "disclosure",
            OutgoingMessage.subject_id.in_([str(key) for key in disclosure_ids]),
        )
        .group_by(OutgoingMessage.subject_id)
    )
    return {subject: (sent_, delivered, read) for subject, sent_, delivered, read in rows}


def listing(
    acting: Actor, *, village_id: uuid.UUID | None = None, urgent: bool | None = None
) -> Select[Broadcast]:
    """The broadcasts of the officer's area, newest first."""
    query = select(Broadcast).where(access_interaction.visible_broadcasts(acting))
    if village_id is not None:
        query = query.where(Broadcast.village_id == village_id)
    if urgent is not None:
        query = query.where(Broadcast.urgent.is_(urgent))
    return query.order_by(Broadcast.created_at.desc(), Broadcast.id.desc())
