"""Bodies of the scheduled jobs of 码上督. Each works in batches until nothing is left."""

from __future__ import annotations

from app.core.db import Database
from app.core.logging import get
from app.core.settings import Settings
from app.rules import ALL_RULES
from app.services import arrears, campaigns, ledgers
from app.services.actors import System
from app.services.ledgers import receivables
from app.services.warnings import auditing, escalation, evaluation, notices

log = get(__name__)


def run_rules(database: Database, settings: Settings) -> str:
    """Every rule, each in a transaction of its own, then whoever is to be told: a rule that fails keeps
    neither the others nor the messages. Raises RuntimeError at the end when one failed."""
    outcomes, failed = [], []
    for rule in ALL_RULES:
        try:
            with database.transaction() as session:
                done = evaluation.run(session, acting=System("rules.run"), rule=rule)
        except Exception:
            log.exception("rule.failed", rule=rule.key)
            failed.append(rule.key)
        else:
            outcomes.append(f"{rule.key}={done.outcome}")
    outcomes.append(notify_warnings(database, settings))
    if failed:
        raise RuntimeError(f"rules failed: {', '.join(failed)}")
    return " ".join(outcomes)


def notify_warnings(database: Database, settings: Settings) -> str:
    """Officers are told of warnings that changed, outside quiet hours."""
    with database.transaction() as session:
        return f"messages={notices.send(session, manner=notices.Manner.of(settings))}"


def escalate_warnings(database: Database, _settings: Settings) -> str:
    """What nobody took in hand, mended or reviewed in time goes to the next level, in batches."""
    total = 0
    while True:
        with database.transaction() as session:
            done = escalation.escalate(session)
        total += done
        if done < escalation.BATCH:
            return f"escalated={total}"


def audit_warnings(database: Database, _settings: Settings) -> str:
    """Every open warning has a next step and a human who was reached, or is named."""
    with database.transaction() as session:
        done = auditing.check(session)
    return " ".join(f"{name}={number}" for name, number in vars(done).items())


def publish_arrears(database: Database, _settings: Settings) -> str:
    """Overdue rent whose named day has come goes on the village page."""
    total = 0
    while True:
        with database.transaction() as session:
            done = arrears.publish_due(session)
        total += done
        if not done:
            return f"published={total}"


def settle_arrears(database: Database, _settings: Settings) -> str:
    """What is paid goes off the village page."""
    total = 0
    while True:
        with database.transaction() as session:
            done = arrears.settle(session)
        total += done
        if not done:
            return f"settled={total}"


def remind_campaigns(database: Database, _settings: Settings) -> str:
    """Villages that owe the answer to a self-check are reminded before and after its deadline."""
    total = 0
    while True:
        with database.transaction() as session:
            done = campaigns.remind(session)
        total += done
        if not done:
            return f"reminded={total}"


def complete_ledgers(database: Database, _settings: Settings) -> str:
    """Rows that were written without their derived columns get them; leases without an end get the rent of
    the years that come into view."""
    acting, rows, planned = System("ledgers.complete"), 0, 0
    while True:
        with database.transaction() as session:
            done = ledgers.backfill(session, acting=acting)
        rows += done
        if not done:
            break
    after = None
    while True:
        with database.transaction() as session:
            made, after = receivables.extend(session, acting=acting, after=after)
        planned += made
        if after is None:
            return f"rows={rows} receivables={planned}"
