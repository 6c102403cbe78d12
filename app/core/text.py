"""Chinese text: cutting, cleaning, tokens for search, and names as they may be shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

ELLIPSIS = "…"
_JOINER = "\u200d"
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
# With 々 and 〇, which are written in names.
_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKENS = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_ONLY_HAN = re.compile(rf"[{_HAN}]+")
_COMPOUND = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容"
    "仲孙钟离长孙宇文司徒鲜于司空令狐百里呼延东郭南门拓跋轩辕即墨第五"
)
_COMPOUND_SURNAMES = frozenset(_COMPOUND[at : at + 2] for at in range(0, len(_COMPOUND), 2))


def normalise(text: str) -> str:
    """`text` for comparing: full-width to half-width (NFKC), lower case, one space between words."""
    return one_line(unicodedata.normalize("NFKC", text)).casefold()


def one_line(text: str) -> str:
    """`text` on one line without control, invisible and direction-changing characters."""
    return " ".join(_visible(text).split())


def clean(text: str) -> str:
    """What a person typed, fit to be stored: lines kept, the ends trimmed, invisible characters gone, at most
    one empty line in a row."""
    if text.isprintable():
        return " ".join(text.split())
    lines = [" ".join(_visible(line).split()) for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _visible(text: str) -> str:
    if text.isprintable():  # then its only space is the common one, and everything shows
        return text
    shown = []
    for letter in text:
        if letter.isspace():
            shown.append(" ")
        elif letter == _JOINER or unicodedata.category(letter) not in _INVISIBLE:
            shown.append(letter)
    return "".join(shown)


def cut(text: str, limit: int, ellipsis: str = ELLIPSIS) -> str:
    """`text` in at most `limit` characters, ending in `ellipsis` when something was left out.

    Never cuts between a character and its combining marks, or inside a joined emoji."""
    if len(text) <= limit:
        return text
    room = limit - len(ellipsis)
    if room <= 0:
        return text[: max(limit, 0)]
    while room > 0 and _belongs_together(text[room - 1], text[room]):
        room -= 1
    return text[:room].rstrip() + ellipsis


def _belongs_together(before: str, after: str) -> bool:
    skin_tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    return before == _JOINER or after == _JOINER or skin_tone or unicodedata.category(after) in {"Mn", "Me"}


def bigrams(text: str) -> list[str]:
    """The search tokens of `text` in order: overlapping pairs of Chinese characters, single ones where a
    run is one character long, and whole words of other letters and digits.

    「3组路灯坏了」 → 3, 组路, 路灯, 灯坏, 坏了. Nothing pairs across punctuation."""
    return [token for run in _TOKENS.findall(normalise(text)) for token in _pairs(run)]


def _pairs(run: str) -> list[str]:
    if len(run) == 1 or not _ONLY_HAN.fullmatch(run):
        return [run]
    return [run[at : at + 2] for at in range(len(run) - 1)]


def characters(text: str) -> list[str]:
    """The Chinese characters of `text` in order, for finding by a single one."""
    return [letter for run in _ONLY_HAN.findall(normalise(text)) for letter in run]


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of Chinese characters, or one word of other letters or digits, and its place in a text: each
    Chinese character takes one place, a word takes one, and whatever stood between two runs takes one."""

    place: int
    text: str
    han: bool

    def tokens(self) -> Iterator[tuple[int, str]]:
        """Its search tokens with their places: every character, and every pair at its first character."""
        if not self.han:
            yield self.place, self.text
            return
        for at, letter in enumerate(self.text):
            yield self.place + at, letter
            if at + 1 < len(self.text):
                yield self.place + at, self.text[at : at + 2]


def runs(text: str) -> list[Run]:
    """The runs of `text` in order, normalised. 「3组 路灯」 → 3 at 0, 组 at 1, 路灯 at 3."""
    found: list[Run] = []
    place, end = 0, None
    for match in _TOKENS.finditer(normalise(text)):
        if end is not None and match.start() > end:
            place += 1
        end = match.end()
        han = _ONLY_HAN.fullmatch(match[0]) is not None
        found.append(Run(place, match[0], han))
        place += len(match[0]) if han else 1
    return found


def surname(name: str) -> str:
    """The surname in a Chinese name, compound ones whole (欧阳); the first letter of any other name."""
    plain = one_line(name)
    if len(plain) >= 3 and plain[:2] in _COMPOUND_SURNAMES:
        return plain[:2]
    return plain[:1]


def surname_and_masked(name: str) -> tuple[str, str]:
    """The surname, and the name as the public may see it: 王小明 → (王, 王**).

    Always two stars: the length of a name tells who it is in a small village. Empty stays empty."""
    first = surname(name)
    return first, f"{first}**" if first else ""
