"""The words by which rules tell works from everyday upkeep, from `app/assets/reference/works_words.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

WORDS = Path(__file__).resolve().parents[1] / "assets" / "reference" / "works_words.toml"


@cache
def table() -> dict[str, Any]:
    """The whole file: sections of lists of words."""
    with WORDS.open("rb") as file:
        return tomllib.load(file)


def words(section: str, name: str) -> list[str]:
    """One list of words."""
    return list(table()[section][name])


def pattern(listed: Iterable[str]) -> str:
    """A regular expression for any of these words, the longest first; the same in Python and PostgreSQL."""
    return "|".join(re.escape(word) for word in sorted(set(listed), key=lambda word: (-len(word), word)))


@cache
def works() -> str:
    """Matches a purpose key that names works."""
    return pattern(words("objects", "works"))


@cache
def single() -> str:
    """Matches the name of a building of which a village has one."""
    return pattern(words("objects", "single"))


@cache
def trades() -> str:
    """Matches a purpose that names a building trade or its material."""
    return pattern(words("strip", "trades"))


@cache
def upkeep() -> str:
    """Matches a purpose key that names everyday upkeep or a utility, and nothing that is surely works."""
    kept = pattern([*words("objects", "upkeep"), *words("objects", "utilities")])
    return f"^(?!.*(?:{pattern(words('objects', 'strong'))})).*(?:{kept})"


@cache
def utilities() -> str:
    """Matches a purpose or an account title of a utility."""
    return pattern(words("objects", "utilities"))


@cache
def wages() -> str:
    """Matches a purpose or an account title of wages and allowances."""
    return pattern(words("excluded", "wages"))


@cache
def subsidies() -> str:
    """Matches a purpose or an account title of subsidies, compensation, rents and refunds."""
    return pattern(words("excluded", "subsidies"))


@cache
def condolence() -> str:
    """Matches a purpose or an account title of condolence money."""
    return pattern(words("excluded", "condolence"))
