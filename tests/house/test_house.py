"""The rules of the house that a reader relies on, held by the machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from app.cli.administration import walk
from app.core.db import Database
from app.core.settings import Settings
from app.main import build_context, create_app
from tests.house import error_codes
from tests.support import settings_for

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "miniprogram_api", "wechat_sandbox")
WRITES = re.compile(
    r"session\.(add|add_all|merge|delete)\(|session\.execute\(\s*(insert|update|delete|pg_insert)\("
)
# Written down where it happens, not in the audit trail; each says why in its docstring.
UNAUDITED = {"record", "receive", "consented", "count_scan", "enqueue"}
LONGEST_FILE, LONGEST_FUNCTION = 450, 60


def _sources(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_layers() -> None:
    assert lint_imports(config_filename=str(ROOT / ".importlinter"), no_cache=True) == 0


def test_only_the_database_module_commits() -> None:
    guilty = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _sources("app", "miniprogram_api")
        if path != ROOT / "app/core/db.py"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "commit"
    ]

    assert guilty == []


def test_httpx_is_imported_in_one_file() -> None:
    importers = {
        str(path.relative_to(ROOT))
        for path in _sources("app", "miniprogram_api")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Import) and any(name.name == "httpx" for name in node.names)
    }

    assert importers == {"app/wechat/transport.py"}


def test_only_the_clock_tells_the_time() -> None:
    guilty = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _sources("app", "miniprogram_api")
        if path != ROOT / "app/core/clock.py"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "today", "utcnow"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date"}
    ]

    assert guilty == []


@pytest.fixture(scope="module")
def declared_routes(
    worker_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, str, list[str]]]:
    context = build_context(settings_for(tmp_path_factory.mktemp("routes")), worker_database)
    found = list(walk(create_app(context=context).routes))
    context.clients.close()
    return found


def test_every_route_declares_its_callers(declared_routes: list[tuple[str, str, list[str]]]) -> None:
    silent = [(method, path) for path, method, callers in declared_routes if not callers]

    assert silent == []
    assert len(declared_routes) > 60


@pytest.mark.parametrize(
    "path",
    [
        "/wechat/callback",
        "/wechat/miniprogram/callback",
        "/miniprogram/v1/login",
        "/miniprogram/v1/openapi.json",
        "/api/v1/organisations",
        "/api/v1/officers",
        "/api/v1/contracts",
        "/api/v1/payments",
        "/api/v1/receivables",
        "/api/v1/labour-slips",
        "/api/v1/benefit-exclusions",
        "/api/v1/disclosures",
        "/api/v1/complaints",
        "/api/v1/warnings",
        "/api/v1/qr-codes",
        "/api/v1/outbox",
        "/api/v1/audit",
        "/v/{code}",
        "/s",
        "/verify",
        "/api/v1/projects",
        "/desk",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
    ],
)
def test_fixed_addresses(path: str, declared_routes: list[tuple[str, str, list[str]]]) -> None:
    assert path in {found for found, _, _ in declared_routes}


def _functions(folder: str) -> dict[str, list[ast.FunctionDef]]:
    found: dict[str, list[ast.FunctionDef]] = {}
    for path in _sources(folder):
        for node in _tree(path).body:
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
    return found


def _calls(function: ast.FunctionDef) -> set[str]:
    return {
        getattr(node.func, "attr", getattr(node.func, "id", ""))
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
    }


def test_every_writing_service_leaves_an_audit_row() -> None:
    functions = _functions("app/services")
    audited = {"record"}
    while True:
        more = {
            name
            for name, bodies in functions.items()
            if name not in audited and any(_calls(body) & audited for body in bodies)
        }
        if not more:
            break
        audited |= more
    silent = [
        name
        for name, bodies in functions.items()
        for body in bodies
        if not name.startswith("_")
        and any(argument.arg == "acting" for argument in body.args.kwonlyargs)
        and WRITES.search(ast.unparse(body))
        and not _calls(body) & audited
        and name not in UNAUDITED
    ]

    assert silent == []


def test_settings_are_documented() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"`MASHANG_{name.upper()}`" not in text]

    assert missing == []


def test_error_codes_are_documented() -> None:
    assert error_codes.TARGET.read_text(encoding="utf-8") == error_codes.rendered()


def test_files_and_functions_stay_readable() -> None:
    long_files = [
        str(path.relative_to(ROOT))
        for path in _sources(*PACKAGES, "tests", "bench")
        if path.read_text(encoding="utf-8").count("\n") > LONGEST_FILE
    ]
    long_functions = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in _sources(*PACKAGES, "tests", "bench")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION
    ]

    assert (long_files, long_functions) == ([], [])


def test_both_readmes_begin_with_the_two_commands() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        top = (ROOT / name).read_text(encoding="utf-8")[:1200]
        assert "make demo" in top
        assert "make test" in top
