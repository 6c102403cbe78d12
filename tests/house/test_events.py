"""Whoever is on duty finds each event of the log and each metric in `docs/events.md`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def _table(title: str) -> str:
    text = (ROOT / "docs/events.md").read_text(encoding="utf-8")
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def _documented(title: str) -> set[str]:
    """The names in the first cells of a table."""
    cells = re.findall(r"^\| (`[^|]+) \|", _table(title), flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def _logged() -> Iterator[tuple[str, str]]:
    """File and event of every call of a logger."""
    for package in ("app", "miniprogram_api"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in LEVELS
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "log"
                ):
                    event = node.args[0]
                    assert isinstance(event, ast.Constant), f"{path}:{node.lineno}: events are fixed names"
                    yield str(path.relative_to(ROOT)), str(event.value)


def test_every_event_is_documented_and_nothing_else() -> None:
    logged = {event for _, event in _logged()}

    assert len(logged) > 20
    assert _documented("Events") == logged


def test_every_metric_is_documented_and_nothing_else() -> None:
    source = (ROOT / "app/core/metrics.py").read_text(encoding="utf-8")
    named = set(re.findall(r'"(mashang_[a-z_]+)"', source))

    assert _documented("Metrics") == named
