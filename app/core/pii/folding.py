"""Folding a text before it is searched: one plain character for each visible one."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers that show nothing though Unicode counts them as letters or symbols."""

_DOTS = "•‧∙⋅・"


@lru_cache(maxsize=20_000)
def _plain(letter: str) -> str:
    """The half-width form of a character; empty for one that nobody sees."""
    category = unicodedata.category(letter)
    if letter in _INVISIBLE or (category in {"Cf", "Mn", "Me", "Cc"} and letter not in "\n\t\r"):
        return ""
    if letter in _DOTS:
        return "·"
    if category == "Nd":
        return str(unicodedata.digit(letter))
    if category == "Pd" or letter in "−~～":
        return "-"
    if letter == "\n":
        return letter
    if letter.isspace():
        return " "
    plain = unicodedata.normalize("NFKC", letter)
    return plain if len(plain) == 1 else letter


def fold(text: str) -> tuple[str, list[int]]:
    """`text` with half-width digits, capital letters and plain dashes, one character each and without
    invisible ones, and for each character its place in `text`."""
    folded: list[str] = []
    origin: list[int] = []
    for place, letter in enumerate(text):
        if plain := _plain(letter):
            folded.append(plain.upper() if plain.isascii() else plain)
            origin.append(place)
    return "".join(folded), origin
