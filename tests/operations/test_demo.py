"""`mashang demo` from outside: what it leaves behind when it stops, is killed, or finds its place taken."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.installed import demo_database
from tests.journeys.people import Office, Phone
from tests.journeys.story import Demo, complaint_id, file_by_chat, follow
from tests.operations.support import (
    PATIENCE,
    Running,
    answers,
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

pytestmark = [
    pytest.mark.processes,
    pytest.mark.xdist_group("operations"),
    pytest.mark.timeout(400),
]
KEYS = {"app", "sandbox", "phone", "admin_token", "villages", "logins"}
PARTS = ("wechat_sandbox", "app web", "app worker", "app scheduler")


@dataclass
class Kept:
    """What the first start left: the data directory, its complaint, and how the start and the stop went."""

    data_dir: Path
    written: dict[str, Any]
    mode: int
    parts: list[str]
    number: str
    code: int
    left_over: list[str]
    postgres: int | None


@contextmanager
def demo(data_dir: Path, **environment: str) -> Iterator[tuple[Running, dict[str, Any]]]:
    """A demo that is ready, and its demo.json."""
    port = environment.get("PORT") or str(free_port())
    given = {
        "PORT": port,
        "SANDBOX_PORT": str(free_port()),
        "MASHANG_DATA_DIR": str(data_dir),
        **environment,
    }
    with running(mashang("demo"), given) as process:
        process.await_line("READY")
        yield process, json.loads((data_dir / "demo.json").read_text(encoding="utf-8"))


def _reader(written: dict[str, Any]) -> Demo:
    logins = {entry["login"]: entry for entry in written["logins"]}
    return Demo(written["app"], written["sandbox"], written["admin_token"], logins, say=lambda _words: None)


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    """A data directory after a first start, a complaint in the chat, and Ctrl-C."""
    with data_directory() as data_dir:
        with demo(data_dir) as (process, written):
            reader = _reader(written)
            number = file_by_chat(reader, follow(reader, "王阿婆"), "村口的路灯坏了三天")
            reader.close()
            started = children(process.process.pid)
            server = postgres_pid(data_dir)
            code = process.end(signal.SIGINT)
        yield Kept(
            data_dir,
            written,
            (data_dir / "demo.json").stat().st_mode & 0o777,
            list(started.values()),
            number,
            code,
            [line for pid, line in started.items() if command_line(pid) == line],
            server if server and command_line(server) else None,
        )


def test_first_start_says_where_everything_is(kept: Kept) -> None:
    assert set(kept.written) == KEYS
    assert kept.mode == 0o600
    assert kept.written["phone"] == kept.written["sandbox"] + "/phone"
    assert "donglian" in {village["code"] for village in kept.written["villages"]}
    for part in PARTS:
        assert sum(part in line for line in kept.parts) == 1, kept.parts


def test_interrupt_stops_everything(kept: Kept) -> None:
    assert kept.code == 0
    assert kept.left_over == []
    assert kept.postgres is None


def test_restart_copy_kill_and_recovery(kept: Kept) -> None:
    with demo(kept.data_dir) as (second, written):
        _still_there(kept, written)
        _one_demo_per_directory(kept)
        _copy_beside(written)
        server = postgres_pid(kept.data_dir)
        orphans = children(second.process.pid)
        assert len(orphans) >= len(PARTS)
        second.end(signal.SIGKILL)
    eventually(
        lambda: not any(command_line(pid) == line for pid, line in orphans.items()),
        timeout=PATIENCE,
        what="the end of the orphans",
    )
    assert answers(written["app"] + "/healthz") is None
    assert answers(written["sandbox"] + "/healthz") is None
    assert server is not None
    assert postgres_pid(kept.data_dir) == server, "the database outlives its owner"

    port = written["app"].rpartition(":")[2]
    with demo(kept.data_dir, PORT=port) as (third, written_again):
        assert postgres_pid(kept.data_dir) == server, "the next start adopts it"
        _still_there(kept, written_again)
        assert third.end(signal.SIGINT) == 0
    assert command_line(server) == "", "and stops it"


def _still_there(kept: Kept, written: dict[str, Any]) -> None:
    """The complaint, the token of the first start, the follower, and the codes on the walls."""
    with Office(written["app"], kept.written["admin_token"]) as office:
        assert complaint_id(office, kept.number)
        codes = office.get("/qr-codes", village="donglian")["items"]
    poster = next(code["official_url"] for code in codes if code["place"] == "")
    with Phone(written["sandbox"], written["app"], "路过的人") as passer_by:
        assert "东联村" in passer_by.scan(poster)


def _one_demo_per_directory(kept: Kept) -> None:
    here = {"PORT": str(free_port()), "MASHANG_DATA_DIR": str(kept.data_dir)}
    again = run("demo", environment=here, where=kept.data_dir)
    assert (again.returncode, "已经有一个演示在运行" in again.stderr) == (2, True), again.stderr


def _copy_beside(written: dict[str, Any]) -> None:
    """Another demo with other ports and data: neither knows of the other."""
    with data_directory() as elsewhere, demo_database() as url:
        with demo(elsewhere, MASHANG_DATABASE_URL=url) as (copy, beside):
            assert beside["app"] != written["app"]
            assert answers(written["app"] + "/readyz") == answers(beside["app"] + "/readyz") == 200
            with Office(beside["app"], beside["admin_token"]) as office:
                assert office.get("/complaints", village="donglian", limit=1)["items"]
            with Office(written["app"], beside["admin_token"]) as stranger:
                assert stranger.http.get("/complaints").status_code == 401
            assert copy.end(signal.SIGTERM) == 0
        assert postgres_pid(elsewhere) is None
