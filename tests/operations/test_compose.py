"""The services of docker-compose.yml as processes, in a tree that holds what the Dockerfile copies: no engine
builds or runs the image here."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.core import migrations
from app.core.db import Database
from tests.operations.support import (
    PATIENCE,
    ROOT,
    Running,
    await_answer,
    empty_database,
    free_port,
    run,
    running,
)
from tests.waiting import eventually

pytestmark = [
    pytest.mark.processes,
    pytest.mark.xdist_group("operations"),
    pytest.mark.timeout(400),
]
LEASE_SECONDS = 5
METRICS = (
    "mashang_callback_seconds",
    "mashang_database_up",
    "mashang_outbox_oldest_due_seconds",
    "mashang_outbox_unsent",
    "mashang_deliveries",
    "mashang_job_ticks",
    "mashang_rule_run_seconds",
)
SECRETS = (
    "MASHANG_SECRET_KEY",
    "MASHANG_WECHAT_APP_SECRET",
    "MASHANG_WECHAT_TOKEN",
    "MASHANG_WECHAT_AES_KEY",
)


@dataclass
class Installation:
    """The services as they run."""

    url: str
    web: str
    environment: dict[str, str]
    services: dict[str, list[Running]] = field(default_factory=dict)
    migrated: int = -1

    def leader(self) -> str | None:
        """Who holds the scheduler's lease now."""
        held = "SELECT owner FROM lease WHERE name = 'scheduler' AND until > clock_timestamp()"
        database = Database(self.url, pool_size=1)
        with database.engine.connect() as connection:
            owner = connection.exec_driver_sql(held).scalar()
        database.dispose()
        return owner

    def leading(self) -> Running | None:
        """The scheduler process that leads."""
        owner = self.leader()
        if owner is None:
            return None
        pid = int(owner.split(":")[2])
        return next((one for one in self.services["scheduler"] if one.process.pid == pid), None)


def _compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return read


def _filled_in_example() -> dict[str, str]:
    """`.env` as somebody fills in `.env.example`."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    made = {name: secrets.token_hex(24) for name, value in given.items() if not value}
    keys = {name: secrets.token_hex(21) + "A" for name in given if name.endswith("AES_KEY")}
    return {**given, **made, **keys}


def _image(target: Path) -> Path:
    """The tree that the Dockerfile copies."""
    copied = [
        line.split()[1:]
        for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ") and "--from" not in line and "requirements" not in line
    ]
    for source, destination in copied:
        shutil.copytree(ROOT / source, target / destination)
    return target


def _command(service: dict[str, Any]) -> list[str]:
    program, *arguments = service["command"]
    assert program == "python"
    return [sys.executable, *arguments]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    services = _compose()["services"]
    image = _image(tmp_path_factory.mktemp("image"))
    port = free_port()
    with ExitStack() as stack:
        url = stack.enter_context(empty_database())
        adapted = {
            "PORT": str(port),
            "PYTHONPATH": str(image),
            "MASHANG_DATABASE_URL": url,
            "MASHANG_DATA_DIR": str(tmp_path_factory.mktemp("attachments")),
            "MASHANG_LEASE_SECONDS": str(LEASE_SECONDS),
            "MASHANG_WECHAT_API_BASE": "http://127.0.0.1:9",
        }
        found = Installation(url, f"http://127.0.0.1:{port}", {})

        def start(name: str) -> Running:
            given = {key: str(value) for key, value in services[name]["environment"].items()}
            found.environment = {**_SECRETS, **given, **adapted}
            command = _command(services[name])
            one = stack.enter_context(running(command, found.environment, where=image))
            found.services.setdefault(name, []).append(one)
            return one

        migrate = start("migrate")
        found.migrated = migrate.process.wait(PATIENCE)
        for name in ("web", "worker", "scheduler", "scheduler"):
            start(name)
        await_answer(found.web + "/readyz", found.services["web"][0])
        yield found


_SECRETS = _filled_in_example()


def test_services_are_complete() -> None:
    services = _compose()["services"]

    assert set(services) == {"postgres", "migrate", "web", "worker", "scheduler", "proxy"}
    assert {name: services[name]["deploy"]["replicas"] for name in ("web", "scheduler")} == {
        "web": 2,
        "scheduler": 2,
    }
    for name in ("migrate", "web", "worker", "scheduler"):
        assert services[name]["volumes"] == ["attachments:/var/lib/mashang"]
        assert services[name]["environment"]["MASHANG_ENVIRONMENT"] == "production"


def test_migration_ends_well(installation: Installation) -> None:
    database = Database(installation.url, pool_size=1)

    assert installation.migrated == 0, installation.services["migrate"][0].printed
    assert migrations.current(database.engine) == migrations.head()
    database.dispose()


def test_web_answers_counts_and_drains(installation: Installation) -> None:
    web = installation.services["web"][0]
    with httpx.Client(base_url=installation.web, trust_env=False, timeout=20) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json() == {"status": "ready"}
        assert _verify(client, installation.environment["MASHANG_WECHAT_TOKEN"]) == (200, "hello")
        for _ in range(8):
            assert _verify(client, "a guess")[0] == 403
        metrics = [client.get("/metrics").text for _ in range(4)]

    for name in METRICS:
        assert f"# TYPE {name} " in metrics[0], metrics[0]
    # Two processes share the port: any of them answers for both.
    assert [_count(text, "mashang_callback_seconds_count") for text in metrics] == [9.0] * 4
    assert web.process.poll() is None
    assert web.end() in (0, -signal.SIGTERM)
    assert [line for line in web.printed.splitlines() if not _is_json(line)] == []


def test_worker_works_until_it_is_told_to_stop(installation: Installation) -> None:
    worker = installation.services["worker"][0]
    worker.await_line("worker.started")

    assert worker.end() == 0, worker.printed
    assert "worker.stopped" in worker.printed


def test_one_scheduler_leads_and_the_other_takes_over(installation: Installation) -> None:
    first = eventually(installation.leading, timeout=PATIENCE, what="a leader")
    others = [one for one in installation.services["scheduler"] if one is not first]
    for one in others:
        one.await_line("scheduler.started")
        assert "scheduler.leading" not in one.printed

    first.end(signal.SIGKILL)
    second = eventually(
        lambda: (found := installation.leading()) is not first and found, timeout=30, what="a successor"
    )

    assert second in others
    second.await_line("scheduler.leading")
    assert second.end() == 0, second.printed
    assert installation.leader() is None, "the lease is given back"


def test_production_refuses_to_start_without_secrets(tmp_path: Path) -> None:
    given = {"MASHANG_ENVIRONMENT": "production", "MASHANG_SECRET_KEY": "too short"}

    refused = run("web", environment=given, where=tmp_path)

    assert refused.returncode == 2
    for name in (*SECRETS, "MASHANG_WECHAT_APP_ID", "MASHANG_PUBLIC_URL"):
        assert name in refused.stderr, refused.stderr
    assert "too short" not in refused.stderr


def _verify(client: httpx.Client, token: str) -> tuple[int, str]:
    """The platform's address verification, signed with this token."""
    parts = {"timestamp": "1714036504", "nonce": "1514711492"}
    signature = hashlib.sha1("".join(sorted([token, *parts.values()])).encode()).hexdigest()
    answer = client.get("/wechat/callback", params={**parts, "signature": signature, "echostr": "hello"})
    return answer.status_code, answer.text


def _count(metrics: str, name: str) -> float:
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith(name + "{"))


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
