"""The place of a text where searched words stand, cut out and marked. What comes back is plain text in
segments; whoever shows it escapes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.core.text import ELLIPSIS, runs

BEFORE, LONGEST = 16, 80
Asked = Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text; `hit` when it is what was looked for."""

    text: str
    hit: bool


def marked(text: str, words: Asked) -> list[Segment]:
    """All of `text`, the words marked. A word (text, exact) counts whole, or unless exact by its pairs."""
    return _segments(text, _spans(text, words), 0, len(text))


def snippet(texts: Iterable[str], words: Asked) -> list[Segment]:
    """About a line of the first of `texts` that has one of the words; the first text's beginning if none
    has."""
    first = ""
    for text in texts:
        spans = _spans(text, words)
        if spans:
            begin = max(0, spans[0][0] - BEFORE)
            return _cut(text, spans, 0 if begin < BEFORE // 2 else begin)
        first = first or text
    return _cut(first, [], 0)


def _cut(text: str, spans: list[tuple[int, int]], begin: int) -> list[Segment]:
    end = min(len(text), begin + LONGEST)
    found = _segments(text, spans, begin, end)
    if begin > 0:
        found.insert(0, Segment(ELLIPSIS, hit=False))
    if end < len(text):
        found.append(Segment(ELLIPSIS, hit=False))
    return found


def _segments(text: str, spans: list[tuple[int, int]], begin: int, end: int) -> list[Segment]:
    found, at = [], begin
    for start, stop in spans:
        start, stop = max(start, at), min(stop, end)
        if start >= stop:
            continue
        if start > at:
            found.append(Segment(text[at:start], hit=False))
        found.append(Segment(text[start:stop], hit=True))
        at = stop
    if at < end:
        found.append(Segment(text[at:end], hit=False))
    return found


def _spans(text: str, words: Asked) -> list[tuple[int, int]]:
    """Where the words stand in `text`, joined where they touch."""
    plain, origin = _folded(text)
    spans: list[tuple[int, int]] = []
    for word, exact in words:
        whole = _found(plain, _pattern(word))
        spans += whole or ([] if exact else _pairs(plain, word))
    return _joined([(origin[start], origin[stop - 1] + 1) for start, stop in spans])


def _folded(text: str) -> tuple[str, list[int]]:
    """`text` as the index compares it, and for each of its letters where it came from."""
    letters, origin = [], []
    for at, letter in enumerate(text):
        for folded in unicodedata.normalize("NFKC", letter).casefold():
            letters.append(folded)
            origin.append(at)
    return "".join(letters), origin


def _pattern(word: str) -> str:
    return r"[\W_]+".join(re.escape(run.text) for run in runs(word)) if runs(word) else r"(?!)"


def _pairs(plain: str, word: str) -> list[tuple[int, int]]:
    pairs = {token for run in runs(word) for _, token in run.tokens() if not run.han or len(token) == 2}
    return [span for pair in pairs for span in _found(plain, re.escape(pair))]


def _found(plain: str, pattern: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(pattern, plain)]


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined
