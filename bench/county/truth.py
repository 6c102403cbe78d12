"""What was put into a generated county: the planted cases, ordinary small lapses, and data that are
missing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Case:
    """Something that a supervisor should be told of. `kind` is a key of `mapping`, `village` the village's
    code, `keys` the ledger rows (and periods) that show it, as text.

    `known_on`: the first day on which the ledgers show it, whatever a rule waits for; `until`: the last day
    on which they still do, where it passes by itself (a lease that ended properly after all)."""

    kind: str
    village: str
    what: str
    keys: frozenset[str]
    known_on: date
    until: date | None = None

    @property
    def name(self) -> str:
        """Names kind and village: the same whatever the village is called."""
        return f"{self.kind}@{self.village}"


@dataclass
class Truth:
    """What a generation put in. `cases` must be found; `lapses` are what happens in every honest village
    (rent ten days late, a notice two days late): a rule that tells of them is right, but nobody waits for
    it; in `gaps` data are missing, and the rules that need them must say that they cannot tell."""

    seed: int
    year: int
    names: str
    cases: list[Case] = field(default_factory=list)
    lapses: list[Case] = field(default_factory=list)
    gaps: list[Case] = field(default_factory=list)
    villages: dict[str, uuid.UUID] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    paid_fen: int = 0

    @property
    def last(self) -> date:
        """The last day of the year."""
        return date(self.year, 12, 31)

    def code_of(self) -> dict[uuid.UUID, str]:
        """The code of each village by its id."""
        return {key: code for code, key in self.villages.items()}


def keys(*rows: Iterable[dict[str, object]] | str) -> frozenset[str]:
    """The keys of rows, and plain words, as a case names them."""
    found: set[str] = set()
    for given in rows:
        if isinstance(given, str):
            found.add(given)
        else:
            found.update(str(row["id"]) for row in given)
    return frozenset(found)
