"""Metrics in the text format of Prometheus.

Two sources, because `/metrics` is answered by any one of several processes:

- What a process does is counted in it: `CALLBACK_SECONDS`, `CALL_SECONDS`. With several web processes the
  parent calls `share(directory)` before it starts them, and prometheus-client then adds up over
  all processes that share the directory.
- What workers, the scheduler and the rules do is read from the database at each scrape. That is the truth for
  all machines, survives restarts, and workers need no port of their own. Counts cover the last 24 hours, so
  that a scrape stays cheap.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.db import Database

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SHARED = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REGISTRY = CollectorRegistry()
CALLBACK_SECONDS = Histogram(
    "mashang_callback_seconds",
    "Time to answer a WeChat callback; the platform gives up after 5 seconds.",
    ["outcome"],
    buckets=BUCKETS,
    registry=REGISTRY,
)

CALL_SECONDS = Histogram(
    "mashang_wechat_call_seconds",
    "Time of an outgoing call to WeChat, by path and result.",
    ["path", "result"],
    buckets=BUCKETS,
    registry=REGISTRY,
)

_OLDEST = text(
    """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)
      FROM outgoing_message
     WHERE state IN ('pending', 'claimed') AND due_at <= clock_timestamp() AND NOT coarse
    """
)
_WAITING = text("SELECT count(*) FROM outgoing_message WHERE state IN ('pending', 'claimed')")
_DELIVERIES = text(
    """
    SELECT state, confirmation, count(*)
      FROM outgoing_message
     WHERE state IN ('done', 'failed', 'unknown', 'waiting')
       AND created_at > clock_timestamp() - interval '24 hours'
     GROUP BY 1, 2
    """
)
_TICKS = text(
    """
    SELECT job, coalesce(split_part(outcome, ':', 1), 'running'), count(*)
      FROM job_tick
     WHERE due_at > clock_timestamp() - interval '24 hours'
     GROUP BY 1, 2
    """
)
_RULES = text(
    """
    SELECT rule, (array_agg(milliseconds ORDER BY started_at DESC))[1] / 1000.0
      FROM rule_run
     WHERE started_at > clock_timestamp() - interval '48 hours'
     GROUP BY 1
    """
)

_WARNINGS = text(
    """
    SELECT colour, count(*) FROM warning
     WHERE mode = 'active' AND state IN ('open', 'acknowledged', 'proposed')
     GROUP BY 1
    """
)
_WITHOUT_STEP = text(
    "SELECT count(*) FROM warning WHERE mode = 'active' AND state <> 'closed' AND next_due_at IS NULL"
)
# As `app.services.warnings.auditing.reached` says it.
_UNREACHED = text(
    """
    SELECT count(*) FROM warning w
     WHERE w.mode = 'active' AND w.state IN ('open', 'acknowledged', 'proposed') AND w.muted_by = ''
       AND w.created_at < clock_timestamp() - interval '24 hours'
       AND w.acknowledged_by IS NULL AND w.proposed_by IS NULL
       AND NOT EXISTS (
           SELECT FROM warning_notice n LEFT JOIN outgoing_message m ON m.id = n.message_id
           WHERE n.warning_id = w.id
             AND (n.seen_at IS NOT NULL OR m.read_at IS NOT NULL OR m.confirmation = 'delivered'))
    """
)


def share(directory: Path) -> None:
    """Count over several processes: empties `directory` and names it in the environment.

    Called by the parent before it starts processes: prometheus-client looks at the name when it is first
    imported, so the caller itself goes on counting alone."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.environ[SHARED] = str(directory)


def render(database: Database | None = None) -> bytes:
    """Everything, as Prometheus reads it (`CONTENT_TYPE`). Without an answering database only
    `mashang_database_up` and what is counted in processes."""
    registry = REGISTRY
    if os.environ.get(SHARED):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    answer = generate_latest(registry)
    if database is not None:
        stored = CollectorRegistry()
        stored.register(_Stored(database))
        answer += generate_latest(stored)
    return answer


class _Stored(Collector):
    """What the database knows, read once per scrape."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing beforehand: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges; when the database does not answer, only that."""
        try:
            with self._database.reading() as session:
                found = list(_gauges(session))
        except SQLAlchemyError:
            found = []
        yield _plain("mashang_database_up", "Whether the database answers.", 1 if found else 0)
        yield from found


def _gauges(session: Session) -> Iterator[GaugeMetricFamily]:
    yield _plain(
        "mashang_outbox_oldest_due_seconds",
        "Age of the oldest message that is due and not sent (those kept by whole days are left out).",
        float(session.execute(_OLDEST).scalar_one()),
    )
    yield _plain(
        "mashang_outbox_unsent", "Messages that are to be sent.", session.execute(_WAITING).scalar_one()
    )
    yield _labelled(
        session,
        "mashang_deliveries",
        "Messages of 24 hours.",
        ["result", "confirmation"],
        _DELIVERIES,
    )
    yield _labelled(session, "mashang_job_ticks", "Ticks of 24 hours.", ["job", "outcome"], _TICKS)
    yield _labelled(session, "mashang_warnings_open", "Early warnings that are open.", ["colour"], _WARNINGS)
    yield _plain(
        "mashang_warnings_without_step",
        "Open early warnings without a next deadline.",
        session.execute(_WITHOUT_STEP).scalar_one(),
    )
    yield _plain(
        "mashang_warnings_unreached",
        "Open early warnings, a day old, of which no officer is known to know.",
        session.execute(_UNREACHED).scalar_one(),
    )
    yield _labelled(session, "mashang_rule_run_seconds", "Each rule's last run.", ["rule"], _RULES)


def _plain(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value=value)


def _labelled(
    session: Session, name: str, documentation: str, labels: list[str], query: object
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for *values, number in session.execute(query):  # type: ignore[call-overload]
        family.add_metric([str(value) for value in values], float(number))
    return family
