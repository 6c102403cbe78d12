"""Jobs of disclosures: bring out what was approved for a set time, remind reviewers."""

from __future__ import annotations

from collections import Counter

from app.core import clock
from app.core.db import Database
from app.core.keys import Keys
from app.core.logging import get
from app.core.settings import Settings
from app.services import disclosures
from app.services.actors import System

log = get(__name__)


def publish_due(database: Database, settings: Settings) -> str:
    """Approved disclosures whose time has come, each in its own transaction: one that fails does not keep
    the others, and stays due for the next run."""
    keys, acting = Keys.of(settings.key), System("disclosures.publish_due")
    with database.reading() as session:
        waiting = disclosures.due(session, now=clock.now())
    done: Counter[str] = Counter()
    for key in waiting:
        try:
            with database.transaction() as session:
                state = disclosures.release_due(session, acting=acting, disclosure_id=key, keys=keys)
        except Exception:
            log.exception("disclosure.release_failed", disclosure=str(key))
            done["failed"] += 1
        else:
            done[state.value if state else "taken"] += 1
    return " ".join(f"{name}={count}" for name, count in sorted(done.items())) or "published=0"


def remind_reviewers(database: Database, _settings: Settings) -> str:
    """Reviews that come due or are late, in batches until nobody is left to be told."""
    total = 0
    while True:
        with database.transaction() as session:
            done = disclosures.remind(session)
        total += done
        if not done:
            return f"reminded={total}"
