"""What the set-based statements over obligations share."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.engine import CursorResult


def unnested(columns: Mapping[str, str]) -> str:
    """SQL: the table `wanted` of these columns (name → type), each given as one array parameter."""
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in columns.items())
    return f"unnest({arrays}) AS wanted ({', '.join(columns)})"


def count(done: object) -> int:
    """How many rows a statement wrote."""
    assert isinstance(done, CursorResult)
    return int(done.rowcount)
