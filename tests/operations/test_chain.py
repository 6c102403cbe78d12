"""`mashang chain verify`, `mashang check` and what `mashang migrate` does for villages without a chain."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from typer.testing import CliRunner

from app.__main__ import cli
from app.core.db import Database
from app.core.storage import Storage
from app.models import Organisation
from app.models.chain import ChainEvent
from app.services import chain
from tests import factories
from tests.conftest import fresh_database
from tests.services.chained import attach, make, publish

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("operations"), pytest.mark.timeout(300)]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Database]:
    """A database that our commands work on, in this process."""
    root = logging.getLogger()
    handlers, level, configured = list(root.handlers), root.level, structlog.get_config()
    with fresh_database() as url:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MASHANG_DATABASE_URL", url)
        monkeypatch.setenv("MASHANG_DATA_DIR", str(tmp_path))
        opened = Database(url, pool_size=2)
        yield opened
        opened.dispose()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


def command(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return json.loads(result.stdout) if "--json" in arguments else result.stdout + result.stderr


def _village(database: Database) -> tuple[str, chain.Head]:
    """A village with two links; its code and its head."""
    with database.transaction() as session:
        village = factories.places(session).village
        publish(session, village, "第一条")
        publish(session, village, "第二条")
        head = chain.head(session, village.id)
    assert head is not None
    return village.code, head


def test_verify_finds_nothing_and_then_each_fault(database: Database) -> None:
    code, head = _village(database)
    [found] = command("chain", "verify", "--json")
    assert (found["village"], found["links"], found["checked"], found["faults"]) == (code, 2, 2, [])
    assert found["head"] == {"number": 2, "digest": head.digest}
    command("chain", "verify", "--village", code, "--head", head.short)
    with database.transaction() as session:
        session.execute(text("UPDATE disclosure_version SET body = 'x' WHERE title = '第一条'"))

    [found] = command("chain", "verify", "--json", code=1)
    assert [(fault["kind"], fault["number"]) for fault in found["faults"]] == [("edited_content", 1)]
    assert "「第一条」第 1 版的内容和第 1 环上链时不一样" in command("chain", "verify", code=1)
    with database.transaction() as session:
        session.execute(text("UPDATE disclosure_version SET body = '' WHERE title = '第一条'"))
    command("chain", "verify")
    wrong = f"2:{'0' * 20}"
    [found] = command("chain", "verify", "--village", code, "--head", wrong, "--json", code=1)
    assert [fault["kind"] for fault in found["faults"]] == ["rewritten"]


def test_wrong_use_is_told(database: Database) -> None:
    code, head = _village(database)

    assert "哪个村" in command("chain", "verify", "--head", head.short, code=2)
    assert "看不懂" in command("chain", "verify", "--village", code, "--head", "abc", code=2)
    assert "没有找到这个村社" in command("chain", "verify", "--village", "nowhere", code=2)


def test_files_are_read_when_asked(database: Database, tmp_path: Path) -> None:
    storage = Storage.in_data_dir(tmp_path)
    with database.transaction() as session:
        item, version = make(session, factories.places(session).village)
        attach(session, item, storage.put(b"a picture"))
        chain.extend(session, disclosure=item, version=version, event=ChainEvent.PUBLISHED)
    command("chain", "verify", "--files")
    storage.delete(storage.put(b"a picture"))

    command("chain", "verify")
    [found] = command("chain", "verify", "--files", "--json", code=1)
    assert [fault["kind"] for fault in found["faults"]] == ["file"]


def test_check_includes_the_chains(database: Database) -> None:
    _village(database)

    def chains() -> dict[str, Any]:
        [found] = [one for one in command("check", "--json", code=1) if one["title"] == "公开存证链"]
        return dict(found)

    assert (chains()["problem"], "1 个村共 2 环" in chains()["detail"]) == (False, True)
    with database.transaction() as session:
        session.execute(text("DELETE FROM chain_link WHERE number = 1"))
    assert chains()["problem"] is True


def test_migrate_gives_older_villages_a_chain_once(database: Database) -> None:
    with database.transaction() as session:
        old = factories.places(session).village
        make(session, old, "从前公开的")
        make(session, old, "从前公开的另一条")
        begun = factories.village(session, session.get_one(Organisation, old.parent_id))
        publish(session, begun)
        make(session, begun, "绕过审核的")
    command("migrate")
    command("migrate")

    results = {one["village"]: one for one in command("chain", "verify", "--json", code=1)}
    assert (results[old.code]["links"], results[old.code]["faults"]) == (2, [])
    assert [fault["kind"] for fault in results[begun.code]["faults"]] == ["unlinked"]
