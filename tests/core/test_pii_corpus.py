"""The corpus of the privacy gate: every personal datum is found, exactly as marked, and nothing else.

The texts are invented; see the first lines of the files. Lines beginning with 【heading】 are cells of a
table under that heading."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from app.core import pii
from app.core.pii import Finding, Kind

CORPUS = Path(__file__).with_name("corpus")
MARK = re.compile(r"⟦([a-z_]+):(.*?)⟧", re.DOTALL)
HEADING = re.compile(r"【(.*?)】")


def lines(name: str) -> list[str]:
    text = (CORPUS / name).read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [line.replace("\\n", "\n").replace("\\u200b", "\u200b") for line in kept]


POSITIVES, NEGATIVES = lines("positives.txt"), lines("negatives.txt")


def found(text: str) -> list[Finding]:
    heading = HEADING.match(text)
    return pii.find_in_cell(heading[1], text[heading.end() :]) if heading else pii.find(text)


def told(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.text) for one in found(text)]


def marked(line: str) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in MARK.findall(line)]


def plain(line: str) -> str:
    return MARK.sub(lambda mark: mark[2], line)


def test_the_corpus_is_large_and_holds_every_kind() -> None:
    kinds = Counter(kind for line in POSITIVES for kind, _ in marked(line))

    assert len(set(POSITIVES)) >= 200
    assert len(set(NEGATIVES)) >= 200
    assert set(kinds) == {kind.value for kind in Kind}
    assert min(kinds.values()) >= 5


@pytest.mark.parametrize("line", POSITIVES)
def test_found_exactly_and_gone_when_masked(line: str) -> None:
    text = plain(line)
    assert told(text) == marked(line)

    body = HEADING.sub("", text, count=1) if HEADING.match(text) else text
    masked = body
    for one in reversed(found(text)):
        masked = masked[: one.start] + one.masked + masked[one.end :]
    assert told(text.removesuffix(body) + masked) == []
    assert not any(secret in masked for _, secret in marked(line))


@pytest.mark.parametrize("line", NEGATIVES)
def test_look_alikes_are_left_alone(line: str) -> None:
    assert told(line) == []


def test_precision_and_recall_over_the_corpus() -> None:
    wanted = [(line, *one) for line in POSITIVES for one in marked(line)]
    made = [(line, *one) for line in POSITIVES for one in told(plain(line))]
    made += [(line, *one) for line in NEGATIVES for one in told(line)]
    right = sum((Counter(wanted) & Counter(made)).values())

    assert (right / len(made), right / len(wanted)) == (1.0, 1.0)
