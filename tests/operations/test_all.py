"""`mashang all`: everything on one machine, on its own database, which one-shot commands share."""

from __future__ import annotations

import json
import os
import signal

import pytest

from app.core.db import Database
from app.core.embedded import EmbeddedPostgres, running_url
from tests.conftest import fresh_database
from tests.operations.support import (
    PATIENCE,
    answers,
    await_answer,
    children,
    command_line,
    data_directory,
    free_port,
    mashang,
    postgres_pid,
    run,
    running,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("operations"), pytest.mark.timeout(300)]


def test_all_starts_shares_its_database_and_stops() -> None:
    with data_directory() as home:
        port = str(free_port())
        environment = {"MASHANG_DATA_DIR": str(home), "PORT": port}
        with running(mashang("all"), environment) as tree:
            await_answer(f"http://127.0.0.1:{port}/readyz", tree)
            checked = run("check", "--json", environment=environment, where=home)
            assert checked.returncode == 1
            assert "定时任务" in {item["title"] for item in json.loads(checked.stdout)}
            assert answers(f"http://127.0.0.1:{port}/readyz") == 200, "the check left the database running"
            server, parts = postgres_pid(home), children(tree.process.pid)

            assert tree.end(signal.SIGTERM) == 0, tree.printed
            assert [line for pid, line in parts.items() if command_line(pid) == line] == []
        assert server is not None
        assert command_line(server) == ""


def test_a_part_that_dies_ends_the_whole_tree() -> None:
    with data_directory() as home, fresh_database() as url:
        port = str(free_port())
        environment = {"MASHANG_DATA_DIR": str(home), "MASHANG_DATABASE_URL": url, "PORT": port}
        with running(mashang("all"), environment) as tree:
            await_answer(f"http://127.0.0.1:{port}/readyz", tree)
            parts = children(tree.process.pid)
            worker = next(pid for pid, line in parts.items() if "app worker" in line)
            os.kill(worker, signal.SIGKILL)

            assert tree.process.wait(PATIENCE) == 1
            assert '"child": "worker"' in tree.printed
            assert [line for pid, line in parts.items() if command_line(pid) == line] == []
        assert postgres_pid(home) is None


def test_the_last_user_stops_the_embedded_server() -> None:
    with data_directory() as home:
        first, second = EmbeddedPostgres(home), EmbeddedPostgres(home)
        url = first.start()
        assert second.start() == url

        first.stop()
        database = Database(url, pool_size=1)
        database.ping()
        database.dispose()
        second.stop()

        assert running_url(home) is None
        first.start()
        assert running_url(home) is not None
        first.stop()
        assert running_url(home) is None


def test_a_server_left_behind_is_adopted() -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from app.core.embedded import EmbeddedPostgres; "
        "EmbeddedPostgres(Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    with data_directory() as home:
        with running([mashang()[0], "-c", script, str(home)], {}) as owner:
            assert owner.process.wait(PATIENCE) == -signal.SIGKILL
        server = postgres_pid(home)
        assert server is not None

        heir = EmbeddedPostgres(home)
        heir.start()
        assert postgres_pid(home) == server
        heir.stop()

        eventually(lambda: command_line(server) == "", what="the end of the server")
