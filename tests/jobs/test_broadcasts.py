"""The worker's lane for news: it runs among the others, and goes on where a killed process was."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from sqlalchemy import func, select, text

from app.core.db import Database
from app.jobs.worker import Worker
from app.models import Broadcast, OutgoingMessage, VillageFollow
from app.models.base import WorkState
from app.services import broadcasts
from app.wechat.clients import build_clients
from tests import factories
from tests.jobs.spreading import spread
from tests.jobs.support import DEADLINE, process
from tests.services.noticed import noticed
from tests.support import eventually, settings_for

FOLLOWERS = 3000


def crowd(database: Database) -> None:
    """A village whose followers all follow the Official Account, and one item to tell them of."""
    with database.transaction() as session:
        here = noticed(session)
        broadcasts.announce(session, disclosure=here.item)
        values = {"village": here.village.id, "count": FOLLOWERS}
        session.execute(
            text(
                "WITH people AS (INSERT INTO villager (id) SELECT gen_random_uuid()"
                " FROM generate_series(1, :count) RETURNING id),"
                " known AS (INSERT INTO wechat_identity (id, app_id, openid, villager_id, subscribed)"
                " SELECT gen_random_uuid(), 'wxofficial', 'o' || id, id, true FROM people)"
                " INSERT INTO village_follow (id, village_id, villager_id)"
                " SELECT gen_random_uuid(), :village, id FROM people"
            ),
            values,
        )


def told(database: Database) -> tuple[int, int]:
    with database.reading() as session:
        row = session.execute(select(func.count(), func.count(OutgoingMessage.villager_id.distinct()))).one()
        return row[0], row[1]


def test_a_killed_process_is_followed_by_another_that_tells_the_rest(database: Database) -> None:
    crowd(database)
    with process(spread, database.url) as child:
        eventually(lambda: told(database)[0] >= 50, timeout=DEADLINE)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join(DEADLINE)
    some = told(database)[0]
    assert 0 < some < FOLLOWERS
    with database.transaction() as session:
        session.execute(text("UPDATE broadcast SET lease_until = now() - interval '1 second'"))
        (row,) = broadcasts.claim(session, owner="second", limit=1, lease_seconds=60)

    assert broadcasts.expand(database, row, lease_seconds=60) is WorkState.DONE
    assert told(database) == (FOLLOWERS, FOLLOWERS)
    with database.reading() as session:
        done = session.scalars(select(Broadcast)).one()
        assert (done.followers, done.reached) == (FOLLOWERS, FOLLOWERS)


def test_the_worker_has_a_lane_for_it(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        here = noticed(session)
        session.add(
            VillageFollow(village_id=here.village.id, villager_id=factories.villager(session).villager_id)
        )
        broadcasts.announce(session, disclosure=here.item)
    settings = settings_for(tmp_path)
    clients = build_clients(database, settings)
    try:
        assert Worker(database, settings, clients, "worker").step() >= 1
    finally:
        clients.close()

    assert told(database) == (1, 1)
