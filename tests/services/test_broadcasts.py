"""Following a village, and the news that goes to its followers: to each once, whatever dies on the way."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import BorrowedDatabase, Database
from app.models import (
    Broadcast,
    DisclosureCategory,
    MessageTemplate,
    OutgoingMessage,
    SubscriptionGrant,
    VillageFollow,
    WechatIdentity,
)
from app.models.base import WorkState
from app.models.delivery import Confirmation, MessageClass, MessageKind
from app.models.disclosures import DisclosureKind, DisclosureState
from app.services import actors, broadcasts, claims, follows
from tests import factories
from tests.services.noticed import Noticed, add_version, noticed

TEMPLATE = "tmpl-published"


def follower(
    session: Session, here: Noticed, *, subscribed: bool = True, consents: int = 0
) -> actors.Villager:
    identity = factories.identity(session, subscribed=subscribed)
    villager = actors.Villager(identity.villager_id)
    if consents:
        grant(session, identity, consents)
    follows.follow(session, acting=villager, village=here.village)
    return villager


def grant(session: Session, identity: WechatIdentity, remaining: int, template: str = TEMPLATE) -> None:
    session.add(
        SubscriptionGrant(
            app_id=identity.app_id, openid=identity.openid, template_id=template, remaining=remaining
        )
    )


def template(session: Session, kind: MessageKind = MessageKind.DISCLOSURE_PUBLISHED) -> None:
    session.add(
        MessageTemplate(
            app_id="wxofficial",
            channel="bizsend",
            kind=kind,
            template_id=TEMPLATE,
            title="信息公开提醒",
            mapping={},
            synced_at=clock.now(),
        )
    )


def announce(session: Session, here: Noticed, reason: str = broadcasts.PUBLISHED) -> None:
    broadcasts.announce(session, disclosure=here.item, reason=reason)


def claimed(database: Database, owner: str = "worker") -> list[Broadcast]:
    with database.transaction() as session:
        return broadcasts.claim(session, owner=owner, limit=10, lease_seconds=60)


def spread(database: Database, *, batch: int = 500) -> list[WorkState]:
    """What a worker does."""
    return [broadcasts.expand(database, row, lease_seconds=60, batch=batch) for row in claimed(database)]


def told(session: Session, here: Noticed) -> Counter[Any]:
    rows = session.scalars(
        select(OutgoingMessage).where(OutgoingMessage.subject_id == str(here.item.id))
    ).all()
    return Counter(row.villager_id for row in rows)


def test_following_counts_once_and_ends(session: Session) -> None:
    here = noticed(session)
    villager = follower(session, here)
    follows.follow(session, acting=villager, village=here.village)
    follower(session, here)

    standing = follows.standing(session, acting=villager, village_id=here.village.id)
    assert (standing.follows, standing.followers, standing.official) == (True, 2, True)
    follows.unfollow(session, acting=villager, village=here.village)
    follows.unfollow(session, acting=villager, village=here.village)
    assert follows.standing(session, acting=villager, village_id=here.village.id).follows is False
    assert follows.count(session, village_id=here.village.id) == 1
    assert follows.standing(session, acting=actors.Visitor(), village_id=here.village.id).followers == 1


def test_consents_left_are_those_of_this_kind_of_message(session: Session) -> None:
    here = noticed(session)
    template(session)
    identity = factories.identity(session, subscribed=False)
    grant(session, identity, 2)
    grant(session, identity, 5, template="tmpl-progress")
    session.flush()

    assert follows.consents(session, villager_id=identity.villager_id) == 2
    assert not follows.standing(
        session, acting=actors.Villager(identity.villager_id), village_id=here.village.id
    ).official


def test_news_goes_to_followers_who_can_be_reached(borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        here = noticed(session)
        template(session)
        reached = [
            follower(session, here),
            follower(session, here, subscribed=False, consents=1),
        ]
        follower(session, here, subscribed=False)
        factories.villager(session)
        announce(session, here)
        announce(session, here)

    assert spread(borrowed) == [WorkState.DONE]
    with borrowed.reading() as session:
        assert told(session, here) == Counter(one.villager_id for one in reached)
        reach = broadcasts.reach(session, disclosure_ids=[here.item.id])[here.item.id]
        assert (reach.followers, reach.reached, reach.sent, reach.finished) == (3, 2, 0, True)
        row = session.scalars(select(OutgoingMessage)).first()
        assert row is not None
        assert set(row.data) == {"subject", "village", "published_at"}
        assert row.data["subject"] == session.get_one(DisclosureCategory, "finance").name
        said = json.dumps(row.data, ensure_ascii=False) + row.url
        assert not any(word in said for word in ("十月", "陈信息", "周监督"))


def test_a_killed_worker_leaves_the_rest_to_the_next_and_nobody_is_told_twice(
    borrowed: BorrowedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with borrowed.transaction() as session:
        here = noticed(session)
        people = [follower(session, here) for _ in range(7)]
        announce(session, here)
    (row,) = claimed(borrowed, "first")
    # It dies after its second batch: two transactions are committed, the third never comes.
    steps = iter(range(2))
    step = broadcasts._step

    def dying(*arguments: Any) -> WorkState:
        next(steps)
        return step(*arguments)

    monkeypatch.setattr(broadcasts, "_step", dying)
    with pytest.raises(StopIteration):
        broadcasts.expand(borrowed, row, lease_seconds=60, batch=2)
    monkeypatch.undo()
    assert claimed(borrowed, "second") == []
    with borrowed.transaction() as session:
        assert sum(told(session, here).values()) == 4
        session.get_one(Broadcast, row.id).lease_until = clock.now() - timedelta(seconds=1)

    assert spread(borrowed, batch=2) == [WorkState.DONE]
    with borrowed.reading() as session:
        assert told(session, here) == Counter(one.villager_id for one in people)
        done = session.get_one(Broadcast, row.id)
        assert (done.followers, done.reached, done.fence) == (7, 7, 2)
    # The first one wakes up again: its claim is gone.
    assert broadcasts.expand(borrowed, row, lease_seconds=60) is WorkState.PENDING
    with borrowed.reading() as session:
        assert sum(told(session, here).values()) == 7


def test_a_batch_that_is_repeated_writes_nothing_twice(borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        here = noticed(session)
        for _ in range(3):
            follower(session, here)
        announce(session, here)
    spread(borrowed)
    with borrowed.transaction() as session:
        row = session.scalars(select(Broadcast)).one()
        claims.revive(session, Broadcast, row.id, [WorkState.DONE])
        row.after = None

    assert spread(borrowed) == [WorkState.DONE]
    with borrowed.reading() as session:
        assert sum(told(session, here).values()) == 3


def test_urgent_news_is_urgent_and_goes_first(borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        plain = noticed(session)
        urgent = noticed(
            session,
            kind=DisclosureKind.URGENT_NOTICE,
            expires_at=clock.now() + timedelta(days=2),
        )
        for here in (plain, urgent):
            follower(session, here)
            announce(session, here)

    assert [row.urgent for row in claimed(borrowed)] == [True, False]
    with borrowed.transaction() as session:
        for row in session.scalars(select(Broadcast)):
            row.lease_until = clock.now() - timedelta(seconds=1)
    spread(borrowed)
    with borrowed.reading() as session:
        rows = session.scalars(select(OutgoingMessage)).all()
        classes = {row.village_id: (row.message_class, row.data["subject"]) for row in rows}
        assert classes[urgent.village.id] == (MessageClass.URGENT, "紧急通知")
        assert classes[plain.village.id][0] is MessageClass.ORDINARY


@pytest.mark.parametrize("why", ["withdrawn", "expired", "corrected"])
def test_what_is_no_longer_news_is_not_sent(borrowed: BorrowedDatabase, why: str) -> None:
    with borrowed.transaction() as session:
        here = noticed(session)
        follower(session, here)
        announce(session, here)
        if why == "withdrawn":
            here.item.state = DisclosureState.WITHDRAWN
        elif why == "expired":
            here.item.expires_at = clock.now() - timedelta(seconds=1)
        else:
            add_version(session, here.item, 2, here.author)
            announce(session, here, broadcasts.CORRECTED)

    states = spread(borrowed)
    with borrowed.reading() as session:
        subjects = [row.data["subject"] for row in session.scalars(select(OutgoingMessage))]
    if why == "corrected":
        assert sorted(states) == [WorkState.DONE, WorkState.SKIPPED]
        assert [subject.endswith("（更正）") for subject in subjects] == [True]
    else:
        assert (states, subjects) == ([WorkState.SKIPPED], [])


def test_a_correction_tells_everybody_again(borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        here = noticed(session)
        follower(session, here)
        announce(session, here)
    spread(borrowed)
    with borrowed.transaction() as session:
        session.add(here.item)
        add_version(session, here.item, 2, here.author)
        announce(session, here, broadcasts.CORRECTED)

    assert spread(borrowed) == [WorkState.DONE]
    with borrowed.reading() as session:
        assert list(told(session, here).values()) == [2]
        assert broadcasts.reach(session, disclosure_ids=[here.item.id])[here.item.id].followers == 1


def test_reach_counts_what_was_sent_delivered_and_read(borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        here = noticed(session)
        for _ in range(4):
            follower(session, here)
        announce(session, here)
    spread(borrowed)
    with borrowed.transaction() as session:
        one, two, three, _ = session.scalars(select(OutgoingMessage))
        one.state, one.confirmation, one.read_at = WorkState.DONE, Confirmation.DELIVERED, clock.now()
        two.state, two.confirmation = WorkState.DONE, Confirmation.DELIVERED
        three.state = WorkState.FAILED

    with borrowed.reading() as session:
        reach = broadcasts.reach(session, disclosure_ids=[here.item.id])[here.item.id]
    assert (reach.followers, reach.reached, reach.sent, reach.delivered, reach.read) == (4, 4, 2, 2, 1)


def test_two_workers_share_the_followers_of_a_village(database: Database) -> None:
    """Really two connections: one holds the claim, the other gets nothing and tells nobody."""
    with database.transaction() as session:
        here = noticed(session)
        for _ in range(5):
            follower(session, here)
        announce(session, here)
    (mine,) = claimed(database, "first")
    assert claimed(database, "second") == []
    assert broadcasts.expand(database, mine, lease_seconds=60, batch=2) is WorkState.DONE

    with database.reading() as session:
        followers = session.scalar(select(func.count()).select_from(VillageFollow))
        assert sum(told(session, here).values()) == followers == 5
