"""The rule book, written from the rules: `python -m tests.house.rule_book --write` makes `docs/rules.md`, and
a house test compares."""

from __future__ import annotations

import sys
from pathlib import Path

from app.rules import ALL_RULES
from app.rules.handbook import rendered

TARGET = Path(__file__).resolve().parents[2] / "docs" / "rules.md"

if __name__ == "__main__":
    if "--write" in sys.argv:
        TARGET.write_text(rendered(ALL_RULES), encoding="utf-8")
    else:
        sys.stdout.write(rendered(ALL_RULES))
