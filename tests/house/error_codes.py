"""The catalogue of error codes, read from the source: `python -m tests.house.error_codes --write` makes
`docs/errors.md` from it, and a house test compares."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core import errors

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("app", "miniprogram_api")
TARGET = ROOT / "docs" / "errors.md"
INTRODUCTION = """# Error codes

Generated from the source by `python -m tests.house.error_codes --write`; a test keeps it true.

APIs answer errors as problem details (RFC 9457): `code` is stable and for programs, `detail` is plain
Chinese for people, further members are data. Pages show the same message. `{}` stands for a value.

| code | status | message |
|---|---|---|
"""


@dataclass(frozen=True, order=True)
class Entry:
    """One code with its HTTP status and its message; variable parts of the message are `{}`."""

    code: str
    status: int
    message: str


def _statuses() -> dict[str, int]:
    from app.core import crypto, storage
    from app.web import errors as web_errors
    from app.wechat import errors as wechat_errors

    found: dict[str, int] = {}
    for module in (errors, crypto, storage, wechat_errors, web_errors):
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, errors.AppError):
                found[name] = value.status
    return found


def entries() -> list[Entry]:
    """Every literal code that an error is raised with, in order."""
    statuses = _statuses()
    found = set()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found |= set(_in_file(ast.parse(path.read_text(encoding="utf-8")), statuses))
    return sorted(found)


def _in_file(tree: ast.Module, statuses: dict[str, int]) -> Iterator[Entry]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or len(call.args) < 1:
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        code = call.args[0]
        if name in statuses and isinstance(code, ast.Constant) and isinstance(code.value, str):
            message = _words(call.args[1]) if len(call.args) > 1 else ""
            yield Entry(code.value, statuses[name], message)


def _words(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return "{}"


def rendered() -> str:
    """The whole document."""
    rows = [f"| `{entry.code}` | {entry.status} | {entry.message} |" for entry in entries()]
    return INTRODUCTION + "\n".join(rows) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        TARGET.write_text(rendered(), encoding="utf-8")
    else:
        sys.stdout.write(rendered())
