"""`mashang import …`: the empty workbook of each ledger, and reading one; what it answers, how it exits."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import time_machine
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from app.__main__ import cli
from app.core.db import Database
from app.core.sheets import reading
from app.models import Payment
from app.services.ledgers.definitions import LEDGERS
from tests import factories
from tests.services.ledger_imports import files
from tests.workbooks import book

Command = Callable[..., Result]
GOOD = ("记-1", "2026-03-05", "某某经营部", "1.5万元", "纸")
BAD = ("记-2", "三月初", "某某经营部", 5, "纸")


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command line in an empty directory; the logs of this process are put back afterwards."""
    root = logging.getLogger()
    handlers, level, configured = list(root.handlers), root.level, structlog.get_config()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MASHANG_DATA_DIR", str(tmp_path / "data"))
    with time_machine.travel("2026-06-10T10:00:00+08:00", tick=True):
        yield lambda *arguments: CliRunner().invoke(cli, ["import", *arguments])
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


@pytest.fixture
def installed(command: Command, database: Database, monkeypatch: pytest.MonkeyPatch) -> Command:
    """With a database that has two villages."""
    monkeypatch.setenv("MASHANG_DATABASE_URL", database.url)
    with database.transaction() as session:
        places = factories.places(session)
        places.village.code = "donglian"
        factories.village(session, places.town)
    return command


def answer(result: Result, code: int = 0) -> Any:
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return json.loads(result.stdout)


def paid(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Payment)) or 0


def test_every_ledger_has_a_template(command: Command, tmp_path: Path) -> None:
    for kind in (*LEDGERS, "bank"):
        result = answer(command("template", kind, "--out", f"{kind}.xlsx", "--json"))
        assert result == {"file": f"{kind}.xlsx", "kind": kind}
    header = reading.raw_rows((tmp_path / "payments.xlsx").read_bytes(), "支出")[0]
    assert header[:3] == ["村社", "凭证号*", "付款日期*"]

    plain = command("template", "payments")
    assert (plain.exit_code, (tmp_path / "支出-导入模板.xlsx").is_file()) == (0, True)
    assert command("template", "nothing").exit_code == 2
    assert command("template", "payments", "--out", "nowhere/x.xlsx").exit_code == 2


def test_a_file_is_looked_at_and_read(installed: Command, database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(files.payments("东联村", GOOD))
    seen = answer(installed("run", "auto", "a.xlsx", "--preview", "--json"))
    assert (seen["state"], seen["counts"]["payments"]["created"], paid(database)) == ("previewed", 1, 0)

    done = answer(installed("run", "payments", "a.xlsx", "--json"))
    assert (done["state"], done["villages"], paid(database)) == ("applied", {"donglian": 1}, 1)
    again = installed("run", "payments", "a.xlsx")
    assert again.exit_code == 0
    assert "新增 0，更改 0，没有变化 1" in again.stdout


def test_wrong_rows_exit_1_and_are_written_down(
    installed: Command, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "a.xlsx").write_bytes(files.payments("东联村", GOOD, BAD))
    told = answer(installed("run", "payments", "a.xlsx", "--errors", "errors.xlsx", "--json"), 1)
    assert [error["cell"] for error in told["errors"]] == ["C3"]
    assert paid(database) == 0
    assert "看不懂这个日期" in reading.raw_rows((tmp_path / "errors.xlsx").read_bytes(), "Sheet1")[2][-1]

    partly = installed("run", "payments", "a.xlsx", "--good-rows")
    assert (partly.exit_code, paid(database)) == (1, 1)
    assert "Sheet1!C3 付款日期：看不懂这个日期" in partly.stdout


def test_columns_and_the_village_may_be_said(installed: Command, database: Database, tmp_path: Path) -> None:
    header = ["单据", "哪天", "给谁", "多少", "怎么付", "什么账"]
    (tmp_path / "a.xlsx").write_bytes(book([header, ["1", "2026-03-05", "甲店", 5, "现金", "办公费"]]))
    lost = answer(installed("run", "payments", "a.xlsx", "--json"), 1)
    assert (lost["state"], "voucher" in lost["lacking"]["Sheet1"]) == ("mapping", True)

    fields = ("voucher", "paid_on", "payee", "amount_fen", "method", "category")
    said = [f"--column={field}={name}" for field, name in zip(fields, header, strict=True)]
    answer(installed("run", "payments", "a.xlsx", *said, "--village", "donglian", "--json"))
    assert paid(database) == 1
    assert answer(installed("run", "payments", "a.xlsx", "--village", "donglian", "--json"))["rows"] == 1


def test_mistakes_of_usage_exit_2(installed: Command, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(files.payments("东联村", GOOD))
    for arguments in (
        ("payments", "missing.xlsx"),
        ("nothing", "a.xlsx"),
        ("payments", "a.xlsx", "--column", "nothing=凭证号"),
        ("auto", "a.xlsx", "--column", "voucher=凭证号"),
        ("payments", "a.xlsx", "--errors", "nowhere/x.xlsx"),
    ):
        assert installed("run", *arguments).exit_code == 2, arguments
    (tmp_path / "b.xlsx").write_bytes(b"no workbook")
    assert installed("run", "payments", "b.xlsx").exit_code == 1


def test_sheets_that_are_not_read_are_told_of(installed: Command, tmp_path: Path) -> None:
    row = ["东联村", "记-1", "2026-03-05", "甲店", 5, "转账", "办公费", "纸"]
    data = files.pages(备忘=[["甲", "乙"], ["1", "2"]], 支出=[files.PAYMENTS, row])
    (tmp_path / "a.xlsx").write_bytes(data)
    done = installed("run", "payments", "a.xlsx", "--column", "purpose=用途")

    assert done.exit_code == 0, done.stderr
    assert "新增 1" in done.stdout
    assert "工作表「备忘」没有认出来，没有读" in done.stdout
    (tmp_path / "b.xlsx").write_bytes(book([]))
    empty = installed("run", "payments", "b.xlsx", "--column", "purpose=用途")
    assert (empty.exit_code, "表格里没有内容" in empty.stderr) == (1, True)
