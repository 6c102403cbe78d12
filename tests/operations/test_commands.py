"""Every one-shot command with `--json`: what it answers, what it leaves in the database, how it exits."""

from __future__ import annotations

import json
import logging
import socket
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from app.__main__ import cli
from app.core.db import Database
from app.models import CalendarDay, EarlyWarning, Officer, Organisation
from app.models.organisations import OrganisationKind
from tests.installed import demo_database
from tests.operations.support import Running, free_port, running
from tests.sandbox.support import config_for
from tests.support import MINIPROGRAM, OFFICIAL

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("operations"), pytest.mark.timeout(300)]
Command = Callable[..., Result]


@dataclass
class Here:
    """An installation with demo data, and its commands."""

    database: Database
    command: Command


def _runner(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, home: Path) -> Command:
    monkeypatch.chdir(home)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str, **more: Any) -> Result:
        return CliRunner().invoke(cli, list(arguments), **more)

    return command


@pytest.fixture(scope="module")
def seeded() -> Iterator[str]:
    """The address of a database with demo data."""
    with demo_database() as url:
        yield url


@pytest.fixture
def logs() -> Iterator[None]:
    """Commands set up the logs of their process, which is ours here: put back afterwards."""
    root = logging.getLogger()
    handlers, level, configured = list(root.handlers), root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


@pytest.fixture
def here(logs: None, seeded: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Here]:
    environment = {"MASHANG_DATABASE_URL": seeded, "MASHANG_DATA_DIR": str(tmp_path)}
    database = Database(seeded, pool_size=2)
    yield Here(database, _runner(environment, monkeypatch, tmp_path))
    database.dispose()


def _answer(result: Result, code: int = 0) -> Any:
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return json.loads(result.stdout)


def _number(database: Database, query: Any) -> int:
    with database.reading() as session:
        return int(session.scalar(query) or 0)


def test_migrate_may_be_repeated(here: Here) -> None:
    assert _answer(here.command("migrate", "--json")) == {"migrated": True}


def test_seed_demo_is_loaded_once(here: Here) -> None:
    before = _number(here.database, select(func.count()).select_from(Organisation))

    assert _answer(here.command("seed", "demo", "--json"))["created"] is False
    assert _number(here.database, select(func.count()).select_from(Organisation)) == before


def test_admin_create_and_its_double(here: Here) -> None:
    arguments = ("admin", "create", "wang", "--name", "王管理", "--json")
    made = here.command(*arguments, input="correct-horse-battery\ncorrect-horse-battery\n")
    lines = made.stdout.splitlines()

    assert made.exit_code == 0, made.stderr
    assert json.loads(lines[-1])["login"] == "wang"
    assert _number(here.database, select(func.count()).where(Officer.login == "wang")) == 1
    double = here.command(*arguments, "--password", "correct-horse-battery")
    assert double.exit_code == 1
    assert "wang" in double.stderr


def test_token_is_shown_once_and_not_stored(here: Here) -> None:
    token = _answer(here.command("token", "create", "deployment", "--json"))["token"]

    with here.database.reading() as session:
        stored = (
            session.connection().exec_driver_sql("SELECT s::text FROM login_session AS s").scalars().all()
        )
    assert len(token) >= 32
    assert not any(token in row for row in stored)


def test_routes_name_their_callers(here: Here) -> None:
    rows = _answer(here.command("routes", "--json"))

    assert {"method": "GET", "path": "/healthz", "callers": ["public"]} in rows
    assert all(row["callers"] for row in rows)
    assert "/healthz" in here.command("routes").stdout


def test_check_finds_what_waits(here: Here) -> None:
    found = _answer(here.command("check", "--json"), code=1)

    assert "没有绑定微信的工作人员" in {item["title"] for item in found if item["problem"]}
    told = here.command("check")
    assert told.exit_code == 1
    assert "需要处理  没有绑定微信的工作人员" in told.stdout


def test_rules_list_and_run_by_date(here: Here) -> None:
    listed = _answer(here.command("rules", "list", "--json"))
    assert {"code", "rule", "title", "mode", "thresholds", "villages"} == set(listed[0])
    assert "contract.expiring" in {row["rule"] for row in listed}

    ran = _answer(here.command("rules", "run", "contract.expiring", "--as-of", "2020-01-01", "--json"))
    assert [(row["rule"], row["as_of"], row["findings"]) for row in ran] == [
        ("contract.expiring", "2020-01-01", 0)
    ]
    today = _answer(here.command("rules", "run", "--json"))
    assert {row["rule"] for row in today} == {row["rule"] for row in listed}
    assert _number(here.database, select(func.count()).select_from(EarlyWarning)) > 0


