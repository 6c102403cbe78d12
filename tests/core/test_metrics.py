"""Metrics: what the database knows, what processes count, also when several share the work."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.core import clock, metrics
from app.core.db import BorrowedDatabase, Database
from app.models import JobTick, OutgoingMessage
from app.models.base import WorkState
from app.models.delivery import Confirmation, MessageKind
from tests import factories

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(answer: bytes) -> Samples:
    """Samples by name and labels; fails when Prometheus could not read the text."""
    found: Samples = {}
    for family in text_string_to_metric_families(answer.decode()):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, tuple(sorted(labels.items()))]


def message(
    officer_id: Any, state: WorkState, *, late: timedelta = timedelta(), **more: Any
) -> OutgoingMessage:
    return OutgoingMessage(
        kind=MessageKind.WARNING_FIRED,
        officer_id=officer_id,
        subject_kind="warning",
        subject_id="w",
        data={},
        url="/desk",
        state=state,
        due_at=clock.now() - late,
        **more,
    )


def test_the_database_tells_of_workers_and_jobs(borrowed: BorrowedDatabase) -> None:
    with borrowed.transaction() as session:
        officer = factories.officer(session).id
        session.add_all(
            [
                message(officer, WorkState.PENDING, late=timedelta(minutes=10)),
                message(officer, WorkState.PENDING, late=timedelta(hours=20), coarse=True),
                message(
                    officer, WorkState.DONE, late=timedelta(hours=5), confirmation=Confirmation.DELIVERED
                ),
                message(officer, WorkState.FAILED),
                JobTick(job="rules.run", due_at=clock.now(), owner="one", outcome="ok: x"),
                JobTick(job="rules.run", due_at=clock.now() - timedelta(hours=1), owner="one"),
            ]
        )
    samples = read(metrics.render(borrowed))
    assert value(samples, "mashang_database_up") == 1
    assert 590 < value(samples, "mashang_outbox_oldest_due_seconds") < 700
    assert value(samples, "mashang_outbox_unsent") == 2
    assert value(samples, "mashang_deliveries", result="done", confirmation="delivered") == 1
    assert value(samples, "mashang_deliveries", result="failed", confirmation="none") == 1
    assert value(samples, "mashang_job_ticks", job="rules.run", outcome="ok") == 1
    assert value(samples, "mashang_job_ticks", job="rules.run", outcome="running") == 1


def test_an_empty_outbox_has_no_age(borrowed: BorrowedDatabase) -> None:
    assert value(read(metrics.render(borrowed)), "mashang_outbox_oldest_due_seconds") == 0


def test_a_lost_database_is_told_and_nothing_else_fails() -> None:
    nobody = Database("postgresql://nobody@127.0.0.1:9/none", pool_size=1)
    samples = read(metrics.render(nobody))
    nobody.dispose()
    assert value(samples, "mashang_database_up") == 0


def test_callbacks_are_counted_in_the_process() -> None:
    metrics.CALLBACK_SECONDS.labels("test").observe(0.02)
    samples = read(metrics.render())
    assert value(samples, "mashang_callback_seconds_count", outcome="test") >= 1
    assert value(samples, "mashang_callback_seconds_bucket", outcome="test", le="0.025") >= 1


OBSERVE = 'from app.core import metrics; metrics.CALLBACK_SECONDS.labels("test").observe(0.02)'
SHOW = OBSERVE + "; import sys; sys.stdout.buffer.write(metrics.render())"


def test_several_processes_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "metrics"
    directory.mkdir()
    (directory / "left over.db").touch()
    monkeypatch.setenv(metrics.SHARED, "overwritten below, restored at the end")
    metrics.share(directory)
    assert list(directory.iterdir()) == []
    environment = dict(os.environ)
    for _ in range(3):
        subprocess.run([sys.executable, "-c", OBSERVE], check=True, env=environment)
    shown = subprocess.run([sys.executable, "-c", SHOW], check=True, env=environment, capture_output=True)
    assert value(read(shown.stdout), "mashang_callback_seconds_count", outcome="test") == 4