def test_rules_run_refuses_what_it_does_not_know(here: Here) -> None:
    unknown = here.command("rules", "run", "no.such.rule")
    assert (unknown.exit_code, "no.such.rule" in unknown.stderr) == (1, True)
    assert here.command("rules", "run", "--as-of", "yesterday").exit_code == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_calendar_import(here: Here, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "2027.csv"
    file.write_text("2027-02-05,休,春节\n2027-02-06,班,春节调休\n", encoding=encoding)

    assert _answer(here.command("calendar", "import", str(file), "--json")) == {"days": 2}
    with here.database.reading() as session:
        rows = session.execute(select(CalendarDay.day, CalendarDay.is_work_day, CalendarDay.note)).all()
    assert [(str(day), work, note) for day, work, note in sorted(rows)] == [
        ("2027-02-05", False, "春节"),
        ("2027-02-06", True, "春节调休"),
    ]


@pytest.mark.parametrize("line", ["2028-02-30,休,不存在", "2028-02-06,也许,说不清"])
def test_calendar_import_names_the_bad_line(here: Here, tmp_path: Path, line: str) -> None:
    file = tmp_path / "2028.csv"
    file.write_text(f"2028-02-05,休,春节\n{line}\n", encoding="utf-8")

    refused = here.command("calendar", "import", str(file))

    assert refused.exit_code == 1
    assert "第 2 行" in refused.stderr
    year = func.extract("year", CalendarDay.day) == 2028
    assert _number(here.database, select(func.count()).select_from(CalendarDay).where(year)) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("token", "create"),
        ("check", "--jsn"),
        ("calendar", "import", "missing.csv"),
        ("qr", "zip", "no/such/directory/codes.zip"),
        ("web", "--workers", "0"),
        ("web", "--port", "eighty"),
    ],
)
def test_wrong_use_exits_with_2(here: Here, arguments: tuple[str, ...]) -> None:
    assert here.command(*arguments).exit_code == 2


def test_a_database_that_does_not_answer_is_explained(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASHANG_DATABASE_URL", f"postgresql://nobody:secret@127.0.0.1:{free_port()}/none")

    refused = here.command("check")

    assert refused.exit_code == 1
    assert "数据库没有响应" in refused.stderr
    assert "secret" not in refused.stderr


@pytest.mark.parametrize("taken", ["PORT", "SANDBOX_PORT"])
def test_an_occupied_port_is_named(here: Here, monkeypatch: pytest.MonkeyPatch, taken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = str(door.getsockname()[1])
        monkeypatch.setenv("PORT", str(free_port()))
        monkeypatch.setenv("SANDBOX_PORT", str(free_port()))
        monkeypatch.setenv(taken, port)
        refused = here.command("demo")

    assert refused.exit_code == 2
    assert f"端口 {port} 已被占用" in refused.stderr


@pytest.mark.parametrize("missing", ["SECRET_KEY", "WECHAT_APP_ID", "WECHAT_TOKEN", "WECHAT_AES_KEY"])
def test_production_names_the_missing_secret(
    here: Here, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    given = {
        "ENVIRONMENT": "production",
        "PUBLIC_URL": "https://code.example.test",
        "SECRET_KEY": "k" * 48,
        **{name.upper(): value for name, value in OFFICIAL.items()},
    }
    for name, value in given.items():
        monkeypatch.setenv(f"MASHANG_{name}", "" if name == missing else value)

    refused = here.command("migrate")

    assert refused.exit_code == 2
    named = {word for word in refused.stderr.replace(",", " ").split() if word.startswith("MASHANG_")}
    assert named == {f"MASHANG_{missing}"}


@contextmanager
def _platform(tmp_path: Path) -> Iterator[tuple[Running, dict[str, str]]]:
    """A sandbox process, and settings that point to it."""
    official = {name.removeprefix("wechat_"): value for name, value in OFFICIAL.items()}
    mini = {name.removeprefix("miniprogram_"): value for name, value in MINIPROGRAM.items()}
    config = tmp_path / "sandbox.json"
    config.write_text(config_for("", official=official, miniprogram=mini).model_dump_json(), encoding="utf-8")
    arguments = [sys.executable, "-m", "wechat_sandbox", "--config", str(config), "--port", "0"]
    with running(arguments, {}) as process:
        address = process.await_line("READY").split()[1].removesuffix("/phone")
        accounts = {name.upper(): value for name, value in {**OFFICIAL, **MINIPROGRAM}.items()}
        bases = {f"WECHAT_{part}_BASE": address for part in ("API", "MP", "OPEN")}
        yield process, {f"MASHANG_{name}": value for name, value in {**accounts, **bases}.items()}


def test_wechat_and_codes(here: Here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert here.command("wechat", "check").exit_code == 1, "no account is configured"
    assert here.command("wechat", "setup").exit_code == 1
    with _platform(tmp_path) as (process, settings):
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        missing = _answer(here.command("wechat", "check", "--json"), code=1)
        assert "complaint_assigned" in {item["kind"] for item in missing}
        set_up = _answer(here.command("wechat", "setup", "--json"))
        assert [item for item in set_up if item["problem"]] == []
        assert _answer(here.command("wechat", "check", "--json")) == []
        villages = _number(
            here.database,
            select(func.count()).where(Organisation.kind == OrganisationKind.VILLAGE, Organisation.active),
        )
        assert _answer(here.command("qr", "issue", "--json"))["issued"] >= villages
        assert _answer(here.command("qr", "issue", "--json")) == {"issued": 0}
        process.process.kill()
        process.process.wait()
        assert here.command("wechat", "setup").exit_code == 1, "the platform does not answer"
    target = tmp_path / "codes.zip"
    assert _answer(here.command("qr", "zip", str(target), "--json")) == {"file": str(target)}
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert sum(name.endswith(".pdf") for name in archive.namelist()) >= villages
